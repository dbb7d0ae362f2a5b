"""Waveform to spectrogram: one function for each type of the catalogue.

Conventions
-----------
Input is 16 kHz mono. Frames are centred, 2048 samples long and 512 apart, so a
4 s note (64 000 samples) has 126. Values are ``(n_frames, n_bins)`` float32,
scaled as the CNN receives them, and digital silence is exactly 0 in all
types: the zero baseline of Integrated Gradients is a silent note.

The matrices (window, mel, chroma, DCT) are built once per process. The STFT is
computed in double precision, as librosa does, and kept in single: the six types of the paper
equal those of plain librosa calls to 1e-5 (``tests/benchmarks/features.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise

import librosa
import numpy as np
import numpy.typing as npt
import scipy.fft

from xai_core.catalogue.types import TOP_DB, spectrogram_type
from xai_core.errors import AudioError, InputError
from xai_core.values import (
    NOTE_SAMPLES,
    SAMPLE_RATE,
    Axis,
    FloatArray,
    Spectrogram,
    Waveform,
    check_type,
)

__all__ = [
    "HOP_LENGTH",
    "N_FFT",
    "N_FRAMES",
    "axes",
    "chroma_filters",
    "contrast_bands",
    "dct_matrix",
    "describe",
    "extract",
    "mel_filters",
    "n_bins",
    "power_spectrogram",
    "tonnetz_matrix",
]

N_FFT = 2048  # samples
HOP_LENGTH = 512  # samples
N_FRAMES = 1 + NOTE_SAMPLES // HOP_LENGTH  # 126
N_MELS = spectrogram_type("log_mel").n_bins
N_MFCC = spectrogram_type("mfcc").n_bins
N_CHROMA = spectrogram_type("chroma").n_bins
N_OCTAVES = 6  # spectral contrast bands above F_MIN
F_MIN = 200.0  # Hz, lower edge of the first octave band
CONTRAST_QUANTILE = 0.02  # of a band's bins, whose mean is its peak or its valley; librosa's
SILENT_PEAK = 1e-10  # power; a note whose peak is at or below it is silence
FRAMES_AT_ONCE = 14  # a ninth of a note: pieces that stay in the processor's cache
MELS_AT_ONCE = 8
PRODUCT_SIZE = 2**17  # multiply-adds; BLAS starts threads from 2**18 on, which stall under load

_Values = Callable[[FloatArray], FloatArray]  # samples (64 000,) to (126, n_bins)
_Bins = Callable[[], Axis]


def extract(waveform: Waveform, type: str) -> Spectrogram:
    """Compute one spectrogram type of a 4 s note.

    Parameters
    ----------
    waveform : Waveform
        64 000 samples at 16 kHz.
    type : str
        One of :data:`xai_core.values.SPECTROGRAM_TYPES`.

    Returns
    -------
    Spectrogram
        ``values`` of shape (126, n_bins), float32, in the scale of the type's
        entry in :data:`xai_core.catalogue.types.TYPES`.

    Raises
    ------
    AudioError
        If the waveform is not 4 s at 16 kHz.
    InputError
        If `type` is unknown.

    Examples
    --------
    >>> silence = Waveform(np.zeros(64_000), 16_000)
    >>> float(extract(silence, "mfcc").values.max())
    0.0
    """
    values = _extractor(type).values
    if waveform.sr != SAMPLE_RATE or waveform.y.size != NOTE_SAMPLES:
        raise AudioError(
            f"expected a note of {NOTE_SAMPLES} samples at {SAMPLE_RATE} Hz, got "
            f"{waveform.y.size} at {waveform.sr} Hz: was it passed through audio.fit_note?"
        )
    return Spectrogram(values(waveform.y), type, *axes(type))


def n_bins(type: str) -> int:
    """Return the number of bins of a type, e.g. 128 for ``log_mel``."""
    return spectrogram_type(type).n_bins


@cache
def axes(type: str) -> tuple[Axis, Axis]:
    """Return the time axis (seconds) and the bin axis of a type."""
    times = np.arange(N_FRAMES) * HOP_LENGTH / SAMPLE_RATE
    return Axis("Time", "s", times), _extractor(type).bins()


def describe(type: str) -> dict[str, int | str]:
    """Return what decides the values of a type, for the card of a model.

    Returns
    -------
    dict
        ``sr`` in Hz, ``n_fft`` and ``hop_length`` in samples, ``n_bins`` and
        ``scale`` in words.
    """
    return {
        "sr": SAMPLE_RATE,
        "n_fft": N_FFT,
        "hop_length": HOP_LENGTH,
        "n_bins": n_bins(type),
        "scale": spectrogram_type(type).scale.made_from,
    }


# -------------------------------------------------- what the types are made of, for maps


def power_spectrogram(waveform: Waveform) -> FloatArray:
    """Return the power of each bin of the STFT that all types are made of.

    Parameters
    ----------
    waveform : Waveform
        64 000 samples at 16 kHz.

    Returns
    -------
    ndarray, shape (126, 1025), float64
        Squared magnitude of a Hann-windowed frame of 2048 samples.
    """
    return _power(waveform.y).astype(np.float64)


@cache
def mel_filters() -> FloatArray:
    """Return the weights of power in the 128 mel bands, shape (1025, 128)."""
    return np.asarray(librosa.filters.mel(sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=N_MELS).T, np.float64)


@cache
def chroma_filters() -> FloatArray:
    """Return the weights of power in the 12 pitch classes, shape (1025, 12)."""
    return _chroma_matrix().astype(np.float64)


@cache
def dct_matrix() -> FloatArray:
    """Return the matrix from scaled log-mel to MFCC, shape (128, 40): orthonormal columns."""
    return _dct_matrix().astype(np.float64)


@cache
def tonnetz_matrix() -> FloatArray:
    """Return the matrix from L1-normalised chroma to Tonnetz, shape (12, 6)."""
    each = np.eye(N_CHROMA)
    return np.asarray(librosa.feature.tonnetz(chroma=each, sr=SAMPLE_RATE).T, np.float64)


@cache
def contrast_bands() -> tuple[tuple[slice, int], ...]:
    """Return the bins of each band of spectral contrast, and how many make a peak or a valley.

    A band's contrast is the mean of its strongest bins over the mean of its weakest,
    as many as said here, in decibels (``librosa.feature.spectral_contrast``).
    """
    frequencies = librosa.fft_frequencies(sr=SAMPLE_RATE, n_fft=N_FFT)
    edges = np.concatenate([[0.0], F_MIN * 2.0 ** np.arange(N_OCTAVES + 1)])
    bands = []
    for number, (low, high) in enumerate(pairwise(edges)):
        inside = np.flatnonzero((frequencies >= low) & (frequencies <= high))
        first = int(inside[0]) - (number > 0)
        last = int(inside[-1]) if number < N_OCTAVES else frequencies.size - 1
        n_extreme = max(int(np.rint(CONTRAST_QUANTILE * (last - first + 1))), 1)
        # of all bands but the highest, the uppermost bin belongs to the next one
        bands.append((slice(first, last + (number == N_OCTAVES)), n_extreme))
    return tuple(bands)


# ---------------------------------------------------------------- the functions


@dataclass(frozen=True)
class _Extractor:
    values: _Values
    bins: _Bins


_EXTRACTORS: dict[str, _Extractor] = {}


def _computes(type: str, bins: _Bins | None = None) -> Callable[[_Values], _Values]:
    """Register the function that computes a type of the catalogue.

    Parameters
    ----------
    type : str
    bins : callable, optional
        Returns the bin axis; by default bins are numbered from 0 and have the
        labels of the catalogue.
    """

    def register(values: _Values) -> _Values:
        _EXTRACTORS[spectrogram_type(type).name] = _Extractor(
            values, bins or partial(_numbered_bins, type)
        )
        return values

    return register


def _extractor(type: str) -> _Extractor:
    if check_type(type) not in _EXTRACTORS:
        raise InputError(f"no function in features computes the spectrogram type {type!r}")
    return _EXTRACTORS[type]


# -------------------------------------------------------------------- bin axes


def _axis(type: str, values: npt.ArrayLike, labels: tuple[str, ...] = ()) -> Axis:
    axis = spectrogram_type(type).axis
    return Axis(axis.name, axis.unit, np.asarray(values, np.float64), labels or axis.labels)


def _numbered_bins(type: str) -> Axis:
    return _axis(type, np.arange(n_bins(type)))


def _stft_bins() -> Axis:
    return _axis("stft", librosa.fft_frequencies(sr=SAMPLE_RATE, n_fft=N_FFT))


def _mel_bins() -> Axis:
    edges = librosa.mel_frequencies(n_mels=N_MELS + 2, fmin=0.0, fmax=SAMPLE_RATE / 2)
    return _axis("log_mel", edges[1:-1])


def _contrast_bins() -> Axis:
    edges = [0.0, *(F_MIN * 2.0**k for k in range(N_OCTAVES + 1))]
    edges[-1] = SAMPLE_RATE / 2
    labels = tuple(f"{lo:.0f}–{hi:.0f} Hz" for lo, hi in pairwise(edges))
    return _axis("spectral_contrast", np.arange(len(labels)), labels)


# -------------------------------------------------------------------- the types


@_computes("stft", _stft_bins)
def _stft(y: FloatArray) -> FloatArray:
    return _scale_db(_power(y))


@_computes("log_mel", _mel_bins)
def _log_mel(y: FloatArray) -> FloatArray:
    power = _power(y)
    mel = np.empty((N_FRAMES, N_MELS), power.dtype)
    for frequencies, bands, weights in _mel_blocks():
        mel[:, bands] = power[:, frequencies] @ weights
    return _scale_db(mel)


@_computes("mfcc")
def _mfcc(y: FloatArray) -> FloatArray:
    return _product(_log_mel(y), _dct_matrix())


@_computes("chroma")
def _chroma(y: FloatArray) -> FloatArray:
    chroma = _product(_power(y), _chroma_matrix())  # (n_frames, n_chroma)
    # frames are scaled to a largest value of 1, silent ones stay 0
    return np.asarray(librosa.util.normalize(chroma, axis=1))


@_computes("spectral_contrast", _contrast_bins)
def _spectral_contrast(y: FloatArray) -> FloatArray:
    contrast = librosa.feature.spectral_contrast(
        S=np.sqrt(_power(y)).T, sr=SAMPLE_RATE, n_fft=N_FFT, fmin=F_MIN, n_bands=N_OCTAVES
    )
    return np.asarray(contrast.T / TOP_DB)


@_computes("tonnetz")
def _tonnetz(y: FloatArray) -> FloatArray:
    return np.asarray(librosa.feature.tonnetz(chroma=_chroma(y).T, sr=SAMPLE_RATE).T)


# -------------------------------------------------------------- shared machinery


def _power(y: FloatArray) -> FloatArray:
    """Power spectrogram, shape (n_frames, 1 + n_fft / 2)."""
    padded = np.pad(y, N_FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP_LENGTH]
    power = np.empty((N_FRAMES, 1 + N_FFT // 2), y.dtype)
    for start in range(0, N_FRAMES, FRAMES_AT_ONCE):
        part = slice(start, start + FRAMES_AT_ONCE)
        spectrum = scipy.fft.rfft(frames[part] * _window(), axis=1)
        np.add(spectrum.real**2, spectrum.imag**2, out=power[part])
    return power


def _product(values: FloatArray, matrix: FloatArray) -> FloatArray:
    """Return ``values @ matrix``, by rows too few for BLAS to share among threads."""
    n_rows = max(1, PRODUCT_SIZE // matrix.size)
    parts = [values[start : start + n_rows] @ matrix for start in range(0, len(values), n_rows)]
    return np.concatenate(parts)


def _scale_db(power: FloatArray) -> FloatArray:
    """Map -80 dB below the peak or less to 0 and the peak to 1; silence to 0."""
    peak = power.max()
    if peak <= SILENT_PEAK:
        return np.zeros_like(power)
    scaled: FloatArray = np.maximum(power, 1e-9 * peak)  # below -80 dB, so that log10(0) is not met
    np.log10(scaled, out=scaled)
    scaled -= np.log10(peak)
    scaled *= 10.0 / TOP_DB
    scaled += 1.0
    np.maximum(scaled, 0.0, out=scaled)
    return scaled


@cache
def _window() -> FloatArray:
    return np.asarray(librosa.filters.get_window("hann", N_FFT, fftbins=True), np.float64)


@cache
def _mel_blocks() -> tuple[tuple[slice, slice, FloatArray], ...]:
    """Mel filters, eight neighbours at a time: which frequencies, which bands, weights.

    A filter spans few frequencies: the whole matrix would be nine tenths zeros.
    """
    mel = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=N_MELS).T
    blocks = []
    for start in range(0, N_MELS, MELS_AT_ONCE):
        bands = slice(start, start + MELS_AT_ONCE)
        used = np.flatnonzero(mel[:, bands].any(axis=1))
        frequencies = slice(int(used[0]), int(used[-1]) + 1)
        blocks.append((frequencies, bands, np.array(mel[frequencies, bands], np.float32)))
    return tuple(blocks)


@cache
def _chroma_matrix() -> FloatArray:
    chroma = librosa.filters.chroma(sr=SAMPLE_RATE, n_fft=N_FFT, n_chroma=N_CHROMA, tuning=0.0)
    return np.ascontiguousarray(chroma.T, np.float32)


@cache
def _dct_matrix() -> FloatArray:
    """Orthonormal DCT-II, shape (n_mels, n_mfcc)."""
    positions = (np.arange(N_MELS)[:, np.newaxis] + 0.5) / N_MELS
    basis = np.sqrt(2.0 / N_MELS) * np.cos(np.pi * positions * np.arange(N_MFCC))
    basis[:, 0] /= np.sqrt(2.0)
    return np.asarray(basis, np.float32)
