"""Bootstrap of distances between notes: instruments are drawn, never pairs.

Conventions
-----------
A note stands in many pairs and an instrument in many notes, so pairs are not
independent; what differs from one collection to the next is the instruments. A
resample draws, in each family by itself, as many instruments as there are, with
replacement. A pair of notes then weighs as much as the product of how often its
two instruments were drawn. A note is never paired with itself, so a resample
that leaves no pair is left out: its row is NaN.

Draws are made once for all spectrogram types, methods and metrics: a resample
is one imagined collection, in which families and types can be compared.

Notes
-----
An instrument that is drawn twice brings pairs of two notes of its own four
times over, and these lie closer than others. Resampled distances therefore lean
a little to the low side, the more so the fewer instruments a family has; all
families of a similar size lean alike.

References
----------
Davison and Hinkley 1997, "Bootstrap methods and their application", section 3.8
(hierarchical data). Snijders and Borgatti 1999, "Non-parametric standard errors
and tests for network statistics", Connections 22: units are drawn, and the
pairs follow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
import pandas as pd

from xai_core.errors import InputError
from xai_core.scores import LEVEL

__all__ = [
    "N_RESAMPLES",
    "Draws",
    "contrasts",
    "draw_instruments",
    "interval",
    "quartiles",
]

N_RESAMPLES = 1000
QUARTILES = np.array([0.25, 0.5, 0.75])

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Draws:
    """How often each instrument is drawn in each resample.

    Parameters
    ----------
    instruments : pandas.MultiIndex
        Of family and instrument; one that plays in two families is two.
    counts : ndarray of int, shape (n_resamples, n_instruments)
    """

    instruments: pd.MultiIndex
    counts: Integers

    def columns(self, distances: pd.DataFrame) -> tuple[Integers, Integers]:
        """Return the columns of `counts` that the two notes of each row belong to."""
        return (
            self._columns(distances["family"], distances["instrument_a"]),
            self._columns(distances["other_family"], distances["instrument_b"]),
        )

    def _columns(self, family: pd.Series, instrument: pd.Series) -> Integers:
        found = self.instruments.get_indexer(pd.MultiIndex.from_arrays([family, instrument]))
        if (found < 0).any():
            raise InputError("expected distances of the instruments drawn, got others")
        return np.asarray(found, np.int64)


def draw_instruments(
    pairs: pd.DataFrame, *, rng: np.random.Generator, n_resamples: int = N_RESAMPLES
) -> Draws:
    """Draw the instruments of an analysis with replacement, family by family.

    Parameters
    ----------
    pairs : DataFrame
        As in :class:`xai_core.analysis.Analysis`.
    rng : numpy.random.Generator
    n_resamples : int

    Returns
    -------
    Draws

    Raises
    ------
    InputError
        If there are no pairs, or fewer than one resample is wanted.
    """
    if pairs.empty:
        raise InputError("expected pairs of notes, got none")
    if n_resamples < 1:
        raise InputError(f"expected at least 1 resample, got {n_resamples}")
    ends = [
        pairs[["family", "instrument_a"]].set_axis(["family", "instrument"], axis=1),
        pairs[["other_family", "instrument_b"]].set_axis(["family", "instrument"], axis=1),
    ]
    instruments = pd.MultiIndex.from_frame(pd.concat(ends).drop_duplicates()).sort_values()
    families = instruments.get_level_values("family").to_numpy()
    counts = np.zeros((n_resamples, len(instruments)), np.int64)
    for family in np.unique(families):
        members = np.flatnonzero(families == family)
        odds = np.full(members.size, 1.0 / members.size)
        counts[:, members] = rng.multinomial(members.size, odds, size=n_resamples)
    return Draws(instruments, counts)


def quartiles(values: Floats, a: Integers, b: Integers, counts: Integers) -> Floats:
    """Return the quartiles of distances in each resample.

    Parameters
    ----------
    values : ndarray, shape (n,)
    a, b : ndarray of int, shape (n,)
        Columns of `counts` that the two notes belong to.
    counts : ndarray of int, shape (n_resamples, n_instruments)

    Returns
    -------
    ndarray, shape (n_resamples, 3)
        First quartile, median, third quartile, interpolated like
        :func:`numpy.quantile` of the distances repeated as often as they weigh.

    Examples
    --------
    >>> quartiles(np.array([1.0, 2.0, 4.0]), np.array([0, 0, 1]), np.array([1, 2, 2]),
    ...           np.array([[1, 1, 1]]))
    array([[1.5, 2. , 3. ]])
    """
    order = np.argsort(values, kind="stable")
    return np.asarray(_quartiles(values[order], a[order], b[order], counts))


def contrasts(
    values: Floats, second: npt.NDArray[np.bool_], a: Integers, b: Integers, counts: Integers
) -> Floats:
    """Return how the second of two sets of distances lies to the first, in each resample.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Of both sets.
    second : ndarray of bool, shape (n,)
        Which of them are of the second set.
    a, b, counts
        As for :func:`quartiles`.

    Returns
    -------
    ndarray, shape (n_resamples, 2)
        The second median less the first, and Cliff's delta: the probability
        that a distance of the second set is larger than one of the first, less
        the probability that it is smaller; in [-1, 1], 0 if neither is.

    References
    ----------
    Cliff 1993, "Dominance statistics", Psychological Bulletin 114(3).

    Examples
    --------
    >>> contrasts(np.array([1.0, 2.0]), np.array([False, True]), np.array([0, 1]),
    ...           np.array([0, 1]), np.array([[1, 1]]))
    array([[1., 1.]])
    """
    order = np.argsort(values, kind="stable")
    return np.asarray(_contrasts(values[order], second[order], a[order], b[order], counts))


def interval(resamples: Floats) -> Floats:
    """Return the central 95 % of resamples along axis 0, those that are NaN left out.

    Returns
    -------
    ndarray, shape (2, ...)
        Low and high ends (percentile bootstrap); NaN where all are left out.
    """
    tail = (1.0 - LEVEL) / 2.0
    known = ~np.isnan(resamples).all(axis=0)
    out = np.full((2, *resamples.shape[1:]), np.nan)
    if known.any():
        out[:, known] = np.nanquantile(resamples[:, known], [tail, 1.0 - tail], axis=0)
    return out


@numba.njit(cache=True, nogil=True)
def _quantile(values: Floats, below: Integers, q: float) -> float:
    """Return a quantile of sorted values of which ``below`` is the running sum of weights."""
    place = q * (below[-1] - 1)
    rank = int(np.floor(place))
    first = values[np.searchsorted(below, rank, side="right")]
    if rank + 1 >= below[-1]:
        return float(first)
    following = values[np.searchsorted(below, rank + 1, side="right")]
    return float(first + (place - rank) * (following - first))


@numba.njit(cache=True, nogil=True)
def _quartiles(values: Floats, a: Integers, b: Integers, counts: Integers) -> Floats:
    out = np.full((counts.shape[0], 3), np.nan)
    below = np.empty(values.size, np.int64)
    for r in range(counts.shape[0]):
        total = 0
        for k in range(values.size):
            total += counts[r, a[k]] * counts[r, b[k]]
            below[k] = total
        if total > 0:
            for j in range(3):
                out[r, j] = _quantile(values, below, QUARTILES[j])
    return out


@numba.njit(cache=True, nogil=True)
def _contrasts(
    values: Floats, second: npt.NDArray[np.bool_], a: Integers, b: Integers, counts: Integers
) -> Floats:
    n = values.size
    out = np.full((counts.shape[0], 2), np.nan)
    below = np.empty((2, n), np.int64)  # running weight of the first and of the second set
    for r in range(counts.shape[0]):
        totals = np.zeros(2, np.int64)
        for k in range(n):
            totals[int(second[k])] += counts[r, a[k]] * counts[r, b[k]]
            below[0, k], below[1, k] = totals[0], totals[1]
        if totals[0] == 0 or totals[1] == 0:
            continue
        out[r, 0] = _quantile(values, below[1], 0.5) - _quantile(values, below[0], 0.5)
        balance = 0.0  # weight of second above first, less that of second below first
        smaller_first, smaller_second, start = 0, 0, 0
        for k in range(n):
            if k + 1 < n and values[k + 1] == values[start]:
                continue
            tied_second = below[1, k] - smaller_second
            balance += tied_second * float(smaller_first)
            balance -= tied_second * float(totals[0] - below[0, k])
            smaller_first, smaller_second, start = below[0, k], below[1, k], k + 1
        out[r, 1] = balance / (float(totals[0]) * float(totals[1]))
    return out
