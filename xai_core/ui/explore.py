"""The Explore page: one note, one model, four panels.

Conventions
-----------
The page is drawn from top to bottom in one run. What takes longer than a
moment is drawn first as it is and refined in place; nothing is kept between
runs but models and the cache.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from xai_core import store
from xai_core.audio import to_wav
from xai_core.datasets.collection import read_collection
from xai_core.datasets.notes import NoteRecord
from xai_core.errors import ModelError
from xai_core.figures import alt_text, explore_panels, probability_bars
from xai_core.pipeline import doubted_families, explain_progressively, feature_maps, predict
from xai_core.places import samples_folder
from xai_core.ui.choices import Advanced, choose_advanced, choose_model, choose_note
from xai_core.ui.warm import keep_keras_state, warm_up
from xai_core.ui.wording import (
    HOW_TO_READ,
    TEN_ANSWERS,
    completeness_badge,
    completeness_sentence,
    doubts,
    verdict,
)
from xai_core.values import Explanation, Waveform

__all__ = ["explore_page"]

REDRAW_SECONDS = 0.6  # at most one redraw so often while a map is refined
PANELS_HEIGHT = 480  # pixels
BARS_HEIGHT = 270  # pixels


def explore_page() -> None:
    """Draw the page below its title."""
    keep_keras_state()
    available = store.available_models()
    choices, answer = st.columns([5, 6], gap="large")
    with choices:
        chosen = choose_note(_samples())
        type, family = choose_model(available, chosen.truth if chosen else None)
        player = st.empty()
        if chosen and chosen.credit:
            st.caption(chosen.credit)
        advanced = choose_advanced()
    if chosen is None:
        return
    prediction = predict(chosen.audio, types=[type], start=chosen.start)
    note, probabilities = prediction.waveform, prediction.probabilities[type]
    family = family or chosen.truth or prediction.best(type)[0]
    if family not in probabilities:
        raise ModelError(f"there is no {type} model of {family}: choose another one to explain")
    player.audio(to_wav(note), alt="The four seconds that are explained")
    with answer:
        headline, detail = verdict(probabilities, type=type, explained=family, truth=chosen.truth)
        st.markdown(f"##### {headline}")
        bars = probability_bars(probabilities, highlighted=family, height=BARS_HEIGHT)
        st.plotly_chart(bars, config={"displayModeBar": False}, alt=alt_text(bars))
        st.markdown(detail, help=TEN_ANSWERS)
        if doubted := doubts(doubted_families(type)):
            st.caption(doubted)
        for edit in note.edits:
            st.caption(f"What was done to the recording: {edit}.")
    _panels(note, type, family, advanced)
    with st.expander("How to read the four panels", icon=":material/help:"):
        st.markdown(HOW_TO_READ)
    warm_up(tuple(available))


def _panels(note: Waveform, type: str, family: str, advanced: Advanced) -> None:
    status, picture = st.empty(), st.empty()
    layer = advanced.grad_cam.layer
    maps = feature_maps(note, type=type, family=family, layer=layer, choice=advanced.filters)
    *_, cam = explain_progressively(note, type=type, family=family, settings=advanced.grad_cam)
    explanations = explain_progressively(
        note, type=type, family=family, settings=advanced.integrated_gradients
    )
    drawn_at = 0.0
    for explanation in explanations:
        refining = _is_refining(explanation)
        if refining and time.monotonic() - drawn_at < REDRAW_SECONDS:
            continue
        figure = explore_panels(
            explanation.spectrogram,
            maps,
            explanation.attribution,
            cam.attribution,
            sign="unsigned" if advanced.sign == "unsigned" else "signed",
            layer=layer,
            height=PANELS_HEIGHT,
        )
        _status(status, explanation, cam, refining)
        picture.plotly_chart(figure, config={"displaylogo": False}, alt=alt_text(figure))
        drawn_at = time.monotonic()


def _is_refining(explanation: Explanation) -> bool:
    completeness = explanation.completeness
    if completeness is None or completeness.converged:
        return False
    return completeness.n_steps < int(explanation.settings["max_steps"])


def _status(
    place: st.delta_generator.DeltaGenerator,
    explanation: Explanation,
    cam: Explanation,
    refining: bool,
) -> None:
    completeness = explanation.completeness
    if completeness is None:
        return
    badge = completeness_badge(completeness, refining=refining)
    with place.container(horizontal=True, vertical_alignment="center"):
        st.badge(badge.text, color=badge.colour, help=badge.meaning)  # type: ignore[arg-type]
        st.caption(completeness_sentence(completeness, target=explanation.attribution.target))
        for note in dict.fromkeys((*explanation.notes, *cam.notes)):
            st.caption(note)


@st.cache_resource(show_spinner=False)
def _samples() -> Sequence[NoteRecord]:
    return read_collection(samples_folder())
