"""The pictures of the pages in docs/, light and dark, taken anew: ``make pictures``."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile
import soxr
from playwright.sync_api import Browser, Page, expect

from tests.browser import ROOT, AppServer, find_chrome, open_browser, start_app
from xai_core.audio import load_note
from xai_core.datasets.collection import read_collection
from xai_core.places import samples_folder
from xai_core.values import SAMPLE_RATE

WIDTH = 1280  # px
PATIENCE = 600_000  # ms; all notes of the Metrics page are explained
SETTLED = 2_500  # ms, until figures are drawn
FINISHED = """() => !document.querySelector(
    '[data-testid=stStatusWidget], [data-testid=stSkeleton], [data-testid=stSpinner]')"""
RATE = 44_100  # Hz, of the recording that is uploaded


@dataclass(frozen=True)
class Picture:
    """A page in a state: its addresses in light and in dark, and what makes it ready."""

    name: str
    height: int  # px
    light: str
    dark: str
    ready: Callable[[Page], None]


def _converged(page: Page) -> None:
    expect(page.get_by_text("Completeness error").first).to_be_visible()


def _computed(page: Page) -> None:
    start = page.get_by_role("button", name="Compute", exact=False).first
    finished = page.get_by_text("Finished:")
    expect(start.or_(finished).first).to_be_visible()
    if not finished.is_visible():
        start.click()
    expect(finished).to_be_visible(timeout=PATIENCE)


def _uploaded(page: Page) -> None:
    expect(page.get_by_text("Add a recording")).to_be_visible()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "my_recording.wav"
        soundfile.write(path, _two_notes(), RATE)
        page.locator("input[type=file]").set_input_files(path)
        _converged(page)


def _two_notes() -> np.ndarray:
    """Return two notes of one flute, in stereo, one after the other."""
    records = [one for one in read_collection(samples_folder()) if one.source != "FluidR3_GM"]
    flutes = [load_note(one.path).y for one in records if one.family == "flute"][:2]
    gap = np.zeros(SAMPLE_RATE // 4)
    mono = np.concatenate([gap, *(part for y in flutes for part in (y, gap))])
    return np.repeat(soxr.resample(mono, SAMPLE_RATE, RATE)[:, np.newaxis], 2, axis=1)


def _lesson(page: Page) -> None:
    expect(page.get_by_role("button", name=re.compile("4 · Grad|5 · Hear"))).to_be_visible()


def _said(text: str) -> Callable[[Page], None]:
    return lambda page: expect(page.get_by_text(text).first).to_be_visible()


PICTURES = (
    Picture("explore", 1500, "", "?type=mfcc&family=guitar", _converged),
    Picture(
        "listen",
        1650,
        "listen?type=log_mel&tool=change&edit=0.30,2.80,560,760,mute,harmonics",
        "listen?type=mfcc&tool=mix&family_with=guitar",
        _said("All types together"),
    ),
    Picture(
        "trust",
        1450,
        "trust?type=mfcc",
        "trust?type=tonnetz&method=grad_cam",
        _said("By these tests"),
    ),
    Picture("compare", 1500, "compare", "compare?family_b=organ", _said("How far apart they are")),
    Picture("metrics", 1700, "metrics", "metrics?method=grad_cam", _computed),
    Picture("upload", 1850, "upload", "upload?type=mfcc", _uploaded),
    Picture("models", 1700, "models", "models?type=mfcc", _said("What it learnt from")),
    Picture("learn", 1250, "learn?step=path", "learn?step=cam", _lesson),
)


def take(
    browser: Browser,
    server: AppServer,
    scheme: Literal["light", "dark"],
    pictures: Sequence[Picture] = PICTURES,
) -> None:
    """Take pictures of pages in one colour scheme."""
    for picture in pictures:
        address = picture.light if scheme == "light" else picture.dark
        context = browser.new_context(
            viewport={"width": WIDTH, "height": picture.height}, color_scheme=scheme
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(f"{server.url}/{address}")
        picture.ready(page)
        page.mouse.move(WIDTH - 5, 5)
        for _ in range(2):  # a page may begin to draw again
            page.wait_for_timeout(SETTLED)
            page.wait_for_function(FINISHED)
        ending = "" if scheme == "light" else "-dark"
        page.screenshot(path=ROOT / "docs" / f"{picture.name}{ending}.png")
        context.close()


def main() -> None:
    """Start a dashboard and take the pictures that are named, or all."""
    named = sys.argv[1:] or [picture.name for picture in PICTURES]
    asked = [picture for picture in PICTURES if picture.name in named]
    with (
        tempfile.TemporaryDirectory() as folder,
        start_app(Path(folder)) as server,
        open_browser(find_chrome()) as browser,
    ):
        take(browser, server, "light", asked)
        take(browser, server, "dark", asked)


if __name__ == "__main__":
    main()
