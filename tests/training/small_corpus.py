"""Corpora for tests of training: small, held in memory, and easily learnt."""

from __future__ import annotations

import numpy as np

from xai_core.features import N_FRAMES
from xai_core.training import Corpus
from xai_core.training.spectrograms import Numbers
from xai_core.values import FAMILIES, FloatArray

BINS = 6


class Held:
    """Spectrograms in memory, shape (n_variants, n_notes, n_frames, n_bins)."""

    def __init__(self, x: FloatArray) -> None:
        self._x = x
        self.n_variants, self.n_notes = x.shape[:2]
        self.shape = (x.shape[2], x.shape[3])

    def take(self, variants: Numbers, notes: Numbers) -> FloatArray:
        """Return the spectrograms of pairs of numbers, float16."""
        return np.asarray(self._x[np.asarray(variants), np.asarray(notes)], np.float16)


def easy_corpus(n_each: int, seed: int = 0, *, n_frames: int = N_FRAMES) -> Corpus:
    """Return notes of three families, each loud in two bins of its own."""
    rng = np.random.default_rng(seed)
    family = np.repeat([0, 1, 2], n_each)
    x = 0.2 * rng.random((1, family.size, n_frames, BINS))
    for k, f in enumerate(family):
        x[0, k, :, 2 * f : 2 * f + 2] += 0.6
    names = np.array([f"{FAMILIES[f]}_{k % 4}" for k, f in enumerate(family)])
    none = np.array([""] * family.size)
    return Corpus("tonnetz", Held(x.astype(np.float16)), family, names, none, none, "")


def counting_corpus(
    n_notes: int, *, n_variants: int = 1, shape: tuple[int, int] = (2, 3)
) -> Corpus:
    """Return a corpus in which every bin of note k, variant v is k + 100 v."""
    x = np.zeros((n_variants, n_notes, *shape), np.float16)
    x += np.arange(n_notes, dtype=np.float16)[:, np.newaxis, np.newaxis]
    x += 100 * np.arange(n_variants, dtype=np.float16)[:, np.newaxis, np.newaxis, np.newaxis]
    none = np.array([""] * n_notes)
    return Corpus("mfcc", Held(x), np.zeros(n_notes, np.int64), none, none, none, "")
