"""Where a stretch of bins lies on its axis, in numbers and in words.

Conventions
-----------
Numbers are in the unit of the axis. A stretch of bins in Hz or seconds reaches
from the middle between its first bin and the one before to the middle after its
last; the outermost edges of an axis are the middles of its outermost bins.
Named bins reach from the first to the last of them.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor, log2, log10

import numpy as np

from xai_core.values import PITCH_CLASSES, Axis, FloatArray

__all__ = [
    "band_edges",
    "bin_edges",
    "bin_name",
    "in_two_digits",
    "note_name",
    "place_text",
    "strongest_frequency",
]

PIANO = (26.7, 4310.0)  # Hz, half a semitone around A0 to C8: where notes have names
SEMITONE = 2.0 ** (1 / 12)  # ratio


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


def note_name(frequency: float, *, width: float = 0.0) -> str:
    """Return the note nearest to a frequency, at A4 = 440 Hz, or "".

    Parameters
    ----------
    frequency : float
        In Hz.
    width : float
        How far apart the bins are there, in Hz.

    Returns
    -------
    str
        "" outside the keys of a piano, and where a bin is wider than a semitone.

    Examples
    --------
    >>> note_name(440.0), note_name(5000.0), note_name(110.0, width=23.0)
    ('A4', '', '')
    """
    if not PIANO[0] <= frequency <= PIANO[1] or width > (SEMITONE - 1) * frequency:
        return ""
    key = round(69 + 12 * log2(frequency / 440.0))
    return f"{PITCH_CLASSES[key % 12]}{key // 12 - 1}"


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
