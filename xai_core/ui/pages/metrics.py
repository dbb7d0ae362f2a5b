"""The Metrics page: distances between the heatmaps of every two notes of a family, filling live.

Conventions
-----------
The page computes in its own run, note by note in slots of the work queue, and
draws after each family; Streamlit stops it where progress is shown, so that any
choice of the visitor stops it within one note. Whether it goes on is in the session.
What is finished is in the cache and comes at once when the page is drawn again. Notes
are those in ``samples/``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from xai_core.catalogue.compared import (
    MODEL,
    NULL,
    SPECTROGRAM,
    VIEWS,
    has_view,
)
from xai_core.catalogue.methods import METHODS
from xai_core.catalogue.metrics import METRICS, pooled_sentence
from xai_core.catalogue.types import spectrogram_type
from xai_core.datasets.notes import NoteRecord
from xai_core.explanations import layers_of
from xai_core.figures import Figure, distance_boxplots, medians_map
from xai_core.figures.base.scales import number_text, numbers_text
from xai_core.replication.findings import DistanceFindings, judge_distances
from xai_core.results.files import distance_files
from xai_core.scores import Score
from xai_core.study.beside import likeness_sentence
from xai_core.study.run import PartialResults
from xai_core.ui.browser.screen import is_narrow
from xai_core.ui.parts.across_types import draw_across_types
from xai_core.ui.parts.charts import draw_clickable_figure, draw_figure
from xai_core.ui.parts.choices import (
    AS_PRESET,
    OWN_FAMILY,
    SAME_METHOD,
    SAME_TYPE,
    choose_type,
    samples,
    sound_models,
)
from xai_core.ui.parts.claims import draw_claims
from xai_core.ui.parts.distance_runs import (
    SEED,
    Chosen,
    compute,
    draw_button_beside,
    draw_button_of_all,
    draw_buttons,
    is_cancelled,
    stop_running,
)
from xai_core.ui.parts.sharing import draw_link, draw_saving
from xai_core.ui.parts.words import note_label
from xai_core.ui.shell.address import choose, switch
from xai_core.ui.shell.preload import keep_keras_state
from xai_core.values import FAMILIES

__all__ = ["metrics_page"]

LABELS = {name: one.label for name, one in METHODS.items()}
NOTES = {str(n): f"{n} notes a family" for n in (4, 6, 8, 12)}
DEFAULT_NOTES = "6"
ALL_TYPES = "all"
REDRAW_SECONDS = 0.7
BESIDE = {NULL: "Beside random networks", "none": "Models alone"}
OPENS = "Point at a point to read which notes they are; a click on it opens them in Compare."
VIEWS_HELP = " ".join(f"**{one.label}**: {one.sentence}" for one in VIEWS.values())
WAITING = (
    "Press *Compute*: the notes that come with TimbreLens are explained, and every two of a family "
    "are compared. The boxes fill as it goes on; pause at any time, nothing that is done is lost."
)


def metrics_page() -> None:
    """Draw the page below its title."""
    keep_keras_state()
    records = samples()
    columns = st.columns(4, vertical_alignment="bottom")
    available = sound_models()
    type = choose_type(columns[0], available)
    method = choose(columns[1], "Method", LABELS, key="method")
    n_notes = int(choose(columns[2], "How many notes", NOTES, key="notes", default=DEFAULT_NOTES))
    views = {name: one.label for name, one in VIEWS.items() if has_view(method, name)}
    view = choose(columns[3], "What is compared", views, key="view", help=VIEWS_HELP)
    place = st.empty()
    chosen = Chosen(type, method, n_notes, view)
    found = chosen.read(records)
    running = draw_buttons(place, found, chosen)
    if is_cancelled(chosen) and not running:
        found = found.cleared()
    bar, picture = st.empty(), st.empty()
    with st.container(horizontal=True, vertical_alignment="center"):
        points = st.toggle("Show every pair as a point", key="points", help=OPENS)
        wanted = switch(st.container(width="content"), "Beside", BESIDE, key="beside") == NULL
    if running:
        found = _compute(records, chosen, found, bar, picture, points=points)
        draw_buttons(place, found, chosen)
    beside = _beside(records, chosen, found, bar, picture, points) if wanted else {}
    _boxes(picture, found, chosen, points=points, beside=beside)
    if not found.n_done:
        bar.info(WAITING, icon=":material/play_arrow:")
    else:
        findings = _findings(found, [type], chosen)
        of_null = None
        if NULL in beside:
            of_null = _findings(chosen.read(records, NULL), [type], chosen, NULL)
        draw_claims(findings, of_null, is_finished=found.is_finished)
        _medians(findings)
        _downloads(found, chosen, beside, findings)
        _all_types(records, chosen, tuple(available))
    draw_across_types(records, available, method)


def _compute(
    records: Sequence[NoteRecord],
    chosen: Chosen,
    found: PartialResults,
    bar: st.delta_generator.DeltaGenerator,
    picture: st.delta_generator.DeltaGenerator,
    *,
    points: bool,
) -> PartialResults:
    """Compute what is missing and draw the boxes as families are finished."""
    growing = found.cleared()
    draw_figure(picture, _figure(found, chosen, points), buttons=True, key="boxes at first")
    drawn_at = 0.0

    def on_result(type: str, method: str, family: str, rows: Any) -> None:
        nonlocal growing, drawn_at
        growing = growing.with_block(rows)
        if time.monotonic() - drawn_at > REDRAW_SECONDS:
            key = f"boxes of {growing.n_done} families"
            draw_figure(picture, _figure(growing, chosen, points), buttons=True, key=key)
            drawn_at = time.monotonic()

    compute(records, chosen, [chosen.type], bar, on_result=on_result)
    stop_running()
    return growing


def _beside(
    records: Sequence[NoteRecord],
    chosen: Chosen,
    found: PartialResults,
    bar: DeltaGenerator,
    picture: DeltaGenerator,
    points: bool,
) -> dict[str, Any]:
    """Return the pairs of random networks and spectrograms, and say how alike they are.

    Nothing is said before the models' are there. What is missing is computed on demand,
    and drawn as it is finished.
    """
    if not found.is_finished:
        return {}
    others = {maps: chosen.read(records, maps) for maps in (NULL, SPECTROGRAM)}
    said = st.empty()
    if not all(one.is_finished for one in others.values()):
        if not draw_button_beside(said):
            return {maps: one.pairs for maps, one in others.items() if one.is_finished}
        for maps in others:
            there = {name: one.pairs for name, one in others.items() if one.is_finished}
            figure = _figure(found, chosen, points, there)
            draw_figure(picture, figure, buttons=True, key=f"boxes before {maps}")
            compute(records, chosen, [chosen.type], bar, maps=maps)
            others[maps] = chosen.read(records, maps)
        stop_running()
    pairs = {maps: one.pairs for maps, one in others.items()}
    said.markdown(likeness_sentence(found.pairs, pairs))
    return pairs


def _figure(
    found: PartialResults,
    chosen: Chosen,
    points: bool,
    beside: Mapping[str, Any] | None = None,
) -> Figure:
    return distance_boxplots(
        found.pairs,
        type=chosen.type,
        method=chosen.method,
        points=points,
        names={one.note: note_label(one) for one in samples()},
        beside=beside,
        columns=1 if is_narrow() else 2,
    )


def _boxes(
    place: DeltaGenerator,
    found: PartialResults,
    chosen: Chosen,
    *,
    points: bool,
    beside: Mapping[str, Any],
) -> None:
    """Draw the boxes; a click on a point opens its pair in Compare."""
    figure = _figure(found, chosen, points, beside)
    pairs = draw_clickable_figure(place, figure, key="boxes")
    for type, family, note_a, note_b in [pair for pair in pairs if pair and len(pair) == 4][:1]:
        st.switch_page(
            "pages/compare.py",
            query_params={
                "type": type,
                "method": chosen.method,
                "family": family,
                "note": note_a,
                "explain": OWN_FAMILY,
                "family_b": family,
                "note_b": note_b,
                "explain_b": OWN_FAMILY,
                "method_b": SAME_METHOD,
                "type_b": SAME_TYPE,
                **AS_PRESET,
                "layer": layers_of(type, family)[-1],
            },
        )


def _medians(findings: DistanceFindings) -> None:
    st.subheader("Medians", anchor=False, help="With 95 % intervals over instruments.")
    columns = {metric: findings.medians(metric) for metric in METRICS}
    families = [name for name in FAMILIES if any(name in column for column in columns.values())]
    st.table(
        {"family": families}
        | {
            METRICS[metric].pooled_label: [_text(column.get(family)) for family in families]
            for metric, column in columns.items()
        }
    )
    st.caption(f"{pooled_sentence()} The boxes above and *Medians (CSV)* count it likewise.")
    with st.expander("What the distances mean", icon=":material/help:"):
        for one in METRICS.values():
            st.markdown(f"**{one.label}.** {one.forward.sentence}")


def _text(median: Score | None) -> str:
    if median is None:
        return "–"
    if median.low is None or median.high is None:
        return number_text(median.value)
    value, low, high = numbers_text(median.value, median.low, median.high)
    return f"{value} ({low} to {high})"


def _downloads(
    found: PartialResults,
    chosen: Chosen,
    beside: Mapping[str, Any],
    findings: DistanceFindings,
) -> None:
    with st.container(horizontal=True):
        files = distance_files(
            found.pairs,
            type=chosen.type,
            method=chosen.method,
            settings=found.settings,
            beside=beside,
            medians=findings.table,
        )
        draw_saving(files, label="Save", key="save")
        draw_link()


def _all_types(records: Sequence[NoteRecord], of_one: Chosen, types: tuple[str, ...]) -> None:
    """Draw the medians of all types; what is missing is computed on demand."""
    chosen = replace(of_one, type=ALL_TYPES)
    found = chosen.read(records, types=types)
    st.subheader("All types at a glance", anchor=False)
    place, beside = st.columns([1, 2], vertical_alignment="bottom")
    metric = choose(
        place, "Distance", {name: one.label for name, one in METRICS.items()}, key="metric"
    )
    bar, picture = st.empty(), st.empty()
    button = beside.empty()
    if draw_button_of_all(button, found, chosen):
        for type in sorted(types, key=lambda name: spectrogram_type(name).n_bins):
            _draw_medians(picture, found, types, chosen, metric, key=f"medians before {type}")
            compute(records, chosen, [type], bar)
            found = chosen.read(records, types=types)
        stop_running()
        button.empty()
    _draw_medians(picture, found, types, chosen, metric, key="medians of all types")


def _draw_medians(
    place: st.delta_generator.DeltaGenerator,
    found: PartialResults,
    types: Sequence[str],
    chosen: Chosen,
    metric: str,
    *,
    key: str,
) -> None:
    findings = _findings(found, types, chosen)
    figure = medians_map(findings.table, metric=metric, method=chosen.method)
    draw_figure(place, figure, buttons=True, key=key)


def _findings(
    found: PartialResults, types: Sequence[str], chosen: Chosen, maps: str = MODEL
) -> DistanceFindings:
    """Return statistics and verdicts, computed once for each state of the pairs."""
    key = f"findings of {len(types)} types by {maps}"
    method = chosen.method
    pairs = hash(tuple(found.pairs["note_a"]))
    wanted = (*types, method, chosen.view, len(found.pairs), pairs)
    kept: tuple[tuple[object, ...], DistanceFindings] | None = st.session_state.get(key)
    if kept is None or kept[0] != wanted:
        rng = np.random.default_rng(SEED)
        kept = (wanted, judge_distances(found.pairs, method=method, rng=rng))
        st.session_state[key] = kept
    return kept[1]
