"""Rectangles of a map that hold much in little room.

Conventions
-----------
Weights are ``(n_frames, n_bins)`` and not negative. A rectangle covers whole
bins, is half-open as in Python slices, and holds the sum of its weights, so
that rectangles without a common bin hold parts that add up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xai_core.values import FloatArray

__all__ = ["Rectangle", "shortest_stretch", "strongest_rectangles"]

THRESHOLD = 0.25  # of the mean weight that a unit of weight finds around itself
COARSE = (32, 128)  # blocks, in time and in bins, of the first search
TRIES = 3  # rectangles looked for, for each that is wanted: a small one may hide a larger one
MAX_MOVES = 50  # of the edges; each makes a rectangle better, so few are needed


@dataclass(frozen=True)
class Rectangle:
    """Frames ``[first_frame, end_frame)`` of bins ``[first_bin, end_bin)``."""

    first_frame: int
    end_frame: int
    first_bin: int
    end_bin: int

    @property
    def frames(self) -> slice:
        """Its frames."""
        return slice(self.first_frame, self.end_frame)

    @property
    def bins(self) -> slice:
        """Its bins."""
        return slice(self.first_bin, self.end_bin)


def strongest_rectangles(
    weights: FloatArray, *, n: int, least: float = 0.0
) -> tuple[Rectangle, ...]:
    """Return rectangles that hold the most, without a common bin, largest sum first.

    Each is the rectangle that holds most above a level: every bin costs a
    quarter of what a typical unit of weight has around it, so that a rectangle
    grows as long as it meets much and stops where there is little. The level is
    taken anew from what the rectangles before have left.

    Parameters
    ----------
    weights : ndarray, shape (n_frames, n_bins)
        Not negative.
    n : int
        How many at most.
    least : float
        Smallest share of all weight that makes a rectangle worth returning.

    Returns
    -------
    tuple of Rectangle
        Fewer than `n` where nothing is left; none of a map of zeros.

    Notes
    -----
    The level is ``0.25 * sum(w**2) / sum(w)``: of weights that are equal
    wherever they are not zero, a quarter of their value, however many they are.
    The search is exact on blocks of bins; then each edge moves to the bin where
    it is best, until none moves.

    Examples
    --------
    >>> strongest_rectangles(np.pad(np.ones((2, 3)), 1), n=4)
    (Rectangle(first_frame=1, end_frame=3, first_bin=1, end_bin=4),)
    """
    left = weights.astype(np.float64)
    total = float(left.sum())
    free = np.ones(left.shape, bool)
    found: list[Rectangle] = []
    for _ in range(TRIES * n):
        if len(found) == n or left.sum() <= max(least, 1e-9) * total:
            break
        level = THRESHOLD * float(np.square(left).sum() / left.sum())
        best = _best(np.where(free, left - level, -total), left)
        held = float(left[best.frames, best.bins].sum())
        left[best.frames, best.bins] = 0.0
        free[best.frames, best.bins] = False
        if held >= least * total:
            found.append(best)
    return tuple(sorted(found, key=lambda one: -float(weights[one.frames, one.bins].sum())))


def shortest_stretch(weights: FloatArray, share: float) -> slice:
    """Return the shortest run of entries that holds a share of the whole, the fullest of equals.

    Parameters
    ----------
    weights : ndarray, shape (n,)
        Not negative, not all zero.
    share : float
        Above 0, at most 1.

    Examples
    --------
    >>> shortest_stretch(np.array([0.0, 3.0, 4.0, 1.0]), 0.5)
    slice(2, 3, None)
    """
    sums = np.concatenate([[0.0], np.cumsum(weights, dtype=np.float64)])
    enough = share * sums[-1] * (1 - 1e-12)
    for length in range(1, weights.size):
        held = sums[length:] - sums[:-length]
        if held.max() >= enough:
            first = int(held.argmax())
            return slice(first, first + length)
    return slice(0, weights.size)


# ----------------------------------------------------------------------- private


def _best(excess: FloatArray, weights: FloatArray) -> Rectangle:
    """Return the rectangle with the largest sum: of the best block and the best bin, grown."""
    frame, bin = np.unravel_index(int(weights.argmax()), weights.shape)
    of_bin = Rectangle(int(frame), int(frame) + 1, int(bin), int(bin) + 1)
    grown = [_grown(one, excess) for one in (_best_of_blocks(excess), of_bin)]
    return max(grown, key=lambda one: float(excess[one.frames, one.bins].sum()))


def _grown(start: Rectangle, excess: FloatArray) -> Rectangle:
    """Move the edges, two at a time, to where the sum is largest, until none moves."""
    best = start
    for _ in range(MAX_MOVES):
        frames = _best_run(excess[:, best.bins].sum(axis=1))
        bins = _best_run(excess[frames].sum(axis=0))
        moved = Rectangle(frames.start, frames.stop, bins.start, bins.stop)
        if moved == best:
            break
        best = moved
    return best


def _best_run(values: FloatArray) -> slice:
    """Return the run of entries with the largest sum (Kadane's problem)."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    lowest = np.minimum.accumulate(sums[:-1])
    end = int((sums[1:] - lowest).argmax()) + 1
    return slice(int(sums[:end].argmin()), end)


def _best_of_blocks(excess: FloatArray) -> Rectangle:
    rows, columns = (_edges(n, most) for n, most in zip(excess.shape, COARSE, strict=True))
    blocks = np.add.reduceat(np.add.reduceat(excess, rows[:-1], axis=0), columns[:-1], axis=1)
    sums = np.zeros((blocks.shape[0] + 1, blocks.shape[1] + 1))
    sums[1:, 1:] = blocks.cumsum(axis=0).cumsum(axis=1)
    first, last = np.triu_indices(sums.shape[0], 1)
    along = sums[last] - sums[first]  # (n_stretches, n_columns + 1)
    lowest = np.minimum.accumulate(along[:, :-1], axis=1)
    gains = along[:, 1:] - lowest
    stretch, column = np.unravel_index(int(gains.argmax()), gains.shape)
    begin = int(along[stretch, : column + 1].argmin())
    return Rectangle(
        int(rows[first[stretch]]),
        int(rows[last[stretch]]),
        int(columns[begin]),
        int(columns[column + 1]),
    )


def _edges(n: int, most: int) -> npt.NDArray[np.intp]:
    """Return the edges of at most `most` equal blocks of `n` bins."""
    size = -(-n // most)
    return np.append(np.arange(0, n, size, dtype=np.intp), n)
