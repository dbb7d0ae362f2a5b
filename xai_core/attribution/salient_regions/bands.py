"""Bands of a bin axis: the partials that stand out of a spectrum, what lies between, named bins.

Conventions
-----------
The bands of an axis have no bin in common and together cover it. On an axis in Hz a
*partial* reaches from its peak in the spectrum to the valleys beside it, at most half of the
way to the nearest other peak and half of its own frequency; what no partial reaches is cut
at octaves of 125 Hz. Each bin of a named axis (coefficients, pitch classes) is a band.

The spectrum is the mean power of the frames of the STFT of the note, relative to its peak.
Places on an axis are in its unit. A stretch of bins in Hz or seconds reaches from the middle
between its first bin and the one before to the middle after its last; the outermost edges of
an axis are the middles of its outermost bins.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from xai_core.catalogue.types import TOP_DB
from xai_core.values import Axis, FloatArray, Spectrogram

__all__ = [
    "Band",
    "bands_of",
    "bin_edges",
    "mean_power",
    "peak_frequency",
    "prominent_peaks",
    "shortest_stretch",
]

PROMINENCE = 6.0  # dB above the deeper valley of a peak towards a higher one
FLOOR = 1e-9  # of the largest power, 90 dB below it
OCTAVES = 125.0 * 2.0 ** np.arange(6)  # Hz, where bands without a peak are cut


@dataclass(frozen=True)
class Band:
    """A stretch of bins.

    Parameters
    ----------
    bins : slice
    low, high : float
        In the unit of the axis; first and last bin of a named one.
    frequency : float or None
        Of the partial, in Hz, from the spectrum; None of a band that is not one.
    """

    bins: slice
    low: float
    high: float
    frequency: float | None = None


def bin_edges(centres: FloatArray) -> FloatArray:
    """Return the middles between neighbours; the outermost edges are the outermost centres."""
    middles = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([centres[:1], middles, centres[-1:]])


def mean_power(note: Spectrogram) -> FloatArray:
    """Return the mean power of each bin of an STFT, relative to the peak of the note.

    Parameters
    ----------
    note : Spectrogram
        Of type ``stft``, shape (126, 1025); zero is silence.

    Returns
    -------
    ndarray, shape (1025,)
        In [0, 1].
    """
    values = note.values.astype(np.float64)
    power: FloatArray = np.where(values > 0, 10 ** (TOP_DB * (values - 1) / 10), 0.0).mean(axis=0)
    return power


def prominent_peaks(level: FloatArray, *, prominence: float = PROMINENCE) -> list[tuple[int, int]]:
    """Return the peaks that stand out, each with the valley after it.

    Parameters
    ----------
    level : ndarray, shape (n,)
        In dB.
    prominence : float
        How far below the lower of two peaks, in dB, the valley between them lies at least.

    Returns
    -------
    list of (int, int)
        Peak, and where the stretch of the next one begins; n after the last. The first and
        the last entry of `level` are no peaks, and neither is a single one that does not rise
        as far above the median.

    Notes
    -----
    The shallowest valley is filled again and again, so that of its two peaks the higher is
    left, until each is deep enough.

    Examples
    --------
    >>> prominent_peaks(np.array([0.0, 20.0, 18.0, 19.0, 0.0, 10.0, 0.0]))
    [(1, 4), (5, 7)]
    """
    higher = level[1:-1] > level[:-2]
    peaks = (1 + np.flatnonzero(higher & (level[1:-1] >= level[2:]))).tolist()
    valleys = [p + int(level[p : q + 1].argmin()) for p, q in pairwise(peaks)]
    while valleys:
        depths = [
            min(level[p], level[q]) - level[v]
            for (p, q), v in zip(pairwise(peaks), valleys, strict=True)
        ]
        shallowest = int(np.argmin(depths))
        if depths[shallowest] >= prominence:
            break
        first, second = peaks[shallowest : shallowest + 2]
        del peaks[shallowest + (level[first] >= level[second])], valleys[shallowest]
    if len(peaks) == 1 and level[peaks[0]] - np.median(level) < prominence:
        return []
    return list(zip(peaks, [*valleys, level.size], strict=False))


def peak_frequency(power: FloatArray, frequencies: FloatArray, low: float, high: float) -> float:
    """Return where in a range of frequencies a spectrum is largest, between its bins.

    Parameters
    ----------
    power, frequencies : ndarray, shape (n,)
        Frequencies in Hz, equally far apart.
    low, high : float
        In Hz; at least one bin lies between.

    Returns
    -------
    float
        In Hz. Of a steady sinusoid in a Hann window, as that of the STFT, it is exact: the
        ratio r of the amplitudes of the larger neighbour and of the largest bin puts it
        (2 r - 1) / (r + 1) bins from that bin. A bin that is no peak is returned itself.
    """
    inside = np.flatnonzero((frequencies >= low) & (frequencies <= high))
    top = int(inside[power[inside].argmax()])
    if not 0 < top < power.size - 1:
        return float(frequencies[top])
    side = 1 if power[top + 1] > power[top - 1] else -1
    if power[top + side] > power[top]:
        return float(frequencies[top])
    ratio = float(np.sqrt(power[top + side] / power[top])) if power[top] > 0 else 0.0
    shift = max(2 * ratio - 1, 0.0) / (ratio + 1)
    return float(frequencies[top] + side * shift * (frequencies[1] - frequencies[0]))


def bands_of(bins: Axis, note: Spectrogram, *, with_partials: bool = True) -> list[Band]:
    """Divide a bin axis into bands, from low to high.

    Parameters
    ----------
    bins : Axis
    note : Spectrogram
        Of type ``stft``: the note, of which an axis in Hz shows the partials.
    with_partials : bool
        Whether partials are told apart; else an axis in Hz is cut at octaves alone.
    """
    if bins.unit != "Hz":
        return [Band(slice(k, k + 1), value, value) for k, value in enumerate(bins.values)]
    edges, bands = bin_edges(bins.values), _partials(bins, note) if with_partials else []
    free = [0, *(end for one in bands for end in (one.bins.start, one.bins.stop)), bins.values.size]
    for start, stop in zip(free[::2], free[1::2], strict=True):
        cuts = np.searchsorted(bins.values, OCTAVES)
        places = {start: float(edges[start]), stop: float(edges[stop])} | {
            int(cut): float(octave)
            for cut, octave in zip(cuts, OCTAVES, strict=True)
            if start < cut < stop
        }
        bands += [
            Band(slice(a, b), places[a], places[b]) for a, b in pairwise(sorted(places)) if a < b
        ]
    return sorted(bands, key=lambda one: one.bins.start)


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


def _partials(bins: Axis, note: Spectrogram) -> list[Band]:
    """Return the bands of the peaks that the bins of an axis tell apart."""
    power, centres, edges = mean_power(note), bins.values, bin_edges(bins.values)
    if not power.any():
        return []
    firsts = np.searchsorted(note.bins.values, edges[:-1])
    firsts = np.minimum(firsts, power.size - 1)
    level = 10 * np.log10(np.maximum(np.maximum.reduceat(power, firsts), FLOOR * power.max()))
    found = prominent_peaks(level)
    peaks = centres[[peak for peak, _ in found]]
    gaps = np.concatenate([[np.inf], np.diff(peaks), [np.inf]])
    begins = [0, *(end for _, end in found)]
    bands = []
    for k, (peak, end) in enumerate(found):
        reach = min(gaps[k], gaps[k + 1], peaks[k]) / 2
        near = np.abs(centres[begins[k] : end] - peaks[k]) <= reach
        inside = begins[k] + np.flatnonzero(near)
        start, stop = int(inside[0]), int(inside[-1]) + 1
        low, high = float(edges[peak]), float(edges[peak + 1])
        frequency = peak_frequency(power, note.bins.values, low, high)
        bands.append(Band(slice(start, stop), float(edges[start]), float(edges[stop]), frequency))
    return bands
