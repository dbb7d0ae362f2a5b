"""The gradient of the output, times the input, and averaged over noise.

Conventions
-----------
A model is a callable ``gradients(points) -> (n, *x.shape)``: the gradient of the
explained output for a batch of points ``(n, *x.shape)``. The gradient is in
units of the output per unit of the input; gradient times input is in units of
the output.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xai_core.errors import GridMismatchError, InputError
from xai_core.values import FloatArray

__all__ = ["gradient", "input_x_gradient", "smooth_grad"]

Gradients = Callable[[FloatArray], FloatArray]
SAMPLES_AT_ONCE = 8


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


def _float_of(x: FloatArray) -> np.dtype[np.floating]:
    return x.dtype if np.issubdtype(x.dtype, np.floating) else np.dtype(np.float64)
