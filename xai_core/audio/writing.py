"""A waveform as a WAV file.

Conventions
-----------
Mono, at the rate of the waveform.
"""

from __future__ import annotations

import io

import numpy as np
import soundfile

from xai_core.values import Waveform

__all__ = ["listening_gain", "to_exact_wav", "to_wav"]


def listening_gain(waveform: Waveform) -> float:
    """Return the factor by which a player scales a waveform so that nothing clips.

    Parameters
    ----------
    waveform : Waveform

    Returns
    -------
    float
        1.0 up to full scale, else 1 / peak.

    Examples
    --------
    >>> import numpy as np
    >>> listening_gain(Waveform(np.array([0.5, -4.0]), 16_000))
    0.25
    """
    peak = float(np.abs(waveform.y).max())
    return 1.0 if peak <= 1.0 else 1.0 / peak


def to_wav(waveform: Waveform) -> bytes:
    """Return a waveform as a 16-bit WAV file, for a player.

    Parameters
    ----------
    waveform : Waveform
        One that exceeds full scale is scaled down (:func:`listening_gain`).

    Returns
    -------
    bytes
    """
    buffer = io.BytesIO()
    y = waveform.y * np.float32(listening_gain(waveform))
    soundfile.write(buffer, y, waveform.sr, format="WAV", subtype="PCM_16")
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
