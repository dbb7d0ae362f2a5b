"""Rank correlations of maps and of matrices of distances."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from scipy.stats import spearmanr

from xai_core.errors import GridMismatchError, InputError
from xai_core.trust import mantel, partial_mantel, rank_correlation

RNG = np.random.default_rng(0)


def distances(points: np.ndarray) -> np.ndarray:
    return squareform(pdist(points))


def test_rank_correlation_is_spearmans() -> None:
    a, b = RNG.random((7, 9)), RNG.random((7, 9)).round(1)  # with ties
    where = RNG.random((7, 9)) > 0.3
    assert rank_correlation(a, b) == pytest.approx(spearmanr(a.ravel(), b.ravel()).statistic)
    expected = spearmanr(a[where], b[where]).statistic
    assert rank_correlation(a, b, where=where) == pytest.approx(expected)
    assert rank_correlation(a, np.exp(a)) == pytest.approx(1.0)
    assert rank_correlation(a, np.ones_like(a)) == 0.0


def test_mantel_is_spearmans_correlation_of_the_distances() -> None:
    a, b = distances(RNG.random((8, 3))), distances(RNG.random((8, 3)))
    above = np.triu_indices(8, 1)
    found = mantel(a, b, rng=RNG, n_permutations=9)
    assert found.correlation == pytest.approx(spearmanr(a[above], b[above]).statistic)


def test_p_of_mantel_approaches_that_of_all_permutations() -> None:
    a, b = distances(RNG.random((5, 2))), distances(RNG.random((5, 2)))
    above = np.triu_indices(5, 1)
    observed = spearmanr(a[above], b[above]).statistic
    exact = np.mean(
        [
            spearmanr(a[np.ix_(order, order)][above], b[above]).statistic >= observed - 1e-12
            for order in map(list, permutations(range(5)))
        ]
    )
    found = mantel(a, b, rng=np.random.default_rng(1), n_permutations=2000)
    assert found.p == pytest.approx(exact, abs=0.04)  # four standard errors of 2,000 draws


def test_related_distances_are_recognised() -> None:
    points = RNG.random((20, 2))
    moved = points + 0.05 * RNG.standard_normal(points.shape)
    found = mantel(distances(points), distances(moved), rng=RNG, n_permutations=199)
    assert found.correlation > 0.9
    assert found.p == pytest.approx(1 / 200)


def test_what_the_third_matrix_explains_is_taken_away() -> None:
    common = distances(RNG.random((25, 2)))
    noise = [distances(RNG.random((25, 2))) for _ in range(2)]
    a, b = common + 0.1 * noise[0], common + 0.1 * noise[1]
    assert mantel(a, b, rng=RNG, n_permutations=9).correlation > 0.9
    left = partial_mantel(a, b, common, rng=RNG, n_permutations=99)
    assert abs(left.correlation) < 0.3
    assert left.p > 0.02
    kept = partial_mantel(a, b, noise[1], rng=RNG, n_permutations=99)
    assert kept.correlation > 0.9
    assert kept.p == pytest.approx(0.01)


def test_partial_correlation_by_hand() -> None:
    a, b, c = (distances(RNG.random((9, 2))) for _ in range(3))
    above = np.triu_indices(9, 1)
    r = lambda x, y: spearmanr(x[above], y[above]).statistic  # noqa: E731
    expected = (r(a, b) - r(a, c) * r(b, c)) / np.sqrt((1 - r(a, c) ** 2) * (1 - r(b, c) ** 2))
    assert partial_mantel(a, b, c, rng=RNG, n_permutations=1).correlation == pytest.approx(expected)


def test_distances_that_are_not_known_do_not_count() -> None:
    points = RNG.random((30, 2))
    a, b = distances(points), distances(points + 0.05 * RNG.standard_normal(points.shape))
    families = np.repeat(np.arange(3), 10)
    other = families[:, None] != families[None, :]
    hidden = np.triu(RNG.random((30, 30)) < 0.4, 1)
    gaps = np.where(hidden | hidden.T, np.nan, a)
    above = np.triu_indices(30, 1)
    known = ~np.isnan(gaps[above])
    expected = spearmanr(a[above][known], b[above][known]).statistic
    for one, two in ((gaps, b), (b, gaps)):
        found = mantel(one, two, rng=RNG, n_permutations=99)
        assert found.correlation == pytest.approx(expected)
        assert found.p == pytest.approx(0.01)
    r = lambda x, y: spearmanr(x[above][known], y[above][known]).statistic  # noqa: E731
    xz, yz = r(a, b), r(other, b)
    expected = (r(a, other) - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))
    found = partial_mantel(gaps, other, b, rng=RNG, n_permutations=9)
    assert found.correlation == pytest.approx(expected)
    inside = np.where(other, np.nan, a)  # pairs within families alone
    assert mantel(inside, inside, rng=RNG, n_permutations=99).correlation == pytest.approx(1.0)


def test_p_is_not_too_small_where_distances_are_missing() -> None:
    rng = np.random.default_rng(5)
    small = 0
    for _ in range(200):
        a, b = distances(rng.random((10, 2))), distances(rng.random((10, 2)))
        hidden = np.triu(rng.random((10, 10)) < 0.4, 1)
        a[hidden | hidden.T] = np.nan
        small += mantel(a, b, rng=rng, n_permutations=39).p <= 0.1
    assert small <= 31  # of 20 expected; one time in 200 by chance if p were exact


def test_what_cannot_be_used_is_refused() -> None:
    square = distances(RNG.random((5, 2)))
    with pytest.raises(GridMismatchError, match="square"):
        mantel(square, square[:4, :4], rng=RNG)
    with pytest.raises(InputError, match="at least 4 notes"):
        mantel(square[:3, :3], square[:3, :3], rng=RNG)
    with pytest.raises(InputError, match="6 known distances, got 0"):
        mantel(np.full((5, 5), np.nan), square, rng=RNG)
    with pytest.raises(GridMismatchError, match="one shape"):
        rank_correlation(square, square[:4])
    with pytest.raises(InputError, match="two bins"):
        rank_correlation(square, square, where=np.zeros((5, 5), bool))
