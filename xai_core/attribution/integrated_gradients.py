"""Integrated Gradients: the path integral of the input gradient.

Conventions
-----------
`x` and `baseline` have one shape, any number of axes; batches add one in front.
The path runs straight from the baseline (0) to `x` (1). The model is a callable
that returns gradients, so nothing here depends on a framework.

Two ways to place the steps: :func:`integrated_gradients` uses a fixed number
by a quadrature rule; :func:`refine_integrated_gradients` adds steps where they
are needed until the attributions add up, and the map is known well enough. In a
rule (:func:`quadrature`) the ``alphas`` lie in [0, 1], ascending, and the ``weights``
are positive and sum to 1 for every rule and every number of steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np

from xai_core.attribution.methods import Estimate, ModelFunctions
from xai_core.errors import GridMismatchError, InputError
from xai_core.values import DELTA_FLOOR, Completeness, FloatArray

__all__ = [
    "FIRST_POINTS",
    "RULES",
    "PathIntegral",
    "Rule",
    "estimates",
    "integrated_gradients",
    "quadrature",
    "refine_integrated_gradients",
]

Gradients = Callable[[FloatArray], FloatArray]
ValuesAndGradients = Callable[[FloatArray], tuple[FloatArray, FloatArray]]

FIRST_POINTS = 9  # of the adaptive path, at squares of a uniform grid
MAP_ERROR_FACTOR = 0.3  # of the gradients' disagreement, measured by tests.benchmarks.map_error


def integrated_gradients(
    gradients: Gradients,
    x: FloatArray,
    baseline: FloatArray,
    *,
    rule: str = "midpoint",
    n_steps: int = 50,
    batch_size: int = 16,
) -> FloatArray:
    """Integrate the gradient along the straight path from `baseline` to `x`.

    Parameters
    ----------
    gradients : callable
        Maps ``(n, *x.shape)`` to the gradients of the model's output there,
        of the same shape.
    x : ndarray
        What is explained.
    baseline : ndarray, shape of `x`
        Where the path begins.
    rule : {'midpoint', 'trapezoid', 'gauss_legendre'}
    n_steps : int
        Gradient evaluations, at least 1.
    batch_size : int
        Points handed to `gradients` at once.

    Returns
    -------
    ndarray, shape of `x`, float64
        Signed attributions in units of the model's output; their sum
        approaches ``f(x) - f(baseline)``.

    Raises
    ------
    GridMismatchError
        If `x` and `baseline` differ in shape.

    References
    ----------
    Sundararajan, Taly and Yan 2017, "Axiomatic attribution for deep networks",
    equation 1.

    Examples
    --------
    >>> double = lambda points: 2.0 * points  # gradient of the sum of squares
    >>> integrated_gradients(double, np.array([3.0]), np.array([0.0])).round(6).tolist()
    [9.0]
    """
    x, baseline = _checked(x, baseline, batch_size)
    alphas, weights = quadrature(rule, n_steps)
    total = np.zeros(x.shape, np.float64)
    for start in range(0, n_steps, batch_size):
        part = slice(start, start + batch_size)
        batch = gradients(_points(x, baseline, alphas[part]))
        total += np.tensordot(weights[part], batch, axes=1)
    return total * (x.astype(np.float64) - baseline)


@dataclass(frozen=True, eq=False)
class PathIntegral:
    """Attributions so far, with what they should add up to.

    Parameters
    ----------
    attributions : ndarray
        Shape of x, float64, in units of the model's output.
    output, baseline_output : float
        f(x) and f(baseline).
    n_steps : int
        Gradient evaluations spent.
    converged : bool
        Whether the errors are at most the tolerances.
    map_error : float
        Estimate of the error of the map: sum of absolute differences to the exact one, over
        the sum of the absolute map, at least 0.05.
    """

    attributions: FloatArray
    output: float
    baseline_output: float
    n_steps: int
    converged: bool
    map_error: float


def refine_integrated_gradients(
    evaluate: ValuesAndGradients,
    x: FloatArray,
    baseline: FloatArray,
    *,
    tolerance: float = 0.01,
    map_tolerance: float | None = None,
    max_steps: int = 512,
    batch_size: int = 8,
) -> Iterator[PathIntegral]:
    """Integrate the gradient with steps added where the path needs them.

    The trapezoid rule on sub-intervals of the path. Each sub-interval has a
    completeness gap of its own, ``f(b) - f(a)`` against its quadrature, and a
    disagreement, the difference of the gradients at its ends times its part of the way,
    ``|g(b) - g(a)| |x - x0| (b - a)``. Both cost nothing, since each evaluation gives the
    output and the gradient. The sub-intervals with the largest gaps are halved, a batch
    at a time; where a `map_tolerance` is given, half of each batch halves those with the
    largest disagreement, summed over the bins. Every point already evaluated is kept.

    Parameters
    ----------
    evaluate : callable
        Maps ``(n, *x.shape)`` to outputs ``(n,)`` and gradients
        ``(n, *x.shape)``.
    x, baseline : ndarray
        Ends of the path, of one shape.
    tolerance : float
        Completeness error at which to stop:
        ``|sum - (f(x) - f(x0))| / max(|f(x) - f(x0)|, 0.05)``.
    map_tolerance : float, optional
        Estimated error of the map that must be reached too.
    max_steps : int
        Most gradient evaluations to spend, at least 9.
    batch_size : int
        Most points evaluated at once.

    Yields
    ------
    PathIntegral
        After the first 5 points, unless they add up by luck, after 9, and then
        after each batch; the last one is converged, or has spent `max_steps`.

    Raises
    ------
    GridMismatchError
        If `x` and `baseline` differ in shape.
    InputError
        If `max_steps` is below 9.

    References
    ----------
    Sundararajan, Taly and Yan 2017, proposition 1 (completeness).

    Notes
    -----
    A network of ReLU layers is linear between kinks, where the trapezoid rule is exact and
    gradients agree. A kink at a random place between a and b leaves in each bin an error of
    mean 0 and standard deviation 1/sqrt(12) of the disagreement. Errors of sub-intervals
    are independent, so those of a bin add up as squares: the estimate is
    :data:`MAP_ERROR_FACTOR` times the sum over bins of the root of the summed squares.
    The absolute value of a normal error is 0.8 standard deviations in the mean, so a factor
    of 0.23 would be right on average; the larger one bounds the error of nearly all notes.
    """
    x, baseline = _checked(x, baseline, batch_size)
    if max_steps < FIRST_POINTS:
        raise InputError(f"expected at least {FIRST_POINTS} steps, got {max_steps}")
    path = _Path(evaluate, x, baseline, tolerance, map_tolerance)
    first = np.linspace(0.0, 1.0, FIRST_POINTS) ** 2  # gradients vary most near silence
    path.add(first[::2])
    early = path.integral()
    if not early.converged:  # by luck: five points are too few to stop at
        yield early
    path.add(first[1::2])
    while True:
        estimate = path.integral()
        exhausted = estimate.n_steps >= max_steps
        yield estimate
        if estimate.converged or exhausted:
            return
        room = min(batch_size, max_steps - estimate.n_steps)
        path.add(path.where_needed(room))


def estimates(
    model: ModelFunctions, x: FloatArray, baseline: FloatArray, settings: Mapping[str, Any]
) -> Iterator[Estimate]:
    """Yield Integrated Gradients with ever more steps, or once with a fixed number.

    Parameters
    ----------
    model, x, baseline
        As :func:`xai_core.attribution.methods.estimates_by`.
    settings : mapping
        ``n_steps``; with a number the ``rule``, with None ``tolerance``,
        ``max_steps`` and, where it is to be reached, ``map_tolerance``.
    """
    n_steps = settings["n_steps"]
    if n_steps is None:
        max_steps = settings["max_steps"]
        for one in refine_integrated_gradients(
            model.input_gradients,
            x,
            baseline,
            tolerance=settings["tolerance"],
            map_tolerance=settings.get("map_tolerance"),
            max_steps=max_steps,
        ):
            yield _estimate(one, is_final=one.converged or one.n_steps >= max_steps)
        return
    alphas, _ = quadrature(settings["rule"], n_steps)
    widths = iter([0.0, *np.diff(alphas)])
    disagreement = _Disagreement(x.astype(np.float64) - baseline)
    before: FloatArray | None = None

    def gradients(points: FloatArray) -> FloatArray:
        nonlocal before
        found = model.input_gradients(points)[1]
        for one in found:
            disagreement.add(one if before is None else before, one, next(widths))
            before = one
        return found

    attributions = integrated_gradients(
        gradients, x, baseline, rule=settings["rule"], n_steps=n_steps
    )
    ends = model.outputs(np.stack([baseline, x]))
    error = disagreement.map_error(attributions) if n_steps > 1 else np.nan
    whole = PathIntegral(attributions, float(ends[1]), float(ends[0]), n_steps, True, error)
    yield _estimate(whole, is_final=True)


def _estimate(integral: PathIntegral, *, is_final: bool) -> Estimate:
    completeness = Completeness(
        output=integral.output,
        baseline_output=integral.baseline_output,
        attributed=float(integral.attributions.sum()),
        n_steps=integral.n_steps,
        converged=integral.converged,
        map_error=None if np.isnan(integral.map_error) else integral.map_error,
    )
    return Estimate(integral.attributions, completeness, is_final)


class _Disagreement:
    """How far gradients at neighbouring points of the path differ, bin by bin."""

    def __init__(self, span: FloatArray) -> None:
        self._span = span
        self._squares = np.zeros(span.shape, np.float64)  # summed over sub-intervals

    def add(self, first: FloatArray, second: FloatArray, width: float) -> float:
        """Count a sub-interval; return its disagreement summed over bins."""
        parts = (second.astype(np.float64) - first) * (width * self._span)
        self._squares += parts**2
        return float(np.abs(parts).sum())

    def remove(self, first: FloatArray, second: FloatArray, width: float) -> None:
        """Take back a sub-interval that is halved."""
        self._squares -= ((second.astype(np.float64) - first) * (width * self._span)) ** 2

    def map_error(self, attributions: FloatArray) -> float:
        """Return the estimated error relative to the map."""
        spread = float(np.sqrt(np.maximum(self._squares, 0.0)).sum())
        return MAP_ERROR_FACTOR * spread / max(float(np.abs(attributions).sum()), DELTA_FLOOR)


class _Path:
    """Points of the path evaluated so far, in order."""

    def __init__(
        self,
        evaluate: ValuesAndGradients,
        x: FloatArray,
        baseline: FloatArray,
        tolerance: float,
        map_tolerance: float | None,
    ) -> None:
        self._evaluate = evaluate
        self._tolerance = tolerance
        self._map_tolerance = np.inf if map_tolerance is None else map_tolerance
        self._x, self._baseline = x, baseline
        self._span = x.astype(np.float64) - baseline
        self._alphas = np.zeros(0)
        self._outputs = np.zeros(0)
        self._slopes = np.zeros(0)  # of the output along the path
        self._gradients: list[FloatArray] = []  # in order of evaluation
        self._alpha_of: list[float] = []  # in order of evaluation
        self._order = np.zeros(0, int)  # which gradient belongs to which alpha
        self._weights = np.zeros(0)  # of the gradients, in order of evaluation
        self._mean_gradient = np.zeros(x.shape, np.float64)
        self._disagreement = _Disagreement(self._span)
        self._disagreements: dict[tuple[int, int], float] = {}  # by the gradients at the ends

    def add(self, alphas: FloatArray) -> None:
        outputs, gradients = self._evaluate(_points(self._x, self._baseline, alphas))
        slopes = np.tensordot(
            gradients.reshape(len(alphas), -1).astype(np.float64), self._span.ravel(), axes=1
        )
        order = np.arange(len(alphas)) + len(self._gradients)
        self._gradients.extend(gradients)
        place = np.argsort(np.concatenate([self._alphas, alphas]), kind="stable")
        self._alphas = np.concatenate([self._alphas, alphas])[place]
        self._outputs = np.concatenate([self._outputs, outputs])[place]
        self._slopes = np.concatenate([self._slopes, slopes])[place]
        before = dict.fromkeys(self._pairs())
        self._order = np.concatenate([self._order, order])[place]
        self._alpha_of.extend(alphas.tolist())
        self._reweigh()
        after = dict.fromkeys(self._pairs())
        for pair in before.keys() - after:
            self._disagreement.remove(*self._at(pair))
            del self._disagreements[pair]
        for pair in after.keys() - before:
            self._disagreements[pair] = self._disagreement.add(*self._at(pair))

    def where_needed(self, n_points: int) -> FloatArray:
        """Return the middles of sub-intervals with large gaps, and with much disagreement."""
        width = np.diff(self._alphas)
        quadratures = width * (self._slopes[:-1] + self._slopes[1:]) / 2.0
        gaps = np.abs(np.diff(self._outputs) - quadratures)
        largest = np.argsort(-gaps, kind="stable")[:n_points]
        if np.isfinite(self._map_tolerance):
            disagreements = np.array([self._disagreements[pair] for pair in self._pairs()])
            disagreements[largest[: n_points // 2]] = np.inf  # half of the points go there
            largest = np.argsort(-disagreements, kind="stable")[:n_points]
        return np.sort(self._alphas[largest] + width[largest] / 2.0)

    def _pairs(self) -> list[tuple[int, int]]:
        """Return the gradients at the ends of each sub-interval."""
        return list(pairwise(self._order.tolist()))

    def _at(self, pair: tuple[int, int]) -> tuple[FloatArray, FloatArray, float]:
        first, second = pair
        width = self._alpha_of[second] - self._alpha_of[first]
        return self._gradients[first], self._gradients[second], width

    def _reweigh(self) -> None:
        """Bring the mean gradient up to date; only neighbours of new points change weight."""
        width = np.diff(self._alphas)
        weights = np.zeros(self._alphas.size)
        weights[self._order[:-1]] += width / 2.0
        weights[self._order[1:]] += width / 2.0
        change = weights - np.pad(self._weights, (0, weights.size - self._weights.size))
        for index in np.flatnonzero(change):
            self._mean_gradient += change[index] * self._gradients[index]
        self._weights = weights

    def integral(self) -> PathIntegral:
        delta = self._outputs[-1] - self._outputs[0]
        attributed = self._weights[self._order] @ self._slopes
        error = abs(attributed - delta) / max(abs(delta), DELTA_FLOOR)
        attributions = self._mean_gradient * self._span
        map_error = self._disagreement.map_error(attributions)
        return PathIntegral(
            attributions=attributions,
            output=float(self._outputs[-1]),
            baseline_output=float(self._outputs[0]),
            n_steps=self._alphas.size,
            converged=bool(error <= self._tolerance and map_error <= self._map_tolerance),
            map_error=map_error,
        )


def _checked(x: FloatArray, baseline: FloatArray, batch_size: int) -> tuple[FloatArray, FloatArray]:
    x, baseline = np.asarray(x), np.asarray(baseline)
    if x.shape != baseline.shape:
        raise GridMismatchError(
            f"expected a baseline of shape {x.shape}, like the input, got {baseline.shape}"
        )
    if batch_size < 1:
        raise InputError(f"expected a batch size of at least 1, got {batch_size}")
    return x, baseline


def _points(x: FloatArray, baseline: FloatArray, alphas: FloatArray) -> FloatArray:
    """Points of the path, shape (n, *x.shape), in the precision of x."""
    steps = alphas.reshape(-1, *(1,) * x.ndim)
    points = baseline + steps * (x.astype(np.float64) - baseline)
    return points.astype(x.dtype if np.issubdtype(x.dtype, np.floating) else np.float64)


Rule = Literal["midpoint", "trapezoid", "gauss_legendre"]
RULES: tuple[str, ...] = get_args(Rule)


def quadrature(rule: str, n_steps: int) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights of a quadrature rule on [0, 1].

    Parameters
    ----------
    rule : {'midpoint', 'trapezoid', 'gauss_legendre'}
        ``midpoint`` and ``trapezoid`` are of second order; ``gauss_legendre``
        is exact for polynomials of degree ``2 n_steps - 1``.
    n_steps : int
        Number of nodes, at least 1. A trapezoid of one node is the midpoint.

    Returns
    -------
    alphas, weights : ndarray, shape (n_steps,), float64

    Raises
    ------
    InputError
        If the rule is unknown or `n_steps` is below 1.

    Notes
    -----
    Captum's ``riemann_trapezoid`` has weights that sum to ``1 - 1 / n``; ours
    sum to 1, so attributions are not 2 % low at 50 steps.

    Examples
    --------
    >>> quadrature("gauss_legendre", 2)[0].round(8).tolist()
    [0.21132487, 0.78867513]
    """
    if n_steps < 1:
        raise InputError(f"expected at least 1 step, got {n_steps}")
    if rule == "midpoint" or (rule == "trapezoid" and n_steps == 1):
        return (np.arange(n_steps) + 0.5) / n_steps, np.full(n_steps, 1.0 / n_steps)
    if rule == "trapezoid":
        weights = np.full(n_steps, 1.0 / (n_steps - 1))
        weights[[0, -1]] /= 2.0
        return np.linspace(0.0, 1.0, n_steps), weights
    if rule == "gauss_legendre":
        nodes, weights = np.polynomial.legendre.leggauss(n_steps)
        return (nodes + 1.0) / 2.0, weights / 2.0
    raise InputError(f"unknown rule {rule!r}: choose one of {', '.join(RULES)}")
