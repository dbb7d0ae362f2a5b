"""Which filters are shown."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.attribution import choose_filters
from xai_core.errors import InputError


def _activations(means: list[float]) -> np.ndarray:
    """Return maps (3, 5, n) whose channel means are as given, though unevenly spread."""
    bumps = np.random.default_rng(0).random((3, 5, len(means)))
    return np.asarray(bumps / bumps.mean(axis=(0, 1)) * np.array(means), np.float32)


def test_first_filters_are_those_of_the_paper() -> None:
    assert choose_filters(_activations([0, 0, 9, 8, 7, 6]), choice="first") == (0, 1, 2, 3)


def test_most_active_filters_come_largest_first() -> None:
    activations = _activations([0.1, 5.0, 0.2, 7.0, 3.0])
    assert choose_filters(activations, choice="most_active", n_filters=3) == (3, 1, 4)


def test_a_single_high_bin_does_not_beat_a_broad_map() -> None:
    activations = np.zeros((10, 10, 2))
    activations[0, 0, 0] = 50.0  # mean 0.5
    activations[..., 1] = 1.0
    assert choose_filters(activations, choice="most_active", n_filters=1) == (1,)


def test_dead_filters_keep_their_order() -> None:
    assert choose_filters(np.zeros((2, 2, 6)), choice="most_active") == (0, 1, 2, 3)


@pytest.mark.parametrize("choice", ["first", "most_active"])
def test_a_layer_with_fewer_filters_shows_all(choice: str) -> None:
    chosen = choose_filters(_activations([3, 2, 1]), choice=choice, n_filters=8)
    assert chosen == (0, 1, 2)
    assert all(isinstance(k, int) for k in chosen)


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="unknown choice of filters 'best'"):
        choose_filters(np.zeros((2, 2, 4)), choice="best")
    for n_filters in (0, -1):
        with pytest.raises(InputError, match="at least 1 filter"):
            choose_filters(np.zeros((2, 2, 4)), choice="most_active", n_filters=n_filters)
