"""Maps that keep their signs: two parts, one distribution of twice the length."""

from __future__ import annotations

import numpy as np
import ot
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xai_core.errors import GridMismatchError, InputError
from xai_core.metrics import (
    METRICS,
    comparable,
    distances,
    emd,
    js_divergence,
    parts_by_sign,
    prepare,
)

ON_HEATMAPS = ("kl_divergence", "js_divergence", "emd", "emd_values")


def signed_map(seed: int, shape: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def by_pot(a: np.ndarray, b: np.ndarray) -> float:
    """Return the distance by POT's dense solver, the sign being a third axis of length 1."""
    p, q = parts_by_sign(a), parts_by_sign(b)
    points = np.stack(np.unravel_index(np.arange(p.size), p.shape), axis=1)
    points = points / np.maximum(np.array(p.shape) - 1, 1)
    cost = ot.dist(points, points, metric="cityblock")
    return float(ot.emd2(p.ravel() / p.sum(), q.ravel() / q.sum(), cost, numItermax=10**7))


def test_a_map_is_what_speaks_for_it_less_what_speaks_against() -> None:
    a = signed_map(0, (4, 3))
    positive, negative = parts_by_sign(a)
    np.testing.assert_array_equal(positive - negative, a)
    assert not (positive * negative).any()
    np.testing.assert_array_equal(comparable(a, "emd", by_sign=True), parts_by_sign(a))
    assert comparable(a, "difference_mean", by_sign=True) is a


@pytest.mark.parametrize("metric", ON_HEATMAPS)
def test_maps_without_evidence_against_lie_as_far_apart_as_ever(metric: str) -> None:
    a, b = np.abs(signed_map(0, (9, 7))), np.abs(signed_map(1, (9, 7)))
    scale = 0.5 if metric == "emd_values" else 1.0  # a mean over bins, of which half are empty
    close = 1e-6 if metric == "kl_divergence" else 1e-12  # 1e-10 in twice as many bins
    expected = scale * METRICS[metric](a, b)
    assert METRICS[metric](parts_by_sign(a), parts_by_sign(b)) == pytest.approx(expected, rel=close)


def test_opposite_maps_have_nothing_in_common() -> None:
    a = signed_map(0, (5, 6))
    assert js_divergence(np.abs(a), np.abs(-a)) == 0.0
    parts = parts_by_sign(a), parts_by_sign(-a)
    assert js_divergence(*parts) == pytest.approx(np.log(2.0))
    # the same values, in the other part; their sums differ in the last digit
    assert METRICS["emd_values"](*parts) == pytest.approx(0.0, abs=1e-15)
    # evidence of one bin changes its sign where it lies: one axis length
    one = np.zeros((5, 6))
    one[2, 3] = 1.0
    assert emd(parts_by_sign(one), parts_by_sign(-one)) == pytest.approx(1.0, rel=1e-12)
    moved = np.roll(one, 2, axis=0)
    assert emd(parts_by_sign(one), parts_by_sign(-moved)) == pytest.approx(1.5, rel=1e-12)


@given(st.integers(0, 10**6), st.tuples(st.integers(1, 5), st.integers(1, 5)))
def test_transport_agrees_with_pot(seed: int, shape: tuple[int, int]) -> None:
    a, b = signed_map(seed, shape), signed_map(seed + 1, shape)
    assert emd(parts_by_sign(a), parts_by_sign(b)) == pytest.approx(by_pot(a, b), abs=1e-9)


@pytest.mark.parametrize("shape", [(16, 12), (32, 6)])
def test_transport_agrees_with_pot_on_larger_maps(shape: tuple[int, int]) -> None:
    a, b = signed_map(3, shape), signed_map(4, shape)
    assert emd(parts_by_sign(a), parts_by_sign(b)) == pytest.approx(by_pot(a, b), rel=1e-7)


@pytest.mark.parametrize("metric", ["difference_mean", *ON_HEATMAPS])
def test_many_pairs_at_once_are_the_pairs_one_by_one(metric: str) -> None:
    maps = [comparable(signed_map(k, (126, 40)), metric, by_sign=True) for k in range(5)]
    pairs = [(0, 1), (0, 4), (3, 2)]
    prepared = prepare(maps, metric)
    found = distances(prepared, prepared, pairs)
    expected = [METRICS[metric](maps[i], maps[j]) for i, j in pairs]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_what_cannot_be_compared_is_refused() -> None:
    a = signed_map(0, (4, 3))
    with pytest.raises(GridMismatchError):
        js_divergence(np.abs(a), parts_by_sign(a))
    with pytest.raises(InputError, match="frames and bins"):
        js_divergence(np.ones((3, 4, 3)), np.ones((3, 4, 3)))
    with pytest.raises(InputError, match="cityblock alone"):
        emd(parts_by_sign(a), parts_by_sign(a), ground="euclidean")
