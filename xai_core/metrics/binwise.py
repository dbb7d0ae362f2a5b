"""Metrics that compare two maps bin by bin: Difference Mean and two divergences.

Conventions
-----------
The Difference Mean takes raw attributions, signed, in the model's units; it is in
[0, inf), symmetric, 0 for identical maps. The Kullback-Leibler and the
Jensen-Shannon divergence take heatmaps: non-negative, scaled to sum to 1 first.
They use natural logarithms, so values are in nats; 0 ln 0 is 0.

Of many pairs, rows are those of two sets of maps made ready for one metric; `rows`
are indices into one set, `cols` into the other, one of each a pair. The compiled
functions write to ``out[k]`` what they find for ``p[rows[k]]`` and ``q[cols[k]]``;
they leave the interpreter alone meanwhile, so that threads can share the work, and
are compiled once and kept on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist
from scipy.special import rel_entr

from xai_core.errors import InputError
from xai_core.metrics.registry import (
    Array,
    Indices,
    Kernel,
    Prepared,
    as_distribution,
    as_map,
    pair_metric,
    same_grid,
)

__all__ = [
    "EPSILON",
    "absolute_differences",
    "difference_mean",
    "divergences_from_middle",
    "js_divergence",
    "kl_divergence",
    "mean_absolute_differences",
    "middle_negentropies",
    "negentropies",
    "relative_entropies",
    "smoothed",
]

_Rows = npt.NDArray[np.floating[Any]]
DENSE = 0.25  # of a block's pairs; if fewer are asked for, they are added up one by one
EPSILON = 1e-10  # added to every bin, so that a zero in q stays finite
CLOSE = 1e-6  # nats; below it a difference of entropies is mostly rounding


@numba.njit(cache=True, nogil=True)
def absolute_differences(p: _Rows, q: _Rows, rows: Indices, cols: Indices, out: _Rows) -> None:
    """Write the sum of |p - q|."""
    for k in range(rows.size):
        a, b = p[rows[k]], q[cols[k]]
        total = 0.0
        for i in range(a.size):
            total += abs(a[i] - b[i])
        out[k] = total


@numba.njit(cache=True, nogil=True)
def negentropies(p: _Rows, out: _Rows) -> None:
    """Write the sum of p ln p of each row."""
    for k in range(p.shape[0]):
        total = 0.0
        for value in p[k]:
            if value > 0.0:
                total += value * np.log(value)
        out[k] = total


@numba.njit(cache=True, nogil=True)
def relative_entropies(p: _Rows, q: _Rows, rows: Indices, cols: Indices, out: _Rows) -> None:
    """Write the sum of p ln(p / q), where q is positive wherever p is."""
    for k in range(rows.size):
        a, b = p[rows[k]], q[cols[k]]
        total = 0.0
        for i in range(a.size):
            if a[i] > 0.0:
                total += a[i] * np.log(a[i] / b[i])
        out[k] = total


@numba.njit(cache=True, nogil=True)
def middle_negentropies(p: _Rows, q: _Rows, rows: Indices, cols: Indices, out: _Rows) -> None:
    """Write the sum of m ln m, where m is the mean of both."""
    for k in range(rows.size):
        a, b = p[rows[k]], q[cols[k]]
        total = 0.0
        for i in range(a.size):
            m = 0.5 * (a[i] + b[i])
            if m > 0.0:
                total += m * np.log(m)
        out[k] = total


@numba.njit(cache=True, nogil=True)
def divergences_from_middle(p: _Rows, q: _Rows, rows: Indices, cols: Indices, out: _Rows) -> None:
    """Write the mean of the divergences of both from their mean, term by term."""
    for k in range(rows.size):
        a, b = p[rows[k]], q[cols[k]]
        total = 0.0
        for i in range(a.size):
            m = 0.5 * (a[i] + b[i])
            if a[i] > 0.0:
                total += 0.5 * a[i] * np.log(a[i] / m)
            if b[i] > 0.0:
                total += 0.5 * b[i] * np.log(b[i] / m)
        out[k] = total


class Block:
    """The smallest block of the matrix of all pairs that holds some of them."""

    def __init__(self, rows: Indices, cols: Indices) -> None:
        self._rows, self._cols = rows, cols
        self._top, self._left = np.unique(rows), np.unique(cols)
        self.is_dense = rows.size >= DENSE * self._top.size * self._left.size

    def top_of(self, values: Array) -> Array:
        """Return the rows of the first set that the block is made of."""
        return _taken(values, self._top)

    def left_of(self, values: Array) -> Array:
        """Return the rows of the second set that the block is made of."""
        return _taken(values, self._left)

    def read(self, block: Array) -> Array:
        """Return a block's value of each pair."""
        places = np.searchsorted(self._top, self._rows), np.searchsorted(self._left, self._cols)
        return np.asarray(block[places])


def each_pair(
    kernel: Callable[..., None], a: Prepared, b: Prepared, rows: Indices, cols: Indices
) -> Array:
    """Return what a kernel of :mod:`xai_core.metrics.binwise` writes for each pair."""
    out = np.empty(rows.size)
    kernel(a.values, b.values, rows, cols, out)
    return out


def mean_absolute_differences(a: Prepared, b: Prepared, rows: Indices, cols: Indices) -> Array:
    """Return the mean absolute difference of each pair of rows."""
    block = Block(rows, cols)
    if block.is_dense:
        sums = block.read(cdist(block.top_of(a.values), block.left_of(b.values), "cityblock"))
    else:
        sums = each_pair(absolute_differences, a, b, rows, cols)
    return np.asarray(sums / a.values.shape[1])


