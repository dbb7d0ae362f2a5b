"""Whether families differ: a permutation test over instruments, and Holm's correction.

Conventions
-----------
Families are labels of instruments, and labels are what is shuffled; an
instrument's notes stay together, since they are not independent. p-values are
one-sided (families set heatmaps apart) and never 0: the labels as they are
count as one of the shuffles.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import permutation_test, rankdata

from xai_core.catalogue.metrics import METRICS
from xai_core.errors import InputError
from xai_core.pair_tables import distances
from xai_core.values import SPECTROGRAM_TYPES

__all__ = ["N_PERMUTATIONS", "families_differ", "holm", "separation"]

N_PERMUTATIONS = 4999
BATCH = 500  # shuffles at a time

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def families_differ(
    pairs: pd.DataFrame, *, rng: np.random.Generator, n_permutations: int = N_PERMUTATIONS
) -> pd.DataFrame:
    """Test, for each type, method and metric, whether families set heatmaps apart.

    The distances between the notes of two instruments are averaged, which leaves
    one number for every two instruments that were compared; pairs inside one
    instrument tell nothing here. The statistic is ANOSIM's R on these numbers
    (:func:`separation`): above 0 where instruments of one family lie closer
    together than instruments of two. Families are then shuffled over
    instruments.

    Parameters
    ----------
    pairs : DataFrame
        As in :class:`xai_core.pair_tables.Analysis`; needs pairs between families.
    rng : numpy.random.Generator
    n_permutations : int
        All shuffles are made where there are no more than these.

    Returns
    -------
    DataFrame
        Columns type, method, metric, n_instruments, n_instrument_pairs,
        separation (in [-1, 1]), p, and p_holm: corrected by Holm over the types
        and metrics of one method. NaN where there are no two families, or no
        pair of instruments within any.

    Notes
    -----
    R also rises where families merely spread differently. Where only some of the
    pairs between families were measured, those within count fully and those
    between as a sample.

    References
    ----------
    Clarke 1993, "Non-parametric multivariate analyses of changes in community
    structure", Australian Journal of Ecology 18.
    """
    rows = []
    for type in SPECTROGRAM_TYPES:
        of_type = pairs[pairs["type"] == type]
        for method in of_type["method"].unique():
            of_method = of_type[of_type["method"] == method]
            rows += [
                {"type": type, "method": method, "metric": metric}
                | _test(distances(of_method, metric), rng, n_permutations)
                for metric in METRICS
            ]
    out = pd.DataFrame(rows, columns=_COLUMNS)
    out["p_holm"] = np.nan
    for method in out["method"].unique():
        of_method = out["method"] == method
        out.loc[of_method, "p_holm"] = holm(out.loc[of_method, "p"].to_numpy(float))
    return out


def separation(ranks: Floats, same: npt.NDArray[np.bool_]) -> Floats:
    """Return ANOSIM's R: how much closer things of one group lie than things of two.

    Parameters
    ----------
    ranks : ndarray, shape (n_pairs,)
        Ranks of the distances, from 1.
    same : ndarray of bool, shape (..., n_pairs)
        Whether a pair is of one group.

    Returns
    -------
    ndarray, shape (...,)
        Mean rank of pairs of two groups less that of pairs of one, divided by
        half the number of pairs: 1 if every pair of two lies further apart
        than any of one, about 0 if groups mean nothing. 0 where all pairs are
        of one kind.

    Examples
    --------
    >>> float(separation(np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, True, False, False])))
    1.0
    """
    n = ranks.size
    n_same = same.sum(axis=-1)
    sum_same = same @ ranks
    mean_same = sum_same / np.maximum(n_same, 1)
    mean_other = (ranks.sum() - sum_same) / np.maximum(n - n_same, 1)
    both = (n_same > 0) & (n_same < n)
    return np.asarray(np.where(both, (mean_other - mean_same) / (n / 2), 0.0))


def holm(p: npt.ArrayLike) -> Floats:
    """Correct p-values of several tests for their number.

    Parameters
    ----------
    p : array_like, shape (n_tests,)
        NaN for a test that was not made, which does not count.

    Returns
    -------
    ndarray, shape (n_tests,)
        The k-th smallest of m is multiplied by m - k + 1, and none is less than
        a smaller one; at most 1.

    References
    ----------
    Holm 1979, "A simple sequentially rejective multiple test procedure",
    Scandinavian Journal of Statistics 6.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03, 0.005])
    array([0.03, 0.06, 0.06, 0.02])
    """
    found = np.asarray(p, np.float64)
    made = np.flatnonzero(~np.isnan(found))
    if ((found[made] < 0) | (found[made] > 1)).any():
        raise InputError("expected p-values in [0, 1], got others")
    order = made[np.argsort(found[made], kind="stable")]
    out = np.full(found.shape, np.nan)
    scaled = found[order] * np.arange(order.size, 0, -1)
    out[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return out


_COLUMNS = (
    *("type", "method", "metric", "n_instruments", "n_instrument_pairs"),
    *("separation", "p", "p_holm"),
)


def _test(
    found: pd.DataFrame, rng: np.random.Generator, n_permutations: int
) -> dict[str, int | float]:
    labels, a, b, ranks = _instrument_pairs(found)
    about = {"n_instruments": labels.size, "n_instrument_pairs": ranks.size}
    same = labels[a] == labels[b]
    if not same.any() or same.all():
        return {**about, "separation": np.nan, "p": np.nan}

    def statistic(shuffled: Integers, axis: int) -> Floats:
        shuffled = np.moveaxis(shuffled, axis, -1)
        return separation(ranks, shuffled[..., a] == shuffled[..., b])

    result = permutation_test(
        (labels,),
        statistic,
        permutation_type="pairings",
        vectorized=True,
        n_resamples=n_permutations,
        batch=BATCH,
        alternative="greater",
        rng=rng,
    )
    return {**about, "separation": float(result.statistic), "p": float(result.pvalue)}


def _instrument_pairs(found: pd.DataFrame) -> tuple[Integers, Integers, Integers, Floats]:
    """Return families of instruments as numbers, and pairs of instruments with their ranks."""
    a = pd.MultiIndex.from_frame(found[["family", "instrument_a"]], names=["family", "instrument"])
    b = pd.MultiIndex.from_frame(
        found[["other_family", "instrument_b"]], names=["family", "instrument"]
    )
    instruments = a.append(b).unique().sort_values()
    ends = np.sort([instruments.get_indexer(a), instruments.get_indexer(b)], axis=0)
    table = pd.DataFrame({"a": ends[0], "b": ends[1], "value": found["value"].to_numpy()})
    means = table[table["a"] != table["b"]].groupby(["a", "b"])["value"].mean()
    labels, _ = pd.factorize(instruments.get_level_values("family"))
    return (
        np.asarray(labels, np.int64),
        means.index.get_level_values("a").to_numpy(np.int64),
        means.index.get_level_values("b").to_numpy(np.int64),
        rankdata(means.to_numpy()),
    )
