"""Which distances the Metrics page shows, and the buttons that start, pause and give up its runs.

Conventions
-----------
Whether a run goes on is in the session, one flag for each of three runs: the models'
maps, random networks and spectrograms beside them, and all types. What is finished is in
the cache, whatever became of the run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from xai_core.catalogue.compared import ABSOLUTE, MODEL, SPECTROGRAM, Compared
from xai_core.datasets.notes import NoteRecord
from xai_core.study.run import PartialResults, analyse, read_partial_results
from xai_core.ui.parts.words import time_text
from xai_core.ui.shell.work_queue import queue_slot
from xai_core.values import Progress

__all__ = [
    "SEED",
    "Chosen",
    "compute",
    "draw_button_beside",
    "draw_button_of_all",
    "draw_buttons",
    "is_cancelled",
    "stop_running",
]

SEED = 0
RUNNING = "metrics are computed"  # in the session
RUNNING_ALL = "metrics of all types are computed"
RUNNING_BESIDE = "metrics of random networks are computed"
CANCELLED = "metrics given up"
NOT_YET = (
    "Would maps of networks with random weights lie as far apart, or the spectrograms themselves? "
    "That is not computed yet."
)


@dataclass(frozen=True)
class Chosen:
    """What the visitor chose: type, method, notes a family, and what of maps is compared."""

    type: str
    method: str
    n_notes: int
    view: str = ABSOLUTE

    def compared(self, maps: str = MODEL) -> Compared:
        """Return what is compared of some maps: spectrograms have one view."""
        return Compared(maps, ABSOLUTE if maps == SPECTROGRAM else self.view)

    def read(
        self,
        records: Sequence[NoteRecord],
        maps: str = MODEL,
        *,
        types: Sequence[str] | None = None,
    ) -> PartialResults:
        """Return what is finished of the pairs of some maps."""
        return read_partial_results(
            records,
            types=[self.type] if types is None else types,
            methods=[self.method],
            notes_per_family=self.n_notes,
            compared=self.compared(maps),
        )


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


def draw_button_beside(place: DeltaGenerator) -> bool:
    """Say that random networks are not compared yet, with the button; return whether to compute."""
    state = st.session_state
    running = bool(state.get(RUNNING_BESIDE, False))

    def begin_or_pause() -> None:
        state[RUNNING_BESIDE] = not running

    with place.container():
        st.markdown(NOT_YET)
        label = "Pause random networks" if running else "Compare random networks"
        icon = ":material/pause:" if running else ":material/play_arrow:"
        st.button(label, icon=icon, on_click=begin_or_pause, key="run beside")
    return running


def compute(
    records: Sequence[NoteRecord],
    chosen: Chosen,
    types: Sequence[str],
    bar: DeltaGenerator,
    *,
    maps: str = MODEL,
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
            compared=chosen.compared(maps),
            on_result=on_result,
            on_progress=on_progress,
        )
    bar.empty()


def stop_running() -> None:
    """Note that nothing is computed any more."""
    st.session_state[RUNNING] = False
    st.session_state[RUNNING_ALL] = False
    st.session_state[RUNNING_BESIDE] = False
