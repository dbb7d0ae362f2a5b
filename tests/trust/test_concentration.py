"""Sparseness and complexity, and masks, of maps whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.errors import EmptyMapError, GridMismatchError, InputError
from xai_core.trust import complexity, pointing, relevance_mass, relevance_rank, sparseness

MAP = np.array([[5.0, 1.0, 0.0], [-9.0, 3.0, 2.0]])
MASK = np.array([[True, False, False], [True, False, True]])  # holds 5, -9 and 2


@pytest.mark.parametrize("n", [1, 2, 7, 1000])
def test_extremes(n: int) -> None:
    one_hot = np.eye(n)[0]
    assert sparseness(np.full(n, -3.0)) == pytest.approx(0.0, abs=1e-12)
    assert sparseness(one_hot) == pytest.approx(1 - 1 / n)
    assert complexity(np.full(n, 0.2)) == pytest.approx(np.log(n))
    assert complexity(one_hot) == 0.0


def test_values_by_hand() -> None:
    assert sparseness(np.array([[1.0, -2.0], [3.0, 4.0]])) == pytest.approx(0.25)
    shares = np.array([0.5, 0.25, 0.25])
    assert complexity(-8 * shares) == pytest.approx(1.5 * np.log(2))


def test_neither_depends_on_unit_order_or_sign() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal((6, 9))
    other = -1e-300 * rng.permutation(values.ravel())
    assert sparseness(other) == pytest.approx(sparseness(values), rel=1e-9)
    assert complexity(other) == pytest.approx(complexity(values), rel=1e-9)


@pytest.mark.parametrize("measure", [sparseness, complexity])
def test_maps_without_bins_or_mass_are_refused(measure: type) -> None:
    with pytest.raises(EmptyMapError, match="zero everywhere"):
        measure(np.zeros((3, 3)))
    with pytest.raises(InputError, match="finite"):
        measure(np.array([1.0, np.nan]))
    with pytest.raises(InputError, match="no bins"):
        measure(np.zeros(0))


def test_counted_by_hand() -> None:
    assert relevance_mass(MAP, MASK) == pytest.approx(7 / 11)  # negative values count nowhere
    assert relevance_rank(MAP, MASK) == pytest.approx(2 / 3)  # of 5, 3 and 2 two lie inside
    assert pointing(MAP, MASK)
    assert not pointing(-MAP, ~MASK)  # the strongest of the negated map is where -9 was


def test_extremes_inside_a_mask() -> None:
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
