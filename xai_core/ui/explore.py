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
from xai_core.errors import InputError
from xai_core.figures import alt_text, explore_panels, probability_bars
from xai_core.pipeline import explain_progressively, feature_maps, predict
from xai_core.ui.choices import (
    OWN_FAMILY,
    Advanced,
    Chosen,
    choose_advanced,
    choose_model,
    choose_note,
)
from xai_core.ui.warm import keep_keras_state, warm_up
from xai_core.ui.wording import (
    HOW_TO_READ,
    completeness_badge,
    completeness_sentence,
    sentence,
    verdict,
)
from xai_core.values import Explanation

__all__ = ["explore_page"]

REDRAW_SECONDS = 0.6  # at most one redraw so often while a map is refined
PANELS_HEIGHT = 480  # pixels
BARS_HEIGHT = 270  # pixels
TOP_PADDING = "3rem"  # clears the menu; the usual 6rem push the panels off a first screen


def explore_page() -> None:
    """Draw the page."""
    keep_keras_state()
    st.set_page_config(page_title="TimbreLens · Explore", page_icon="🔍", layout="wide")
    st.html(f"<style>.block-container {{ padding-top: {TOP_PADDING}; }}</style>")
    st.title("TimbreLens", anchor=False)
    st.markdown(
        "Pick a note and see which moments and frequencies make a neural network hear a flute, "
        "a guitar or a voice in it."
    )
    try:
        _explore()
    except InputError as error:
        st.error(sentence(error), icon=":material/error:")


def _explore() -> None:
    types = tuple(store.available_models())
    choices, answer = st.columns([5, 6], gap="large")
    with choices:
        chosen = choose_note(_samples())
        type, explained = choose_model(types, chosen.truth if chosen else None)
        player = st.empty()
        advanced = choose_advanced()
    if chosen is None:
        with answer:
            st.info("Add a recording to see what the models hear in it.", icon=":material/upload:")
        return
    prediction = predict(chosen.audio, types=[type], start=chosen.start)
    probabilities = prediction.probabilities[type]
    family = explained
    if explained == OWN_FAMILY:
        family = chosen.truth or prediction.best(type)[0]
    player.audio(to_wav(prediction.waveform), alt="The four seconds that are explained")
    with answer:
        headline, detail = verdict(probabilities, type=type, explained=family, truth=chosen.truth)
        st.markdown(f"##### {headline}")
        bars = probability_bars(probabilities, highlighted=family, height=BARS_HEIGHT)
        st.plotly_chart(bars, config={"displayModeBar": False}, alt=alt_text(bars))
        st.markdown(detail)
        for edit in prediction.waveform.edits:
            st.caption(f"What was done to the recording: {edit}.")
    _panels(chosen, type, family, advanced)
    with st.expander("How to read the four panels", icon=":material/help:"):
        st.markdown(HOW_TO_READ)
    warm_up(types)


def _panels(chosen: Chosen, type: str, family: str, advanced: Advanced) -> None:
    status, picture = st.empty(), st.empty()
    maps = feature_maps(
        chosen.audio,
        type=type,
        family=family,
        layer=advanced.grad_cam.layer,
        choice=advanced.filters,
        start=chosen.start,
    )
    *_, cam = explain_progressively(
        chosen.audio, type=type, family=family, settings=advanced.grad_cam, start=chosen.start
    )
    drawn_at = 0.0
    explanations = explain_progressively(
        chosen.audio,
        type=type,
        family=family,
        settings=advanced.integrated_gradients,
        start=chosen.start,
    )
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
            layer=advanced.grad_cam.layer,
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
        for note in (*explanation.notes, *cam.notes):
            st.caption(note)


@st.cache_resource(show_spinner=False)
def _samples() -> Sequence[NoteRecord]:
    return read_collection(store.samples_folder())
