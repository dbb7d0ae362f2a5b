"""The Trust page: the map of one note, put to tests that say whether it is about the model.

Conventions
-----------
Note, type, explained model and method are in the address under the names of Explore and
Compare. The map has the settings of the preset ``default``. Tests come one after the other,
each in a slot of the queue; what is there is drawn at once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from xai_core.catalogue.methods import METHODS
from xai_core.datasets.notes import NoteRecord
from xai_core.errors import InputError
from xai_core.explanations import explain_progressively
from xai_core.explanations.settings import Settings
from xai_core.explanations.trust import (
    TrustScores,
    left_out_sentence,
    trust_progressively,
    trust_sentence,
)
from xai_core.ui.parts.choices import (
    choose_model,
    choose_note,
    draw_faults,
    samples,
    sound_models,
)
from xai_core.ui.parts.sharing import draw_link
from xai_core.ui.parts.tricks import draw_way_to_trick
from xai_core.ui.parts.trust import (
    AGREEMENT_HELP,
    CASCADE_HELP,
    CURVES_HELP,
    draw_agreement,
    draw_cascade,
    draw_curves,
    draw_numbers,
)
from xai_core.ui.parts.words import answer_text
from xai_core.ui.shell.address import choose
from xai_core.ui.shell.faults import sentence
from xai_core.ui.shell.preload import keep_keras_state, preload_models
from xai_core.ui.shell.work_queue import compute_in_slots
from xai_core.values import Explanation

__all__ = ["trust_page"]

LABELS = {name: one.label for name, one in METHODS.items()}
TESTING = "Testing the map"
MOMENT = 0.4  # s between two drawings
HALF = 0.55  # of the width


@dataclass
class _Board:
    """Where the results go, and those that are drawn."""

    sentence: DeltaGenerator
    bar: DeltaGenerator
    numbers: DeltaGenerator
    curves: DeltaGenerator
    agreement: DeltaGenerator
    strip: DeltaGenerator
    along: DeltaGenerator
    notes: DeltaGenerator
    drawn: dict[str, object] = field(default_factory=dict)

    def draw(self, scores: TrustScores) -> None:
        """Draw what is new."""
        said = trust_sentence(scores)
        if self._is_new("sentence", said):
            self.sentence.markdown(f"##### {said}")
        if self._is_new("numbers", (scores.over_random, scores.sensitivity, scores.class_overlap)):
            draw_numbers(self.numbers, scores)
        less, more = scores.deletion, scores.insertion
        if less is not None and self._is_new("curves", (less, more)):
            draw_curves(self.curves, less, more, family=scores.explanation.family)
        if scores.cascade_done and self._is_new("cascade", scores.cascade):
            draw_cascade(self.strip, self.along, scores.cascade)
        if scores.agreement is not None and self._is_new("agreement", scores.agreement):
            draw_agreement(self.agreement, scores.agreement)
        beside = scores.agreement and left_out_sentence(scores.agreement)  # said at the matrix
        said = " ".join(note for note in scores.notes if note != beside)
        if said and self._is_new("notes", said):
            self.notes.caption(said)

    def _is_new(self, name: str, value: object) -> bool:
        is_new = self.drawn.get(name) != value
        self.drawn[name] = value
        return is_new


def trust_page() -> None:
    """Draw the page below its title."""
    keep_keras_state()
    available, records = sound_models(), samples()
    of_note, of_model, of_method = st.columns([5, 5, 3])
    with of_note:
        record = choose_note(records)
    with of_model:
        type, family = choose_model(available, record.family)
    method = choose(of_method, "Method", LABELS, key="method")
    draw_faults(type)
    board = _layout()
    try:
        explanation = _explained(record, type, family, method, board.bar)
        _draw_tests(explanation, board)
    except InputError as error:
        board.bar.info(sentence(error), icon=":material/info:")
    draw_way_to_trick()
    draw_link()
    preload_models(tuple(available))


def _layout() -> _Board:
    """Draw the headings, and return the empty places beneath them."""
    said, bar, numbers = st.empty(), st.empty(), st.empty()
    left, right = st.columns([HALF, 1 - HALF], gap="medium")
    left.markdown("##### What the model needs", help=CURVES_HELP)
    curves = left.empty()
    right.markdown("##### Do the methods agree?", help=AGREEMENT_HELP)
    agreement = right.empty()
    st.markdown("##### With random weights", help=CASCADE_HELP)
    strip = st.empty()
    st.caption(
        "From left to right ever more layers have random weights. Above each map: its rank "
        "correlation with the tested map, of absolute values · with signs."
    )
    along, notes = st.empty(), st.empty()
    return _Board(said, bar, numbers, curves, agreement, strip, along, notes)


def _explained(
    record: NoteRecord, type: str, family: str, method: str, place: DeltaGenerator
) -> Explanation:
    with place.container():
        waiting = st.empty()
        with st.spinner("Explaining …", show_time=True):
            *_, last = compute_in_slots(
                explain_progressively(
                    record.path,
                    type=type,
                    family=family,
                    settings=Settings(method=method),
                ),
                waiting,
            )
    return last


def _draw_tests(explanation: Explanation, board: _Board) -> None:
    """Draw the tests as they come, a few at a time where they come fast."""
    answer = answer_text(explanation.probability)
    about = f"The {explanation.family} model says {answer}."
    place = board.bar.container()
    waiting, bar = place.empty(), place.empty()
    tests: Iterator[TrustScores] = compute_in_slots(trust_progressively(explanation), waiting)
    last_drawn = 0.0
    for scores in tests:
        if time.monotonic() - last_drawn > MOMENT or scores.done == scores.total:
            board.draw(scores)
            bar.progress(scores.done / scores.total, f"{TESTING} … {about}")
            last_drawn = time.monotonic()
    bar.caption(" ".join((about, *explanation.notes)))
