"""Changes to a waveform that keep its family, so that a CNN hears more than it has.

Conventions
-----------
Every function maps samples ``(n,)`` at 16 kHz to samples ``(n,)`` and draws from
the generator that is handed in. Ranges are the constants below. Level is left
alone: features are in dB below the note's own peak.
"""

from __future__ import annotations

import numpy as np
import soxr

from xai_core.values import SAMPLE_RATE, FloatArray

__all__ = ["augment"]

MAX_LEAD = 0.25  # s, silence put before the note or onset cut from it
MAX_RATE_CHANGE = 0.03  # pitch and speed together, as a tape would
EQ_BANDS = 8  # control points of the gentle equaliser, equally spaced in mel
EQ_DB = 5.0  # dB, standard deviation of each control point
LOWPASS_RANGE = (3_000.0, 8_000.0)  # Hz
REVERB_SECONDS = (0.1, 1.0)  # time to fall by 60 dB
REVERB_MIX = (0.02, 0.4)  # energy of the tail against the direct sound
NOISE_SNR_DB = (15.0, 70.0)  # dB, note against noise, both RMS
FADE_SECONDS = (0.02, 0.6)  # fade out before a cut


def augment(y: FloatArray, *, rng: np.random.Generator) -> FloatArray:
    """Return a changed copy of a note: each change happens at its own odds.

    Parameters
    ----------
    y : ndarray, shape (n_samples,)
        16 kHz mono.
    rng : numpy.random.Generator
        Source of every draw.

    Returns
    -------
    ndarray, shape (n_samples,), float32
    """
    out = np.asarray(y, np.float32)
    if rng.random() < 0.5:
        out = _change_rate(out, rng)
    if rng.random() < 0.7:
        out = _shift(out, rng)
    if rng.random() < 0.3:
        out = _cut_with_fade(out, rng)
    if rng.random() < 0.8:
        out = _equalise(out, rng)
    if rng.random() < 0.35:
        out = _reverberate(out, rng)
    if rng.random() < 0.5:
        out = _add_noise(out, rng)
    return np.ascontiguousarray(out, np.float32)


def _change_rate(y: FloatArray, rng: np.random.Generator) -> FloatArray:
    ratio = 1.0 + rng.uniform(-MAX_RATE_CHANGE, MAX_RATE_CHANGE)
    resampled = soxr.resample(y, SAMPLE_RATE, SAMPLE_RATE * ratio, quality="MQ")
    return _fit(np.asarray(resampled, np.float32), y.size)


def _shift(y: FloatArray, rng: np.random.Generator) -> FloatArray:
    lead = int(rng.uniform(-0.2, 1.0) * MAX_LEAD * SAMPLE_RATE)
    if lead >= 0:
        return np.pad(y, (lead, 0))[: y.size]
    return _fit(y[-lead:], y.size)


def _cut_with_fade(y: FloatArray, rng: np.random.Generator) -> FloatArray:
    end = int(rng.uniform(0.3, 1.0) * y.size)
    fade = min(end, int(rng.uniform(*FADE_SECONDS) * SAMPLE_RATE))
    out = np.zeros_like(y)
    out[:end] = y[:end]
    out[end - fade : end] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return out


def _equalise(y: FloatArray, rng: np.random.Generator) -> FloatArray:
    spectrum = np.fft.rfft(y)
    frequencies = np.fft.rfftfreq(y.size, 1.0 / SAMPLE_RATE)
    knots = 700.0 * (10.0 ** (np.linspace(0.0, 2840.0, EQ_BANDS) / 2595.0) - 1.0)
    gain_db = np.interp(frequencies, knots, rng.normal(0.0, EQ_DB, EQ_BANDS))
    if rng.random() < 0.3:
        cutoff = rng.uniform(*LOWPASS_RANGE)
        gain_db = gain_db - 24.0 * np.maximum(0.0, np.log2(np.maximum(frequencies, 1.0) / cutoff))
    return np.asarray(np.fft.irfft(spectrum * 10.0 ** (gain_db / 20.0), y.size), np.float32)


def _reverberate(y: FloatArray, rng: np.random.Generator) -> FloatArray:
    seconds = rng.uniform(*REVERB_SECONDS)
    n = int(seconds * SAMPLE_RATE)
    tail = rng.standard_normal(n) * 10.0 ** (-3.0 * np.arange(n) / n)
    tail *= np.sqrt(rng.uniform(*REVERB_MIX) / np.sum(tail**2))
    tail[0] += 1.0
    size = y.size + n
    wet = np.fft.irfft(np.fft.rfft(y, size) * np.fft.rfft(tail, size), size)[: y.size]
    return np.asarray(wet, np.float32)


def _add_noise(y: FloatArray, rng: np.random.Generator) -> FloatArray:
    rms = float(np.sqrt(np.mean(y**2)))
    noise = rng.standard_normal(y.size)
    if rng.random() < 0.5:  # pink instead of white
        spectrum = np.fft.rfft(noise)
        noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(spectrum.size), 1.0)), y.size)
    noise *= rms * 10.0 ** (-rng.uniform(*NOISE_SNR_DB) / 20.0) / max(float(noise.std()), 1e-12)
    return np.asarray(y + noise, np.float32)


def _fit(y: FloatArray, n_samples: int) -> FloatArray:
    out = np.zeros(n_samples, np.float32)
    out[: min(n_samples, y.size)] = y[:n_samples]
    return out
