"""Sensitivity of a map: to small changes of the input, and to the class that is explained.

Conventions
-----------
The explanation method arrives as a callable ``explain(x) -> map``. Distances are
Euclidean over all bins.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xai_core.errors import EmptyMapError, GridMismatchError, InputError
from xai_core.values import FloatArray

__all__ = ["max_sensitivity", "overlap_of_strongest"]


def max_sensitivity(
    explain: Callable[[FloatArray], FloatArray],
    x: FloatArray,
    *,
    radius: float = 0.02,
    n_samples: int = 10,
    rng: np.random.Generator,
) -> float:
    """Return the largest relative change of a map under small changes of the input.

    Parameters
    ----------
    explain : callable
        Maps an input of the shape of `x` to a map.
    x : ndarray
    radius : float
        Largest change of a bin, in units of the input; changes are uniform.
    n_samples : int
    rng : numpy.random.Generator

    Returns
    -------
    float
        ``max |map(x + d) - map(x)| / |map(x)|`` over the samples, at least 0; 0
        for a map that does not change.

    Raises
    ------
    EmptyMapError
        If the map of `x` is zero everywhere.
    InputError
        If `radius` is not positive or there is no sample.

    References
    ----------
    Yeh et al. 2019, "On the (in)fidelity and sensitivity of explanations",
    definition 3.1, relative to the norm of the map.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> max_sensitivity(lambda x: np.ones(3), np.zeros(3), rng=rng)
    0.0
    """
    if not radius > 0.0 or n_samples < 1:
        raise InputError(
            f"expected a radius above 0 and at least one sample, got {radius} and {n_samples}"
        )
    x = np.asarray(x)
    first = np.asarray(explain(x), np.float64)
    norm = float(np.linalg.norm(first))
    if norm == 0.0:
        raise EmptyMapError("expected a map, got one that is zero everywhere")
    changes = []
    for _ in range(n_samples):
        moved = (x + rng.uniform(-radius, radius, x.shape)).astype(
            x.dtype if np.issubdtype(x.dtype, np.floating) else np.float64
        )
        changes.append(np.linalg.norm(np.asarray(explain(moved), np.float64) - first))
    return float(max(changes)) / norm


def overlap_of_strongest(a: FloatArray, b: FloatArray, *, share: float = 0.1) -> float:
    """Return how many of the strongest bins two maps have in common.

    Class sensitivity is this number for the maps of the two likeliest classes: a
    map that is about the class, not only about the note, has a small overlap.

    Parameters
    ----------
    a, b : ndarray, of one shape
        Maps; the strongest bins are those with the largest values.
    share : float
        Share of the bins that counts as strongest, in (0, 1].

    Returns
    -------
    float
        In [0, 1]; symmetric; `share` on average for two unrelated maps.

    Raises
    ------
    GridMismatchError
        If the shapes differ.
    InputError
        If `share` is out of range.

    Examples
    --------
    >>> overlap_of_strongest(np.array([3.0, 2.0, 0.0, 0.0]), np.array([3.0, 0.0, 2.0, 0.0]),
    ...                      share=0.5)
    0.5
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        raise GridMismatchError(f"expected two maps of one shape, got {a.shape} and {b.shape}")
    if not 0.0 < share <= 1.0:
        raise InputError(f"expected a share between 0 and 1, got {share}")
    n = max(1, round(share * a.size))
    strongest = [set(np.argsort(-one.ravel(), kind="stable")[:n].tolist()) for one in (a, b)]
    return len(strongest[0] & strongest[1]) / n
