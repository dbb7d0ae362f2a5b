"""The Explore page: what a visitor does, and what the page says."""

from __future__ import annotations

import io
import re
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Locator, Page, expect

from tests.browser import AppServer, choose, click_point, open_popup, wait_for_idle, wait_for_rest
from tests.conftest import StartApp
from tests.few_models import link_models
from tests.ui.visit import Figure, Visit, visit
from xai_core import explain
from xai_core.datasets.collection import read_collection
from xai_core.explanations.partials import break_down, breakdown_sentence
from xai_core.places import samples_folder
from xai_core.ui.parts.choices import choose_in_hertz
from xai_core.ui.parts.words import completeness_sentence
from xai_core.values import FAMILIES, pitch_frequency

TITLES = ("Feature maps", "Integrated Gradients", "Grad-CAM")


# ------------------------------------------------------------------- without a browser


def samples_note(family: str) -> Path:
    return next(one.path for one in read_collection(samples_folder()) if one.family == family)


def panels_of(seen: Visit) -> Figure:
    return seen.figure("Grad-CAM")


def error_said(seen: Visit) -> float:
    """Return the completeness error that the badge says, in percent."""
    found = re.search(r"Completeness error ([\d.]+) %", seen.text("Completeness error "))
    assert found is not None
    return float(found.group(1))


def limits_of(seen: Visit) -> list[float]:
    """Return the upper colour limits of Integrated Gradients and Grad-CAM."""
    upper = {one["xaxis"]: one["zmax"] for one in panels_of(seen).traces("heatmap")}
    return [float(upper["x3"]), float(upper["x4"])]


def assert_sum_said(said: str, total: float) -> None:
    """Assert that a sentence has the sum of a map, rounded at the place of the sum's ends."""
    number, *ends = re.findall(r"(?:sum to|from|to) (−?[\d.]+)", said)
    assert len(ends) == 2
    last_place = 10.0 ** -len(number.partition(".")[2])
    assert {10.0 ** -len(one.partition(".")[2]) for one in ends if one != "0"} == {last_place}
    assert float(number.replace("−", "-")) == pytest.approx(total, abs=0.51 * last_place)


@pytest.mark.usefixtures("pages")
def test_four_panels_hold_the_maps_of_the_model() -> None:
    seen = visit(type="mfcc")
    maps = panels_of(seen).heatmaps()
    assert [maps[axis].shape for axis in ("x", "x3", "x4")] == [(40, 126)] * 3
    assert maps["x4"].min() >= 0.0
    for title in TITLES:
        assert title in panels_of(seen).text
    # the sentence beside the badge states the sum of the very values that are drawn
    assert_sum_said(seen.text("Attributions sum to"), float(maps["x3"].sum()))
    assert error_said(seen) <= 1.0


@pytest.mark.usefixtures("pages")
def test_methods_of_the_last_two_panels_are_the_visitors_choice() -> None:
    seen = visit(type="tonnetz")
    assert "Grad-CAM" not in seen.shown("Third panel")
    assert "Integrated Gradients" not in seen.options("Fourth panel")  # stands in the third
    seen.choose("Third panel", "Occlusion")
    seen.choose("Fourth panel", "HiResCAM")
    assert (seen.address["third"], seen.address["fourth"]) == ("occlusion", "hires_cam")
    note = samples_note("flute")
    maps = seen.figure("HiResCAM").heatmaps()
    for axis, method in (("x3", "occlusion"), ("x4", "hires_cam")):
        expected = explain(note, type="tonnetz", family="flute", method=method).attribution.values
        np.testing.assert_allclose(maps[axis], expected.T, atol=1e-6 * np.abs(expected).max())
    assert not seen.says("Attributions sum to")  # neither is complete
    assert seen.says("By HiResCAM")
    assert seen.says("silences one tile after the other")  # how to read it


@pytest.mark.usefixtures("pages")
def test_a_complete_method_in_the_fourth_panel_has_its_own_badge() -> None:
    seen = visit(type="tonnetz", third="grad_cam", fourth="guided_ig")
    said = seen.text("Guided IG: Attributions sum to ")
    assert seen.says("Completeness error ")
    total = float(seen.figure("Guided IG").heatmaps()["x4"].sum())
    assert_sum_said(said, total)
    assert seen.options("Fourth panel")[0] == "Integrated Gradients"


