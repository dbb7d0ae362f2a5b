"""Expected gradients against Integrated Gradients and means in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.attribution import expected_gradients, integrated_gradients
from xai_core.errors import GridMismatchError, InputError
from xai_core.values import FloatArray

X = np.array([3.0, 3.0])
WEIGHTS = np.array([2.0, 1.0])


def of_square(points: FloatArray) -> FloatArray:
    """Return the gradient of (2 x1 + x2)^2."""
    return np.asarray(2.0 * (points @ WEIGHTS)[:, np.newaxis] * WEIGHTS)


def test_one_baseline_gives_integrated_gradients() -> None:
    found = expected_gradients(
        of_square, X, np.zeros((1, 2)), n_samples=2000, rng=np.random.default_rng(0)
    )
    expected = integrated_gradients(of_square, X, np.zeros(2), rule="midpoint", n_steps=1000)
    np.testing.assert_allclose(found, expected, rtol=1e-3)  # stratified: error far below 1/sqrt(n)
    np.testing.assert_allclose(found, [54.0, 27.0], rtol=1e-3)


def test_the_sum_is_the_output_less_the_mean_output_of_the_baselines() -> None:
    rng = np.random.default_rng(1)
    baselines = rng.standard_normal((5, 2))
    found = expected_gradients(of_square, X, baselines, n_samples=5000, rng=rng)
    expected = 81.0 - ((baselines @ WEIGHTS) ** 2).mean()
    assert found.sum() == pytest.approx(expected, rel=0.01)


def test_baselines_take_turns() -> None:
    one = lambda points: np.ones_like(points)  # noqa: E731
    found = expected_gradients(
        one, X, np.array([[0.0, 1.0], [2.0, 5.0]]), n_samples=6, rng=np.random.default_rng(2)
    )
    np.testing.assert_allclose(found, [2.0, 0.0])  # x less the mean of the baselines, exactly


def test_what_cannot_be_used_is_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(GridMismatchError, match="expected baselines of shape"):
        expected_gradients(of_square, X, np.zeros(2), n_samples=1, rng=rng)
    with pytest.raises(InputError, match="at least one baseline"):
        expected_gradients(of_square, X, np.zeros((0, 2)), n_samples=1, rng=rng)
    with pytest.raises(InputError, match="one sample"):
        expected_gradients(of_square, X, np.zeros((1, 2)), n_samples=0, rng=rng)
