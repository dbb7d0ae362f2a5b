"""All pairs of many maps, the same numbers as pair by pair, much faster.

Conventions
-----------
Row i, column j is the metric of map i of the first set and map j of the second.
What does not depend on the partner is done once (:func:`prepare`): one row of double
precision a map, and nothing else of its size: flattened (difference, divergences),
sorted (values), or pooled masses in whole units (transport). 2,000 STFT maps take
2 GB. Pairs are lists of indices, `rows` into one set, `cols` into the other; they are
worked on in blocks, by threads that leave the interpreter alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

import numpy as np
import numpy.typing as npt

from xai_core.catalogue.metrics import metric as entry_of
from xai_core.errors import GridMismatchError, InputError
from xai_core.metrics.binwise import negentropies
from xai_core.metrics.registry import (
    Array,
    Indices,
    Prepared,
    as_distribution,
    as_map,
    kernel_of,
    same_grid,
)

__all__ = [
    "comparable",
    "distances",
    "pairwise",
    "parts_by_sign",
    "prepare",
    "values_of_pairs",
]

BLOCK = 32  # maps on each side of a block of pairs
Progress = Callable[[int, int], None]


def comparable(
    attribution: npt.NDArray[np.floating], metric: str, *, by_sign: bool = False
) -> Array:
    """Return what a metric compares of an attribution: itself, or a heatmap of it.

    Parameters
    ----------
    attribution : ndarray, shape (n_frames, n_bins)
        Signed, in the units of the model's output.
    metric : str
        One of :data:`xai_core.catalogue.metrics.METRICS`.
    by_sign : bool
        Whether heatmaps keep signs: the parts of :func:`parts_by_sign`, one
        distribution of twice the length, in place of absolute values. A metric on
        attributions keeps signs anyway.

    Raises
    ------
    InputError
        If the metric is unknown.

    Examples
    --------
    >>> comparable(np.array([[-2.0, 1.0]]), "emd")
    array([[2., 1.]])
    """
    if entry_of(metric).on == "attributions":
        return attribution
    return parts_by_sign(attribution) if by_sign else np.abs(attribution)


def parts_by_sign(attribution: npt.NDArray[np.floating]) -> Array:
    """Return the evidence for and the evidence against, each from zero upwards.

    Parameters
    ----------
    attribution : ndarray, shape (n_frames, n_bins)

    Returns
    -------
    ndarray, shape (2, n_frames, n_bins)
        Positive values, and negative ones without their sign. For the divergences and
        the distance of values both parts are bins like others; for the Earth Mover's
        Distance they are two layers of the plane, one axis length apart.

    Examples
    --------
    >>> parts_by_sign(np.array([[-2.0, 1.0]])).tolist()
    [[[0.0, 1.0]], [[2.0, 0.0]]]
    """
    return np.maximum(np.stack([attribution, -attribution]), 0.0)


def prepare(maps: Sequence[npt.ArrayLike], metric: str) -> Prepared:
    """Return maps made ready for a metric.

    Parameters
    ----------
    maps : sequence of array, each of shape (n_frames, n_bins) or (2, n_frames, n_bins)
        Attributions or heatmaps, as the metric's entry says; see :func:`comparable`.
    metric : str
        One of :data:`xai_core.catalogue.metrics.METRICS`.

    Raises
    ------
    InputError
        If the metric is unknown or there are no maps.
    GridMismatchError
        If the shapes differ.
    EmptyMapError
        If a heatmap is zero everywhere.
    """
    check = as_map if entry_of(metric).on == "attributions" else as_distribution
    kernel = kernel_of(metric)
    if len(maps) == 0:
        raise InputError("expected maps to compare, got none")
    first = check(maps[0])
    shaped = kernel.form(first)
    values = np.empty((len(maps), shaped.size), shaped.dtype)
    for k, one in enumerate(maps):
        checked = check(one)
        same_grid(first, checked)
        values[k] = kernel.form(checked).ravel()
    negentropy = np.empty(len(maps) if kernel.needs_negentropy else 0)
    if kernel.needs_negentropy:
        negentropies(values, negentropy)
    return Prepared(metric, first.shape, shaped.shape, values, negentropy)


def values_of_pairs(a: Prepared, b: Prepared, rows: Indices, cols: Indices) -> Array:
    """Return the metric of map ``rows[k]`` of `a` and map ``cols[k]`` of `b`.

    Parameters
    ----------
    a, b : Prepared
        For one metric; may be the same.
    rows, cols : ndarray of int64, shape (n_pairs,)

    Returns
    -------
    ndarray, shape (n_pairs,)

    Raises
    ------
    InputError
        If `a` and `b` are made ready for different metrics.
    GridMismatchError
        If their grids differ.
    """
    if a.metric != b.metric:
        raise InputError(f"expected maps made ready for one metric, got {a.metric} and {b.metric}")
    if a.grid != b.grid:
        raise GridMismatchError(
            f"expected two sets of maps of one grid, got {a.grid} and {b.grid}: are they of one "
            "spectrogram type?"
        )
    if rows.size == 0:
        return np.empty(0)
    return kernel_of(a.metric).values(a, b, rows, cols)


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
        Attributions or heatmaps, as the metric's entry says.
    metric : str
        One of :data:`xai_core.catalogue.metrics.METRICS`.
    progress : callable
        Called with (pairs done, pairs in all) as blocks are finished.

    Returns
    -------
    ndarray, shape (n, n)
        Symmetric where the metric is; else the row is its first map. Zero on
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
    symmetric = entry_of(metric).is_symmetric

    def wanted(rows: Indices, cols: Indices) -> npt.NDArray[np.bool_]:
        return rows < cols if symmetric else rows != cols

    out = np.zeros((len(maps), len(maps)))
    # a product with all rows takes the logarithms of the columns once
    height = len(maps) if kernel_of(metric).is_product else BLOCK
    blocks = list(_blocks(len(maps), height=height, wanted=wanted))
    for k, values in _worked(prepared, prepared, blocks, progress):
        rows, cols = blocks[k]
        out[rows, cols] = values
        if symmetric:
            out[cols, rows] = values
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
        From :func:`xai_core.metrics.pairwise.prepare`, for one metric; may be
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
    >>> from xai_core.metrics.pairwise import prepare
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
    n: int, *, height: int, wanted: Callable[[Indices, Indices], npt.NDArray[np.bool_]]
) -> Iterator[tuple[Indices, Indices]]:
    """Yield the wanted pairs of n maps, block by block."""
    for left in range(0, n, BLOCK):
        for top in range(0, n, height):
            rows, cols = np.meshgrid(
                np.arange(top, min(top + height, n), dtype=np.int64),
                np.arange(left, min(left + BLOCK, n), dtype=np.int64),
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
    threads = ThreadPoolExecutor(1 if kernel_of(a.metric).is_product else os.cpu_count())
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
