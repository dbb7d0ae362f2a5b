"""Maps made ready for one metric, so that what does not depend on the partner is done once.

Conventions
-----------
One row of double precision a map, and nothing else of its size: flattened
(difference, divergences), sorted (values), or pooled masses in whole units
(transport). 2,000 STFT maps take 2 GB. Pairs are lists of indices: `rows` into
one set, `cols` into the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from xai_core.errors import GridMismatchError, InputError
from xai_core.metrics.binwise import (
    EPSILON,
    smoothed,
)
from xai_core.metrics.checks import Array, as_distribution, as_map, same_grid
from xai_core.metrics.grid_flow import least_costs
from xai_core.metrics.kernels import (
    absolute_differences,
    divergences_from_middle,
    middle_negentropies,
    negentropies,
    relative_entropies,
)
from xai_core.metrics.transport import UNITS, pool, whole_units

__all__ = ["Indices", "Prepared", "prepare", "values_of_pairs"]

Indices = npt.NDArray[np.int64]

CLOSE = 1e-6  # nats; below it a difference of entropies is mostly rounding
DENSE = 0.25  # of a block's pairs; if fewer are asked for, they are added up one by one


@dataclass(frozen=True, eq=False)
class Prepared:
    """Maps made ready for one metric, by :func:`prepare`.

    Parameters
    ----------
    metric : str
    grid : tuple of int
        ``(n_frames, n_bins)`` of the maps.
    plane : tuple of int
        The grid that `values` lie on: smaller than `grid` where maps are pooled.
    values : ndarray, shape (n_maps, n_values)
    negentropy : ndarray, shape (n_maps,)
        Sum of p ln p of each row for the divergences; else empty.
    """

    metric: str
    grid: tuple[int, ...]
    plane: tuple[int, ...]
    values: npt.NDArray[Any]
    negentropy: Array

    def __len__(self) -> int:
        return len(self.values)


def prepare(maps: Sequence[npt.ArrayLike], metric: str) -> Prepared:
    """Return maps made ready for a metric.

    Parameters
    ----------
    maps : sequence of array, shape (n, n_frames, n_bins)
        Attributions for ``difference_mean``, heatmaps for the others.
    metric : str
        One of :data:`xai_core.metrics.METRICS`.

    Returns
    -------
    Prepared

    Raises
    ------
    InputError
        If the metric is unknown or there are no maps.
    GridMismatchError
        If the shapes differ.
    EmptyMapError
        If a heatmap is zero everywhere.
    """
    if metric not in _FORMS:
        raise InputError(f"unknown metric {metric!r}: choose one of {', '.join(_FORMS)}")
    if len(maps) == 0:
        raise InputError("expected maps to compare, got none")
    check = as_map if metric == "difference_mean" else as_distribution
    form = _FORMS[metric]
    first = check(maps[0])
    shaped = form(first)
    values = np.empty((len(maps), shaped.size), shaped.dtype)
    for k, one in enumerate(maps):
        checked = check(one)
        same_grid(first, checked)
        values[k] = form(checked).ravel()
    negentropy = np.empty(len(maps) if metric in _DIVERGENCES else 0)
    if negentropy.size:
        negentropies(values, negentropy)
    return Prepared(metric, first.shape, shaped.shape, values, negentropy)


def values_of_pairs(a: Prepared, b: Prepared, rows: Indices, cols: Indices) -> Array:
    """Return the metric of map ``rows[k]`` of `a` and map ``cols[k]`` of `b`.

    Parameters
    ----------
    a, b : Prepared
        For one metric; may be the same.
    rows, cols : ndarray of int64, shape (n_pairs,)

    Returns
    -------
    ndarray, shape (n_pairs,)

    Raises
    ------
    InputError
        If `a` and `b` are made ready for different metrics.
    GridMismatchError
        If their grids differ.
    """
    if a.metric != b.metric:
        raise InputError(f"expected maps made ready for one metric, got {a.metric} and {b.metric}")
    if a.grid != b.grid:
        raise GridMismatchError(
            f"expected two sets of maps of one grid, got {a.grid} and {b.grid}: are they of one "
            "spectrogram type?"
        )
    if rows.size == 0:
        return np.empty(0)
    return _VALUES[a.metric](a, b, rows, cols)


# ------------------------------------------------------------- forms of one map


def _whole_masses(p: Array) -> npt.NDArray[np.int64]:
    pooled = pool(p)
    return whole_units(pooled).reshape(pooled.shape)


_FORMS: dict[str, Callable[[Array], npt.NDArray[Any]]] = {
    "difference_mean": lambda a: a,
    "kl_divergence": lambda p: smoothed(p, EPSILON),
    "js_divergence": lambda p: p,
    "emd": _whole_masses,
    "emd_values": lambda p: np.sort(p, axis=None).reshape(p.shape),
}
_DIVERGENCES = frozenset({"kl_divergence", "js_divergence"})


# ------------------------------------------------------------- values of pairs


def _city_blocks(a: Prepared, b: Prepared, rows: Indices, cols: Indices) -> Array:
    """Return the mean absolute differences."""
    block = _Block(rows, cols)
    if block.is_dense:
        sums = block.read(cdist(block.top_of(a.values), block.left_of(b.values), "cityblock"))
    else:
        sums = _each(absolute_differences, a, b, rows, cols)
    return np.asarray(sums / a.values.shape[1])


def _kullback_leibler(a: Prepared, b: Prepared, rows: Indices, cols: Indices) -> Array:
    block = _Block(rows, cols)
    if not block.is_dense:
        return _each(relative_entropies, a, b, rows, cols)
    cross = block.top_of(a.values) @ np.log(block.left_of(b.values)).T
    found = a.negentropy[rows] - block.read(cross)
    close = np.flatnonzero(found < CLOSE)
    found[close] = _each(relative_entropies, a, b, rows[close], cols[close])
    return np.asarray(found)


def _jensen_shannon(a: Prepared, b: Prepared, rows: Indices, cols: Indices) -> Array:
    middle = _each(middle_negentropies, a, b, rows, cols)
    found = (a.negentropy[rows] + b.negentropy[cols]) / 2 - middle
    close = np.flatnonzero(found < CLOSE)
    found[close] = _each(divergences_from_middle, a, b, rows[close], cols[close])
    return np.asarray(np.minimum(found, np.log(2.0)))


def _transport(a: Prepared, b: Prepared, rows: Indices, cols: Indices) -> Array:
    found = np.empty(rows.size)
    n_rows, n_cols = a.plane
    least_costs(a.values, b.values, rows, cols, n_rows, n_cols, found)
    return np.asarray(found / UNITS)


_VALUES: dict[str, Callable[[Prepared, Prepared, Indices, Indices], Array]] = {
    "difference_mean": _city_blocks,
    "kl_divergence": _kullback_leibler,
    "js_divergence": _jensen_shannon,
    "emd": _transport,
    "emd_values": _city_blocks,
}


def _each(
    kernel: Callable[..., None], a: Prepared, b: Prepared, rows: Indices, cols: Indices
) -> Array:
    out = np.empty(rows.size)
    kernel(a.values, b.values, rows, cols, out)
    return out


class _Block:
    """The smallest block of the matrix of all pairs that holds some of them."""

    def __init__(self, rows: Indices, cols: Indices) -> None:
        self._rows, self._cols = rows, cols
        self._top, self._left = np.unique(rows), np.unique(cols)
        self.is_dense = rows.size >= DENSE * self._top.size * self._left.size

    def top_of(self, values: Array) -> Array:
        return _taken(values, self._top)

    def left_of(self, values: Array) -> Array:
        return _taken(values, self._left)

    def read(self, block: Array) -> Array:
        """Return a block's value of each pair."""
        places = np.searchsorted(self._top, self._rows), np.searchsorted(self._left, self._cols)
        return np.asarray(block[places])


def _taken(values: Array, indices: Indices) -> Array:
    """Return rows of an array; consecutive ones without copying them."""
    first, last = int(indices[0]), int(indices[-1])
    if last - first + 1 == indices.size:
        return values[first : last + 1]
    return np.asarray(values[indices])
