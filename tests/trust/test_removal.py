"""Deletion and insertion against curves known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.errors import GridMismatchError, InputError
from xai_core.trust import Curve, deletion, insertion, random_curve
from xai_core.values import FloatArray

X = np.array([[4.0, 1.0, 3.0, 2.0]])  # one frame, four bins


def total(batch: FloatArray) -> FloatArray:
    return np.asarray(batch.reshape(len(batch), -1).sum(axis=1))


def test_the_best_order_of_a_sum_removes_the_largest_first() -> None:
    curve = deletion(total, X, X, n_points=5)
    assert curve.fractions.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert curve.outputs.tolist() == [10.0, 6.0, 3.0, 1.0, 0.0]
    assert curve.area == pytest.approx((5 + 6 + 3 + 1 + 0) / 4)  # trapezoids of width 1/4
    assert insertion(total, X, X, n_points=5).outputs.tolist() == [0.0, 4.0, 7.0, 9.0, 10.0]


def test_deletion_and_insertion_of_a_sum_add_up_to_the_output() -> None:
    rng = np.random.default_rng(0)
    x, order = rng.random((6, 7)), rng.random((6, 7))
    removed, inserted = deletion(total, x, order), insertion(total, x, order)
    np.testing.assert_allclose(removed.outputs + inserted.outputs, x.sum(), rtol=1e-12)
    assert removed.area + inserted.area == pytest.approx(x.sum(), rel=1e-12)


def test_no_order_of_a_sum_has_a_smaller_deletion_area_than_its_values() -> None:
    rng = np.random.default_rng(1)
    x = rng.random(40)
    best = deletion(total, x, x).area
    assert all(deletion(total, x, rng.random(40)).area > best for _ in range(20))
    assert deletion(total, x, -x).area > random_curve(total, x, rng=rng).area > best


def test_any_zero_makes_zero_is_deleted_at_once() -> None:
    all_present = lambda batch: (batch != 0).all(axis=1).astype(float)  # noqa: E731
    curve = deletion(all_present, np.ones(100), np.arange(100.0))
    assert curve.outputs.tolist() == [1.0] + 20 * [0.0]
    assert curve.area == pytest.approx(0.025)  # the half trapezoid of the first of 20 steps


def test_any_value_makes_one_is_inserted_at_once() -> None:
    any_present = lambda batch: (batch != 0).any(axis=1).astype(float)  # noqa: E731
    curve = insertion(any_present, np.ones(100), np.arange(100.0))
    assert curve.outputs.tolist() == [0.0] + 20 * [1.0]
    assert curve.area == pytest.approx(0.975)


def test_the_area_is_the_mean_of_the_curve_whatever_the_number_of_points() -> None:
    x = np.ones(400)
    for n_points in (2, 5, 21, 101):
        assert deletion(total, x, x, n_points=n_points).area == pytest.approx(200.0)
    assert Curve(np.array([0.0, 1.0]), np.array([1.0, 3.0])).area == 2.0


def test_a_removed_bin_becomes_the_baseline() -> None:
    assert deletion(total, X, X, baseline=2 * np.ones_like(X), n_points=2).outputs.tolist() == [
        10.0,
        8.0,
    ]
    assert deletion(total, X, X, baseline=-1.0, n_points=2).outputs.tolist() == [10.0, -4.0]


def test_a_random_curve_of_a_sum_is_close_to_a_straight_line() -> None:
    x = np.random.default_rng(2).random(2_000)
    curve = random_curve(total, x, rng=np.random.default_rng(3))
    np.testing.assert_allclose(curve.outputs / x.sum(), 1 - curve.fractions, atol=0.02)
    again = random_curve(total, x, rng=np.random.default_rng(3))
    assert np.array_equal(curve.outputs, again.outputs)
    inserted = random_curve(total, x, insert=True, rng=np.random.default_rng(3))
    np.testing.assert_allclose(inserted.outputs / x.sum(), curve.fractions, atol=0.02)


def test_known_ends_are_not_computed_again_and_change_nothing() -> None:
    x, order = np.random.default_rng(4).random((2, 6, 7))
    asked: list[int] = []

    def counted(batch: FloatArray) -> FloatArray:
        asked.append(len(batch))
        return total(batch)

    for test in (deletion, insertion):
        whole = test(total, x, order, n_points=9)
        found = test(counted, x, order, n_points=9, ends=(float(x.sum()), 0.0))
        np.testing.assert_allclose(found.outputs, whole.outputs, atol=1e-12)
    assert sum(asked) == 14


def test_the_deletion_curve_of_an_order_is_the_insertion_curve_of_its_reverse() -> None:
    x, order = np.random.default_rng(5).random((2, 40))
    product = lambda batch: (1 + batch).prod(axis=1)  # noqa: E731
    less = deletion(product, x, order, n_points=11)
    more = insertion(product, x, -order, n_points=11)
    np.testing.assert_allclose(less.outputs[::-1], more.outputs, rtol=1e-12)
    assert less.area == pytest.approx(more.area)


def test_the_input_is_not_changed() -> None:
    x = X.copy()
    x.setflags(write=False)
    deletion(total, x, x)
    assert np.array_equal(x, X)


def test_what_cannot_be_used_is_refused() -> None:
    with pytest.raises(GridMismatchError, match="like the input, got"):
        deletion(total, X, X.T)
    with pytest.raises(GridMismatchError, match="expected a baseline of shape"):
        deletion(total, X, X, baseline=np.zeros(3))
    with pytest.raises(InputError, match="at least 2 points"):
        insertion(total, X, X, n_points=1)
    with pytest.raises(InputError, match="finite"):
        insertion(total, X, X * np.nan)
    with pytest.raises(InputError, match="at least one random order"):
        random_curve(total, X, n_orders=0, rng=np.random.default_rng(0))
