"""The attribution methods by name: one signature for all, over callables.

Conventions
-----------
A method is a function ``estimates(model, x, baseline, settings)`` that yields
:class:`Estimate` values, each better than the one before and the last one final;
it stands in the module that its entry of :mod:`xai_core.catalogue.methods` names.
`x` and `baseline` have one shape, any number of axes; points add one in front.
Attributions have the shape of `x` and are in units of the model's output.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from xai_core.catalogue import methods as entries
from xai_core.errors import GridMismatchError, InputError
from xai_core.values import Completeness, FloatArray

__all__ = ["METHODS", "Estimate", "ModelFunctions", "estimates_by"]

METHODS: tuple[str, ...] = tuple(entries.METHODS)


def _no_rules(points: FloatArray, gamma: float, epsilon: float) -> FloatArray:
    raise InputError("LRP needs the layers of a network, and here is none: choose another method")


@dataclass(frozen=True, eq=False)
class ModelFunctions:
    """One output of a model, as functions.

    Parameters
    ----------
    outputs : callable
        Maps points, shape (n, *x.shape), to outputs, shape (n,).
    input_gradients : callable
        Maps points to outputs, shape (n,), and gradients, shape of the points.
    layer_gradients : callable
        Maps one point, shape x.shape, and the name of a convolution layer to the
        layer's activations and the output's gradient there, both of shape
        (height, width, channels).
    relevances : callable
        Maps points, gamma and epsilon to relevances by LRP, shape of the points.
    """

    outputs: Callable[[FloatArray], FloatArray]
    input_gradients: Callable[[FloatArray], tuple[FloatArray, FloatArray]]
    layer_gradients: Callable[[FloatArray, str], tuple[FloatArray, FloatArray]]
    relevances: Callable[[FloatArray, float, float], FloatArray] = _no_rules


@dataclass(frozen=True, eq=False)
class Estimate:
    """A map so far.

    Parameters
    ----------
    values : ndarray
        Shape of x, in units of the model's output.
    completeness : Completeness or None
        How well it adds up, of a complete method.
    is_final : bool
        Whether no better one follows.
    """

    values: FloatArray
    completeness: Completeness | None = None
    is_final: bool = True


def estimates_by(
    method: str,
    model: ModelFunctions,
    x: FloatArray,
    baseline: FloatArray,
    settings: Mapping[str, Any],
) -> Iterator[Estimate]:
    """Yield the maps of a method, each better than the one before.

    Parameters
    ----------
    method : str
        One of METHODS.
    model : ModelFunctions
    x, baseline : ndarray
        The input and what it is compared with, of one shape; of a method that compares
        with other notes those, shape (n, *x.shape).
    settings : mapping of str to object
        A value for each setting that the method's entry names and that has an
        effect beside the others.

    Yields
    ------
    Estimate
        The last one is final.

    Raises
    ------
    InputError
        If there is no such method.
    GridMismatchError
        If a map has not the shape of `x`.

    Examples
    --------
    >>> def linear(points):
    ...     return points.sum(axis=1), np.ones_like(points)
    >>> model = ModelFunctions(lambda points: linear(points)[0], linear, lambda x, layer: (x, x))
    >>> settings = {"n_steps": 4, "rule": "midpoint"}
    >>> (one,) = estimates_by("integrated_gradients", model, np.array([1.0, 2.0]), np.zeros(2),
    ...     settings)
    >>> one.values.tolist()
    [1.0, 2.0]
    """
    entry = entries.method(method)
    compute = pkgutil.resolve_name(f"xai_core.attribution.{entry.computed_by}")
    for estimate in compute(model, x, baseline, settings):
        if np.shape(estimate.values) != x.shape:
            raise GridMismatchError(
                f"expected a map of shape {x.shape} by {method}, got {np.shape(estimate.values)}"
            )
        yield estimate
