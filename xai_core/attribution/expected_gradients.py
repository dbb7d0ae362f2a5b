"""Expected gradients: Integrated Gradients averaged over baselines that are notes.

Conventions
-----------
As for Integrated Gradients; each sample takes one baseline and one point of the
straight path from there to the input.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xai_core.errors import GridMismatchError, InputError
from xai_core.values import FloatArray

__all__ = ["expected_gradients"]

SAMPLES_AT_ONCE = 8


def expected_gradients(
    gradients: Callable[[FloatArray], FloatArray],
    x: FloatArray,
    baselines: FloatArray,
    *,
    n_samples: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Return the mean path gradient times the way from baselines drawn at random.

    Parameters
    ----------
    gradients : callable
        Maps ``(n, *x.shape)`` to the gradients of the output, of the same shape.
    x : ndarray
    baselines : ndarray, shape (n_baselines, *x.shape)
        Other notes.
    n_samples : int
        Gradient evaluations, at least 1. Samples take the baselines in turn and
        lie in `n_samples` equal parts of the path, one in each.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape of `x`, float64
        Signed, in units of the output; the sum approaches f(x) less the mean
        output of the baselines.

    Raises
    ------
    GridMismatchError
        If the baselines differ from `x` in shape.
    InputError
        If there is no baseline or no sample.

    References
    ----------
    Erion et al. 2021, "Improving performance of deep learning models with axiomatic
    attribution priors and expected gradients", equation 3.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> one = lambda points: np.ones_like(points)
    >>> expected_gradients(one, np.array([3.0]), np.array([[1.0], [2.0]]), n_samples=4, rng=rng)
    array([1.5])
    """
    x, baselines = np.asarray(x), np.asarray(baselines)
    if baselines.ndim != x.ndim + 1 or baselines.shape[1:] != x.shape:
        raise GridMismatchError(
            f"expected baselines of shape (n, {', '.join(map(str, x.shape))}), "
            f"got {baselines.shape}"
        )
    if len(baselines) == 0 or n_samples < 1:
        raise InputError(
            f"expected at least one baseline and one sample, got {len(baselines)} and {n_samples}"
        )
    alphas = rng.permutation((np.arange(n_samples) + rng.random(n_samples)) / n_samples)
    order = np.concatenate(
        [rng.permutation(len(baselines)) for _ in range(-(-n_samples // len(baselines)))]
    )[:n_samples]
    dtype = x.dtype if np.issubdtype(x.dtype, np.floating) else np.dtype(np.float64)
    total = np.zeros(x.shape, np.float64)
    for first in range(0, n_samples, SAMPLES_AT_ONCE):
        part = slice(first, first + SAMPLES_AT_ONCE)
        start = baselines[order[part]].astype(np.float64)
        way = x.astype(np.float64) - start
        points = start + alphas[part].reshape(-1, *(1,) * x.ndim) * way
        total += (np.asarray(gradients(points.astype(dtype)), np.float64) * way).sum(axis=0)
    return total / n_samples
