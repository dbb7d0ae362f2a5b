"""The Upload page in a real browser: a recording, its window, all models, one explained."""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, Locator, Page, expect

from tests.audio.containers import flac
from tests.browser import AppServer, choose, open_page, wait_for_layout
from tests.conftest import StartApp
from xai_core.explanations import (
    predict,
    weak_families,
)

pytestmark = pytest.mark.browser

RATE = 22_050  # Hz


def open_upload(page: Page, server: AppServer, query: str = "") -> None:
    page.goto(f"{server.url}/upload{query}")
    expect(page.get_by_text("Add a recording")).to_be_visible()


def bring(page: Page, tmp_path: Path, seconds: float, *, name: str = "tone.flac") -> None:
    t = np.arange(int(seconds * RATE)) / RATE
    y = 0.4 * np.sin(2 * np.pi * 440 * t) * np.exp(-t % 2)
    path = tmp_path / name
    soundfile.write(path, y, RATE)
    page.locator("input[type=file]").set_input_files(path)
    expect(explained(page)).to_be_visible()


def click_cell(page: Page, row: int, across: float, chosen: Locator) -> None:
    """Click a cell of the table until it is taken: the table may move while the page is drawn."""
    table = page.get_by_test_id("stDataFrame").first
    for _ in range(3):
        table.scroll_into_view_if_needed()
        box = table.bounding_box()
        assert box is not None
        height = box["height"] / 11  # a heading and ten families
        page.mouse.click(box["x"] + across * box["width"], box["y"] + (row + 0.5) * height)
        try:
            expect(chosen).to_be_visible(timeout=5_000)
        except AssertionError:
            continue
        return


def explained(page: Page):  # type: ignore[no-untyped-def]
    return page.get_by_text(re.compile("^Completeness error")).first


def test_deep_link_as_the_first_request_of_a_fresh_server(
    fresh_server: StartApp, page: Page
) -> None:
    fresh = fresh_server()
    open_upload(page, fresh, "?type=mfcc")
    expect(page).to_have_title("TimbreLens · Upload")
    assert "Traceback" not in fresh.log


def test_a_recording_is_heard_by_all_models_and_one_is_explained(
    page: Page, server: AppServer, tmp_path: Path
) -> None:
    open_upload(page, server, "?type=mfcc&model=reed")
    bring(page, tmp_path, 7.0)
    expect(page.get_by_text("tone.flac, 7.0 s at 22.05 kHz")).to_be_visible()
    expect(page.get_by_text("resampled 22.05 kHz to 16 kHz")).to_be_visible()
    said = predict(tmp_path / "tone.flac", start=0.0)
    likeliest = max(said.averaged(), key=lambda family: said.averaged()[family])
    expect(page.get_by_text(f"together: {likeliest} is likeliest")).to_be_visible()
    doubted = page.get_by_text("Not shown to be better than chance").first
    for name in weak_families("tonnetz"):
        expect(doubted).to_contain_text(f"Tonnetz {name}")
    expect(page.get_by_text("Why the MFCC model of reed says so")).to_be_visible()
    expect(page.get_by_text(re.compile("“Is it reed[?]” It says (yes|no)"))).to_be_visible()
    page.get_by_role("slider").first.press("End")
    expect(page.get_by_text("took 3.00 to 7.00 s")).to_be_visible()
    page.get_by_text("Scan the whole recording").click()
    expect(page.locator(".js-plotly-plot").filter(has_text="Middle of the 4 s")).to_be_visible()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_text("Add a recording")).to_be_visible()
    assert "Traceback" not in server.log


def drag(page: Page, window: Locator, seconds: float, *, duration: float) -> None:
    """Drag the window by its middle."""
    (box,) = wait_for_layout(window)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + seconds * box["width"] / min(4.0, duration), y, steps=5)
    page.mouse.up()


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


def test_the_window_of_a_short_recording_cannot_be_moved(
    page: Page, server: AppServer, tmp_path: Path
) -> None:
    open_upload(page, server, "?type=mfcc&model=reed")
    bring(page, tmp_path, 3.0)
    expect(page.get_by_role("slider", name="The 4 s that are explained")).to_have_count(0)
    window = page.get_by_role("img", name="The 4 s that are explained")
    drag(page, window, 1.0, duration=4.0)
    page.wait_for_timeout(1_000)
    expect(page.get_by_text("Explained: 0.00 to 4.00 s.", exact=True)).to_be_visible()


