"""What a room, a microphone or a player does to a note: one small function each.

Conventions
-----------
Every effect maps samples ``(n,)`` at 16 kHz to samples ``(n,)``, float32, and
leaves its argument alone. What it does is stated by its other arguments, in Hz,
seconds, samples or dB; where chance is part of a sound (noise, the tail of a
room) it comes from the generator that is handed in. Silence stays silence.

Pitch and speed change together, as a tape's would. Changing one without the
other (librosa's phase vocoder) takes 14 to 17 ms a note, more than all that is
here, and smears onsets, which say much about a family.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import cache

import numpy as np
import soxr

from xai_core.values import SAMPLE_RATE, FloatArray

__all__ = [
    "add_noise",
    "change_rate",
    "cut",
    "fade_in",
    "fast_length",
    "filter_bands",
    "fit",
    "lossy",
    "overlap",
    "reverberate",
    "set_level",
    "shift",
]

SLOPE_DB = 24.0  # dB an octave beyond a cutoff
FULL_SCALE = 32768.0  # steps of 16 bits between 0 and 1
LEAST_PEAK = 10.0 ** (-48.0 / 20.0)  # no note is turned down below -48 dB of full scale
CODEC_WINDOW = 1024  # samples of the frames that a codec works on
MARGIN = 1024  # samples of silence, so that a filter's response does not come round to the start


def change_rate(y: FloatArray, *, change: float) -> FloatArray:
    """Play a note faster and higher by a fraction, 0.03 for 3 %; slower and lower below 0."""
    resampled = soxr.resample(y, SAMPLE_RATE * (1.0 + change), SAMPLE_RATE, quality="MQ")
    return fit(resampled, y.size)


def shift(y: FloatArray, *, n_samples: int) -> FloatArray:
    """Put silence before a note; below 0, cut its beginning."""
    if n_samples >= 0:
        return fit(np.concatenate([np.zeros(n_samples, np.float32), y]), y.size)
    return fit(y[-n_samples:], y.size)


def fade_in(y: FloatArray, *, n_samples: int) -> FloatArray:
    """Let a note begin with a straight line up from 0, as when its attack is missed."""
    out = fit(y, y.size)
    n = min(n_samples, y.size)
    out[:n] *= np.linspace(0.0, 1.0, n, endpoint=False, dtype=np.float32)
    return out


def cut(y: FloatArray, *, end: int, fade: int) -> FloatArray:
    """Silence a note from a sample on, after a straight line down to 0 of `fade` samples."""
    end = min(end, y.size)
    fade = min(fade, end)
    out = fit(y[:end], y.size)
    out[end - fade : end] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return out


def filter_bands(
    y: FloatArray,
    *,
    eq_db: FloatArray | None = None,
    lowpass: float | None = None,
    highpass: float | None = None,
) -> FloatArray:
    """Equalise a note and limit its band, without a change of phase.

    Parameters
    ----------
    y : ndarray, shape (n_samples,)
    eq_db : ndarray, optional
        Gain in dB at points from 0 to 8 kHz equally spaced in mel, straight
        lines in Hz between them.
    lowpass, highpass : float, optional
        Hz; beyond it the level falls by 24 dB an octave.

    Returns
    -------
    ndarray, shape (n_samples,), float32
    """
    size = fast_length(y.size + MARGIN)
    frequencies = _frequencies(size)
    gain_db = np.zeros(frequencies.size, np.float32)
    if eq_db is not None:
        top = 2595.0 * np.log10(1.0 + SAMPLE_RATE / 2 / 700.0)  # mel
        knots = 700.0 * (10.0 ** (np.linspace(0.0, top, len(eq_db)) / 2595.0) - 1.0)
        gain_db += np.interp(frequencies, knots, eq_db).astype(np.float32)
    octaves = _octaves(size)
    if lowpass is not None:
        gain_db -= SLOPE_DB * np.maximum(octaves - np.float32(np.log2(lowpass)), 0.0)
    if highpass is not None:
        gain_db -= SLOPE_DB * np.maximum(np.float32(np.log2(highpass)) - octaves, 0.0)
    spectrum = np.fft.rfft(y, size)
    spectrum *= np.exp(gain_db * np.float32(np.log(10.0) / 20.0))
    return fit(np.fft.irfft(spectrum, size), y.size)


def lossy(y: FloatArray, *, cutoff: float, below_db: float) -> FloatArray:
    """Take from a note what a codec takes at a low rate: the top, and what is masked.

    Parameters
    ----------
    y : ndarray, shape (n_samples,)
    cutoff : float
        Hz; nothing is left above it.
    below_db : float
        In each frame of 64 ms, what lies further below its strongest frequency
        is dropped.

    Returns
    -------
    ndarray, shape (n_samples,), float32
    """
    hop = CODEC_WINDOW // 2
    window = np.sin(np.pi * (np.arange(CODEC_WINDOW) + 0.5) / CODEC_WINDOW).astype(np.float32)
    n_frames = -(-y.size // hop) + 1
    padded = np.zeros((n_frames + 1) * hop, np.float32)
    padded[hop : hop + y.size] = y
    frames = np.lib.stride_tricks.sliding_window_view(padded, CODEC_WINDOW)[::hop] * window
    spectrum = np.fft.rfft(frames)
    strength = np.abs(spectrum)
    heard = strength >= strength.max(axis=1, keepdims=True) * 10.0 ** (-below_db / 20.0)
    heard &= np.arange(strength.shape[1]) <= cutoff / SAMPLE_RATE * CODEC_WINDOW
    frames = (np.fft.irfft(np.where(heard, spectrum, 0.0), CODEC_WINDOW) * window).astype(
        np.float32
    )
    out = np.zeros_like(padded)  # sine windows, squared and half overlapped, sum to 1
    out[:-hop] += frames[:, :hop].ravel()
    out[hop:] += frames[:, hop:].ravel()
    return fit(out[hop:], y.size)


def reverberate(
    y: FloatArray, *, seconds: float, mix: float, rng: np.random.Generator
) -> FloatArray:
    """Add the tail of a synthetic room: noise that decays exponentially.

    Parameters
    ----------
    y : ndarray, shape (n_samples,)
    seconds : float
        Time in which the tail falls by 60 dB.
    mix : float
        Energy of the tail's response against that of the direct sound.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (n_samples,), float32
    """
    n = max(1, int(seconds * SAMPLE_RATE))
    decay = np.exp(np.arange(n, dtype=np.float32) * np.float32(-3.0 * np.log(10.0) / n))
    tail = rng.standard_normal(n, np.float32) * decay
    tail *= np.float32(np.sqrt(mix / n) / max(_rms(tail), 1e-12))
    tail[0] += 1.0
    size = fast_length(y.size + n)
    wet = np.fft.irfft(np.fft.rfft(y, size) * np.fft.rfft(tail, size), size)
    return fit(wet, y.size)


def add_noise(y: FloatArray, *, snr_db: float, pink: bool, rng: np.random.Generator) -> FloatArray:
    """Add white or pink noise, `snr_db` below the note, both RMS over the whole."""
    if pink:  # power falls with frequency: drawn in the frequency domain, one transform
        size = fast_length(y.size)
        parts = rng.standard_normal((2, size // 2 + 1), np.float32)
        spectrum = (parts[0] + 1j * parts[1]) / np.sqrt(np.maximum(np.arange(size // 2 + 1), 1.0))
        noise: FloatArray = np.fft.irfft(spectrum.astype(np.complex64), size)[: y.size]
    else:
        noise = rng.standard_normal(y.size, np.float32)
    gain = _rms(y) * 10.0 ** (-snr_db / 20.0) / max(_rms(noise), 1e-12)
    return fit(y + np.float32(gain) * noise, y.size)


def overlap(y: FloatArray, other: FloatArray, *, below_db: float, delay: int) -> FloatArray:
    """Let another note sound with a note, quieter than it and `delay` samples later.

    `below_db` is between the RMS of the two, each over the whole of it, before
    the other is delayed and its end lost. Where either is silent, the note is
    left as it is.
    """
    late = shift(fit(other, y.size), n_samples=delay)
    gain = _rms(y) * 10.0 ** (-below_db / 20.0) / max(_rms(fit(other, y.size)), 1e-12)
    return fit(y + np.float32(gain) * late, y.size)


def set_level(y: FloatArray, *, gain_db: float) -> FloatArray:
    """Change the level of a note and round it to 16 bits, as a recorder does.

    Features are in dB below the note's own peak, so it is the rounding that
    changes them. A note is turned down no further than a peak of -48 dB of full
    scale, and one whose peak would be beyond full scale is turned down to it.
    """
    peak = float(np.abs(y).max(initial=0.0))
    if peak == 0.0:
        return fit(y, y.size)
    gain = max(10.0 ** (gain_db / 20.0), min(1.0, LEAST_PEAK / peak))
    gain = min(gain, (FULL_SCALE - 1.0) / FULL_SCALE / peak)
    return fit(np.rint(y * np.float32(gain * FULL_SCALE)) / np.float32(FULL_SCALE), y.size)


def fit(y: FloatArray, n_samples: int) -> FloatArray:
    """Return a copy of `n_samples` samples, cut or padded with silence, float32."""
    out = np.zeros(n_samples, np.float32)
    out[: min(n_samples, y.size)] = y[:n_samples]
    return out


def fast_length(n: int) -> int:
    """Return the smallest length from `n` on that has no prime factor above 5.

    Examples
    --------
    >>> fast_length(64_001)
    64800
    """
    lengths = _fast_lengths(2 ** (max(n, 1) - 1).bit_length())
    return lengths[bisect_left(lengths, n)]


@cache
def _fast_lengths(limit: int) -> list[int]:
    """Products of 2, 3 and 5 up to a limit, a power of 2, in order."""
    exponents = range(limit.bit_length())
    products = (2**i * 3**j * 5**k for i in exponents for j in exponents for k in exponents)
    return sorted(product for product in products if product <= limit)


@cache
def _frequencies(size: int) -> FloatArray:
    return np.fft.rfftfreq(size, 1.0 / SAMPLE_RATE)


@cache
def _octaves(size: int) -> FloatArray:
    """Frequencies as powers of 2, from 1 Hz on."""
    return np.asarray(np.log2(np.maximum(_frequencies(size), 1.0)), np.float32)


def _rms(y: FloatArray) -> float:
    # summed by NumPy: a product by BLAS would depend on the number of its threads
    return float(np.sqrt(np.mean(np.square(y)))) if y.size else 0.0
