"""The Trust page: its sentence, curves, cascade, matrix and numbers."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser import AppServer, wait_for_idle
from tests.ui.pages.test_listen import first_note
from tests.ui.pages.test_narrow import PHONE, SCROLLED, WIDER
from tests.ui.visit import visit
from xai_core.explanations import explain
from xai_core.explanations.trust import trust_scores, trust_sentence
from xai_core.ui.parts import trust as parts
from xai_core.ui.parts.trust import WAY

TYPE = "tonnetz"
CURVES, STRIP, ALONG = "Logit of", "maps of one note, of a network", "while layers lose"
AGREE = "maps of one note by"


@pytest.mark.usefixtures("pages")
def test_the_page_shows_the_tests_of_the_chosen_map() -> None:
    seen = visit("trust", type=TYPE, family="guitar")
    tested = explain(first_note("guitar").path, type=TYPE, family="guitar")
    scores = trust_scores(tested)
    assert seen.says(trust_sentence(scores))
    # curves
    lines = seen.figure(CURVES).traces("scatter")
    names = ["by this map", "by energy", "random order"]
    assert [one["name"] for one in lines] == names * 2
    np.testing.assert_allclose(lines[0]["y"], scores.deletion.by_map.outputs)
    np.testing.assert_allclose(lines[5]["y"], scores.insertion.at_random.outputs)
    # cascade
    maps = seen.figure(STRIP).heatmaps()
    assert len(maps) == len(scores.cascade)
    np.testing.assert_allclose(maps["x"], scores.cascade[0].map.values.T, rtol=1e-6)
    along = seen.figure(ALONG).traces("scatter")
    np.testing.assert_allclose(along[1]["y"], [stage.signed for stage in scores.cascade])
    # matrix
    (table,) = seen.figure(AGREE).heatmaps().values()
    np.testing.assert_allclose(table, scores.agreement.correlations, rtol=1e-6)
    # numbers
    assert seen.metrics() == {
        "Over energy": f"{100 * scores.over_energy:+.0f} %".replace("-", "−"),
        "Over random order": f"{100 * scores.over_random:+.0f} %".replace("-", "−"),
        "Sensitivity": f"{100 * scores.sensitivity:.0f} %",
        "Two families share": f"{100 * scores.class_overlap.overlap:.0f} %",
        "Completeness error": seen.metrics()["Completeness error"],
        "Map error": f"{100 * tested.completeness.map_error:.2g} %",
    }
    (left_out,) = (note for note in scores.notes if "left out of the matrix" in note)
    assert [one.value for one in seen.app.caption].count(left_out) == 1  # at the matrix alone
    assert not seen.says("Testing the map")  # the bar is gone

    seen.choose("Method", "Grad-CAM")
    assert seen.address["method"] == "grad_cam"
    other = explain(first_note("guitar").path, type=TYPE, family="guitar", method="grad_cam")
    if other.attribution.is_zero:
        assert seen.says("is zero everywhere, so there is nothing to test")
    else:
        assert seen.says(trust_sentence(trust_scores(other)))
        assert "Completeness error" not in seen.metrics()


@pytest.mark.usefixtures("pages")
def test_a_map_that_is_zero_everywhere_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from xai_core.ui.pages import trust as page

    true = page._explained

    def zero(*words: object) -> object:
        found = true(*words)
        values = np.zeros_like(found.attribution.values)
        return replace(found, attribution=replace(found.attribution, values=values))

    monkeypatch.setattr(page, "_explained", zero)
    seen = visit("trust", type=TYPE, family="guitar")
    assert seen.says("The map of guitar is zero everywhere, so there is nothing to test")
    assert seen.figures == []


@pytest.mark.usefixtures("pages")
def test_on_a_phone_panels_stand_under_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "is_narrow", lambda: True)
    seen = visit("trust", type=TYPE, family="guitar")
    layout = seen.figure(CURVES).layout
    assert layout["yaxis"]["domain"][0] > layout["yaxis2"]["domain"][1]
    strip = seen.figure(STRIP).layout
    assert strip["xaxis4"]["domain"][0] == strip["xaxis"]["domain"][0]


@pytest.mark.usefixtures("pages")
def test_explore_leads_here_and_so_does_no_other_page() -> None:
    from pathlib import Path

    seen = visit(type="mfcc", third="layer_cam")
    links = [one.proto for one in seen.app.main.get("page_link")]
    (way,) = (one for one in links if one.label == WAY)
    assert (way.page, way.query_string) == ("trust", "method=layer_cam")
    pages = Path(parts.__file__).parents[1] / "pages"
    using = [one.stem for one in pages.glob("*.py") if "draw_way_to_trust" in one.read_text()]
    assert using == ["explore"]


@pytest.mark.browser
def test_from_explore_to_the_tests_on_a_phone(page: Page, server: AppServer) -> None:
    page.set_viewport_size(PHONE)
    page.goto(f"{server.url}/?type=tonnetz&family=guitar&third=hires_cam")
    page.get_by_text(WAY).click()
    expect(page.get_by_text(re.compile("with random weights\\."))).to_be_visible(timeout=120_000)
    assert "type=tonnetz" in page.url
    assert "family=guitar" in page.url
    expect(page.get_by_role("combobox", name="Method")).to_have_value("HiResCAM")
    wait_for_idle(page)
    expect(page.locator(".js-plotly-plot")).to_have_count(4)
    assert page.evaluate(WIDER) == []
    assert page.evaluate(SCROLLED) <= PHONE["width"]
