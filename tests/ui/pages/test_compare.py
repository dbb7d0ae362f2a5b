"""The Compare page in a real browser: two sides, their difference and their distances."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect
from streamlit.testing.v1 import AppTest

from tests.browser import AppServer, choose
from tests.conftest import StartApp
from xai_core.explanations import Comparison
from xai_core.ui.pages import compare

pytestmark = pytest.mark.browser

DRAWN = """(title) => [...document.querySelectorAll('.js-plotly-plot')]
    .filter(plot => plot._fullData && plot.textContent.includes(title))
    .map(plot => Array.from(plot._fullData[0].z, row => Array.from(row)))[0]"""


def open_compare(page: Page, server: AppServer, query: str = "") -> None:
    page.goto(f"{server.url}/compare{query}")
    expect(page.get_by_text("How far apart they are")).to_be_visible()


def drawn(page: Page, title: str) -> np.ndarray:
    rows = page.wait_for_function(DRAWN, arg=title).json_value()
    return np.asarray(rows, np.float64)


def test_deep_link_as_the_first_request_of_a_fresh_server(
    fresh_server: StartApp, page: Page
) -> None:
    fresh = fresh_server()
    open_compare(page, fresh, "?type=mfcc&family=organ&family_b=reed&method=grad_cam")
    families = page.get_by_role("combobox", name="Instrument family")
    expect(families.nth(0)).to_have_value("organ")
    expect(families.nth(1)).to_have_value("reed")
    expect(page.get_by_role("combobox", name="Method", exact=True)).to_have_value("Grad-CAM")
    assert "Traceback" not in fresh.log


def test_the_difference_is_the_first_map_less_the_second(page: Page, server: AppServer) -> None:
    open_compare(page, server, "?type=mfcc&family_b=organ")
    a, b, difference = (drawn(page, title) for title in ("A: Integrated", "B: Integrated", "A − B"))
    assert a.shape == b.shape == difference.shape == (40, 126)
    np.testing.assert_allclose(difference, a - b, atol=1e-6 * np.abs(difference).max())


def test_one_note_under_one_model_twice_is_no_distance_away(page: Page, server: AppServer) -> None:
    open_compare(page, server, "?type=mfcc")
    first = page.get_by_role("combobox", name="Note").nth(0).input_value()
    choose(page, "Note", first, place=1)
    expect(page.get_by_text("The two maps are the same in every bin.").last).to_be_visible()
    for name in ("Difference Mean", "Jensen-Shannon divergence", "Earth Mover's Distance"):
        metric = page.get_by_test_id("stMetric").filter(has_text=re.compile(f"^{name}0$"))
        expect(metric).to_be_visible()


def test_sides_can_be_swapped(page: Page, server: AppServer) -> None:
    open_compare(page, server, "?type=mfcc&family=organ&family_b=reed&explain=flute")
    before = drawn(page, "A − B")
    page.get_by_role("button", name="Swap A and B").click()
    families = page.get_by_role("combobox", name="Instrument family")
    expect(families.nth(0)).to_have_value("reed")
    expect(families.nth(1)).to_have_value("organ")
    explained = page.get_by_role("combobox", name="Explain the model of")
    expect(explained.nth(1)).to_have_value("flute")
    k, m = np.unravel_index(np.abs(before).argmax(), before.shape)
    page.wait_for_function(  # there may be a first picture, or none for a moment
        f"""([k, m, wanted]) => {{
            const z = ({DRAWN})('A − B');
            return z && Math.abs(z[k][m] / wanted - 1) < 1e-6;
        }}""",
        arg=[int(k), int(m), -float(before[k, m])],
    )
    np.testing.assert_allclose(drawn(page, "A − B"), -before, atol=1e-6 * np.abs(before).max())


def test_settings_of_explore_hold_here_too(page: Page, server: AppServer) -> None:
    page.goto(f"{server.url}/?type=mfcc&target=probability&family=organ")
    expect(page.get_by_text("Explained below: the organ model.")).to_be_visible()
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_text("How far apart they are")).to_be_visible()
    maps = page.locator(".js-plotly-plot").filter(has_text="probability per bin")
    expect(maps.first).to_be_visible()
    assert "target=probability" in page.url


def test_unknown_choices_in_the_address_are_ignored(page: Page, server: AppServer) -> None:
    open_compare(page, server, "?type=mfcc&family_b=kazoo&note_b=../../x&method=%3Cscript%3E")
    expect(page.get_by_role("combobox", name="Method", exact=True)).to_have_value(
        "Integrated Gradients"
    )
    assert "Traceback" not in server.log


def test_one_note_under_two_methods_is_drawn_in_shares(page: Page, server: AppServer) -> None:
    same = "family=flute&family_b=flute&note=flute_acoustic_851-072&note_b=flute_acoustic_851-072"
    open_compare(page, server, f"?type=mfcc&{same}&method_b=grad_cam")
    a, b, difference = (drawn(page, title) for title in ("A: Integrated", "B: Grad-CAM", "A − B"))
    assert a.sum() == pytest.approx(1, abs=1e-4)
    assert b.sum() == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(difference, a - b, atol=1e-6 * np.abs(difference).max())
    expect(page.get_by_text("so both maps are shown as shares of their sum")).to_be_visible()
    expect(page.get_by_test_id("stMetric")).to_have_count(5)
    page.get_by_role("button", name="Swap A and B").click()
    method = page.get_by_role("combobox", name="Method", exact=True)
    expect(method).to_have_value("Grad-CAM")
    expect(page.get_by_role("combobox", name="Method of B")).to_have_value("Integrated Gradients")


def test_a_choice_in_the_address_outlives_a_browser_slow_to_draw_its_lists(
    page: Page, server: AppServer
) -> None:
    held: list[Route] = []
    page.route(re.compile(r"/Selectbox\.[^/]*\.js"), lambda route: held.append(route))
    open_compare(page, server, "?type=mfcc&family_b=organ")
    page.get_by_role("button", name="Swap A and B").click()
    page.wait_for_function("() => location.search.includes('family=organ')")
    for route in held:
        route.continue_()
    assert held
    expect(page.get_by_role("combobox", name="Spectrogram")).to_have_value("MFCC")
    page.get_by_role("button", name="Swap A and B").click()
    page.wait_for_function("() => location.search.includes('family_b=organ')")
    expect(page.get_by_role("combobox", name="Spectrogram")).to_have_value("MFCC")
    assert drawn(page, "A − B").shape == (40, 126)


def test_what_takes_a_moment_shows_a_first_picture(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path))
    monkeypatch.setattr(compare, "MOMENT", 0.0)  # s; every map takes longer
    drawn_in = []
    maps = compare._maps

    def noted(comparison: Comparison, *, stage: str = "") -> None:
        drawn_in.append((stage, comparison.a.completeness, comparison.b.completeness))
        maps(comparison, stage=stage)

    monkeypatch.setattr(compare, "_maps", noted)

    def script() -> None:
        from xai_core.ui.pages.compare import compare_page

        compare_page()

    shown = AppTest.from_function(script, default_timeout=300)
    shown.query_params["type"] = "mfcc"
    shown.run()
    assert not shown.exception  # such as two figures of one name
    (first, *some), (last, *both) = drawn_in
    assert (first, last) == ("first ", "")
    assert not all(one is not None and one.converged for one in some)
    assert all(one is not None and one.error <= 0.01 for one in both)
    assert sum("of the difference is" in text.value for text in shown.markdown) == 1
    assert not any("A first picture" in text.value for text in shown.caption)
