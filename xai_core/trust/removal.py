"""Deletion, insertion and fidelity: whether a map tells how the output changes without some bins.

Conventions
-----------
Bins are ordered by falling attribution; positive attribution speaks for the
answer, so a map that names what the model needs makes the deletion curve fall
early (small area) and the insertion curve rise early (large area). A curve has
`n_points` points from no bin to every bin, evenly spaced in the number of bins.
Its area is the mean of the curve, by the trapezoid rule over [0, 1], in units of
the output; it is neither normalised by the first value nor by the number of
points, so that curves of two maps of one note can be subtracted.

Quantus's region perturbation leaves out the first point, and its trapezoid grows
with the number of points; Xplique's areas are of softmax outputs. Ours is the
mean of the curve, whatever the number of points.

The two measures of fidelity see the map as a linear model of the output around the
input; their perturbations are drawn from a seeded generator that is handed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from xai_core.errors import GridMismatchError, InputError
from xai_core.values import FloatArray

__all__ = ["Curve", "deletion", "infidelity", "insertion", "mu_fidelity", "random_curve"]

Outputs = Callable[[FloatArray], FloatArray]
N_POINTS = 21  # 0 to 100 % in steps of 5 %
POINTS_AT_ONCE = 8
SAMPLES_AT_ONCE = 16


@dataclass(frozen=True, eq=False)
class Curve:
    """The output along the removal or the insertion of bins.

    Parameters
    ----------
    fractions : ndarray, shape (n_points,)
        Share of the bins that are removed or inserted, from 0 to 1.
    outputs : ndarray, shape (n_points,), float64
        Output at each point, in units of the target.
    """

    fractions: FloatArray
    outputs: FloatArray

    @property
    def area(self) -> float:
        """Mean of the curve by the trapezoid rule over [0, 1], in units of the target."""
        return float(np.trapezoid(self.outputs, self.fractions))


def deletion(
    outputs: Outputs,
    x: FloatArray,
    attribution: FloatArray,
    *,
    baseline: FloatArray | float = 0.0,
    n_points: int = N_POINTS,
    ends: tuple[float, float] | None = None,
) -> Curve:
    """Replace bins by the baseline in order of falling attribution.

    Parameters
    ----------
    outputs : callable
        Maps ``(n, *x.shape)`` to ``(n,)``.
    x : ndarray
        The explained input.
    attribution : ndarray, shape of `x`
    baseline : ndarray, shape of `x`, or float
        What a removed bin becomes; silence by default.
    n_points : int
        At least 2.
    ends : tuple of float, optional
        ``f(x)`` and ``f(baseline)``, if they are known.

    Returns
    -------
    Curve
        From ``f(x)`` to ``f(baseline)``. A small area means that the map names
        the bins that the output depends on.

    Raises
    ------
    GridMismatchError
        If shapes differ.
    InputError
        If there are fewer than two points.

    References
    ----------
    Petsiuk, Das and Saenko 2018, "RISE", section 3.3.

    Examples
    --------
    >>> total = lambda batch: batch.sum(axis=1)
    >>> curve = deletion(total, np.array([3.0, 1.0]), np.array([3.0, 1.0]), n_points=3)
    >>> curve.outputs.tolist(), curve.area
    ([4.0, 1.0, 0.0], 1.5)
    """
    x, order, base = _ordered(x, attribution, baseline)
    return _curve(outputs, x, base, order, n_points, ends)


def insertion(
    outputs: Outputs,
    x: FloatArray,
    attribution: FloatArray,
    *,
    baseline: FloatArray | float = 0.0,
    n_points: int = N_POINTS,
    ends: tuple[float, float] | None = None,
) -> Curve:
    """Put bins of the input into the baseline in order of falling attribution.

    Parameters and errors are those of :func:`deletion`.

    Returns
    -------
    Curve
        From ``f(baseline)`` to ``f(x)``. A large area means that the map names
        the bins that suffice for the output.

    References
    ----------
    Petsiuk, Das and Saenko 2018, "RISE", section 3.3.

    Examples
    --------
    >>> total = lambda batch: batch.sum(axis=1)
    >>> insertion(total, np.array([3.0, 1.0]), np.array([3.0, 1.0]), n_points=3).area
    2.5
    """
    x, order, base = _ordered(x, attribution, baseline)
    return _curve(outputs, base, x, order, n_points, ends and ends[::-1])


def random_curve(
    outputs: Outputs,
    x: FloatArray,
    *,
    baseline: FloatArray | float = 0.0,
    n_points: int = N_POINTS,
    n_orders: int = 5,
    insert: bool = False,
    ends: tuple[float, float] | None = None,
    rng: np.random.Generator,
) -> Curve:
    """Return the mean deletion curve of bins in random orders.

    Parameters
    ----------
    outputs, x, baseline, n_points, ends
        As for :func:`deletion`.
    n_orders : int
        Number of random orders that are averaged.
    insert : bool
        The insertion curve instead.
    rng : numpy.random.Generator

    Returns
    -------
    Curve
        The mean curve of maps that do not depend on the model.

    Notes
    -----
    What is left when bins are removed in one order is what the other order, from the last
    bin to the first, has inserted: the deletion curve of random orders, read backwards, is
    an insertion curve of random orders.
    """
    if n_orders < 1:
        raise InputError(f"expected at least one random order, got {n_orders}")
    curves = []
    for _ in range(n_orders):
        noise = rng.random(np.shape(x))
        one = insertion if insert else deletion
        curves.append(one(outputs, x, noise, baseline=baseline, n_points=n_points, ends=ends))
    return Curve(curves[0].fractions, np.mean([curve.outputs for curve in curves], axis=0))


def mu_fidelity(
    outputs: Outputs,
    x: FloatArray,
    attribution: FloatArray,
    *,
    baseline: FloatArray | float = 0.0,
    subset: float = 0.2,
    n_subsets: int = 200,
    rng: np.random.Generator,
) -> float:
    """Correlate the attribution of random subsets of bins with the drop of the output.

    Parameters
    ----------
    outputs, x, attribution, baseline
        As for :func:`deletion`.
    subset : float
        Share of the bins in a subset, in (0, 1).
    n_subsets : int
        At least 3.
    rng : numpy.random.Generator

    Returns
    -------
    float
        Spearman's rank correlation in [-1, 1]; 1 for a map that orders all
        subsets by their effect. 0 where all effects or all sums are equal, so
        that no correlation is defined.

    Raises
    ------
    GridMismatchError
        If shapes differ.
    InputError
        If `subset` or `n_subsets` is out of range.

    References
    ----------
    Bhatt, Weller and Moura 2020, "Evaluating and aggregating feature-based model
    explanations", equation 1, with Spearman's correlation in place of Pearson's.
    """
    x, attribution = _checked_map(x, attribution)
    if not 0.0 < subset < 1.0 or n_subsets < 3:
        raise InputError(
            f"expected a share between 0 and 1 and at least 3 subsets, got {subset} and {n_subsets}"
        )
    base = np.broadcast_to(np.asarray(baseline, x.dtype), x.shape).ravel()
    size = max(1, round(subset * x.size))
    flat, weights = x.ravel(), attribution.ravel()
    output = float(outputs(x[np.newaxis])[0])
    sums, drops = [], []
    for first in range(0, n_subsets, SAMPLES_AT_ONCE):
        n = min(SAMPLES_AT_ONCE, n_subsets - first)
        batch = np.repeat(flat[np.newaxis], n, axis=0)  # (n, n_bins)
        for row in batch:
            chosen = rng.choice(x.size, size, replace=False)
            row[chosen] = base[chosen]
            sums.append(weights[chosen].sum())
        drops.append(output - np.asarray(outputs(batch.reshape(n, *x.shape)), np.float64))
    drop = np.concatenate(drops)
    if np.ptp(drop) == 0.0 or np.ptp(sums) == 0.0:
        return 0.0
    return float(spearmanr(sums, drop).statistic)


def infidelity(
    outputs: Outputs,
    x: FloatArray,
    attribution: FloatArray,
    *,
    noise: float = 0.1,
    n_samples: int = 100,
    rng: np.random.Generator,
) -> float:
    """Return the mean squared error of the map as a linear model of small changes.

    Parameters
    ----------
    outputs, x
        As for :func:`deletion`.
    attribution : ndarray, shape of `x`
        A gradient-like map: in units of the output per unit of the input.
    noise : float
        Standard deviation of the Gaussian perturbations, in units of the input.
    n_samples : int
    rng : numpy.random.Generator

    Returns
    -------
    float
        Mean over perturbations I of ``(I . map - (f(x) - f(x - I)))^2``, in
        squared units of the output; 0 for the gradient of a linear function.

    Raises
    ------
    GridMismatchError
        If shapes differ.
    InputError
        If `noise` is not positive or there is no sample.

    References
    ----------
    Yeh et al. 2019, "On the (in)fidelity and sensitivity of explanations",
    definition 2.1 with Gaussian perturbations.
    """
    x, attribution = _checked_map(x, attribution)
    if not noise > 0.0 or n_samples < 1:
        raise InputError(
            f"expected noise above 0 and at least one sample, got {noise} and {n_samples}"
        )
    output = float(outputs(x[np.newaxis])[0])
    total = 0.0
    for first in range(0, n_samples, SAMPLES_AT_ONCE):
        n = min(SAMPLES_AT_ONCE, n_samples - first)
        change = noise * rng.standard_normal((n, *x.shape))
        moved = np.asarray(outputs((x - change).astype(x.dtype)), np.float64)
        expected = change.reshape(n, -1) @ attribution.ravel().astype(np.float64)
        total += float(((expected - (output - moved)) ** 2).sum())
    return total / n_samples


def _ordered(
    x: FloatArray, attribution: FloatArray, baseline: FloatArray | float
) -> tuple[FloatArray, npt.NDArray[np.intp], FloatArray]:
    """Return the input, the bins in order of falling attribution, and the baseline in full."""
    x, attribution = np.asarray(x), np.asarray(attribution)
    if attribution.shape != x.shape:
        raise GridMismatchError(
            f"expected a map of shape {x.shape}, like the input, got {attribution.shape}"
        )
    if not np.isfinite(attribution).all():
        raise InputError("expected a map of finite values, got NaN or infinity")
    base = np.asarray(baseline, x.dtype)
    if base.ndim and base.shape != x.shape:
        raise GridMismatchError(
            f"expected a baseline of shape {x.shape}, like the input, got {base.shape}"
        )
    order = np.argsort(-attribution.ravel(), kind="stable")
    return x, order, np.broadcast_to(base, x.shape)


def _curve(
    outputs: Outputs,
    start: FloatArray,
    end: FloatArray,
    order: npt.NDArray[np.intp],
    n_points: int,
    ends: tuple[float, float] | None,
) -> Curve:
    """Return the outputs while bins of `start` become those of `end`, in an order.

    The first and the last of them are known where `ends` are given.
    """
    if n_points < 2:
        raise InputError(f"expected at least 2 points, got {n_points}")
    counts = np.round(np.linspace(0.0, order.size, n_points)).astype(int)
    place: npt.NDArray[np.intp] = np.empty(start.shape, np.intp)
    place.ravel()[order] = np.arange(order.size)  # of each bin in the order
    asked = counts if ends is None else counts[1:-1]
    found = []
    for first in range(0, len(asked), POINTS_AT_ONCE):
        part = asked[first : first + POINTS_AT_ONCE].reshape(-1, *(1,) * start.ndim)
        found.append(np.asarray(outputs(np.where(place < part, end, start)), np.float64))
    if ends is not None:
        found = [np.array(ends[:1]), *found, np.array(ends[1:])]
    return Curve(counts / order.size, np.concatenate(found))


def _checked_map(x: FloatArray, attribution: FloatArray) -> tuple[FloatArray, FloatArray]:
    x, attribution = np.asarray(x), np.asarray(attribution, np.float64)
    if attribution.shape != x.shape:
        raise GridMismatchError(
            f"expected a map of shape {x.shape}, like the input, got {attribution.shape}"
        )
    if not np.isfinite(attribution).all():
        raise InputError("expected a map of finite values, got NaN or infinity")
    return x, attribution
