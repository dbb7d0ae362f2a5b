"""One note as the network sees it: as recorded, and changed in some ways.

Conventions
-----------
Variant 0 is the note as recorded, the others are augmented. Each augmented
variant draws from a generator of its own, seeded by the run's seed, the note's
name and the variant's number: neither the order of notes nor which of them are
computed changes any. Spectrograms are in half precision.

Workers import this module: no Keras and no TensorFlow here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from xai_core.datasets.notes import NoteRecord, read_note, read_stored
from xai_core.features import N_FRAMES, extract, n_bins
from xai_core.training.augment import Augmentation, augment
from xai_core.values import FAMILIES, SAMPLE_RATE, FloatArray, Waveform

__all__ = ["Recipe", "choose_others", "compute", "compute_all", "shape_of", "stored_form"]

CHOICE = 1  # keeps the draw of the other note apart from those of the augmentation
A_MOMENT = 0.01  # s, enough to learn how a file is stored


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the spectrograms of one note.

    Parameters
    ----------
    record : NoteRecord
    others : tuple of NoteRecord
        For each augmented variant the note of another family that may overlap;
        empty if none may.
    type : str
        Spectrogram type.
    augmentation : Augmentation
    seed : int
    """

    record: NoteRecord
    others: tuple[NoteRecord, ...]
    type: str
    augmentation: Augmentation
    seed: int


def compute(recipe: Recipe, variants: Sequence[int]) -> FloatArray:
    """Return some variants of a note, shape (n, n_frames, n_bins), float16."""
    y = read_note(recipe.record)
    out = np.empty((len(variants), *shape_of(recipe.type)), np.float16)
    for place, variant in enumerate(variants):
        samples = y if variant == 0 else _augmented(y, recipe, variant)
        out[place] = extract(Waveform(samples, SAMPLE_RATE), recipe.type).values
    return out


def compute_all(
    recipes: Sequence[Recipe], n_variants: int, *, on_note: Callable[[], None] = lambda: None
) -> FloatArray:
    """Return all variants of some notes of one type, and call `on_note` after each.

    Returns
    -------
    ndarray, shape (n_variants, n_notes, n_frames, n_bins)
        float16.
    """
    out = np.empty((n_variants, len(recipes), *shape_of(recipes[0].type)), np.float16)
    for place, recipe in enumerate(recipes):
        out[:, place] = compute(recipe, range(n_variants))
        on_note()
    return out


def shape_of(type: str) -> tuple[int, int]:
    """Return ``(n_frames, n_bins)`` of a type."""
    return N_FRAMES, n_bins(type)


def choose_others(
    records: Sequence[NoteRecord], forms: Sequence[str], *, n_augmented: int, seed: int
) -> list[tuple[int, ...]]:
    """Choose for each augmented variant of each note the note that may overlap.

    Any other family is as likely as the next, and any note in it.

    Parameters
    ----------
    records : sequence of NoteRecord
        The notes of a corpus, from which the others come too.
    forms : sequence of str
        :func:`stored_form` of each; with the name it decides the order from
        which is drawn, so that the result does not depend on that of `records`.
    n_augmented, seed : int

    Returns
    -------
    list of tuple of int
        For each note as many numbers of notes; empty tuples where there is
        only one family.
    """
    members: dict[str, list[int]] = {family: [] for family in FAMILIES}
    for k in sorted(range(len(records)), key=lambda k: (records[k].note, forms[k])):
        members[records[k].family].append(k)
    present = [family for family in FAMILIES if members[family]]
    if len(present) < 2:
        return [() for _ in records]
    chosen = []
    for record in records:
        families = [family for family in present if family != record.family]
        others = []
        for variant in range(1, 1 + n_augmented):
            rng = _generator(record, seed, variant, CHOICE)
            family = families[rng.integers(len(families))]
            others.append(members[family][rng.integers(len(members[family]))])
        chosen.append(tuple(others))
    return chosen


def stored_form(record: NoteRecord, digest: str) -> str:
    """Return what decides the samples of a note: its audio's digest, rate and channels."""
    y, sr = read_stored(record, seconds=A_MOMENT)
    return f"{digest} {sr} Hz {y.shape[1]}"


def _augmented(y: FloatArray, recipe: Recipe, variant: int) -> FloatArray:
    other = partial(read_note, recipe.others[variant - 1]) if recipe.others else None
    rng = _generator(recipe.record, recipe.seed, variant)
    return augment(y, rng=rng, settings=recipe.augmentation, other=other)


def _generator(record: NoteRecord, *seeds: int) -> np.random.Generator:
    name = int.from_bytes(hashlib.sha256(record.note.encode()).digest()[:8], "big")
    return np.random.default_rng([name, *seeds])
