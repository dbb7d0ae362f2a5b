"""Fidelity: whether a map predicts how the output changes under perturbations.

Conventions
-----------
Perturbations are drawn from a seeded generator that is handed in. Both measures
see the map as a linear model of the output around the input.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import spearmanr

from xai_core.errors import GridMismatchError, InputError
from xai_core.trust.removal import Outputs
from xai_core.values import FloatArray

__all__ = ["infidelity", "mu_fidelity"]

SAMPLES_AT_ONCE = 16


def mu_fidelity(
    outputs: Outputs,
    x: FloatArray,
    attribution: FloatArray,
    *,
    baseline: FloatArray | float = 0.0,
    subset: float = 0.2,
    n_subsets: int = 200,
    rng: np.random.Generator,
) -> float:
    """Correlate the attribution of random subsets of bins with the drop of the output.

    Parameters
    ----------
    outputs : callable
        Maps ``(n, *x.shape)`` to ``(n,)``.
    x : ndarray
    attribution : ndarray, shape of `x`
    baseline : ndarray, shape of `x`, or float
        What a removed bin becomes.
    subset : float
        Share of the bins in a subset, in (0, 1).
    n_subsets : int
        At least 3.
    rng : numpy.random.Generator

    Returns
    -------
    float
        Spearman's rank correlation in [-1, 1]; 1 for a map that orders all
        subsets by their effect. 0 where all effects or all sums are equal, so
        that no correlation is defined.

    Raises
    ------
    GridMismatchError
        If shapes differ.
    InputError
        If `subset` or `n_subsets` is out of range.

    References
    ----------
    Bhatt, Weller and Moura 2020, "Evaluating and aggregating feature-based model
    explanations", equation 1, with Spearman's correlation in place of Pearson's.
    """
    x, attribution = _checked(x, attribution)
    if not 0.0 < subset < 1.0 or n_subsets < 3:
        raise InputError(
            f"expected a share between 0 and 1 and at least 3 subsets, got {subset} and {n_subsets}"
        )
    base = np.broadcast_to(np.asarray(baseline, x.dtype), x.shape).ravel()
    size = max(1, round(subset * x.size))
    flat, weights = x.ravel(), attribution.ravel()
    output = float(outputs(x[np.newaxis])[0])
    sums, drops = [], []
    for first in range(0, n_subsets, SAMPLES_AT_ONCE):
        n = min(SAMPLES_AT_ONCE, n_subsets - first)
        batch = np.repeat(flat[np.newaxis], n, axis=0)  # (n, n_bins)
        for row in batch:
            chosen = rng.choice(x.size, size, replace=False)
            row[chosen] = base[chosen]
            sums.append(weights[chosen].sum())
        drops.append(output - np.asarray(outputs(batch.reshape(n, *x.shape)), np.float64))
    drop = np.concatenate(drops)
    if np.ptp(drop) == 0.0 or np.ptp(sums) == 0.0:
        return 0.0
    return float(spearmanr(sums, drop).statistic)


def infidelity(
    outputs: Outputs,
    x: FloatArray,
    attribution: FloatArray,
    *,
    noise: float = 0.1,
    n_samples: int = 100,
    rng: np.random.Generator,
) -> float:
    """Return the mean squared error of the map as a linear model of small changes.

    Parameters
    ----------
    outputs : callable
        Maps ``(n, *x.shape)`` to ``(n,)``.
    x : ndarray
    attribution : ndarray, shape of `x`
        A gradient-like map: in units of the output per unit of the input.
    noise : float
        Standard deviation of the Gaussian perturbations, in units of the input.
    n_samples : int
    rng : numpy.random.Generator

    Returns
    -------
    float
        Mean over perturbations I of ``(I . map - (f(x) - f(x - I)))^2``, in
        squared units of the output; 0 for the gradient of a linear function.

    Raises
    ------
    GridMismatchError
        If shapes differ.
    InputError
        If `noise` is not positive or there is no sample.

    References
    ----------
    Yeh et al. 2019, "On the (in)fidelity and sensitivity of explanations",
    definition 2.1 with Gaussian perturbations.
    """
    x, attribution = _checked(x, attribution)
    if not noise > 0.0 or n_samples < 1:
        raise InputError(
            f"expected noise above 0 and at least one sample, got {noise} and {n_samples}"
        )
    output = float(outputs(x[np.newaxis])[0])
    total = 0.0
    for first in range(0, n_samples, SAMPLES_AT_ONCE):
        n = min(SAMPLES_AT_ONCE, n_samples - first)
        change = noise * rng.standard_normal((n, *x.shape))
        moved = np.asarray(outputs((x - change).astype(x.dtype)), np.float64)
        expected = change.reshape(n, -1) @ attribution.ravel().astype(np.float64)
        total += float(((expected - (output - moved)) ** 2).sum())
    return total / n_samples


def _checked(x: FloatArray, attribution: FloatArray) -> tuple[FloatArray, FloatArray]:
    x, attribution = np.asarray(x), np.asarray(attribution, np.float64)
    if attribution.shape != x.shape:
        raise GridMismatchError(
            f"expected a map of shape {x.shape}, like the input, got {attribution.shape}"
        )
    if not np.isfinite(attribution).all():
        raise InputError("expected a map of finite values, got NaN or infinity")
    return x, attribution
