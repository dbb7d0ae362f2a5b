"""A stretch of the note played over and over, and every figure that the player draws over."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.browser.bare import draw_panels, open_bare, send, tone

pytestmark = pytest.mark.browser

EDGE = 0.1  # s that a busy browser is late
# Gathers in `window.turns` from where the sound was sent and where to
WATCH = """audio => {
    window.turns = [];
    const { get, set } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'currentTime');
    Object.defineProperty(audio, 'currentTime', {
        get: () => get.call(audio),
        set: time => { window.turns.push([get.call(audio), time]); set.call(audio, time); },
    });
}"""
ZOOM = "([name, range]) => Plotly.relayout(name, { 'xaxis.range': range })"
LINES = """() => [...document.querySelectorAll('.playhead > div')]
    .filter(line => line.checkVisibility()).length"""


@pytest.fixture
def alone(page: Page) -> Page:
    """Return a page with a player and no figure."""
    open_bare(page)
    send(page, tone(500.0))
    return page


def audio(page: Page) -> Locator:
    return page.locator("audio")


def time(page: Page) -> float:
    return float(audio(page).evaluate("audio => audio.currentTime"))


def handles(page: Page) -> list[float]:
    return [
        float(page.get_by_role("slider", name=name).input_value())
        for name in ("Loop from", "Loop to")
    ]


def turns(page: Page, n: int) -> list[list[float]]:
    """Wait until the sound has gone back n times; return from where and where to."""
    page.wait_for_function("n => window.turns.length >= n", arg=n)
    return list(page.evaluate("window.turns"))


def test_handles_are_moved_by_keys_and_the_sound_stays_between_them(alone: Page) -> None:
    page = alone
    expect(page.get_by_role("slider", name="Loop from")).to_have_count(0)
    page.get_by_role("slider", name="Position in the note").focus()
    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Loop")).to_have_attribute("aria-pressed", "true")
    assert handles(page) == pytest.approx([0.0, 4.0])
    page.get_by_role("slider", name="Loop from").focus()
    for key in ("Shift+ArrowRight", "Shift+ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert handles(page) == pytest.approx([1.1, 4.0])
    assert time(page) == pytest.approx(1.1, abs=1e-3)  # what is outside goes to the beginning
    page.get_by_role("slider", name="Loop to").focus()
    page.keyboard.press("Home")  # as near as it may be
    assert handles(page) == pytest.approx([1.1, 1.2])
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_role("slider", name="Loop to")).to_have_attribute(
        "aria-valuetext", "1.4 seconds"
    )
    audio(page).evaluate(WATCH)
    page.keyboard.press("Space")
    for before, after in turns(page, 3):
        assert after == pytest.approx(1.1, abs=1e-3)
        assert before <= 1.4 + EDGE
    page.keyboard.press("l")
    expect(page.get_by_role("slider", name="Loop from")).to_have_count(0)
    page.wait_for_function("audio => audio.currentTime > 1.8", arg=audio(page).element_handle())


def test_brackets_set_the_ends_where_the_sound_is(alone: Page) -> None:
    page = alone
    position = page.get_by_role("slider", name="Position in the note")
    position.press("l")
    position.press("Shift+ArrowRight")
    position.press("[")
    position.press("Shift+ArrowRight")
    position.press("]")
    assert handles(page) == pytest.approx([0.5, 1.0], abs=1e-3)
    assert time(page) == pytest.approx(0.5, abs=1e-3)  # its end is its beginning


def test_the_whole_note_is_played_again_from_its_end(alone: Page) -> None:
    page = alone
    page.get_by_role("button", name="Loop").click()
    position = page.get_by_role("slider", name="Position in the note")
    position.press("End")
    page.wait_for_timeout(400)  # ms, in which it is looked at: it does not begin by itself
    assert audio(page).evaluate("audio => audio.paused")
    position.press("Shift+ArrowLeft")
    audio(page).evaluate(WATCH)
    position.press("Space")
    (before, after), *_ = turns(page, 1)
    assert (before, after) == (pytest.approx(4.0, abs=EDGE), 0.0)
    page.wait_for_function(
        "audio => !audio.paused && audio.currentTime > 0.1", arg=audio(page).element_handle()
    )


def test_a_handle_can_be_dragged(alone: Page) -> None:
    page = alone
    page.get_by_role("button", name="Loop").click()
    bar = page.locator(".stretch").bounding_box()
    assert bar is not None
    y, left, width = bar["y"] + bar["height"] / 2, bar["x"] + 12, bar["width"] - 24
    for share, end in ((0.25, 0.0), (0.5, 1.0)):
        page.mouse.move(left + end * width, y)
        page.mouse.down()
        page.mouse.move(left + share * width, y, steps=5)
        page.mouse.up()
    assert handles(page) == pytest.approx([1.0, 2.0], abs=0.05)
    seek = page.locator(".seek").bounding_box()
    assert seek is not None  # above, the same place is the same time
    assert (seek["x"] + 7, seek["width"] - 14) == pytest.approx((left, width), abs=0.5)


def test_it_follows_what_the_panels_show_until_a_handle_is_moved(page: Page) -> None:
    open_bare(page, figures=True)
    send(page, tone(500.0))
    draw_panels(page, "one")
    page.wait_for_function("document.querySelector('.playhead')")
    page.evaluate(ZOOM, ["one", [1.0, 1.3]])
    page.get_by_role("button", name="Loop").click()
    assert handles(page) == pytest.approx([1.0, 1.3])
    assert time(page) == pytest.approx(1.0, abs=1e-3)
    audio(page).evaluate(WATCH)
    page.get_by_role("button", name="Play", exact=True).click()
    assert all(after == pytest.approx(1.0, abs=1e-3) for _, after in turns(page, 2))
    page.get_by_role("slider", name="Loop from").press("ArrowLeft")
    page.evaluate("Plotly.redraw('one')")  # with what it shows as it was
    assert handles(page) == pytest.approx([0.9, 1.3])
    page.evaluate(ZOOM, ["one", [-0.02, 4.02]])
    assert handles(page) == pytest.approx([0.0, 4.0])


def test_a_click_outside_plays_to_the_end_and_goes_on_in_the_loop(page: Page) -> None:
    open_bare(page, figures=True)
    send(page, tone(500.0))
    draw_panels(page, "one")
    page.wait_for_function("document.querySelector('.playhead')")
    page.get_by_role("button", name="Loop").click()
    page.get_by_role("slider", name="Loop to").press("Home")
    audio(page).evaluate(WATCH)
    click(page, "one", "x", 0.9)  # 3.6 s
    first, second = turns(page, 2)[:2]
    assert first[1] == pytest.approx(3.6, abs=0.05)
    assert second == [pytest.approx(4.0, abs=EDGE), 0.0]


def test_every_figure_has_the_line_and_takes_clicks(page: Page) -> None:
    open_bare(page, figures=True)
    send(page, tone(500.0))
    draw_panels(page, "one", axes=("x", "x2"))
    draw_panels(page, "two")
    page.get_by_role("slider", name="Position in the note").press("Shift+ArrowRight")
    page.wait_for_function(f"({LINES})() === 3")
    audio(page).evaluate("audio => { audio.playbackRate = 0.1; }")
    for name, subplot, share in (("one", "x2", 0.5), ("two", "x", 0.25), ("one", "x", 0.75)):
        click(page, name, subplot, share)
        page.wait_for_function("audio => !audio.paused", arg=audio(page).element_handle())
        assert time(page) == pytest.approx(4 * share, abs=0.1)
        page.wait_for_timeout(600)  # ms; the next click is no double-click
    draw_panels(page, "two")  # a new one in its place
    page.wait_for_function(f"({LINES})() === 3")
    assert page.locator(".playhead").count() == 2
    page.evaluate("window.leave()")
    assert page.locator(".playhead").count() == 0


def click(page: Page, name: str, subplot: str, share: float) -> None:
    """Click a panel of a figure at a share of its width."""
    box = page.locator(f"#{name} .nsewdrag[data-subplot^={subplot}y]").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + share * box["width"], box["y"] + box["height"] / 3)
