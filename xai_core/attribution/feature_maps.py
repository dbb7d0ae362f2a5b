"""Which filters of a convolution layer to show.

Conventions
-----------
Activations are ``(height, width, channels)``, of one note, after the ReLU.
"""

from __future__ import annotations

import numpy as np

from xai_core.errors import InputError
from xai_core.values import FloatArray

__all__ = ["choose_filters"]


def choose_filters(activations: FloatArray, *, choice: str, n_filters: int = 4) -> tuple[int, ...]:
    """Return the numbers of the filters to show, counted from 0.

    Parameters
    ----------
    activations : ndarray, shape (height, width, channels)
    choice : {'first', 'most_active'}
        The first ones, as in the paper's figure 1, or those with the largest
        mean activation, largest first (ties in filter order).
    n_filters : int
        How many; fewer if the layer has fewer.

    Returns
    -------
    tuple of int

    Raises
    ------
    InputError
        If `choice` is unknown, or `n_filters` is below 1.

    Examples
    --------
    >>> choose_filters(np.array([[[0.0, 2.0, 1.0]]]), choice="most_active", n_filters=2)
    (1, 2)
    """
    if n_filters < 1:
        raise InputError(f"expected at least 1 filter to show, got {n_filters}")
    n_filters = min(n_filters, activations.shape[-1])
    if choice == "first":
        return tuple(range(n_filters))
    if choice == "most_active":
        means = activations.mean(axis=(0, 1), dtype=np.float64)
        return tuple(int(k) for k in np.argsort(-means, kind="stable")[:n_filters])
    raise InputError(f"unknown choice of filters {choice!r}: choose 'first' or 'most_active'")
