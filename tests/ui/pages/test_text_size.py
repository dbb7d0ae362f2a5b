"""Text for a projector in a real browser: words and figures grow, on every page, and stay."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser import AppServer, choose

pytestmark = pytest.mark.browser

SIZES = """() => ({
    words: parseFloat(
        getComputedStyle(document.querySelector('[data-testid=stMarkdown] p')).fontSize),
    figure: Math.max(...[...document.querySelectorAll('.js-plotly-plot')].map(
        plot => plot._fullLayout?.font?.size ?? 0)),
})"""


def sizes(page: Page) -> dict[str, float]:
    page.wait_for_function(f"() => ({SIZES})().figure > 0")
    found: dict[str, float] = page.evaluate(SIZES)
    return found


def test_text_grows_with_the_choice_and_on_the_next_page(page: Page, server: AppServer) -> None:
    page.goto(f"{server.url}/?type=mfcc")
    expect(page.get_by_text("Save Grad-CAM")).to_be_visible()
    before = sizes(page)
    choose(page, "Text size", "for a projector")
    page.wait_for_function(f"words => ({SIZES})().words > 1.25 * words", arg=before["words"])
    page.wait_for_function(f"figure => ({SIZES})().figure > 1.25 * figure", arg=before["figure"])
    assert "text=larger" in page.url
    page.get_by_role("link", name="Learn").click()
    expect(page.get_by_role("heading", name="Learn")).to_be_visible()
    after = sizes(page)
    assert after["words"] == pytest.approx(1.3 * before["words"], rel=0.02)
    assert after["figure"] == pytest.approx(1.3 * before["figure"], rel=0.05)
    choose(page, "Text size", "normal")
    page.wait_for_function(f"words => ({SIZES})().words === words", arg=before["words"])
    assert "text=" not in page.url
