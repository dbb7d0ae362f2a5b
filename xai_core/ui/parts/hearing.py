"""Hear the reason: the part of a note that speaks for an answer, played alone."""

from __future__ import annotations

from typing import cast

import streamlit as st

from xai_core.audio import to_wav
from xai_core.canvas import is_carried
from xai_core.errors import InputError
from xai_core.explanations.hearing import Heard, Part, hear, level_matched
from xai_core.figures.base.words import percent_text
from xai_core.ui.shell.address import choose, slide
from xai_core.ui.shell.work_queue import queue_slot
from xai_core.values import Explanation

__all__ = ["draw_hearing", "heard_sentence"]

NOTHING = "note"
PARTS = {
    NOTHING: "the whole note",
    "for": "what speaks for it",
    "against": "what speaks against it",
    "rest": "the rest",
}
SHARES = ("10", "30", "50", "80", "95")  # percent
DEFAULT_SHARE = "80"
HELP = (
    "The bins with the strongest evidence, in hertz and seconds, are kept and all others "
    "silenced, or the other way round. The model is asked again about what is left."
)


def draw_hearing(explanation: Explanation) -> None:
    """Let the visitor hear what a map keeps of its note, and say what the model makes of it.

    Nothing is computed until a part is chosen.
    """
    if not all(is_carried(one.type) for one in explanation.spectrograms):
        return
    left, middle, right = st.columns([2, 2, 3], vertical_alignment="bottom", gap="medium")
    part = choose(left, "Hear", PARTS, key="hear", help=HELP)
    if part == NOTHING:
        return
    share = slide(middle, "Share of that evidence (%)", SHARES, key="kept", default=DEFAULT_SHARE)
    try:
        with queue_slot():
            heard = hear(explanation, part=cast(Part, part), share=float(share) / 100)
    except InputError as error:
        st.caption(f"{str(error)[0].upper()}{str(error)[1:]}.")
        return
    sound, gain = level_matched(heard.sound, explanation.waveform)
    right.audio(to_wav(sound), format="audio/wav")
    st.caption(heard_sentence(heard, part=cast(Part, part), family=explanation.family, gain=gain))


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
