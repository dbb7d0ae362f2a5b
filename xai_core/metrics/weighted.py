"""Quartiles and effect sizes of distances that weigh as often as their instruments are drawn.

Conventions
-----------
In each resample a pair of notes of two instruments weighs as much as the product
of how often these were drawn, a pair of notes of one instrument as often as it
was, and counts as that many distances. A resample that
leaves no pair is a row of NaN. Everything is exact: the numbers are those of the
distances repeated as often as they weigh.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["Floats", "Integers", "contrasts", "dominances", "quartiles"]

QUARTILES = np.array([0.25, 0.5, 0.75])

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


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


def dominances(
    values: Floats, group: Integers, a: Integers, b: Integers, counts: Integers
) -> Floats:
    """Return Cliff's delta of each group of distances against all others, in each resample.

    Parameters
    ----------
    values : ndarray, shape (n,)
    group : ndarray of int, shape (n,)
        From 0, without gaps.
    a, b, counts
        As for :func:`quartiles`.

    Returns
    -------
    ndarray, shape (n_resamples, n_groups)
        In [-1, 1], above 0 where the group's distances are the larger; NaN
        where the group or all others have no pair.

    Examples
    --------
    >>> dominances(np.array([1.0, 2.0]), np.array([0, 1]), np.array([0, 1]),
    ...            np.array([0, 1]), np.array([[1, 1]]))
    array([[-1.,  1.]])
    """
    order = np.argsort(values, kind="stable")
    n_groups = int(group.max()) + 1
    return np.asarray(
        _dominances(values[order], group[order], n_groups, a[order], b[order], counts)
    )


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
def _weight(counts: Integers, r: int, a: int, b: int) -> int:
    """Return how often a pair of two instruments, or of one, counts in a resample."""
    once = int(counts[r, a])
    return once if a == b else once * int(counts[r, b])


@numba.njit(cache=True, nogil=True)
def _quartiles(values: Floats, a: Integers, b: Integers, counts: Integers) -> Floats:
    out = np.full((counts.shape[0], 3), np.nan)
    below = np.empty(values.size, np.int64)
    for r in range(counts.shape[0]):
        total = 0
        for k in range(values.size):
            total += _weight(counts, r, a[k], b[k])
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
            totals[int(second[k])] += _weight(counts, r, a[k], b[k])
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


@numba.njit(cache=True, nogil=True)
def _dominances(
    values: Floats, group: Integers, n_groups: int, a: Integers, b: Integers, counts: Integers
) -> Floats:
    n = values.size
    out = np.full((counts.shape[0], n_groups), np.nan)
    weight = np.empty(n, np.int64)
    for r in range(counts.shape[0]):
        totals = np.zeros(n_groups, np.int64)
        for k in range(n):
            weight[k] = _weight(counts, r, a[k], b[k])
            totals[group[k]] += weight[k]
        total = totals.sum()
        balance = np.zeros(n_groups)  # weight of own above others, less that of own below others
        below = np.zeros(n_groups, np.int64)
        tied = np.zeros(n_groups, np.int64)
        all_below, start = 0, 0
        while start < n:
            end, all_tied = start, 0
            while end < n and values[end] == values[start]:
                tied[group[end]] += weight[end]
                all_tied += weight[end]
                end += 1
            for k in range(start, end):
                g = group[k]
                others_below = all_below - below[g]
                others_tied = all_tied - tied[g]
                others_above = total - totals[g] - others_below - others_tied
                balance[g] += weight[k] * float(others_below - others_above)
            for k in range(start, end):
                below[group[k]] += weight[k]
                tied[group[k]] = 0
            all_below += all_tied
            start = end
        for g in range(n_groups):
            if 0 < totals[g] < total:
                out[r, g] = balance[g] / (float(totals[g]) * float(total - totals[g]))
    return out
