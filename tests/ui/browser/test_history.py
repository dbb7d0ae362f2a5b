"""The way back: each choice is one entry of the history, what a page fills in is none."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import AppServer, choose, wait_for_idle
from xai_core.ui.shell.address import LATE_SECONDS

CHOSEN = "?type=tonnetz&family=organ&target=probability&steps=8&axis=notes"
COMPARED = "How far apart they are"


def entries(page: Page) -> int:
    return int(page.evaluate("history.length"))


def open_explore(page: Page, server: AppServer) -> None:
    page.goto(f"{server.url}/{CHOSEN}")
    expect(page.get_by_text("Explained below: the organ model.")).to_be_visible()
    wait_for_idle(page)


def go_on_to_compare(page: Page) -> None:
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_text(COMPARED)).to_be_visible()
    wait_for_idle(page)
    for one in ("type=tonnetz", "family=organ", "target=probability", "steps=8"):
        assert one in page.url  # what the page has filled in


@pytest.mark.browser
def test_one_press_leads_from_compare_back_to_explore(page: Page, server: AppServer) -> None:
    open_explore(page, server)
    before, explored = entries(page), page.url
    go_on_to_compare(page)
    assert entries(page) == before + 1
    page.go_back()
    expect(page.get_by_text("Explained below: the organ model.")).to_be_visible()
    assert page.url == explored
    page.go_forward()
    expect(page.get_by_text(COMPARED)).to_be_visible()
    expect(page).to_have_url(re.compile("/compare.*family=organ"))


@pytest.mark.browser
def test_each_choice_is_one_entry_and_one_press_undoes_it(page: Page, server: AppServer) -> None:
    open_explore(page, server)
    go_on_to_compare(page)
    before, first = entries(page), page.url
    choose(page, "Instrument family", "reed", place=1)
    page.wait_for_url(re.compile("family_b=reed"))
    wait_for_idle(page)
    chosen = page.url
    page.get_by_role("button", name="Swap A and B").click()  # several choices by one click
    page.wait_for_url(re.compile("family_b=organ"))
    wait_for_idle(page)
    assert entries(page) == before + 2
    for wanted, family in ((chosen, "organ"), (first, "organ")):
        # until then an address that was replaced is taken for one that the browser has late
        page.wait_for_timeout(1_000 * (LATE_SECONDS + 0.5))
        page.go_back()
        page.wait_for_url(wanted)
        wait_for_idle(page)
        assert page.url == wanted  # nothing is filled in over it
        of_a = page.get_by_role("combobox", name="Instrument family").first
        expect(of_a).to_have_value(family)
