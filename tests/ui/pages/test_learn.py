"""The Learn page: eight steps, each with its control and its figure."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as BrowserTimeout

from tests.browser import CLICKS, TAKEN, AppServer, wait_for_idle, wait_for_layout
from tests.ui.visit import Visit, visit
from xai_core.places import ROOT

STEPS = ("views", "filters", "path", "cam", "hear", "difference", "distances", "trick")


# ------------------------------------------------------------------- without a browser


@pytest.mark.usefixtures("pages")
def test_step_and_family_come_from_the_address() -> None:
    seen = visit("learn", step="cam", family="organ")
    assert seen.shown("Step") == "4 · Grad-CAM"
    assert seen.shown("Instrument family") == "organ"
    assert seen.says("speaks against organ")


@pytest.mark.usefixtures("pages")
def test_the_tour_can_be_walked_to_its_end_and_back(caplog: pytest.LogCaptureFixture) -> None:
    seen = visit("learn")
    for number in range(2, len(STEPS) + 1):
        seen.press(f"{number} ·")
        assert seen.shown("Step").startswith(f"{number} ·")
        assert seen.figures or seen.says("comes after yours")  # step 5 shows them after a guess
        assert seen.address["step"] == STEPS[number - 1]
    seen.press("7 · How far")
    assert seen.shown("Step").startswith("7 ·")
    assert "Session State API" not in caplog.text  # set by a button, and a default as well


@pytest.mark.usefixtures("pages")
def test_the_slider_walks_the_path_to_a_sum_that_is_complete() -> None:
    seen = visit("learn", step="path")
    assert seen.says("After 16 of 64 steps")
    walk(seen, "64")
    said = seen.text("After 64 of 64 steps").replace("−", "-")
    total, change = re.search(r"sum to (-?[\d.]+\d); .* changed by (-?[\d.]+\d)", said).groups()  # type: ignore[union-attr]
    assert float(total) == pytest.approx(float(change), rel=0.1, abs=0.05)
    walk(seen, "0")
    assert seen.says("Take the first step")


@pytest.mark.usefixtures("pages")
def test_colours_stand_for_the_same_numbers_on_the_whole_path() -> None:
    seen = visit("learn", step="path")

    def colours() -> dict[str, tuple[float, float]]:
        return {
            name: (trace["zmin"], trace["zmax"])
            for name in ("faded in", "Gradient at this point", "Summed so far")
            for trace in seen.figure(name).traces("heatmap")
        }

    begun = colours()
    walk(seen, "64")
    assert colours() == begun
    assert len(begun) == 3


def walk(seen: Visit, step: str) -> Visit:
    return seen.slide("Steps taken", step)


@pytest.mark.usefixtures("pages")
def test_a_trick_is_shown_after_a_guess() -> None:
    seen = visit("learn", step="trick")
    assert seen.shown("Network").startswith("Network 1: flute, right on 9")
    assert seen.says("comes after your answer")
    assert len(seen.figures) == 2
    seen.choose("What does it listen to?", "a click")
    assert seen.says("No, not a click: a steady tone.")
    with_it, without = re.search(
        r"This note: (?:> )?(\d+) % with it, (?:< )?(\d+) % without",
        seen.text("This note"),
    ).groups()  # type: ignore[union-attr]
    assert int(with_it) > 50 > int(without)
    assert len(seen.figures) == 3
    planted = seen.figure("What was planted").heatmaps()
    (apart,) = planted.values()
    assert np.median(apart, axis=1).max() > 0.1  # 8 dB louder from beginning to end
    again = visit("learn", **seen.address)  # the guess is in the link
    assert again.says("No, not a click: a steady tone.")
    seen.choose("What does it listen to?", "a steady tone")
    assert seen.says("You are right: a steady tone.")
    assert not seen.says("no map of this kind can point to a gap")


@pytest.mark.usefixtures("pages")
def test_what_is_missing_leaves_nothing_to_point_to() -> None:
    seen = visit("learn", step="trick", network="notch", trick_notch="notch")
    assert seen.says("You are right: a missing band.")
    assert seen.says("no map of this kind can point to a gap")


@pytest.mark.usefixtures("pages")
def test_without_planted_models_the_step_says_what_makes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "starter").symlink_to(ROOT / "models" / "starter", target_is_directory=True)
    monkeypatch.setenv("TIMBRELENS_MODELS", str(tmp_path))
    assert visit("learn", step="trick").says("which are not there: the command `plant` makes them")


@pytest.mark.usefixtures("pages")
def test_examples_with_known_answers() -> None:
    for example, expected in {
        "same": {"Difference Mean: 0", "Jensen-Shannon divergence: 0", "Earth Mover's Distance: 0"},
        "far": {"Jensen-Shannon divergence: 0.69", "Earth Mover's Distance: 2"},
        "louder": {"Jensen-Shannon divergence: 0", "Earth Mover's Distance: 0"},
        "moved": {"Earth Mover's Distance: 0.33", "Earth Mover's Distance of the values: 0"},
    }.items():
        texts = visit("learn", step="distances", example=example).texts
        assert expected <= {text.partition("  \n")[0] for text in texts}


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"step": "path", "taken": "64"}, "After 64 of 64 steps"),
        ({"step": "path", "taken": "0"}, "Silence. Take the first step."),
        (
            {"step": "filters", "lesson_layer": "conv2d_4"},
            "conv2d_4: each map has 31 frames and 10 bins.",
        ),
        ({"step": "path", "taken": "65"}, "After 16 of 64 steps"),
    ],
)
@pytest.mark.usefixtures("pages")
def test_what_the_controls_say_is_in_the_address(
    query: dict[str, str], sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert visit("learn", family="organ", **query).says(sentence)
    assert "Session State API" not in caplog.text


@pytest.mark.usefixtures("pages")
def test_how_many_maps_are_added_is_in_the_address() -> None:
    seen = visit("learn", family="organ", step="cam", maps="9")
    assert [one for one in seen.figures if "Sum of 9 weighted maps" in one.text]


@pytest.mark.parametrize("text", ["1_2", "_".join(["nan"] * 16), "_".join(["11"] * 16), "a" * 500])
@pytest.mark.usefixtures("pages")
def test_what_is_no_map_gets_a_sentence(text: str) -> None:
    seen = visit("learn", step="difference", map_b=text)
    assert seen.says("The address names something under “Map B”")
    assert seen.says("The mean of the sixteen absolute differences")
    assert "map_b" not in seen.address


@pytest.mark.usefixtures("pages")
def test_unknown_steps_are_ignored() -> None:
    seen = visit("learn", step="../../etc", example="<script>")
    assert seen.shown("Step").startswith("1 ·")
    assert "step" not in seen.address


# ------------------------------------------------------------------------ in a browser


def open_learn(page: Page, server: AppServer, query: str = "") -> None:
    page.goto(f"{server.url}/learn{query}")
    expect(
        page.get_by_test_id("stBaseButton-secondary")
        .or_(page.get_by_test_id("stBaseButton-primary"))
        .first
    ).to_be_visible()


@pytest.mark.browser
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
    """Type a number into the first frame of map A; rows are counted from 1 below the heading.

    A table that is drawn anew takes its cell editor with it, and what stood in it.
    """
    editor, table = page.locator("#portal input"), page.get_by_test_id("stDataFrame").first
    for _ in range(CLICKS):
        wait_for_idle(page)
        (box,) = wait_for_layout(table)
        cell = {"x": 0.3 * box["width"], "y": (row + 0.5) * box["height"] / 5}
        try:
            table.click(position=cell, timeout=TAKEN)  # what has moved away meanwhile is not hit
            page.keyboard.press("Enter")
            expect(editor).to_be_visible(timeout=TAKEN)
            editor.fill(number, timeout=TAKEN)
            editor.press("Enter", timeout=TAKEN)
        except (AssertionError, BrowserTimeout):
            continue
        return
    raise AssertionError("the table closes the cell editor each time")


@pytest.mark.browser
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
    page.get_by_role("button", name="7 · How far").click()
    expect(page.get_by_text("Difference Mean: 1.5", exact=True)).to_be_visible()
    type_into(page, 1, "1")
    expect(page.get_by_text("Difference Mean: 1", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_text("Difference Mean: 1", exact=True)).to_be_visible()
    page.get_by_role("button", name="6 · Subtracting").click()
    expect(page.get_by_text("absolute differences, 1,")).to_be_visible()
    type_into(page, 1, "0.12345678")
    expect(page).to_have_url(re.compile("map_a=0.12345678_1_"))  # every digit that was typed
    page.get_by_role("link", name="Models").click()
    expect(page.get_by_role("heading", name="Models")).to_be_visible()
    page.get_by_role("link", name="Learn").click()
    expect(page).to_have_url(re.compile("map_a=0.12345678_1_"))  # and a visit elsewhere
    assert "Traceback" not in server.log
