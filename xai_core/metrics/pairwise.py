"""All pairs of many maps, the same numbers as pair by pair, much faster.

Conventions
-----------
Row i, column j is the metric of map i of the first set and map j of the second.
Pairs are worked on in blocks, by threads that leave the interpreter alone; the
maps are held once in double precision (:mod:`xai_core.metrics.prepared`), and
no other array of their size is made.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

import numpy as np
import numpy.typing as npt

from xai_core.metrics.binwise import (
    difference_mean,
    js_divergence,
    kl_divergence,
)
from xai_core.metrics.checks import Array
from xai_core.metrics.prepared import Indices, Prepared, prepare, values_of_pairs
from xai_core.metrics.transport import emd, emd_values

__all__ = ["METRICS", "SYMMETRIC", "cross", "distances", "pairwise"]

METRICS: dict[str, Callable[..., float]] = {
    "difference_mean": difference_mean,
    "kl_divergence": kl_divergence,
    "js_divergence": js_divergence,
    "emd": emd,
    "emd_values": emd_values,
}
SYMMETRIC = frozenset(METRICS) - {"kl_divergence"}

BLOCK = 32  # maps on each side of a block of pairs

Progress = Callable[[int, int], None]


def pairwise(
    maps: Sequence[npt.ArrayLike],
    metric: str,
    *,
    progress: Progress = lambda done, total: None,
) -> Array:
    """Return a metric between every two of many maps.

    Parameters
    ----------
    maps : sequence of array, shape (n, n_frames, n_bins)
        Attributions for ``difference_mean``, heatmaps for the others.
    metric : str
        One of :data:`METRICS`.
    progress : callable
        Told (pairs done, pairs in all) as blocks are finished.

    Returns
    -------
    ndarray, shape (n, n)
        Symmetric but for ``kl_divergence``, where the row is ``p``; zero on
        the diagonal.

    Raises
    ------
    InputError
        If the metric is unknown or there are no maps.
    GridMismatchError
        If the shapes differ.
    EmptyMapError
        If a heatmap is zero everywhere.

    Examples
    --------
    >>> pairwise([[[0.0, 1.0]], [[0.0, 0.0]]], "difference_mean")
    array([[0. , 0.5],
           [0.5, 0. ]])
    """
    prepared = prepare(maps, metric)
    symmetric = metric in SYMMETRIC

    def wanted(rows: Indices, cols: Indices) -> npt.NDArray[np.bool_]:
        return rows < cols if symmetric else rows != cols

    out = np.zeros((len(maps), len(maps)))
    blocks = list(_blocks(len(maps), len(maps), metric, wanted))
    for k, values in _worked(prepared, prepared, blocks, progress):
        rows, cols = blocks[k]
        out[rows, cols] = values
        if symmetric:
            out[cols, rows] = values
    return out


def cross(
    maps_a: Sequence[npt.ArrayLike],
    maps_b: Sequence[npt.ArrayLike],
    metric: str,
    *,
    progress: Progress = lambda done, total: None,
) -> Array:
    """Return a metric between every map of one set and every map of another.

    Parameters
    ----------
    maps_a, maps_b : sequence of array, shapes (n_a, n_frames, n_bins), (n_b, n_frames, n_bins)
    others
        As :func:`pairwise`.

    Returns
    -------
    ndarray, shape (n_a, n_b)
        For ``kl_divergence`` the row is ``p``.

    Raises
    ------
    InputError, GridMismatchError, EmptyMapError
        As :func:`pairwise`.

    Examples
    --------
    >>> cross([[[0.0, 1.0]]], [[[0.0, 0.0]], [[0.0, 1.0]]], "difference_mean")
    array([[0.5, 0. ]])
    """
    a, b = prepare(maps_a, metric), prepare(maps_b, metric)
    out = np.zeros((len(a), len(b)))
    blocks = list(_blocks(len(a), len(b), metric, lambda rows, cols: np.ones_like(rows, np.bool_)))
    for k, values in _worked(a, b, blocks, progress):
        out[blocks[k]] = values
    return out


def distances(
    a: Prepared,
    b: Prepared,
    pairs: npt.ArrayLike,
    *,
    progress: Progress = lambda done, total: None,
) -> Array:
    """Return a metric of some pairs of maps that are made ready.

    Parameters
    ----------
    a, b : Prepared
        From :func:`xai_core.metrics.prepared.prepare`, for one metric; may be
        the same.
    pairs : array of int, shape (n_pairs, 2)
        Index into `a`, index into `b`.
    progress : callable
        As :func:`pairwise`.

    Returns
    -------
    ndarray, shape (n_pairs,)

    Raises
    ------
    InputError
        If `a` and `b` are made ready for different metrics.
    GridMismatchError
        If their grids differ.

    Examples
    --------
    >>> from xai_core.metrics.prepared import prepare
    >>> maps = prepare([[[0.0, 1.0]], [[0.0, 0.0]]], "difference_mean")
    >>> distances(maps, maps, [(0, 1)]).tolist()
    [0.5]
    """
    indices = np.asarray(pairs, np.int64).reshape(-1, 2)
    out = np.empty(len(indices))
    # pairs of near places together, so that blocks of them are dense if all pairs are asked for
    tiles = indices // BLOCK
    order = np.lexsort((indices[:, 1], indices[:, 0], tiles[:, 1], tiles[:, 0]))
    ends = np.flatnonzero(np.any(np.diff(tiles[order], axis=0), axis=1)) + 1
    places = np.split(order, ends)
    blocks = [(indices[part, 0].copy(), indices[part, 1].copy()) for part in places]
    for k, values in _worked(a, b, blocks, progress):
        out[places[k]] = values
    return out


def _blocks(
    n_a: int,
    n_b: int,
    metric: str,
    wanted: Callable[[Indices, Indices], npt.NDArray[np.bool_]],
) -> Iterator[tuple[Indices, Indices]]:
    """Yield the wanted pairs, block by block."""
    # A product with all rows takes the logarithms of the columns once.
    height = n_a if metric == "kl_divergence" else BLOCK
    for left in range(0, n_b, BLOCK):
        for top in range(0, n_a, height):
            rows, cols = np.meshgrid(
                np.arange(top, min(top + height, n_a), dtype=np.int64),
                np.arange(left, min(left + BLOCK, n_b), dtype=np.int64),
                indexing="ij",
            )
            some = wanted(rows, cols)
            if some.any():
                yield rows[some], cols[some]


def _worked(
    a: Prepared, b: Prepared, blocks: Sequence[tuple[Indices, Indices]], progress: Progress
) -> Iterator[tuple[int, Array]]:
    """Yield the number and the values of each block, in the order in which they are finished."""
    done, total = 0, sum(rows.size for rows, _ in blocks)
    # A matrix product has threads of its own.
    threads = ThreadPoolExecutor(1 if a.metric == "kl_divergence" else os.cpu_count())
    try:
        jobs = {
            threads.submit(values_of_pairs, a, b, rows, cols): k
            for k, (rows, cols) in enumerate(blocks)
        }
        for job in as_completed(jobs):
            values = job.result()
            yield jobs[job], values
            done += values.size
            progress(done, total)
    finally:  # who stops in the middle waits for the running blocks alone
        threads.shutdown(cancel_futures=True)
