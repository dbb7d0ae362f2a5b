"""The Learn page in a real browser: six steps, each with its control and its figure."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import CLICKS, TAKEN, AppServer, wait_for_layout
from tests.conftest import StartApp

pytestmark = pytest.mark.browser

STEPS = ("views", "filters", "path", "cam", "difference", "distances")


def open_learn(page: Page, server: AppServer, query: str = "") -> None:
    page.goto(f"{server.url}/learn{query}")
    expect(
        page.get_by_test_id("stBaseButton-secondary")
        .or_(page.get_by_test_id("stBaseButton-primary"))
        .first
    ).to_be_visible()


def test_deep_link_as_the_first_request_of_a_fresh_server(
    fresh_server: StartApp, page: Page
) -> None:
    fresh = fresh_server()
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


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("step=path&taken=64", "After 64 of 64 steps"),
        ("step=path&taken=0", "Silence. Take the first step."),
        ("step=filters&lesson_layer=conv2d_4", "conv2d_4: each map has 31 frames and 10 bins."),
        ("step=cam&maps=9", "Sum of 9 weighted maps"),
        ("step=path&taken=65", "After 16 of 64 steps"),
    ],
)
def test_what_the_controls_say_is_in_the_address(
    page: Page, server: AppServer, query: str, sentence: str
) -> None:
    open_learn(page, server, f"?{query}&family=organ")
    expect(page.get_by_text(sentence)).to_be_visible()
    assert "Traceback" not in server.log
    assert "Session State API" not in server.log


def test_a_moved_slider_moves_the_address_and_comes_back_with_it(
    page: Page, server: AppServer
) -> None:
    open_learn(page, server, "?step=path")
    expect(page.get_by_text("After 16 of 64 steps")).to_be_visible()
    for key, n in (("ArrowRight", 17), ("End", 64), ("ArrowLeft", 63)):
        page.get_by_role("slider").press(key)
        expect(page.get_by_text(f"After {n} of 64 steps")).to_be_visible()
        expect(page).to_have_url(re.compile(f"taken={n}$"))
    page.get_by_role("button", name="4 · Grad-CAM").click()
    expect(page.get_by_text("Sum of 4 weighted maps")).to_be_visible()
    page.get_by_role("button", name="3 · Integrated Gradients").click()
    expect(page.get_by_text("After 63 of 64 steps")).to_be_visible()
    page.reload()
    expect(page.get_by_text("After 63 of 64 steps")).to_be_visible()
    assert "Session State API" not in server.log


def type_into(page: Page, row: int, number: str) -> None:
    """Type a number into the first frame of map A; rows are counted from 1 below the heading."""
    (box,) = wait_for_layout(page.get_by_test_id("stDataFrame").first)
    editor = page.locator("#portal input")
    for _ in range(CLICKS):  # a table that is being drawn does not hear the key
        page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + (row + 0.5) * box["height"] / 5)
        page.keyboard.press("Enter")
        try:
            expect(editor).to_be_visible(timeout=TAKEN)
        except AssertionError:
            continue
        break
    editor.fill(number)
    editor.press("Enter")


def test_typed_maps_are_in_the_address_and_both_steps_have_them(
    page: Page, server: AppServer
) -> None:
    ones, half = "_".join(["1"] * 16), "_".join(["0.5"] * 16)
    open_learn(page, server, f"?step=difference&map_a={ones}&map_b={half}")
    expect(page.get_by_text("absolute differences, 0.5,")).to_be_visible()
    type_into(page, 1, "9")
    expect(page.get_by_text("absolute differences, 1,")).to_be_visible()
    expect(page).to_have_url(re.compile(f"map_a=9{ones[1:]}&"))
    type_into(page, 4, "9")
    expect(page.get_by_text("absolute differences, 1.5,")).to_be_visible()
    page.get_by_role("button", name="6 · How far").click()
    expect(page.get_by_text("Difference Mean: 1.5", exact=True)).to_be_visible()
    type_into(page, 1, "1")
    expect(page.get_by_text("Difference Mean: 1", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_text("Difference Mean: 1", exact=True)).to_be_visible()
    page.get_by_role("button", name="5 · Subtracting").click()
    expect(page.get_by_text("absolute differences, 1,")).to_be_visible()
    type_into(page, 1, "0.12345678")
    expect(page).to_have_url(re.compile("map_a=0.12345678_1_"))  # every digit that was typed
    page.get_by_role("link", name="Models").click()
    expect(page.get_by_role("heading", name="Models")).to_be_visible()
    page.get_by_role("link", name="Learn").click()
    expect(page).to_have_url(re.compile("map_a=0.12345678_1_"))  # and a visit elsewhere
    assert "Traceback" not in server.log


@pytest.mark.parametrize("text", ["1_2", "_".join(["nan"] * 16), "_".join(["11"] * 16), "a" * 500])
def test_what_is_no_map_gets_a_sentence(page: Page, server: AppServer, text: str) -> None:
    open_learn(page, server, f"?step=difference&map_b={text}")
    expect(page.get_by_text("The address names something under “Map B”")).to_be_visible()
    expect(page.get_by_text("The mean of the sixteen absolute differences")).to_be_visible()
    expect(page).not_to_have_url(re.compile("map_b"))
    assert "Traceback" not in server.log


def test_unknown_steps_are_ignored(page: Page, server: AppServer) -> None:
    open_learn(page, server, "?step=../../etc&example=%3Cscript%3E")
    expect(page.get_by_role("combobox", name="Step")).to_have_value(re.compile("^1 ·"))
    assert "Traceback" not in server.log
