"""Computing distances on the Metrics page: what was chosen for, the buttons, and the work itself.

Conventions
-----------
Work goes on in the run of the page, note by note in slots of the work queue;
Streamlit stops it where progress is shown. Whether it goes on is in the session,
what is finished is in the cache.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from xai_core.datasets.notes import NoteRecord
from xai_core.study.run import PartialResults, analyse
from xai_core.ui.parts.words import time_text
from xai_core.ui.shell.work_queue import queue_slot
from xai_core.values import Progress

__all__ = [
    "SEED",
    "Chosen",
    "compute",
    "draw_button_of_all",
    "draw_buttons",
    "is_cancelled",
    "stop_running",
]

SEED = 0
RUNNING = "metrics are computed"  # in the session
RUNNING_ALL = "metrics of all types are computed"
CANCELLED = "metrics given up"


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
