"""Which filters are shown."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.attribution import choose_filters
from xai_core.errors import GridMismatchError, InputError


def _activations(means: list[float]) -> np.ndarray:
    """Return maps (3, 5, n) whose channel means are as given, though unevenly spread."""
    bumps = np.random.default_rng(0).random((3, 5, len(means)))
    return np.asarray(bumps / bumps.mean(axis=(0, 1)) * np.array(means), np.float32)


ONES = np.ones((3, 5, 6))


def test_first_filters_are_those_of_the_paper() -> None:
    assert choose_filters(_activations([0, 0, 9, 8, 7, 6]), ONES, choice="first") == (0, 1, 2, 3)


def test_the_filters_that_contribute_most_come_first() -> None:
    activations = _activations([0.1, 5.0, 0.2, 7.0, 3.0])
    gradients = np.ones((3, 5, 5)) * [9.0, 0.1, -50.0, 1.0, 0.0]  # products 0.9, 0.5, 10, 7, 0
    found = choose_filters(activations, gradients, choice="most_relevant", n_filters=4)
    assert found == (2, 3, 0, 1)


def test_a_filter_that_responds_to_the_silence_after_a_note_does_not_count() -> None:
    activations, gradients = np.zeros((10, 4, 2)), np.zeros((10, 4, 2))
    activations[3:, :, 0] = 9.0  # the silence, which does not move the answer
    activations[:3, :, 1], gradients[:3, :, 1] = 1.0, 0.5  # the note, which does
    assert choose_filters(activations, gradients, choice="most_relevant", n_filters=1) == (1,)


def test_dead_filters_keep_their_order() -> None:
    zero = np.zeros((2, 2, 6))
    assert choose_filters(zero, zero, choice="most_relevant") == (0, 1, 2, 3)


@pytest.mark.parametrize("choice", ["first", "most_relevant"])
def test_a_layer_with_fewer_filters_shows_all(choice: str) -> None:
    chosen = choose_filters(_activations([3, 2, 1]), ONES[..., :3], choice=choice, n_filters=8)
    assert chosen == (0, 1, 2)
    assert all(isinstance(k, int) for k in chosen)


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="unknown choice of filters 'best'"):
        choose_filters(ONES, ONES, choice="best")
    for n_filters in (0, -1):
        with pytest.raises(InputError, match="at least 1 filter"):
            choose_filters(ONES, ONES, choice="most_relevant", n_filters=n_filters)
    with pytest.raises(GridMismatchError, match="two arrays of one shape"):
        choose_filters(ONES, ONES[..., :2], choice="first")
