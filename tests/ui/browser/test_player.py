"""The player and its line in a real browser: where it is, where it goes, and that it ends."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Page, Route, expect

from tests.browser import AppServer, choose, wait_for_idle, wait_for_rest
from tests.ui.browser.listening import (
    NOTE,
    SLOWLY,
    audio,
    double_click,
    drag,
    look,
    look_until,
    open_panels,
    pause,
    play,
    slider,
)
from tests.ui.pages.test_explore import badge, panels, wait_for_panels

pytestmark = pytest.mark.browser

BACKGROUND = "() => getComputedStyle(document.querySelector('.stApp')).backgroundColor"

# Two clicks with so many ms between them, of which the page sees the second one so much later.
CLICK_TWICE = """async ([x, y, between, seenAfter]) => {
    const target = document.elementFromPoint(x, y);
    const tell = (kind, type, at) => {
        const event = new kind(type, { bubbles: true, clientX: x, clientY: y });
        Object.defineProperty(event, 'timeStamp', { value: at });
        target.dispatchEvent(event);
    };
    const first = performance.now();
    for (const at of [first, first + between]) {
        if (at > first) await new Promise(over => setTimeout(over, seenAfter));
        tell(PointerEvent, 'pointerdown', at);
        tell(MouseEvent, 'mousedown', at);
        tell(PointerEvent, 'pointerup', at + 50);
        tell(MouseEvent, 'mouseup', at + 50);
    }
}"""


def note_seeking(page: Page) -> None:
    """Gather in ``window.sought`` the times that the sound is sent to."""
    audio(page).evaluate(
        "audio => { window.sought = [];"
        " audio.addEventListener('seeking', () => window.sought.push(audio.currentTime)); }"
    )


def test_a_note_can_be_heard_before_the_panels_are_there(page: Page, server: AppServer) -> None:
    held: list[Route] = []
    page.route(re.compile(r"/PlotlyChart\.[^/]*\.js"), lambda route: held.append(route))
    page.goto(f"{server.url}/{NOTE}")
    expect(badge(page)).to_be_visible()
    audio(page).evaluate("(audio, rate) => { audio.playbackRate = rate; }", SLOWLY)
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("audio => audio.currentTime > 0.05", arg=audio(page).element_handle())
    assert page.locator(".js-plotly-plot").count() == 0
    for route in held:
        route.continue_()
    assert held
    expect(panels(page).first).to_be_visible()
    look_until(page, lambda seen: len(seen.lines) == 4)
    pause(page)
    look(page).check_lines()


def test_the_player_says_what_it_is_before_the_note_is_touched(explore_untouched: Page) -> None:
    explore = explore_untouched
    seen = look(explore)
    assert (seen.time, seen.plays, seen.lines) == (0.0, False, ())
    assert audio(explore).evaluate("audio => audio.duration") == pytest.approx(4.0, abs=0.01)
    group = explore.get_by_role("group", name="The four seconds that are explained")
    expect(group.get_by_role("button", name="Play", exact=True)).to_be_visible()
    expect(group.get_by_text("0.0 / 4.0 s")).to_be_visible()
    expect(explore.get_by_text("Click in a panel to listen from there.")).to_be_visible()
    slider(explore).focus()
    ring = slider(explore).evaluate("slider => getComputedStyle(slider).outlineStyle")
    assert ring == "solid"


def test_the_line_follows_the_sound_in_all_four_panels(explore: Page) -> None:
    audio(explore).evaluate("audio => { audio.playbackRate = 1; }")
    play(explore)
    moments = []
    for _ in range(5):
        moments.append(look(explore))
        explore.wait_for_timeout(200)
    pause(explore)
    assert all(moment.plays for moment in moments)
    assert (np.diff([moment.time for moment in moments]) > 0.1).all()
    assert (np.diff([moment.lines for moment in moments], axis=0) > 0).all()
    for moment in moments:
        moment.check_lines(near=5.0)  # px, the tenth of a second that a busy browser is late
    look(explore).check_lines()


def test_a_click_in_any_panel_is_listened_to_from_there(explore: Page) -> None:
    note_seeking(explore)
    for panel, share in ((0, 0.25), (1, 0.5), (2, 0.75), (3, 0.1)):
        before = look(explore)
        left, top, width, height = before.panels[panel]
        explore.mouse.click(left + share * width, top + height / 3)
        seen = look_until(explore, lambda seen: seen.plays)
        first, last = before.range
        wanted = first + share * (last - first)
        sought = explore.evaluate("window.sought")[-1]
        assert sought == pytest.approx(wanted, abs=1.5 * before.seconds_per_pixel)
        assert seen.range == pytest.approx(before.range)  # nothing was zoomed
        explore.wait_for_timeout(700)  # ms; the next click is no double-click
    assert len(explore.evaluate("window.sought")) == 4
    pause(explore)
    look(explore).check_lines()


def test_a_drag_zooms_and_a_double_click_resets_and_neither_seeks(explore: Page) -> None:
    slider(explore).press("Home")
    for _ in range(15):
        slider(explore).press("ArrowRight")
    whole = look(explore)
    assert whole.time == pytest.approx(1.5, abs=1e-3)
    whole.check_lines()
    drag(explore, 2, 0.25, 0.5)
    zoomed = look_until(explore, lambda seen: seen.range[1] < 3)
    assert (zoomed.time, zoomed.plays) == (whole.time, False)
    assert zoomed.range == pytest.approx((0.99, 2.0), abs=0.05)
    zoomed.check_lines()
    slider(explore).press("Home")  # now outside of what is shown
    assert look(explore).lines == ()
    slider(explore).press("End")
    assert look(explore).lines == ()
    for _ in range(5):
        slider(explore).press("Shift+ArrowLeft")
    look(explore).check_lines()
    double_click(explore, 0, 0.9)
    reset = look_until(explore, lambda seen: seen.range[1] > 3 and not seen.plays)
    assert reset.range == pytest.approx(whole.range)
    assert reset.time == pytest.approx(1.5, abs=1e-3)
    reset.check_lines()


@pytest.mark.parametrize(
    ("between", "seen_after"),
    [(300, 900), (700, 0)],
    ids=["a double-click seen late", "two clicks seen at once"],
)
def test_player_and_panels_agree_on_a_double_click_when_the_page_is_busy(
    explore: Page, between: int, seen_after: int
) -> None:
    whole = look(explore)
    drag(explore, 2, 0.25, 0.5)
    zoomed = look_until(explore, lambda seen: seen.range[1] < 3)
    left, top, width, height = zoomed.panels[0]
    place = [left + 0.5 * width, top + height / 3]
    explore.evaluate(CLICK_TWICE, [*place, between, seen_after])
    explore.wait_for_timeout(500)  # ms, in which a zoom is undone
    seen = look(explore)
    one = between < 500  # ms
    assert seen.range == pytest.approx(whole.range if one else zoomed.range)
    assert seen.plays == (not one)


def test_the_line_stays_right_in_a_narrow_window_and_on_the_full_screen(explore: Page) -> None:
    slider(explore).press("End")
    slider(explore).press("Shift+ArrowLeft")
    wide = look(explore)
    explore.set_viewport_size({"width": 1_000, "height": 900})
    look_until(explore, lambda seen: seen.panels[0][2] < 0.8 * wide.panels[0][2])
    wait_for_rest(explore, lambda: look(explore).panels)
    narrow = look(explore)
    assert narrow.time == pytest.approx(3.5, abs=1e-3)
    narrow.check_lines()
    panels(explore).hover()
    panels(explore).get_by_role("button", name="Fullscreen").click()
    look_until(explore, lambda seen: seen.panels[0][3] > narrow.panels[0][3] + 100)
    wait_for_rest(explore, lambda: look(explore).panels)
    look(explore).check_lines()
    panels(explore).hover()
    panels(explore).get_by_role("button", name="Close fullscreen").click()
    look_until(explore, lambda seen: seen.panels[0][3] < narrow.panels[0][3] + 100)


@pytest.mark.parametrize("where", ["player", "panels"])
def test_keys_move_the_sound(explore: Page, where: str) -> None:
    plot = explore.locator(".js-plotly-plot[tabindex]")
    target = slider(explore) if where == "player" else plot
    target.focus()
    for key, time in (
        ("End", 4.0),
        ("ArrowLeft", 3.9),
        ("Shift+ArrowLeft", 3.4),
        ("ArrowRight", 3.5),
        ("Home", 0.0),
        ("ArrowLeft", 0.0),
        ("Shift+ArrowRight", 0.5),
    ):
        explore.keyboard.press(key)
        assert audio(explore).evaluate("audio => audio.currentTime") == pytest.approx(
            time, abs=2e-3
        )
        expect(slider(explore)).to_have_attribute("aria-valuetext", f"{time:.1f} of 4.0 seconds")
    look(explore).check_lines()
    explore.keyboard.press("Space")
    look_until(explore, lambda seen: seen.plays and seen.time > 0.5)
    explore.keyboard.press("Space")
    look_until(explore, lambda seen: not seen.plays)
    explore.keyboard.press("End")
    explore.keyboard.press("Space")  # from the end on means from the beginning
    look_until(explore, lambda seen: seen.plays and 0 < seen.time < 1)
    assert explore.evaluate("document.activeElement.matches('.js-plotly-plot')") == (
        where == "panels"
    )
    expect(target).to_be_focused()


def test_the_sound_plays_on_when_page_or_theme_is_drawn_anew(explore: Page) -> None:
    play(explore)
    explore.evaluate("window.cut = 0")
    audio(explore).evaluate(
        "audio => ['pause', 'emptied', 'seeking'].forEach("
        "event => audio.addEventListener(event, () => { window.cut += 1; }))"
    )
    before = look(explore)
    choose(explore, "Explain the model of", "organ")
    expect(explore.get_by_text("Explained below: the organ model.")).to_be_visible()
    expect(badge(explore)).to_be_visible()
    background = explore.locator(".stApp").evaluate(BACKGROUND)
    explore.emulate_media(color_scheme="dark")
    explore.wait_for_function(f"shade => ({BACKGROUND})() !== shade", arg=background)
    wait_for_idle(explore)
    after = look(explore)
    assert after.plays
    assert after.time > before.time
    assert explore.evaluate("window.cut") == 0
    pause(explore)
    look(explore).check_lines()
    assert explore.locator(".playhead").count() == 1


def test_another_note_falls_silent_at_its_beginning(explore: Page) -> None:
    play(explore)
    sound = str(audio(explore).get_attribute("src"))
    choose(explore, "Note", 3)
    expect(audio(explore)).not_to_have_attribute("src", sound)
    expect(badge(explore)).to_be_visible()
    seen = look(explore)
    assert (seen.time, seen.plays, seen.lines) == (0.0, False, ())
    expect(explore.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_nothing_is_sent_to_the_server_while_a_note_plays(page: Page, server: AppServer) -> None:
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    open_panels(page, server)
    assert sent  # the page asked to be run
    wait_for_rest(page, lambda: len(sent))
    sent.clear()
    play(page)
    slider(page).press("ArrowRight")
    panels(page).scroll_into_view_if_needed()
    left, top, width, height = look(page).panels[0]
    page.mouse.click(left + 0.2 * width, top + height / 3)
    page.wait_for_timeout(1_500)
    assert look(page).plays
    assert sent == []
    choose(page, "Explain the model of", "organ")
    assert sent  # and this is how a run would have been seen


def test_who_wants_little_motion_gets_a_line_that_jumps(explore: Page) -> None:
    moves = {}
    for motion in ("no-preference", "reduce"):
        explore.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]
        play(explore)
        moves[motion] = explore.evaluate(
            """async () => {
                let moves = 0;
                const watch = new MutationObserver(() => { moves += 1; });
                const line = document.querySelector('.playhead > div');
                watch.observe(line, { attributeFilter: ['style'] });
                await new Promise(over => setTimeout(over, 2000));
                watch.disconnect();
                return moves;
            }"""
        )
        pause(explore)
    assert 4 <= moves["reduce"] <= 10  # four a second
    assert moves["no-preference"] > 2 * moves["reduce"]


def test_nothing_is_left_when_the_page_is_left(explore: Page) -> None:
    play(explore)
    sound = audio(explore).element_handle()
    explore.get_by_role("link", name="Models").click()
    expect(explore.get_by_role("heading", name="Models", exact=True)).to_be_visible()
    expect(explore.locator(".playhead")).to_have_count(0)
    assert sound.evaluate("audio => [audio.paused, audio.hasAttribute('src')]") == [True, False]


def test_a_recording_of_a_visitor_has_the_line_too(
    page: Page, server: AppServer, tmp_path: Path
) -> None:
    t = np.arange(7 * 22_050) / 22_050
    path = tmp_path / "tone.flac"
    soundfile.write(path, 0.4 * np.sin(2 * np.pi * 440 * t) * np.exp(-t % 2), 22_050)
    page.goto(f"{server.url}/upload?type=mfcc&model=reed")
    expect(page.get_by_text("Add a recording")).to_be_visible()
    page.locator("input[type=file]").set_input_files(path)
    wait_for_panels(page)
    slider(page).press("End")
    slider(page).press("Shift+ArrowLeft")
    seen = look(page)
    assert seen.time == pytest.approx(3.5, abs=1e-3)
    seen.check_lines()
    sound = str(audio(page).get_attribute("src"))
    page.get_by_role("slider", name="The 4 s that are explained").press("End")
    expect(page.get_by_text(re.compile("took 3.00 to 7.00 s"))).to_be_visible()
    expect(audio(page)).not_to_have_attribute("src", sound)
    assert look(page).time == 0.0
