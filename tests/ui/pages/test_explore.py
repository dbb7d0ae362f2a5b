"""The Explore page in a real browser: what a visitor does, and what the page says."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import AppServer, choose, open_popup, wait_for_rest
from tests.conftest import StartApp
from xai_core import explain
from xai_core.datasets.collection import read_collection
from xai_core.figures.base.scales import number_text
from xai_core.places import samples_folder
from xai_core.ui.parts.words import completeness_sentence

pytestmark = pytest.mark.browser

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
TITLES = ("Feature maps", "Integrated Gradients", "Grad-CAM")


def open_explore(page: Page, server: AppServer, query: str = "") -> None:
    page.goto(f"{server.url}/{query}")
    expect(page.get_by_role("heading", name="TimbreLens")).to_be_visible()
    expect(badge(page)).to_be_visible()


def badge(page: Page) -> Locator:
    return page.get_by_text(re.compile(r"^Completeness error")).first


def panels(page: Page) -> Locator:
    return page.locator(".js-plotly-plot").filter(has_text="Grad-CAM")


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


def error_shown(page: Page) -> str:
    percentage = re.search(r"error ([\d.]+) %", badge(page).inner_text())
    assert percentage is not None
    return percentage.group(1)


def test_deep_link_as_the_first_request_of_a_fresh_server(
    fresh_server: StartApp, page: Page
) -> None:
    fresh = fresh_server()
    open_explore(page, fresh, "?family=guitar&type=mfcc&explain=organ")
    expect(page.get_by_role("combobox", name="Instrument family")).to_have_value("guitar")
    expect(page.get_by_role("combobox", name="Spectrogram")).to_have_value("MFCC")
    expect(page.get_by_text("Explained below: the organ model.")).to_be_visible()
    for title in TITLES:
        expect(panels(page).get_by_text(title, exact=True)).to_be_visible()
    assert "Traceback" not in fresh.log


def test_four_panels_hold_the_maps_of_the_model(page: Page, server: AppServer) -> None:
    open_explore(page, server, "?type=mfcc")
    spectrogram, attribution, cam = (heatmap_of_panel(page, k) for k in (1, 3, 4))
    assert spectrogram.shape == (40, 126)
    assert attribution.shape == (40, 126)
    assert cam.shape == (40, 126)
    assert cam.min() >= 0.0
    # the sentence beside the badge states the sum of the very values that are drawn
    total = number_text(float(attribution.sum()))
    expect(page.get_by_text(f"Attributions sum to {total};")).to_be_visible()
    assert float(error_shown(page)) <= 1.0


def test_ten_probabilities_and_a_verdict(page: Page, server: AppServer) -> None:
    open_explore(page, server, "?type=mfcc&family=organ")
    expect(page.get_by_text(re.compile("The MFCC models hear|No MFCC model is"))).to_be_visible()
    widths = page.wait_for_function(
        DRAWN
        + """.map(plot => plot._fullData.filter(t => t.type === 'bar'))
            .filter(bars => bars.length).map(bars => Array.from(bars[0].x))[0]"""
    ).json_value()
    assert len(widths) == 10
    assert all(0.0 <= width <= 100.0 for width in widths)


def test_a_click_on_a_bar_explains_that_familys_model(page: Page, server: AppServer) -> None:
    open_explore(page, server, "?type=mfcc&family=organ")
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
        page.mouse.move(x - 30, y)
        page.mouse.move(x, y, steps=4)
        page.wait_for_timeout(300)  # ms; Plotly takes a click for what it hovers over
        page.mouse.click(x, y)
        expect(page.get_by_text(f"Explained below: the {family} model.")).to_be_visible()
    assert "explain=" not in page.url  # the note's own family again


def test_a_new_note_changes_picture_sound_and_url(page: Page, server: AppServer) -> None:
    open_explore(page, server, "?type=mfcc&family=brass")
    before, sound = heatmap_of_panel(page, 1), page.locator("audio").get_attribute("src")
    choose(page, "Note", 5)
    page.wait_for_function("() => location.search.includes('note=brass_')")
    expect(page.locator("audio")).not_to_have_attribute("src", str(sound))
    expect(badge(page)).to_be_visible()
    assert not np.allclose(before, heatmap_of_panel(page, 1))
    page.reload()
    expect(badge(page)).to_be_visible()
    assert "note=brass_" in page.url


def test_the_sound_lasts_four_seconds(page: Page, server: AppServer) -> None:
    open_explore(page, server, "?type=mfcc")
    expect(page.locator("audio")).to_have_count(1)
    duration = page.locator("audio").evaluate(
        """audio => audio.duration || new Promise(
            known => audio.addEventListener('loadedmetadata', () => known(audio.duration)))"""
    )
    assert duration == pytest.approx(4.0, abs=0.01)


def test_a_new_family_brings_its_own_notes(page: Page, server: AppServer) -> None:
    open_explore(page, server, "?type=mfcc&family=flute")
    choose(page, "Instrument family", "vocal")
    expect(page.get_by_text("Explained below: the vocal model.")).to_be_visible()
    options = page.get_by_role("option")
    open_popup(page.get_by_role("combobox", name="Note"), options.first)
    assert options.count() >= 8
    page.keyboard.press("Escape")
    explained = page.get_by_role("combobox", name="Explain the model of")
    shown = explained.input_value()
    open_popup(explained, options.first)
    assert options.first.inner_text() == shown  # not what it said for the family before


def test_advanced_settings_come_from_the_url(page: Page, server: AppServer) -> None:
    open_explore(
        page, server, "?type=mfcc&steps=50&target=probability&rule=gauss_legendre&layer=conv2d_3"
    )
    expect(badge(page)).to_contain_text("50 steps")
    expect(page.get_by_text(re.compile("the probability goes from"))).to_be_visible()
    expect(panels(page)).to_contain_text("conv2d_3")


def test_a_path_may_begin_at_another_note(page: Page, server: AppServer) -> None:
    records = {record.note: record for record in read_collection(samples_folder())}
    flute = next(r for r in records.values() if r.family == "flute")
    organ = next(r for r in records.values() if r.family == "organ")
    result = explain(
        flute.path, type="mfcc", family="flute", baseline="note", baseline_audio=organ.path
    )
    assert result.completeness is not None
    query = f"?type=mfcc&note={flute.note}&baseline=note&baseline_note={organ.note}"
    open_explore(page, server, query)
    said = completeness_sentence(result.completeness, target="logit")
    expect(page.get_by_text(said)).to_be_visible()
    page.get_by_text("Advanced settings").click()
    chosen = page.get_by_role("combobox", name="Note that the path begins at")
    expect(chosen).to_have_value(re.compile("^organ: "))
    choose(page, "Baseline", "noise")
    expect(page.get_by_text(said)).to_have_count(0)
    choose(page, "Noise level", "0.4")
    page.wait_for_function("() => location.search.includes('noise=0.4')")


def test_unsigned_map_has_no_negative_values(page: Page, server: AppServer) -> None:
    open_explore(page, server, "?type=mfcc&sign=unsigned")
    assert heatmap_of_panel(page, 3).min() >= 0.0


def test_values_outside_the_lists_are_ignored(page: Page, server: AppServer) -> None:
    open_explore(page, server, "?family=kazoo&type=../../etc&explain=%3Cscript%3E&steps=9999")
    expect(page.get_by_role("combobox", name="Instrument family")).to_have_value("flute")
    assert "kazoo" not in page.url


def test_a_recording_of_ones_own_is_one_click_away(page: Page, server: AppServer) -> None:
    open_explore(page, server, "?type=mfcc")
    page.get_by_role("link", name="Explain a recording of your own").click()
    expect(page.get_by_text("Add a recording")).to_be_visible()
    assert urlsplit(page.url).path == "/upload"


def test_the_first_picture_does_not_wait_for_the_ten_answers(
    page: Page, fresh_server: StartApp
) -> None:
    fresh = fresh_server()  # no model is loaded yet
    page.add_init_script(APPEARED)
    page.goto(f"{fresh.url}/?type=mfcc")
    expect(page.get_by_text("Explained below: the flute model.")).to_be_visible()
    appeared = page.evaluate("appeared")
    assert appeared["First picture"] < appeared["Explained below"]


def colour_limits(page: Page) -> list[float]:
    """Return the upper colour limits of Integrated Gradients and Grad-CAM."""
    drawn = (
        DRAWN
        + """.filter(plot => plot.textContent.includes('Grad-CAM')).map(plot =>
            plot._fullData.filter(
                t => t.type === 'heatmap' && t.visible === true && ['x3', 'x4'].includes(t.xaxis)
            ).map(t => t.zmax))[0]"""
    )  # a refined figure may be on its way
    return [float(limit) for limit in wait_for_rest(page, lambda: page.evaluate(drawn))]


def test_colours_can_be_held_for_other_models_and_in_a_link(page: Page, server: AppServer) -> None:
    open_explore(page, server, "?type=mfcc&family=brass&colours=held&clip=100")
    held, before = colour_limits(page), heatmap_of_panel(page, 3)
    assert held[0] == pytest.approx(np.abs(before).max(), rel=0.005)
    choose(page, "Explain the model of", "organ")
    expect(page.get_by_text("Explained below: the organ model.")).to_be_visible()
    expect(badge(page)).to_be_visible()
    assert not np.allclose(before, heatmap_of_panel(page, 3))
    assert colour_limits(page) == pytest.approx(held)
    page.reload()
    expect(badge(page)).to_be_visible()
    assert colour_limits(page) == pytest.approx(held)
    assert f"limit={held[0]:g}" in page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_in_figures_stand_out_from_the_page(
    page: Page, server: AppServer, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme)
    open_explore(page, server, "?type=mfcc")
    fills = page.wait_for_function(
        """() => {
            const words = [...document.querySelectorAll('.js-plotly-plot .xtick text')];
            return words.length ? [...new Set(words.map(word => getComputedStyle(word).fill))] : 0;
        }"""
    ).json_value()
    behind = page.get_by_test_id("stApp").evaluate("one => getComputedStyle(one).backgroundColor")
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
