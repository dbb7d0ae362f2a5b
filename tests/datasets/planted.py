"""A collection in which nothing is to be found, and what may be planted in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.datasets.notes_on_disk import SR, Samples, write_audio
from xai_core.datasets.notes import NoteRecord

FAMILIES = ("bass", "flute", "organ")
SOURCES = ("studio", "library")
N = 4 * SR
T = np.arange(N) / SR


def clean_note(seed: int) -> Samples:
    """Return 4 s of a tone of its own, with harmonics and a little noise."""
    rng = np.random.default_rng(seed)
    hz = rng.uniform(80, 900)
    y = sum(rng.uniform(0.1, 1) * np.sin(2 * np.pi * hz * k * T + k) / k for k in range(1, 5))
    y = y + 0.001 * rng.normal(size=N)
    return np.asarray(0.5 * y / np.abs(y).max(), np.float32)


def write_clean(folder: Path) -> list[NoteRecord]:
    """Write 2 notes of 2 instruments of 2 sources of 3 families: 24, all different."""
    records = []
    for family in FAMILIES:
        for source in SOURCES:
            for number in range(2):
                for pitch in (50, 60):
                    instrument = f"{family}_{source}_{number}"
                    note = f"{instrument}-{pitch:03d}-100"
                    path = write_audio(
                        folder / family / f"{note}.flac", clean_note(seed=len(records))
                    )
                    records.append(
                        NoteRecord(
                            *(note, path, family, instrument, pitch, 100, source),
                            collection="toy",
                        )
                    )
    return records
