"""The Compare page: two sides, each a note and a model, and what lies between them.

Conventions
-----------
Side A shares its note and its model with the Explore page, under the same names
in the address; those of side B end in ``_b``. Where the methods differ, and with
them the units, the maps are compared as shares; where the spectrogram types differ, as
shares on one grid of hertz and seconds. What the shares are of is in the address as
``evidence`` where one of the methods shows no evidence against a family, and as
``evidence_alike`` elsewhere: the two have two defaults.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from xai_core.audio import load_note, to_wav
from xai_core.catalogue.methods import METHODS
from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.types import spectrogram_type
from xai_core.datasets.notes import NoteRecord
from xai_core.explanations import Comparison, compare_explanations, explain_progressively, layers_of
from xai_core.explanations.comparison import ABSOLUTE, EVIDENCE, POSITIVE, are_unlike
from xai_core.figures import attribution_figure, limits
from xai_core.figures.base.scales import number_text, shared_sign
from xai_core.figures.base.words import difference_sentence
from xai_core.figures.maps.maps import difference_figure
from xai_core.results.files import comparison_files
from xai_core.ui.parts.charts import draw_figure
from xai_core.ui.parts.choices import (
    OWN_FAMILY,
    OWN_LABEL,
    SAME_METHOD,
    SAME_TYPE,
    Methods,
    choose_methods,
    choose_type,
    draw_faults,
    samples,
    sound_models,
)
from xai_core.ui.parts.sharing import draw_link, draw_saving
from xai_core.ui.parts.words import answer_text, map_error_text, note_label
from xai_core.ui.shell.address import choose, set_choice, switch
from xai_core.ui.shell.preload import keep_keras_state
from xai_core.ui.shell.work_queue import compute_in_slots
from xai_core.values import FAMILIES, Explanation

__all__ = ["compare_page"]

LABELS = {name: one.label for name, one in METHODS.items()}
SIDE_KEYS = ("family", "note", "explain")  # of side A in the address
B = "_b"  # ending of those of side B
HEIGHT = 400  # px
MOMENT = 1.0  # s after which there is something to see
FIRST_PICTURE = ":material/hourglass: A first picture, from a few steps: it is being refined."
AS_THEY_ARE = " and ".join(one.label for one in METRICS.values() if one.on == "attributions")
HOW_TO_COMPARE = f"""
- **Two notes of one family** under one model: does the network look for the same thing in both?
- **Two families**: what tells them apart for the network?
- **One note under two models** (*Explain the model of*): what speaks for a flute in it, and what
  for an organ?
- **One note under two methods** (*Method of B*): do they agree on what matters?
- **One note as two spectrograms** (*Spectrogram of B*): do both networks look at the same
  frequencies?
- A − B is in units of the score: red where A has more evidence, blue where B has.
- The distances compare the *shapes* of the maps (each scaled to a sum of 1), except {AS_THEY_ARE},
  which compares the maps as they are.
- Two methods have two units, so their maps are drawn and subtracted as shares of their sum. So are
  those of two spectrogram types, in hertz and seconds. Shares are of the *positive evidence* where
  one of the methods, such as Grad-CAM, shows none against the family, else of *absolute values*;
  the buttons above the maps choose the other.
