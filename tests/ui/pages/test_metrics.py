"""The Metrics page: boxes that fill, stop, come back at once, and open pairs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as BrowserTimeout
from scipy.stats import spearmanr

from tests.browser import (
    CLICKS,
    TAKEN,
    AppServer,
    choose,
    click_point,
    wait_for_layout,
    wait_for_rest,
)
from tests.few_models import link_models
from tests.made_pairs import notes_of, pairs_of
from tests.ui.visit import Visit, visit
from xai_core.catalogue.compared import Compared
from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.paper import PAPER_METRICS
from xai_core.datasets.collection import read_collection
from xai_core.explanations import explain
from xai_core.metrics import js_divergence
from xai_core.places import samples_folder
from xai_core.replication.claims import OUTCOMES
from xai_core.study.beside import joined
from xai_core.study.run import PartialResults, read_partial_results
from xai_core.ui.parts import across_types
from xai_core.ui.parts.claims import SIGNS
from xai_core.ui.parts.distance_runs import Chosen
from xai_core.ui.parts.words import note_label
from xai_core.values import FAMILIES

QUERY = "?type=tonnetz&method=grad_cam&notes=4"


# ------------------------------------------------------------------- without a browser


@pytest.mark.usefixtures("pages")
def test_choices_come_from_the_address() -> None:
    seen = visit("metrics", type="mfcc", notes="8")
    assert seen.shown("Spectrogram") == "MFCC"
    assert seen.shown("How many notes") == "8 notes a family"
    assert seen.says("Press Compute") or seen.says("Press *Compute*")


@pytest.mark.usefixtures("pages")
def test_unknown_choices_in_the_address_are_ignored() -> None:
    seen = visit("metrics", type="kazoo", method="../..", notes="999999")
    assert seen.shown("How many notes") == "6 notes a family"
    assert not {"type", "method", "notes"} & set(seen.address)


@pytest.mark.usefixtures("pages")
def test_types_are_compared_on_one_note_when_that_is_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    explained = []
    progressively = across_types.explain_progressively

    def counted(*args: Any, **named: Any) -> Any:
        explained.append(named["type"])
        return progressively(*args, **named)

    monkeypatch.setattr(across_types, "explain_progressively", counted)
    seen = visit("metrics", type="tonnetz", method="grad_cam", notes="4", family="guitar")
    label = "Distances across types of one note"
    assert seen.shown(label) == "not shown"
    assert not explained
    seen.choose(label, "Jensen-Shannon divergence")
    assert seen.address["across"] == "js_divergence"
    assert explained == ["log_mel", "mfcc", "tonnetz"]
    assert seen.shown("Instrument family") == "guitar"
    note = next(one for one in read_collection(samples_folder()) if one.family == "guitar")
    maps = [
        np.abs(explain(note.path, type=type, family="guitar", method="grad_cam").canvas())
        for type in explained
    ]
    drawn = seen.figure("between the maps of one note by 3 spectrogram types")
    (cells,) = drawn.heatmaps().values()
    for i, a in enumerate(maps):
        for j, b in enumerate(maps):
            expected = js_divergence(a, b) if np.any(a) and np.any(b) else np.nan
            assert cells[i, j] == pytest.approx(expected, rel=1e-3, abs=1e-6, nan_ok=True)
    assert seen.says("Grad-CAM says when on MFCC, but not at which frequency")
    assert not seen.says("Explaining the note by")


@pytest.mark.slow
@pytest.mark.usefixtures("pages")
def test_all_types_at_a_glance_are_computed_on_demand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    types = ("chroma", "tonnetz")  # whose notes take least
    monkeypatch.setenv("TIMBRELENS_MODELS", str(link_models(tmp_path, types)))
    seen = visit("metrics", type="tonnetz", method="grad_cam", notes="4")
    if seen.has_button("Compute"):
        seen.press("Compute")
    assert seen.says(re.compile(r"^Finished: \d+ pairs of notes"))
    assert seen.says("All types at a glance")
    before = medians_of(seen)
    assert [np.isfinite(row).any() for row in before.T].count(True) == 1
    seen.press("Compute the types that are missing")
    assert not seen.has_button("Compute the types that are missing")
    assert not seen.has_button("Pause")
    medians = medians_of(seen)
    assert medians.shape == (10, len(types))
    assert np.isfinite(medians).any(axis=0).all()
    assert not seen.says("Explaining and comparing notes")


@pytest.mark.slow
@pytest.mark.usefixtures("pages")
def test_random_networks_and_spectrograms_stand_beside_on_demand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMBRELENS_MODELS", str(link_models(tmp_path, ("tonnetz",))))
    seen = visit("metrics", type="tonnetz", method="grad_cam", notes="4")
    if seen.has_button("Compute"):
        seen.press("Compute")
    seen.press("Compare random networks")
    assert not seen.says("not computed yet")
    boxes = seen.figure("distances between the heatmaps of two notes of a family").traces("box")
    said = seen.text("The distances between maps of random networks rank the pairs")
    numbers = re.findall(r"JS (-?\d\.\d\d)", said)
    records = read_collection(samples_folder())
    asked = {"types": ["tonnetz"], "methods": ["grad_cam"], "notes_per_family": 4}
    model, *others = (
        read_partial_results(records, compared=Compared(maps), **asked).pairs
        for maps in ("model", "random", "spectrogram")
    )
    drawn = {one["name"] for one in boxes if not one.get("showlegend")}
    tables = {"": model, ", random network": others[0], ", spectrogram": others[1]}
    # a random network can have no evidence for a family, and so no map by Grad-CAM
    assert drawn == {f"{name}{maps}" for maps, one in tables.items() for name in one["family"]}
    for number, table in zip(numbers, others, strict=True):
        a, b = joined(model, table)
        expected = spearmanr(a["js_divergence"], b["js_divergence"]).statistic
        assert float(number) == pytest.approx(expected, abs=0.006)
    alone = visit("metrics", type="tonnetz", method="grad_cam", notes="4", beside="none")
    assert not alone.says("rank the pairs")
    boxes = alone.figure("distances between the heatmaps of two notes of a family").traces("box")
    assert not any("," in one["name"] for one in boxes)


@pytest.mark.usefixtures("pages")
def test_what_is_compared_is_a_choice_that_the_method_has() -> None:
    label = "What is compared"
    seen = visit("metrics", type="tonnetz", method="integrated_gradients", view="mean_gradient")
    assert seen.shown(label) == "Mean gradients"
    assert seen.options(label) == ["Absolute maps", "Signed maps", "Mean gradients"]
    seen.choose("Method", "Grad-CAM")
    assert seen.options(label) == ["Absolute maps", "Signed maps"]
    assert seen.shown(label) == "Absolute maps"
    assert "view" not in seen.address


@pytest.mark.usefixtures("pages")
def test_points_name_their_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    records = [one for one in read_collection(samples_folder()) if one.family == "guitar"][:3]
    notes = [(one.family, one.instrument, one.note) for one in records]
    pairs = pairs_of(notes, lambda a, b, metric: 1.0, method="grad_cam")
    monkeypatch.setattr(Chosen, "read", lambda *args, **named: PartialResults(pairs, 1, 10))
    seen = visit("metrics", type="mfcc", method="grad_cam")
    title = "distances between the heatmaps of two notes of a family"
    assert not seen.figure(title).traces("scatter")
    seen.toggle("Show every pair as a point")
    drawn = seen.figure(title).traces("scatter")
    assert drawn
    for trace in drawn:
        assert {row[2] for row in trace["customdata"]} <= {one.note for one in records}
        names = {note_label(one) for one in records}
        assert {name for text in trace["text"] for name in text.split("<br>")} == names
        assert "customdata" not in trace["hovertemplate"].replace("%{customdata[1]}", "")


def made_results(monkeypatch: pytest.MonkeyPatch, families: Sequence[str]) -> pd.DataFrame:
    """Let the page find made pairs of some families, whose directions differ; return them."""
    rng = np.random.default_rng(3)
    notes = notes_of(families, each=2)
    pairs = pairs_of(notes, lambda a, b, metric: float(rng.uniform(1.0, 9.0)))
    pairs = pairs[pairs["family"] == pairs["other_family"]].reset_index(drop=True)
    found = PartialResults(pairs, len(families), 10)
    monkeypatch.setattr(Chosen, "read", lambda *args, **named: found)
    return pairs


def medians_shown(seen: Visit) -> pd.DataFrame:
    (table,) = (one.value for one in seen.app.table)
    return table.set_index("family")


@pytest.mark.usefixtures("pages")
def test_medians_and_boxes_count_the_columns_that_the_page_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pairs = made_results(monkeypatch, ("bass", "mallet"))
    seen = visit("metrics", type="mfcc", method="integrated_gradients")
    shown = medians_shown(seen)
    for metric in METRICS.values():
        pooled = len(metric.directions) == 2
        heading = f"{metric.label}, both directions" if pooled else metric.label
        for family, of_family in pairs.groupby("family"):
            values = np.concatenate([of_family[name] for name in metric.directions])
            said = shown.loc[family, heading].partition(" ")[0]
            last_place = 10.0 ** -len(said.partition(".")[2])
            assert float(said) == pytest.approx(np.median(values), abs=0.5001 * last_place)
    kl = METRICS["kl_divergence"]
    assert seen.says("Kullback-Leibler divergence of a pair of notes counts twice")
    assert seen.says(" and ".join(kl.directions))
    boxes = seen.figure("distances between the heatmaps").traces("box")
    drawn = [one["median"][0] for one in boxes if one["name"] == "mallet"]
    of_mallet = pairs[pairs["family"] == "mallet"]
    pooled = np.median(np.concatenate([of_mallet[name] for name in kl.directions]))
    assert drawn[list(PAPER_METRICS).index("kl_divergence")] == pytest.approx(pooled, rel=1e-6)


@pytest.mark.usefixtures("pages")
def test_statements_without_pairs_are_one_line_and_what_is_decided_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made_results(monkeypatch, ("bass", "mallet"))
    seen = visit("metrics", type="mfcc", method="integrated_gradients")
    waiting = [one for one in seen.texts if "no pairs" in one]
    (line,) = waiting
    n = int(re.search(r"\d+", line).group())
    assert n > 1
    said = f"{n} statements need pairs that are not there yet: no pairs within brass, flute"
    assert said in line
    assert seen.says(f"None of {n} statements is decided.")
    made_results(monkeypatch, FAMILIES)
    seen = visit("metrics", type="mfcc", method="integrated_gradients", beside="none")
    assert not seen.says("no pairs within")
    counts = [sum(text.startswith(SIGNS[one]) for text in seen.texts) for one in OUTCOMES]
    assert sum(counts) == n
    holds, fails, undecided = counts
    said = seen.text("statements about order")
    if holds + fails == 0:
        assert f"None of {n} statements is decided." in said
    else:
        numbers = [int(one) for one in re.findall(r"\d+", said.partition("not decidable")[0])]
        assert numbers == [n, holds + fails, holds, fails, undecided]


def medians_of(seen: Visit) -> np.ndarray:
    """Return the medians of the last figure, shape (families, types), NaN where there is none."""
    maps = [one for figure in seen.figures for one in figure.traces("heatmap")]
    return np.asarray([[np.nan if x is None else x for x in row] for row in maps[-1]["z"]], float)


# ------------------------------------------------------------------------ in a browser


def main_button(page: Page, name: str) -> Locator:
    """Find a button by its words, without its icon; the one of all types has others."""
    label = re.compile(rf"(^|\s)({name})( \(|$)")
    return page.get_by_test_id("stMain").get_by_role("button", name=label)


def open_metrics(page: Page, server: AppServer, query: str = QUERY) -> None:
    page.goto(f"{server.url}/metrics{query}")
    expect(page.get_by_text("Show every pair as a point")).to_be_visible()


def compute(page: Page, done: Locator) -> None:
    """Press Compute unless `done` shows without it: an earlier test can have filled the cache."""
    start = main_button(page, "Compute|Continue")
    for _ in range(CLICKS):
        expect(start.or_(done)).to_be_visible()
        if done.is_visible():
            return
        try:  # the button goes while the page finds out that all is in the cache
            start.click(timeout=TAKEN)
            expect(start).to_be_hidden(timeout=TAKEN)
        except (AssertionError, BrowserTimeout):
            continue
        break
    expect(done).to_be_visible()


@pytest.mark.browser
def test_boxes_fill_and_what_is_finished_comes_at_once(page: Page, server: AppServer) -> None:
    open_metrics(page, server)
    finished = page.get_by_text(re.compile(r"^Finished: \d+ pairs of notes"))
    compute(page, finished)
    said = re.search(r"\d+", finished.inner_text())
    assert said is not None
    assert int(said.group()) <= 10 * 6  # ten families, four notes each; empty maps are left out
    boxes = page.wait_for_function(
        """() => [...document.querySelectorAll('.js-plotly-plot')]
            .filter(plot => plot._fullData && plot.textContent.includes('Jensen-Shannon'))
            .map(plot => plot._fullData.filter(t => t.type === 'box').length)[0]"""
    ).json_value()
    assert 4 <= boxes <= 40  # four panels, at most ten families each
    expect(page.get_by_role("heading", name="Medians")).to_be_visible()
    expect(page.get_by_role("heading", name="What the paper says")).to_be_visible()
    check_statements(page)
    page.reload()  # a new session: nothing but the cache is left
    expect(finished).to_be_visible()
    assert "Traceback" not in server.log


def check_statements(page: Page) -> None:
    """Assert that the statements of the paper stand as the plots do."""
    left, right, below = wait_for_layout(
        *(
            page.locator("strong").filter(has_text=re.compile(f"^{name}$")).first
            for name in ("Difference Mean", "Kullback-Leibler divergence", "Earth Mover's Distance")
        )
    )
    assert left["y"] == right["y"] < below["y"]
    assert left["x"] < right["x"] == below["x"]


@pytest.mark.browser
def test_what_was_paused_or_given_up_goes_on(page: Page, server: AppServer) -> None:
    open_metrics(page, server, "?type=log_mel&notes=4")  # seconds a family, so there is time
    main_button(page, "Compute").click()
    pause = main_button(page, "Pause")
    expect(pause).to_be_visible()
    page.wait_for_function(
        """() => [...document.querySelectorAll('.js-plotly-plot')].some(
            plot => plot._fullData?.some(trace => trace.type === 'box' && trace.q1?.length))"""
    )
    pause.click()
    go_on = page.get_by_role("button", name=re.compile(r"Continue \([1-9] of 10 families"))
    expect(go_on).to_be_visible()
    main_button(page, "Cancel").click()
    expect(page.get_by_text("Press Compute")).to_be_visible()
    expect(main_button(page, "Compute")).to_be_visible()
    page.reload()  # a new session finds what was finished
    expect(go_on).to_be_visible()
    go_on.click()
    expect(page.get_by_text(re.compile(r"^Finished: \d+ pairs of notes"))).to_be_visible()
    assert "Traceback" not in server.log


# The middle of a point of the first family's first pair, in pixels of the window
POINT = """() => {
    const plot = [...document.querySelectorAll('.js-plotly-plot')].find(
        plot => plot._fullData?.some(t => t.customdata?.[0]?.length === 4));
    if (!plot) return null;
    const trace = plot._fullData.find(t => t.customdata?.[0]?.length === 4);
    const [x, y] = [trace._xA ?? plot._fullLayout.xaxis, trace._yA ?? plot._fullLayout.yaxis];
    const box = plot.getBoundingClientRect();
    const top = box.top + y._offset + y.d2p(trace.y[0]);
    if (top < 120 || top > innerHeight - 40) {  // beneath the header, or out of sight
        document.querySelector('[data-testid="stMain"]').scrollBy(0, top - innerHeight / 2);
        return null;
    }
    return {
        x: box.left + x._offset + x.d2p(trace.x[0]),
        y: top,
        notes: trace.customdata[0].slice(2),
    };
}"""


@pytest.mark.browser
def test_a_click_on_a_point_leads_to_its_pair(page: Page, server: AppServer) -> None:
    # what Compare would go on with
    page.goto(f"{server.url}/?type=tonnetz&explain=organ&layer=conv2d_3")
    expect(page.get_by_role("combobox", name="Explain the model of")).to_have_value("organ")
    page.get_by_role("link", name="Metrics").click()
    expect(page.get_by_text("Show every pair as a point")).to_be_visible()
    choose(page, "Method", "Grad-CAM")
    choose(page, "How many notes", "4 notes a family")
    compute(page, page.get_by_text(re.compile(r"^Finished: \d+ pairs of notes")))
    page.get_by_text("Show every pair as a point").click()
    point = wait_for_rest(page, lambda: page.evaluate(POINT))
    click_point(page, point["x"], point["y"])
    one, other = point["notes"]
    expect(page.get_by_text("How far apart they are")).to_be_visible()
    assert f"note={one}" in page.url
    assert f"note_b={other}" in page.url
    assert "method=grad_cam" in page.url
    assert "explain=organ" not in page.url
    assert "layer=" not in page.url
    for side in ("A", "B"):
        family = re.escape(one.split("_")[0])
        expect(page.get_by_text(re.compile(f"^{side}: the {family} model says"))).to_be_visible()
    page.get_by_role("link", name="Metrics").click()  # and the click is not done again
    expect(page.get_by_text(re.compile(r"^Finished: \d+ pairs of notes"))).to_be_visible()
    page.wait_for_timeout(1_000)  # ms
    assert "/metrics" in page.url
    assert "Traceback" not in server.log
