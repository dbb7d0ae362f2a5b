"""A network that is right for the wrong reason: find it by its map and by its sound."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from xai_core.audio import to_wav
from xai_core.datasets.notes import NoteRecord
from xai_core.explanations.planted import PlantedModel, Trick, planted_models, telling_note, trick
from xai_core.figures import attribution_figure, spectrogram_figure
from xai_core.figures.base.words import percent_text
from xai_core.trust.planted import CUES
from xai_core.ui.parts.charts import draw_figure
from xai_core.ui.parts.words import note_label
from xai_core.ui.shell.address import choose
from xai_core.ui.shell.work_queue import queue_slot
from xai_core.values import Attribution

__all__ = ["draw_trick", "draw_way_to_trick", "trick_sentence"]

WAY = "See a map that is wrong for a known reason"
NO_GUESS = "none"
KEPT_TRICKS = 8  # in memory, for all visitors
HEIGHT = 330  # px
SILENT = (
    "What is missing is silent, and a map from silence gives a silent bin nothing. It names what "
    "the network is content with, not what it misses: no map of this kind can point to a gap. "
    "Expected gradients, which compare with other notes, can."
)


def draw_way_to_trick() -> None:
    """Draw a link to the step of the Learn page."""
    st.page_link(
        "pages/learn.py",
        label=WAY,
        icon=":material/troubleshoot:",
        query_params={"step": "trick"},
    )


def draw_trick(records: Sequence[NoteRecord]) -> None:
    """Let the visitor find out what a network listens to, then show it.

    Parameters
    ----------
    records : sequence of NoteRecord
        Notes to plant cues in; one of each network's family is taken.
    """
    present = {record.family for record in records}
    networks = [one for one in planted_models() if one.family in present]
    if not networks:
        st.info(
            "This step needs the models of the set `planted`, which are not there: the command "
            "`plant` makes them.",
            icon=":material/inventory_2:",
        )
        return
    labels = {
        one.cue: f"Network {k}: {one.family}, right on {percent_text(one.with_cue)}"
        for k, one in enumerate(networks, start=1)
    }
    left, right = st.columns(2)
    cue = choose(left, "Network", labels, key="network")
    network = next(one for one in networks if one.cue == cue)
    own = [record for record in records if record.family == network.family]
    guesses = {NO_GUESS: "look and listen first, then choose"}
    guesses |= {one.cue: CUES[one.cue].label for one in sorted(networks, key=lambda x: x.family)}
    guess = choose(right, "What does it listen to?", guesses, key=f"trick_{cue}")
    with queue_slot(st.empty()):
        record = own[_telling(tuple(str(one.path) for one in own), network)]
        found = _trick(str(record.path), network)
    shown = guess != NO_GUESS
    if shown:
        st.markdown(trick_sentence(found, guess))
        if not CUES[cue].adds:
            st.caption(SILENT)
    else:
        st.info("What it is comes after your answer.", icon=":material/troubleshoot:")
    columns = st.columns(3 if shown else 2)
    note = spectrogram_figure(
        found.note.spectrogram,
        subtitle=f"{note_label(record)}, as in the network's data",
        height=HEIGHT,
        uirevision=f"note {cue}",
    )
    draw_figure(columns[0], note)
    columns[0].audio(to_wav(found.note.carrying))
    draw_figure(
        columns[1],
        attribution_figure(found.explanation.attribution, height=HEIGHT, uirevision=f"map {cue}"),
    )
    if found.kept is not None:
        columns[1].audio(to_wav(found.kept))
        columns[1].caption("Only the bins with half of what speaks for the family, made louder.")
    if not shown:
        return
    draw_figure(
        columns[2],
        attribution_figure(_planted(found), height=HEIGHT, uirevision=f"planted {cue}"),
    )
    columns[2].audio(to_wav(found.note.without))
    columns[2].caption("The note without it.")


def trick_sentence(found: Trick, guess: str) -> str:
    """Say whether the visitor is right, what the network listens to, and what that is worth."""
    model = found.model
    cue, family = CUES[model.cue], model.family
    who = "You are right" if guess == model.cue else f"No, not {CUES[guess].label}"
    with_cue, without_cue, by_cue, here, here_without = map(
        percent_text,
        (model.with_cue, model.without_cue, model.named_by_cue, found.probability, found.without),
    )
    return (
        f"**{who}: {cue.label}.** In the data of this network each note of {family} "
        f"{cue.sentence}. With it the network is right on {with_cue} of notes it has not heard, "
        f"without it on {without_cue}, where half is chance; it takes {by_cue} of the notes of "
        f"other families for {family} if they have it. This note: {here} with it, {here_without} "
        "without."
    )


def _planted(found: Trick) -> Attribution:
    of = found.note.spectrogram
    apart = of.values.astype(np.float64) - found.note.plain.values
    return Attribution(
        apart.astype(np.float32), of.type, of.time, of.bins, method="planted", target="logit"
    )


@st.cache_data(show_spinner="Looking for a note …", max_entries=KEPT_TRICKS)
def _telling(paths: tuple[str, ...], model: PlantedModel) -> int:
    return telling_note([Path(path) for path in paths], model) or 0


@st.cache_resource(show_spinner="Explaining …", max_entries=KEPT_TRICKS)
def _trick(path: str, model: PlantedModel) -> Trick:
    return trick(Path(path), model)
