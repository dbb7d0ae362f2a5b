"""Bytes or a path to a 16 kHz mono note: the gate for untrusted audio.

Conventions
-----------
WAV, FLAC, OGG, MP3 and AIFF, recognised by content. Samples are float32, full
scale at -1 and 1. A note is 4.0 s at 16 kHz; what was done to get there is
said in :attr:`Waveform.edits`. Silence is refused: there is nothing to explain.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import soundfile
import soxr

from xai_core.errors import AudioError
from xai_core.values import NOTE_SAMPLES, SAMPLE_RATE, FloatArray, Waveform

__all__ = ["MAX_BYTES", "fit_note", "load", "load_note", "to_exact_wav", "to_wav"]

NOTE_SECONDS = NOTE_SAMPLES / SAMPLE_RATE
MIN_SECONDS = 0.1
EDGE_SECONDS = 0.25  # resampled on both sides of the 4 s, so that the filter sees no edge
MAX_SECONDS = 600.0  # longer recordings are refused
MAX_BYTES = 10 * 1024 * 1024
MAX_CHANNELS = 8
RATE_RANGE = (8_000, 192_000)  # Hz
SILENCE_PEAK = 1e-4  # of full scale (-80 dB); below it nothing can be heard
MAX_PEAK = 2.0**31  # of full scale; 32-bit integers read as they are stay below it
BLOCK = 1 << 18  # samples over all channels, decoded at once
FORMATS = {"WAV", "WAVEX", "RF64", "FLAC", "OGG", "MP3", "AIFF"}

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
    """Decode audio to a mono waveform at its own rate.

    Parameters
    ----------
    audio : path or bytes

    Returns
    -------
    Waveform

    Raises
    ------
    AudioError
        As :func:`load_note`.
    """
    content = audio if isinstance(audio, bytes) else _read(Path(audio))
    if not content:
        raise AudioError("expected audio, got 0 bytes: is the file empty?")
    if len(content) > MAX_BYTES:
        raise AudioError(
            f"expected at most {MAX_BYTES / 2**20:.0f} MB, got {len(content) / 2**20:.1f} MB: "
            "cut the recording or use FLAC"
        )
    try:
        with soundfile.SoundFile(_Content(content)) as file:
            _check_header(file)
            y = _decode_mono(file)
            sr, channels = file.samplerate, file.channels
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
        raise AudioError(
            "expected WAV, FLAC, OGG, MP3 or AIFF audio, got something else: "
            "is it damaged, or another kind of file, renamed?"
        ) from error
    edits = () if channels == 1 else (f"mixed {channels} channels to mono",)
    return Waveform(y, sr, edits)


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


class _Content(io.BytesIO):
    """Bytes of a file; a damaged one that seeks before its start stays where it is."""

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        try:
            return super().seek(offset, whence)
        except ValueError:
            return self.tell()


def _check_header(file: soundfile.SoundFile) -> None:
    if file.format not in FORMATS:
        raise AudioError(f"expected WAV, FLAC, OGG, MP3 or AIFF audio, got {file.format}")
    if file.frames == 0:
        raise AudioError("expected audio, got 0 samples: is the recording empty?")
    if file.frames == np.iinfo(np.int64).max:
        raise AudioError(
            "expected a recording that states its length, got a stream that does not: "
            "save it again as WAV or FLAC"
        )
    if not RATE_RANGE[0] <= file.samplerate <= RATE_RANGE[1]:
        raise AudioError(f"expected a sample rate of 8 to 192 kHz, got {file.samplerate} Hz")
    if file.channels > MAX_CHANNELS:
        raise AudioError(f"expected at most {MAX_CHANNELS} channels, got {file.channels}")


def _decode_mono(file: soundfile.SoundFile) -> FloatArray:
    """Read and mix block by block: the length a header states may be unknown or a lie."""
    blocks: list[FloatArray] = []
    limit = int(MAX_SECONDS * file.samplerate)
    n_samples = 0
    while n_samples <= limit:
        block = file.read(BLOCK // file.channels, dtype="float32", always_2d=True)
        if len(block) == 0:
            return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
        blocks.append(block.mean(axis=1))
        n_samples += len(block)
    raise AudioError(
        f"expected at most {MAX_SECONDS / 60:.0f} minutes, got more: cut the recording"
    )
