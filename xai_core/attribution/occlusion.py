"""Occlusion: how much the output falls when a window of bins is silenced.

Conventions
-----------
Windows and strides are ``(frames, bins)``. Windows begin at multiples of the
stride; a last one lies flush with the end, so that every bin is covered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from xai_core.attribution.methods import Estimate, ModelFunctions
from xai_core.errors import GridMismatchError, InputError
from xai_core.values import FloatArray

__all__ = ["estimates", "occlusion"]

WINDOWS_AT_ONCE = 16
TILES = 16  # along each axis, of the method by name; fewer where there are fewer bins


def occlusion(
    outputs: Callable[[FloatArray], FloatArray],
    x: FloatArray,
    *,
    baseline: FloatArray | float = 0.0,
    window: tuple[int, int],
    stride: tuple[int, int],
) -> FloatArray:
    """Return the drop of the output under a sliding window, shared among its bins.

    Parameters
    ----------
    outputs : callable
        Maps ``(n, n_frames, n_bins)`` to ``(n,)``.
    x : ndarray, shape (n_frames, n_bins)
    baseline : ndarray, shape of `x`, or float
        What a covered bin becomes; silence by default.
    window : tuple of int
        Frames and bins that are covered at a time; cut to the size of `x`.
    stride : tuple of int
        Frames and bins from one window to the next, at most the window.

    Returns
    -------
    ndarray, shape of `x`, float64
        Signed, in units of the output per bin: the mean over the windows that
        cover a bin of ``(f(x) - f(x without the window)) / bins of the window``.

    Raises
    ------
    GridMismatchError
        If `x` has not two axes or the baseline another shape.
    InputError
        If a window or stride is below 1, or a stride leaves gaps.

    References
    ----------
    Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks",
    section 4.2.

    Notes
    -----
    Captum gives each bin of a window the whole drop; divided by the bins of the
    window, maps of different windows are in one unit, and windows that do not
    overlap sum to the drops.

    Examples
    --------
    >>> total = lambda batch: 2.0 * batch.sum(axis=(1, 2))
    >>> occlusion(total, np.array([[1.0, 3.0]]), window=(1, 1), stride=(1, 1)).tolist()
    [[2.0, 6.0]]
    """
    x = np.asarray(x)
    base = np.asarray(baseline, x.dtype)
    if x.ndim != 2 or (base.ndim and base.shape != x.shape):
        raise GridMismatchError(
            f"expected an input of frames and bins and a baseline like it, got {x.shape} "
            f"and {base.shape}"
        )
    if min(*window, *stride) < 1 or any(s > w for s, w in zip(stride, window, strict=True)):
        raise InputError(
            "expected a window and a stride of at least one frame and bin, the stride at most "
            f"the window, got {window} and {stride}"
        )
    height, width = (min(size, n) for size, n in zip(window, x.shape, strict=True))
    base = np.broadcast_to(base, x.shape)
    output = float(outputs(x[np.newaxis])[0])
    places = [
        (top, left)
        for top in _starts(x.shape[0], height, stride[0])
        for left in _starts(x.shape[1], width, stride[1])
    ]
    total, covered = np.zeros(x.shape), np.zeros(x.shape)
    for first in range(0, len(places), WINDOWS_AT_ONCE):
        part = places[first : first + WINDOWS_AT_ONCE]
        batch = np.repeat(x[np.newaxis], len(part), axis=0)
        for one, (top, left) in zip(batch, part, strict=True):
            cut = np.s_[top : top + height, left : left + width]
            one[cut] = base[cut]
        drops = output - np.asarray(outputs(batch), np.float64)
        for drop, (top, left) in zip(drops, part, strict=True):
            cut = np.s_[top : top + height, left : left + width]
            total[cut] += drop / (height * width)
            covered[cut] += 1.0
    return total / covered


def estimates(
    model: ModelFunctions, x: FloatArray, baseline: FloatArray, settings: Mapping[str, Any]
) -> Iterator[Estimate]:
    """Yield the occlusion by tiles, 16 along each axis, which become the baseline.

    Parameters
    ----------
    model, x, baseline, settings
        As :func:`xai_core.attribution.methods.estimates_by`.
    """
    height, width = (max(1, -(-size // TILES)) for size in x.shape)
    tile = height, width
    yield Estimate(occlusion(model.outputs, x, baseline=baseline, window=tile, stride=tile))


def _starts(n: int, size: int, stride: int) -> list[int]:
    """Return where windows begin along one axis; the last one ends with it."""
    starts = list(range(0, n - size + 1, stride))
    return starts if starts[-1] == n - size else [*starts, n - size]
