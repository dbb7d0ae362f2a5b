"""Relevance inside a mask, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.errors import EmptyMapError, GridMismatchError, InputError
from xai_core.trust import pointing, relevance_mass, relevance_rank

MAP = np.array([[5.0, 1.0, 0.0], [-9.0, 3.0, 2.0]])
MASK = np.array([[True, False, False], [True, False, True]])  # holds 5, -9 and 2


def test_counted_by_hand() -> None:
    assert relevance_mass(MAP, MASK) == pytest.approx(7 / 11)  # negative values count nowhere
    assert relevance_rank(MAP, MASK) == pytest.approx(2 / 3)  # of 5, 3 and 2 two lie inside
    assert pointing(MAP, MASK)
    assert not pointing(-MAP, ~MASK)  # the strongest of the negated map is where -9 was


def test_extremes() -> None:
    assert relevance_mass(np.maximum(MAP, 0), np.ones_like(MASK)) == 1.0
    assert relevance_mass(MASK.astype(float), MASK) == 1.0
    assert relevance_rank(MASK.astype(float), MASK) == 1.0
    assert relevance_mass((~MASK).astype(float), MASK) == 0.0
    assert relevance_rank((~MASK).astype(float), MASK) == 0.0


def test_what_cannot_be_used_is_refused() -> None:
    with pytest.raises(EmptyMapError, match="evidence for the answer"):
        relevance_mass(-np.ones(2), np.array([True, False]))
    for measure in (relevance_mass, relevance_rank, pointing):
        with pytest.raises(GridMismatchError, match="expected a mask of shape"):
            measure(MAP, MASK.T)
        with pytest.raises(InputError, match="at least one bin"):
            measure(MAP, np.zeros_like(MASK))
        with pytest.raises(InputError, match="True and False"):
            measure(MAP, MASK.astype(int))
