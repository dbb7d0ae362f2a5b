"""Weights of types: against a general optimiser, and where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from xai_core.scores import certain_logs, combine_classes
from xai_core.scoring import learn_weights, verdict

N_CLASSES = 4


def _answers(rng: np.random.Generator, family: np.ndarray, sureness: float) -> np.ndarray:
    z = rng.normal(size=(family.size, N_CLASSES))
    z[np.arange(family.size), family] += sureness
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def test_a_type_that_knows_nothing_counts_for_nothing() -> None:
    rng = np.random.default_rng(0)
    family = rng.integers(0, N_CLASSES, 2000)
    weights = learn_weights([_answers(rng, family, 2.0), _answers(rng, family, 0.0)], family)
    assert weights[0] > 0.8
    assert 0.0 <= weights[1] < 0.05


def test_a_type_told_twice_counts_half() -> None:
    rng = np.random.default_rng(1)
    family = rng.integers(0, N_CLASSES, 2000)
    p = _answers(rng, family, 1.5)
    (once,) = learn_weights([p], family)
    twice = learn_weights([p, p], family)
    assert twice[0] == pytest.approx(twice[1], abs=1e-3)
    assert twice.sum() == pytest.approx(once, abs=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_the_optimum_is_that_of_a_general_optimiser(seed: int) -> None:
    rng = np.random.default_rng(seed)
    family = rng.choice(N_CLASSES, 300, p=[0.7, 0.1, 0.1, 0.1])
    answers = [_answers(rng, family, one) for one in (2.0, 1.0, -0.5)]

    def loss(weights: np.ndarray) -> float:
        p = combine_classes(answers, np.abs(weights).tolist())
        surprise = -certain_logs(p[np.arange(family.size), family])
        by_class = [surprise[family == k].mean() for k in range(N_CLASSES)]
        return float(np.mean(by_class) + verdict.PULL / 2 * np.sum((np.abs(weights) - 1 / 3) ** 2))

    best = np.abs(minimize(loss, [0.5, 0.5, 0.1], method="Nelder-Mead", tol=1e-10).x)
    np.testing.assert_allclose(learn_weights(answers, family), best, atol=2e-3)
