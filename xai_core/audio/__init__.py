"""Bytes or a path to a 16 kHz mono note; a process of its own for untrusted audio.

Conventions
-----------
WAV, FLAC, OGG, MP3, AIFF, M4A, MP4, 3GP, WebM, WMA and AAC, recognised by content.
Samples are float32, full scale at -1 and 1. A note is 4.0 s at 16 kHz; how it was
changed to get there is in :attr:`Waveform.edits`. Silence is refused: there is nothing to explain.

Who calls what
--------------
What a visitor uploads to the dashboard goes through :func:`load_untrusted`: a
process of its own decodes it, under limits of memory and time, so that a crash of
the decoder does not stop the server. :func:`load` and :func:`load_note` apply the
same checks in the calling process: for the command line and Python, whose user
owns both the file and the process, and for the notes that come with TimbreLens.
Data sets of thousands of files are read by :mod:`xai_core.datasets.notes`.
"""

from xai_core.audio.decoding import MAX_BYTES
from xai_core.audio.gate import load_untrusted, open_gate
from xai_core.audio.notes import (
    NOTE_SECONDS,
    first_sound,
    fit_note,
    listening_gain,
    load,
    load_note,
    to_exact_wav,
    to_wav,
)

__all__ = [
    "MAX_BYTES",
    "NOTE_SECONDS",
    "first_sound",
    "fit_note",
    "listening_gain",
    "load",
    "load_note",
    "load_untrusted",
    "open_gate",
    "to_exact_wav",
    "to_wav",
]
