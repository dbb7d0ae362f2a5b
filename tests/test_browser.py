"""The harness of the browser tests: it must notice what it is there to notice."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import open_page, start_app, wait_for_rest
from tests.conftest import StartApp


@pytest.mark.browser
@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("console.error('no colour map')", "console: no colour map"),
        ("setTimeout(() => { throw new Error('no canvas') })", "exception: no canvas"),
        ("fetch('http://127.0.0.1:9/gone').catch(() => 0)", "console: Failed to load resource"),
        ("new Image().src = 'http://192.0.2.1/pixel'", "request: http://192.0.2.1/pixel"),
    ],
)
def test_errors_of_a_page_are_gathered(browser: Browser, script: str, error: str) -> None:
    with open_page(browser) as (page, errors):
        page.set_content(f"<p>hello</p><script>{script}</script>")
        wait_for_rest(page, lambda: len(errors) or None)
    assert errors  # a refused request may leave a second one, from the console
    assert errors[0].startswith(error)


@pytest.mark.browser
def test_a_quiet_page_has_no_errors(browser: Browser) -> None:
    with open_page(browser) as (page, errors):
        page.set_content("<p>hello</p><script>console.warn('slow')</script>")
        page.wait_for_timeout(500)
    assert errors == []


@pytest.mark.browser
def test_visitor_sees_no_traceback_and_the_log_does(
    browser: Browser, fresh_server: StartApp, tmp_path: Path
) -> None:
    script = tmp_path / "app.py"
    script.write_text("import streamlit as st\nst.title('hello')\nraise KeyError('secret')\n")
    server = fresh_server(script=script)
    with open_page(browser) as (page, errors):
        page.goto(server.url)
        page.get_by_role("heading", name="hello").wait_for()
        page.locator("[data-testid=stException]").wait_for()
        shown = page.inner_text("body")
    assert "KeyError" not in shown
    assert "secret" not in shown
    assert "Traceback (most recent call last)" in server.log
    assert "KeyError: 'secret'" in server.log
    assert errors == []


def test_a_server_that_does_not_start_shows_its_log(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match=r"(?s)the dashboard ended; its log:.*does not exist"),
        start_app(tmp_path, script=tmp_path / "missing.py"),
    ):
        pass
