"""Gradient, gradient x input and SmoothGrad on functions whose gradients are known."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.attribution import gradient, input_x_gradient, smooth_grad
from xai_core.errors import GridMismatchError, InputError
from xai_core.values import FloatArray

X = np.array([[1.0, -2.0], [0.5, 3.0]])


def of_cubes(points: FloatArray) -> FloatArray:
    """Return the gradient of the sum of cubes."""
    return np.asarray(3.0 * points**2)


def test_gradients_of_cubes() -> None:
    np.testing.assert_allclose(gradient(of_cubes, X), 3 * X**2)
    np.testing.assert_allclose(input_x_gradient(of_cubes, X), 3 * X**3)
    np.testing.assert_allclose(input_x_gradient(of_cubes, X, baseline=1.0), 3 * X**2 * (X - 1))


def test_a_linear_function_is_attributed_exactly() -> None:
    slope = np.array([[2.0, 1.0], [0.0, -4.0]])
    attribution = input_x_gradient(lambda points: np.broadcast_to(slope, points.shape), X)
    assert attribution.sum() == pytest.approx((slope * X).sum())


def test_the_mean_gradient_under_noise_is_its_expectation() -> None:
    # E[3 (x + s n)^2] = 3 x^2 + 3 s^2; the standard error of 4,000 samples is below 0.1
    rng = np.random.default_rng(0)
    found = smooth_grad(of_cubes, X, sigma=0.5, n_samples=4000, rng=rng)
    np.testing.assert_allclose(found, 3 * X**2 + 0.75, atol=0.4)
    exact = smooth_grad(of_cubes, X, sigma=0.0, n_samples=3, rng=rng)
    np.testing.assert_allclose(exact, 3 * X**2)


def test_one_seed_gives_one_map_in_the_precision_of_the_input() -> None:
    seen = []

    def gradients(points: FloatArray) -> FloatArray:
        seen.append(points.dtype)
        return of_cubes(points)

    maps = [
        smooth_grad(
            gradients, X.astype(np.float32), sigma=0.1, n_samples=9, rng=np.random.default_rng(1)
        )
        for _ in range(2)
    ]
    assert np.array_equal(*maps)
    assert set(seen) == {np.dtype(np.float32)}


def test_what_cannot_be_used_is_refused() -> None:
    with pytest.raises(GridMismatchError, match="expected a baseline of shape"):
        input_x_gradient(of_cubes, X, baseline=np.zeros(3))
    with pytest.raises(InputError, match="noise of at least 0"):
        smooth_grad(of_cubes, X, sigma=-1.0, n_samples=1, rng=np.random.default_rng(0))
