"""Notes as arrays a network can be trained on, and the batches that are drawn from them.

Conventions
-----------
Variant 0 of a note is as recorded, the others are augmented;
:mod:`xai_core.training.spectrograms` provides their spectrograms.
Labels are indices into :data:`xai_core.values.FAMILIES`.

A batch is ``(x, targets)``, float32, x of shape (batch, n_frames, n_bins, 1), and with a preset
that has a penalty ``(x, targets, masks)``, masks of the shape of x.
Each batch has a generator of its own, seeded by the seed, the epoch and its
number: an epoch is the same whatever came before it, so a resumed run gives the
result of a run that was never stopped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from xai_core.datasets.notes import NoteRecord, audio_digest
from xai_core.errors import InputError
from xai_core.training.augment import STANDARD, Augmentation
from xai_core.training.presets import Preset
from xai_core.training.spectrograms import Chunked, Spectrograms
from xai_core.training.variants import Recipe, choose_others, stored_form
from xai_core.values import FAMILIES, FloatArray

__all__ = [
    "Batches",
    "Corpus",
    "RecordedNotes",
    "build_corpus",
    "notes_digest",
]

AT_ONCE = 64  # notes


@dataclass(frozen=True, eq=False)
class Corpus:
    """Spectrograms of one type with what is known of each note.

    Parameters
    ----------
    type : str
        Spectrogram type.
    spectrograms : Spectrograms
        Where they come from.
    family : ndarray of int, shape (n_notes,)
    instrument : ndarray of str, shape (n_notes,)
    source, collection : ndarray of str, shape (n_notes,)
        Sample library or SoundFont, and the folder it was read from.
    digest : str
        SHA-256 over the names and the audio of the notes, which stands in the card.
    masks : ndarray of bool, shape (n_notes, n_frames, n_bins), or None
        Where evidence is wrong, if that is known.
    """

    type: str
    spectrograms: Spectrograms
    family: npt.NDArray[np.int64]
    instrument: npt.NDArray[np.str_]
    source: npt.NDArray[np.str_]
    collection: npt.NDArray[np.str_]
    digest: str
    masks: npt.NDArray[np.bool_] | None = None

    def clean(self) -> FloatArray:
        """Return the notes as recorded, shape (n_notes, n_frames, n_bins, 1)."""
        batches = RecordedNotes(self)
        return np.concatenate([batches[k][0] for k in range(len(batches))])

    @cached_property
    def mean_spectrum(self) -> FloatArray:
        """Mean over time and the notes as recorded, shape (n_bins,), float64."""
        batches = RecordedNotes(self)
        total = sum(
            batches[k][0].sum(axis=(0, 1, 3), dtype=np.float64) for k in range(len(batches))
        )
        return np.asarray(total / (self.family.size * self.spectrograms.shape[0]))

    def weights(self, balance: float) -> FloatArray:
        """Return the odds of drawing each note: families equal, instruments more or less so.

        Parameters
        ----------
        balance : float
            0: every note of a family weighs the same; 1: every instrument does.
        """
        odds = np.zeros(self.family.size)
        for index in np.unique(self.family):
            members = np.flatnonzero(self.family == index)
            _, inverse, counts = np.unique(
                self.instrument[members], return_inverse=True, return_counts=True
            )
            share = counts[inverse] ** -balance
            odds[members] = share / share.sum()
        return np.asarray(odds / odds.sum())


def build_corpus(
    records: Sequence[NoteRecord],
    type: str,
    *,
    n_augmented: int,
    seed: int,
    augmentation: Augmentation = STANDARD,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Corpus:
    """Gather notes and their spectrograms, as recorded and augmented.

    Parameters
    ----------
    records : sequence of NoteRecord
        Notes of any rate and length; the first 4 s are learnt from.
    type : str
        Spectrogram type.
    n_augmented : int
        Augmented variants of each note.
    seed : int
        Each variant draws from its own generator, so order does not matter.
    augmentation : Augmentation
        Odds and ranges.
    on_progress : callable
        Called with notes done and notes in all.

    Returns
    -------
    Corpus
    """
    digests = [audio_digest(record) for record in records]
    forms = [stored_form(*pair) for pair in zip(records, digests, strict=True)]
    others = choose_others(records, forms, n_augmented=n_augmented, seed=seed)
    recipes = [
        Recipe(record, tuple(records[k] for k in chosen), type, augmentation, seed)
        for record, chosen in zip(records, others, strict=True)
    ]
    audio = [
        " + ".join([records[k].note, forms[k], *(forms[other] for other in others[k])])
        for k in range(len(records))
    ]
    spectrograms = Chunked(recipes, audio, 1 + n_augmented)
    spectrograms.prepare(on_progress)
    return Corpus(
        type=type,
        spectrograms=spectrograms,
        family=np.array([FAMILIES.index(record.family) for record in records]),
        instrument=np.array([record.instrument for record in records]),
        source=np.array([record.source for record in records]),
        collection=np.array([record.collection for record in records]),
        digest=_digest(records, digests),
    )


def notes_digest(records: Sequence[NoteRecord]) -> str:
    """Return the digest that a corpus of these notes has: of their names and their audio."""
    return _digest(records, [audio_digest(record) for record in records])


def _digest(records: Sequence[NoteRecord], digests: Sequence[str]) -> str:
    """SHA-256 over the names and the audio of notes, whatever their order."""
    pairs = zip(records, digests, strict=True)
    lines = sorted(f"{record.note} {digest}" for record, digest in pairs)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class RecordedNotes(keras.utils.PyDataset):  # type: ignore[misc]  # keras is untyped
    """The notes of a corpus as recorded, 64 at a time: ``(x, labels)``.

    Parameters
    ----------
    corpus : Corpus
    """

    def __init__(self, corpus: Corpus) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self._corpus = corpus

    def __len__(self) -> int:
        return -(-self._corpus.family.size // AT_ONCE)

    def __getitem__(self, index: int) -> tuple[FloatArray, npt.NDArray[np.int64]]:
        n_notes = self._corpus.family.size
        notes = np.arange(index * AT_ONCE, min((index + 1) * AT_ONCE, n_notes))
        x = self._corpus.spectrograms.take(np.zeros_like(notes), notes)
        return x.astype(np.float32)[..., np.newaxis], self._corpus.family[notes]


ORDER = 0  # keeps the draw of an epoch's order apart from those of its batches

Batch = tuple[FloatArray, ...]


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
        Decides the size of a batch.
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
        arrays: list[npt.NDArray[Any]] = [x[..., np.newaxis], self.targets[notes]]
        if self.preset.penalty:
            arrays.append(self._masks(notes)[..., np.newaxis])
        return tuple(part.astype(np.float32) for part in arrays)

    def _masks(self, notes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        if self.corpus.masks is None:
            raise InputError("a penalty needs notes with masks: plant a cue in them")
        return self.corpus.masks[notes]

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
