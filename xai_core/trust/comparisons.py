"""A map beside others: of changed inputs, of another class, of a network with weights drawn anew.

Conventions
-----------
The explanation method arrives as a callable ``explain(x) -> map``. Distances of maps
are Euclidean over all bins.

A null map is the map of the same note and settings by the same network with its
weights drawn anew: it is what a heatmap owes to the note and the method alone.
Matrices of distances are symmetric with a zero diagonal; only what lies above the
diagonal counts. A distance that is not known is NaN: the pairs known in all matrices
count, and of a permutation those that are known after it too; with fewer pairs it
varies more, so that p is rather too large than too small. p-values count the order that
is given as one of the permutations, so that none is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from xai_core.errors import EmptyMapError, GridMismatchError, InputError
from xai_core.values import FloatArray

__all__ = [
    "MatrixCorrelation",
    "mantel",
    "max_sensitivity",
    "overlap_of_strongest",
    "partial_mantel",
    "rank_correlation",
    "rank_correlations",
]

N_PERMUTATIONS = 999
LEAST_NOTES = 4  # three notes have three distances, and six orders
LEAST_PAIRS = 6  # of four notes


@dataclass(frozen=True)
class MatrixCorrelation:
    """Rank correlation of two matrices of distances.

    Parameters
    ----------
    correlation : float
        Spearman's, in [-1, 1]; 0 where one of the matrices is constant.
    p : float
        Share of the permutations of the notes with a correlation at least as
        large, in (0, 1].
    """

    correlation: float
    p: float


def rank_correlation(a: FloatArray, b: FloatArray, *, where: FloatArray | None = None) -> float:
    """Return Spearman's correlation of the bins of two maps.

    Parameters
    ----------
    a, b : ndarray, of one shape
        Take absolute values first for what heatmaps show.
    where : ndarray of bool, optional
        Bins that count, such as those that are not silent; all by default.

    Returns
    -------
    float
        In [-1, 1]; symmetric; 0 where one of the maps is constant there.

    Raises
    ------
    GridMismatchError
        If shapes differ.
    InputError
        If fewer than two bins count.

    References
    ----------
    Adebayo et al. 2018, "Sanity checks for saliency maps", section 3.

    Examples
    --------
    >>> rank_correlation(np.array([1.0, 2.0, 9.0]), np.array([0.1, 0.2, 0.3]))
    1.0
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape or (where is not None and np.shape(where) != a.shape):
        raise GridMismatchError(f"expected two maps of one shape, got {a.shape} and {b.shape}")
    if where is not None:
        a, b = a[np.asarray(where, bool)], b[np.asarray(where, bool)]
    if a.size < 2:
        raise InputError(f"expected at least two bins to compare, got {a.size}")
    return _pearson(rankdata(a.ravel()), rankdata(b.ravel()))


def rank_correlations(maps: Sequence[FloatArray]) -> FloatArray:
    """Return Spearman's correlation of every pair of maps.

    Parameters
    ----------
    maps : sequence of ndarray, of one shape
        At least two bins each.

    Returns
    -------
    ndarray, shape (n_maps, n_maps)
        As :func:`rank_correlation`, but NaN with a map that is constant.

    Examples
    --------
    >>> maps = [np.array(one) for one in ([1.0, 2.0, 9.0], [3.0, 2.0, 1.0], [1.0, 1.0, 1.0])]
    >>> rank_correlations(maps).round(6).tolist()
    [[1.0, -1.0, nan], [-1.0, 1.0, nan], [nan, nan, nan]]
    """
    if len({np.shape(one) for one in maps}) != 1 or np.size(maps[0]) < 2:
        raise GridMismatchError("expected maps of one shape, of at least two bins")
    ranks = np.stack([rankdata(np.ravel(one)) for one in maps])
    ranks -= ranks.mean(axis=1, keepdims=True)
    norms = np.sqrt((ranks**2).sum(axis=1))
    norms[norms == 0.0] = np.nan
    ranks /= norms[:, np.newaxis]
    return np.asarray(ranks @ ranks.T)


