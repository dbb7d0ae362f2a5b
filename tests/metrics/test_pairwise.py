from __future__ import annotations

import importlib
import time
import tracemalloc

import numpy as np
import pytest

from tests.metrics.heatmaps import sparse_heatmap
from xai_core.catalogue.metrics import metric as entry_of
from xai_core.errors import EmptyMapError, GridMismatchError, InputError
from xai_core.metrics import METRICS, pairwise
from xai_core.metrics.pairwise import BLOCK, values_of_pairs
from xai_core.metrics.registry import Indices, Prepared

pairwise_module = importlib.import_module("xai_core.metrics.pairwise")  # hidden by the function

N_MAPS = 40  # more than one block


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("shape", [(126, 40), (126, 6)])
def test_known_answer_7_the_matrix_is_the_loop(metric: str, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    maps = [sparse_heatmap(rng, shape) for _ in range(N_MAPS)]
    maps[7] = maps[3].copy()  # identical
    maps[9] = 0.999 * maps[3] + 0.001 * maps[4]  # nearly so: entropies differ by rounding
    if metric == "difference_mean":
        maps = [one - maps[0] for one in maps]
    got = pairwise(maps, metric)
    for i in (0, 3, 7, 9, 31, 32, 39):
        for j in range(N_MAPS):
            expected = METRICS[metric](maps[i], maps[j])
            assert got[i, j] == pytest.approx(expected, rel=1e-6, abs=1e-15), (i, j)
    assert not got.diagonal().any()
    assert entry_of(metric).is_symmetric == np.array_equal(got, got.T)


def test_progress_counts_every_pair_once() -> None:
    maps = [sparse_heatmap(np.random.default_rng(i), (9, 5)) for i in range(N_MAPS)]
    for metric, n_pairs in (("emd", N_MAPS * (N_MAPS - 1) // 2), ("kl_divergence", 40 * 39)):
        told: list[tuple[int, int]] = []
        pairwise(maps, metric, progress=lambda done, total, told=told: told.append((done, total)))
        assert told[-1] == (n_pairs, n_pairs)
        assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize("metric", [name for name in METRICS if name != "emd"])  # pools its maps
def test_maps_are_held_once(metric: str) -> None:
    n, shape = 250, (126, 40)  # 10 MB of doubles; a block of logarithms is an eighth of that
    maps = np.random.default_rng(0).random((n, *shape), np.float32)
    pairwise(maps[:2], metric)  # compiled
    result = 8 * n * n
    tracemalloc.start()
    try:
        pairwise(maps, metric)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak - 4 * result < 1.3 * 8 * maps.size  # the result, and the indices of its pairs


def test_who_stops_in_the_middle_does_not_wait_for_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    maps = [sparse_heatmap(np.random.default_rng(i), (9, 5)) for i in range(20 * BLOCK)]
    started: list[int] = []

    def counted(a: Prepared, b: Prepared, rows: Indices, cols: Indices) -> np.ndarray:
        started.append(rows.size)
        time.sleep(0.01)
        return values_of_pairs(a, b, rows, cols)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pairwise_module, "values_of_pairs", counted)
    with pytest.raises(KeyboardInterrupt):
        pairwise(maps, "emd_values", progress=stop)
    assert len(started) < 100  # of 210 blocks


def test_one_map_has_no_pair() -> None:
    np.testing.assert_array_equal(pairwise([np.ones((3, 2))], "emd"), [[0.0]])


def test_what_cannot_be_compared_is_refused() -> None:
    full = np.ones((2, 2))
    with pytest.raises(InputError, match="unknown metric 'cosine': choose one of difference_mean"):
        pairwise([full], "cosine")
    with pytest.raises(InputError, match="got none"):
        pairwise([], "emd")
    with pytest.raises(GridMismatchError, match="one grid"):
        pairwise([full, np.ones((2, 3))], "emd")
    with pytest.raises(EmptyMapError, match="zero everywhere"):
        pairwise([full, np.zeros((2, 2))], "js_divergence")
