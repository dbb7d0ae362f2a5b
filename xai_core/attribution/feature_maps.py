"""Which filters of a convolution layer to show.

Conventions
-----------
Activations and gradients are ``(height, width, channels)``, of one note, after the
ReLU. A filter that responds to silence has large activations and no say in the
answer, so filters are ranked by what they contribute to it.
"""

from __future__ import annotations

import numpy as np

from xai_core.errors import GridMismatchError, InputError
from xai_core.values import FloatArray

__all__ = ["choose_filters"]


def choose_filters(
    activations: FloatArray, gradients: FloatArray, *, choice: str, n_filters: int = 4
) -> tuple[int, ...]:
    """Return the numbers of the filters to show, counted from 0.

    Parameters
    ----------
    activations : ndarray, shape (height, width, channels)
    gradients : ndarray, shape (height, width, channels)
        Of the explained output with respect to `activations`.
    choice : {'first', 'most_relevant'}
        The first ones, as in the paper's figure 1, or those with the largest
        mean of ``|gradient x activation|``, largest first (ties in filter order).
    n_filters : int
        How many; fewer if the layer has fewer.

    Returns
    -------
    tuple of int

    Raises
    ------
    InputError
        If `choice` is unknown, or `n_filters` is below 1.
    GridMismatchError
        If the two arrays differ in shape.

    Examples
    --------
    >>> activations, gradients = np.array([[[9.0, 2.0, 1.0]]]), np.array([[[0.0, -3.0, 4.0]]])
    >>> choose_filters(activations, gradients, choice="most_relevant", n_filters=2)
    (1, 2)
    """
    if n_filters < 1:
        raise InputError(f"expected at least 1 filter to show, got {n_filters}")
    if activations.shape != gradients.shape:
        raise GridMismatchError(
            f"expected two arrays of one shape, got {activations.shape} and {gradients.shape}"
        )
    n_filters = min(n_filters, activations.shape[-1])
    if choice == "first":
        return tuple(range(n_filters))
    if choice == "most_relevant":
        means = np.abs(activations * gradients).mean(axis=(0, 1), dtype=np.float64)
        return tuple(int(k) for k in np.argsort(-means, kind="stable")[:n_filters])
    raise InputError(f"unknown choice of filters {choice!r}: choose 'first' or 'most_relevant'")
