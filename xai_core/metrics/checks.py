"""Checks of the two maps that every metric takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from xai_core.errors import EmptyMapError, GridMismatchError, InputError

__all__ = ["Array", "as_distribution", "as_map", "same_grid"]

Array = npt.NDArray[np.floating[Any]]


def as_map(values: npt.ArrayLike) -> Array:
    """Return a finite 2-D map in double precision.

    Raises
    ------
    InputError
        If it has not two axes, no bins, or a value that is not finite.
    """
    out = np.asarray(values, np.float64)
    if out.ndim != 2 or out.size == 0:
        raise InputError(f"expected a map of frames and bins, got an array of shape {out.shape}")
    if not np.isfinite(out).all():
        raise InputError("expected finite values, got NaN or infinity in a map")
    return out


def as_distribution(values: npt.ArrayLike) -> Array:
    """Return a map of non-negative values scaled to sum to 1.

    Raises
    ------
    InputError
        If a value is negative: a raw attribution is not a heatmap.
    EmptyMapError
        If all values are zero, so that there is nothing to compare.
    """
    out = as_map(values)
    if out.min() < 0.0:
        raise InputError("expected a heatmap, got negative values: take absolute values first")
    total = out.sum()
    if total == 0.0:
        raise EmptyMapError("expected a heatmap, got a map that is zero everywhere")
    return np.asarray(out / total)


def same_grid(a: Array, b: Array) -> None:
    """Refuse two maps of different shapes.

    Raises
    ------
    GridMismatchError
        If the shapes differ.
    """
    if a.shape != b.shape:
        raise GridMismatchError(
            f"expected two maps of one grid, got {a.shape} and {b.shape}: are they of one "
            "spectrogram type?"
        )
