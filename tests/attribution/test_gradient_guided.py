"""Guided IG: the known answers of three functions, its bounds and its sum."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.attribution import guided_ig, integrated_gradients
from xai_core.errors import GridMismatchError, InputError
from xai_core.values import FloatArray

WEIGHTS = np.array([2.0, 1.0])
X = np.array([3.0, 3.0])
ZERO = np.zeros(2)


def square(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (2 x1 + x2)^2 and its gradient."""
    root = points @ WEIGHTS
    return root**2, 2.0 * root[:, np.newaxis] * WEIGHTS


def linear(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    return points @ WEIGHTS, np.broadcast_to(WEIGHTS, points.shape)


def two_squares(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return 2 x1^2 + x2^2 and its gradient."""
    return (points**2) @ WEIGHTS, 2.0 * points * WEIGHTS


def test_an_unbounded_path_moves_the_smaller_gradient_first() -> None:
    # x2 goes all the way at x1 = 0 (9), then x1 at x2 = 3 (72)
    np.testing.assert_allclose(guided_ig(square, X, ZERO, max_dist=1.0), [72.0, 9.0], rtol=1e-3)
    np.testing.assert_allclose(guided_ig(square, X, ZERO, max_dist=99.0), [72.0, 9.0], rtol=1e-3)


def test_no_distance_gives_integrated_gradients() -> None:
    found = guided_ig(square, X, ZERO, max_dist=0.0)
    np.testing.assert_allclose(found, [54.0, 27.0], rtol=1e-9)  # trapezoids are exact here
    plain = integrated_gradients(
        lambda points: square(points)[1], X, ZERO, rule="trapezoid", n_steps=201
    )
    np.testing.assert_allclose(found, plain, rtol=1e-12)


def test_a_bound_lies_between_the_two() -> None:
    found = guided_ig(square, X, ZERO, max_dist=0.1)
    assert 54.0 < found[0] < 72.0
    assert found.sum() == pytest.approx(81.0, rel=1e-3)


def test_functions_whose_bins_do_not_meet_are_attributed_alike_on_any_path() -> None:
    found = guided_ig(linear, np.array([10.0, 5.0]), np.array([-1.0, -3.0]))
    np.testing.assert_allclose(found, [22.0, 8.0], rtol=1e-9)
    np.testing.assert_allclose(guided_ig(two_squares, X, ZERO), [18.0, 9.0], rtol=1e-3)
    np.testing.assert_allclose(
        guided_ig(two_squares, X, ZERO, max_dist=1.0), [18.0, 9.0], rtol=1e-3
    )


def test_every_bin_arrives_and_the_sum_is_complete_for_a_network() -> None:
    rng = np.random.default_rng(0)
    hidden, out = rng.standard_normal((12, 30)), rng.standard_normal(30)

    def network(points: FloatArray) -> tuple[FloatArray, FloatArray]:
        z = points.reshape(len(points), -1) @ hidden
        slopes = (out * (1 - np.tanh(z) ** 2)) @ hidden.T
        return np.tanh(z) @ out, slopes.reshape(points.shape)

    x = rng.standard_normal((3, 4))
    for fraction in (0.01, 0.25, 1.0):
        for max_dist in (0.0, 0.02, 1.0):
            found = guided_ig(network, x, np.zeros((3, 4)), fraction=fraction, max_dist=max_dist)
            delta = float(network(x[np.newaxis])[0][0])
            # half a step of an unbounded path may hold the whole way of one bin
            assert found.sum() == pytest.approx(delta, abs=0.02 * np.abs(found).sum())


def test_what_does_not_move_gets_nothing() -> None:
    found = guided_ig(square, np.array([3.0, 1.0]), np.array([0.0, 1.0]))
    assert found[1] == 0.0
    assert found[0] == pytest.approx(49.0 - 1.0, rel=1e-6)
    assert np.array_equal(guided_ig(square, X, X), ZERO)


def test_what_cannot_be_used_is_refused() -> None:
    with pytest.raises(GridMismatchError, match="like the input"):
        guided_ig(square, X, np.zeros(3))
    for wrong in ({"n_steps": 0}, {"fraction": 0.0}, {"max_dist": -0.1}):
        with pytest.raises(InputError, match="at least one step"):
            guided_ig(square, X, ZERO, **wrong)