def mantel(
    a: FloatArray,
    b: FloatArray,
    *,
    rng: np.random.Generator,
    n_permutations: int = N_PERMUTATIONS,
) -> MatrixCorrelation:
    """Correlate two matrices of distances between the same notes, by ranks.

    Parameters
    ----------
    a, b : ndarray, shape (n_notes, n_notes)
        Symmetric.
    rng : numpy.random.Generator
    n_permutations : int

    Raises
    ------
    GridMismatchError
        If the matrices differ in shape or are not square.
    InputError
        If there are fewer than four notes.

    References
    ----------
    Mantel 1967; Legendre and Legendre 2012, "Numerical ecology", section 10.5.
    """
    first, second = _ranked(a, b)

    def correlation(moved: FloatArray, there: Places) -> float:
        return _pearson(moved, second[there])

    return _permuted(first, correlation, n_permutations, rng)


def partial_mantel(
    a: FloatArray,
    b: FloatArray,
    given: FloatArray,
    *,
    rng: np.random.Generator,
    n_permutations: int = N_PERMUTATIONS,
) -> MatrixCorrelation:
    """Correlate two matrices of distances when what a third explains is taken away.

    Errors are those of :func:`mantel`.

    Parameters
    ----------
    a, b, given : ndarray, shape (n_notes, n_notes)
        Symmetric. With distances between maps as `a`, a matrix that is 0 within
        families and 1 between them as `b`, and distances between null maps as
        `given`, this is what families explain beyond note and method.
    rng : numpy.random.Generator
    n_permutations : int
        Of the notes of `a`.

    References
    ----------
    Smouse, Long and Sokal 1986, "Multiple regression and correlation extensions of
    the Mantel test of matrix correspondence".
    """
    first, second, third = _ranked(a, b, given)

    def correlation(moved: FloatArray, there: Places) -> float:
        known = third[there]
        return _pearson(_residual(moved, known), _residual(second[there], known))

    return _permuted(first, correlation, n_permutations, rng)


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


Places = tuple[npt.NDArray[np.intp], ...]


def _ranked(*matrices: FloatArray) -> list[FloatArray]:
    """Return matrices with ranks in place of distances; NaN where one is not known in all."""
    found = [np.asarray(one, np.float64) for one in matrices]
    first = found[0]
    for other in found[1:]:
        if first.ndim != 2 or first.shape[0] != first.shape[1] or first.shape != other.shape:
            raise GridMismatchError(
                f"expected two square matrices of one size, got {first.shape} and {other.shape}"
            )
    if len(first) < LEAST_NOTES:
        raise InputError(
            f"expected distances between at least {LEAST_NOTES} notes, got {len(first)}"
        )
    above = np.triu_indices(len(first), 1)
    unknown = np.any([np.isnan(one[above]) for one in found], axis=0)
    if (~unknown).sum() < LEAST_PAIRS:
        raise InputError(f"expected at least {LEAST_PAIRS} known distances, got {(~unknown).sum()}")
    there = tuple(place[~unknown] for place in above)
    ranked = []
    for matrix in found:
        ranks = np.full(matrix.shape, np.nan)
        ranks[there] = ranks[there[::-1]] = rankdata(matrix[there])
        ranked.append(ranks)
    return ranked


def _permuted(
    ranks: FloatArray,
    correlation: Callable[[FloatArray, Places], float],
    n_permutations: int,
    rng: np.random.Generator,
) -> MatrixCorrelation:
    """Return a correlation with the ranks, and how many permutations of notes reach it."""
    above = np.triu_indices(len(ranks), 1)
    there: Places = tuple(place[~np.isnan(ranks[above])] for place in above)
    observed = correlation(ranks[there], there)
    as_large = 1
    for _ in range(n_permutations):
        order = rng.permutation(len(ranks))
        moved = ranks[order[there[0]], order[there[1]]]
        known = ~np.isnan(moved)
        if known.sum() < LEAST_PAIRS:  # which say nothing: taken for as large
            as_large += 1
            continue
        places = there if known.all() else tuple(place[known] for place in there)
        as_large += correlation(moved[known], places) >= observed
    return MatrixCorrelation(observed, as_large / (n_permutations + 1))


def _residual(values: FloatArray, given: FloatArray) -> FloatArray:
    centred, known = values - values.mean(), given - given.mean()
    power = float(known @ known)
    return np.asarray(
        centred if power == 0.0 else centred - known * (float(centred @ known) / power)
    )


def _pearson(a: FloatArray, b: FloatArray) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(np.clip(a @ b / scale, -1.0, 1.0)) if scale > 0.0 else 0.0
