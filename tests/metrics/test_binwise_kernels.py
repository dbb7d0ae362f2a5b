"""Compiled sums against SciPy and NumPy, pair by pair."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.special import xlogy
from scipy.stats import entropy

from xai_core.metrics import binwise

RNG = np.random.default_rng(0)
P = RNG.dirichlet(np.full(30, 0.3), size=6)
Q = RNG.dirichlet(np.full(30, 0.3), size=5)
P[2, :10] = 0.0  # 0 ln 0 is 0
P /= P.sum(axis=1, keepdims=True)
ROWS, COLS = np.array([0, 2, 2, 5, 5]), np.array([4, 0, 3, 1, 1])


def _middle(p: np.ndarray, q: np.ndarray) -> float:
    m = (p + q) / 2
    return float(xlogy(m, m).sum())


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        (binwise.absolute_differences, lambda p, q: np.abs(p - q).sum()),
        (binwise.relative_entropies, entropy),
        (binwise.middle_negentropies, _middle),
        (binwise.divergences_from_middle, lambda p, q: jensenshannon(p, q) ** 2),
    ],
)
def test_pairs_of_rows(
    kernel: Callable[..., None], expected: Callable[[np.ndarray, np.ndarray], float]
) -> None:
    out = np.full(ROWS.size, np.nan)
    kernel(P, Q, ROWS, COLS, out)
    by_hand = [expected(P[i], Q[j]) for i, j in zip(ROWS, COLS, strict=True)]
    np.testing.assert_allclose(out, by_hand, rtol=1e-12)  # orders of summation differ


def test_negentropy_is_minus_the_entropy() -> None:
    out = np.full(len(P), np.nan)
    binwise.negentropies(P, out)
    np.testing.assert_allclose(out, -entropy(P, axis=1), rtol=1e-12)


@pytest.mark.parametrize(
    "name",
    [
        "absolute_differences",
        "divergences_from_middle",
        "middle_negentropies",
        "negentropies",
        "relative_entropies",
    ],
)
def test_what_is_compiled_is_kept_on_disk(name: str) -> None:
    assert getattr(binwise, name).stats.cache_path is not None  # a second in each process otherwise