@pytest.mark.usefixtures("pages")
def test_partials_and_parts_are_those_of_the_third_panel() -> None:
    seen = visit(type="tonnetz", third="occlusion", drives="partials")
    record = next(one for one in read_collection(samples_folder()) if one.family == "flute")
    assert record.pitch is not None
    given = {"type": "tonnetz", "family": "flute"}
    said = {
        method: breakdown_sentence(break_down(found, pitch=pitch_frequency(record.pitch)), found)
        for method in ("occlusion", "integrated_gradients")
        for found in [explain(record.path, method=method, **given)]
    }
    assert said["occlusion"] != said["integrated_gradients"]
    assert seen.says(said["occlusion"])


@pytest.mark.usefixtures("pages")
def test_ten_probabilities_and_a_verdict() -> None:
    seen = visit(type="mfcc", family="organ")
    assert seen.says(re.compile("The MFCC models hear|No MFCC model is"))
    (bars,) = (figure.traces("bar")[0] for figure in seen.figures if figure.traces("bar"))
    assert len(bars["x"]) == 10
    assert all(0.0 <= width <= 100.0 for width in bars["x"])


@pytest.mark.usefixtures("pages")
def test_a_new_note_changes_picture_sound_and_url() -> None:
    seen = visit(type="mfcc", family="brass")
    before, sound = panels_of(seen).heatmaps()["x"], seen.sound
    seen.choose("Note", 5)
    assert seen.address["note"].startswith("brass_")
    assert seen.sound != sound
    after = panels_of(seen).heatmaps()["x"]
    assert not np.allclose(before, after)
    again = seen.reload()
    assert again.address == seen.address
    np.testing.assert_array_equal(panels_of(again).heatmaps()["x"], after)


@pytest.mark.usefixtures("pages")
def test_the_sound_lasts_four_seconds() -> None:
    y, sr = soundfile.read(io.BytesIO(visit(type="mfcc").sound))
    assert (y.size, sr) == (64_000, 16_000)


@pytest.mark.usefixtures("pages")
def test_a_new_family_brings_its_own_notes() -> None:
    seen = visit(type="mfcc", family="flute")
    flutes = seen.options("Note")
    seen.choose("Instrument family", "vocal")
    assert seen.says("Explained below: the vocal model.")
    assert len(seen.options("Note")) >= 8
    assert not set(seen.options("Note")) & set(flutes)
    assert seen.options("Explain the model of")[1:] == list(FAMILIES)


@pytest.mark.usefixtures("pages")
def test_advanced_settings_come_from_the_url() -> None:
    query = {"steps": "50", "target": "probability", "rule": "gauss_legendre", "layer": "conv2d_3"}
    seen = visit(type="mfcc", **query)
    assert seen.says(re.compile("^Completeness error .*50 steps"))
    assert seen.says("the probability goes from")
    assert "conv2d_3" in panels_of(seen).text


@pytest.mark.usefixtures("pages")
def test_a_path_may_begin_at_another_note() -> None:
    records = {record.note: record for record in read_collection(samples_folder())}
    flute = next(r for r in records.values() if r.family == "flute")
    organ = next(r for r in records.values() if r.family == "organ")
    result = explain(
        flute.path, type="mfcc", family="flute", baseline="note", baseline_audio=organ.path
    )
    assert result.completeness is not None
    seen = visit(type="mfcc", note=flute.note, baseline="note", baseline_note=organ.note)
    said = completeness_sentence(result.completeness, target="logit")
    assert seen.says(said)
    assert seen.shown("Note that the path begins at").startswith("organ: ")
    seen.choose("Baseline", "noise")
    assert not seen.says(said)
    seen.choose("Noise level", "0.4")
    assert seen.address["noise"] == "0.4"


@pytest.mark.usefixtures("pages")
def test_unsigned_map_has_no_negative_values() -> None:
    assert panels_of(visit(type="mfcc", sign="unsigned")).heatmaps()["x3"].min() >= 0.0


@pytest.mark.usefixtures("pages")
def test_maps_are_shown_in_hertz_on_demand() -> None:
    seen = visit(type="mfcc")
    own = panels_of(seen).heatmaps()
    seen.choose("Show maps in", "hertz and seconds")
    maps = panels_of(seen).heatmaps()
    assert seen.address["grid"] == "canvas"
    assert [maps[axis].shape for axis in ("x", "x3")] == [(1025, 126)] * 2
    for axis in ("x3", "x4"):  # a smooth map is sent in blocks; those of the first are exact
        if maps[axis].shape == (1025, 126):
            assert maps[axis].sum() == pytest.approx(own[axis].sum(), rel=1e-3)
    assert seen.says("Grad-CAM says when on MFCC, but not at which frequency")
    assert "The note in hertz and seconds" in panels_of(seen).text
    assert seen.says(re.compile(r"^Speaks for flute most of all: [^.]* Hz"))
    assert not seen.says(re.compile("in coefficient"))
    assert np.allclose(panels_of(seen.reload()).heatmaps()["x3"], maps["x3"])
    assert choose_in_hertz(seen.app.main, "stft") is False  # which is in hertz by itself
    assert "ticktext" not in panels_of(seen).layout["yaxis"]
    seen.choose("Frequencies named by", "note names")
    assert seen.address["axis"] == "notes"
    assert panels_of(seen).layout["yaxis"]["ticktext"][-3:] == ["C6", "C7", "C8"]


