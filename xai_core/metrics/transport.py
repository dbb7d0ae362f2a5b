"""Earth Mover's Distance between heatmaps, on the plane and between values.

Conventions
-----------
Heatmaps are non-negative and are scaled to sum to 1 first. On the plane each
axis is scaled to [0, 1], from the first bin to the last; maps are pooled by
block sums to at most 32 x 32 bins, the last block of an axis being what is left.

With the city-block ground distance the distance is a minimum-cost flow on the grid
(Ling and Okada 2007), found by a network simplex made for it. Mass moves between
neighbouring bins, along time or along frequency; a step costs what the axis says.
A grid of n bins has 2n arcs instead of the n^2 of the dense problem. Masses and
costs are whole numbers, so no rounding decides a pivot.

A map that keeps its signs has two layers, evidence for and evidence against, each a
plane of its own. Mass may change its sign where it lies, which costs one axis length:
the sign is a third axis of two bins, scaled to [0, 1] like the others.

Every spanning tree of the grid carries a feasible flow, since arcs run both
ways: the method starts from a comb (the first bin of each frame joined in
time, each frame joined along frequency) and needs no artificial arcs. Arcs with
no flow point to the root (strongly feasible trees, Cunningham 1976), which
rules out cycling; entering arcs are searched block by block.

References
----------
Ling and Okada 2007, "An efficient Earth Mover's Distance algorithm for robust
histogram comparison"; Ahuja, Magnanti and Orlin 1993, "Network flows", chapter 11.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
import ot

from xai_core.errors import InputError
from xai_core.metrics.binwise import mean_absolute_differences
from xai_core.metrics.registry import (
    Array,
    Indices,
    Kernel,
    Prepared,
    as_distribution,
    pair_metric,
    same_grid,
)

__all__ = ["UNITS", "emd", "emd_values", "least_cost", "pool", "whole_units"]

MAX_BINS = 32  # of an axis
UNITS = 10**12  # of mass in a heatmap; rounding to them moves a distance by less than 1e-8
GROUND = ("cityblock", "euclidean")
_LARGEST = np.int64(2**63 - 1)
_NONE = np.int64(-1)


def _whole_masses(p: Array) -> npt.NDArray[np.int64]:
    pooled = pool(p)
    return whole_units(pooled).reshape(pooled.shape)


def _transport(a: Prepared, b: Prepared, rows: Indices, cols: Indices) -> Array:
    found = np.empty(rows.size)
    n_rows, n_cols = a.plane[-2:]
    n_layers = len(a.values[0]) // (n_rows * n_cols)
    least_costs(a.values, b.values, rows, cols, n_rows, n_cols, n_layers, found)
    return np.asarray(found / UNITS)


@pair_metric(
    kernel=Kernel(_transport, form=_whole_masses),
    settings={"ground": GROUND[0], "pooled_to_at_most": [MAX_BINS, MAX_BINS]},
)
def emd(
    p: npt.ArrayLike,
    q: npt.ArrayLike,
    *,
    max_bins: int = MAX_BINS,
    ground: str = "cityblock",
) -> float:
    """Return the exact Earth Mover's Distance of two heatmaps on the time-frequency plane.

    ``EMD(p, q) = min sum_ij f_ij d_ij`` over all flows f >= 0 that take p to q:
    ``sum_j f_ij = p_i`` and ``sum_i f_ij = q_j``; d is the ground distance.

    Parameters
    ----------
    p, q : array, shape (n_frames, n_bins) or (2, n_frames, n_bins)
        Heatmaps, or the two parts of maps that keep their signs.
    max_bins : int
        Most bins of an axis after pooling.
    ground : {'cityblock', 'euclidean'}
        What moving mass costs: the shift in time plus the shift in frequency,
        solved on the grid; or the straight line, solved by POT, which is some
        hundred times slower.

    Returns
    -------
    float
        [0, 2] for the city block, 1 more with signs; [0, sqrt 2] for the straight line;
        symmetric, a metric between pooled maps; 0 for identical ones.

    Raises
    ------
    GridMismatchError
        If the shapes differ.
    EmptyMapError
        If a map is zero everywhere.
    InputError
        If `ground` is unknown or `max_bins` is below 1, or for the straight line
        between maps that keep their signs.

    References
    ----------
    Rubner, Tomasi and Guibas 2000; Chen, Ghobakhlou and Narayanan 2024, algorithm 2.

    Notes
    -----
    Published results often mean :func:`emd_values`, which ignores where the
    bins are.

    Examples
    --------
    >>> a, b = np.zeros((4, 8)), np.zeros((4, 8))
    >>> a[0, 0] = b[3, 0] = 1.0
    >>> emd(a, b)
    1.0
    """
    p, q = as_distribution(p), as_distribution(q)
    same_grid(p, q)
    p, q = pool(p, max_bins=max_bins), pool(q, max_bins=max_bins)
    if ground == "cityblock":
        surplus = whole_units(p) - whole_units(q)
        n_rows, n_cols = p.shape[-2:]
        return float(least_cost(surplus, n_rows, n_cols, p.size // (n_rows * n_cols))) / UNITS
    if ground == "euclidean":
        if p.ndim != 2:
            raise InputError("maps that keep their signs have the ground distance cityblock alone")
        return float(ot.emd2(p.ravel(), q.ravel(), _distances(*p.shape), numItermax=10**7))
    raise InputError(f"unknown ground distance {ground!r}: choose one of {', '.join(GROUND)}")


@pair_metric(
    kernel=Kernel(mean_absolute_differences, form=lambda p: np.sort(p, axis=None).reshape(p.shape))
)
def emd_values(p: npt.ArrayLike, q: npt.ArrayLike) -> float:
    """Return the 1-D Wasserstein distance between the values of two heatmaps.

    ``W(p, q) = sum_k |p_(k) - q_(k)| / n`` over the n bins, each map's values in
    rising order. It compares the histograms of values and ignores where the
    bins are; it is kept because published results often mean this one.

    Parameters
    ----------
    p, q : array, shape (n_frames, n_bins)
        Heatmaps.

    Returns
    -------
    float
        [0, inf); symmetric; 0 for the same values in any order.

    Raises
    ------
    GridMismatchError
        If the shapes differ.
    EmptyMapError
        If a map is zero everywhere.

    References
    ----------
    Ramdas, Garcia Trillos and Cuturi 2017, "On Wasserstein two-sample testing
    and related families of nonparametric tests", Entropy 19; Chen, Ghobakhlou
    and Narayanan 2024, algorithm 2.

    Examples
    --------
    >>> emd_values([[1.0, 0.0]], [[0.0, 1.0]])
    0.0
    """
    p, q = as_distribution(p), as_distribution(q)
    same_grid(p, q)
    return float(np.mean(np.abs(np.sort(p, axis=None) - np.sort(q, axis=None))))


def pool(p: Array, *, max_bins: int = MAX_BINS) -> Array:
    """Return a map summed over blocks, so that no axis has more than `max_bins`.

    Parameters
    ----------
    p : ndarray, shape (n_frames, n_bins) or (2, n_frames, n_bins)
        Layers stay apart.
    max_bins : int

    Returns
    -------
    ndarray
        Same sum as `p`.
    """
    if max_bins < 1:
        raise InputError(f"expected at least 1 bin an axis, got {max_bins}")
    for axis in range(p.ndim - 2, p.ndim):
        length = p.shape[axis]
        size = -(-length // max_bins)
        p = np.add.reduceat(p, np.arange(0, length, size), axis=axis)
    return p


def whole_units(p: Array) -> npt.NDArray[np.int64]:
    """Return a distribution in whole units that sum to :data:`UNITS`, flat.

    What rounding down leaves goes to the bins that lost most.
    """
    exact = p.ravel() * UNITS
    units = np.floor(exact).astype(np.int64)
    left = UNITS - int(units.sum())
    losers = np.argsort(units - exact, kind="stable")[: max(left, 0)]
    units[losers] += 1
    units[int(units.argmax())] += UNITS - int(units.sum())  # rounding of the sum itself
    return units


def _distances(n_rows: int, n_cols: int) -> Array:
    row, col = np.divmod(np.arange(n_rows * n_cols), n_cols)
    points = np.stack([row / max(n_rows - 1, 1), col / max(n_cols - 1, 1)], axis=1)
    return np.asarray(ot.dist(points, points, metric="euclidean"))


@numba.njit(cache=True, nogil=True)
def least_cost(supply: npt.NDArray[np.int64], n_rows: int, n_cols: int, n_layers: int = 1) -> float:
    """Return the least cost of evening out a surplus on a grid.

    Parameters
    ----------
    supply : ndarray of int64, shape (n_layers * n_rows * n_cols,)
        Surplus of each bin, layer by layer and row by row; sums to 0.
    n_rows, n_cols : int
        A step to the next row costs ``1 / (n_rows - 1)``, to the next column
        ``1 / (n_cols - 1)``.
    n_layers : int
        Grids on top of each other; a step to the next one costs 1.

    Returns
    -------
    float
        In units of mass times axis length.
    """
    size = n_rows * n_cols  # bins of a layer
    n = n_layers * size
    row_cost = np.int64(max(n_cols - 1, 1))  # over the product of both lengths
    col_cost = np.int64(max(n_rows - 1, 1))
    layer_cost = row_cost * col_cost

    # The tree: for each bin but the root (bin 0) the arc to its parent.
    parent = np.full(n, _NONE)
    flow = np.zeros(n, np.int64)
    upward = np.ones(n, np.bool_)  # flow runs from the bin to its parent
    cost = np.zeros(n, np.int64)
    depth = np.zeros(n, np.int64)
    potential = np.zeros(n, np.int64)
    first = np.full(n, _NONE)  # child; with its siblings a doubly linked list
    after = np.full(n, _NONE)
    before = np.full(n, _NONE)

    surplus = supply.copy()
    for v in range(n - 1, 0, -1):
        if v % size == 0:
            parent[v], cost[v] = v - size, layer_cost
        elif v % n_cols == 0:
            parent[v], cost[v] = v - n_cols, row_cost
        else:
            parent[v], cost[v] = v - 1, col_cost
        surplus[parent[v]] += surplus[v]
    for v in range(1, n):
        p = parent[v]
        upward[v] = surplus[v] >= 0
        flow[v] = abs(surplus[v])
        potential[v] = potential[p] - cost[v] if upward[v] else potential[p] + cost[v]
        depth[v] = depth[p] + 1
        after[v] = first[p]
        if first[p] != _NONE:
            before[first[p]] = v
        first[p] = v

    n_edges = n_layers * (n_rows * (n_cols - 1) + (n_rows - 1) * n_cols) + n - size
    tail = np.empty(n_edges, np.int64)
    head = np.empty(n_edges, np.int64)
    price = np.empty(n_edges, np.int64)
    k = 0
    for v in range(n):
        if (v + 1) % n_cols:
            tail[k], head[k], price[k] = v, v + 1, col_cost
            k += 1
        if v % size + n_cols < size:
            tail[k], head[k], price[k] = v, v + n_cols, row_cost
            k += 1
        if v + size < n:
            tail[k], head[k], price[k] = v, v + size, layer_cost
            k += 1

    block = max(10, int(np.sqrt(n_edges)))
    stack = np.empty(n, np.int64)
    edge = 0
    while True:
        # Entering arc: the most rewarding of the first block that has any.
        entering, reward, searched = -1, np.int64(0), 0
        while searched < n_edges:
            found = abs(potential[head[edge]] - potential[tail[edge]]) - price[edge]
            if found > reward:
                reward, entering = found, edge
            edge = edge + 1 if edge + 1 < n_edges else 0
            searched += 1
            if searched % block == 0 and entering >= 0:
                break
        if entering < 0:
            break
        u, v = tail[entering], head[entering]
        if potential[v] < potential[u]:
            u, v = v, u  # flow is to run from u to v

        a, b = u, v
        while a != b:
            if depth[a] >= depth[b]:
                a = parent[a]
            else:
                b = parent[b]
        join = a

        # Leaving arc: the last blocking one on the way join -> u -> v -> join.
        delta, leaving, of_u = _LARGEST, _NONE, False
        x = u
        while x != join:
            if upward[x] and flow[x] < delta:
                delta, leaving, of_u = flow[x], x, True
            x = parent[x]
        x = v
        while x != join:
            if not upward[x] and flow[x] <= delta:
                delta, leaving, of_u = flow[x], x, False
            x = parent[x]
        if delta > 0:
            x = u
            while x != join:
                flow[x] += -delta if upward[x] else delta
                x = parent[x]
            x = v
            while x != join:
                flow[x] += delta if upward[x] else -delta
                x = parent[x]

        # The branch below the leaving arc is hung up anew by the entering one.
        top, place = (u, v) if of_u else (v, u)
        step = price[entering]
        shift = (potential[v] - step if of_u else potential[u] + step) - potential[top]
        x, new_parent, new_flow, new_upward, new_cost = top, place, delta, of_u, step
        while True:
            p, old_flow, old_upward, old_cost = parent[x], flow[x], upward[x], cost[x]
            if before[x] != _NONE:
                after[before[x]] = after[x]
            else:
                first[p] = after[x]
            if after[x] != _NONE:
                before[after[x]] = before[x]
            parent[x], flow[x] = new_parent, new_flow
            upward[x], cost[x] = new_upward, new_cost
            before[x], after[x] = _NONE, first[new_parent]
            if first[new_parent] != _NONE:
                before[first[new_parent]] = x
            first[new_parent] = x
            if x == leaving:
                break
            new_parent, new_flow, new_upward, new_cost = x, old_flow, not old_upward, old_cost
            x = p

        depth[top] = depth[place] + 1
        potential[top] += shift
        stack[0] = top
        height = 1
        while height > 0:
            height -= 1
            y = stack[height]
            x = first[y]
            while x != _NONE:
                depth[x] = depth[y] + 1
                potential[x] += shift
                stack[height] = x
                height += 1
                x = after[x]

    total = 0.0
    for v in range(1, n):
        total += float(flow[v]) * float(cost[v])
    return total / (float(row_cost) * float(col_cost))


@numba.njit(cache=True, nogil=True)
def least_costs(
    masses_a: npt.NDArray[np.int64],
    masses_b: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    cols: npt.NDArray[np.int64],
    n_rows: int,
    n_cols: int,
    n_layers: int,
    out: npt.NDArray[np.float64],
) -> None:
    """Write to `out` the least cost between ``masses_a[rows[k]]`` and ``masses_b[cols[k]]``."""
    for k in range(rows.size):
        surplus = masses_a[rows[k]] - masses_b[cols[k]]
        out[k] = least_cost(surplus, n_rows, n_cols, n_layers)
