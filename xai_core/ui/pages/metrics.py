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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from xai_core.catalogue.methods import METHODS
from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.paper import PAPER_METRICS
from xai_core.catalogue.types import spectrogram_type
from xai_core.datasets.notes import NoteRecord
from xai_core.explanations import layers_of
from xai_core.figures import Figure, distance_boxplots, medians_map
from xai_core.figures.base.scales import number_text
from xai_core.replication.claims import RULES, Verdict, tally
from xai_core.replication.findings import DistanceFindings, judge_distances
from xai_core.results.files import distance_files
from xai_core.scores import Score
from xai_core.study.run import PartialResults, analyse, read_partial_results
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
from xai_core.ui.parts.sharing import draw_link, draw_saving
from xai_core.ui.parts.words import PAPER, time_text
from xai_core.ui.shell.address import choose
from xai_core.ui.shell.preload import keep_keras_state
from xai_core.ui.shell.work_queue import queue_slot
from xai_core.values import FAMILIES, Progress

__all__ = ["metrics_page"]

SEED = 0
RUNNING = "metrics are computed"  # in the session
RUNNING_ALL = "metrics of all types are computed"
CANCELLED = "metrics given up"
LABELS = {name: one.label for name, one in METHODS.items()}
NOTES = {str(n): f"{n} notes a family" for n in (4, 6, 8, 12)}
DEFAULT_NOTES = "6"
ALL_TYPES = "all"
REDRAW_SECONDS = 0.7
SIGNS = {
    "holds": ":material/check_circle:",
    "does not hold": ":material/cancel:",
    "not decidable": ":material/help:",
}
OPENS = "A click on a point opens its pair in Compare."
WAITING = (
    "Press *Compute*: the notes that come with TimbreLens are explained, and every two of a family "
    "are compared. The boxes fill as it goes on; pause at any time, nothing that is done is lost."
)


def metrics_page() -> None:
    """Draw the page below its title."""
    keep_keras_state()
    records = samples()
    columns = st.columns([2, 2, 2, 3], vertical_alignment="bottom")
    available = sound_models()
    type = choose_type(columns[0], available)
    method = choose(columns[1], "Method", LABELS, key="method")
    n_notes = int(choose(columns[2], "How many notes", NOTES, key="notes", default=DEFAULT_NOTES))
    found = read_partial_results(records, types=[type], methods=[method], notes_per_family=n_notes)
    place = columns[3].empty()
    chosen = Chosen(type, method, n_notes)
    running = draw_buttons(place, found, chosen)
    if is_cancelled(chosen) and not running:
        found = found.cleared()
    bar, picture = st.empty(), st.empty()
    points = st.toggle("Show every pair as a point", key="points", help=OPENS)
    if running:
        found = _compute(records, chosen, found, bar, picture, points=points)
        draw_buttons(place, found, chosen)
    _boxes(picture, found, chosen, points=points)
    if not found.n_done:
        bar.info(WAITING, icon=":material/play_arrow:")
    else:
        findings = _findings(found, [type], method)
        _claims(findings)
        _medians(findings)
        _downloads(found, type, method)
        _all_types(records, method, n_notes, tuple(available))
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


def _figure(found: PartialResults, chosen: Chosen, points: bool) -> Figure:
    return distance_boxplots(
        found.pairs,
        type=chosen.type,
        method=chosen.method,
        points=points,
        columns=1 if is_narrow() else 2,
    )


def _boxes(
    place: st.delta_generator.DeltaGenerator, found: PartialResults, chosen: Chosen, *, points: bool
) -> None:
    """Draw the boxes; a click on a point opens its pair in Compare."""
    pairs = draw_clickable_figure(place, _figure(found, chosen, points), key="boxes")
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
            METRICS[metric].label: [_text(column.get(family)) for family in families]
            for metric, column in columns.items()
        }
    )
    with st.expander("What the distances mean", icon=":material/help:"):
        for one in METRICS.values():
            st.markdown(f"**{one.label}.** {one.forward.sentence}")


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
            place.markdown(f"**{METRICS[metric].label}**")
            verdicts = [verdict for verdict in findings.verdicts if verdict.claim.metric == metric]
            for verdict in verdicts:
                place.markdown(f"{SIGNS[verdict.outcome]} {_said(verdict)}")
            if not verdicts:
                place.caption("No statement on this type.")
    of_several = [v for v in findings.verdicts if v.claim.metric not in PAPER_METRICS]
    if of_several:
        st.markdown("**All four distances**")
    for verdict in of_several:
        st.markdown(f"{SIGNS[verdict.outcome]} {_said(verdict)}")
    found = tally(findings.verdicts)
    st.markdown(
        f"Of {found.n} statements about order that could be tested, **{found.true}** "
        f"{'is' if found.true == 1 else 'are'} true as measured; of numbers in random order "
        f"{found.expected:.1f} would be."
    )
    st.caption(f"{PAPER}. Few notes decide little: the more notes a family, the surer.")
    with st.expander("How this is decided", icon=":material/help:"):
        for rule in RULES:
            st.markdown(f"- {rule}")


def _said(verdict: Verdict) -> str:
    claim = verdict.claim
    named = len(claim.families) == len(FAMILIES) or all(f in claim.text for f in claim.families)
    text = claim.text if named else f"{', '.join(claim.families)}: {claim.text}"
    text = f"{text[:1].upper()}{text[1:]}: **{verdict.outcome}**"
    if verdict.reason:
        text = f"{text}; {verdict.reason}"
    elif verdict.share is not None:
        text = f"{text}; true of {100 * verdict.share:.0f} % of the resamples"
    return (
        f"{text}." if verdict.chance is None else f"{text} ({_percent(verdict.chance)} by chance)."
    )


