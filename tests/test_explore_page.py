"""The Explore page in a real browser: what a visitor does, and what the page says."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser import AppServer, choose, open_popup
from tests.conftest import StartApp
from xai_core.figures.scales import number_text

pytestmark = pytest.mark.browser

PATIENCE = 60_000  # ms; a cold server loads TensorFlow first
# Plotly draws a moment after the text beside a figure is there
DRAWN = "axis => [...document.querySelectorAll('.js-plotly-plot')].filter(plot => plot._fullData)"
TITLES = ("Feature maps", "Integrated Gradients", "Grad-CAM")


@pytest.fixture(scope="module")
def server(app_server: StartApp) -> AppServer:
    return app_server()


def open_explore(page: Page, server: AppServer, query: str = "") -> None:
    page.goto(f"{server.url}/{query}")
    expect(page.get_by_role("heading", name="TimbreLens")).to_be_visible()
    expect(badge(page)).to_be_visible(timeout=PATIENCE)


def badge(page: Page) -> Locator:
    return page.get_by_text(re.compile(r"^Completeness error")).first


def panels(page: Page) -> Locator:
    return page.locator(".js-plotly-plot").filter(has_text="Grad-CAM")


def heatmap_of_panel(page: Page, panel: int) -> np.ndarray:
    """Return the values that the browser drew in a panel, shape (rows, columns)."""
    axis = "x" if panel == 1 else f"x{panel}"
    page.wait_for_timeout(500)  # ms, for a refined figure that is on its way
    rows = page.wait_for_function(
        DRAWN
        + """.filter(plot => plot.textContent.includes('Grad-CAM')).map(plot =>
            plot._fullData.filter(
                t => t.type === 'heatmap' && t.visible === true && t.xaxis === axis
            ).map(t => Array.from(t.z, row => Array.from(row)))[0])[0]""",
        arg=axis,
        timeout=PATIENCE,
    ).json_value()
    return np.asarray(rows, np.float64)


def error_shown(page: Page) -> str:
    percentage = re.search(r"error ([\d.]+) %", badge(page).inner_text())
    assert percentage is not None
    return percentage.group(1)


def test_deep_link_as_the_first_request_of_a_fresh_server(app_server: StartApp, page: Page) -> None:
    fresh = app_server(environ={"TIMBRELENS_TEST": "deep link"})
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
            .filter(bars => bars.length).map(bars => bars.flatMap(t => Array.from(t.x)))[0]""",
        timeout=PATIENCE,
    ).json_value()
    assert len(widths) == 10
    assert all(0.0 <= width <= 100.0 for width in widths)


def test_a_new_note_changes_picture_sound_and_url(page: Page, server: AppServer) -> None:
    open_explore(page, server, "?type=mfcc&family=brass")
    before, sound = heatmap_of_panel(page, 1), page.locator("audio").get_attribute("src")
    choose(page, "Note", 5)
    page.wait_for_function("() => location.search.includes('note=brass_')", timeout=PATIENCE)
    expect(page.locator("audio")).not_to_have_attribute("src", str(sound), timeout=PATIENCE)
    expect(badge(page)).to_be_visible(timeout=PATIENCE)
    page.wait_for_timeout(500)
    assert not np.allclose(before, heatmap_of_panel(page, 1))
    page.reload()
    expect(badge(page)).to_be_visible(timeout=PATIENCE)
    assert "note=brass_" in page.url


def test_the_sound_lasts_four_seconds(page: Page, server: AppServer) -> None:
    open_explore(page, server, "?type=mfcc")
    page.get_by_text("0.0 / 4.0 s").wait_for()
    durations = page.locator("audio").evaluate_all("all => all.map(audio => audio.duration)")
    assert durations == pytest.approx([4.0], abs=0.01)


def test_a_new_family_brings_its_own_notes(page: Page, server: AppServer) -> None:
    open_explore(page, server, "?type=mfcc&family=flute")
    choose(page, "Instrument family", "vocal")
    expect(page.get_by_text("Explained below: the vocal model.")).to_be_visible(timeout=PATIENCE)
    options = page.get_by_role("option")
    open_popup(page.get_by_role("combobox", name="Note"), options.first)
    assert options.count() >= 8


def test_advanced_settings_come_from_the_url(page: Page, server: AppServer) -> None:
    open_explore(
        page, server, "?type=mfcc&steps=50&target=probability&rule=gauss_legendre&layer=conv2d_3"
    )
    expect(badge(page)).to_contain_text("50 steps")
    expect(page.get_by_text(re.compile("the probability goes from"))).to_be_visible()
    expect(panels(page)).to_contain_text("conv2d_3")


def test_unsigned_map_has_no_negative_values(page: Page, server: AppServer) -> None:
    open_explore(page, server, "?type=mfcc&sign=unsigned")
    assert heatmap_of_panel(page, 3).min() >= 0.0


def test_values_outside_the_lists_are_ignored(page: Page, server: AppServer) -> None:
    open_explore(page, server, "?family=kazoo&type=../../etc&explain=%3Cscript%3E&steps=9999")
    expect(page.get_by_role("combobox", name="Instrument family")).to_have_value("flute")
    assert "kazoo" not in page.url


