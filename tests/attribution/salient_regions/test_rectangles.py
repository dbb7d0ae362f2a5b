"""Rectangles that hold much: known answers, an independent search, sums that add up."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xai_core.attribution.salient_regions.rectangles import (
    THRESHOLD,
    Rectangle,
    shortest_stretch,
    strongest_rectangles,
)


def held(weights: np.ndarray, one: Rectangle) -> float:
    return float(weights[one.frames, one.bins].sum())


def excess_by_trying_all(weights: np.ndarray) -> float:
    """Return the largest sum above the level over every rectangle there is."""
    excess = weights - THRESHOLD * (weights**2).sum() / weights.sum()
    rows, columns = (list(combinations(range(n + 1), 2)) for n in weights.shape)
    return max(float(excess[a:b, c:d].sum()) for a, b in rows for c, d in columns)


@pytest.mark.parametrize("shape", [(126, 1025), (126, 128), (126, 40), (126, 7)])
def test_one_hot_rectangle_is_found_to_the_bin(shape: tuple[int, int]) -> None:
    weights = np.zeros(shape)
    weights[13:30, 3:6] = 0.7  # edges that lie on no block of the first search
    assert strongest_rectangles(weights, n=4) == (Rectangle(13, 30, 3, 6),)


def test_an_even_map_is_one_rectangle() -> None:
    assert strongest_rectangles(np.ones((126, 128)), n=4) == (Rectangle(0, 126, 0, 128),)


def test_two_rectangles_come_in_the_order_of_what_they_hold() -> None:
    weights = np.zeros((126, 128))
    weights[60:70, 90:100] = 1.0
    weights[5:15, 20:30] = 3.0
    found = strongest_rectangles(weights, n=4)
    assert found == (Rectangle(5, 15, 20, 30), Rectangle(60, 70, 90, 100))
    assert held(weights, found[0]) == 3 * held(weights, found[1])


def test_a_gap_in_a_rectangle_is_bridged_and_a_long_one_is_not() -> None:
    weights = np.zeros((126, 40))
    weights[10:30, 5] = weights[31:50, 5] = 1.0
    assert strongest_rectangles(weights, n=4) == (Rectangle(10, 50, 5, 6),)
    weights[31:50, 5], weights[100:120, 5] = 0.0, 1.0
    assert len(strongest_rectangles(weights, n=4)) == 2


def test_a_map_of_zeros_has_none() -> None:
    assert strongest_rectangles(np.zeros((10, 10)), n=4) == ()


def test_what_holds_too_little_is_left_out_but_hides_nothing() -> None:
    weights = np.zeros((60, 60))
    weights[30, 30] = 10.0  # a spike of 1 %
    weights[2:12, 2:12] = 990.0 / 100
    assert strongest_rectangles(weights, n=4, least=0.02) == (Rectangle(2, 12, 2, 12),)


@pytest.mark.parametrize("seed", range(20))
def test_the_first_rectangle_is_as_good_as_the_best_of_all(seed: int) -> None:
    # 9 x 11 bins are blocks of their own, so the search is exact
    weights = np.random.default_rng(seed).gamma(0.3, size=(9, 11))
    one = strongest_rectangles(weights, n=1)[0]
    level = THRESHOLD * (weights**2).sum() / weights.sum()
    size = (one.end_frame - one.first_frame) * (one.end_bin - one.first_bin)
    assert held(weights, one) - level * size == pytest.approx(excess_by_trying_all(weights))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 50), st.integers(1, 50))
def test_no_bin_is_in_two_rectangles(seed: int, n_frames: int, n_bins: int) -> None:
    weights = np.random.default_rng(seed).gamma(0.1, size=(n_frames, n_bins))
    covered = np.zeros(weights.shape, int)
    found = strongest_rectangles(weights, n=5)
    for one in found:
        covered[one.frames, one.bins] += 1
    assert covered.max() <= 1
    assert sum(held(weights, one) for one in found) <= weights.sum() * (1 + 1e-9)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=12).filter(any),
    st.floats(0.05, 1.0),
)
def test_the_shortest_stretch_holds_enough_and_no_shorter_one_does(
    weights: list[int], share: float
) -> None:
    values = np.array(weights, float)
    found = shortest_stretch(values, share)
    enough = share * values.sum() * (1 - 1e-9)
    assert values[found].sum() >= enough
    length = found.stop - found.start
    shorter = [values[k : k + length - 1].sum() for k in range(values.size)]
    assert length == 1 or max(shorter) < share * values.sum()
