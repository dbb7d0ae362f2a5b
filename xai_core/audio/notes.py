"""The 4 s of a recording that are explained: from a path, bytes or a waveform, and as a WAV file.

Conventions
-----------
Decoded in the calling process; what comes from strangers is decoded by
:mod:`xai_core.audio.gate`. A WAV file is mono, at the rate of the waveform, or has two
waveforms of one length as its left and right channel.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import soundfile
import soxr

from xai_core.audio.decoding import MAX_BYTES, decode
from xai_core.errors import AudioError, InputError
from xai_core.values import NOTE_SAMPLES, SAMPLE_RATE, FloatArray, Waveform

__all__ = [
    "NOTE_SECONDS",
    "first_sound",
    "fit_note",
    "listening_gain",
    "load",
    "load_note",
    "to_exact_wav",
    "to_wav",
]

NOTE_SECONDS = NOTE_SAMPLES / SAMPLE_RATE
MIN_SECONDS = 0.1
EDGE_SECONDS = 0.25  # resampled on both sides of the 4 s, so that the filter sees no edge
BEFORE_SOUND = 0.1  # s of silence before a first sound that comes late
SILENCE_PEAK = 1e-4  # of full scale (-80 dB); inaudible below
MAX_PEAK = 2.0**31  # of full scale; 32-bit integers read as they are stay below it
AudioSource = str | os.PathLike[str] | bytes | Waveform


def load_note(audio: AudioSource, *, start: float = 0.0) -> Waveform:
    """Read audio and return the 4 s note that begins at `start`.

    Parameters
    ----------
    audio : path, bytes or Waveform
        At most 10 MB, 10 minutes, 8 channels, 8 to 192 kHz.
    start : float
        Seconds into the recording.

    Returns
    -------
    Waveform
        64 000 samples at 16 kHz, with `edits` that say what was done.

    Raises
    ------
    AudioError
        If the audio cannot be read, is shorter than 0.1 s, holds NaN or
        infinity, or is silent.
    """
    waveform = audio if isinstance(audio, Waveform) else load(audio)
    return fit_note(waveform, start=start)


def load(audio: str | os.PathLike[str] | bytes) -> Waveform:
    """Decode audio to a mono waveform at its own rate, or 16 kHz where it is long.

    Parameters
    ----------
    audio : path or bytes

    Raises
    ------
    AudioError
        As :func:`load_note`.
    """
    return decode(audio if isinstance(audio, bytes) else _read(Path(audio)))


def fit_note(waveform: Waveform, *, start: float = 0.0) -> Waveform:
    """Resample to 16 kHz and take 4 s, padding with silence at the end.

    Parameters
    ----------
    waveform : Waveform
        Mono, any rate, at least 0.1 s.
    start : float
        Seconds at which the note begins.

    Returns
    -------
    Waveform
        64 000 samples at 16 kHz.

    Raises
    ------
    AudioError
        If the waveform is too short, `start` leaves less than 0.1 s of it, or
        the 4 s are silent or louder than any recording.
    """
    if waveform.duration < MIN_SECONDS:
        raise AudioError(
            f"expected audio of at least {MIN_SECONDS} s, got {waveform.duration:.3f} s: "
            "is the file cut short?"
        )
    latest = waveform.duration - MIN_SECONDS
    if not 0.0 <= start <= latest:
        raise AudioError(
            f"expected a start between 0 and {latest:.2f} s, got {start:g} s: "
            "is the recording shorter than thought?"
        )
    edits = list(waveform.edits)
    y = _window(waveform, start)
    if waveform.sr != SAMPLE_RATE:
        edits.append(f"resampled {waveform.sr / 1000:g} kHz to 16 kHz")
    if start > 0.0 or waveform.duration > NOTE_SECONDS:
        edits.append(f"took {start:.2f} to {start + y.size / SAMPLE_RATE:.2f} s")
    if y.size < NOTE_SAMPLES:
        edits.append(f"padded {(NOTE_SAMPLES - y.size) / SAMPLE_RATE:.2f} s of silence at the end")
        y = np.pad(y, (0, NOTE_SAMPLES - y.size))
    peak = float(np.abs(y).max())
    if peak < SILENCE_PEAK:
        raise AudioError(
            "expected a sound, got silence (peak below -80 dB of full scale): "
            "is this the right part of the recording?"
        )
    if peak > MAX_PEAK:
        raise AudioError(
            f"expected samples between -1 and 1, got a peak of {peak:.0e}: is the file damaged?"
        )
    return Waveform(y, SAMPLE_RATE, tuple(edits))


def first_sound(waveform: Waveform) -> float:
    """Return the start of the first 4 s that are not silent.

    Parameters
    ----------
    waveform : Waveform
        Mono, any rate.

    Returns
    -------
    float
        Seconds: 0 where the first 4 s are not silent, else 0.1 s before the first
        sound, or as late as 4 s still fit.

    Raises
    ------
    AudioError
        If all of it is silent, or it is too short to be a note.

    Examples
    --------
    >>> first_sound(Waveform(np.repeat([0.0, 0.5], 10 * 16_000), 16_000))
    9.9
    """
    sounding = np.abs(waveform.y) >= SILENCE_PEAK
    first = int(sounding.argmax()) / waveform.sr
    if not sounding.any():
        raise AudioError(
            "expected a sound, got silence from beginning to end (peak below -80 dB of full "
            "scale): was the microphone on?"
        )
    latest = max(waveform.duration - NOTE_SECONDS, 0.0)
    start = 0.0 if first < NOTE_SECONDS else min(first - BEFORE_SOUND, latest)
    fit_note(waveform, start=start)
    return start


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


def to_wav(waveform: Waveform, *, right: Waveform | None = None) -> bytes:
    """Return a waveform, or two side by side, as a 16-bit WAV file, for a player.

    Parameters
    ----------
    waveform : Waveform
        One that exceeds full scale is scaled down (:func:`listening_gain`).
    right : Waveform, optional
        Of the same rate and length: the file has two channels then, both scaled by the
        smaller gain of the two.

    Raises
    ------
    InputError
        If the two waveforms differ in rate or length.
    """
    channels = [waveform] if right is None else [waveform, right]
    if len({(one.sr, one.y.size) for one in channels}) > 1:
        raise InputError(
            "expected two waveforms of one rate and length, got "
            + " and ".join(f"{one.y.size} samples at {one.sr} Hz" for one in channels)
        )
    gain = np.float32(min(map(listening_gain, channels)))
    samples = np.stack([one.y for one in channels], axis=1) * gain  # (n_samples, n_channels)
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, waveform.sr, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def to_exact_wav(waveform: Waveform) -> bytes:
    """Return a waveform as a WAV file of 32-bit floats, for a program.

    Parameters
    ----------
    waveform : Waveform
        Nothing is rounded or clipped: :func:`load` gives the same samples back.
    """
    buffer = io.BytesIO()
    soundfile.write(buffer, waveform.y, waveform.sr, format="WAV", subtype="FLOAT")
    return buffer.getvalue()


def _window(waveform: Waveform, start: float) -> FloatArray:
    """Return at most 4 s at 16 kHz; no more than they and their edges is resampled."""
    if waveform.sr == SAMPLE_RATE:
        first = round(start * SAMPLE_RATE)
        return waveform.y[first : first + NOTE_SAMPLES]
    begin = max(0, int((start - EDGE_SECONDS) * waveform.sr))
    end = int((start + NOTE_SECONDS + EDGE_SECONDS) * waveform.sr) + 1
    y = soxr.resample(waveform.y[begin:end], waveform.sr, SAMPLE_RATE, quality="HQ")
    first = round((start - begin / waveform.sr) * SAMPLE_RATE)
    return np.asarray(y[first : first + NOTE_SAMPLES], np.float32)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise AudioError(f"there is no file {path}: is the name right?") from None
    except OSError as error:
        raise AudioError(f"the file {path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # a zero byte in the name
        raise AudioError(f"the name {str(path)!r} cannot be that of a file") from error