def test_a_file_may_be_called_anything(page: Page, server: AppServer, tmp_path: Path) -> None:
    open_upload(page, server, "?type=mfcc&model=reed")
    name = "*a* [b](c) <i>d<i> $e$ _f_ :red[g] `h`.flac"
    bring(page, tmp_path, 3.0, name=name)
    expect(page.get_by_text(f"{name}, 3.0 s at 22.05 kHz", exact=True)).to_be_visible()


def test_no_visitor_sees_the_recording_of_another(
    page: Page, browser: Browser, server: AppServer, tmp_path: Path
) -> None:
    open_upload(page, server, "?type=mfcc&model=reed")
    bring(page, tmp_path, 3.0, name="mine.flac")
    with open_page(browser) as (other, errors):
        open_upload(other, server, "?type=mfcc&model=reed")
        bring(other, tmp_path, 5.0, name="yours.flac")
        for seen, own, foreign in ((page, "mine", "yours"), (other, "yours", "mine")):
            choose(seen, "Spectrogram", "Tonnetz")
            expect(seen.get_by_text("Why the Tonnetz model of reed says so")).to_be_visible()
            expect(seen.get_by_text(f"{own}.flac")).to_be_visible()
            expect(seen.get_by_text(f"{foreign}.flac")).to_have_count(0)
    assert not errors


def test_a_cell_of_the_table_is_explained_when_it_is_clicked(
    page: Page, server: AppServer, tmp_path: Path
) -> None:
    open_upload(page, server, "?type=mfcc&model=reed")
    bring(page, tmp_path, 3.0)
    chosen = page.get_by_text("Why the Tonnetz model of organ says so")
    click_cell(page, 7, 0.98, chosen)  # organ, the last type
    expect(chosen).to_be_visible()
    expect(page.get_by_role("combobox", name="Spectrogram")).to_have_value("Tonnetz")
    assert "model=organ" in page.url
    assert "Traceback" not in server.log


def wav_bytes(samples: np.ndarray) -> bytes:
    content = io.BytesIO()
    soundfile.write(content, samples.astype(np.float32), 44_100, format="WAV", subtype="FLOAT")
    return content.getvalue()


def no_samples() -> bytes:
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36, b"WAVE", b"fmt ", 16, 1, 1, 16_000,
                       32_000, 2, 16, b"data", 0)  # fmt: skip
    return head


def test_bad_recordings_get_one_sentence_and_lose_nothing(page: Page, server: AppServer) -> None:
    open_upload(page, server, "?type=mfcc&model=reed")
    upload = page.locator("input[type=file]")
    bomb = flac(400, rate=192_000, channels=8, stated=500 * 192_000)  # 14 KB, 3 GB as samples
    for content, sentence in [
        (bomb, "is it damaged"),  # refused for what it lacks, or for the time it takes
        (b"", "Expected audio, got 0 bytes: is the file empty?"),
        (b"these are only words", "or another kind of file, renamed?"),
        (no_samples(), "got 0 samples"),
        (wav_bytes(np.full(44_100, np.nan)), "NaN or infinite"),
        (wav_bytes(np.zeros(44_100)), "got silence"),
    ]:
        upload.set_input_files({"name": "own.wav", "mimeType": "audio/wav", "buffer": content})
        alert = page.get_by_role("alert").filter(has_text=sentence)
        expect(alert).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(1)
    seconds = np.arange(3 * 44_100) / 44_100
    tone = 0.5 * np.sin(2 * np.pi * 440.0 * seconds) * np.exp(-seconds)
    good = {"name": "own.wav", "mimeType": "audio/wav", "buffer": wav_bytes(tone)}
    upload.set_input_files(good)
    expect(explained(page)).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_text("resampled 44.1 kHz to 16 kHz")).to_be_visible()
    expect(page.get_by_text("padded 1.00 s of silence at the end")).to_be_visible()
    expect(page.get_by_text("Why the MFCC model of reed says so")).to_be_visible()
    assert "Traceback" not in server.log
