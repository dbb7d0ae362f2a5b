"""Gini index and entropy of maps whose values are known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.errors import EmptyMapError, InputError
from xai_core.trust import complexity, sparseness


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
