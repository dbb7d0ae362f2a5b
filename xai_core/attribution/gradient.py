"""Gradients of the output: at the input, averaged over noise or baselines, along a guided path.

Conventions
-----------
A model is a callable ``gradients(points) -> (n, *x.shape)``: the gradient of the
explained output for a batch of points ``(n, *x.shape)``. The gradient is in
units of the output per unit of the input; gradient times input is in units of
the output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from xai_core.attribution.methods import Estimate, ModelFunctions
from xai_core.errors import GridMismatchError, InputError
from xai_core.values import Completeness, FloatArray

__all__ = [
    "expected_gradients",
    "expected_gradients_estimates",
    "gradient",
    "gradient_estimates",
    "guided_ig",
    "guided_ig_estimates",
    "input_x_gradient",
    "input_x_gradient_estimates",
    "smooth_grad",
    "smooth_grad_estimates",
]

Gradients = Callable[[FloatArray], FloatArray]
SAMPLES_AT_ONCE = 8
CLOSE = 1e-9  # relative to the length of the whole path
N_NOISY = 32  # copies of the note, of SmoothGrad by name
N_SAMPLES = 100  # gradients, of expected gradients by name
GUIDED_STEPS = 64  # of guided IG by name: a gradient each, one after the other


def gradient(gradients: Gradients, x: FloatArray) -> FloatArray:
    """Return the gradient of the output at the input.

    Parameters
    ----------
    gradients : callable
        Maps ``(n, *x.shape)`` to gradients of the same shape.
    x : ndarray

    Returns
    -------
    ndarray, shape of `x`, float64
        Signed, in units of the output per unit of the input.

    References
    ----------
    Simonyan, Vedaldi and Zisserman 2014, "Deep inside convolutional networks",
    section 3, without the absolute value.

    Examples
    --------
    >>> gradient(lambda points: 2.0 * points, np.array([3.0])).tolist()
    [6.0]
    """
    x = np.asarray(x)
    return np.asarray(gradients(x[np.newaxis])[0], np.float64)


def input_x_gradient(
    gradients: Gradients, x: FloatArray, *, baseline: FloatArray | float = 0.0
) -> FloatArray:
    """Return the gradient at the input times the input.

    Parameters
    ----------
    gradients : callable
        Maps ``(n, *x.shape)`` to gradients of the same shape.
    x : ndarray
    baseline : ndarray, shape of `x`, or float
        What the input is counted from; silence by default.

    Returns
    -------
    ndarray, shape of `x`, float64
        Signed, in units of the output; the exact contribution of each bin to a
        linear output.

    Raises
    ------
    GridMismatchError
        If `x` and `baseline` differ in shape.

    References
    ----------
    Shrikumar et al. 2016, "Not just a black box".

    Examples
    --------
    >>> input_x_gradient(lambda points: 2.0 * points, np.array([3.0])).tolist()
    [18.0]
    """
    x, base = np.asarray(x), np.asarray(baseline)
    if base.ndim and base.shape != x.shape:
        raise GridMismatchError(
            f"expected a baseline of shape {x.shape}, like the input, got {base.shape}"
        )
    return np.asarray(gradient(gradients, x) * (x.astype(np.float64) - base))


def smooth_grad(
    gradients: Gradients,
    x: FloatArray,
    *,
    sigma: float,
    n_samples: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Return the mean gradient of the input with noise added.

    Parameters
    ----------
    gradients : callable
        Maps ``(n, *x.shape)`` to gradients of the same shape.
    x : ndarray
    sigma : float
        Standard deviation of the Gaussian noise, in units of the input.
    n_samples : int
        Noisy inputs, at least 1.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape of `x`, float64
        Signed, in units of the output per unit of the input.

    Raises
    ------
    InputError
        If `sigma` is negative or there is no sample.

    References
    ----------
    Smilkov et al. 2017, "SmoothGrad: removing noise by adding noise".

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> smooth_grad(lambda points: 0 * points + 2.0, np.ones(2), sigma=0.1, n_samples=5, rng=rng)
    array([2., 2.])
    """
    if not sigma >= 0.0 or n_samples < 1:
        raise InputError(
            f"expected noise of at least 0 and one sample or more, got {sigma} and {n_samples}"
        )
    x = np.asarray(x)
    total = np.zeros(x.shape, np.float64)
    for first in range(0, n_samples, SAMPLES_AT_ONCE):
        n = min(SAMPLES_AT_ONCE, n_samples - first)
        points = x + sigma * rng.standard_normal((n, *x.shape))
        total += np.asarray(gradients(points.astype(_float_of(x))), np.float64).sum(axis=0)
    return total / n_samples


