"""Score-CAM: feature maps weighed by what the output makes of them as masks.

Conventions
-----------
Activations are ``(height, width, channels)``, of one note. No gradient is used.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xai_core.attribution.grad_cam import resize_bilinear
from xai_core.errors import GridMismatchError
from xai_core.values import FloatArray

__all__ = ["score_cam"]

MASKS_AT_ONCE = 8


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
