"""The regions of a map that hold most evidence, where most of it lies, and sentences on both.

Conventions
-----------
Evidence for a family is the positive part of an attribution, evidence against
it the negative part. A share is of all evidence of the same sign, so that the
shares of the regions of one sign, which have no bin in common, add up to at
most 1. Times are in seconds. Places on the bin axis are in its own unit: Hz
between the middles of neighbouring bins; first and last bin of a named axis.
Sentences have the values as rounded there, so that they can be checked on the map.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import Literal

import numpy as np

from xai_core.attribution.salient_regions.rectangles import (
    Rectangle,
    band_edges,
    bin_edges,
    bin_name,
    in_two_digits,
    note_name,
    place_text,
    shortest_stretch,
    strongest_frequency,
    strongest_rectangles,
)
from xai_core.catalogue.methods import map_kind
from xai_core.catalogue.types import spectrogram_type
from xai_core.values import Attribution, Axis, FloatArray

__all__ = [
    "SIDES",
    "Concentration",
    "Region",
    "SalientRegions",
    "Side",
    "find_salient_regions",
    "salient_regions_sentence",
    "share_text",
]

Side = Literal["for", "against"]
SIDES: tuple[Side, ...] = ("for", "against")

N_REGIONS = 4  # of each sign
LEAST = 0.02  # share of a region that is worth a line
HALF = 0.5  # share that a concentration holds at least
CORE = HALF**0.5  # share that its stretch of time holds: the same of it gives half in the band
EXTENT = 0.95  # share that "nearly all" stands for
EVEN = 0.9  # of the density of the densest half, from which nearly all is as dense as that
LONG = 0.5  # of the note, from which it is
PEAKED = 1.2  # times the mean, from which the largest bin is worth naming
TENTH = 0.1  # s, on which the stretch of a concentration begins and ends


@dataclass(frozen=True)
class Region:
    """A rectangle of the map that holds much evidence.

    Parameters
    ----------
    side : {"for", "against"}
        The family that the explained model stands for.
    begin, end : float
        In seconds.
    low, high : float
        In the unit of the bin axis.
    strongest : float
        Where between them most evidence lies, in the same unit.
    place : str
        The same range in words, without the unit of the axis.
    note : str
        Note nearest to `strongest`, or "" where bins are no frequencies or too
        wide to tell semitones apart, as are those of a map that is interpolated.
    share : float
        Of all evidence on this side, in (0, 1].
    """

    side: Side
    begin: float
    end: float
    low: float
    high: float
    strongest: float
    place: str
    note: str
    share: float


@dataclass(frozen=True)
class Concentration:
    """Where at least half of the evidence of one sign lies, in little room.

    Begin and end are tenths of a second and, on an axis in Hz, low and high
    have two digits; the share is of what lies between these very numbers.

    Parameters
    ----------
    side, begin, end, low, high, strongest, note, share
        As in :class:`Region`.
    place, strongest_place : str
        In words, with unit.
    whole_note, all_bins : bool
        Whether it covers the whole note, or all bins.
    spread : bool
        Whether nearly all evidence lies in this stretch of time, about evenly,
        and the stretch is half of the note or more.
    peaked : bool
        Whether the largest bin holds clearly more than the mean one.
    """

    side: Side
    begin: float
    end: float
    low: float
    high: float
    strongest: float
    place: str
    strongest_place: str
    note: str
    share: float
    whole_note: bool
    all_bins: bool
    spread: bool
    peaked: bool


@dataclass(frozen=True)
class SalientRegions:
    """What drives an answer, by one map.

    Parameters
    ----------
    total_for, total_against : float
        Sum of the positive bins, and of the negative ones without their sign,
        in units of the explained output.
    regions : tuple of Region
        Those for the family first; within a side the largest share first.
    main : Concentration or None
        Of the evidence for the family; of that against it if there is no other;
        None if the map is zero everywhere.
    """

    total_for: float
    total_against: float
    regions: tuple[Region, ...]
    main: Concentration | None

    @property
    def is_zero(self) -> bool:
        """Whether no bin has any attribution."""
        return self.main is None

    def on(self, side: Side) -> tuple[Region, ...]:
        """Return the regions of one side, the largest share first."""
        return tuple(region for region in self.regions if region.side == side)

    def share_of(self, side: Side) -> float:
        """Return the part of all evidence that is on one side; 0 if there is none at all."""
        total = self.total_for + self.total_against
        mine = self.total_for if side == "for" else self.total_against
        return mine / total if total > 0 else 0.0


def find_salient_regions(attribution: Attribution, *, n_regions: int = N_REGIONS) -> SalientRegions:
    """Return the strongest regions of a map, and where at least half of its evidence lies.

    Parameters
    ----------
    attribution : Attribution
        Raw and signed; a Grad-CAM map has no evidence against the family.
    n_regions : int
        Of each sign, at most; a region of less than 2 % is left out.

    Notes
    -----
    Regions are those of ``strongest_rectangles``.
    The concentration takes the shortest stretch of time with 71 % of the
    evidence and in it the narrowest band with half of all. Where a stretch or
    band with 95 % is nearly as dense as that, it is taken instead; and the whole
    axis where that is 95 % of it.
    """
    values = attribution.values.astype(np.float64)
    sides: dict[Side, FloatArray] = {
        "for": np.maximum(values, 0.0),
        "against": np.maximum(-values, 0.0),
    }
    regions = [
        _region(rectangle, weights, attribution, side)
        for side, weights in sides.items()
        for rectangle in strongest_rectangles(weights, n=n_regions, least=LEAST)
    ]
    main = next(
        (
            _concentration(weights, attribution, side)
            for side, weights in sides.items()
            if weights.any()
        ),
        None,
    )
    total_for, total_against = (float(weights.sum()) for weights in sides.values())
    return SalientRegions(total_for, total_against, tuple(regions), main)


def _region(
    rectangle: Rectangle, weights: FloatArray, attribution: Attribution, side: Side
) -> Region:
    inside = weights[rectangle.frames, rectangle.bins]
    bins, times = attribution.bins, bin_edges(attribution.time.values)
    low, high = band_edges(bins, rectangle.bins)
    strongest, note = _strongest(inside, attribution, rectangle.bins)
    return Region(
        side=side,
        begin=float(times[rectangle.first_frame]),
        end=float(times[rectangle.end_frame]),
        low=low,
        high=high,
        strongest=strongest,
        place=place_text(bins, rectangle.bins, low, high),
        note=note,
        share=float(inside.sum() / weights.sum()),
    )


def _concentration(weights: FloatArray, attribution: Attribution, side: Side) -> Concentration:
    time, bins = attribution.time, attribution.bins
    total = float(weights.sum())
    stretch, even = _stretch(weights.sum(axis=1), CORE)
    begin, end, frames = _in_tenths(stretch, time)
    held = weights[frames]
    band, _ = _stretch(held.sum(axis=0), HALF * total / float(held.sum()))
    low, high = band_edges(bins, band)
    if bins.unit == "Hz" and _size(band) < bins.values.size:
        low, high = in_two_digits(low, high)
        inside = np.flatnonzero((bins.values >= low) & (bins.values <= high))
        band = slice(int(inside[0]), int(inside[-1]) + 1)
    strongest, note = _strongest(held[:, band], attribution, band)
    profile = held[:, band].sum(axis=0)
    return Concentration(
        side=side,
        begin=begin,
        end=end,
        low=low,
        high=high,
        strongest=strongest,
        place=f"{place_text(bins, band, low, high)} {bins.unit}".strip(),
        strongest_place=bin_name(strongest, bins),
        note=note,
        share=float(held[:, band].sum() / total),
        whole_note=_size(frames) == time.values.size,
        all_bins=_size(band) == bins.values.size,
        spread=even and _size(frames) >= LONG * time.values.size,
        peaked=bool(profile.max() >= PEAKED * profile.mean()),
    )


def _stretch(profile: FloatArray, share: float) -> tuple[slice, bool]:
    """Return the shortest stretch with a share, or with nearly all if it is filled evenly."""
    core, extent = shortest_stretch(profile, share), shortest_stretch(profile, EXTENT)
    if profile[extent].mean() < EVEN * profile[core].mean():
        return core, False
    nearly_everywhere = _size(extent) >= EXTENT * profile.size
    return slice(0, profile.size) if nearly_everywhere else extent, True


def _in_tenths(stretch: slice, time: Axis) -> tuple[float, float, slice]:
    """Widen a stretch to tenths of a second; return them and the frames whose middles they hold."""
    edges = bin_edges(time.values)
    begin = max(floor(edges[stretch.start] / TENTH + 1e-9), 0) / 10
    end = ceil(edges[stretch.stop] / TENTH - 1e-9) / 10
    inside = np.flatnonzero((time.values >= begin - 1e-9) & (time.values <= end + 1e-9))
    return begin, end, slice(int(inside[0]), int(inside[-1]) + 1)


def _strongest(inside: FloatArray, attribution: Attribution, band: slice) -> tuple[float, str]:
    """Return where in a band most evidence lies, and the note nearest to it."""
    bins, profile = attribution.bins, inside.sum(axis=0)
    if bins.unit != "Hz":
        return float(bins.values[band][int(profile.argmax())]), ""
    frequency, width = strongest_frequency(profile, bins, band)
    smooth = map_kind(attribution.method).smooth
    return frequency, "" if smooth else note_name(frequency, width=width)


def _size(stretch: slice) -> int:
    return int(stretch.stop - stretch.start)


# --------------------------------------------------------------------- sentences

NARROW = 1.5  # ratio of two frequencies, a fifth, up to which a band is "around" one


def salient_regions_sentence(
    evidence: SalientRegions, attribution: Attribution, *, family: str
) -> str:
    """Say where most of the evidence lies, and how much speaks for and against a family.

    Parameters
    ----------
    evidence : SalientRegions
    attribution : Attribution
        The map that it was found in.
    family : str
        Whose model is explained.

    Returns
    -------
    str
        For example "62 % of the evidence for flute lies in the first 0.3 s, around 880 Hz
        (A5)." A map that is zero everywhere has a sentence of its own.
    """
    main = evidence.main
    if main is None:
        return _nothing(attribution, family)
    words = map_kind(attribution.method).wording
    if main.side == "against":
        only = words.only_against.format(family=family)
        return f"{only} {_where(main, 'of it', attribution)}"
    sentence = _where(main, words.of_side.format(family=family), attribution)
    if evidence.total_against == 0:
        return sentence
    mine, other = (share_text(evidence.share_of(side)) for side in SIDES)
    return f"{sentence} {words.both.format(mine=mine, other=other, family=family)}"


def share_text(share: float) -> str:
    """Return a percentage; 0 % and 100 % are kept for shares of exactly that.

    Examples
    --------
    >>> share_text(0.623), share_text(0.999), share_text(0.001)
    ('62 %', '> 99 %', '< 1 %')
    """
    if 0 < share < 0.01:
        return "< 1 %"
    if 0.99 < share < 1 - 1e-6:
        return "> 99 %"
    return f"{100 * share:.0f} %"


def _where(main: Concentration, what: str, attribution: Attribution) -> str:
    verb = "is spread" if main.spread else "lies"
    return f"{share_text(main.share)} {what} {verb} {_when(main)}, {_band(main, attribution)}."


def _when(main: Concentration) -> str:
    begin, end = f"{main.begin:.1f}", f"{main.end:.1f}"
    if main.whole_note:
        return "over the whole note"
    within = "over" if main.spread else "in"
    if main.begin == 0:
        return f"{within} the first {end} s"
    if main.spread:
        return f"from {begin} to {end} s"
    return f"between {begin} and {end} s"


def _band(main: Concentration, attribution: Attribution) -> str:
    axis, words = attribution.bins, spectrogram_type(attribution.type).axis
    strongest = main.strongest_place + (f" ({main.note})" if main.note else "")
    around = f"{words.one} {strongest}"
    narrow = main.high <= NARROW * main.low if axis.unit else main.low == main.high
    if narrow and not main.all_bins:
        return around
    where = f"over {words.whole}" if main.all_bins else f"{words.several} {main.place}"
    return f"{where}, most of all {around}" if main.peaked else where


def _nothing(attribution: Attribution, family: str) -> str:
    kind = map_kind(attribution.method)
    return kind.zero.sentence.format(label=kind.label, family=family)
