"""A browser whose connection drops: it comes back, and nothing of the visitor is lost."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser import PATIENCE, AppServer, choose
from xai_core.datasets.collection import read_collection
from xai_core.places import samples_folder

pytestmark = pytest.mark.browser

RATE = 16_000  # Hz


@pytest.fixture
def lines(page: Page) -> list[WebSocketRoute]:
    """Return the connections of the page, each as it is made."""
    made: list[WebSocketRoute] = []

    def connect(line: WebSocketRoute) -> None:
        line.connect_to_server()
        made.append(line)

    page.route_web_socket(re.compile("_stcore/stream"), connect)
    return made


def recording() -> dict[str, object]:
    content = io.BytesIO()
    tone = 0.4 * np.sin(2 * np.pi * 440 * np.arange(5 * RATE) / RATE)
    soundfile.write(content, tone, RATE, format="WAV")
    return {"name": "tone.wav", "mimeType": "audio/wav", "buffer": content.getvalue()}


def drop(page: Page, lines: list[WebSocketRoute]) -> None:
    """End the connection, and wait for the next one."""
    n = len(lines)
    lines[-1].close(code=1012, reason="the network is gone")
    for _ in range(PATIENCE // 100):
        if len(lines) > n:
            return
        page.wait_for_timeout(100)  # ms
    raise AssertionError("the page does not connect again")


def test_a_recording_and_its_window_outlive_a_dropped_connection(
    page: Page, server: AppServer, lines: list[WebSocketRoute]
) -> None:
    page.goto(f"{server.url}/upload?type=mfcc&model=reed")
    expect(page.get_by_text("Add a recording")).to_be_visible()
    page.locator("input[type=file]").set_input_files(recording())  # type: ignore[arg-type]
    expect(page.get_by_text("Save Grad-CAM")).to_be_visible()
    page.get_by_role("slider", name="The 4 s that are explained").press("End")
    expect(page.get_by_text("took 1.00 to 5.00 s")).to_be_visible()
    drop(page, lines)
    choose(page, "Explain the model of", "organ")
    expect(page.get_by_text("Why the MFCC model of organ says so")).to_be_visible()
    expect(page.get_by_text("tone.wav, 5.0 s at 16 kHz")).to_be_visible()
    expect(page.get_by_text("took 1.00 to 5.00 s")).to_be_visible()
    assert "Traceback" not in server.log


def test_a_connection_that_drops_while_a_map_is_made_gives_the_map_nevertheless(
    page: Page, server: AppServer, lines: list[WebSocketRoute]
) -> None:
    note = next(r.note for r in read_collection(samples_folder()) if r.family == "vocal")
    page.goto(f"{server.url}/?type=log_mel&family=vocal&note={note}&explain=reed")
    expect(page.get_by_role("combobox", name="Note")).to_be_visible()
    drop(page, lines)
    shown = page.get_by_text(re.compile("^Completeness error")).first  # drawn twice, seen once
    expect(shown).to_be_visible()
    expect(page.get_by_text("Explained below: the reed model.")).to_be_visible()
    expect(page.get_by_role("combobox", name="Instrument family")).to_have_value("vocal")
    assert "explain=reed" in page.url
    assert "Traceback" not in server.log