def wav_bytes(samples: np.ndarray, folder: Path) -> bytes:
    path = folder / "made.wav"
    soundfile.write(path, samples.astype(np.float32), 44_100, subtype="FLOAT")
    return path.read_bytes()


def no_samples() -> bytes:
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36, b"WAVE", b"fmt ", 16, 1, 1, 16_000,
                       32_000, 2, 16, b"data", 0)  # fmt: skip
    return head


def test_bad_recordings_get_one_sentence_and_lose_nothing(
    page: Page, server: AppServer, tmp_path: Path
) -> None:
    open_explore(page, server, "?type=mfcc")
    page.get_by_text("My own recording").click()
    upload = page.locator("input[type=file]")
    silence, nan = np.zeros(44_100), np.full(44_100, np.nan)
    for content, sentence in [
        (b"", "Expected audio, got 0 bytes: is the file empty?"),
        (b"these are only words", "or another kind of file, renamed?"),
        (no_samples(), "got 0 samples"),
        (wav_bytes(nan, tmp_path), "NaN or infinite"),
        (wav_bytes(silence, tmp_path), "got silence"),
    ]:
        upload.set_input_files({"name": "own.wav", "mimeType": "audio/wav", "buffer": content})
        alert = page.get_by_role("alert").filter(has_text=sentence)
        expect(alert).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_role("alert")).to_have_count(1)
    seconds = np.arange(3 * 44_100) / 44_100
    tone = 0.5 * np.sin(2 * np.pi * 440.0 * seconds) * np.exp(-seconds)
    good = {"name": "own.wav", "mimeType": "audio/wav", "buffer": wav_bytes(tone, tmp_path)}
    upload.set_input_files(good)
    expect(badge(page)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("resampled 44.1 kHz to 16 kHz")).to_be_visible()
    expect(page.get_by_text("padded 1.00 s of silence at the end")).to_be_visible()
    assert heatmap_of_panel(page, 1).shape == (40, 126)
    assert "Traceback" not in server.log


def test_a_choice_in_the_address_outlives_a_browser_slow_to_draw_its_lists(
    page: Page, server: AppServer
) -> None:
    held: list[Route] = []
    page.route(re.compile(r"/Selectbox\.[^/]*\.js"), lambda route: held.append(route))
    open_explore(page, server, "?type=mfcc")
    page.get_by_text("My own recording").click()
    expect(page.get_by_text("Add a recording")).to_be_visible(timeout=PATIENCE)
    for route in held:
        route.continue_()
    assert held
    expect(page.get_by_role("combobox", name="Spectrogram")).to_have_value("MFCC")
    page.get_by_text("A note that comes with TimbreLens").click()
    expect(badge(page)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("combobox", name="Spectrogram")).to_have_value("MFCC")
    assert heatmap_of_panel(page, 1).shape == (40, 126)


def test_a_long_recording_is_explained_from_where_the_visitor_says(
    page: Page, server: AppServer, tmp_path: Path
) -> None:
    open_explore(page, server, "?type=mfcc")
    page.get_by_text("My own recording").click()
    rng = np.random.default_rng(0)
    long = wav_bytes(0.1 * rng.standard_normal(7 * 44_100), tmp_path)
    page.locator("input[type=file]").set_input_files(
        {"name": "long.wav", "mimeType": "audio/wav", "buffer": long}
    )
    expect(page.get_by_text("took 0.00 to 4.00 s")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("slider", name="The 4 s begin at").press("End")
    expect(page.get_by_text("took 3.00 to 7.00 s")).to_be_visible(timeout=PATIENCE)


def colour_limits(page: Page) -> list[float]:
    """Return the upper colour limits of Integrated Gradients and Grad-CAM."""
    page.wait_for_timeout(500)  # ms, for a refined figure that is on its way
    found = page.wait_for_function(
        DRAWN
        + """.filter(plot => plot.textContent.includes('Grad-CAM')).map(plot =>
            plot._fullData.filter(
                t => t.type === 'heatmap' && t.visible === true && ['x3', 'x4'].includes(t.xaxis)
            ).map(t => t.zmax))[0]""",
        timeout=PATIENCE,
    ).json_value()
    return [float(limit) for limit in found]


def test_colours_can_be_held_for_other_models_and_in_a_link(page: Page, server: AppServer) -> None:
    open_explore(page, server, "?type=mfcc&family=brass&colours=held&clip=100")
    held, before = colour_limits(page), heatmap_of_panel(page, 3)
    assert held[0] == pytest.approx(np.abs(before).max(), rel=0.005)
    choose(page, "Explain the model of", "organ")
    expect(page.get_by_text("Explained below: the organ model.")).to_be_visible(timeout=PATIENCE)
    expect(badge(page)).to_be_visible(timeout=PATIENCE)
    assert not np.allclose(before, heatmap_of_panel(page, 3))
    assert colour_limits(page) == pytest.approx(held)
    page.reload()
    expect(badge(page)).to_be_visible(timeout=PATIENCE)
    assert colour_limits(page) == pytest.approx(held)
    assert f"limit={held[0]:g}" in page.url
