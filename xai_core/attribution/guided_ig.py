"""Guided Integrated Gradients: a path that follows small gradients first.

Conventions
-----------
As for Integrated Gradients: `evaluate` gives outputs and gradients of a batch of
points. The path is straight in the distance covered (L1), not in each bin.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xai_core.errors import GridMismatchError, InputError
from xai_core.values import FloatArray

__all__ = ["guided_ig"]

CLOSE = 1e-9  # relative to the length of the whole path


def guided_ig(
    evaluate: Callable[[FloatArray], tuple[FloatArray, FloatArray]],
    x: FloatArray,
    baseline: FloatArray,
    *,
    n_steps: int = 200,
    fraction: float = 0.25,
    max_dist: float = 0.02,
) -> FloatArray:
    """Integrate the gradient along a path that moves the bins of least gradient first.

    In each of `n_steps` steps the path comes closer to the input by the same L1
    distance. Of the bins that are not yet as far as they may go, those with the
    smallest absolute gradient move, so that the path avoids regions where the
    output saturates or is noisy.

    Parameters
    ----------
    evaluate : callable
        Maps ``(n, *x.shape)`` to outputs ``(n,)`` and gradients ``(n, *x.shape)``.
    x, baseline : ndarray
        Ends of the path, of one shape.
    n_steps : int
        At least 1; one or two gradients more are evaluated.
    fraction : float
        Share of the bins that move at a time, in (0, 1].
    max_dist : float
        How far a bin may be ahead of or behind the straight path, as a share of
        its way; 0 gives the straight path, 1 and more any path.

    Returns
    -------
    ndarray, shape of `x`, float64
        Signed, in units of the output; the sum approaches ``f(x) - f(baseline)``.

    Raises
    ------
    GridMismatchError
        If `x` and `baseline` differ in shape.
    InputError
        If a number is out of range.

    References
    ----------
    Kapishnikov et al. 2021, "Guided Integrated Gradients", algorithm 1 with the
    anchored bounds of section 4.2.

    Notes
    -----
    The published code takes the gradient where a step begins; here a step has the
    mean of the gradients where it begins and ends (trapezoid rule), which makes
    the error of the sum fall with the square of the number of steps.

    Examples
    --------
    >>> def square(points):
    ...     root = points @ np.array([2.0, 1.0])
    ...     return root**2, 2.0 * root[:, np.newaxis] * np.array([2.0, 1.0])
    >>> guided_ig(square, np.array([3.0, 3.0]), np.zeros(2), max_dist=1.0).round(3).tolist()
    [72.0, 9.0]
    """
    x, baseline = np.asarray(x), np.asarray(baseline)
    if x.shape != baseline.shape:
        raise GridMismatchError(
            f"expected a baseline of shape {x.shape}, like the input, got {baseline.shape}"
        )
    if n_steps < 1 or not 0.0 < fraction <= 1.0 or not max_dist >= 0.0:
        raise InputError(
            "expected at least one step, a fraction above 0 and a distance of at least 0, "
            f"got {n_steps}, {fraction} and {max_dist}"
        )
    dtype = x.dtype if np.issubdtype(x.dtype, np.floating) else np.dtype(np.float64)
    start, way = baseline.astype(np.float64).ravel(), (x.astype(np.float64) - baseline).ravel()
    lengths = np.abs(way)

    def gradient_at(alphas: FloatArray) -> FloatArray:
        point = (start + alphas * way).astype(dtype).reshape(1, *x.shape)
        return np.asarray(evaluate(point)[1], np.float64).ravel()

    alphas: FloatArray = np.zeros(way.size)  # how far each bin has gone, from 0 to 1
    slopes = gradient_at(alphas)
    total = np.zeros(way.size)
    # a baseline without any gradient names no bin to move first; a point just beyond it does
    sizes = np.abs(slopes if slopes.any() else gradient_at(np.full(way.size, 1.0 / n_steps)))
    for step in range(1, n_steps + 1):
        moved = _step(alphas, lengths, sizes, step / n_steps, fraction, max_dist)
        ahead = gradient_at(moved)
        total += (moved - alphas) * way * (slopes + ahead) / 2.0
        alphas, slopes, sizes = moved, ahead, np.abs(ahead)
    return total.reshape(x.shape)


def _step(
    alphas: FloatArray,
    lengths: FloatArray,
    sizes: FloatArray,
    done: float,
    fraction: float,
    max_dist: float,
) -> FloatArray:
    """Return the way of each bin when the path has covered a share `done` of its length."""
    lowest, highest = max(done - max_dist, 0.0), min(done + max_dist, 1.0)
    moved = np.maximum(alphas, lowest)
    whole = float(lengths.sum())
    left = whole * done - float(moved @ lengths)  # L1 distance that this step still covers
    while left > CLOSE * whole:
        free = np.flatnonzero((moved < highest) & (lengths > 0.0))
        if free.size == 0:
            break
        rank = int(fraction * (free.size - 1))
        threshold = np.partition(sizes[free], rank)[rank]
        chosen = free[sizes[free] <= threshold]
        room = (highest - moved[chosen]) * lengths[chosen]
        share = min(1.0, left / float(room.sum()))
        moved[chosen] += share * (highest - moved[chosen])
        if share < 1.0:
            break
        moved[chosen] = highest
        left -= float(room.sum())
    return moved
