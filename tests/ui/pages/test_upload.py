"""The Upload page: a recording, its window, all models, one explained."""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Locator, Page, expect

from tests.audio.containers import flac
from tests.browser import CLICKS, TAKEN, AppServer, wait_for_layout
from tests.ui.visit import Visit, visit
from xai_core.catalogue.types import spectrogram_type
from xai_core.explanations import (
    predict,
    weak_families,
)

RATE = 22_050  # Hz


def tone(seconds: float) -> bytes:
    t = np.arange(int(seconds * RATE)) / RATE
    content = io.BytesIO()
    soundfile.write(
        content, 0.4 * np.sin(2 * np.pi * 440 * t) * np.exp(-t % 2), RATE, format="FLAC"
    )
    return content.getvalue()


def noise(seconds: float) -> bytes:
    content = io.BytesIO()
    values = 0.1 * np.random.default_rng(0).standard_normal(int(seconds * RATE))
    soundfile.write(content, values, RATE, format="FLAC")
    return content.getvalue()


# ------------------------------------------------------------------- without a browser


def open_page(**query: str) -> Visit:
    seen = visit("upload", **{"type": "mfcc", "model": "reed"} | query)
    assert seen.says("Add a recording")
    return seen


@pytest.mark.usefixtures("pages")
def test_a_recording_is_heard_by_all_models_and_one_is_explained() -> None:
    seen = open_page().upload(tone(7.0), name="tone.flac")
    assert seen.says("tone.flac, 7.0 s at 22.05 kHz")
    assert seen.says("resampled 22.05 kHz to 16 kHz")
    said = predict(tone(7.0), start=0.0)
    likeliest = max(said.verdict(), key=lambda family: said.verdict()[family])
    assert seen.says(f"together: {likeliest} is likeliest")
    doubted = seen.text("Not shown to be better than chance")
    for name in weak_families("tonnetz"):
        assert f"Tonnetz {name}" in doubted
    assert seen.says("Why the MFCC model of reed says so")
    assert seen.says(re.compile("“Is it reed[?]” It says (yes|no)"))
    seen.toggle("Scan the whole recording")
    assert [one for one in seen.figures if "Middle of the 4 s" in one.text]
    seen.press("Remove it")
    assert seen.says("Add a recording")


@pytest.mark.usefixtures("pages")
def test_a_new_recording_starts_at_its_own_likeliest_family_and_type() -> None:
    seen = visit("upload").upload(tone(2.0), name="first.flac")
    own = visit("upload").upload(noise(2.0), name="second.flac")  # of a visitor without a past
    assert (own.shown("Spectrogram"), own.shown("Explain the model of")) != ("MFCC", "guitar")
    seen.choose("Spectrogram", "MFCC")
    seen.choose("Explain the model of", "guitar")
    seen.toggle("Scan the whole recording")
    assert seen.says("Why the MFCC model of guitar says so")  # while the recording is the same
    seen.press("Remove it")
    assert not {"type", "model"} & set(seen.address)
    seen.upload(noise(2.0), name="second.flac")
    for label in ("Spectrogram", "Explain the model of"):
        assert seen.shown(label) == own.shown(label)
    seen.choose("Explain the model of", "bass")
    assert seen.says(re.compile("Why the .* model of bass says so"))


@pytest.mark.usefixtures("pages")
def test_what_is_explained_at_first_is_the_family_of_the_verdict() -> None:
    content = noise(2.0)
    seen = visit("upload").upload(content, name="noise.flac")
    said = predict(content, start=0.0)
    verdict = said.verdict()
    likeliest = max(verdict, key=lambda family: verdict[family])
    assert seen.says(f"together: {likeliest} is likeliest")
    assert seen.shown("Explain the model of") == likeliest
    sound = [type for type in said.probabilities if likeliest not in weak_families(type)]
    surest = max(sound or said.probabilities, key=lambda one: said.probabilities[one][likeliest])
    assert seen.shown("Spectrogram") == spectrogram_type(surest).label


@pytest.mark.usefixtures("pages")
def test_no_visitor_sees_the_recording_of_another() -> None:
    mine = open_page().upload(tone(3.0), name="mine.flac")
    yours = open_page().upload(tone(5.0), name="yours.flac")
    for seen, own, foreign in ((mine, "mine", "yours"), (yours, "yours", "mine")):
        seen.choose("Spectrogram", "Tonnetz")
        assert seen.says("Why the Tonnetz model of reed says so")
        assert seen.says(f"{own}.flac")
        assert not seen.says(f"{foreign}.flac")


def wav_bytes(samples: np.ndarray) -> bytes:
    content = io.BytesIO()
    soundfile.write(content, samples.astype(np.float32), 44_100, format="WAV", subtype="FLOAT")
    return content.getvalue()


def no_samples() -> bytes:
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36, b"WAVE", b"fmt ", 16, 1, 1, 16_000,
                       32_000, 2, 16, b"data", 0)  # fmt: skip
    return head


