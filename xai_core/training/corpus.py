"""Notes as arrays a network can be trained on, drawn so that families weigh the same.

Conventions
-----------
``x`` is ``(n_variants, n_notes, n_frames, n_bins)``: variant 0 is the note as
recorded, the others are augmented. Labels are indices into
:data:`xai_core.values.FAMILIES`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt

from xai_core.datasets.notes import NoteRecord, audio_digest, read_note
from xai_core.features import N_FRAMES, extract, n_bins
from xai_core.training.augment import augment
from xai_core.values import FAMILIES, SAMPLE_RATE, FloatArray, Waveform

__all__ = ["BalancedBatches", "Corpus", "build_corpus"]

BALANCE = 0.7  # 0: every note weighs the same; 1: every instrument of a family does


@dataclass(frozen=True, eq=False)
class Corpus:
    """Spectrograms of one type with what is known of each note.

    Parameters
    ----------
    type : str
        Spectrogram type.
    x : ndarray, shape (n_variants, n_notes, n_frames, n_bins)
    family : ndarray of int, shape (n_notes,)
    instrument : ndarray of str, shape (n_notes,)
    source, collection : ndarray of str, shape (n_notes,)
        Sample library or SoundFont, and the folder it was read from.
    digest : str
        SHA-256 over the names and the audio of the notes, which stands in the card.
    """

    type: str
    x: FloatArray
    family: npt.NDArray[np.int64]
    instrument: npt.NDArray[np.str_]
    source: npt.NDArray[np.str_]
    collection: npt.NDArray[np.str_]
    digest: str

    def clean(self) -> FloatArray:
        """Return the notes as recorded, shape (n_notes, n_frames, n_bins, 1)."""
        return np.asarray(self.x[0][..., np.newaxis], np.float32)

    def weights(self) -> FloatArray:
        """Return the odds of drawing each note: families equal, instruments nearly so."""
        odds = np.zeros(self.family.size)
        for index in np.unique(self.family):
            members = np.flatnonzero(self.family == index)
            _, inverse, counts = np.unique(
                self.instrument[members], return_inverse=True, return_counts=True
            )
            share = counts[inverse] ** -BALANCE
            odds[members] = share / share.sum()
        return np.asarray(odds / odds.sum())


def build_corpus(
    records: Sequence[NoteRecord],
    type: str,
    *,
    n_augmented: int,
    seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Corpus:
    """Read notes and compute their spectrograms, as recorded and augmented.

    Parameters
    ----------
    records : sequence of NoteRecord
        Notes of any rate and length; the first 4 s are learnt from.
    type : str
        Spectrogram type.
    n_augmented : int
        Augmented variants kept for each note.
    seed : int
        Each note draws from its own generator, so order does not matter.
    progress : callable
        Called with notes done and notes in all.

    Returns
    -------
    Corpus
    """
    x = np.zeros((1 + n_augmented, len(records), N_FRAMES, n_bins(type)), np.float16)
    for index, record in enumerate(records):
        y = read_note(record)
        name = int.from_bytes(hashlib.sha256(record.note.encode()).digest()[:8], "big")
        rng = np.random.default_rng([seed, name])
        for variant in range(1 + n_augmented):
            samples = y if variant == 0 else augment(y, rng=rng)
            x[variant, index] = extract(Waveform(samples, SAMPLE_RATE), type).values
        progress(index + 1, len(records))
    return Corpus(
        type=type,
        x=x,
        family=np.array([FAMILIES.index(record.family) for record in records]),
        instrument=np.array([record.instrument for record in records]),
        source=np.array([record.source for record in records]),
        collection=np.array([record.collection for record in records]),
        digest=_digest(records),
    )


def _digest(records: Sequence[NoteRecord]) -> str:
    """SHA-256 over the names and the audio of notes, whatever their order."""
    lines = sorted(f"{record.note} {audio_digest(record)}" for record in records)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class BalancedBatches(keras.utils.PyDataset):  # type: ignore[misc]  # keras is untyped
    """Batches drawn with replacement at given odds, a fresh draw each epoch.

    Parameters
    ----------
    corpus : Corpus
        All variants of a note are drawn alike.
    targets : ndarray, shape (n_notes, n_outputs)
    odds : ndarray, shape (n_notes,)
        Sums to 1.
    batch_size, n_batches : int
        Notes a batch, batches an epoch.
    rng : numpy.random.Generator
    """

    def __init__(
        self,
        corpus: Corpus,
        targets: FloatArray,
        odds: FloatArray,
        *,
        batch_size: int,
        n_batches: int,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self._corpus = corpus
        self._targets = targets
        self._odds = odds
        self._batch_size = batch_size
        self._n_batches = n_batches
        self._rng = rng

    def __len__(self) -> int:
        return self._n_batches

    def __getitem__(self, index: int) -> tuple[FloatArray, FloatArray]:
        notes = self._rng.choice(self._odds.size, self._batch_size, p=self._odds)
        variants = self._rng.integers(0, self._corpus.x.shape[0], self._batch_size)
        x = self._corpus.x[variants, notes].astype(np.float32)[..., np.newaxis]
        return x, self._targets[notes]
