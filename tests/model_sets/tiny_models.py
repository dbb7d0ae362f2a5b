"""Sets of ten untrained models on small notes, with cards that tell of a split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
import soundfile

from xai_core import store
from xai_core.datasets.notes import NoteRecord
from xai_core.networks.cnn import build_cnn
from xai_core.training import build_corpus
from xai_core.values import FAMILIES

SR = 16_000  # Hz
INSTRUMENTS = 4
PARTS = {"train": (0,), "calibration": (1,), "test": (2, 3)}  # numbers of instruments


def write_notes(folder: Path, *, families: Sequence[str] = FAMILIES) -> list[NoteRecord]:
    """Write two noisy chords of each of four instruments of each family, as a folder of FLAC."""
    t = np.arange(64_000) / SR
    records = []
    for family in families:
        f = FAMILIES.index(family)
        (folder / family).mkdir(parents=True)
        for number in range(INSTRUMENTS):
            for k in range(2):
                name = f"{family}_acoustic_{number:03d}-{60 + k:03d}-100"
                rng = np.random.default_rng([f, number, k])
                root = 220.0 * 2 ** (k / 12)
                y = np.sin(2 * np.pi * root * t) + np.sin(2 * np.pi * root * 2 ** (f / 12) * t)
                y += 0.3 * (number + 1) * np.sin(6 * np.pi * root * t)
                y = 0.1 * y * np.exp(-t) + 0.002 * rng.standard_normal(t.size)
                path = folder / family / name.rsplit("-", 2)[0] / f"{name}.flac"
                path.parent.mkdir(exist_ok=True)
                soundfile.write(path, y, SR, subtype="PCM_16")
                records.append(
                    NoteRecord(
                        note=name,
                        path=path,
                        family=family,
                        instrument=name.rsplit("-", 2)[0],
                        pitch=60 + k,
                        velocity=100,
                        source="chords",
                        collection="low" if f < 5 else "high",
                    )
                )
    return records


def instrument(family: str, number: int) -> str:
    return f"{family}_acoustic_{number:03d}"


def write_models(
    records: Sequence[NoteRecord],
    type: str,
    *,
    models: str = "tiny",
    parts: Mapping[str, Sequence[int]] = PARTS,
    families: Sequence[str] = FAMILIES,
) -> None:
    """Save untrained models of a type whose cards name the instruments of three parts."""
    chosen = {
        part: [r for r in records if int(r.instrument[-3:]) in numbers]
        for part, numbers in parts.items()
    }
    corpora = {
        part: build_corpus(notes, type, n_augmented=0, seed=0) for part, notes in chosen.items()
    }
    for family in families:
        keras.utils.set_random_seed(FAMILIES.index(family))
        store.save_model(
            build_cnn(corpora["test"].spectrograms.shape, head="pooled"),
            models=models,
            type=type,
            family=family,
            about={
                "architecture": {},
                "features": {},
                "training": {"notes": {part: c.digest for part, c in corpora.items()}},
                "data": {
                    part: {
                        "n_notes": len(notes),
                        "instruments": sorted({r.instrument for r in notes}),
                    }
                    for part, notes in chosen.items()
                },
                "scores": {},
            },
        )