def expected_gradients(
    gradients: Gradients,
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
    total = np.zeros(x.shape, np.float64)
    for first in range(0, n_samples, SAMPLES_AT_ONCE):
        part = slice(first, first + SAMPLES_AT_ONCE)
        start = baselines[order[part]].astype(np.float64)
        way = x.astype(np.float64) - start
        points = start + alphas[part].reshape(-1, *(1,) * x.ndim) * way
        total += (np.asarray(gradients(points.astype(_float_of(x))), np.float64) * way).sum(axis=0)
    return total / n_samples


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
    dtype = _float_of(x)
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


def _float_of(x: FloatArray) -> np.dtype[np.floating]:
    return x.dtype if np.issubdtype(x.dtype, np.floating) else np.dtype(np.float64)


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


# ------------------------------------------------------------------ as methods by name
#
# Parameters and what is yielded are those of `xai_core.attribution.methods.estimates_by`.


def gradient_estimates(
    model: ModelFunctions, x: FloatArray, baseline: FloatArray, settings: Mapping[str, Any]
) -> Iterator[Estimate]:
    """Yield the gradient at the input."""
    yield Estimate(gradient(_gradients_of(model), x))


def input_x_gradient_estimates(
    model: ModelFunctions, x: FloatArray, baseline: FloatArray, settings: Mapping[str, Any]
) -> Iterator[Estimate]:
    """Yield the gradient at the input times its way from the baseline."""
    yield Estimate(input_x_gradient(_gradients_of(model), x, baseline=baseline))


def smooth_grad_estimates(
    model: ModelFunctions, x: FloatArray, baseline: FloatArray, settings: Mapping[str, Any]
) -> Iterator[Estimate]:
    """Yield the mean gradient of N_NOISY copies; ``noise_level`` and ``seed`` of the settings."""
    rng = np.random.default_rng(settings["seed"])
    sigma = settings["noise_level"]
    yield Estimate(smooth_grad(_gradients_of(model), x, sigma=sigma, n_samples=N_NOISY, rng=rng))


def expected_gradients_estimates(
    model: ModelFunctions, x: FloatArray, baseline: FloatArray, settings: Mapping[str, Any]
) -> Iterator[Estimate]:
    """Yield expected gradients of N_SAMPLES samples; ``seed`` of the settings.

    The baseline is several notes, shape (n, *x.shape).
    """
    rng = np.random.default_rng(settings["seed"])
    gradients = _gradients_of(model)
    yield Estimate(expected_gradients(gradients, x, baseline, n_samples=N_SAMPLES, rng=rng))


def guided_ig_estimates(
    model: ModelFunctions, x: FloatArray, baseline: FloatArray, settings: Mapping[str, Any]
) -> Iterator[Estimate]:
    """Yield guided IG of GUIDED_STEPS steps, and how well it adds up."""
    values = guided_ig(model.input_gradients, x, baseline, n_steps=GUIDED_STEPS)
    start, end = np.asarray(model.outputs(np.stack([baseline, x])), np.float64).tolist()
    sums = Completeness(
        output=end,
        baseline_output=start,
        attributed=float(values.sum()),
        n_steps=GUIDED_STEPS,
        converged=True,
    )
    yield Estimate(values, sums)


def _gradients_of(model: ModelFunctions) -> Gradients:
    return lambda points: model.input_gradients(points)[1]
