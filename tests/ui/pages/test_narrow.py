"""A window as narrow as that of a phone: panels one under the other, nothing cut off."""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as BrowserTimeout

from tests.browser import AppServer, wait_for_idle
from tests.ui.browser.test_player import audio, look, look_until, open_panels, pause, play
from tests.ui.pages.test_explore import panels
from xai_core.ui.shell.pages import PAGES

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}  # px
DESKTOP = {"width": 1280, "height": 800}
NEAR = 2.0  # px
# Boxes of the texts that stand above panels and of the lines over them, and how touch acts there.
DRAWN = """() => {
    const plot = [...document.querySelectorAll('.js-plotly-plot')]
        .find(plot => plot.layout?.meta?.playhead);
    const boxes = elements => [...elements].map(e => e.getBoundingClientRect())
        .map(b => [b.left, b.top, b.width, b.height]);
    return {
        titles: boxes(plot.querySelectorAll('.annotation text')),
        bars: boxes(plot.querySelectorAll('.colorbar .cbfills')),
        lines: boxes([...document.querySelectorAll('.playhead > div')]
            .filter(line => line.checkVisibility())),
        touch: getComputedStyle(plot.querySelector('.nsewdrag')).touchAction,
    };
}"""
WIDER = """() => [...document.querySelectorAll('[data-testid=stMain] *')]
    .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1)
    .filter(e => !e.closest('[data-testid=stDataFrame], pre, [data-testid=stSelectbox]'))
    .filter(e => !e.matches('[data-testid=stSlider] input'))  // unseen, where the thumb is
    .map(e => `${e.tagName} ${e.className} ${e.textContent}`.slice(0, 90)).slice(0, 5)"""
SCROLLED = "document.querySelector('[data-testid=stMain]').scrollWidth"


def overlap(a: list[float], b: list[float]) -> bool:
    return (
        a[0] + NEAR < b[0] + b[2]
        and b[0] + NEAR < a[0] + a[2]
        and a[1] + NEAR < b[1] + b[3]
        and b[1] + NEAR < a[1] + a[3]
    )


def test_panels_stand_under_each_other_and_widen_with_the_window(
    page: Page, server: AppServer
) -> None:
    page.set_viewport_size(PHONE)
    open_panels(page, server)
    look_until(page, lambda seen: seen.panels[2][1] > seen.panels[0][1] + 100)
    panels(page).scroll_into_view_if_needed()
    seen = look(page)
    lefts, tops, widths, heights = zip(*seen.panels, strict=True)
    assert list(lefts) == pytest.approx([lefts[0]] * 4, abs=NEAR)
    assert min(widths) > 0.65 * PHONE["width"]
    # the second panel is of four strips, of which one is seen here
    assert tops[2] > tops[1] + heights[1] > tops[1] > tops[0] + heights[0]
    assert tops[3] > tops[2] + heights[2]
    audio(page).evaluate("audio => { audio.playbackRate = 0.1; }")
    play(page)
    pause(page)
    seen, drawn = look(page), page.evaluate(DRAWN)
    seen.check_lines()
    for k in (0, 2, 3):  # the second panel is of four strips, and the line spans all
        assert drawn["lines"][k][1::2] == pytest.approx(seen.panels[k][1::2], abs=NEAR)
    assert drawn["lines"][1][3] == pytest.approx(drawn["lines"][0][3], abs=NEAR)
    for k, one in enumerate(drawn["titles"]):
        assert one[0] + one[2] <= PHONE["width"]
        assert not any(overlap(one, other) for other in drawn["titles"][k + 1 :])
        assert not any(overlap(one, bar) for bar in drawn["bars"])
    assert drawn["touch"] != "none"  # a finger on a panel scrolls the page
    page.set_viewport_size(DESKTOP)
    look_until(page, lambda seen: seen.panels[2][1] == pytest.approx(seen.panels[0][1], abs=NEAR))
    seen = look(page)
    for (left, _, width, _), (beside, *_) in pairwise(seen.panels):
        assert left + width < beside


@pytest.mark.parametrize("name", [one.name for one in PAGES])
def test_nothing_of_a_page_is_wider_than_a_phone(page: Page, server: AppServer, name: str) -> None:
    page.set_viewport_size(PHONE)
    (path,) = (re.sub(r"^(pages/|app)|\.py$", "", one.file) for one in PAGES if one.name == name)
    page.goto(f"{server.url}/{path}?type=chroma")
    expect(page.get_by_role("heading").first).to_be_visible()
    wait_for_idle(page)
    # a figure may have been drawn before the page knew the width of the window
    with suppress(BrowserTimeout):  # what is still too wide is named below
        page.wait_for_function(f"() => ({WIDER})().length === 0", timeout=20_000)
    assert page.evaluate(WIDER) == []
    assert page.evaluate(SCROLLED) == PHONE["width"]
