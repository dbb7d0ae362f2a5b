"""Grad-CAM and its relatives: where the maps of a convolution layer speak for a decision.

Conventions
-----------
Activations and gradients are ``(height, width, channels)``, of one note, after the
ReLU. With ReLU the map is non-negative; zero everywhere means that all evidence is
negative. A filter that responds to silence has large activations and no say in the
answer, so filters are ranked by what they contribute to it (:func:`choose_filters`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from xai_core.attribution.methods import Estimate, ModelFunctions
from xai_core.errors import GridMismatchError, InputError
from xai_core.values import FloatArray

__all__ = [
    "choose_filters",
    "estimates",
    "grad_cam",
    "grad_cam_plus_plus",
    "grad_cam_plus_plus_estimates",
    "hires_cam",
    "hires_cam_estimates",
    "layer_cam",
    "layer_cam_estimates",
    "resize_bilinear",
    "score_cam",
    "score_cam_estimates",
]

MASKS_AT_ONCE = 8


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
    activations, gradients = _checked(activations, gradients)
    cam: FloatArray = activations @ gradients.mean(axis=(0, 1))
    return np.maximum(cam, 0.0) if relu else cam


def grad_cam_plus_plus(activations: FloatArray, gradients: FloatArray) -> FloatArray:
    """Weigh each feature map by its positive gradients, each by its own importance.

    Parameters
    ----------
    activations, gradients : ndarray, shape (height, width, channels)
        As for :func:`grad_cam`, with the same errors.

    Returns
    -------
    ndarray, shape (height, width), float64
        Non-negative.

    References
    ----------
    Chattopadhyay et al. 2018, "Grad-CAM++", equations 5 and 19: for the
    exponential of the score, whose higher derivatives are powers of the gradient.

    Examples
    --------
    >>> grad_cam_plus_plus(np.ones((1, 1, 1)), np.full((1, 1, 1), 2.0)).tolist()
    [[0.5]]
    """
    activations, gradients = _checked(activations, gradients)
    squares = gradients**2
    below = 2.0 * squares + activations.sum(axis=(0, 1)) * gradients**3
    shares = np.divide(squares, below, out=np.zeros_like(squares), where=below != 0.0)
    weights = (shares * np.maximum(gradients, 0.0)).sum(axis=(0, 1))  # (channels,)
    cam: FloatArray = activations @ weights
    return np.maximum(cam, 0.0)


def hires_cam(activations: FloatArray, gradients: FloatArray, *, relu: bool = False) -> FloatArray:
    """Sum gradient times activation over the channels, place by place.

    Parameters
    ----------
    activations, gradients : ndarray, shape (height, width, channels)
        As for :func:`grad_cam`, with the same errors.
    relu : bool
        Keep positive evidence only.

    Returns
    -------
    ndarray, shape (height, width), float64
        Signed, in units of the target; equals Grad-CAM without ReLU where the
        layer is followed by global average pooling and a linear output.

    References
    ----------
    Draelos and Carin 2020, "Use HiResCAM instead of Grad-CAM", equation 5.

    Examples
    --------
    >>> hires_cam(np.array([[[2.0], [1.0]]]), np.array([[[3.0], [-1.0]]])).tolist()
    [[6.0, -1.0]]
    """
    activations, gradients = _checked(activations, gradients)
    cam: FloatArray = (activations * gradients).sum(axis=2)
    return np.maximum(cam, 0.0) if relu else cam


def layer_cam(activations: FloatArray, gradients: FloatArray) -> FloatArray:
    """Sum positive gradient times activation over the channels, place by place.

    Parameters
    ----------
    activations, gradients : ndarray, shape (height, width, channels)
        As for :func:`grad_cam`, with the same errors.

    Returns
    -------
    ndarray, shape (height, width), float64
        Non-negative, in units of the target.

    References
    ----------
    Jiang et al. 2021, "LayerCAM", equations 4 and 5.

    Examples
    --------
    >>> layer_cam(np.array([[[2.0], [1.0]]]), np.array([[[3.0], [-1.0]]])).tolist()
    [[6.0, 0.0]]
    """
    activations, gradients = _checked(activations, gradients)
    cam: FloatArray = (activations * np.maximum(gradients, 0.0)).sum(axis=2)
    return np.maximum(cam, 0.0)


def _of_layer(
    cam: Callable[[FloatArray, FloatArray], FloatArray],
) -> Callable[[ModelFunctions, FloatArray, FloatArray, Mapping[str, Any]], Iterator[Estimate]]:
    """Return a method by name, as :func:`xai_core.attribution.methods.estimates_by` takes it.

    It yields what `cam` makes of the activations and gradients of the ``layer`` of the
    settings, on the grid of x; the baseline has no part.
    """

    def estimates(
        model: ModelFunctions, x: FloatArray, baseline: FloatArray, settings: Mapping[str, Any]
    ) -> Iterator[Estimate]:
        yield _resized(cam(*model.layer_gradients(x, settings["layer"])), x)

    return estimates


estimates = _of_layer(grad_cam)
grad_cam_plus_plus_estimates = _of_layer(grad_cam_plus_plus)
hires_cam_estimates = _of_layer(hires_cam)
layer_cam_estimates = _of_layer(layer_cam)


def score_cam_estimates(
    model: ModelFunctions, x: FloatArray, baseline: FloatArray, settings: Mapping[str, Any]
) -> Iterator[Estimate]:
    """Yield the Score-CAM of the ``layer``, on the grid of x; what is masked is the baseline."""
    activations, _ = model.layer_gradients(x, settings["layer"])
    yield _resized(score_cam(model.outputs, x, activations, baseline=baseline), x)


def _resized(cam: FloatArray, x: FloatArray) -> Estimate:
    return Estimate(resize_bilinear(cam, (x.shape[0], x.shape[1])))


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


def score_cam(
    outputs: Callable[[FloatArray], FloatArray],
    x: FloatArray,
    activations: FloatArray,
    *,
    baseline: FloatArray | float = 0.0,
) -> FloatArray:
    """Weigh each feature map by the output of the input seen through it.

    Parameters
    ----------
    outputs : callable
        Maps ``(n, n_frames, n_bins)`` to ``(n,)``.
    x : ndarray, shape (n_frames, n_bins)
    activations : ndarray, shape (height, width, channels)
        Of a convolution layer for `x`.
    baseline : ndarray, shape of `x`, or float
        What a masked bin becomes; silence by default.

    Returns
    -------
    ndarray, shape (height, width), float64
        Non-negative; its size is that of the activations, since the weights of
        the channels sum to 1.

    Raises
    ------
    GridMismatchError
        If `x` has not two axes or `activations` not three.

    References
    ----------
    Wang et al. 2020, "Score-CAM", equations 5 to 9: each map is resized to the
    input and scaled to [0, 1]; a map that is constant masks nothing and has no
    increase; the weights are the softmax of the increases over the baseline.
    """
    x, activations = np.asarray(x), np.asarray(activations, np.float64)
    if x.ndim != 2 or activations.ndim != 3:
        raise GridMismatchError(
            "expected an input of frames and bins and activations of height, width and channels, "
            f"got {x.shape} and {activations.shape}"
        )
    base = np.broadcast_to(np.asarray(baseline, np.float64), x.shape)
    way = x.astype(np.float64) - base
    lowest, highest = activations.min(axis=(0, 1)), activations.max(axis=(0, 1))
    varying = np.flatnonzero(highest > lowest)
    increases = np.zeros(activations.shape[2])
    if varying.size:
        start = float(outputs(base[np.newaxis].astype(x.dtype))[0])
    for first in range(0, varying.size, MASKS_AT_ONCE):
        part = varying[first : first + MASKS_AT_ONCE]
        masks = np.stack(
            [
                resize_bilinear(
                    (activations[..., k] - lowest[k]) / (highest[k] - lowest[k]),
                    (x.shape[0], x.shape[1]),
                )
                for k in part
            ]
        )
        seen = (base + masks * way).astype(x.dtype)
        increases[part] = np.asarray(outputs(seen), np.float64) - start
    weights = np.exp(increases - increases.max())
    cam: FloatArray = activations @ (weights / weights.sum())
    return np.maximum(cam, 0.0)


def choose_filters(
    activations: FloatArray, gradients: FloatArray, *, choice: str, n_filters: int = 4
) -> tuple[int, ...]:
    """Return the numbers of the filters to show, counted from 0.

    Parameters
    ----------
    activations : ndarray, shape (height, width, channels)
    gradients : ndarray, shape (height, width, channels)
        Of the explained output with respect to `activations`.
    choice : {'first', 'most_relevant'}
        The first ones, as in the paper's figure 1, or those with the largest
        mean of ``|gradient x activation|``, largest first (ties in filter order).
    n_filters : int
        How many; fewer if the layer has fewer.

    Raises
    ------
    InputError
        If `choice` is unknown, or `n_filters` is below 1.
    GridMismatchError
        If the two arrays differ in shape.

    Examples
    --------
    >>> activations, gradients = np.array([[[9.0, 2.0, 1.0]]]), np.array([[[0.0, -3.0, 4.0]]])
    >>> choose_filters(activations, gradients, choice="most_relevant", n_filters=2)
    (1, 2)
    """
    if n_filters < 1:
        raise InputError(f"expected at least 1 filter to show, got {n_filters}")
    if activations.shape != gradients.shape:
        raise GridMismatchError(
            f"expected two arrays of one shape, got {activations.shape} and {gradients.shape}"
        )
    n_filters = min(n_filters, activations.shape[-1])
    if choice == "first":
        return tuple(range(n_filters))
    if choice == "most_relevant":
        means = np.abs(activations * gradients).mean(axis=(0, 1), dtype=np.float64)
        return tuple(int(k) for k in np.argsort(-means, kind="stable")[:n_filters])
    raise InputError(f"unknown choice of filters {choice!r}: choose 'first' or 'most_relevant'")


def _checked(activations: FloatArray, gradients: FloatArray) -> tuple[FloatArray, FloatArray]:
    if activations.ndim != 3 or activations.shape != gradients.shape:
        raise GridMismatchError(
            "expected two arrays of one shape (height, width, channels), got "
            f"{activations.shape} and {gradients.shape}"
        )
    return activations.astype(np.float64), gradients.astype(np.float64)


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