def _percent(share: float) -> str:
    return "under 1 %" if share < 0.01 else f"{100 * share:.0f} %"


def _downloads(found: PartialResults, type: str, method: str) -> None:
    with st.container(horizontal=True):
        files = distance_files(found.pairs, type=type, method=method, settings=found.settings)
        draw_saving(files, label="Save", key="save")
        draw_link()


def _all_types(
    records: Sequence[NoteRecord], method: str, n_notes: int, types: tuple[str, ...]
) -> None:
    """Draw the medians of all types; what is missing is computed on demand."""

    def read() -> PartialResults:
        return read_partial_results(
            records, types=types, methods=[method], notes_per_family=n_notes
        )

    found = read()
    st.subheader("All types at a glance", anchor=False)
    place, beside = st.columns([1, 2], vertical_alignment="bottom")
    metric = choose(
        place, "Distance", {name: one.label for name, one in METRICS.items()}, key="metric"
    )
    bar, picture = st.empty(), st.empty()
    chosen = Chosen(ALL_TYPES, method, n_notes)
    button = beside.empty()
    if draw_button_of_all(button, found, chosen):
        for type in sorted(types, key=lambda name: spectrogram_type(name).n_bins):
            _draw_medians(picture, found, types, chosen, metric, key=f"medians before {type}")
            compute(records, chosen, [type], bar)
            found = read()
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
    findings = _findings(found, types, chosen.method)
    figure = medians_map(findings.table, metric=metric, method=chosen.method)
    draw_figure(place, figure, buttons=True, key=key)


def _findings(found: PartialResults, types: Sequence[str], method: str) -> DistanceFindings:
    """Return statistics and verdicts, computed once for each state of the pairs."""
    key = f"findings of {len(types)} types"
    wanted = (*types, method, len(found.pairs), hash(tuple(found.pairs["note_a"])))
    kept: tuple[tuple[object, ...], DistanceFindings] | None = st.session_state.get(key)
    if kept is None or kept[0] != wanted:
        rng = np.random.default_rng(SEED)
        kept = (wanted, judge_distances(found.pairs, method=method, rng=rng))
        st.session_state[key] = kept
    return kept[1]


# ----------------------------------------------------------------------- running


@dataclass(frozen=True)
class Chosen:
    """What the visitor chose: type, method and notes a family."""

    type: str
    method: str
    n_notes: int


def draw_buttons(place: DeltaGenerator, found: PartialResults, chosen: Chosen) -> bool:
    """Draw the buttons that start, pause and cancel; return whether to compute."""
    state = st.session_state
    if found.is_finished:
        state[RUNNING] = False
        place.caption(f"Finished: {len(found.pairs):,} pairs of notes.")
        return False
    running = bool(state.get(RUNNING, False))
    n_done = 0 if is_cancelled(chosen) else found.n_done
    start = "Continue" if n_done else "Compute"
    label, icon = ("Pause", ":material/pause:") if running else (start, ":material/play_arrow:")
    done = f" ({n_done} of {found.n_blocks} families are there)" if n_done else ""

    def begin_or_pause() -> None:
        state[RUNNING] = not running
        state[CANCELLED] = None

    def cancel() -> None:
        state[RUNNING] = False
        state[CANCELLED] = chosen

    with place.container(horizontal=True):
        st.button(f"{label}{done}", icon=icon, on_click=begin_or_pause, key="run", type="primary")
        if running or n_done:
            st.button("Cancel", icon=":material/close:", on_click=cancel, key="cancel")
    return running


def is_cancelled(chosen: Chosen) -> bool:
    """Whether the visitor gave this up; what was finished is in the cache all the same."""
    return bool(st.session_state.get(CANCELLED) == chosen)


def draw_button_of_all(place: DeltaGenerator, found: PartialResults, chosen: Chosen) -> bool:
    """Draw the button that computes all types, or pauses that; return whether to compute."""
    state = st.session_state
    if found.is_finished:
        state[RUNNING_ALL] = False
        return False
    running = bool(state.get(RUNNING_ALL, False))

    def begin_or_pause() -> None:
        state[RUNNING_ALL] = not running

    place.button(
        "Pause" if running else "Compute the types that are missing",
        icon=":material/pause:" if running else ":material/play_arrow:",
        on_click=begin_or_pause,
        key="run all",
        help=f"{chosen.n_notes} notes a family. STFT comes last and takes longest.",
    )
    return running


def compute(
    records: Sequence[NoteRecord],
    chosen: Chosen,
    types: Sequence[str],
    bar: DeltaGenerator,
    *,
    on_result: Callable[[str, str, str, Any], None] = lambda *found: None,
) -> None:
    """Explain and compare notes, one visitor's note after the other's, and say how long yet."""
    began = time.monotonic()
    with queue_slot(bar) as slot:

        def on_progress(event: Progress) -> None:
            done, total = event.done, event.total
            if event.kind != "run" or not total:
                return
            slot.requeue()
            spent = time.monotonic() - began
            left = f", about {time_text(spent * (total - done) / done)} left" if done else ""
            # Streamlit ends the run here when its visitor has left or changed a widget
            bar.progress(min(done / total, 1.0), f"Explaining and comparing notes{left}")

        analyse(
            records,
            types=types,
            methods=[chosen.method],
            notes_per_family=chosen.n_notes,
            between_pairs=0,
            seed=SEED,
            on_result=on_result,
            on_progress=on_progress,
        )
    bar.empty()


def stop_running() -> None:
    """Note that nothing is computed any more."""
    st.session_state[RUNNING] = False
    st.session_state[RUNNING_ALL] = False