@pytest.mark.usefixtures("pages")
def test_values_outside_the_lists_are_ignored() -> None:
    query = {"family": "kazoo", "explain": "<script>", "steps": "9999", "layer": "../../etc"}
    seen = visit(type="mfcc", **query)
    assert seen.shown("Instrument family") == "flute"
    assert not set(query) & set(seen.address)


@pytest.mark.usefixtures("pages")
def test_colours_can_be_held_for_other_models_and_in_a_link() -> None:
    seen = visit(type="mfcc", family="brass", colours="held", clip="100")
    held, before = limits_of(seen), panels_of(seen).heatmaps()["x3"]
    assert held[0] == pytest.approx(np.abs(before).max(), rel=0.005)
    seen.choose("Explain the model of", "organ")
    assert seen.says("Explained below: the organ model.")
    assert not np.allclose(before, panels_of(seen).heatmaps()["x3"])
    assert limits_of(seen) == pytest.approx(held)
    again = seen.reload()
    assert limits_of(again) == pytest.approx(held)
    assert again.address["limit"] == f"{held[0]:g}"


# ------------------------------------------------------------------------ in a browser

# Plotly draws a moment after the text beside a figure is there
DRAWN = "axis => [...document.querySelectorAll('.js-plotly-plot')].filter(plot => plot._fullData)"
# When each text first stood on the page, in ms
APPEARED = """
    window.appeared = {};
    new MutationObserver(() => {
        for (const text of ["First picture", "Explained below"])
            if (!(text in appeared) && document.body?.textContent.includes(text))
                appeared[text] = performance.now();
    }).observe(document, {childList: true, subtree: true, characterData: true});
"""


def open_explore(page: Page, server: AppServer, query: str = "") -> None:
    page.goto(f"{server.url}/{query}")
    expect(page.get_by_role("heading", name="TimbreLens")).to_be_visible()
    expect(badge(page)).to_be_visible()


def badge(page: Page) -> Locator:
    # on a narrow screen the page has a second one, which nobody sees
    return page.get_by_text(re.compile(r"^Completeness error")).filter(visible=True).first


def panels(page: Page) -> Locator:
    return page.locator(".js-plotly-plot").filter(has_text="Grad-CAM")


def wait_for_panels(page: Page) -> None:
    """Wait for the panels; until a run ends, those of the run before stand beside them."""
    expect(panels(page).first).to_be_visible()
    wait_for_idle(page)
    expect(panels(page)).to_have_count(1)


def heatmap_of_panel(page: Page, panel: int) -> np.ndarray:
    """Return the values that the browser drew in a panel, shape (rows, columns)."""
    axis = "x" if panel == 1 else f"x{panel}"
    drawn = (
        DRAWN
        + """.filter(plot => plot.textContent.includes('Grad-CAM')).map(plot =>
            plot._fullData.filter(
                t => t.type === 'heatmap' && t.visible === true && t.xaxis === axis
            ).map(t => Array.from(t.z, row => Array.from(row)))[0])[0]"""
    )  # a refined figure may be on its way
    return np.asarray(wait_for_rest(page, lambda: page.evaluate(drawn, axis)), np.float64)


@pytest.mark.browser
def test_first_request_of_a_fresh_server_draws_a_picture_before_the_ten_answers(
    fresh_server: StartApp, page: Page, tmp_path: Path
) -> None:
    # of log-mel: a map of MFCC may be finished before a busy browser has drawn its first picture
    few = link_models(tmp_path / "models", ["log_mel"])
    fresh = fresh_server(environ={"TIMBRELENS_MODELS": str(few)})  # no model is loaded yet
    page.add_init_script(APPEARED)
    open_explore(page, fresh, "?family=guitar&type=log_mel&explain=organ")
    expect(page.get_by_role("combobox", name="Instrument family")).to_have_value("guitar")
    expect(page.get_by_role("combobox", name="Spectrogram")).to_have_value("Log-mel")
    expect(page.get_by_text("Explained below: the organ model.")).to_be_visible()
    for title in TITLES:
        expect(panels(page).first.get_by_text(title, exact=True)).to_be_visible()
    appeared = page.evaluate("appeared")
    assert appeared["First picture"] < appeared["Explained below"]
    assert "Traceback" not in fresh.log