def _taken(values: Array, indices: Indices) -> Array:
    """Return rows of an array; consecutive ones without copying them."""
    first, last = int(indices[0]), int(indices[-1])
    if last - first + 1 == indices.size:
        return values[first : last + 1]
    return np.asarray(values[indices])


@pair_metric(kernel=Kernel(mean_absolute_differences))
def difference_mean(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Return the mean over bins of the absolute difference of two attributions.

    ``DM(a, b) = sum_i |a_i - b_i| / n`` over the n bins.

    Parameters
    ----------
    a, b : array, shape (n_frames, n_bins)
        Attributions in one unit.

    Returns
    -------
    float
        In that unit, [0, inf); symmetric; 0 for identical maps.

    Raises
    ------
    GridMismatchError
        If the shapes differ.

    References
    ----------
    Chen, Ghobakhlou and Narayanan 2024, algorithm 2 and the equation of the
    Difference Mean.

    Examples
    --------
    >>> difference_mean([[0.0, 0.0], [0.0, 0.0]], [[0.0, 1.0], [0.0, 0.0]])
    0.25
    """
    a, b = as_map(a), as_map(b)
    same_grid(a, b)
    return float(np.mean(np.abs(a - b)))


def smoothed(p: Array, epsilon: float) -> Array:
    """Return a distribution with `epsilon` added to every bin, scaled to sum to 1 again."""
    if not 0.0 <= epsilon < 1.0:
        raise InputError(f"expected an epsilon from 0 up to 1, got {epsilon}")
    raised = p + epsilon
    return np.asarray(raised / raised.sum())


def _kullback_leibler(a: Prepared, b: Prepared, rows: Indices, cols: Indices) -> Array:
    block = Block(rows, cols)
    if not block.is_dense:
        return each_pair(relative_entropies, a, b, rows, cols)
    cross = block.top_of(a.values) @ np.log(block.left_of(b.values)).T
    found = a.negentropy[rows] - block.read(cross)
    close = np.flatnonzero(found < CLOSE)
    found[close] = each_pair(relative_entropies, a, b, rows[close], cols[close])
    return np.asarray(found)


@pair_metric(
    kernel=Kernel(
        _kullback_leibler,
        form=lambda p: smoothed(p, EPSILON),
        needs_negentropy=True,
        is_product=True,
    ),
    settings={"epsilon": EPSILON},
)
def kl_divergence(p: npt.ArrayLike, q: npt.ArrayLike, *, epsilon: float = EPSILON) -> float:
    """Return the Kullback-Leibler divergence of `q` from `p`.

    ``KL(p || q) = sum_i p_i ln(p_i / q_i)``.

    Parameters
    ----------
    p, q : array, shape (n_frames, n_bins)
        Heatmaps.
    epsilon : float
        Added to every bin of both before they are scaled to sum to 1 again.

    Returns
    -------
    float
        Nats, [0, inf); not symmetric; 0 for identical heatmaps.

    Raises
    ------
    GridMismatchError
        If the shapes differ.
    EmptyMapError
        If a map is zero everywhere.

    References
    ----------
    Kullback and Leibler 1951; Chen, Ghobakhlou and Narayanan 2024, algorithm 2.

    Examples
    --------
    >>> round(kl_divergence([[0.5, 0.2, 0.3]], [[0.1, 0.25, 0.65]]), 6)
    0.528133
    """
    p, q = as_distribution(p), as_distribution(q)
    same_grid(p, q)
    return float(rel_entr(smoothed(p, epsilon), smoothed(q, epsilon)).sum())


def _jensen_shannon(a: Prepared, b: Prepared, rows: Indices, cols: Indices) -> Array:
    middle = each_pair(middle_negentropies, a, b, rows, cols)
    found = (a.negentropy[rows] + b.negentropy[cols]) / 2 - middle
    close = np.flatnonzero(found < CLOSE)
    found[close] = each_pair(divergences_from_middle, a, b, rows[close], cols[close])
    return np.asarray(np.minimum(found, np.log(2.0)))


@pair_metric(kernel=Kernel(_jensen_shannon, needs_negentropy=True))
def js_divergence(p: npt.ArrayLike, q: npt.ArrayLike) -> float:
    """Return the Jensen-Shannon divergence of two heatmaps.

    ``JS(p, q) = (KL(p || m) + KL(q || m)) / 2`` with ``m = (p + q) / 2``. Its
    square root is a distance.

    Parameters
    ----------
    p, q : array, shape (n_frames, n_bins)
        Heatmaps.

    Returns
    -------
    float
        Nats, [0, ln 2]; symmetric; 0 for identical heatmaps, ln 2 where no bin
        is positive in both.

    Raises
    ------
    GridMismatchError
        If the shapes differ.
    EmptyMapError
        If a map is zero everywhere.

    References
    ----------
    Lin 1991; Chen, Ghobakhlou and Narayanan 2024, algorithm 2.

    Examples
    --------
    >>> round(js_divergence([[1.0, 0.0]], [[0.5, 0.5]]), 7)
    0.2157616
    """
    p, q = as_distribution(p), as_distribution(q)
    same_grid(p, q)
    middle = (p + q) / 2
    return float((rel_entr(p, middle).sum() + rel_entr(q, middle).sum()) / 2)
