"""Two sounds in one player: what is heard as the slider goes from the one to the other."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.browser.bare import TAPPED, levels, open_bare, send, tone

pytestmark = pytest.mark.browser

LOW, HIGH = 500.0, 2000.0  # Hz
SILENT = 40.0  # dB that a sound which is not mixed in lies below the other, at least


def play(page: Page) -> None:
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("() => window.contexts[0]?.currentTime > 0.05")


def blend(page: Page) -> Locator:
    return page.get_by_role("slider", name="From original to changed")


def test_the_slider_mixes_two_sounds_to_both_ears(page: Page) -> None:
    open_bare(page, before=TAPPED)
    send(page, tone(LOW), other=tone(HIGH))
    assert page.evaluate("window.contexts.length") == 0  # made by a gesture alone
    play(page)
    low, high = levels(page, LOW, HIGH)
    assert high - low > SILENT  # it begins at the changed sound
    expect(blend(page)).to_have_attribute("aria-valuetext", "100 % changed")
    blend(page).focus()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    expect(blend(page)).to_have_attribute("aria-valuetext", "50 % changed")
    both = levels(page, LOW, HIGH)
    assert high - both[1] == pytest.approx(6.02, abs=0.5)  # half of it
    page.get_by_role("button", name="original").click()
    low, high = levels(page, LOW, HIGH)
    assert low - high > SILENT
    assert low - both[0] == pytest.approx(6.02, abs=0.5)
    position = page.locator("audio").evaluate("audio => audio.currentTime")
    assert position > 1.0  # the keys of the slider did not move the note
    page.evaluate("window.leave()")
    assert page.evaluate("window.contexts.map(one => one.state)") == ["closed"]


def test_another_second_sound_plays_on_and_another_note_does_not(page: Page) -> None:
    open_bare(page, before=TAPPED)
    send(page, tone(LOW), other=tone(HIGH))
    play(page)
    page.wait_for_function("() => window.contexts[0].currentTime > 0.4")
    before = page.locator("audio").evaluate("audio => audio.currentTime")
    send(page, tone(LOW), other=tone(3000.0))
    low, high, other = levels(page, LOW, HIGH, 3000.0)
    assert other - max(low, high) > SILENT
    state = "audio => [!audio.paused, audio.currentTime]"
    plays, time = page.locator("audio").evaluate(state)
    assert plays
    assert time > before + 0.3
    send(page, tone(HIGH), other=tone(LOW))
    assert page.locator("audio").evaluate(state) == [False, 0]
    assert page.evaluate("window.contexts.length") == 1


def test_one_sound_has_no_slider_and_no_web_audio(page: Page) -> None:
    open_bare(page, before=TAPPED)
    send(page, tone(LOW))
    expect(page.get_by_role("slider")).to_have_count(1)
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    assert page.evaluate("window.contexts.length") == 0


def test_one_sound_after_two_is_heard_in_both_ears(page: Page) -> None:
    open_bare(page, before=TAPPED)
    send(page, tone(LOW), other=tone(HIGH))
    play(page)
    send(page, tone(LOW))
    page.get_by_role("button", name="Play", exact=True).click()
    low, high = levels(page, LOW, HIGH)
    assert low - high > SILENT
    expect(blend(page)).to_have_count(0)


@pytest.mark.parametrize(
    "broken",
    ["delete window.AudioContext", "window.AudioContext = class { constructor() { throw 1; } }"],
    ids=["missing", "refused"],
)
def test_without_web_audio_it_plays_left_and_right(page: Page, broken: str) -> None:
    open_bare(page, before=f"() => {{ {broken}; }}")
    send(page, tone(LOW), other=tone(HIGH))
    page.get_by_role("button", name="Play", exact=True).click()
    sound = page.locator("audio").element_handle()
    page.wait_for_function("audio => audio.currentTime > 0.1", arg=sound)
    expect(page.get_by_text("left: original")).to_be_visible()
    expect(page.get_by_text("right: changed")).to_be_visible()
    expect(blend(page)).to_have_count(0)
