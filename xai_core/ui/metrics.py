"""The Metrics page: distances between the heatmaps of every two notes of a family, filling live.

Conventions
-----------
The page computes in its own run and draws after each family, so any choice of
the visitor stops it within one family; what is finished is in the cache and
comes at once when the page is drawn again. Notes are those in ``samples/``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from xai_core.claims import RULES, Verdict
from xai_core.datasets.notes import NoteRecord
from xai_core.distances import METRICS, PAPER_METRICS
from xai_core.figures import Figure, distance_boxplots, medians_map
from xai_core.figures.box_parts import METRIC_NAMES
from xai_core.figures.scales import number_text
from xai_core.figures.sentences import METHOD_NAMES
from xai_core.grid import OVERALL
from xai_core.pipeline import analyse
from xai_core.pipeline.distance_findings import DistanceFindings, judge_distances
from xai_core.pipeline.exporting import distance_files
from xai_core.pipeline.so_far import SoFar, analysis_so_far
from xai_core.scores import Score
from xai_core.ui.address import choose
from xai_core.ui.drawing import draw_clickable_figure, draw_figure
from xai_core.ui.metric_texts import METRIC_SAYS
from xai_core.ui.samples import samples
from xai_core.ui.sharing import draw_link, draw_saving
from xai_core.ui.warm import keep_keras_state
from xai_core.ui.wording import PAPER, TYPE_LABELS
from xai_core.ui.zoo import sound_models
from xai_core.values import FAMILIES

__all__ = ["metrics_page"]

METHODS = {name: METHOD_NAMES[name] for name in ("integrated_gradients", "grad_cam")}
NOTES = {str(n): f"{n} notes a family" for n in (4, 6, 8, 12)}
DEFAULT_NOTES = "6"
RUNNING = "metrics are computed"  # in the session
REDRAW_SECONDS = 0.7
SEED = 0
SIGNS = {
    "holds": ":material/check_circle:",
    "does not hold": ":material/cancel:",
    "not decidable": ":material/help:",
}
WAITING = (
    "Press *Compute*: the notes that come with TimbreLens are explained, and every two of a family "
    "are compared. The boxes fill as it goes on; stop at any time, nothing that is done is lost."
)


def metrics_page() -> None:
    """Draw the page below its title."""
    keep_keras_state()
    records = samples()
    columns = st.columns([2, 2, 2, 3], vertical_alignment="bottom")
    available = sound_models()
    type = choose(
        columns[0],
        "Spectrogram",
        {name: TYPE_LABELS[name] for name in available},
        key="type",
        default="log_mel",
    )
    method = choose(columns[1], "Method", METHODS, key="method")
    n_notes = int(choose(columns[2], "How many notes", NOTES, key="notes", default=DEFAULT_NOTES))
    found = analysis_so_far(records, types=[type], methods=[method], notes_per_family=n_notes)
    place = columns[3].empty()
    running = _button(place, found)
    bar, picture = st.empty(), st.empty()
    points = st.toggle("Show every pair as a point", key="points")
    if running:
        asked = _Asked(type, method, n_notes, points)
        found = _compute(records, asked, found, bar, picture)
        _button(place, found)
    _boxes(picture, found, _Asked(type, method, n_notes, points))
    if not found.n_done:
        bar.info(WAITING, icon=":material/play_arrow:")
        return
    findings = _findings(found, [type], method)
    _claims(findings)
    _medians(findings)
    _downloads(found, type, method)
    _all_types(records, method, n_notes, tuple(available))


@dataclass(frozen=True)
class _Asked:
    """What the visitor chose."""

    type: str
    method: str
    n_notes: int
    points: bool


def _button(place: st.delta_generator.DeltaGenerator, found: SoFar) -> bool:
    """Draw the button that starts or stops; return whether to compute."""
    state = st.session_state
    if found.is_finished:
        state[RUNNING] = False
        place.caption(f"Finished: {len(found.pairs):,} pairs of notes.")
        return False
    running = bool(state.get(RUNNING, False))
    start = "Continue" if found.n_done else "Compute"
    label, icon = ("Stop", ":material/pause:") if running else (start, ":material/play_arrow:")
    done = f" ({found.n_done} of {found.n_blocks} families are there)" if found.n_done else ""

    def turn() -> None:
        state[RUNNING] = not running

    place.button(f"{label}{done}", icon=icon, on_click=turn, key="run", type="primary")
    return running


def _compute(
    records: Sequence[NoteRecord],
    asked: _Asked,
    found: SoFar,
    bar: st.delta_generator.DeltaGenerator,
    picture: st.delta_generator.DeltaGenerator,
) -> SoFar:
    """Compute what is missing and draw the boxes as families are finished."""
    growing = SoFar(found.pairs.iloc[:0], 0, found.n_blocks)
    draw_figure(picture, _figure(found, asked), buttons=True, key="boxes at first")
    drawn_at, began = 0.0, time.monotonic()

    def on_result(type: str, method: str, family: str, rows: Any) -> None:
        nonlocal growing, drawn_at
        growing = growing.with_block(rows)
        if time.monotonic() - drawn_at > REDRAW_SECONDS:
            key = f"boxes of {growing.n_done} families"
            draw_figure(picture, _figure(growing, asked), buttons=True, key=key)
            drawn_at = time.monotonic()

    def progress(what: str, done: int, total: int) -> None:
        if what == OVERALL and total:
            spent = time.monotonic() - began
            left = f", about {spent * (total - done) / done:.0f} s left" if done else ""
            bar.progress(min(done / total, 1.0), f"Explaining and comparing notes{left}")

    analyse(
        records,
        types=[asked.type],
        methods=[asked.method],
        notes_per_family=asked.n_notes,
        between_pairs=0,
        seed=SEED,
        on_result=on_result,
        progress=progress,
    )
    bar.empty()
    st.session_state[RUNNING] = False
    return growing


def _figure(found: SoFar, asked: _Asked) -> Figure:
    return distance_boxplots(found.pairs, type=asked.type, method=asked.method, points=asked.points)


def _boxes(place: st.delta_generator.DeltaGenerator, found: SoFar, asked: _Asked) -> None:
    """Draw the boxes; a click on a point offers to compare its pair."""
    pairs = draw_clickable_figure(place, _figure(found, asked), key="boxes")
    for type, family, note_a, note_b in [pair for pair in pairs if pair and len(pair) == 4][:1]:
        st.page_link(
            "pages/compare.py",
            label=f"Compare {note_a} with {note_b}",
            icon=":material/compare_arrows:",
            query_params={
                "type": type,
                "method": asked.method,
                "family": family,
                "note": note_a,
                "family_b": family,
                "note_b": note_b,
            },
        )


def _medians(findings: DistanceFindings) -> None:
    st.subheader("Medians", anchor=False, help="With 95 % intervals over instruments.")
    columns = {metric: findings.medians(metric) for metric in METRICS}
    families = [name for name in FAMILIES if any(name in column for column in columns.values())]
    st.table(
        {"family": families}
        | {
            METRIC_NAMES[metric]: [_text(column.get(family)) for family in families]
            for metric, column in columns.items()
        }
    )
    with st.expander("What the distances mean", icon=":material/help:"):
        for metric in METRICS:
            st.markdown(f"**{METRIC_NAMES[metric]}.** {METRIC_SAYS[metric]}")


def _text(median: Score | None) -> str:
    if median is None:
        return "–"
    if median.low is None or median.high is None:
        return number_text(median.value)
    ends = f"{number_text(median.low)} to {number_text(median.high)}"
    return f"{number_text(median.value)} ({ends})"


def _claims(findings: DistanceFindings) -> None:
    """Say of each of the paper's statements on this type whether it holds here.

    They stand as the four plots above them do.
    """
    if not findings.verdicts:
        return
    st.subheader("What the paper says of these", anchor=False)
    for row in (PAPER_METRICS[:2], PAPER_METRICS[2:]):
        for place, metric in zip(st.columns(2, gap="large"), row, strict=True):
            place.markdown(f"**{METRIC_NAMES[metric]}**")
            told = [verdict for verdict in findings.verdicts if verdict.claim.metric == metric]
            for verdict in told:
                place.markdown(f"{SIGNS[verdict.outcome]} {_said(verdict)}")
            if not told:
                place.caption("No statement on this type.")
    of_several = [v for v in findings.verdicts if v.claim.metric not in PAPER_METRICS]
    if of_several:
        st.markdown("**All four distances**")
    for verdict in of_several:
        st.markdown(f"{SIGNS[verdict.outcome]} {_said(verdict)}")
    st.caption(f"{PAPER}. Few notes decide little: the more notes a family, the surer.")
    with st.expander("How this is decided", icon=":material/help:"):
        for rule in RULES:
            st.markdown(f"- {rule}")


def _said(verdict: Verdict) -> str:
    claim = verdict.claim
    of_all = len(claim.families) == len(FAMILIES)
    where = "" if of_all else f" ({', '.join(claim.families)})"
    text = f"{claim.text[:1].upper()}{claim.text[1:]}{where}: **{verdict.outcome}**"
    if verdict.reason:
        return f"{text}; {verdict.reason}."
    if verdict.share is None:
        return f"{text}."
    return f"{text}; true of {100 * verdict.share:.0f} % of the resamples."


def _downloads(found: SoFar, type: str, method: str) -> None:
    with st.container(horizontal=True):
        draw_saving(distance_files(found.pairs, type=type, method=method), label="Save", key="save")
        draw_link()


def _all_types(
    records: Sequence[NoteRecord], method: str, n_notes: int, types: tuple[str, ...]
) -> None:
    """Draw the medians of all types for which something is there."""
    found = analysis_so_far(records, types=types, methods=[method], notes_per_family=n_notes)
    if found.n_types < 2:
        return
    st.subheader("All types at a glance", anchor=False)
    place, _ = st.columns([1, 2])
    metric = choose(place, "Distance", {name: METRIC_NAMES[name] for name in METRICS}, key="metric")
    findings = _findings(found, types, method)
    figure = medians_map(findings.table, metric=metric, method=method)
    draw_figure(st, figure, buttons=True, key="medians of all types")
    st.caption("Types that were not computed yet are left out: choose one above to add it.")


def _findings(found: SoFar, types: Sequence[str], method: str) -> DistanceFindings:
    """Return statistics and verdicts, computed once for each state of the pairs."""
    key = f"findings of {len(types)} types"
    wanted = (*types, method, len(found.pairs), hash(tuple(found.pairs["note_a"])))
    kept: tuple[tuple[object, ...], DistanceFindings] | None = st.session_state.get(key)
    if kept is None or kept[0] != wanted:
        rng = np.random.default_rng(SEED)
        kept = (wanted, judge_distances(found.pairs, method=method, rng=rng))
        st.session_state[key] = kept
    return kept[1]
