"""Small collections that the tests write by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from xai_core.datasets.nsynth import NewNote

SR = 16_000  # Hz

Samples = npt.NDArray[np.floating[Any]]


def tone(frequency: float = 440.0, *, n_samples: int = 1_600, peak: float = 0.5) -> Samples:
    """Return a sine of full 16-bit steps, so that storing it loses nothing."""
    y = peak * np.sin(2 * np.pi * frequency * np.arange(n_samples) / SR)
    return np.asarray(np.rint(y * 32768) / 32768, np.float32)


def write_audio(path: Path, y: Samples, *, sr: int = SR, subtype: str | None = "PCM_16") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, y, sr, subtype=subtype)
    return path


def new_note(
    family: str = "guitar",
    *,
    number: int = 10,
    pitch: int = 64,
    velocity: int = 100,
    y: Samples | None = None,
) -> NewNote:
    return NewNote(
        family=family,
        instrument_source="acoustic",
        number=number,
        pitch=pitch,
        velocity=velocity,
        y=tone(float(pitch) * 10) if y is None else y,
        instrument_name="Nylon String Guitar",
        soundfont="Toy",
    )
