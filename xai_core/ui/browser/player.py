"""The player of a note, whose position a line shows in every panel of the page.

Conventions
-----------
All that moves is done by the visitor's browser (``player.js``): while the note
plays nothing is sent to the server and no page is run. A figure takes part if
its ``layout.meta["playhead"]`` lists its time axes, as the figure of
:func:`xai_core.figures.explore_panels` does. There, what the pointer is over in
one panel is shown in the others too (``crosshair.js``). Two sounds are mixed there as well
(``blend.js``).
"""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import streamlit as st

from xai_core.audio import listening_gain, to_wav
from xai_core.values import Waveform

__all__ = ["draw_player"]

HERE = Path(__file__)
SCRIPTS = ("player.js", "blend.js", "loop.js", "panels.js", "crosshair.js")


def draw_player(
    note: Waveform,
    *,
    other: Waveform | None = None,
    names: tuple[str, str] = ("original", "changed"),
    key: str = "player",
) -> None:
    """Draw the player of a note, and say so where it plays softer than the note is.

    It plays on when the page is run again with the same note, and falls silent
    when the note is another one.

    Parameters
    ----------
    note : Waveform
        4 s at 16 kHz.
    other : Waveform, optional
        A second sound of the same length, with which the note is compared: a slider goes
        from the one to the other while they play. It begins at `other`. When `other`
        alone is another one, the player stays where it is and plays on.
    names : tuple of str
        What the ends of the slider are called: the note, the other sound.
    key : str
        Of the widget; one player on a page.

    Notes
    -----
    The sound goes to the browser as the bytes of a WAV file, 128 kB for 4 s, twice as many
    with two sounds, which are its channels: they cannot drift apart. The browser
    mixes them to both ears through Web Audio; one without it plays the note in the left
    ear and the other in the right, and says so. Streamlit sends such a message once and
    refers to it afterwards; there is no file on the server that could be gone when the visitor
    presses play. A line of JSON stands before the bytes.
    """
    about = {
        "names": [] if other is None else list(names),
        "note": hashlib.sha256(note.y.tobytes()).hexdigest(),
    }
    message = json.dumps(about).encode() + b"\n" + to_wav(note, right=other)
    _player(data=message, key=key)
    if (gain := min(map(listening_gain, (note, other or note)))) < 1.0:
        st.caption(
            f"Played {-20.0 * math.log10(gain):.1f} dB softer: the samples go beyond full scale."
        )


def _text(name: str) -> str:
    return HERE.with_name(name).read_text(encoding="utf-8")


_player = st.components.v2.component(
    "timbrelens_player",
    html=_text("player.html"),
    css=_text("player.css"),
    js="".join(map(_text, SCRIPTS)),
)
