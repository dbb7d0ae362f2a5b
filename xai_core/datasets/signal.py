"""Measures of the samples of one note.

Conventions
-----------
Samples are float with full scale at -1 and 1. Levels are dBFS: 0 is a peak of
1, or an RMS of 1. A note is measured as a network receives it: its first 4 s,
channels averaged. Clipping alone is judged channel by channel. Its *sounding part* ends with the
last sample above one step of 16 bits; what follows is padding.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_core.datasets.notes import SILENT_PEAK
from xai_core.values import NOTE_SAMPLES, SAMPLE_RATE

__all__ = [
    "CLIPPED_DBFS",
    "CLIPPED_RUN",
    "PADDING_LEVEL",
    "TONE_DB",
    "NoteSignal",
    "decibels",
    "measure",
    "tone_prominence",
]

CLIPPED_DBFS = -1.0  # from which a flat top counts as clipped
CLIPPED_RUN = 4  # consecutive samples at the same extreme; an unclipped 30 Hz sine has 3 at 48 kHz
PADDING_LEVEL = 2.0**-15  # one step of 16 bits: no louder is padding at the end
FRAME_SECONDS = 0.02  # whose RMS is a level
FLOOR_PERCENTILE = 5.0  # of those levels: the noise floor

TONE_DB = 13.0  # the clearest partial stands out so far, or the note is noise only
WINDOW_SECONDS = 0.512  # of one spectrum, rounded to a power of two in samples
LOUD_DB = -40.0  # spectra of weaker windows, below the loudest, are left out
LOWEST_HZ = 25.0  # below the lowest key of a piano, 27.5 Hz
HIGHEST_HZ = 0.95 * SAMPLE_RATE / 2  # what a note at 16 kHz still holds
BAND_OCTAVES = 0.25  # width of a band ...
BAND_BINS = 24  # ... and no fewer bins than this

SILENT_DBFS = 20 * math.log10(SILENT_PEAK)

Samples = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class NoteSignal:
    """The measures of one note.

    Parameters
    ----------
    digest : str
        MD5 of the samples as 16-bit integers, as
        :func:`xai_core.datasets.notes.audio_digest` has it.
    sr : int
        Hz.
    n_channels : int
    seconds : float
        Length of the file.
    peak_dbfs : float
        Largest absolute sample; -inf for digital silence.
    floor_dbfs : float
        5th percentile of the RMS of 20 ms frames that are not digital silence.
    dc_share : float
        Size of the mean of the sounding part, its ends weighted down, over the peak, in [0, 1].
    padding_seconds : float
        From the last sample above one step of 16 bits to the end
        of the first 4 s, or of a file that is shorter.
    n_clipped : int
        Samples in runs of at least 4 at a channel's own highest or lowest
        value, where that is -1 dBFS or more.
    tone_db : float
        See :func:`tone_prominence`; 0 for silence.
    """

    digest: str
    sr: int
    n_channels: int
    seconds: float
    peak_dbfs: float
    floor_dbfs: float
    dc_share: float
    padding_seconds: float
    n_clipped: int
    tone_db: float

    @property
    def is_silent(self) -> bool:
        """Whether the peak is below -80 dBFS, so that training leaves the note out."""
        return self.peak_dbfs < SILENT_DBFS

    @property
    def is_noise(self) -> bool:
        """Whether the note is not silent and no steady partial stands out by 13 dB."""
        return not self.is_silent and self.tone_db < TONE_DB


def measure(y: Samples, sr: int) -> NoteSignal:
    """Return the measures of one note.

    Parameters
    ----------
    y : ndarray, shape (n_samples, n_channels)
        Samples as they are stored, at least one, all of them finite.
    sr : int
        Hz.

    Returns
    -------
    NoteSignal
    """
    first = y[: round(NOTE_SAMPLES * sr / SAMPLE_RATE)]
    mono = first[:, 0] if y.shape[1] == 1 else first.mean(axis=1)
    size = np.abs(mono)
    peak = float(size.max())
    loud = np.flatnonzero(size > PADDING_LEVEL)
    end = int(loud[-1]) + 1 if loud.size else 0
    sounding = mono[:end]
    frames = _frames(sounding, sr) if end else np.zeros((1, 1))
    silent = decibels(peak) < SILENT_DBFS
    return NoteSignal(
        digest=_digest(y),
        sr=sr,
        n_channels=y.shape[1],
        seconds=len(y) / sr,
        peak_dbfs=decibels(peak),
        floor_dbfs=_floor(frames),
        dc_share=0.0 if silent else _dc(frames) / peak,
        padding_seconds=(mono.size - end) / sr,
        n_clipped=sum(_n_clipped(channel) for channel in first.T),
        tone_db=0.0 if silent else tone_prominence(sounding, sr),
    )


def tone_prominence(y: Samples, sr: int) -> float:
    """Return by how many decibels the clearest partial stands out of its surroundings.

    The power spectra of windows of half a second, every one scaled to the same power,
    are averaged. In each quarter-octave band (24 bins at least) the largest
    bin is divided by the largest median of the band and its two neighbours, so
    that neither a slope nor the edge of a filter passes for a partial. The
    largest of these ratios is returned.

    Parameters
    ----------
    y : ndarray, shape (n_samples,)
    sr : int
        Hz.

    Returns
    -------
    float
        dB. About 4 for 4 s of noise, 12 for noise so short that one window
        holds it, 40 and more for a steady tone; 0 for silence.

    Notes
    -----
    Mains hum is a steady tone too. A tone that glides by an octave in a second
    and a cluster of tones a few hertz apart are not.
    """
    power = _mean_spectrum(y, sr)
    edges = _band_edges(power.size, sr)
    if len(edges) < 2 or not power.any():
        return 0.0
    bands = [power[a:b] for a, b in itertools.pairwise(edges)]
    medians = np.array([np.partition(band, band.size // 2)[band.size // 2] for band in bands])
    padded = np.pad(medians, 1)
    around = np.maximum(np.maximum(padded[:-2], padded[2:]), medians)
    tops = np.maximum.reduceat(power, edges[:-1])[: len(bands)]
    tops[-1] = bands[-1].max()  # reduceat runs to the end of the spectrum
    least = 1e-12 * power.max()  # -120 dB: rounding
    return float(10 * np.log10(np.max(tops / np.maximum(around, least))))


def decibels(amplitude: float) -> float:
    """Return an amplitude in dBFS, -inf for 0."""
    return 20 * math.log10(amplitude) if amplitude > 0 else -math.inf


def _digest(y: Samples) -> str:
    steps = np.rint(y * y.dtype.type(32768.0))
    np.clip(steps, -32768, 32767, out=steps)
    return hashlib.md5(steps.astype("<i2").tobytes(), usedforsecurity=False).hexdigest()


def _frames(sounding: Samples, sr: int) -> npt.NDArray[np.float64]:
    """Return the whole frames of 20 ms, or the one that is shorter; shape (n_frames, n)."""
    n_frame = max(1, round(FRAME_SECONDS * sr))
    n_frames = max(1, sounding.size // n_frame)
    return sounding[: n_frames * n_frame].reshape(n_frames, -1).astype(np.float64)


def _floor(frames: npt.NDArray[np.float64]) -> float:
    power = np.mean(np.square(frames), axis=1)
    power = power[power > 0]
    if power.size == 0:
        return -math.inf
    return decibels(float(np.percentile(np.sqrt(power), FLOOR_PERCENTILE)))


def _dc(frames: npt.NDArray[np.float64]) -> float:
    """Return the size of the mean, weighted so that part of a period does not pass for one."""
    x = np.linspace(-1, 1, len(frames) + 2)[1:-1]
    weights = np.square(1 - x * x)
    return abs(float(weights @ frames.mean(axis=1))) / float(weights.sum())


def _n_clipped(channel: Samples) -> int:
    return sum(
        _in_runs(np.flatnonzero(channel == extreme))
        for extreme in (channel.max(), channel.min())
        if decibels(abs(float(extreme))) >= CLIPPED_DBFS
    )


def _in_runs(places: npt.NDArray[np.intp]) -> int:
    """Return how many of these sample numbers lie in runs of at least CLIPPED_RUN."""
    if places.size < CLIPPED_RUN:
        return 0
    runs = np.diff(np.flatnonzero(np.diff(places, prepend=-2, append=places[-1] + 2) != 1))
    return int(runs[runs >= CLIPPED_RUN].sum())


def _mean_spectrum(y: Samples, sr: int) -> npt.NDArray[np.float64]:
    """Return the mean of the power spectra of the louder windows, each of power 1."""
    n_window = 2 ** round(math.log2(WINDOW_SECONDS * sr))
    padded = np.pad(y, (0, max(0, n_window - y.size)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, n_window)[:: n_window // 2]
    windows = windows - windows.mean(axis=1, keepdims=True)
    powers = np.einsum("ij,ij->i", windows, windows) / n_window
    loud = powers > powers.max() * 10 ** (LOUD_DB / 10)
    if not loud.any():
        return np.zeros(0)
    spectra = np.fft.rfft(windows[loud] * _hann(n_window).astype(windows.dtype), axis=1)
    power = spectra.real**2 + spectra.imag**2  # (n_windows, n_bins)
    return np.asarray(np.mean(power / powers[loud, None], axis=0), np.float64)


@functools.lru_cache(maxsize=8)
def _hann(n: int) -> npt.NDArray[np.float64]:
    window = np.asarray(np.hanning(n), np.float64)
    window.setflags(write=False)
    return window


def _band_edges(n_bins: int, sr: int) -> list[int]:
    """Return the first bin of each band, and one past the last."""
    bin_hz = sr / (2 * (n_bins - 1)) if n_bins > 1 else math.inf
    edges = [math.ceil(LOWEST_HZ / bin_hz)]
    last = min(n_bins, int(HIGHEST_HZ / bin_hz))
    while True:
        width = max(BAND_BINS, round(edges[-1] * (2**BAND_OCTAVES - 1)))
        if edges[-1] + width > last:
            return edges
        edges.append(edges[-1] + width)
