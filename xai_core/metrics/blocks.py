"""Values of many pairs of rows, read off a matrix of all pairs or added up one by one.

Conventions
-----------
Rows are those of two sets of maps made ready for one metric; `rows` are indices
into one set, `cols` into the other, one of each a pair.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import cdist

from xai_core.metrics.checks import Array
from xai_core.metrics.kernels import absolute_differences
from xai_core.metrics.registry import Indices, Prepared

__all__ = ["Block", "each_pair", "mean_absolute_differences"]

DENSE = 0.25  # of a block's pairs; if fewer are asked for, they are added up one by one


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
    """Return what a kernel of :mod:`xai_core.metrics.kernels` writes for each pair."""
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
