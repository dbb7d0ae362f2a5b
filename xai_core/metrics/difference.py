"""Difference Mean of two attributions.

Conventions
-----------
Raw attributions in the model's units, signed; [0, inf), symmetric, 0 for
identical maps.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xai_core.metrics.checks import as_map, same_grid

__all__ = ["difference_mean"]


def difference_mean(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Return the mean over bins of the absolute difference of two attributions.

    ``DM(a, b) = sum_i |a_i - b_i| / n`` over the n bins.

    Parameters
    ----------
    a, b : array, shape (n_frames, n_bins)
        Attributions in one unit.

    Returns
    -------
    float
        In that unit, [0, inf); symmetric; 0 for identical maps.

    Raises
    ------
    GridMismatchError
        If the shapes differ.

    References
    ----------
    Chen, Ghobakhlou and Narayanan 2024, algorithm 2 and the equation of the
    Difference Mean.

    Examples
    --------
    >>> difference_mean([[0.0, 0.0], [0.0, 0.0]], [[0.0, 1.0], [0.0, 0.0]])
    0.25
    """
    a, b = as_map(a), as_map(b)
    same_grid(a, b)
    return float(np.mean(np.abs(a - b)))
