"""The Upload page in a real browser: a recording, its window, all models, one explained."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Page, expect

from tests.audio.containers import flac
from tests.browser import AppServer
from tests.conftest import StartApp

pytestmark = pytest.mark.browser

PATIENCE = 90_000  # ms; a cold server loads TensorFlow first, and every model is asked
RATE = 22_050  # Hz


@pytest.fixture(scope="module")
def server(app_server: StartApp) -> AppServer:
    return app_server()


def open_upload(page: Page, server: AppServer, query: str = "") -> None:
    page.goto(f"{server.url}/upload{query}")
    expect(page.get_by_text("Add a recording")).to_be_visible(timeout=PATIENCE)


def bring(page: Page, tmp_path: Path, seconds: float) -> None:
    t = np.arange(int(seconds * RATE)) / RATE
    y = 0.4 * np.sin(2 * np.pi * 440 * t) * np.exp(-t % 2)
    path = tmp_path / "tone.flac"
    soundfile.write(path, y, RATE)
    page.locator("input[type=file]").set_input_files(path)
    expect(explained(page)).to_be_visible(timeout=PATIENCE)


def explained(page: Page):  # type: ignore[no-untyped-def]
    return page.get_by_text(re.compile("^Completeness error")).first


def test_deep_link_as_the_first_request_of_a_fresh_server(app_server: StartApp, page: Page) -> None:
    fresh = app_server(environ={"TIMBRELENS_TEST": "deep link to an upload"})
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
    expect(page.get_by_text("Why the MFCC model of reed says so")).to_be_visible()
    expect(page.get_by_text(re.compile("“Is it reed[?]” It says (yes|no)"))).to_be_visible()
    page.get_by_role("slider").first.press("End")
    expect(page.get_by_text("took 3.00 to 7.00 s")).to_be_visible(timeout=PATIENCE)
    page.get_by_text("Scan the whole recording").click()
    expect(page.locator(".js-plotly-plot").filter(has_text="Middle of the 4 s")).to_be_visible(
        timeout=PATIENCE
    )
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_text("Add a recording")).to_be_visible(timeout=PATIENCE)
    assert "Traceback" not in server.log


def test_a_bad_file_gets_one_sentence_and_the_next_one_works(
    page: Page, server: AppServer, tmp_path: Path
) -> None:
    open_upload(page, server, "?type=mfcc")
    bomb = flac(400, rate=192_000, channels=8, stated=500 * 192_000)  # 14 KB, 3 GB as samples
    for content, said in ((b"these are only words", "another kind of file"), (bomb, "cut short")):
        bad = {"name": "bad.wav", "mimeType": "audio/wav", "buffer": content}
        page.locator("input[type=file]").set_input_files(bad)
        alert = page.get_by_role("alert").filter(has_text=said)
        expect(alert).to_be_visible(timeout=PATIENCE)
    bring(page, tmp_path, 3.0)
    expect(page.get_by_role("alert")).to_have_count(0)
    assert "Traceback" not in server.log
