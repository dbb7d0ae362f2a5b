"""Whether a map is concentrated, and whether it points where the cause is known to lie.

Conventions
-----------
Sparseness and complexity look at absolute values, whatever their place and sign, and
do not depend on the unit of the map. A mask is a boolean array of the shape of the
map, True where the cause lies; positive attribution speaks for the explained answer,
and ties are broken by the order of the bins.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xai_core.errors import EmptyMapError, GridMismatchError, InputError
from xai_core.values import FloatArray

__all__ = ["complexity", "pointing", "relevance_mass", "relevance_rank", "sparseness"]

Mask = npt.NDArray[np.bool_]


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


def relevance_mass(attribution: FloatArray, mask: Mask) -> float:
    """Return the share of the positive attribution that lies inside a mask.

    Parameters
    ----------
    attribution : ndarray
    mask : ndarray of bool, shape of `attribution`

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    EmptyMapError
        If no bin is positive.
    GridMismatchError
        If the shapes differ.
    InputError
        If the mask is empty.

    References
    ----------
    Arras, Osman and Samek 2022, "CLEVR-XAI", equation 2.

    Examples
    --------
    >>> relevance_mass(np.array([3.0, 1.0, -5.0]), np.array([True, False, True]))
    0.75
    """
    values, inside = _checked(attribution, mask)
    positive = np.maximum(values, 0.0)
    total = positive.sum()
    if total == 0.0:
        raise EmptyMapError("expected a map with evidence for the answer, got none above zero")
    return float(positive[inside].sum() / total)


def relevance_rank(attribution: FloatArray, mask: Mask) -> float:
    """Return the share of the K strongest bins that lie inside a mask of K bins.

    Parameters and errors are those of :func:`relevance_mass`, but that no bin need be positive.

    Returns
    -------
    float
        In [0, 1].

    References
    ----------
    Arras, Osman and Samek 2022, "CLEVR-XAI", equation 3.

    Examples
    --------
    >>> relevance_rank(np.array([3.0, 1.0, 2.0, 0.0]), np.array([True, True, False, False]))
    0.5
    """
    values, inside = _checked(attribution, mask)
    n_inside = int(inside.sum())
    strongest = np.argsort(-values, kind="stable")[:n_inside]
    return float(inside[strongest].mean())


def pointing(attribution: FloatArray, mask: Mask) -> bool:
    """Whether the strongest bin lies inside a mask.

    Parameters and errors are those of :func:`relevance_mass`, but that no bin need be positive.

    References
    ----------
    Zhang et al. 2018, "Top-down neural attention by excitation backprop",
    section 4.2 (the pointing game).

    Examples
    --------
    >>> pointing(np.array([3.0, 1.0]), np.array([True, False]))
    True
    """
    values, inside = _checked(attribution, mask)
    return bool(inside[int(np.argmax(values))])


def _shares(attribution: FloatArray) -> FloatArray:
    values = np.abs(np.asarray(attribution, np.float64)).ravel()
    if values.size == 0 or not np.isfinite(values).all():
        raise InputError("expected a map of finite values, got NaN, infinity or no bins")
    peak = values.max()
    if peak == 0.0:
        raise EmptyMapError("expected a map, got one that is zero everywhere")
    scaled = values / peak  # the sum of subnormal values cannot be divided by
    return np.asarray(scaled / scaled.sum())


def _checked(attribution: FloatArray, mask: Mask) -> tuple[FloatArray, Mask]:
    values, inside = np.asarray(attribution, np.float64), np.asarray(mask)
    if values.shape != inside.shape:
        raise GridMismatchError(
            f"expected a mask of shape {values.shape}, like the map, got {inside.shape}"
        )
    if inside.dtype != np.bool_:
        raise InputError(f"expected a mask of True and False, got an array of {inside.dtype}")
    if not inside.any():
        raise InputError("expected a mask with at least one bin, got an empty one")
    if not np.isfinite(values).all():
        raise InputError("expected a map of finite values, got NaN or infinity")
    return values.ravel(), inside.ravel()
