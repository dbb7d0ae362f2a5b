"""The Explore page: one note, one model, four panels.

Conventions
-----------
The page is drawn in one run, the first picture before the ten answers beside the
choices, which take as long again; nothing is kept between runs but models and the
cache.
"""

from __future__ import annotations

import streamlit as st

from xai_core.audio import load_note
from xai_core.explanations import layers_of, predict, weak_families
from xai_core.figures import probability_bars
from xai_core.ui.browser.player import draw_player
from xai_core.ui.parts.charts import draw_clickable_figure
from xai_core.ui.parts.choices import (
    OWN_FAMILY,
    choose_advanced,
    choose_model,
    choose_note,
    draw_faults,
    faulty_models,
    samples,
    sound_models,
)
from xai_core.ui.parts.hearing import draw_way_to_listen
from xai_core.ui.parts.panels import draw_panels, draw_saving_of_panels
from xai_core.ui.parts.sharing import draw_link
from xai_core.ui.parts.trust import draw_way_to_trust
from xai_core.ui.parts.words import TEN_ANSWERS, doubts, how_to_read, note_credit, verdict
from xai_core.ui.shell.address import set_choice
from xai_core.ui.shell.preload import keep_keras_state, preload_models
from xai_core.ui.shell.work_queue import queue_slot
from xai_core.values import Waveform, pitch_frequency

__all__ = ["explore_page"]

BARS_HEIGHT = 270  # pixels
OWN = "Explain a recording of your own"


def explore_page() -> None:
    """Draw the page below its title."""
    keep_keras_state()
    available, records = sound_models(), samples()
    choices, answer = st.columns([5, 6], gap="large")
    with choices:
        record = choose_note(records)
        type, family = choose_model(available, record.family)
        player = st.container()
        if credit := note_credit(record):
            st.caption(credit)
        st.page_link("pages/upload.py", label=OWN, icon=":material/mic:")
        advanced = choose_advanced(records, layers_of(type, family), type=type)
    answered, warning = answer.container(), answer.empty()
    note = load_note(record.path)
    with player:
        draw_player(note)

    def draw_answer() -> None:
        with answered:
            _answer(note, type, explained=family, truth=record.family)

    pitch = None if record.pitch is None else pitch_frequency(record.pitch)
    panels = draw_panels(
        note, type, family, advanced, pitch=pitch, verdict=warning, meanwhile=draw_answer
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        draw_saving_of_panels(panels, name=record.note, start=0.0)
        draw_link()
        draw_way_to_listen()
        draw_way_to_trust(advanced.shown[0])
    with st.expander("How to read the four panels", icon=":material/help:"):
        st.markdown(how_to_read(advanced.shown))
    preload_models(tuple(available))


def _answer(note: Waveform, type: str, *, explained: str, truth: str) -> None:
    """Draw what the ten models of a type say, and what the explained one does."""
    with queue_slot():
        probabilities = predict(note, types=[type], without=faulty_models()).probabilities[type]
    headline, detail = verdict(probabilities, type=type, explained=explained, truth=truth)
    st.markdown(f"##### {headline}")
    bars = probability_bars(probabilities, highlighted=explained, height=BARS_HEIGHT)

    def explain_clicked(carried: list[str]) -> None:
        (family,) = carried
        if family in probabilities:
            set_choice("explain", OWN_FAMILY if family == truth else family)

    draw_clickable_figure(
        st, bars, key=f"answers, {explained} explained", buttons=False, on_click=explain_clicked
    )
    st.markdown(detail, help=TEN_ANSWERS)
    st.caption("Click a bar to explain the model of another family.")
    draw_faults(type)
    if doubted := doubts(weak_families(type)):
        st.caption(doubted)
