from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from tests.metrics.heatmaps import SHAPES, small_maps, sparse_heatmap
from xai_core.errors import EmptyMapError, GridMismatchError, InputError
from xai_core.metrics import js_divergence, kl_divergence

P, Q = [[0.5, 0.2, 0.3]], [[0.1, 0.25, 0.65]]


def test_known_answer_4_kullback_leibler() -> None:
    # epsilon of 1e-10 moves them by less than 1e-8
    assert kl_divergence(P, Q) == pytest.approx(0.5281333, abs=5e-8)
    assert kl_divergence(Q, P) == pytest.approx(0.3974155, abs=5e-8)
    assert kl_divergence(P, Q, epsilon=0.0) == pytest.approx(float(entropy(P[0], Q[0])), rel=1e-12)


def test_known_answer_4_a_zero_in_q_stays_finite() -> None:
    # half of p lies where q has 1e-10: 0.5 ln(0.5 / 1e-10) + 0.5 ln(0.5 / 1)
    expected = 0.5 * np.log(0.5 / 1e-10) + 0.5 * np.log(0.5)
    assert kl_divergence([[0.5, 0.5]], [[0.0, 1.0]]) == pytest.approx(expected, rel=1e-8)


def test_known_answer_5_jensen_shannon() -> None:
    assert js_divergence([[1.0, 0.0]], [[0.5, 0.5]]) == pytest.approx(0.2157616, abs=5e-8)
    assert js_divergence([[1.0, 0.0]], [[0.0, 1.0]]) == pytest.approx(np.log(2), rel=1e-15)


@pytest.mark.parametrize("shape", SHAPES)
def test_they_agree_with_scipy(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    p, q = sparse_heatmap(rng, shape), sparse_heatmap(rng, shape)
    raised = [(one + 1e-10).ravel() for one in (p, q)]
    assert kl_divergence(p, q) == pytest.approx(float(entropy(*raised)), rel=1e-9)
    expected = float(jensenshannon(p.ravel(), q.ravel())) ** 2
    assert js_divergence(p, q) == pytest.approx(expected, rel=1e-9)


@given(small_maps, small_maps)
def test_bounds_symmetry_and_identity(p: np.ndarray, q: np.ndarray) -> None:
    assert kl_divergence(p, q) >= -1e-15  # rounding
    js = js_divergence(p, q)
    assert -1e-15 <= js <= np.log(2) + 1e-15
    assert js == pytest.approx(js_divergence(q, p), rel=1e-12, abs=1e-15)
    assert js_divergence(p, 3 * p) == pytest.approx(0.0, abs=1e-15)
    assert kl_divergence(p, 3 * p) == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("metric", [kl_divergence, js_divergence])
def test_what_is_no_heatmap_is_refused(metric: object) -> None:
    assert callable(metric)
    with pytest.raises(EmptyMapError, match="zero everywhere"):
        metric(np.zeros((2, 2)), np.ones((2, 2)))
    with pytest.raises(InputError, match="negative values"):
        metric([[1.0, -1.0]], [[1.0, 1.0]])
    with pytest.raises(GridMismatchError, match="one grid"):
        metric(np.ones((2, 2)), np.ones((2, 3)))


def test_an_epsilon_out_of_range_is_refused() -> None:
    with pytest.raises(InputError, match="epsilon"):
        kl_divergence(P, Q, epsilon=-1e-3)