@pytest.mark.usefixtures("pages")
def test_bad_recordings_get_one_sentence_and_lose_nothing() -> None:
    seen = open_page()
    bomb = flac(400, rate=192_000, channels=8, stated=500 * 192_000)  # 14 KB, 3 GB as samples
    for content, sentence in [
        (bomb, "is it damaged"),  # refused for what it lacks, or for the time it takes
        (b"", "Expected audio, got 0 bytes: is the file empty?"),
        (b"these are only words", "or another kind of file, renamed?"),
        (no_samples(), "got 0 samples"),
        (wav_bytes(np.full(44_100, np.nan)), "NaN or infinite"),
        (wav_bytes(np.zeros(44_100)), "got silence"),
    ]:
        seen.upload(content)
        (alert,) = seen.app.error
        assert sentence in alert.value
    seconds = np.arange(3 * 44_100) / 44_100
    seen.upload(wav_bytes(0.5 * np.sin(2 * np.pi * 440.0 * seconds) * np.exp(-seconds)))
    assert not seen.app.error
    assert seen.says("resampled 44.1 kHz to 16 kHz")
    assert seen.says("padded 1.00 s of silence at the end")
    assert seen.says("Why the MFCC model of reed says so")


# ------------------------------------------------------------------------ in a browser


def open_upload(page: Page, server: AppServer, query: str = "") -> None:
    page.goto(f"{server.url}/upload{query}")
    expect(page.get_by_text("Add a recording")).to_be_visible()


def bring(page: Page, tmp_path: Path, seconds: float, *, name: str = "tone.flac") -> None:
    path = tmp_path / name
    path.write_bytes(tone(seconds))
    page.locator("input[type=file]").set_input_files(path)
    expect(explained(page)).to_be_visible()


def click_cell(page: Page, row: int, across: float, chosen: Locator) -> None:
    """Click a cell of the table until it is taken: the table may move while the page is drawn."""
    table = page.get_by_test_id("stDataFrame").first
    for _ in range(CLICKS):
        table.scroll_into_view_if_needed()
        box = table.bounding_box()
        assert box is not None
        height = box["height"] / 11  # a heading and ten families
        page.mouse.click(box["x"] + across * box["width"], box["y"] + (row + 0.5) * height)
        try:
            expect(chosen).to_be_visible(timeout=TAKEN)
        except AssertionError:
            continue
        return


def explained(page: Page) -> Locator:
    return page.get_by_text(re.compile("^Completeness error")).first


def drag(page: Page, window: Locator, seconds: float, *, duration: float) -> None:
    """Drag the window by its middle."""
    (box,) = wait_for_layout(window)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + seconds * box["width"] / min(4.0, duration), y, steps=5)
    page.mouse.up()


@pytest.mark.browser
def test_the_window_is_dragged_clicked_and_moved_by_keys(
    page: Page, server: AppServer, tmp_path: Path
) -> None:
    open_upload(page, server, "?type=mfcc&model=reed")
    bring(page, tmp_path, 10.0)
    window = page.get_by_role("slider", name="The 4 s that are explained")
    expect(window).to_have_attribute("aria-valuetext", "0.00 to 4.00 s")
    drag(page, window, 2.5, duration=10.0)
    expect(page.get_by_text("took 2.50 to 6.50 s")).to_be_visible()
    drag(page, window, 20.0, duration=10.0)  # further than there is
    expect(page.get_by_text("took 6.00 to 10.00 s")).to_be_visible()
    (box,) = wait_for_layout(window)
    page.mouse.click(box["x"] - 5, box["y"] + 50)  # 3 px left of it is 5.97 s, now its middle
    expect(page.get_by_text(re.compile("took (3.9|4.0)[05] to"))).to_be_visible()
    for key in ("Home", "ArrowRight", "Shift+ArrowRight", "PageUp", "ArrowLeft"):
        window.press(key)
    expect(page.get_by_text("took 1.50 to 5.50 s")).to_be_visible()
    expect(window).to_have_attribute("aria-valuenow", "1.50")
    assert "Traceback" not in server.log


@pytest.mark.browser
def test_a_short_recording_of_any_name_has_a_fixed_window_and_cells_that_can_be_clicked(
    page: Page, server: AppServer, tmp_path: Path
) -> None:
    open_upload(page, server, "?type=mfcc&model=reed")
    name = "*a* [b](c) <i>d<i> $e$ _f_ :red[g] `h`.flac"
    bring(page, tmp_path, 3.0, name=name)
    expect(page.get_by_text(f"{name}, 3.0 s at 22.05 kHz", exact=True)).to_be_visible()

    expect(page.get_by_role("slider", name="The 4 s that are explained")).to_have_count(0)
    window = page.get_by_role("img", name="The 4 s that are explained")
    drag(page, window, 1.0, duration=4.0)
    page.wait_for_timeout(1_000)
    expect(page.get_by_text("Explained: 0.00 to 4.00 s.", exact=True)).to_be_visible()
    # the waveform ends at 3 s of the axis of 4 s
    waveform, axis = page.evaluate(
        """() => [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')]
            .map(part => part.shadowRoot.querySelector('.area'))
            .filter(Boolean)
            .map(area => [area.querySelector('path'), area].map(
                element => element.getBoundingClientRect()))[0]
            .map(box => [box.left, box.right])"""
    )
    assert waveform[0] == pytest.approx(axis[0], abs=3)
    assert (waveform[1] - axis[0]) / (axis[1] - axis[0]) == pytest.approx(0.75, abs=0.01)

    chosen = page.get_by_text("Why the Tonnetz model of organ says so")
    click_cell(page, 7, 0.98, chosen)  # organ, the last type
    expect(chosen).to_be_visible()
    expect(page.get_by_role("combobox", name="Spectrogram")).to_have_value("Tonnetz")
    assert "model=organ" in page.url
    assert "Traceback" not in server.log
