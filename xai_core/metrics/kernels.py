"""Sums over the bins of two rows, compiled, for many pairs of rows at once.

Conventions
-----------
Each function writes to ``out[k]`` what it finds for ``p[rows[k]]`` and
``q[cols[k]]``. Rows are distributions in double precision, but for
:func:`absolute_differences`, which takes any. 0 ln 0 is 0. The interpreter is
left alone meanwhile, so that threads can share the work; what is compiled once
is kept on disk.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

__all__ = [
    "absolute_differences",
    "divergences_from_middle",
    "middle_negentropies",
    "negentropies",
    "relative_entropies",
]

_Rows = npt.NDArray[np.floating[Any]]
_Indices = npt.NDArray[np.int64]


@numba.njit(cache=True, nogil=True)
def absolute_differences(p: _Rows, q: _Rows, rows: _Indices, cols: _Indices, out: _Rows) -> None:
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
def relative_entropies(p: _Rows, q: _Rows, rows: _Indices, cols: _Indices, out: _Rows) -> None:
    """Write the sum of p ln(p / q), where q is positive wherever p is."""
    for k in range(rows.size):
        a, b = p[rows[k]], q[cols[k]]
        total = 0.0
        for i in range(a.size):
            if a[i] > 0.0:
                total += a[i] * np.log(a[i] / b[i])
        out[k] = total


@numba.njit(cache=True, nogil=True)
def middle_negentropies(p: _Rows, q: _Rows, rows: _Indices, cols: _Indices, out: _Rows) -> None:
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
def divergences_from_middle(p: _Rows, q: _Rows, rows: _Indices, cols: _Indices, out: _Rows) -> None:
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
