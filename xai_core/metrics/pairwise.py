"""All pairs of many maps, the same numbers as pair by pair, much faster.

Conventions
-----------
Row i, column j is ``metric(maps[i], maps[j])``. What does not depend on the
partner (logarithms, sorting, pooling, entropies) is done once for each map.
Pairs are worked on in blocks, by threads that leave the interpreter alone; no
array larger than the maps and the result is made.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

import numba
import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from xai_core.errors import InputError
from xai_core.metrics.checks import Array, as_distribution, as_map, same_grid
from xai_core.metrics.difference import difference_mean
from xai_core.metrics.divergence import EPSILON, js_divergence, kl_divergence, smoothed
from xai_core.metrics.grid_flow import least_costs
from xai_core.metrics.transport import UNITS, emd, emd_values, pool, whole_units

__all__ = ["METRICS", "SYMMETRIC", "pairwise"]

METRICS = {
    "difference_mean": difference_mean,
    "kl_divergence": kl_divergence,
    "js_divergence": js_divergence,
    "emd": emd,
    "emd_values": emd_values,
}
SYMMETRIC = frozenset(METRICS) - {"kl_divergence"}

BLOCK = 32  # maps on each side of a block of pairs
CLOSE = 1e-6  # nats; below it a difference of entropies is mostly rounding

Progress = Callable[[int, int], None]
_Indices = npt.NDArray[np.int64]
_Values = Callable[[_Indices, _Indices], Array]  # of pairs (rows[k], cols[k])


def pairwise(
    maps: Sequence[npt.ArrayLike],
    metric: str,
    *,
    progress: Progress = lambda done, total: None,
) -> Array:
    """Return a metric between every two of many maps.

    Parameters
    ----------
    maps : sequence of array, shape (n, n_frames, n_bins)
        Attributions for ``difference_mean``, heatmaps for the others.
    metric : str
        One of :data:`METRICS`.
    progress : callable
        Told (pairs done, pairs in all) as blocks are finished.

    Returns
    -------
    ndarray, shape (n, n)
        Symmetric but for ``kl_divergence``, where the row is ``p``; zero on
        the diagonal.

    Raises
    ------
    InputError
        If the metric is unknown or there are no maps.
    GridMismatchError
        If the shapes differ.
    EmptyMapError
        If a heatmap is zero everywhere.

    Examples
    --------
    >>> pairwise([[[0.0, 1.0]], [[0.0, 0.0]]], "difference_mean")
    array([[0. , 0.5],
           [0.5, 0. ]])
    """
    if metric not in METRICS:
        raise InputError(f"unknown metric {metric!r}: choose one of {', '.join(METRICS)}")
    if len(maps) == 0:
        raise InputError("expected maps to compare, got none")
    checked = [as_map(one) if metric == "difference_mean" else as_distribution(one) for one in maps]
    for one in checked[1:]:
        same_grid(checked[0], one)
    values = _PREPARE[metric](checked)
    n = len(checked)
    out = np.zeros((n, n))
    blocks = list(_blocks(n, symmetric=metric in SYMMETRIC))
    done, total = 0, sum(rows.size for rows, _ in blocks)
    # A matrix product has threads of its own.
    with ThreadPoolExecutor(1 if metric == "kl_divergence" else os.cpu_count()) as threads:
        jobs = {threads.submit(values, rows, cols): (rows, cols) for rows, cols in blocks}
        for job in as_completed(jobs):
            rows, cols = jobs[job]
            out[rows, cols] = job.result()
            if metric in SYMMETRIC:
                out[cols, rows] = out[rows, cols]
            done += rows.size
            progress(done, total)
    return out


def _blocks(n: int, *, symmetric: bool) -> Iterator[tuple[_Indices, _Indices]]:
    """Yield the pairs off the diagonal, block by block; each pair once if symmetric."""
    for top in range(0, n, BLOCK):
        for left in range(top if symmetric else 0, n, BLOCK):
            rows, cols = np.meshgrid(
                np.arange(top, min(top + BLOCK, n)),
                np.arange(left, min(left + BLOCK, n)),
                indexing="ij",
            )
            wanted = rows < cols if symmetric else rows != cols
            if wanted.any():
                yield rows[wanted].astype(np.int64), cols[wanted].astype(np.int64)


# -------------------------------------------------- one preparation for each metric


def _city_blocks(flat: Array) -> _Values:
    """Return the mean absolute difference of pairs of rows."""

    def values(rows: _Indices, cols: _Indices) -> Array:
        top, left = np.unique(rows), np.unique(cols)
        sums = cdist(flat[top], flat[left], "cityblock")
        found = sums[np.searchsorted(top, rows), np.searchsorted(left, cols)]
        return np.asarray(found / flat.shape[1])

    return values


def _difference(maps: Sequence[Array]) -> _Values:
    return _city_blocks(np.stack([one.ravel() for one in maps]))


def _values(maps: Sequence[Array]) -> _Values:
    return _city_blocks(np.stack([np.sort(one, axis=None) for one in maps]))


def _kullback_leibler(maps: Sequence[Array]) -> _Values:
    p = np.stack([smoothed(one, EPSILON).ravel() for one in maps])
    logs = np.log(p)
    negentropy = np.einsum("ij,ij->i", p, logs)

    def values(rows: _Indices, cols: _Indices) -> Array:
        top, left = np.unique(rows), np.unique(cols)
        cross = p[top] @ logs[left].T
        found = negentropy[rows] - cross[np.searchsorted(top, rows), np.searchsorted(left, cols)]
        close = np.flatnonzero(found < CLOSE)
        found[close] = _each(_relative_entropy, p, rows[close], cols[close])
        return np.asarray(found)

    return values


def _jensen_shannon(maps: Sequence[Array]) -> _Values:
    p = np.stack([one.ravel() for one in maps])
    negentropy = np.array([_sum_p_log_p(row) for row in p])

    def values(rows: _Indices, cols: _Indices) -> Array:
        found = (negentropy[rows] + negentropy[cols]) / 2 - _each(_middle, p, rows, cols)
        close = np.flatnonzero(found < CLOSE)
        found[close] = _each(_divergence_from_middle, p, rows[close], cols[close])
        return np.asarray(np.minimum(found, np.log(2.0)))

    return values


def _transport(maps: Sequence[Array]) -> _Values:
    pooled = [pool(one) for one in maps]
    masses = np.stack([whole_units(one) for one in pooled])
    n_rows, n_cols = pooled[0].shape

    def values(rows: _Indices, cols: _Indices) -> Array:
        found = np.empty(rows.size)
        least_costs(masses, rows, cols, n_rows, n_cols, found)
        return np.asarray(found / UNITS)

    return values


_PREPARE: dict[str, Callable[[Sequence[Array]], _Values]] = {
    "difference_mean": _difference,
    "kl_divergence": _kullback_leibler,
    "js_divergence": _jensen_shannon,
    "emd": _transport,
    "emd_values": _values,
}


# Each adds up over the bins of two rows of a matrix.


@numba.njit(cache=True, nogil=True)
def _sum_p_log_p(p: Array) -> float:
    total = 0.0
    for value in p:
        if value > 0.0:
            total += value * np.log(value)
    return total


@numba.njit(cache=True, nogil=True)
def _middle(p: Array, q: Array) -> float:
    """Return the sum of m ln m, where m is the mean of both."""
    total = 0.0
    for i in range(p.size):
        m = 0.5 * (p[i] + q[i])
        if m > 0.0:
            total += m * np.log(m)
    return total


@numba.njit(cache=True, nogil=True)
def _relative_entropy(p: Array, q: Array) -> float:
    total = 0.0
    for i in range(p.size):
        total += p[i] * np.log(p[i] / q[i])
    return total


@numba.njit(cache=True, nogil=True)
def _divergence_from_middle(p: Array, q: Array) -> float:
    total = 0.0
    for i in range(p.size):
        m = 0.5 * (p[i] + q[i])
        if p[i] > 0.0:
            total += 0.5 * p[i] * np.log(p[i] / m)
        if q[i] > 0.0:
            total += 0.5 * q[i] * np.log(q[i] / m)
    return total


@numba.njit(nogil=True)
def _each(
    of_two: Callable[[Array, Array], float], p: Array, rows: _Indices, cols: _Indices
) -> Array:
    """Return a function of two rows for pairs of them."""
    out = np.empty(rows.size)
    for k in range(rows.size):
        out[k] = of_two(p[rows[k]], p[cols[k]])
    return out
