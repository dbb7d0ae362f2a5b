"""The visitor's own recording: what the session holds of it, or a link names.

Conventions
-----------
A recording stays in the visitor's session, from page to page, until it is removed.
``upload`` in the address is the SHA-256 of a recording that has a link, and ``start``
where the 4 s begin, in seconds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from math import floor

import streamlit as st

from xai_core import store
from xai_core.audio import NOTE_SECONDS, first_sound, fit_note, load_untrusted
from xai_core.errors import InputError
from xai_core.ui.parts.sharing import forget_recording, note_shared, take_start
from xai_core.ui.shell.address import forget_choice
from xai_core.ui.shell.faults import sentence
from xai_core.values import Waveform

__all__ = [
    "Recording",
    "bring_recording",
    "drop_recording",
    "keep_recording",
    "keep_start",
    "note_of",
    "own_recording",
]

KEPT = "recording of the visitor"  # in the session
START = "start of the recording"
CHOICES = ("type", "model")  # keys of what is chosen for one recording
GONE = (
    "The recording of this link is not on this server any more: it was removed, or the cache was "
    "emptied. Bring it again to go on."
)


@dataclass(frozen=True, eq=False)
class Recording:
    """What the visitor brought, or a link: name, samples, the file, its SHA-256, first start."""

    name: str
    waveform: Waveform
    content: bytes
    digest: str
    start: float = 0.0  # s, where the 4 s begin: at the first sound, or the start in a link

    @property
    def latest(self) -> float:
        """Latest start of 4 s, in seconds; negative in a shorter recording."""
        return floor(100 * (self.waveform.duration - NOTE_SECONDS)) / 100


def bring_recording(name: str, content: bytes) -> Recording:
    """Return a recording of a file, as it comes from a visitor.

    Raises
    ------
    AudioError
        If the file cannot be read or is silent.
    """
    waveform = load_untrusted(content)
    start = floor(100 * first_sound(waveform)) / 100
    return Recording(name, waveform, content, hashlib.sha256(content).hexdigest(), start)


def own_recording() -> Recording | None:
    """Return the recording that the session holds, or that the address names, if any.

    One that the address names and that is gone is said so.
    """
    kept: Recording | None = st.session_state.get(KEPT)
    return kept or _of_a_link()


def keep_recording(recording: Recording) -> None:
    """Hold a recording in the session, without choices but those in the address."""
    for key in CHOICES:
        if key not in st.query_params:
            forget_choice(key)
    st.session_state[KEPT] = recording


def drop_recording(digest: str) -> None:
    """Forget the recording, on the server too if it has a link.

    Maps of it may stay in the cache: under a digest that only who has the recording can name.
    """
    forget_recording(digest)
    for key in (KEPT, START, "prediction of the recording", "scan of the recording", "window"):
        st.session_state.pop(key, None)
    for key in CHOICES:
        forget_choice(key)


def keep_start(recording: Recording, start: float) -> None:
    """Remember for other pages where the 4 s begin, in seconds."""
    st.session_state[START] = recording.digest, start


def note_of(recording: Recording) -> tuple[Waveform, float]:
    """Return the 4 s of a recording that were chosen, and where they begin in seconds."""
    digest, start = st.session_state.get(START, ("", 0.0))
    begin = start if digest == recording.digest else recording.start
    return fit_note(recording.waveform, start=begin), begin


def _of_a_link() -> Recording | None:
    digest = st.query_params.get("upload")
    if digest is None:
        return None
    try:
        content = store.read_recording(digest)
        if content is None:
            st.warning(GONE, icon=":material/link_off:")
            return None
        waveform = load_untrusted(content)
        first_sound(waveform)
    except InputError as error:
        st.warning(sentence(error), icon=":material/link_off:")
        return None
    note_shared(digest)
    recording = Recording(f"recording {digest[:8]}", waveform, content, digest)
    recording = replace(recording, start=take_start(recording.latest))
    keep_recording(recording)
    return recording
