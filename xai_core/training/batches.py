"""Batches of notes for training: which are drawn, and what is done to them on the way.

Conventions
-----------
A batch is ``(x, targets)``, float32, x of shape (batch, n_frames, n_bins, 1).
Each batch draws from a generator of its own, seeded by the seed, the epoch and
its number: an epoch is the same whatever came before it, so a resumed run goes
on as if it had not been killed. Zero is silence, so what is masked is silenced.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xai_core.training.corpus import Corpus
from xai_core.training.presets import Preset
from xai_core.values import FloatArray

__all__ = ["Batches"]

ORDER = 0  # keeps the draw of an epoch's order apart from those of its batches

Batch = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, eq=False)
class Batches:
    """The batches of a training stage, epoch by epoch.

    Parameters
    ----------
    corpus : Corpus
        All variants of a note are drawn alike.
    targets : ndarray, shape (n_notes, n_outputs)
    odds : ndarray, shape (n_notes,), or None
        Notes are drawn with replacement at these odds, which sum to 1; None
        takes each note once an epoch, and the last batch may be smaller.
    n_batches : int
        An epoch.
    preset : Preset
        Size of a batch, stripes and mixing.
    seeds : tuple of int
        Of the run and the stage.
    """

    corpus: Corpus
    targets: FloatArray
    odds: FloatArray | None
    n_batches: int
    preset: Preset
    seeds: tuple[int, ...]

    def epoch(self, number: int, *, crop_frames: int = 0) -> Iterator[Batch]:
        """Yield the batches of one epoch; the next is read while one is learnt from.

        Parameters
        ----------
        number : int
            From 0.
        crop_frames : int
            Frames of the stretch that is cut out of each note, 0 for whole notes.
        """
        with ThreadPoolExecutor(max_workers=1) as reader:
            coming = reader.submit(self.batch, number, 0, crop_frames=crop_frames)
            for index in range(1, self.n_batches + 1):
                batch = coming.result()
                if index < self.n_batches:
                    coming = reader.submit(self.batch, number, index, crop_frames=crop_frames)
                yield batch

    def batch(self, epoch: int, index: int, *, crop_frames: int = 0) -> Batch:
        """Return one batch of an epoch."""
        rng = np.random.default_rng([*self.seeds, epoch, 1 + index])
        notes = self._notes(epoch, index, rng)
        spectrograms = self.corpus.spectrograms
        variants = rng.integers(0, spectrograms.n_variants, notes.size)
        x = spectrograms.take(variants, notes)
        if crop_frames:
            x = _cropped(x, crop_frames, rng)
        x = x.astype(np.float32)
        x = _masked(x, 2, self.preset.mask_bins, rng)
        x = _masked(x, 1, self.preset.mask_frames, rng)
        targets = self.targets[notes].astype(np.float32)
        if self.preset.mixup:
            x, targets = _mixed(x, targets, self.preset.mixup, rng)
        return x[..., np.newaxis], targets

    def _notes(self, epoch: int, index: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        n_notes, size = self.corpus.family.size, self.preset.batch_size
        if self.odds is not None:
            return rng.choice(n_notes, size, p=self.odds)
        order = np.random.default_rng([*self.seeds, epoch, ORDER]).permutation(n_notes)
        return order[index * size : (index + 1) * size]


def _cropped(x: FloatArray, n_frames: int, rng: np.random.Generator) -> FloatArray:
    """Cut a stretch out of each note, anywhere."""
    n_notes, whole = x.shape[:2]
    starts = rng.integers(0, max(1, whole - n_frames + 1), n_notes)
    return np.stack([note[s : s + n_frames] for note, s in zip(x, starts, strict=True)])


def _masked(x: FloatArray, axis: int, widest: float, rng: np.random.Generator) -> FloatArray:
    """Silence a stripe of each note, as SpecAugment does (Park et al. 2019)."""
    if not widest:
        return x
    n_notes, size = x.shape[0], x.shape[axis]
    widths = rng.integers(0, max(1, round(widest * size)) + 1, n_notes)
    starts = rng.integers(0, size - widths + 1)
    places = np.arange(size)
    silent = (places >= starts[:, np.newaxis]) & (places < (starts + widths)[:, np.newaxis])
    silent = silent[:, :, np.newaxis] if axis == 1 else silent[:, np.newaxis, :]
    return np.where(silent, np.float32(0.0), x)


def _mixed(x: FloatArray, targets: FloatArray, beta: float, rng: np.random.Generator) -> Batch:
    """Average each note with another of the batch, and their targets: mixup (Zhang et al. 2018)."""
    weight = rng.beta(beta, beta, len(x)).astype(np.float32)
    other = rng.permutation(len(x))
    by_x, by_target = weight[:, np.newaxis, np.newaxis], weight[:, np.newaxis]
    return (
        by_x * x + (1 - by_x) * x[other],
        by_target * targets + (1 - by_target) * targets[other],
    )
