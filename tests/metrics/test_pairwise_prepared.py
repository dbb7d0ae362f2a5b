from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tests.metrics.heatmaps import sparse_heatmap
from xai_core.errors import EmptyMapError, GridMismatchError, InputError
from xai_core.metrics import METRICS, distances, pairwise, prepare
from xai_core.metrics.pairwise import Progress

N_A, N_B = 40, 35  # more than one block


def _maps(n: int, seed: int, shape: tuple[int, int] = (126, 12)) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [sparse_heatmap(rng, shape) for _ in range(n)]


def _rectangle(
    a: Sequence[np.ndarray],
    b: Sequence[np.ndarray],
    metric: str,
    *,
    progress: Progress = lambda done, total: None,
) -> np.ndarray:
    """Return a metric of every map of one set and every map of another."""
    pairs = np.argwhere(np.ones((len(a), len(b)), bool))
    found = distances(prepare(a, metric), prepare(b, metric), pairs, progress=progress)
    return found.reshape(len(a), len(b))


@pytest.mark.parametrize("metric", METRICS)
def test_the_rectangle_is_the_loop(metric: str) -> None:
    a, b = _maps(N_A, 0), _maps(N_B, 1)
    b[3] = a[5]  # identical
    b[4] = 0.9999 * a[5] + 0.0001 * a[6]  # nearly so: entropies differ by rounding
    got = _rectangle(a, b, metric)
    assert got.shape == (N_A, N_B)
    for i in (0, 5, 31, 32, 39):
        for j in range(N_B):
            assert got[i, j] == pytest.approx(METRICS[metric](a[i], b[j]), rel=1e-6, abs=1e-15)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("n_pairs", [1, 20, 1000])  # scattered ones, and most of a block
def test_some_pairs_are_read_off_the_rectangle(metric: str, n_pairs: int) -> None:
    a, b = _maps(N_A, 0), _maps(N_B, 1)
    whole = _rectangle(a, b, metric)
    rng = np.random.default_rng(2)
    pairs = np.stack([rng.integers(N_A, size=n_pairs), rng.integers(N_B, size=n_pairs)], axis=1)
    got = distances(prepare(a, metric), prepare(b, metric), pairs)
    np.testing.assert_allclose(got, whole[pairs[:, 0], pairs[:, 1]], rtol=1e-6, atol=1e-15)


@pytest.mark.parametrize("metric", METRICS)
def test_a_set_with_itself_is_the_square(metric: str) -> None:
    maps = _maps(N_A, 0)
    prepared = prepare(maps, metric)
    pairs = np.argwhere(~np.eye(N_A, dtype=bool))
    square = pairwise(maps, metric)
    got = distances(prepared, prepared, pairs)
    np.testing.assert_allclose(got, square[tuple(pairs.T)], rtol=1e-6, atol=1e-15)


def test_progress_counts_every_pair_once() -> None:
    a, b = _maps(N_A, 0, (9, 5)), _maps(N_B, 1, (9, 5))
    for metric in METRICS:
        told: list[tuple[int, int]] = []
        _rectangle(a, b, metric, progress=lambda done, total, told=told: told.append((done, total)))
        assert told[-1] == (N_A * N_B, N_A * N_B)
        assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_no_pairs_have_no_values() -> None:
    prepared = prepare(_maps(2, 0), "emd")
    assert distances(prepared, prepared, []).shape == (0,)


def test_what_is_kept_of_a_map_is_one_row_of_doubles() -> None:
    maps = np.stack(_maps(5, 0, (126, 40))).astype(np.float32)
    for metric in METRICS:
        prepared = prepare(maps, metric)
        assert len(prepared) == 5
        assert prepared.values.itemsize == 8
        assert prepared.values.nbytes <= 5 * 126 * 40 * 8
        assert prepared.negentropy.nbytes <= 5 * 8
    assert prepare(maps, "emd").plane == (32, 20)


def test_what_cannot_be_compared_is_refused() -> None:
    full = np.ones((2, 2))
    with pytest.raises(InputError, match="one metric, got emd and js_divergence"):
        distances(prepare([full], "emd"), prepare([full], "js_divergence"), [(0, 0)])
    with pytest.raises(GridMismatchError, match=r"one grid, got \(2, 2\) and \(2, 3\)"):
        _rectangle([full], [np.ones((2, 3))], "emd")
    with pytest.raises(EmptyMapError, match="zero everywhere"):
        _rectangle([full], [np.zeros((2, 2))], "emd")
    with pytest.raises(InputError, match="unknown metric 'cosine'"):
        prepare([full], "cosine")
    with pytest.raises(InputError, match="got none"):
        _rectangle([full], [], "emd")