@pytest.mark.browser
def test_the_browser_draws_the_maps_that_it_is_sent_and_bars_can_be_clicked(
    page: Page, server: AppServer
) -> None:
    open_explore(page, server, "?type=mfcc&family=organ")
    for panel in (1, 3, 4):
        assert heatmap_of_panel(page, panel).shape == (40, 126)
    attribution = heatmap_of_panel(page, 3)
    said = page.get_by_text("Attributions sum to ")
    expect(said).to_be_visible()
    assert_sum_said(said.inner_text(), float(attribution.sum()))
    widths = page.wait_for_function(
        DRAWN
        + """.map(plot => plot._fullData.filter(t => t.type === 'bar'))
            .filter(bars => bars.length).map(bars => Array.from(bars[0].x))[0]"""
    ).json_value()
    assert len(widths) == 10
    click_bars(page)


def click_bars(page: Page) -> None:
    """Assert that a click on a bar explains that family's model."""
    expect(page.get_by_text("Explained below: the organ model.")).to_be_visible()
    place = """family => {
        const plot = [...document.querySelectorAll('.js-plotly-plot')].find(
            plot => plot._fullData?.some(t => t.type === 'bar'));
        if (!plot) return null;
        const {xaxis, yaxis} = plot._fullLayout, box = plot.getBoundingClientRect();
        const row = Array.from(plot._fullData[0].y).indexOf(family);
        return [box.left + xaxis._offset + xaxis.d2p(90), box.top + yaxis._offset + yaxis.l2p(row)];
    }"""
    for family in ("vocal", "bass", "organ"):  # far right of a short bar, and back
        x, y = wait_for_rest(page, lambda family=family: page.evaluate(place, family))
        click_point(page, x, y)
        expect(page.get_by_text(f"Explained below: the {family} model.")).to_be_visible()
    assert "explain=" not in page.url  # the note's own family again


@pytest.mark.browser
def test_lists_of_a_new_family_are_its_own(page: Page, server: AppServer) -> None:
    open_explore(page, server, "?type=mfcc&family=flute")
    choose(page, "Instrument family", "vocal")
    expect(page.get_by_text("Explained below: the vocal model.")).to_be_visible()
    options = page.get_by_role("option")
    explained = page.get_by_role("combobox", name="Explain the model of")
    shown = explained.input_value()
    open_popup(explained, options.first)
    assert options.first.inner_text() == shown  # not what it said for the family before


@pytest.mark.browser
def test_words_stand_out_from_the_page_and_a_recording_of_ones_own_is_one_click_away(
    page: Page, server: AppServer
) -> None:
    page.emulate_media(color_scheme="light")
    open_explore(page, server, "?type=mfcc")
    light = background(page)
    assert_contrast(page)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "light => getComputedStyle(document.querySelector('[data-testid=stApp]'))"
        ".backgroundColor !== light",
        arg=light,
    )
    assert_contrast(page)
    page.get_by_role("link", name="Explain a recording of your own").click()
    expect(page.get_by_text("Add a recording")).to_be_visible()
    assert urlsplit(page.url).path == "/upload"


def background(page: Page) -> str:
    found: str = page.get_by_test_id("stApp").evaluate(
        "one => getComputedStyle(one).backgroundColor"
    )
    return found


def assert_contrast(page: Page) -> None:
    """Assert that every word beside an axis stands out, when the page has come to rest."""
    behind = background(page)
    fills = wait_for_rest(
        page,
        lambda: page.evaluate(
            """() => {
                const words = [...document.querySelectorAll('.js-plotly-plot .xtick text')];
                return words.length
                    ? [...new Set(words.map(word => getComputedStyle(word).fill))] : null;
            }"""
        ),
    )
    for fill in fills:
        assert contrast(fill, behind) >= 4.5  # WCAG 2.2, criterion 1.4.3


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours "rgb(r, g, b)", from 1 to 21, as WCAG 2.2 defines it."""
    lights = []
    for colour in (one, other):
        parts = np.array([int(n) for n in re.findall(r"\d+", colour)[:3]]) / 255.0
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        lights.append(float(linear @ [0.2126, 0.7152, 0.0722]) + 0.05)
    return max(lights) / min(lights)
