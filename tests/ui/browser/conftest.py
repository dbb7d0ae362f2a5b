"""One page of Explore for the tests that listen to its note and point at its panels.

To draw the page takes 10 s and more, to try one thing on it a second or two: tests of a
file share a visitor, and what one of them has moved is put back for the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import AppServer, open_page
from tests.ui.browser.listening import SLOWLY, audio, look, open_panels, put_back
from tests.ui.pages.test_explore import panels


@dataclass
class Shared:
    """A page, what went wrong in it, and whether the next test can go on with it."""

    page: Page
    errors: list[str]
    usable: bool = False


@pytest.fixture(scope="module")
def shared(browser: Browser) -> Iterator[Shared]:
    with open_page(browser) as (page, errors):
        yield Shared(page, errors)


@pytest.fixture
def explore(shared: Shared, server: AppServer) -> Iterator[Page]:
    """Return Explore at a note whose sound takes 40 s, at its beginning, panels in view.

    Fails when its scripts fail or complain, or the server does.
    """
    page, before, said = shared.page, len(shared.errors), len(server.log)
    if shared.usable:
        put_back(page)
    else:
        open_panels(page, server)
    shared.usable = False
    panels(page).scroll_into_view_if_needed()
    for rate in ("defaultPlaybackRate", "playbackRate"):
        audio(page).evaluate(f"(audio, rate) => {{ audio.{rate} = rate; }}", SLOWLY)
    yield page
    page.wait_for_timeout(100)  # ms, for what is still on its way from the browser
    assert shared.errors[before:] == []
    assert "Traceback" not in server.log[said:]


@pytest.fixture
def explore_untouched(shared: Shared, explore: Page, server: AppServer) -> Page:
    """Return Explore as it is before a note is touched."""
    if audio(explore).evaluate("audio => audio.played.length") or look(explore).lines:
        open_panels(explore, server)
    return explore


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Let the next test go on with the page only where this one left it as it meant to."""
    report = yield
    shared = getattr(item, "funcargs", {}).get("shared")
    if isinstance(shared, Shared) and report.when == "call":
        shared.usable = report.passed
    return report
