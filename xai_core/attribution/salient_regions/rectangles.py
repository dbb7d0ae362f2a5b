"""Rectangles of a map that hold a large sum in a small area, and where they lie on the axes.

Conventions
-----------
Weights are ``(n_frames, n_bins)``, not negative. A rectangle covers whole bins, is
half-open as in Python slices, and holds the sum of its weights: rectangles
without a common bin hold parts that add up.

Places on an axis are in the unit of the axis. A stretch of bins in Hz or seconds
reaches from the middle between its first bin and the one before to the middle
after its last; the outermost edges of an axis are the middles of its outermost
bins. Named bins (chroma, Tonnetz) reach from the first to the last of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np
import numpy.typing as npt

from xai_core.values import Axis, FloatArray, note_name

__all__ = [
    "Rectangle",
    "band_edges",
    "bin_edges",
    "bin_name",
    "in_two_digits",
    "note_name",
    "place_text",
    "shortest_stretch",
    "strongest_frequency",
    "strongest_rectangles",
]


def bin_edges(centres: FloatArray) -> FloatArray:
    """Return the middles between neighbours; the outermost edges are the outermost centres."""
    middles = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([centres[:1], middles, centres[-1:]])


def band_edges(bins: Axis, band: slice) -> tuple[float, float]:
    """Return the lowest and the highest place of a stretch of bins."""
    if not bins.unit:
        return float(bins.values[band][0]), float(bins.values[band][-1])
    edges = bin_edges(bins.values)
    return float(edges[band.start]), float(edges[band.stop])


def place_text(bins: Axis, band: slice, low: float, high: float) -> str:
    """Say which part of an axis a band is, without the unit of the axis."""
    if bins.unit:
        return f"{low:.0f}–{high:.0f}"
    names = bins.labels[band] if bins.labels else [f"{value:g}" for value in bins.values[band]]
    first, last = names[0], names[-1]
    if len(names) == 1:
        return first
    if first.endswith(" Hz"):  # octave bands, which are ranges themselves
        return f"{first.partition('–')[0]}–{last.partition('–')[2]}"
    return f"{first} and {last}" if len(names) == 2 else f"{first} to {last}"


def bin_name(position: float, bins: Axis) -> str:
    """Return the place of one bin in words, with its unit."""
    if bins.labels:
        return bins.labels[int(np.abs(bins.values - position).argmin())]
    return f"{position:.0f} {bins.unit}" if bins.unit else f"{position:g}"


def strongest_frequency(weights: FloatArray, bins: Axis, band: slice) -> tuple[float, float]:
    """Return where in a band of frequencies most weight lies, and how far bins are apart there.

    Between bins: the mean of the largest bin and its neighbours in the band, weighed.

    Parameters
    ----------
    weights : ndarray, shape (n_bins of the band,)
    bins : Axis
        In Hz.
    band : slice

    Returns
    -------
    frequency, width : float
        In Hz.
    """
    largest = int(weights.argmax())
    near = slice(max(largest - 1, 0), largest + 2)
    frequency = float(np.average(bins.values[band][near], weights=weights[near]))
    edges, at = bin_edges(bins.values), band.start + largest
    return frequency, float(edges[at + 1] - edges[at])


def in_two_digits(low: float, high: float) -> tuple[float, float]:
    """Return a range with ends of two digits that holds the given one.

    Examples
    --------
    >>> in_two_digits(432.1, 1561.0)
    (430.0, 1600.0)
    """
    return _rounded(low, floor), _rounded(high, ceil)


def _rounded(value: float, towards: Callable[[float], int]) -> float:
    if value <= 0:
        return 0.0
    unit = 10.0 ** (floor(log10(value)) - 1)
    return float(towards(round(value / unit, 9)) * unit)


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
