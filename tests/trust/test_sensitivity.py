"""Sensitivity of maps to the input and to the class."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.errors import EmptyMapError, GridMismatchError, InputError
from xai_core.trust import max_sensitivity, overlap_of_strongest

X = np.ones((4, 5))


def test_a_map_that_follows_the_input_moves_as_much_as_the_input() -> None:
    found = max_sensitivity(lambda x: x, X, radius=0.1, n_samples=50, rng=np.random.default_rng(0))
    # each of 20 bins moves by at most 0.1 of 1, in the mean square by 0.1 / sqrt(3)
    assert 0.1 / np.sqrt(3) < found <= 0.1


def test_it_is_relative_to_the_map_and_grows_with_its_slope() -> None:
    def sensitivity(power: float) -> float:
        return max_sensitivity(lambda x: 7 * x**power, X, radius=1e-3, rng=np.random.default_rng(1))

    assert sensitivity(3) == pytest.approx(3 * sensitivity(1), rel=0.01)  # d(x^3) = 3 dx at 1
    assert max_sensitivity(lambda x: np.ones(3), X, rng=np.random.default_rng(1)) == 0.0


def test_overlap_of_the_strongest() -> None:
    a = np.arange(100.0)
    assert overlap_of_strongest(a, a) == 1.0
    assert overlap_of_strongest(a, -a) == 0.0
    assert overlap_of_strongest(a, np.roll(a, 4), share=0.1) == 0.6  # the last ten, moved by 4
    rng = np.random.default_rng(2)
    found = [overlap_of_strongest(rng.random(1000), rng.random(1000)) for _ in range(100)]
    assert np.mean(found) == pytest.approx(0.1, abs=0.01)  # the standard error is 0.003


def test_what_cannot_be_used_is_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(EmptyMapError, match="zero everywhere"):
        max_sensitivity(np.zeros_like, X, rng=rng)
    with pytest.raises(InputError, match="radius above 0"):
        max_sensitivity(lambda x: x, X, radius=0.0, rng=rng)
    with pytest.raises(GridMismatchError, match="one shape"):
        overlap_of_strongest(X, X.T)
    with pytest.raises(InputError, match="share"):
        overlap_of_strongest(X, X, share=0.0)
