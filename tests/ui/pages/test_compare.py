"""The Compare page: two sides, their difference and their distances."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect
from streamlit.testing.v1 import AppTest

from tests.browser import AppServer
from tests.ui.visit import Visit, visit
from xai_core.datasets.collection import read_collection
from xai_core.explanations import Comparison, explain
from xai_core.places import samples_folder
from xai_core.ui.pages import compare

FLUTE = "flute_acoustic_851-072"


# ------------------------------------------------------------------- without a browser


def sent(seen: Visit, title: str) -> np.ndarray:
    """Return the values of the map of a title."""
    (values,) = seen.figure(title).heatmaps().values()
    return values


@pytest.mark.usefixtures("pages")
def test_the_difference_is_the_first_map_less_the_second() -> None:
    seen = visit("compare", type="mfcc", family_b="organ")
    assert seen.says("How far apart they are")
    a, b, difference = (sent(seen, title) for title in ("A: Integrated", "B: Integrated", "A − B"))
    assert a.shape == b.shape == difference.shape == (40, 126)
    np.testing.assert_allclose(difference, a - b, atol=1e-6 * np.abs(difference).max())


@pytest.mark.usefixtures("pages")
def test_one_note_under_one_model_twice_is_no_distance_away() -> None:
    seen = visit("compare", type="mfcc")
    seen.choose("Note", seen.shown("Note"), place=1)
    assert seen.says("The two maps are the same in every bin.")
    for name in ("Difference Mean", "Jensen-Shannon divergence", "Earth Mover's Distance"):
        assert seen.metrics()[name] == "0"


@pytest.mark.usefixtures("pages")
def test_sides_can_be_swapped() -> None:
    query = {"type": "mfcc", "family": "organ", "family_b": "reed", "explain": "flute"}
    seen = visit("compare", **query)
    before = sent(seen, "A − B")
    seen.press("Swap A and B")
    assert [seen.shown("Instrument family", place=k) for k in (0, 1)] == ["reed", "organ"]
    assert seen.shown("Explain the model of", place=1) == "flute"
    np.testing.assert_allclose(sent(seen, "A − B"), -before, atol=1e-6 * np.abs(before).max())


@pytest.mark.usefixtures("pages")
def test_unknown_choices_in_the_address_are_ignored() -> None:
    query = {"family_b": "kazoo", "note_b": "../../x", "method": "<script>"}
    seen = visit("compare", type="mfcc", **query)
    assert seen.shown("Method") == "Integrated Gradients"
    assert not set(query) & set(seen.address)


@pytest.mark.usefixtures("pages")
def test_one_note_under_two_methods_is_drawn_in_shares() -> None:
    same = {"family": "flute", "family_b": "flute", "note": FLUTE, "note_b": FLUTE}
    seen = visit("compare", type="mfcc", method_b="grad_cam", **same)
    a, b, difference = (sent(seen, title) for title in ("A: Integrated", "B: Grad-CAM", "A − B"))
    assert a.sum() == pytest.approx(1, abs=1e-4)
    assert b.sum() == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(difference, a - b, atol=1e-6 * np.abs(difference).max())
    assert seen.says("so both maps are shown as shares of their sum")
    assert len(seen.metrics()) == 5
    path = next(one.path for one in read_collection(samples_folder()) if one.note == FLUTE)
    attribution = explain(path, type="mfcc", family="flute").attribution.values.T
    positive, absolute = np.maximum(attribution, 0.0), np.abs(attribution)
    limit = 1e-5 * a.max()
    np.testing.assert_allclose(a, positive / positive.sum(), atol=limit)
    assert seen.figure("A: Integrated").text.count("The flute model, positive evidence")
    assert seen.says("Only what speaks for the family counts, on both sides")
    before = seen.metrics()
    (buttons,) = (one for one in seen.app.segmented_control if one.key == "evidence")
    buttons.set_value("absolute")
    seen.run()
    assert seen.address["evidence"] == "absolute"
    np.testing.assert_allclose(sent(seen, "A: Integrated"), absolute / absolute.sum(), atol=limit)
    assert seen.figure("A: Integrated").text.count("The flute model, absolute values")
    assert not seen.says("Only what speaks for the family counts")
    assert seen.metrics() != before
    assert seen.reload().metrics() == seen.metrics()
    seen.press("Swap A and B")
    assert seen.shown("Method") == "Grad-CAM"
    assert seen.shown("Method of B") == "Integrated Gradients"


@pytest.mark.usefixtures("pages")
def test_methods_that_both_show_evidence_against_begin_with_absolute_values() -> None:
    same = {"family": "flute", "family_b": "flute", "note": FLUTE, "note_b": FLUTE}
    seen = visit("compare", type="mfcc", method_b="input_x_gradient", **same)
    assert seen.figure("A: Integrated").text.count("absolute values")
    (buttons,) = (one for one in seen.app.segmented_control if one.key == "evidence_alike")
    assert buttons.value == "absolute"
    seen.choose("Method of B", "Grad-CAM")  # the other pair has a default of its own
    assert seen.figure("A: Integrated").text.count("positive evidence")
    seen.choose("Method of B", "the same")
    assert not seen.app.segmented_control


@pytest.mark.usefixtures("pages")
def test_one_note_as_two_spectrograms_is_drawn_in_hertz_and_in_shares() -> None:
    same = {"family": "flute", "family_b": "flute", "note": FLUTE, "note_b": FLUTE}
    seen = visit("compare", type="mfcc", **same)
    assert seen.shown("Spectrogram of B") == "the same"
    seen.choose("Spectrogram of B", "Tonnetz")
    assert seen.address["type_b"] == "tonnetz"
    a, b, difference = (sent(seen, title) for title in ("A: Integrated", "B: Integrated", "A − B"))
    assert a.shape == b.shape == difference.shape == (1025, 126)
    assert a.sum() == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(difference, a - b, atol=1e-6 * np.abs(difference).max())
    assert seen.says("A: the flute MFCC model says")
    assert seen.says("B: the flute Tonnetz model says")
    assert seen.says("both maps are carried to hertz and seconds")
    assert len(seen.metrics()) == 5
    again = seen.reload()
    assert again.shown("Spectrogram of B") == "Tonnetz"
    seen.press("Swap A and B")
    assert (seen.shown("Spectrogram"), seen.shown("Spectrogram of B")) == ("Tonnetz", "MFCC")
    np.testing.assert_allclose(sent(seen, "A: Integrated"), b, atol=1e-6 * b.max())


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


# ------------------------------------------------------------------------ in a browser

DRAWN = """(title) => [...document.querySelectorAll('.js-plotly-plot')]
    .filter(plot => plot._fullData && plot.textContent.includes(title))
    .map(plot => Array.from(plot._fullData[0].z, row => Array.from(row)))[0]"""


def open_compare(page: Page, server: AppServer, query: str = "") -> None:
    page.goto(f"{server.url}/compare{query}")
    expect(page.get_by_text("How far apart they are")).to_be_visible()


def drawn(page: Page, title: str) -> np.ndarray:
    rows = page.wait_for_function(DRAWN, arg=title).json_value()
    return np.asarray(rows, np.float64)


@pytest.mark.browser
def test_sides_that_were_swapped_are_drawn_anew(page: Page, server: AppServer) -> None:
    open_compare(page, server, "?type=mfcc&family=organ&family_b=reed&explain=flute")
    before = drawn(page, "A − B")
    page.get_by_role("button", name="Swap A and B").click()
    families = page.get_by_role("combobox", name="Instrument family")
    expect(families.nth(0)).to_have_value("reed")
    expect(families.nth(1)).to_have_value("organ")
    k, m = np.unravel_index(np.abs(before).argmax(), before.shape)
    page.wait_for_function(  # there may be a first picture, or none for a moment
        f"""([k, m, wanted]) => {{
            const z = ({DRAWN})('A − B');
            return z && Math.abs(z[k][m] / wanted - 1) < 1e-6;
        }}""",
        arg=[int(k), int(m), -float(before[k, m])],
    )
    np.testing.assert_allclose(drawn(page, "A − B"), -before, atol=1e-6 * np.abs(before).max())


@pytest.mark.browser
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
    expect(page.get_by_role("combobox", name="Spectrogram", exact=True)).to_have_value("MFCC")
    page.get_by_role("button", name="Swap A and B").click()
    page.wait_for_function("() => location.search.includes('family_b=organ')")
    expect(page.get_by_role("combobox", name="Spectrogram", exact=True)).to_have_value("MFCC")
    assert drawn(page, "A − B").shape == (40, 126)


@pytest.mark.browser
def test_settings_of_explore_hold_here_too(page: Page, server: AppServer) -> None:
    page.goto(f"{server.url}/?type=mfcc&target=probability&family=organ")
    expect(page.get_by_text("Explained below: the organ model.")).to_be_visible()
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_text("How far apart they are")).to_be_visible()
    maps = page.locator(".js-plotly-plot").filter(has_text="probability per bin")
    expect(maps.first).to_be_visible()
    assert "target=probability" in page.url
