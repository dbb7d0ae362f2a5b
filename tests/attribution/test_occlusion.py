"""Occlusion of linear functions, whose drops are known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.attribution import input_x_gradient, occlusion
from xai_core.errors import GridMismatchError, InputError
from xai_core.values import FloatArray

RNG = np.random.default_rng(0)
X = RNG.standard_normal((5, 7))
SLOPE = RNG.standard_normal((5, 7))


def linear(batch: FloatArray) -> FloatArray:
    return np.asarray(np.tensordot(batch, SLOPE, axes=2))


def test_a_window_of_one_bin_is_gradient_x_input() -> None:
    found = occlusion(linear, X, window=(1, 1), stride=(1, 1))
    expected = input_x_gradient(lambda points: np.broadcast_to(SLOPE, points.shape), X)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_windows_side_by_side_share_the_whole_output() -> None:
    x, slope = X[:4, :6], SLOPE[:4, :6]
    found = occlusion(
        lambda batch: np.tensordot(batch, slope, axes=2), x, window=(2, 3), stride=(2, 3)
    )
    assert found.sum() == pytest.approx((slope * x).sum())
    shares = (slope * x).reshape(2, 2, 2, 3).sum(axis=(1, 3)) / 6  # of the bins of each window
    np.testing.assert_allclose(found, np.kron(shares, np.ones((2, 3))), atol=1e-12)


def test_overlapping_windows_are_averaged_and_the_last_lies_flush_with_the_end() -> None:
    x, slope = np.array([[1.0, 2.0, 4.0]]), np.ones((1, 3))
    found = occlusion(
        lambda batch: np.tensordot(batch, slope, axes=2), x, window=(1, 2), stride=(1, 1)
    )
    np.testing.assert_allclose(found, [[1.5, (1.5 + 3.0) / 2, 3.0]])
    strided = occlusion(
        lambda batch: np.tensordot(batch, slope, axes=2), x, window=(1, 2), stride=(1, 2)
    )
    np.testing.assert_allclose(strided, [[1.5, (1.5 + 3.0) / 2, 3.0]])


def test_a_window_larger_than_the_input_takes_all_of_it() -> None:
    found = occlusion(linear, X, window=(99, 99), stride=(99, 99))
    np.testing.assert_allclose(found, np.full(X.shape, (SLOPE * X).sum() / X.size))


def test_a_covered_bin_becomes_the_baseline() -> None:
    base = RNG.standard_normal(X.shape)
    found = occlusion(linear, X, baseline=base, window=(1, 1), stride=(1, 1))
    np.testing.assert_allclose(found, SLOPE * (X - base), atol=1e-12)


def test_what_cannot_be_used_is_refused() -> None:
    with pytest.raises(GridMismatchError, match="frames and bins"):
        occlusion(linear, X.ravel(), window=(1, 1), stride=(1, 1))
    for window, stride in (((0, 1), (1, 1)), ((2, 2), (3, 2))):
        with pytest.raises(InputError, match="the stride at most the window"):
            occlusion(linear, X, window=window, stride=stride)
