"""Hearing the reasons: the way to the Listen page, what is said of a kept part, and a riddle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from xai_core.audio import to_wav
from xai_core.catalogue.types import spectrogram_type
from xai_core.datasets.notes import NoteRecord
from xai_core.explanations.hearing import Heard, Part
from xai_core.explanations.lessons import KeptSound, kept_sound
from xai_core.figures import probability_bars
from xai_core.figures.base.words import percent_text
from xai_core.ui.parts.charts import draw_figure
from xai_core.ui.parts.words import note_label
from xai_core.ui.shell.address import choose
from xai_core.ui.shell.work_queue import queue_slot

__all__ = ["draw_riddle", "draw_way_to_listen", "heard_sentence"]

WAY = "Hear what it heard, and change it"
RIDDLE_SHARE = 0.1  # of the bins
NO_GUESS = "none"
KEPT_RIDDLES = 12  # sounds in memory, for all visitors


def draw_way_to_listen(**query: str) -> None:
    """Draw a link to the Listen page, with what is chosen here and what it should open with."""
    st.page_link(
        "pages/listen.py", label=WAY, icon=":material/hearing:", query_params=query or None
    )


def heard_sentence(heard: Heard, *, part: Part, family: str, gain: float = 0.0) -> str:
    """Say how much of the note is heard and what the model makes of it, with and without.

    Parameters
    ----------
    heard : Heard
    part : {"for", "against", "rest"}
    family : str
        Whose model is asked.
    gain : float
        Decibels that the sound is played louder by.
    """
    kept = heard.kept
    alone, without = percent_text(kept.kept), percent_text(kept.rest)
    answers = (
        f"the {family} model says {without} to it; to what is missing, {alone}"
        if part == "rest"
        else f"to it alone the {family} model says {alone}; to the note without it, {without}"
    )
    louder = f" Played {gain:.0f} dB louder." if gain >= 1.0 else ""
    return (
        f"{_bins_text(heard.bins)} of the bins: {answers}. To the whole note: "
        f"{percent_text(kept.note)}.{louder}"
    )


def _bins_text(share: float) -> str:
    percent = 100 * share
    return f"{percent:.1f} %" if 0.1 <= percent < 10 else percent_text(share)


def draw_riddle(records: Sequence[NoteRecord], type: str, families: Sequence[str]) -> None:
    """Let the visitor guess a family from what its map keeps, then show what the models make of it.

    Parameters
    ----------
    records : sequence of NoteRecord
        Notes to choose from.
    type : str
        Whose models are asked.
    families : sequence of str
        That have models of that type.
    """
    riddles = _riddles(records, families)
    left, right = st.columns([2, 3], gap="large")
    numbers = {str(k + 1): f"Sound {k + 1} of {len(riddles)}" for k in range(len(riddles))}
    number = choose(left, "Sound", numbers, key="riddle")
    record = riddles[int(number) - 1]
    with queue_slot(left.empty()):
        kept = _kept_sound(str(record.path), type, record.family)
    left.audio(to_wav(kept.sound))
    left.caption(
        f"{percent_text(RIDDLE_SHARE)} of the bins in hertz and seconds: those that speak most for "
        "the family of the note, by the map of its model. All else is silent."
    )
    guesses = {NO_GUESS: "listen first, then choose", **{name: name for name in families}}
    guess = choose(left, "Which family is it?", guesses, key=f"guess_{number}")
    if guess == NO_GUESS:
        right.info("The answer of the models comes after yours.", icon=":material/hearing:")
        return
    right.markdown(riddle_sentence(guess, record.family, kept.probabilities, type=type))
    bars = probability_bars(kept.probabilities, highlighted=record.family, before=kept.of_note)
    draw_figure(right, bars)
    right.caption("Bars: what the models say of this sound. Blue marks: of the whole note.")
    right.markdown(f"The whole note: **{note_label(record)}**")
    right.audio(to_wav(kept.note))


def riddle_sentence(
    guess: str, truth: str, probabilities: Mapping[str, float], *, type: str
) -> str:
    """Say who is right: the visitor, the models, both or none.

    Examples
    --------
    >>> riddle_sentence("organ", "flute", {"flute": 0.8, "organ": 0.3}, type="mfcc")
    'It is **flute**. You said organ; the MFCC models say flute (80 %): they are right.'
    """
    best = max(probabilities, key=lambda family: probabilities[family])
    label, sure = spectrogram_type(type).label, percent_text(probabilities[best])
    you, they = guess == truth, best == truth
    if you and they:
        who = "both are right"
    elif you or they:
        who = "you are right" if you else "they are right"
    else:
        who = "neither is right"
    return f"It is **{truth}**. You said {guess}; the {label} models say {best} ({sure}): {who}."


def _riddles(records: Sequence[NoteRecord], families: Sequence[str]) -> list[NoteRecord]:
    """Return a note of each family, in an order that says nothing."""
    rng = np.random.default_rng(20)
    chosen = []
    for family in families:
        own = [record for record in records if record.family == family]
        if own:
            chosen.append(own[int(rng.integers(len(own)))])
    return [chosen[int(k)] for k in rng.permutation(len(chosen))]


@st.cache_resource(show_spinner="Finding what the map keeps …", max_entries=KEPT_RIDDLES)
def _kept_sound(path: str, type: str, family: str) -> KeptSound:
    return kept_sound(Path(path), type=type, family=family, share=RIDDLE_SHARE)
