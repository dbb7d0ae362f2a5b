"""Fidelity and infidelity of maps that are right or wrong by construction."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.errors import GridMismatchError, InputError
from xai_core.trust import infidelity, mu_fidelity
from xai_core.values import FloatArray

RNG = np.random.default_rng(0)
X = RNG.random((5, 8))
SLOPE = RNG.standard_normal((5, 8))


def total(batch: FloatArray) -> FloatArray:
    return np.asarray(batch.reshape(len(batch), -1).sum(axis=1))


def linear(batch: FloatArray) -> FloatArray:
    return np.asarray(np.tensordot(batch, SLOPE, axes=2))


def test_the_contributions_of_a_sum_have_fidelity_1_and_their_negatives_minus_1() -> None:
    assert mu_fidelity(total, X, X, rng=np.random.default_rng(1)) == pytest.approx(1.0)
    assert mu_fidelity(total, X, -X, rng=np.random.default_rng(1)) == pytest.approx(-1.0)


def test_an_unrelated_map_has_a_fidelity_near_0() -> None:
    found = [
        mu_fidelity(linear, X, np.random.default_rng(k).random(X.shape), rng=RNG) for k in range(20)
    ]
    assert abs(np.mean(found)) < 0.15  # the standard error over 20 maps is 0.05
    assert mu_fidelity(linear, X, SLOPE * X, rng=RNG) == pytest.approx(1.0)


def test_the_baseline_decides_what_a_contribution_is() -> None:
    other = RNG.random(X.shape)
    rng = np.random.default_rng(2)
    assert mu_fidelity(linear, X, SLOPE * (X - other), baseline=other, rng=rng) == pytest.approx(1)


def test_a_correlation_that_is_not_defined_is_0() -> None:
    constant = lambda batch: np.zeros(len(batch))  # noqa: E731
    assert mu_fidelity(constant, X, X, rng=RNG) == 0.0
    assert mu_fidelity(total, X, np.zeros_like(X), rng=RNG) == 0.0


def test_the_gradient_of_a_linear_function_has_infidelity_0() -> None:
    assert infidelity(linear, X, SLOPE, rng=RNG) == pytest.approx(0.0, abs=1e-20)


def test_the_infidelity_of_a_zero_map_is_the_variance_of_the_output() -> None:
    found = infidelity(linear, X, np.zeros_like(X), noise=0.5, n_samples=20_000, rng=RNG)
    # I . slope is Gaussian with variance noise^2 |slope|^2; the standard error is 1 %
    assert found == pytest.approx(0.25 * (SLOPE**2).sum(), rel=0.04)


def test_what_cannot_be_used_is_refused() -> None:
    with pytest.raises(GridMismatchError, match="like the input"):
        mu_fidelity(total, X, X.T, rng=RNG)
    with pytest.raises(InputError, match="share between 0 and 1"):
        mu_fidelity(total, X, X, subset=1.0, rng=RNG)
    with pytest.raises(InputError, match="noise above 0"):
        infidelity(total, X, X, noise=0.0, rng=RNG)
