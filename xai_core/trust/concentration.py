"""How concentrated a map is: sparseness and complexity.

Conventions
-----------
Both look at absolute values, whatever their place and sign, and neither depends
on the unit of the map.
"""

from __future__ import annotations

import numpy as np

from xai_core.errors import EmptyMapError, InputError
from xai_core.values import FloatArray

__all__ = ["complexity", "sparseness"]


def sparseness(attribution: FloatArray) -> float:
    """Return the Gini index of the absolute values.

    Parameters
    ----------
    attribution : ndarray, any shape

    Returns
    -------
    float
        0 where all n bins have one value, ``1 - 1/n`` where only one bin is not 0.

    Raises
    ------
    EmptyMapError
        If every bin is 0.
    InputError
        If a bin is NaN or infinite, or there is none.

    References
    ----------
    Chalasani et al. 2020, "Concise explanations of neural networks using
    adversarial training", section 3.

    Examples
    --------
    >>> sparseness(np.array([0.0, 0.0, 0.0, -2.0])), sparseness(np.ones(4))
    (0.75, 0.0)
    """
    values = np.sort(_shares(attribution))
    n = values.size
    ranks = np.arange(1, n + 1)
    return float((2 * ranks - n - 1) @ values / n)


def complexity(attribution: FloatArray) -> float:
    """Return the entropy of the shares of the absolute values, in nats.

    Parameters
    ----------
    attribution : ndarray, any shape

    Returns
    -------
    float
        0 where only one bin is not 0, ``ln n`` where all n bins have one value.

    Raises
    ------
    EmptyMapError
        If every bin is 0.
    InputError
        If a bin is NaN or infinite, or there is none.

    References
    ----------
    Bhatt, Weller and Moura 2020, "Evaluating and aggregating feature-based model
    explanations", section 3.3.

    Examples
    --------
    >>> round(complexity(np.ones(4)), 4), complexity(np.array([0.0, 3.0]))
    (1.3863, 0.0)
    """
    shares = _shares(attribution)
    present = shares[shares > 0.0]
    return abs(float(present @ np.log(present)))


def _shares(attribution: FloatArray) -> FloatArray:
    values = np.abs(np.asarray(attribution, np.float64)).ravel()
    if values.size == 0 or not np.isfinite(values).all():
        raise InputError("expected a map of finite values, got NaN, infinity or no bins")
    peak = values.max()
    if peak == 0.0:
        raise EmptyMapError("expected a map, got one that is zero everywhere")
    scaled = values / peak  # the sum of subnormal values cannot be divided by
    return np.asarray(scaled / scaled.sum())
