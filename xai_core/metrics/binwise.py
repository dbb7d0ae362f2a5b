"""Metrics that compare two maps bin by bin: Difference Mean and two divergences.

Conventions
-----------
The Difference Mean takes raw attributions, signed, in the model's units; it is in
[0, inf), symmetric, 0 for identical maps. The Kullback-Leibler and the
Jensen-Shannon divergence take heatmaps: non-negative, scaled to sum to 1 first.
They use natural logarithms, so values are in nats; 0 ln 0 is 0.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import rel_entr

from xai_core.errors import InputError
from xai_core.metrics.blocks import Block, each_pair, mean_absolute_differences
from xai_core.metrics.checks import Array, as_distribution, as_map, same_grid
from xai_core.metrics.kernels import (
    divergences_from_middle,
    middle_negentropies,
    relative_entropies,
)
from xai_core.metrics.registry import Indices, Kernel, Prepared, pair_metric

__all__ = [
    "EPSILON",
    "difference_mean",
    "js_divergence",
    "kl_divergence",
    "smoothed",
]

EPSILON = 1e-10  # added to every bin, so that a zero in q stays finite
CLOSE = 1e-6  # nats; below it a difference of entropies is mostly rounding


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
