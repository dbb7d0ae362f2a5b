"""Grad-CAM: where the maps of a convolution layer speak for a decision.

Conventions
-----------
Arrays are ``(height, width, channels)``, of one note. With ReLU the map is
non-negative; zero everywhere means that all evidence is negative.
"""

from __future__ import annotations

import numpy as np

from xai_core.errors import GridMismatchError
from xai_core.values import FloatArray

__all__ = ["grad_cam", "resize_bilinear"]


def grad_cam(activations: FloatArray, gradients: FloatArray, *, relu: bool = True) -> FloatArray:
    """Weigh each feature map by its mean gradient and add them up.

    Parameters
    ----------
    activations : ndarray, shape (height, width, channels)
        Activations of a convolution layer.
    gradients : ndarray, shape (height, width, channels)
        Gradient of the target with respect to them.
    relu : bool
        Keep positive evidence only, as published.

    Returns
    -------
    ndarray, shape (height, width), float64
        In units of the target, up to the layer's size.

    Raises
    ------
    GridMismatchError
        If the two arrays differ in shape or are not three-dimensional.

    References
    ----------
    Selvaraju et al. 2017, "Grad-CAM", equations 1 and 2.

    Examples
    --------
    >>> grad_cam(np.ones((1, 2, 1)), np.full((1, 2, 1), 3.0)).tolist()
    [[3.0, 3.0]]
    """
    if activations.ndim != 3 or activations.shape != gradients.shape:
        raise GridMismatchError(
            "expected two arrays of one shape (height, width, channels), got "
            f"{activations.shape} and {gradients.shape}"
        )
    weights = gradients.astype(np.float64).mean(axis=(0, 1))  # (channels,)
    cam: FloatArray = activations.astype(np.float64) @ weights
    return np.maximum(cam, 0.0) if relu else cam


def resize_bilinear(values: FloatArray, shape: tuple[int, int]) -> FloatArray:
    """Resize a map bilinearly, bin centres aligned as in image resizing.

    Parameters
    ----------
    values : ndarray, shape (height, width)
    shape : tuple of int
        New (height, width).

    Returns
    -------
    ndarray, shape `shape`, float64
        Between the smallest and the largest value of the input.
    """
    rows = _interpolation(values.shape[0], shape[0])
    columns = _interpolation(values.shape[1], shape[1])
    resized: FloatArray = rows @ values.astype(np.float64) @ columns.T
    return resized


def _interpolation(n_in: int, n_out: int) -> FloatArray:
    """Matrix (n_out, n_in) whose rows sum to 1."""
    centres = np.clip((np.arange(n_out) + 0.5) * n_in / n_out - 0.5, 0, n_in - 1)
    lower = np.floor(centres).astype(int)
    upper = np.minimum(lower + 1, n_in - 1)
    fraction = centres - lower
    matrix = np.zeros((n_out, n_in))
    matrix[np.arange(n_out), lower] += 1.0 - fraction
    matrix[np.arange(n_out), upper] += fraction
    return matrix
