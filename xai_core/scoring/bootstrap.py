"""Confidence intervals: a bootstrap that draws instruments, not notes.

Conventions
-----------
Notes of one instrument resemble each other, so what varies from one test set
to the next is the instruments. Each resample draws, in each family by itself,
as many instruments as there are, with replacement, and takes all notes of those
drawn. An interval is the central 95 % of the resampled scores (percentile
bootstrap). With very few instruments it is too narrow rather than too wide: of
two, every second resample draws the same one twice, and no third is known.

Every score is a function of sums over instruments, so a resample costs a
product of its draws with those sums and no note is touched again.

References
----------
Davison and Hinkley 1997, "Bootstrap methods and their application", sections
3.8 (hierarchical data) and 5.3 (percentile intervals).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_core.errors import InputError
from xai_core.scores import LEVEL
from xai_core.values import FloatArray

__all__ = ["N_RESAMPLES", "Resamples", "interval", "resample_instruments"]

N_RESAMPLES = 1000
ENOUGH = 2  # instruments; one alone shows no variation between instruments


@dataclass(frozen=True, eq=False)
class Resamples:
    """Which instrument each note is of, and how often each is drawn in each resample.

    Parameters
    ----------
    instrument : ndarray of int, shape (n_notes,)
        Number of the note's instrument; one that plays in two families counts
        as two.
    draws : ndarray, shape (n_resamples, n_instruments)
    """

    instrument: npt.NDArray[np.int64]
    draws: FloatArray

    @property
    def n_instruments(self) -> int:
        """Number of independent instruments."""
        return int(self.draws.shape[1])

    def by_instrument(self, values: npt.NDArray[Any]) -> FloatArray:
        """Return sums over the notes of each instrument, shape (n_instruments, n_columns)."""
        sums = np.zeros((self.n_instruments, values.shape[1]))
        np.add.at(sums, self.instrument, values)
        return sums

    def sums(self, values: npt.NDArray[Any]) -> FloatArray:
        """Return sums over the notes of each resample, shape (n_resamples, n_columns).

        Parameters
        ----------
        values : ndarray, shape (n_notes, n_columns)
        """
        return np.asarray(self.draws @ self.by_instrument(values))

    def count(self, notes: npt.NDArray[np.bool_]) -> int:
        """Return how many instruments the chosen notes are of."""
        return int(np.unique(self.instrument[notes]).size)

    def are_enough(self, notes: npt.NDArray[np.bool_]) -> bool:
        """Whether the chosen notes are of at least two instruments."""
        return self.count(notes) >= ENOUGH


def resample_instruments(
    family: npt.NDArray[np.int64],
    instrument: npt.NDArray[np.str_] | Sequence[str],
    *,
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
) -> Resamples:
    """Draw instruments with replacement, family by family.

    Parameters
    ----------
    family : ndarray of int, shape (n_notes,)
    instrument : ndarray of str, shape (n_notes,)
        Instruments that share recordings must go by one name here.
    rng : numpy.random.Generator
    n_resamples : int

    Raises
    ------
    InputError
        If there are no notes, or fewer than one resample is wanted.
    """
    if family.size == 0:
        raise InputError("expected notes to score, got none")
    if n_resamples < 1:
        raise InputError(f"expected at least 1 resample, got {n_resamples}")
    _, name = np.unique(np.asarray(instrument), return_inverse=True)
    pairs, number = np.unique(np.stack([family, name]), axis=1, return_inverse=True)
    draws = np.zeros((n_resamples, pairs.shape[1]))
    for one in np.unique(family):
        members = np.flatnonzero(pairs[0] == one)
        odds = np.full(members.size, 1.0 / members.size)
        draws[:, members] = rng.multinomial(members.size, odds, size=n_resamples)
    return Resamples(number.ravel(), draws)


def interval(scores: FloatArray) -> list[float]:
    """Return the ends of the central 95 % of resampled scores.

    Examples
    --------
    >>> interval(np.linspace(0.0, 1.0, 201))
    [0.025, 0.975]
    """
    tail = (1.0 - LEVEL) / 2.0
    low, high = np.quantile(scores, [tail, 1.0 - tail])
    return [round(float(low), 12), round(float(high), 12)]  # 1 - 1e-16 is 1
