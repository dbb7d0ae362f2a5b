"""Minimum-cost flow on a grid, by a network simplex made for it.

Conventions
-----------
Mass moves between neighbouring bins, along time or along frequency; a step
costs what the axis says, and the least cost of evening out a surplus is the
Earth Mover's Distance for the city-block ground distance (Ling and Okada 2007).
A grid of n bins has 2n arcs instead of the n^2 of the dense problem. Masses and
costs are whole numbers, so no rounding decides a pivot.

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

__all__ = ["least_cost", "least_costs"]

_LARGEST = np.int64(2**63 - 1)
_NONE = np.int64(-1)


@numba.njit(cache=True, nogil=True)
def least_cost(supply: npt.NDArray[np.int64], n_rows: int, n_cols: int) -> float:
    """Return the least cost of evening out a surplus on a grid.

    Parameters
    ----------
    supply : ndarray of int64, shape (n_rows * n_cols,)
        Surplus of each bin, row by row; sums to 0.
    n_rows, n_cols : int
        A step to the next row costs ``1 / (n_rows - 1)``, to the next column
        ``1 / (n_cols - 1)``.

    Returns
    -------
    float
        In units of mass times axis length.
    """
    n = n_rows * n_cols
    row_cost = np.int64(max(n_cols - 1, 1))  # over the product of both lengths
    col_cost = np.int64(max(n_rows - 1, 1))

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
        is_spine = v % n_cols == 0
        parent[v] = v - n_cols if is_spine else v - 1
        cost[v] = row_cost if is_spine else col_cost
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

    n_edges = n_rows * (n_cols - 1) + (n_rows - 1) * n_cols
    tail = np.empty(n_edges, np.int64)
    head = np.empty(n_edges, np.int64)
    price = np.empty(n_edges, np.int64)
    k = 0
    for v in range(n):
        if (v + 1) % n_cols:
            tail[k], head[k], price[k] = v, v + 1, col_cost
            k += 1
        if v + n_cols < n:
            tail[k], head[k], price[k] = v, v + n_cols, row_cost
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
    out: npt.NDArray[np.float64],
) -> None:
    """Write to `out` the least cost between ``masses_a[rows[k]]`` and ``masses_b[cols[k]]``."""
    for k in range(rows.size):
        out[k] = least_cost(masses_a[rows[k]] - masses_b[cols[k]], n_rows, n_cols)
