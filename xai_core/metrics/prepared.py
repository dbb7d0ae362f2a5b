"""Maps made ready for one metric, so that what does not depend on the partner is done once.

Conventions
-----------
One row of double precision a map, and nothing else of its size: flattened
(difference, divergences), sorted (values), or pooled masses in whole units
(transport). 2,000 STFT maps take 2 GB. Pairs are lists of indices: `rows` into
one set, `cols` into the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from xai_core.catalogue.metrics import metric as entry_of
from xai_core.errors import GridMismatchError, InputError
from xai_core.metrics.checks import Array, as_distribution, as_map, same_grid
from xai_core.metrics.kernels import negentropies
from xai_core.metrics.registry import Indices, Prepared, kernel_of

__all__ = ["comparable", "prepare", "values_of_pairs"]


def comparable(attribution: npt.NDArray[np.floating], metric: str) -> Array:
    """Return what a metric compares of an attribution: itself, or its absolute values.

    Parameters
    ----------
    attribution : ndarray, shape (n_frames, n_bins)
        Signed, in the units of the model's output.
    metric : str
        One of :data:`xai_core.catalogue.metrics.METRICS`.

    Raises
    ------
    InputError
        If the metric is unknown.

    Examples
    --------
    >>> comparable(np.array([[-2.0, 1.0]]), "emd")
    array([[2., 1.]])
    """
    return attribution if entry_of(metric).on == "attributions" else np.abs(attribution)


def prepare(maps: Sequence[npt.ArrayLike], metric: str) -> Prepared:
    """Return maps made ready for a metric.

    Parameters
    ----------
    maps : sequence of array, shape (n, n_frames, n_bins)
        Attributions or heatmaps, as the metric's entry says.
    metric : str
        One of :data:`xai_core.catalogue.metrics.METRICS`.

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
    check = as_map if entry_of(metric).on == "attributions" else as_distribution
    kernel = kernel_of(metric)
    if len(maps) == 0:
        raise InputError("expected maps to compare, got none")
    first = check(maps[0])
    shaped = kernel.form(first)
    values = np.empty((len(maps), shaped.size), shaped.dtype)
    for k, one in enumerate(maps):
        checked = check(one)
        same_grid(first, checked)
        values[k] = kernel.form(checked).ravel()
    negentropy = np.empty(len(maps) if kernel.needs_negentropy else 0)
    if kernel.needs_negentropy:
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
    return kernel_of(a.metric).values(a, b, rows, cols)
