"""Quadrature rules: weights that sum to 1, textbook nodes, exactness on polynomials."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special

from xai_core.attribution import RULES, quadrature
from xai_core.errors import InputError

STEPS = [1, 2, 3, 4, 5, 8, 16, 31, 50, 64, 100, 255, 512]


def test_gauss_legendre_nodes_and_weights_of_the_textbook() -> None:
    alphas, weights = quadrature("gauss_legendre", 2)
    np.testing.assert_allclose(alphas, [0.21132487, 0.78867513], atol=5e-9)
    np.testing.assert_allclose(weights, [0.5, 0.5], atol=1e-15)
    alphas, weights = quadrature("gauss_legendre", 3)
    np.testing.assert_allclose(alphas, [0.11270167, 0.5, 0.88729833], atol=5e-9)
    np.testing.assert_allclose(weights, [5 / 18, 8 / 18, 5 / 18], atol=1e-15)


@pytest.mark.parametrize("n_steps", STEPS)
def test_gauss_legendre_agrees_with_scipy(n_steps: int) -> None:
    nodes, weights = scipy.special.roots_legendre(n_steps)
    alphas, ours = quadrature("gauss_legendre", n_steps)
    np.testing.assert_allclose(alphas, (nodes + 1) / 2, atol=1e-13)
    np.testing.assert_allclose(ours, weights / 2, atol=1e-13)


def test_midpoint_and_trapezoid_by_hand() -> None:
    alphas, weights = quadrature("midpoint", 4)
    assert alphas.tolist() == [0.125, 0.375, 0.625, 0.875]
    assert weights.tolist() == [0.25] * 4
    alphas, weights = quadrature("trapezoid", 5)
    assert alphas.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert weights.tolist() == [0.125, 0.25, 0.25, 0.25, 0.125]


@pytest.mark.parametrize("rule", RULES)
def test_weights_sum_to_one_for_every_number_of_steps(rule: str) -> None:
    for n_steps in (*range(1, 101), *STEPS):
        alphas, weights = quadrature(rule, n_steps)
        assert alphas.shape == weights.shape == (n_steps,)
        assert weights.sum() == pytest.approx(1.0, abs=1e-12)  # 512 roundings of 1e-16
        assert (weights > 0).all()
        assert alphas[0] >= 0.0
        assert alphas[-1] <= 1.0
        assert (np.diff(alphas) > 0).all()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("n_steps", STEPS)
def test_rules_are_symmetric(rule: str, n_steps: int) -> None:
    alphas, weights = quadrature(rule, n_steps)
    np.testing.assert_allclose(alphas, 1.0 - alphas[::-1], atol=1e-13)
    np.testing.assert_allclose(weights, weights[::-1], atol=1e-13)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("n_steps", STEPS)
def test_polynomials_up_to_the_degree_of_the_rule_are_exact(rule: str, n_steps: int) -> None:
    degree = 2 * n_steps - 1 if rule == "gauss_legendre" else 1
    alphas, weights = quadrature(rule, n_steps)
    for power in {0, 1, degree // 2, degree}:
        assert weights @ alphas**power == pytest.approx(1.0 / (power + 1), abs=1e-13)


@pytest.mark.parametrize("rule", ["midpoint", "trapezoid"])
def test_doubling_the_steps_quarters_the_error(rule: str) -> None:
    def error(n_steps: int) -> float:
        alphas, weights = quadrature(rule, n_steps)
        return float(abs(weights @ np.exp(alphas) - (np.e - 1.0)))

    # n nodes of a trapezoid make n - 1 intervals
    coarse, fine = (11, 21) if rule == "trapezoid" else (10, 20)
    assert error(coarse) / error(fine) == pytest.approx(4.0, rel=0.01)


def test_a_trapezoid_of_one_step_is_the_midpoint() -> None:
    alphas, weights = quadrature("trapezoid", 1)
    assert (alphas.tolist(), weights.tolist()) == ([0.5], [1.0])


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="unknown rule 'simpson': choose one of midpoint"):
        quadrature("simpson", 10)
    for n_steps in (0, -1):
        with pytest.raises(InputError, match=f"expected at least 1 step, got {n_steps}"):
            quadrature("midpoint", n_steps)
