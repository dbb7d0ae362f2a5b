"""Notes for tests of training runs: ten families of chords, easily told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from xai_core.datasets.notes import NoteRecord
from xai_core.values import FAMILIES

SR = 16_000  # Hz
INSTRUMENTS = 3  # of each family
NOTES = 2  # of each instrument


def write_chords(folder: Path) -> list[NoteRecord]:
    """Write noisy chords: families differ in their interval, instruments in their overtones."""
    folder.mkdir(exist_ok=True)
    t = np.arange(64_000) / SR
    records = []
    for f, family in enumerate(FAMILIES):
        for number in range(INSTRUMENTS):
            for k in range(NOTES):
                name = f"{family}_acoustic_{number:03d}-{60 + k:03d}-100"
                path = folder / f"{name}.flac"
                rng = np.random.default_rng([f, number, k])
                root = 220.0 * 2 ** (k / 12)
                y = np.sin(2 * np.pi * root * t) + np.sin(2 * np.pi * root * 2 ** (f / 12) * t)
                y += 0.3 * (number + 1) * np.sin(6 * np.pi * root * t)
                y = 0.1 * y * np.exp(-t) + 0.002 * rng.standard_normal(t.size)
                if not path.exists():
                    soundfile.write(path, y, SR, subtype="PCM_16")
                records.append(
                    NoteRecord(
                        note=name,
                        path=path,
                        family=family,
                        instrument=name.rsplit("-", 2)[0],
                        pitch=60 + k,
                        velocity=100,
                        source=f"library {number}",
                        collection="chords" if f < 6 else "others",
                    )
                )
    return records
