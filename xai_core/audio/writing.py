"""A waveform as a WAV file.

Conventions
-----------
Mono, at the rate of the waveform.
"""

from __future__ import annotations

import io

import soundfile

from xai_core.values import Waveform

__all__ = ["to_exact_wav", "to_wav"]


def to_wav(waveform: Waveform) -> bytes:
    """Return a waveform as a 16-bit WAV file, for a player.

    Parameters
    ----------
    waveform : Waveform
        Samples beyond full scale are clipped.

    Returns
    -------
    bytes
    """
    buffer = io.BytesIO()
    soundfile.write(buffer, waveform.y, waveform.sr, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def to_exact_wav(waveform: Waveform) -> bytes:
    """Return a waveform as a WAV file of 32-bit floats, for a program.

    Parameters
    ----------
    waveform : Waveform
        Nothing is rounded or clipped: :func:`load` gives the same samples back.

    Returns
    -------
    bytes
    """
    buffer = io.BytesIO()
    soundfile.write(buffer, waveform.y, waveform.sr, format="WAV", subtype="FLOAT")
    return buffer.getvalue()
