"""Sines, files made of them, and what is measured on them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile

from xai_core.values import FloatArray

DATA = Path(__file__).parents[1] / "data"
SR = 16_000  # Hz
N = 64_000  # samples


def sine(seconds: float, sr: int = SR, frequency: float = 440.0) -> FloatArray:
    return np.asarray(0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * sr)) / sr))


def encode(y: FloatArray, sr: int = SR, format: str = "WAV", subtype: str = "FLOAT") -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, y, sr, format=format, subtype=subtype)
    return buffer.getvalue()


def pitch_and_level(y: FloatArray) -> tuple[float, float]:
    """Fit a sine near 440 Hz to the second quarter-second: its frequency in Hz, its amplitude."""
    part = y[4000:8000].astype(np.float64)
    window = np.hanning(part.size)
    t = np.arange(part.size) / SR
    frequencies = np.arange(430.0, 450.0, 0.05)
    spectrum = np.exp(-2j * np.pi * np.outer(frequencies, t)) @ (part * window)
    best = int(np.abs(spectrum).argmax())
    return float(frequencies[best]), float(2 * np.abs(spectrum[best]) / window.sum())