"""


@dataclass(frozen=True, eq=False)
class _Side:
    """One side of the comparison."""

    record: NoteRecord
    family: str
    type: str


def compare_page() -> None:
    """Draw the page below its title."""
    keep_keras_state()
    available = sound_models()
    columns = st.columns([6, 6, 6, 6, 5], vertical_alignment="bottom")
    type = choose_type(columns[0], available)
    other_type = choose(
        columns[1],
        "Spectrogram of B",
        {SAME_TYPE: "the same", **{one: spectrogram_type(one).label for one in available}},
        key="type_b",
        default=SAME_TYPE,
        help="Maps of two spectrograms are compared in hertz and seconds.",
    )
    method = choose(columns[2], "Method", LABELS, key="method")
    other_method = choose(
        columns[3],
        "Method of B",
        {SAME_METHOD: "the same", **LABELS},
        key="method_b",
        default=SAME_METHOD,
    )
    columns[4].button("Swap A and B", icon=":material/swap_horiz:", on_click=_swap, key="swap")
    types = type, type if other_type == SAME_TYPE else other_type
    for one in dict.fromkeys(types):
        draw_faults(one)
    places = st.columns(2, gap="large")
    records = samples()
    a = _choose_side(places[0], "A", records, types[0], available, ending="")
    b = _choose_side(places[1], "B", records, types[1], available, ending=B, beside=a)
    methods = method, method if other_method == SAME_METHOD else other_method
    of_a, of_b = (layers_of(side.type, side.family) for side in (a, b))
    advanced = choose_methods(records, [layer for layer in of_a if layer in of_b])
    evidence = _choose_evidence(types, methods)
    waiting, remark, picture = st.empty(), st.empty(), st.empty()
    with st.spinner("Explaining both notes …", show_time=True):
        comparison = _explained((a, b), methods, advanced, evidence, (waiting, remark, picture))
    remark.empty()
    for place, name, explanation in (
        (places[0], "A", comparison.a),
        (places[1], "B", comparison.b),
    ):
        place.caption(_verdict(name, explanation, _whose(explanation, comparison)))
    with picture.container():
        _maps(comparison)
    with st.container(horizontal=True):
        files = comparison_files(comparison, notes=(a.record.note, b.record.note))
        draw_saving(files, label="Save this comparison", key="comparison")
        draw_link()
    _distances(comparison)
    with st.expander("What to compare", icon=":material/help:"):
        st.markdown(HOW_TO_COMPARE)


def _explained(
    sides: tuple[_Side, _Side],
    methods: tuple[str, str],
    advanced: Methods,
    evidence: str | None,
    places: tuple[st.delta_generator.DeltaGenerator, ...],
) -> Comparison:
    """Explain both sides step by step; if that takes a moment, draw what there is at first.

    The places are for waiting, a remark, and the picture, which has the shape of the last one:
    within a run a browser keeps what nothing is drawn over.
    """
    waiting, remark, picture = places
    estimates = [
        compute_in_slots(
            explain_progressively(
                side.record.path,
                type=side.type,
                family=side.family,
                settings=advanced.settings[method],
                baseline_audio=advanced.baseline_of(method),
            ),
            waiting,
        )
        for side, method in zip(sides, methods, strict=True)
    ]
    began = time.monotonic()
    found = [next(one) for one in estimates]
    drawn = False
    for k, rest in enumerate(estimates):
        for better in rest:
            if not drawn and time.monotonic() - began > MOMENT:
                remark.caption(FIRST_PICTURE)
                with picture.container():
                    _maps(compare_explanations(*found, evidence=evidence), stage="first ")
                drawn = True
            found[k] = better
    return compare_explanations(*found, evidence=evidence)


def _choose_evidence(types: tuple[str, str], methods: tuple[str, str]) -> str | None:
    """Let the visitor choose what shares are of, where maps with a sign are compared as shares."""
    in_shares = types[0] != types[1] or methods[0] != methods[1]
    if not in_shares or not any(METHODS[one].signed for one in methods):
        return None
    unlike = are_unlike(*methods)
    order = (POSITIVE, ABSOLUTE) if unlike else (ABSOLUTE, POSITIVE)
    labels = {one: EVIDENCE[one].capitalize() for one in order}
    return switch(
        st.container(width="content"),
        "What is compared",
        labels,
        key="evidence" if unlike else "evidence_alike",
    )


def _choose_side(
    place: st.delta_generator.DeltaGenerator,
    name: str,
    records: Sequence[NoteRecord],
    type: str,
    available: Mapping[str, Sequence[str]],
    *,
    ending: str,
    beside: _Side | None = None,
) -> _Side:
    """Let the visitor choose a note and a model; at first the note next to that of `beside`."""
    place.markdown(f"#### {name}")
    left, right = place.columns(2)
    present = {record.family for record in records}
    families = {name: name for name in FAMILIES if name in present}
    first = beside.record.family if beside else "flute"
    family = choose(left, "Instrument family", families, key=f"family{ending}", default=first)
    notes = {record.note: record for record in records if record.family == family}
    others = [note for note in notes if beside is None or note != beside.record.note]
    note = choose(
        right,
        "Note",
        {one: note_label(record) for one, record in notes.items()},
        key=f"note{ending}",
        default=others[0] if others else None,
    )
    models = available[type]
    own = {OWN_FAMILY: OWN_LABEL} if family in models else {}
    explained = choose(
        left,
        "Explain the model of",
        {**own, **{one: one for one in models}},
        key=f"explain{ending}",
    )
    right.audio(to_wav(load_note(notes[note].path)))
    return _Side(notes[note], family if explained == OWN_FAMILY else explained, type)


def _swap() -> None:
    """Exchange both sides, as they stand in the session."""
    state = st.session_state
    for key in SIDE_KEYS:
        if key in state and key + B in state:
            _exchange(key, key + B)
    for key, same in (("method", SAME_METHOD), ("type", SAME_TYPE)):
        if state.get(key + B, same) != same:
            _exchange(key, key + B)


def _exchange(one: str, other: str) -> None:
    state = st.session_state
    first, second = state[one], state[other]
    set_choice(one, second)
    set_choice(other, first)


def _whose(explanation: Explanation, comparison: Comparison) -> str:
    """Return whose model is explained, with its type where the other has another."""
    if not comparison.across_types:
        return explanation.family
    return f"{explanation.family} {spectrogram_type(explanation.attribution.type).label}"


def _verdict(name: str, explanation: Explanation, whose: str) -> str:
    said = answer_text(explanation.probability)
    error = explanation.completeness
    exact = "" if error is None else f" Completeness error {100 * error.error:.2f} %."
    if error is not None and error.map_error is not None:
        exact = f"{exact.removesuffix('.')}, {map_error_text(error.map_error)}."
    notes = "".join(f" {note}" for note in explanation.notes)
    return f"{name}: the {whose} model says {said}.{exact}{notes}"


def _maps(comparison: Comparison, *, stage: str = "") -> None:
    """Draw both maps and their difference; a stage of its own for each time in one run."""
    a, b = comparison.maps
    sign = shared_sign(a, b)
    shared = limits(a, b, sign=sign)
    columns = st.columns(3)
    for place, name, one, whose in (
        (columns[0], "A", a, _whose(comparison.a, comparison)),
        (columns[1], "B", b, _whose(comparison.b, comparison)),
    ):
        figure = attribution_figure(
            one,
            sign=sign,
            limits=shared,
            title=f"{name}: {LABELS[one.method]}",
            subtitle=_subtitle(comparison, whose),
            height=HEIGHT,
        )
        draw_figure(place, figure, buttons=True, key=f"{stage}map {name}")
    difference = comparison.difference
    figure = difference_figure(difference, limits=(-shared[1], shared[1]), height=HEIGHT)
    draw_figure(columns[2], figure, buttons=True, key=f"{stage}difference")
    st.markdown(difference_sentence(difference))


def _subtitle(comparison: Comparison, whose: str) -> str:
    if comparison.evidence is None:
        return f"What drives the {whose} model"
    return f"The {whose} model, {EVIDENCE[comparison.evidence]}"


def _distances(comparison: Comparison) -> None:
    for note in comparison.notes:
        st.info(note, icon=":material/info:")
    st.markdown("#### How far apart they are")
    shown = [
        (direction, comparison.scores[name])
        for metric in METRICS.values()
        for name, direction in metric.directions.items()
        if name in comparison.scores
    ]
    for start in range(0, len(shown), 3):
        for place, (direction, value) in zip(st.columns(3), shown[start : start + 3], strict=False):
            place.metric(direction.label, number_text(value))
            place.caption(direction.sentence)
