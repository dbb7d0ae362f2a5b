"""What the tests measure in audio: levels in dB and the frequency of a peak."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

SR = 16_000  # Hz

Samples = npt.NDArray[np.floating[Any]]


def peak_db(y: Samples) -> float:
    """Return the peak in dBFS, -240 for digital silence."""
    return 20 * math.log10(max(float(np.max(np.abs(y))), 1e-12))


def peak_frequency(y: Samples) -> float:
    """Return the frequency of the strongest partial in Hz, good to 0.01 %.

    A parabola through the three largest bins of a log spectrum under a Gaussian
    window is exact for one steady sinusoid.
    """
    n = y.size
    window = np.exp(-0.5 * ((np.arange(n) - (n - 1) / 2) / (n / 8)) ** 2)
    power = np.log(np.abs(np.fft.rfft(y * window)) + 1e-12)
    k = int(np.argmax(power[1:-1])) + 1
    a, b, c = power[k - 1 : k + 2]
    return float((k + 0.5 * (a - c) / (a - 2 * b + c)) * SR / n)


def level_at(y: Samples, frequency: float) -> float:
    """Return the level of the strongest bin within 1 % of a frequency, dB below the peak."""
    spectrum = np.abs(np.fft.rfft(y * np.blackman(y.size)))
    bins = np.fft.rfftfreq(y.size, 1 / SR)
    near = (bins > 0.99 * frequency) & (bins < 1.01 * frequency)
    return 20 * math.log10(float(spectrum[near].max()) / float(spectrum.max()) + 1e-12)


def cents(frequency: float, reference: float) -> float:
    """Return how far a frequency lies above a reference, in cents."""
    return 1200 * math.log2(frequency / reference)


def pitch_to_hz(pitch: int) -> float:
    """Return the frequency of a MIDI number, A4 = 440 Hz."""
    return float(440.0 * 2 ** ((pitch - 69) / 12))
