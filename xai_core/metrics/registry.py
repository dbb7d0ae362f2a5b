"""The functions of the metrics, by the names of their catalogue entries, and the maps they take.

Conventions
-----------
:func:`pair_metric` registers a function under its own name, which has an entry
in :data:`xai_core.catalogue.metrics.METRICS`. A metric of many pairs at once is
computed by its kernel, where it has one, and pair by pair otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from xai_core.catalogue.metrics import METRICS, metric
from xai_core.errors import EmptyMapError, GridMismatchError, InputError

__all__ = [
    "Array",
    "Function",
    "Indices",
    "Kernel",
    "Prepared",
    "as_distribution",
    "as_map",
    "function_of",
    "kernel_of",
    "metric_settings",
    "pair_metric",
    "same_grid",
]

Array = npt.NDArray[np.floating[Any]]
Function = Callable[..., float]
Indices = npt.NDArray[np.int64]
_Function = TypeVar("_Function", bound=Function)


def as_map(values: npt.ArrayLike) -> Array:
    """Return a finite map in double precision.

    Parameters
    ----------
    values : array, shape (n_frames, n_bins) or (2, n_frames, n_bins)
        A map, or the positive and the negative part of one, as
        :func:`xai_core.metrics.pairwise.parts_by_sign` returns them.

    Raises
    ------
    InputError
        If it has other axes, no bins, or a value that is not finite.
    """
    out = np.asarray(values, np.float64)
    if out.size == 0 or not (out.ndim == 2 or (out.ndim == 3 and out.shape[0] == 2)):
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


@dataclass(frozen=True, eq=False)
class Prepared:
    """Maps made ready for one metric, by :func:`xai_core.metrics.prepare`.

    Parameters
    ----------
    metric : str
    grid : tuple of int
        ``(n_frames, n_bins)`` of the maps; ``(2, n_frames, n_bins)`` of maps in two parts.
    plane : tuple of int
        The grid that `values` lie on: smaller than `grid` where maps are pooled.
    values : ndarray, shape (n_maps, n_values)
    negentropy : ndarray, shape (n_maps,)
        Sum of p ln p of each row for the divergences; else empty.
    """

    metric: str
    grid: tuple[int, ...]
    plane: tuple[int, ...]
    values: npt.NDArray[Any]
    negentropy: Array

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, eq=False)
class Kernel:
    """How a metric is computed of many pairs at once.

    Parameters
    ----------
    values : callable
        Takes two :class:`Prepared`, rows of the first and rows of the second,
        shape (n_pairs,) each; returns the metric of each pair, shape
        (n_pairs,).
    form : callable
        Takes a checked map, shape (n_frames, n_bins); returns what is kept of
        it, in two axes and eight bytes a value.
    needs_negentropy : bool
        Whether `values` reads :attr:`Prepared.negentropy`.
    is_product : bool
        Whether `values` is a matrix product, which is fastest with all rows at
        once and has threads of its own.
    """

    values: Callable[[Prepared, Prepared, Indices, Indices], Array]
    form: Callable[[Array], npt.NDArray[Any]] = lambda checked: checked
    needs_negentropy: bool = False
    is_product: bool = False


@dataclass(frozen=True, eq=False)
class _Registered:
    function: Function
    kernel: Kernel
    settings: Mapping[str, Any] = field(default_factory=dict)


_REGISTERED: dict[str, _Registered] = {}


def pair_metric(
    *, kernel: Kernel | None = None, settings: Mapping[str, Any] | None = None
) -> Callable[[_Function], _Function]:
    """Register a function of two maps as the metric of its name.

    Parameters
    ----------
    kernel : Kernel, optional
        For many pairs at once; by default the function is called for each.
    settings : mapping, optional
        JSON: constants that decide its values.

    Raises
    ------
    InputError
        If the catalogue has no entry of the function's name.
    """

    def register(function: _Function) -> _Function:
        name = metric(function.__name__).name
        _REGISTERED[name] = _Registered(function, kernel or _loop(function), settings or {})
        return function

    return register


def function_of(name: str) -> Function:
    """Return the function of a metric.

    Raises
    ------
    InputError
        If the metric is unknown, or no function is registered for it.
    """
    return _registered(name).function


def kernel_of(name: str) -> Kernel:
    """Return how a metric is computed of many pairs at once.

    Raises
    ------
    InputError
        As :func:`function_of`.
    """
    return _registered(name).kernel


def metric_settings() -> dict[str, Any]:
    """Return the constants that decide the metrics' values, each under its metric's name."""
    return {
        f"{name}_{key}": value
        for name in METRICS
        for key, value in _registered(name).settings.items()
    }


def _registered(name: str) -> _Registered:
    if metric(name).name not in _REGISTERED:
        raise InputError(f"the metric {name!r} has an entry in the catalogue and no function")
    return _REGISTERED[name]


def _loop(function: Function) -> Kernel:
    """Return a kernel that calls a function pair by pair."""

    def values(a: Prepared, b: Prepared, rows: Indices, cols: Indices) -> Array:
        found = (
            function(a.values[row].reshape(a.grid), b.values[col].reshape(b.grid))
            for row, col in zip(rows, cols, strict=True)
        )
        return np.fromiter(found, np.float64, rows.size)

    return Kernel(values)
