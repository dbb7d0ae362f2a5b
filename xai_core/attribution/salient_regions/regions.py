"""The bands of a map that an answer is due to, by what they add up to, and a sentence on them.

Conventions
-----------
Evidence for a family is the positive part of an attribution, evidence against it the negative
part, in units of the explained output. A region is a band of the bin axis
(:mod:`xai_core.attribution.salient_regions.bands`): a partial of the note, a stretch between
partials, or a named bin. Its *net* is the sum of both parts, and its side that of the net:
where the two sides of one partial cancel, little is left. The nets of all bands add up to the
attribution. Frequencies and notes are those of the peaks of the note's spectrum, so that
what is named sounds. Times are in seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Literal

import numpy as np
import numpy.typing as npt

from xai_core.attribution.salient_regions.bands import (
    Band,
    bands_of,
    bin_edges,
    mean_power,
    peak_frequency,
    shortest_stretch,
)
from xai_core.catalogue.methods import map_kind
from xai_core.catalogue.types import spectrogram_type
from xai_core.values import Attribution, Axis, FloatArray, Spectrogram, note_name

__all__ = [
    "N_REGIONS",
    "SIDES",
    "Region",
    "SalientRegions",
    "Side",
    "find_salient_regions",
    "leading",
    "rounded_sums",
    "salient_regions_sentence",
    "share_text",
    "signed_text",
]

BoolArray = npt.NDArray[np.bool_]
Side = Literal["for", "against"]
SIDES: tuple[Side, ...] = ("for", "against")

N_REGIONS = 4  # of each side
LEAST = 0.01  # of all nets without their sign, of a region that is worth a line
MOST = 0.8  # share of a region's evidence that its stretch of time holds
THROUGHOUT = 0.6  # of the note, from which a stretch of time is not worth a remark
DIGITS = 3  # of the largest net
QUARTER_TONE = 2.0 ** (1 / 24)
OFF_HARMONIC = 0.2  # of the pitch, how far from a multiple of it a harmonic lies at most
ONE_HARMONIC = 1.5  # times the pitch, how wide a region of a single harmonic is at most
SILENT = 0.01  # share of evidence in silence that is worth a remark


@dataclass(frozen=True)
class Region:
    """A band of the map, with what speaks for the family there, and against it.

    Parameters
    ----------
    low, high : float
        In the unit of the bin axis.
    place : str
        In words, with unit: "988 Hz", "4000–8000 Hz", "A", "7".
    frequency : float or None
        Hz, of the partial: where the spectrum of the note has its peak. None of a region
        that is not one.
    note : str
        Note nearest to `frequency`, or "".
    harmonic : int or None
        1 of the fundamental, n of the harmonic of n times the pitch; None where the region
        is none, or the pitch is not known.
    begin, end : float
        The shortest stretch of time with 80 % of the evidence of the region, in seconds.
    speaks_for, speaks_against : float
        Sum of the positive and of the negative attributions, the latter at most 0.
    in_silence : float
        Share of the evidence of the region that lies where the note is silent, in [0, 1].
    """

    low: float
    high: float
    place: str
    frequency: float | None
    note: str
    harmonic: int | None
    begin: float
    end: float
    speaks_for: float
    speaks_against: float
    in_silence: float

    @property
    def net(self) -> float:
        """Sum of what speaks for and against."""
        return self.speaks_for + self.speaks_against

    @property
    def side(self) -> Side:
        """The side that outweighs the other."""
        return "for" if self.net > 0 else "against"

    @property
    def harmonic_name(self) -> str:
        """Return "fundamental", "harmonic 3", or ""."""
        if self.harmonic is None:
            return ""
        return "fundamental" if self.harmonic == 1 else f"harmonic {self.harmonic}"


@dataclass(frozen=True)
class SalientRegions:
    """What drives an answer, by one map.

    Parameters
    ----------
    total_for, total_against : float
        Sum of the positive bins, and of the negative ones without their sign,
        in units of the explained output.
    regions : tuple of Region
        The largest net first, whatever its sign.
    loudest : float or None
        Hz, of the peak of the spectrum in the loudest bin; None of named bins and silence.
    in_silence : float
        Share of all evidence that lies where the note is silent, in [0, 1].
    silent_from : float or None
        Seconds, from where on the note is silent; None of one that is not silent at its end.
    """

    total_for: float
    total_against: float
    regions: tuple[Region, ...]
    loudest: float | None
    in_silence: float
    silent_from: float | None

    @property
    def is_zero(self) -> bool:
        """Whether no bin has any attribution."""
        return self.total_for == self.total_against == 0.0

    @property
    def net(self) -> float:
        """What all evidence adds up to."""
        return self.total_for - self.total_against

    @property
    def decimals(self) -> int:
        """Decimals with which sums of this map are read: the largest net has three digits."""
        largest = max((abs(one.net) for one in self.regions), default=abs(self.net))
        return max(DIGITS - 1 - floor(log10(largest) + 1e-6), 0) if largest > 0 else 0

    def on(self, side: Side) -> tuple[Region, ...]:
        """Return the regions of one side, the largest net first."""
        return tuple(region for region in self.regions if region.side == side)

    def share_of(self, side: Side) -> float:
        """Return the part of all evidence that is on one side; 0 if there is none at all."""
        total = self.total_for + self.total_against
        mine = self.total_for if side == "for" else self.total_against
        return mine / total if total > 0 else 0.0


def find_salient_regions(
    attribution: Attribution,
    note: Spectrogram,
    *,
    pitch: float | None = None,
    n_regions: int = N_REGIONS,
) -> SalientRegions:
    """Return the bands of a map with the largest net evidence.

    Parameters
    ----------
    attribution : Attribution
        Raw and signed; a Grad-CAM map has no evidence against the family.
    note : Spectrogram
        Of type ``stft``, on the frames of the attribution: the note that is explained.
    pitch : float, optional
        Hz, of the first partial: regions at its multiples are marked.
    n_regions : int
        Of each side, at most; one of less than 1 % of all nets is left out.

    Notes
    -----
    A map that is interpolated from a coarser grid, such as Grad-CAM, does not tell partials
    apart: its regions in Hz are octaves.
    """
    values = attribution.values.astype(np.float64)
    silent: BoolArray = ~np.any(note.values != 0, axis=1)
    partials = not map_kind(attribution.method).smooth
    bands = bands_of(attribution.bins, note, with_partials=partials)
    found = [_region(one, values[:, one.bins], attribution, silent, pitch) for one in bands]
    found.sort(key=lambda one: -abs(one.net))
    least = LEAST * sum(abs(one.net) for one in found)
    worth = [one for one in found if abs(one.net) > 0 and abs(one.net) >= least]
    kept = [one for side in SIDES for one in [w for w in worth if w.side == side][:n_regions]]
    size = float(np.abs(values).sum())
    return SalientRegions(
        total_for=float(values[values > 0].sum()),
        total_against=-float(values[values < 0].sum()) + 0.0,
        regions=tuple(sorted(kept, key=lambda one: -abs(one.net))),
        loudest=_loudest(attribution.bins, note),
        in_silence=float(np.abs(values[silent]).sum()) / size if size > 0 else 0.0,
        silent_from=_silent_from(silent, attribution.time),
    )


def _region(
    band: Band,
    inside: FloatArray,
    attribution: Attribution,
    silent: BoolArray,
    pitch: float | None,
) -> Region:
    by_frame = np.abs(inside).sum(axis=1)
    size, times = float(by_frame.sum()), bin_edges(attribution.time.values)
    stretch = shortest_stretch(by_frame, MOST) if size > 0 else slice(0, by_frame.size)
    return Region(
        low=float(band.low),
        high=float(band.high),
        place=_place(attribution.bins, band),
        frequency=band.frequency,
        note="" if band.frequency is None else note_name(band.frequency),
        harmonic=_harmonic(band, pitch),
        begin=float(times[stretch.start]),
        end=float(times[stretch.stop]),
        speaks_for=float(inside[inside > 0].sum()),
        speaks_against=float(inside[inside < 0].sum()) + 0.0,
        in_silence=float(by_frame[silent].sum()) / size if size > 0 else 0.0,
    )


def _place(bins: Axis, band: Band) -> str:
    if band.frequency is not None:
        return f"{band.frequency:.0f} {bins.unit}"
    if bins.unit:
        return f"{band.low:.0f}–{band.high:.0f} {bins.unit}"
    return bins.labels[band.bins.start] if bins.labels else f"{band.low:g}"


def _harmonic(band: Band, pitch: float | None) -> int | None:
    """Return which multiple of the pitch a partial is, if it is one and the only one there."""
    if pitch is None or band.frequency is None or band.high - band.low > ONE_HARMONIC * pitch:
        return None
    number = round(band.frequency / pitch)
    off = abs(band.frequency - number * pitch)
    near = number >= 1 and off <= min(OFF_HARMONIC, number * (QUARTER_TONE - 1)) * pitch
    return number if near else None


def _loudest(bins: Axis, note: Spectrogram) -> float | None:
    power = mean_power(note)
    if bins.unit != "Hz" or not power.any():
        return None
    return peak_frequency(power, note.bins.values, note.bins.values[0], note.bins.values[-1])


def _silent_from(silent: BoolArray, time: Axis) -> float | None:
    if silent.all() or not silent[-1]:
        return None
    return float(bin_edges(time.values)[int(np.flatnonzero(~silent)[-1]) + 1])


# --------------------------------------------------------------------- sentences


def salient_regions_sentence(
    evidence: SalientRegions, attribution: Attribution, *, family: str, says_yes: bool = True
) -> str:
    """Say which regions an answer is due to, and how much speaks for and against a family.

    Parameters
    ----------
    evidence : SalientRegions
    attribution : Attribution
        The map that it was found in.
    family : str
        Whose model is explained.
    says_yes : bool
        What the model says; of a no, what speaks against the family comes first.

    Returns
    -------
    str
        For example "Speaks for flute most of all: harmonic 3, 988 Hz (B5), net +3.70." A map
        that is zero everywhere has a sentence of its own.
    """
    kind = map_kind(attribution.method)
    if evidence.is_zero:
        return kind.zero.sentence.format(label=kind.label, family=family)
    headings = dict(zip(SIDES, kind.wording.sides, strict=True))
    said = []
    for side, most in zip(leading(says_yes), (2, 1), strict=True):
        regions = evidence.on(side)[:most]
        if regions:
            named = ", then ".join(_named(one, evidence, attribution) for one in regions)
            said.append(f"{headings[side].format(family=family)} most of all: {named}.")
    if evidence.total_against > 0:
        mine, other = (share_text(evidence.share_of(side)) for side in leading(says_yes))
        both = kind.wording.both[0 if says_yes else 1]
        said.append(both.format(mine=mine, other=other, family=family))
    if evidence.in_silence >= SILENT:
        where, since = "where the note is silent", evidence.silent_from
        if since is not None:
            where = f"in the silence after {since:.1f} s"
        said.append(f"{share_text(evidence.in_silence)} {kind.wording.whole} lies {where}.")
    return " ".join(said)


def leading(says_yes: bool) -> Sequence[Side]:
    """Return the two sides, that of the answer first."""
    return SIDES if says_yes else SIDES[::-1]


def rounded_sums(region: Region, decimals: int) -> tuple[float, float, float]:
    """Return what speaks for, what speaks against and the net, rounded so that they add up.

    Where all three cannot be rounded, it is what speaks against that gives way.

    Examples
    --------
    >>> one = Region(0.0, 1.0, "", None, "", None, 0.0, 4.0, 1.26, -0.94, 0.0)
    >>> rounded_sums(one, 1)
    (1.3, -1.0, 0.3)
    """
    mine, net = round(region.speaks_for, decimals), round(region.net, decimals)
    return mine, round(net - mine, decimals) + 0.0, net


def signed_text(value: float, decimals: int) -> str:
    """Return a number with its sign, a minus of its own width.

    Examples
    --------
    >>> signed_text(3.7, 2), signed_text(-0.36, 2), signed_text(0.0, 1)
    ('+3.70', '−0.36', '0.0')
    """
    text = f"{abs(value):.{decimals}f}"
    return f"{'+' if value > 0 else '−'}{text}" if float(text) else text


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


def _named(region: Region, evidence: SalientRegions, attribution: Attribution) -> str:
    """Say what a region is, when it counts and what it adds up to."""
    words = spectrogram_type(attribution.type).axis
    where = f"{words.several if attribution.bins.unit else words.one} {region.place}"
    if region.harmonic is not None:
        where = f"{'the ' if region.harmonic == 1 else ''}{region.harmonic_name} {where}"
    note = f" ({region.note})" if region.note else ""
    *_, net = rounded_sums(region, evidence.decimals)
    when = _when(region, attribution.time)
    return f"{where}{note}{when}, net {signed_text(net, evidence.decimals)}"


def _when(region: Region, time: Axis) -> str:
    begin, end = f"{region.begin:.1f}", f"{region.end:.1f}"
    if region.end - region.begin >= THROUGHOUT * (time.values[-1] - time.values[0]):
        return ""
    if region.begin < 0.1:
        return f" in the first {max(region.end, 0.1):.1f} s"
    return f" at {begin} s" if begin == end else f" between {begin} and {end} s"
