"""What drives the answer: the regions with most net evidence, or partials and parts of the note.

Conventions
-----------
Places for the heading, the sentences and the two tables or figures are reserved before
there is anything to say, and filled again when the map is refined, so that nothing else
on the page moves. Which of the two is shown is in the address as ``drives``. Nothing of
the other is computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from xai_core.attribution.salient_regions import (
    SIDES,
    SalientRegions,
    Side,
    leading,
    rounded_sums,
    signed_text,
)
from xai_core.canvas import is_carried
from xai_core.catalogue.methods import METHODS
from xai_core.explanations.partials import NO_PITCH, break_down, breakdown_sentence, pitch_of
from xai_core.explanations.regions import regions_of, regions_sentence, says_yes
from xai_core.figures import Figure
from xai_core.figures.maps.evidence import part_bars, partial_bars
from xai_core.trust import overlap_of_strongest
from xai_core.ui.parts.charts import draw_figure
from xai_core.ui.parts.words import overlap_sentence, pitch_text
from xai_core.ui.shell.address import choose
from xai_core.ui.shell.work_queue import queue_slot
from xai_core.values import Attribution, Axis, Explanation

__all__ = ["WhatDrives", "draw_what_drives", "reserve_what_drives"]

REGIONS = "regions"
VIEWS = {REGIONS: "regions, by net evidence", "partials": "partials and parts of the note"}
OVERLAP_LINK = "What it means when two maps disagree"
OVERLAP_HELP = (
    "The strongest bins are those that speak most for the family. Two maps that disagree cannot "
    "both name what the model goes by: Trust tests each by taking its bins away, and sets the maps "
    "of all methods side by side."
)
TABLE_HEIGHT = 177  # px: the heading and four regions
HALF = 0.5  # of a region's evidence, from which its lying in silence is said
CANCELS = "What lies on this side is outweighed by the other in every region."
WIDTHS = {"Where": 88, "Note": 126, "When": 76, "For": 58, "Against": 66, "Net": 58}  # px
NAMES_WIDTH = 220  # px, of a column of named bins
HELP = (
    "Read from the map of {}. Evidence for the family is what "
    "raises the model's score (red), evidence against it what lowers it (blue); both often lie "
    "side by side on one partial and cancel, so regions are ranked by their net. Point at a "
    "table to save it as CSV."
)
WHERE_HELP = (
    "A partial of the note, at the peak of the note's spectrum, or the range of a band without one."
)
NAMES_HELP = "As named on the axis of the map."
NOTE_HELP = (
    "The note nearest to the partial, on the keys of a piano, and which multiple of the pitch it "
    "is, where the pitch of the note is known."
)
WHEN_HELP = (
    "The shortest stretch of time with 80 % of the evidence of the region. Where half of it lies "
    "before the sound begins or after it has ended, “silence” is written beside."
)
SUM_HELPS = {
    "For": "What raises the {} here.",
    "Against": "What lowers the {} here.",
    "Net": "Both together. The nets of all regions, also of those not listed, add up to the map.",
}
PARTIALS_HELP = (
    "Read from the map of {}, carried to hertz and seconds. A "
    "partial reaches a quarter tone to each side. The attack ends at 90 % of the largest level, "
    "0.3 s after the onset at the latest; the release begins where the last 20 dB do."
)
OF_LABEL = "The pitch is that of the note's label: {}."
OF_SOUND = "The pitch was found in the sound: {}."


@dataclass(frozen=True)
class WhatDrives:
    """Where on the page the parts go, and which of the two views is shown."""

    view: str
    heading: DeltaGenerator
    sentence: DeltaGenerator
    beside: DeltaGenerator
    titles: Mapping[Side, DeltaGenerator]
    tables: Mapping[Side, DeltaGenerator]


def reserve_what_drives(type: str) -> WhatDrives:
    """Return places in the order in which they stand on the page, and let the visitor choose.

    Parameters
    ----------
    type : str
        Spectrogram type that is explained. Of one that has no place in hertz there is no
        choice.
    """
    left, right = st.columns([5, 3], vertical_alignment="bottom", gap="medium")
    heading, view = left.empty(), REGIONS
    if is_carried(type):
        view = choose(right, "Show", VIEWS, key="drives")
    sentence, beside = st.empty(), st.empty()
    columns = dict(zip(SIDES, st.columns(2, gap="medium"), strict=True))
    titles = {side: column.empty() for side, column in columns.items()}
    tables = {side: column.empty() for side, column in columns.items()}
    return WhatDrives(view, heading, sentence, beside, titles, tables)


def draw_what_drives(
    place: WhatDrives,
    explanation: Explanation,
    *,
    shown: Explanation,
    beside: Explanation,
    pitch: float | None,
) -> float | None:
    """Say what drives the answer, and show it as tables or as bars.

    Parameters
    ----------
    place : WhatDrives
    explanation : Explanation
        Of the first method, on the grid of its type: partials and parts are its.
    shown : Explanation
        The same on the grid that is shown: regions are its.
    beside : Explanation
        Of the second method, on that grid: a sentence beside the regions.
    pitch : float or None
        Hz, from the note's label; None where it is to be found in the sound, which takes
        1 to 2 s and is done for partials only.

    Returns
    -------
    float or None
        Hz, as far as it is known now.
    """
    if place.view == REGIONS:
        _draw_regions(place, shown, beside, pitch)
        return pitch
    return _draw_partials(place, explanation, pitch)


def _draw_regions(
    place: WhatDrives, explanation: Explanation, beside: Explanation, pitch: float | None
) -> None:
    """Draw the sentences and the tables of the regions, those of the answer first."""
    attribution, family = explanation.attribution, explanation.family
    evidence = regions_of(explanation, pitch=pitch)
    place.heading.markdown("##### What drives the answer", help=HELP.format(_label(explanation)))
    place.sentence.markdown(regions_sentence(explanation, pitch=pitch))
    said = regions_sentence(beside, pitch=pitch)
    _draw_beside(place.beside, attribution, beside, said, is_zero=beside.attribution.is_zero)
    words = METHODS[attribution.method].wording
    headings, nothing = (dict(zip(SIDES, one, strict=True)) for one in (words.sides, words.none))
    for column, side in zip(SIDES, leading(says_yes(explanation)), strict=True):
        regions, title = evidence.on(side), headings[side].format(family=family)
        if not regions:
            place.titles[column].markdown(f"**{title}**")
            empty = evidence.share_of(side) == 0
            place.tables[column].caption(nothing[side].format(family=family) if empty else CANCELS)
            continue
        net = sum(rounded_sums(one, evidence.decimals)[2] for one in regions)
        held = signed_text(net, evidence.decimals)
        place.titles[column].markdown(f"**{title}**: net {held} in these regions")
        place.tables[column].dataframe(
            _columns(evidence, side, attribution.bins),
            hide_index=True,
            height=TABLE_HEIGHT,
            column_config=_config(attribution.bins, evidence.decimals, attribution.target),
            alt=f"{title}: {len(regions)} regions of the map, net {held}.",
        )


def _draw_beside(
    place: DeltaGenerator,
    attribution: Attribution,
    beside: Explanation,
    said: str,
    *,
    is_zero: bool,
) -> None:
    """Say what the second method shows, and whether its map and the first agree."""
    if is_zero or attribution.is_zero:
        place.caption(said if is_zero else f"By {_label(beside)}: {said}")
        return
    overlap = overlap_of_strongest(attribution.values, beside.attribution.values)
    box = place.container(gap=None)
    box.caption(f"By {_label(beside)}: {said} {overlap_sentence(overlap)}", help=OVERLAP_HELP)
    box.page_link(
        "pages/trust.py",
        label=OVERLAP_LINK,
        icon=":material/fact_check:",
        query_params={"method": attribution.method},
    )


def _draw_partials(
    place: WhatDrives, explanation: Explanation, labelled: float | None
) -> float | None:
    """Draw the sentence, and the bars by partial, of a note with a pitch, and by part."""
    pitch = labelled
    if pitch is None:
        with place.sentence, st.spinner("Looking for a pitch …"), queue_slot():
            pitch = pitch_of(explanation.waveform)
    breakdown = break_down(explanation, pitch=pitch)
    family, target = explanation.family, explanation.attribution.target
    place.heading.markdown(
        "##### What drives the answer", help=PARTIALS_HELP.format(_label(explanation))
    )
    place.sentence.markdown(breakdown_sentence(breakdown, explanation))
    parts = part_bars(breakdown.by_part, family=family, target=target)
    if pitch is None:
        place.beside.caption(NO_PITCH)
        _draw_bars(place, "for", f"By part of the note: red for {family}, blue against", parts)
        return None
    place.beside.caption((OF_SOUND if labelled is None else OF_LABEL).format(pitch_text(pitch)))
    partials = partial_bars(breakdown.by_partial, pitch=pitch, family=family, target=target)
    _draw_bars(place, "for", f"By partial: red for {family}, blue against", partials)
    _draw_bars(place, "against", "By part of the note", parts)
    return pitch


def _draw_bars(place: WhatDrives, column: Side, title: str, figure: Figure) -> None:
    head, colon, rest = title.partition(":")
    place.titles[column].markdown(f"**{head}**{colon}{rest}")
    draw_figure(place.tables[column], figure)


def _label(explanation: Explanation) -> str:
    return METHODS[explanation.attribution.method].label


def _columns(evidence: SalientRegions, side: Side, bins: Axis) -> dict[str, list[Any]]:
    regions = evidence.on(side)
    sums = [rounded_sums(one, evidence.decimals) for one in regions]
    where = "Where" if bins.unit else bins.name
    places = [
        one.place.removesuffix(f" {bins.unit}") if bins.unit else one.place for one in regions
    ]
    columns: dict[str, list[Any]] = {where: places}
    if bins.unit:
        names = [(one.note, one.harmonic_name) for one in regions]
        columns["Note"] = [", ".join(filter(None, pair)) for pair in names]
    columns["When"] = [
        f"{one.begin:.1f}–{one.end:.1f}{' (silence)' if one.in_silence >= HALF else ''}"
        for one in regions
    ]
    return columns | {name: [one[k] for one in sums] for k, name in enumerate(SUM_HELPS)}


def _config(bins: Axis, decimals: int, target: str) -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    sums = {
        name: number(name, format=f"%+.{decimals}f", width=WIDTHS[name], help=help.format(target))
        for name, help in SUM_HELPS.items()
    }
    return sums | {
        "Where": text(f"Where ({bins.unit})", width=WIDTHS["Where"], help=WHERE_HELP),
        "Note": text("Note", width=WIDTHS["Note"], help=NOTE_HELP),
        bins.name: text(bins.name, width=NAMES_WIDTH, help=NAMES_HELP),
        "When": text("When (s)", width=WIDTHS["When"], help=WHEN_HELP),
    }
