"""The Explore page: one note, one model, four panels.

Conventions
-----------
The page is drawn from top to bottom in one run; nothing is kept between runs
but models and the cache.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from xai_core import store
from xai_core.audio import load_note
from xai_core.datasets.collection import read_collection
from xai_core.datasets.notes import NoteRecord
from xai_core.errors import ModelError
from xai_core.figures import alt_text, probability_bars
from xai_core.pipeline import doubted_families, predict
from xai_core.places import samples_folder
from xai_core.ui.choices import choose_advanced, choose_model, choose_note
from xai_core.ui.panels import draw_panels, draw_saving_of_panels
from xai_core.ui.playhead import draw_player
from xai_core.ui.sharing import draw_link, draw_link_of_recording
from xai_core.ui.warm import keep_keras_state, warm_up
from xai_core.ui.wording import (
    HOW_TO_READ,
    TEN_ANSWERS,
    doubts,
    verdict,
)

__all__ = ["explore_page"]

BARS_HEIGHT = 270  # pixels


def explore_page() -> None:
    """Draw the page below its title."""
    keep_keras_state()
    available = store.available_models()
    choices, answer = st.columns([5, 6], gap="large")
    with choices:
        chosen = choose_note(_samples())
        type, family = choose_model(available, chosen.truth if chosen else None)
        player = st.container()
        if chosen and chosen.credit:
            st.caption(chosen.credit)
        advanced = choose_advanced()
    if chosen is None:
        return
    note = load_note(chosen.audio, start=chosen.start)
    with player:
        draw_player(note)
    prediction = predict(note, types=[type])
    probabilities = prediction.probabilities[type]
    family = family or chosen.truth or prediction.best(type)[0]
    if family not in probabilities:
        raise ModelError(f"there is no {type} model of {family}: choose another one to explain")
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
    panels = draw_panels(note, type, family, advanced)
    with st.container(horizontal=True):
        draw_saving_of_panels(panels, name=chosen.name, start=chosen.start)
        if chosen.content:
            draw_link_of_recording(
                chosen.content, chosen.digest, type=type, family=family, start=chosen.start
            )
        else:
            draw_link()
    with st.expander("How to read the four panels", icon=":material/help:"):
        st.markdown(HOW_TO_READ)
    warm_up(tuple(available))


@st.cache_resource(show_spinner=False)
def _samples() -> Sequence[NoteRecord]:
    return read_collection(samples_folder())
