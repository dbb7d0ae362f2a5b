"""The catalogue of metrics: choices, directions, and ranges that hold."""

from __future__ import annotations

import numpy as np
import pytest

from tests.metrics.heatmaps import sparse_heatmap
from xai_core.catalogue.metrics import METRICS, metric
from xai_core.catalogue.paper import DISTANCES_MEANT, METRICS_WITHOUT_UNIT, PAPER_METRICS
from xai_core.errors import InputError
from xai_core.metrics import function_of
from xai_core.metrics.registry import pair_metric


def test_an_unknown_metric_is_refused_with_the_choices() -> None:
    with pytest.raises(InputError, match=r"unknown metric 'cosine': choose one of difference_mean"):
        metric("cosine")
    with pytest.raises(InputError, match="unknown metric 'cosine'"):
        function_of("cosine")


def test_a_function_without_an_entry_is_refused() -> None:
    def cosine(p: np.ndarray, q: np.ndarray) -> float:
        return 0.0

    with pytest.raises(InputError, match="unknown metric 'cosine'"):
        pair_metric()(cosine)


def test_an_entry_without_a_function_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METRICS, "cosine", METRICS["emd"])
    monkeypatch.setattr("xai_core.metrics.registry._REGISTERED", {})
    with pytest.raises(InputError, match="'emd' has an entry in the catalogue and no function"):
        function_of("emd")


def test_one_column_a_direction() -> None:
    assert list(METRICS["emd"].directions) == ["emd"]
    assert list(METRICS["kl_divergence"].directions) == ["kl_divergence", "kl_divergence_reversed"]


@pytest.mark.parametrize("name", METRICS)
def test_values_are_in_the_range_and_symmetric_where_it_is_said(name: str) -> None:
    rng = np.random.default_rng(0)
    low, high = METRICS[name].range
    apart = np.eye(2)[0:1], np.eye(2)[1:2]  # nothing in common
    for a, b in (apart, (sparse_heatmap(rng, (9, 5)), sparse_heatmap(rng, (9, 5)))):
        there, back = function_of(name)(a, b), function_of(name)(b, a)
        assert low <= there <= high
        if METRICS[name].is_symmetric:
            assert there == pytest.approx(back, rel=1e-12)
        assert function_of(name)(a, a) == pytest.approx(low, abs=1e-12)


def test_what_the_paper_measures_is_in_the_catalogue() -> None:
    meant = {name for names in DISTANCES_MEANT.values() for name in names.values()}
    assert {*PAPER_METRICS, *DISTANCES_MEANT, *METRICS_WITHOUT_UNIT, *meant} <= set(METRICS)
