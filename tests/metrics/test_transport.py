from __future__ import annotations

import numpy as np
import ot
import pytest
from hypothesis import given
from scipy.stats import wasserstein_distance

from tests.metrics.heatmaps import one_hot, small_maps, sparse_heatmap
from xai_core.errors import EmptyMapError, GridMismatchError, InputError
from xai_core.metrics import emd, emd_values
from xai_core.metrics.transport import UNITS, pool, whole_units


def by_pot(p: np.ndarray, q: np.ndarray, metric: str = "cityblock") -> float:
    """Return the distance of two small maps by POT's dense solver: the oracle."""
    row, col = np.divmod(np.arange(p.size), p.shape[1])
    scale = np.maximum(np.array(p.shape) - 1, 1)
    points = np.stack([row, col], axis=1) / scale
    cost = ot.dist(points, points, metric=metric)
    return float(ot.emd2(p.ravel() / p.sum(), q.ravel() / q.sum(), cost, numItermax=10**7))


def test_known_answer_1_one_hot_bin() -> None:
    shape = (4, 8)
    origin, along, across = (one_hot(shape, place) for place in ((0, 0), (0, 5), (3, 0)))
    assert emd(origin, along) == pytest.approx(5 / 7, rel=1e-12)
    assert emd(origin, across) == pytest.approx(1.0, rel=1e-12)
    assert emd(along, across) == pytest.approx(12 / 7, rel=1e-12)
    assert emd_values(origin, along) == emd_values(origin, across) == 0.0


@given(small_maps, small_maps, small_maps)
def test_known_answer_2_it_is_a_metric(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> None:
    # whole units of mass: 1e-12 each, 24 bins
    assert emd(p, q) == pytest.approx(emd(q, p), abs=1e-10)
    assert emd(p, p) == 0.0
    assert 0.0 <= emd(p, q) <= 2.0
    assert emd(p, r) <= emd(p, q) + emd(q, r) + 1e-10


@pytest.mark.parametrize(("axis", "length"), [(0, 20), (1, 30)])
@pytest.mark.parametrize("k", [1, 4])
def test_known_answer_2_a_shift_by_k_bins_costs_k_bins(axis: int, length: int, k: int) -> None:
    p = np.zeros((20, 30))
    p[5:9, 5:9] = np.random.default_rng(0).random((4, 4))
    assert emd(p, np.roll(p, k, axis=axis)) == pytest.approx(k / (length - 1), rel=1e-9)


@given(small_maps, small_maps)
def test_the_grid_agrees_with_pot_on_small_maps(p: np.ndarray, q: np.ndarray) -> None:
    assert emd(p, q) == pytest.approx(by_pot(p, q), abs=1e-9)


@pytest.mark.parametrize("shape", [(32, 32), (32, 20), (32, 12), (32, 6), (32, 1), (1, 32)])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_grid_agrees_with_pot_on_maps_of_full_size(shape: tuple[int, int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, q = sparse_heatmap(rng, shape), sparse_heatmap(rng, shape)
    assert emd(p, q) == pytest.approx(by_pot(p, q), rel=1e-7)


def test_known_answer_3_values_alone() -> None:
    # scipy's own examples of one-dimensional distances, as histograms of bins
    assert wasserstein_distance([0, 1, 3], [5, 6, 8]) == 5
    p, q = np.array([[0.0, 1.0, 3.0]]), np.array([[2.0, 1.0, 1.0]])
    assert emd_values(p, q) == pytest.approx(wasserstein_distance(p[0] / 4, q[0] / 4), rel=1e-12)
    # a bin that counts three times is a weight of three
    weighted = wasserstein_distance([0, 1], [0, 1], [3, 1], [2, 2])
    p, q = np.array([[0.0, 0.0, 0.0, 1.0]]), np.array([[0.0, 0.0, 1.0, 1.0]])
    assert emd_values(p, q) == pytest.approx(
        wasserstein_distance([0, 1], [0, 0.5], [3, 1], [2, 2]), rel=1e-12
    )
    assert weighted == 0.25


@pytest.mark.parametrize("shape", [(126, 128), (126, 7), (3, 5)])
def test_values_alone_agree_with_scipy_and_ignore_where(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    p, q = sparse_heatmap(rng, shape), sparse_heatmap(rng, shape)
    expected = wasserstein_distance(p.ravel(), q.ravel())
    assert emd_values(p, q) == pytest.approx(expected, rel=1e-9)
    shuffled = rng.permutation(p.ravel()).reshape(shape)
    assert emd_values(p, shuffled) == pytest.approx(0.0, abs=1e-16)  # rounding of sums


@pytest.mark.parametrize(
    ("shape", "pooled"),
    [((126, 1025), (32, 32)), ((126, 40), (32, 20)), ((126, 6), (32, 6)), ((3, 2), (3, 2))],
)
def test_pooling_sums_blocks(shape: tuple[int, int], pooled: tuple[int, int]) -> None:
    p = np.random.default_rng(0).random(shape)
    got = pool(p)
    assert got.shape == pooled
    rows, cols = (-(-length // 32) for length in shape)
    assert got[0, 0] == pytest.approx(p[:rows, :cols].sum(), rel=1e-12)
    assert got[-1, -1] == pytest.approx(
        p[rows * (pooled[0] - 1) :, cols * (pooled[1] - 1) :].sum(), rel=1e-12
    )
    assert got.sum() == pytest.approx(p.sum(), rel=1e-12)


def test_whole_units_keep_the_mass() -> None:
    p = sparse_heatmap(np.random.default_rng(0), (32, 32))
    units = whole_units(p)
    assert units.sum() == UNITS
    assert units.min() >= 0
    np.testing.assert_allclose(units / UNITS, p.ravel(), atol=1.01 / UNITS)


def test_the_straight_line_is_shorter_than_the_city_block() -> None:
    a, b = one_hot((4, 8), (0, 0)), one_hot((4, 8), (3, 7))
    assert emd(a, b, ground="euclidean") == pytest.approx(np.sqrt(2), rel=1e-12)
    assert emd(a, b) == pytest.approx(2.0, rel=1e-12)
    rng = np.random.default_rng(0)
    p, q = sparse_heatmap(rng, (12, 9)), sparse_heatmap(rng, (12, 9))
    assert emd(p, q, ground="euclidean") == pytest.approx(by_pot(p, q, "euclidean"), rel=1e-9)


def test_what_cannot_be_moved_is_refused() -> None:
    full = np.ones((2, 2))
    with pytest.raises(EmptyMapError, match="zero everywhere"):
        emd(np.zeros((2, 2)), full)
    with pytest.raises(GridMismatchError, match="one grid"):
        emd(full, np.ones((2, 3)))
    with pytest.raises(InputError, match="unknown ground distance 'taxi'"):
        emd(full, full, ground="taxi")
    with pytest.raises(InputError, match="at least 1 bin"):
        emd(full, full, max_bins=0)
