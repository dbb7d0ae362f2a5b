"""The player and the panels as the browser tests see and move them: one moment, a click, a drag."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import AppServer, wait_for_idle
from tests.ui.pages.test_explore import badge, wait_for_panels

NOTE = "?type=mfcc&family=guitar"
SLOWLY = 0.1  # playback rate at which a note lasts as long as a test
LONGEST = 60.0  # s, until a click shows on two busy cores
NEAR = 0.75  # px, between a line that rests and its time: a pixel is drawn whole
# What the browser shows at one moment, after it has drawn. The drag layer of Plotly says where
# a panel lies and the layout that pages see says what range it has: the player reads neither.
SEEN = """async () => {
    await new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn)));
    const plot = [...document.querySelectorAll('.js-plotly-plot')]
        .find(plot => plot.layout?.meta?.playhead);
    const box = element => element.getBoundingClientRect();
    const audio = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')]
        .map(part => part.shadowRoot.querySelector('audio')).find(Boolean);
    return {
        time: audio.currentTime,
        plays: !audio.paused,
        range: Array.from(plot.layout.xaxis.range),
        panels: ['xy', 'x2y', 'x3y', 'x4y'].map(
            name => box(plot.querySelector(`.nsewdrag[data-subplot^=${name}]`))
        ).map(b => [b.left, b.top, b.width, b.height]),
        lines: [...document.querySelectorAll('.playhead > div')]
            .filter(line => line.checkVisibility()).map(box).map(b => b.left + b.width / 2),
    };
}"""


@dataclass(frozen=True)
class Seen:
    """One moment: s of the sound, px of panels (left, top, width, height) and lines."""

    time: float
    plays: bool
    range: tuple[float, float]
    panels: tuple[tuple[float, float, float, float], ...]
    lines: tuple[float, ...]

    def x(self, time: float, panel: int) -> float:
        """Return the pixel at which a panel, from 0, shows a time."""
        left, _, width, _ = self.panels[panel]
        first, last = self.range
        return left + width * (time - first) / (last - first)

    @property
    def seconds_per_pixel(self) -> float:
        return (self.range[1] - self.range[0]) / self.panels[0][2]

    def check_lines(self, *, near: float = NEAR) -> None:
        """Assert that each of four panels has its line at the time of the sound."""
        assert self.lines == pytest.approx([self.x(self.time, k) for k in range(4)], abs=near)


def open_panels(page: Page, server: AppServer) -> None:
    page.goto(f"{server.url}/{NOTE}")
    expect(badge(page)).to_be_visible()
    wait_for_panels(page)


def audio(page: Page) -> Locator:
    return page.locator("audio")


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Position in the note")


def look(page: Page) -> Seen:
    seen = page.evaluate(SEEN)
    return Seen(
        seen["time"],
        seen["plays"],
        tuple(seen["range"]),
        tuple(map(tuple, seen["panels"])),
        tuple(seen["lines"]),
    )


def look_until(page: Page, so: Callable[[Seen], bool]) -> Seen:
    """Look until something is seen, for as long as a busy machine may take."""
    until = time.monotonic() + LONGEST
    while time.monotonic() < until:
        seen = look(page)
        if so(seen):
            return seen
        page.wait_for_timeout(50)  # ms
    raise AssertionError(f"not seen within {LONGEST:g} s; the last was {seen}")


def play(page: Page) -> None:
    page.get_by_role("button", name="Play", exact=True).click()
    look_until(page, lambda seen: seen.plays and seen.time > 0.01)


def pause(page: Page) -> None:
    page.get_by_role("button", name="Pause", exact=True).click()
    look_until(page, lambda seen: not seen.plays)


def drag(page: Page, panel: int, first: float, last: float) -> None:
    """Drag over a panel from one share of its width to another."""
    left, top, width, height = look(page).panels[panel]
    page.mouse.move(left + first * width, top + height / 3)
    page.mouse.down()
    page.mouse.move(left + (first + last) / 2 * width, top + height / 3, steps=4)
    page.mouse.move(left + last * width, top + height / 3, steps=4)
    page.mouse.up()


def double_click(page: Page, panel: int, share: float) -> None:
    left, top, width, height = look(page).panels[panel]
    page.mouse.dblclick(left + share * width, top + height / 3)


def put_back(page: Page) -> None:
    """Bring Explore back to where a test finds it: whole panels, a note at its beginning, paused.

    A note or a model that was chosen stays: what the tests try is the same with any.
    """
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    page.mouse.move(5, 5)
    wait_for_idle(page)
    seen = look(page)
    if seen.range[1] - seen.range[0] < 3.5:  # s
        double_click(page, 0, 0.9)
        look_until(page, lambda seen: seen.range[1] - seen.range[0] > 3.5)
    audio(page).evaluate("audio => { audio.pause(); audio.currentTime = 0; }")
    look_until(page, lambda seen: not seen.plays and seen.time == 0)
