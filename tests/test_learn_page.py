"""The Learn page in a real browser: six steps, each with its control and its figure."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import AppServer
from tests.conftest import StartApp

pytestmark = pytest.mark.browser

STEPS = ("views", "filters", "path", "cam", "difference", "distances")


@pytest.fixture(scope="module")
def server(app_server: StartApp) -> AppServer:
    return app_server()


def open_learn(page: Page, server: AppServer, query: str = "") -> None:
    page.goto(f"{server.url}/learn{query}")
    expect(
        page.get_by_test_id("stBaseButton-secondary")
        .or_(page.get_by_test_id("stBaseButton-primary"))
        .first
    ).to_be_visible()


def test_deep_link_as_the_first_request_of_a_fresh_server(app_server: StartApp, page: Page) -> None:
    fresh = app_server(environ={"TIMBRELENS_TEST": "deep link to a lesson"})
    open_learn(page, fresh, "?step=cam&family=organ")
    expect(page.get_by_role("combobox", name="Step")).to_have_value("4 · Grad-CAM")
    expect(page.get_by_role("combobox", name="Instrument family")).to_have_value("organ")
    expect(page.get_by_text("speaks against organ")).to_be_visible()
    assert "Traceback" not in fresh.log


def test_the_tour_can_be_walked_to_its_end_and_back(page: Page, server: AppServer) -> None:
    open_learn(page, server)
    for number in range(2, len(STEPS) + 1):
        page.get_by_role("button", name=re.compile(f"{number} ·")).click()
        expect(page.get_by_role("combobox", name="Step")).to_have_value(re.compile(f"^{number} ·"))
        expect(page.locator(".js-plotly-plot").first).to_be_visible()
        expect(page).to_have_url(re.compile(f"step={STEPS[number - 1]}"))
    page.get_by_role("button", name="5 · Subtracting").click()
    expect(page.get_by_role("combobox", name="Step")).to_have_value(re.compile("^5 ·"))
    assert "Traceback" not in server.log
    assert "Session State API" not in server.log  # set by a button, and a default as well


def test_the_slider_walks_the_path_to_a_sum_that_is_complete(page: Page, server: AppServer) -> None:
    open_learn(page, server, "?step=path")
    expect(page.get_by_text("After 16 of 64 steps")).to_be_visible()
    page.get_by_role("slider").press("End")
    last = page.get_by_text("After 64 of 64 steps")
    expect(last).to_be_visible()
    said = last.inner_text().replace("−", "-")
    total, change = re.search(r"sum to (-?[\d.]+\d); .* changed by (-?[\d.]+\d)", said).groups()  # type: ignore[union-attr]
    assert float(total) == pytest.approx(float(change), rel=0.1, abs=0.05)
    page.get_by_role("slider").press("Home")
    expect(page.get_by_text("Take the first step")).to_be_visible()


def test_examples_with_known_answers(page: Page, server: AppServer) -> None:
    for example, expected in {
        "same": {"Difference Mean: 0", "Jensen-Shannon divergence: 0", "Earth Mover's Distance: 0"},
        "far": {"Jensen-Shannon divergence: 0.69", "Earth Mover's Distance: 2"},
        "louder": {"Jensen-Shannon divergence: 0", "Earth Mover's Distance: 0"},
        "moved": {"Earth Mover's Distance: 0.33", "Earth Mover's Distance of the values: 0"},
    }.items():
        open_learn(page, server, f"?step=distances&example={example}")
        for sentence in expected:
            expect(page.get_by_text(sentence, exact=True)).to_be_visible()


def test_unknown_steps_are_ignored(page: Page, server: AppServer) -> None:
    open_learn(page, server, "?step=../../etc&example=%3Cscript%3E")
    expect(page.get_by_role("combobox", name="Step")).to_have_value(re.compile("^1 ·"))
    assert "Traceback" not in server.log
