"""Earth Mover's Distance between heatmaps, on the plane and between values.

Conventions
-----------
Heatmaps are non-negative and are scaled to sum to 1 first. On the plane each
axis is scaled to [0, 1], from the first bin to the last; maps are pooled by
block sums to at most 32 x 32 bins, the last block of an axis being what is left.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import ot

from xai_core.errors import InputError
from xai_core.metrics.blocks import mean_absolute_differences
from xai_core.metrics.checks import Array, as_distribution, same_grid
from xai_core.metrics.grid_flow import least_cost, least_costs
from xai_core.metrics.registry import Indices, Kernel, Prepared, pair_metric

__all__ = ["GROUND", "MAX_BINS", "UNITS", "emd", "emd_values", "pool", "whole_units"]

MAX_BINS = 32  # of an axis
UNITS = 10**12  # of mass in a heatmap; rounding to them moves a distance by less than 1e-8
GROUND = ("cityblock", "euclidean")


def _whole_masses(p: Array) -> npt.NDArray[np.int64]:
    pooled = pool(p)
    return whole_units(pooled).reshape(pooled.shape)


def _transport(a: Prepared, b: Prepared, rows: Indices, cols: Indices) -> Array:
    found = np.empty(rows.size)
    n_rows, n_cols = a.plane
    least_costs(a.values, b.values, rows, cols, n_rows, n_cols, found)
    return np.asarray(found / UNITS)


@pair_metric(
    kernel=Kernel(_transport, form=_whole_masses),
    settings={"ground": GROUND[0], "pooled_to_at_most": [MAX_BINS, MAX_BINS]},
)
def emd(
    p: npt.ArrayLike,
    q: npt.ArrayLike,
    *,
    max_bins: int = MAX_BINS,
    ground: str = "cityblock",
) -> float:
    """Return the exact Earth Mover's Distance of two heatmaps on the time-frequency plane.

    ``EMD(p, q) = min sum_ij f_ij d_ij`` over all flows f >= 0 that take p to q:
    ``sum_j f_ij = p_i`` and ``sum_i f_ij = q_j``; d is the ground distance.

    Parameters
    ----------
    p, q : array, shape (n_frames, n_bins)
        Heatmaps.
    max_bins : int
        Most bins of an axis after pooling.
    ground : {'cityblock', 'euclidean'}
        What moving mass costs: the shift in time plus the shift in frequency,
        solved on the grid; or the straight line, solved by POT, which is some
        hundred times slower.

    Returns
    -------
    float
        [0, 2] for the city block, [0, sqrt 2] for the straight line;
        symmetric, a metric between pooled maps; 0 for identical ones.

    Raises
    ------
    GridMismatchError
        If the shapes differ.
    EmptyMapError
        If a map is zero everywhere.
    InputError
        If `ground` is unknown or `max_bins` is below 1.

    References
    ----------
    Rubner, Tomasi and Guibas 2000; Chen, Ghobakhlou and Narayanan 2024, algorithm 2.

    Notes
    -----
    Published results often mean :func:`emd_values`, which ignores where the
    bins are.

    Examples
    --------
    >>> a, b = np.zeros((4, 8)), np.zeros((4, 8))
    >>> a[0, 0] = b[3, 0] = 1.0
    >>> emd(a, b)
    1.0
    """
    p, q = as_distribution(p), as_distribution(q)
    same_grid(p, q)
    p, q = pool(p, max_bins=max_bins), pool(q, max_bins=max_bins)
    if ground == "cityblock":
        surplus = whole_units(p) - whole_units(q)
        return float(least_cost(surplus, *p.shape)) / UNITS
    if ground == "euclidean":
        return float(ot.emd2(p.ravel(), q.ravel(), _distances(*p.shape), numItermax=10**7))
    raise InputError(f"unknown ground distance {ground!r}: choose one of {', '.join(GROUND)}")


@pair_metric(
    kernel=Kernel(mean_absolute_differences, form=lambda p: np.sort(p, axis=None).reshape(p.shape))
)
def emd_values(p: npt.ArrayLike, q: npt.ArrayLike) -> float:
    """Return the 1-D Wasserstein distance between the values of two heatmaps.

    ``W(p, q) = sum_k |p_(k) - q_(k)| / n`` over the n bins, each map's values in
    rising order. It compares the histograms of values and ignores where the
    bins are; it is kept because published results often mean this one.

    Parameters
    ----------
    p, q : array, shape (n_frames, n_bins)
        Heatmaps.

    Returns
    -------
    float
        [0, inf); symmetric; 0 for the same values in any order.

    Raises
    ------
    GridMismatchError
        If the shapes differ.
    EmptyMapError
        If a map is zero everywhere.

    References
    ----------
    Ramdas, Garcia Trillos and Cuturi 2017, "On Wasserstein two-sample testing
    and related families of nonparametric tests", Entropy 19; Chen, Ghobakhlou
    and Narayanan 2024, algorithm 2.

    Examples
    --------
    >>> emd_values([[1.0, 0.0]], [[0.0, 1.0]])
    0.0
    """
    p, q = as_distribution(p), as_distribution(q)
    same_grid(p, q)
    return float(np.mean(np.abs(np.sort(p, axis=None) - np.sort(q, axis=None))))


def pool(p: Array, *, max_bins: int = MAX_BINS) -> Array:
    """Return a map summed over blocks, so that no axis has more than `max_bins`.

    Parameters
    ----------
    p : ndarray, shape (n_frames, n_bins)
    max_bins : int

    Returns
    -------
    ndarray
        Same sum as `p`.
    """
    if max_bins < 1:
        raise InputError(f"expected at least 1 bin an axis, got {max_bins}")
    for axis, length in enumerate(p.shape):
        size = -(-length // max_bins)
        p = np.add.reduceat(p, np.arange(0, length, size), axis=axis)
    return p


def whole_units(p: Array) -> npt.NDArray[np.int64]:
    """Return a distribution in whole units that sum to :data:`UNITS`, flat.

    What rounding down leaves goes to the bins that lost most.
    """
    exact = p.ravel() * UNITS
    units = np.floor(exact).astype(np.int64)
    left = UNITS - int(units.sum())
    losers = np.argsort(units - exact, kind="stable")[: max(left, 0)]
    units[losers] += 1
    units[int(units.argmax())] += UNITS - int(units.sum())  # rounding of the sum itself
    return units


def _distances(n_rows: int, n_cols: int) -> Array:
    row, col = np.divmod(np.arange(n_rows * n_cols), n_cols)
    points = np.stack([row / max(n_rows - 1, 1), col / max(n_cols - 1, 1)], axis=1)
    return np.asarray(ot.dist(points, points, metric="euclidean"))
