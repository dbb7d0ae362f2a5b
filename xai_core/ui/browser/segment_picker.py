"""The waveform of a recording, on which the visitor moves the 4 s that are explained.

Conventions
-----------
The window moves in the visitor's browser (``window.js``), by mouse, finger or
keys; the page is run again when it is let go. Times are seconds of the recording.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from xai_core.audio import NOTE_SECONDS
from xai_core.figures.maps.answers import waveform_envelope
from xai_core.values import Waveform

__all__ = ["draw_window"]

HERE = Path(__file__)
STEP = 0.05  # s


def draw_window(recording: Waveform, *, id: str, start: float = 0.0, key: str = "window") -> float:
    """Draw a recording and its window; return where the window begins.

    Parameters
    ----------
    recording : Waveform
        However long; the window of one shorter than 4 s cannot be moved.
    id : str
        Identifies the recording: the window of another one begins at `start`.
    start : float
        Where it begins before the visitor moves it, in seconds.
    key : str
        Of the widget.

    Returns
    -------
    float
        Seconds, from 0 to the recording's duration less 4 s.
    """
    envelope = waveform_envelope(recording.y)
    peak = max(float(np.abs(envelope).max()), 1e-6)
    result = _window(
        data={
            "id": id,
            "envelope": np.round(100 * envelope / peak).astype(int).tolist(),
            "duration": recording.duration,
            "length": NOTE_SECONDS,
            "step": STEP,
            "start": start,
        },
        default={"start": start},
        key=key,
        on_start_change=_moved,
    )
    latest = max(recording.duration - NOTE_SECONDS, 0.0)
    moved = result.start if isinstance(result.start, int | float) else start
    return float(np.clip(np.nan_to_num(moved), 0.0, latest))


def _moved() -> None:
    """Have the page run again; Streamlit keeps the place itself."""


def _text(suffix: str) -> str:
    return HERE.with_suffix(suffix).read_text(encoding="utf-8")


_window = st.components.v2.component(
    "timbrelens_window", html=_text(".html"), css=_text(".css"), js=_text(".js")
)
