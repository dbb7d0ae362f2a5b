"""The spectrograms of a corpus: computed once, kept in the cache, mapped into memory.

Conventions
-----------
``take(variants, notes)`` takes pairs of numbers and returns
``(n, n_frames, n_bins)`` in half precision; variant 0 is the note as recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Protocol

import joblib
import numpy as np
import numpy.typing as npt

from xai_core import store
from xai_core.training.variants import Recipe, compute_all, shape_of
from xai_core.values import NOTE_SAMPLES, SAMPLE_RATE, FloatArray

__all__ = ["Chunked", "Spectrograms"]

CHUNK = 64  # notes, with all their variants: 66 MB of STFT as recorded and three times augmented
MAPS = 128  # chunks open at once, one open file each
WORTH_WORKERS = 2000  # spectrograms, about 10 s of work: worker processes take 3 s to start

Numbers = Sequence[int] | npt.NDArray[np.int64]


class Spectrograms(Protocol):
    """A source of spectrograms of one type."""

    @property
    def n_variants(self) -> int:
        """Number of variants of each note."""

    @property
    def n_notes(self) -> int:
        """Number of notes."""

    @property
    def shape(self) -> tuple[int, int]:
        """``(n_frames, n_bins)`` of one spectrogram."""

    def take(self, variants: Numbers, notes: Numbers) -> FloatArray:
        """Return ``(n, n_frames, n_bins)`` float16, the k-th of variants[k] and notes[k]."""


class Chunked:
    """Spectrograms that are computed once and mapped into memory from the cache.

    A chunk is 64 notes with all their variants, in a file named by everything
    that decides its values. Chunks that are there already are not computed
    again, so a killed run resumes; a damaged one is, and so is one that vanishes
    while it is in use. Chunks that cannot be written are held in memory.

    Parameters
    ----------
    recipes : sequence of Recipe
        One a note, all of one type, augmentation and seed.
    audio : sequence of str
        For each recipe what decides the samples of the notes it names.
    n_variants : int
    """

    def __init__(self, recipes: Sequence[Recipe], audio: Sequence[str], n_variants: int) -> None:
        self._recipes = recipes
        self.n_variants, self.n_notes = n_variants, len(recipes)
        self.shape = shape_of(recipes[0].type)
        self._keys = [
            self._key(audio[start : start + CHUNK]) for start in range(0, len(recipes), CHUNK)
        ]
        self._unwritten: dict[int, FloatArray] = {}
        self._open = lru_cache(maxsize=MAPS)(self._opened)

    def take(self, variants: Numbers, notes: Numbers) -> FloatArray:
        """Return ``(n, n_frames, n_bins)`` float16, the k-th of variants[k] and notes[k]."""
        out = np.empty((len(notes), *self.shape), np.float16)
        for place, (variant, note) in enumerate(zip(variants, notes, strict=True)):
            chunk, row = divmod(int(note), CHUNK)
            out[place] = self._open(chunk)[int(variant), row]
        return out

    def prepare(self, on_progress: Callable[[int, int], None] = lambda done, total: None) -> None:
        """Compute the chunks that are missing, by all processors where that pays.

        Parameters
        ----------
        on_progress : callable
            Called with notes done and notes in all.
        """
        missing = [k for k in range(len(self._keys)) if self._stored(k) is None]
        done = self.n_notes - sum(len(self._part(k)) for k in missing)
        if done:
            on_progress(done, self.n_notes)
        n_missing = self.n_notes - done
        n_workers = min(joblib.cpu_count(), len(missing))

        def count(n: int = 1) -> None:
            nonlocal done
            done += n
            on_progress(done, self.n_notes)

        if n_workers > 1 and n_missing * self.n_variants >= WORTH_WORKERS:
            for k, values in zip(missing, self._by_workers(missing, n_workers), strict=True):
                self._keep(k, values)
                count(len(self._part(k)))
        else:
            for k in missing:
                self._keep(k, compute_all(self._part(k), self.n_variants, on_note=count))

    def _by_workers(self, chunks: Sequence[int], n_workers: int) -> Iterator[FloatArray]:
        """Yield chunks in order as worker processes finish them; TensorFlow is not forked."""
        with joblib.parallel_config("loky", n_jobs=n_workers, idle_worker_timeout=10):
            tasks = (joblib.delayed(compute_all)(self._part(k), self.n_variants) for k in chunks)
            yield from joblib.Parallel(return_as="generator")(tasks)

    def _key(self, audio: Sequence[str]) -> str:
        recipe = self._recipes[0]
        about = (recipe.augmentation.as_dict(), recipe.seed) if self.n_variants > 1 else None
        return store.spectrogram_key(
            type=recipe.type,
            sr=SAMPLE_RATE,
            n_samples=NOTE_SAMPLES,
            n_variants=self.n_variants,
            augmentation=about,
            audio=list(audio),
        )

    def _part(self, chunk: int) -> Sequence[Recipe]:
        return self._recipes[chunk * CHUNK : (chunk + 1) * CHUNK]

    def _opened(self, chunk: int) -> FloatArray:
        if chunk in self._unwritten:
            return self._unwritten[chunk]
        values = self._stored(chunk)
        if values is None:
            self._keep(chunk, compute_all(self._part(chunk), self.n_variants))
            values = self._stored(chunk)
        return self._unwritten[chunk] if values is None else values

    def _keep(self, chunk: int, values: FloatArray) -> None:
        if not store.write_chunk(self._keys[chunk], values):
            self._unwritten[chunk] = values

    def _stored(self, chunk: int) -> FloatArray | None:
        shape = (self.n_variants, len(self._part(chunk)), *self.shape)
        return store.read_chunk(self._keys[chunk], shape=shape, dtype=np.float16)
