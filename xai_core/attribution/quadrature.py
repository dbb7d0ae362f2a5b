"""Where to evaluate a path integral over [0, 1], and with what weights.

Conventions
-----------
``alphas`` lie in [0, 1], ascending; ``weights`` are positive and sum to 1 for
every rule and every number of steps.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from xai_core.errors import InputError
from xai_core.values import FloatArray

__all__ = ["RULES", "Rule", "quadrature"]

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
