"""A sentence or two on where an attribution lies.

Conventions
-----------
Numbers in a sentence are those of the values it is made from, rounded as the
values are, so that it can be checked on the map. Frequencies are in
Hz with the nearest note; times in tenths of a second.
"""

from __future__ import annotations

from xai_core.attribution.salient_regions.regions import (
    SIDES,
    Concentration,
    SalientRegions,
)
from xai_core.catalogue.methods import map_kind
from xai_core.catalogue.types import spectrogram_type
from xai_core.values import Attribution

__all__ = ["salient_regions_sentence", "share_text"]

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
    if main.side == "against":
        return f"All evidence speaks against {family}. {_where(main, 'of it', attribution)}"
    sentence = _where(main, f"of the evidence for {family}", attribution)
    if evidence.total_against == 0:
        return sentence
    mine, other = (share_text(evidence.share_of(side)) for side in SIDES)
    return f"{sentence} In all, {mine} of the evidence speaks for {family} and {other} against."


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


# ----------------------------------------------------------------------- private


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
