"""What drives the answer: the strongest regions of a map, or its partials and parts of the note.

Conventions
-----------
Places for the heading, the sentences and the two tables or figures are reserved before
there is anything to say, and filled again when the map is refined, so that nothing else
on the page moves. Which of the two is shown is in the address as ``drives``. Nothing of
the other is computed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from xai_core.attribution.salient_regions import (
    N_REGIONS,
    SIDES,
    Region,
    SalientRegions,
    Side,
    find_salient_regions,
    salient_regions_sentence,
    share_text,
)
from xai_core.canvas import is_carried
from xai_core.catalogue.methods import METHODS
from xai_core.explanations.loaded_models import LRUCache, array_digest
from xai_core.explanations.partials import NO_PITCH, break_down, breakdown_sentence, pitch_of
from xai_core.figures import Figure
from xai_core.figures.maps.evidence import part_bars, partial_bars
from xai_core.ui.parts.charts import draw_figure
from xai_core.ui.parts.words import pitch_text
from xai_core.ui.shell.address import choose
from xai_core.ui.shell.work_queue import queue_slot
from xai_core.values import Attribution, Axis, Explanation

__all__ = ["WhatDrives", "draw_what_drives", "reserve_what_drives"]

REGIONS = "regions"
VIEWS = {REGIONS: "strongest regions", "partials": "partials and parts of the note"}
TABLE_HEIGHT = 177  # px: the heading and four regions
COLOURS = {"for": "red", "against": "blue"}  # as in the map
WIDTHS = {"From": 62, "To": 54, "Range": 90, "Peak": 76, "Note": 50, "Share": 120}  # px
NAMES_WIDTH = 220  # px, of a column of named bins
HELP = (
    "Read from the map of {}. Evidence for the family is what "
    "raises the model's score (red), evidence against it what lowers it (blue). Point at a table "
    "to save it as CSV."
)
SHARE_HELP = (
    "Of all evidence on this side. Regions do not overlap, so the shares add up; what is missing "
    "to 100 % lies elsewhere."
)
RANGE_HELP = "Lowest to highest frequency of the region."
NAMES_HELP = "First to last bin of the region, as named on the axis of the map."
PEAK_HELP = "The frequency in the region that holds most of its evidence."
N_CACHED = 256  # sentences and tables, by map: a visitor returns to a note
_found: LRUCache[tuple[str, str, int], SalientRegions] = LRUCache(N_CACHED)
NOTE_HELP = (
    "The note nearest to the peak. Empty outside the range of a piano, and where "
    "the bins of the map are too wide to tell semitones apart."
)
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
        _draw_regions(place, shown, beside)
        return pitch
    return _draw_partials(place, explanation, pitch)


def _draw_regions(place: WhatDrives, explanation: Explanation, beside: Explanation) -> None:
    """Draw the sentences and the tables of the strongest regions."""
    attribution, family = explanation.attribution, explanation.family
    evidence = _regions_of(attribution)
    other = _regions_of(beside.attribution, n_regions=0)
    place.heading.markdown("##### What drives the answer", help=HELP.format(_label(explanation)))
    place.sentence.markdown(salient_regions_sentence(evidence, attribution, family=family))
    said = salient_regions_sentence(other, beside.attribution, family=family)
    method = METHODS[beside.attribution.method]
    coarser = method.smooth and not METHODS[attribution.method].smooth
    by = f"By {method.label}{', which is coarser' if coarser else ''}"
    place.beside.caption(said if other.is_zero else f"{by}: {said}")
    words = METHODS[attribution.method].wording
    for side, heading, none in zip(SIDES, words.sides, words.none, strict=True):
        regions = evidence.on(side)
        title, held = heading.format(family=family), share_text(sum(one.share for one in regions))
        here = f": {held} of it in these regions" if regions else ""
        place.titles[side].markdown(f"**{title}**{here}")
        if not regions:
            place.tables[side].caption(none.format(family=family))
            continue
        place.tables[side].dataframe(
            _columns(regions, attribution.bins),
            hide_index=True,
            height=TABLE_HEIGHT,
            column_config=_config(attribution.bins, side),
            alt=f"{title}: {len(regions)} regions of the map with {held} of that evidence.",
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


def _regions_of(attribution: Attribution, *, n_regions: int = N_REGIONS) -> SalientRegions:
    key = (attribution.type, array_digest(attribution.values), n_regions)
    return _found.get(key, lambda: find_salient_regions(attribution, n_regions=n_regions))


def _columns(regions: Sequence[Region], bins: Axis) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {
        "From": [region.begin for region in regions],
        "To": [region.end for region in regions],
    }
    places = [region.place for region in regions]
    if bins.unit:
        columns["Range"] = places
        columns["Peak"] = [region.strongest for region in regions]
        columns["Note"] = [region.note for region in regions]
    else:
        columns[bins.name] = places
    return columns | {"Share": [100 * region.share for region in regions]}


def _config(bins: Axis, side: Side) -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    unit = f" ({bins.unit})"
    return {
        "From": number("From (s)", format="%.2f", width=WIDTHS["From"], help="Where it begins."),
        "To": number("To (s)", format="%.2f", width=WIDTHS["To"], help="Where it ends."),
        "Range": text("Range" + unit, width=WIDTHS["Range"], help=RANGE_HELP),
        "Peak": number("Peak" + unit, format="%.0f", width=WIDTHS["Peak"], help=PEAK_HELP),
        "Note": text("Note", width=WIDTHS["Note"], help=NOTE_HELP),
        bins.name: text(bins.name, width=NAMES_WIDTH, help=NAMES_HELP),
        "Share": st.column_config.ProgressColumn(
            "Share",
            width=WIDTHS["Share"],
            min_value=0,
            max_value=100,
            format="%.0f %%",
            color=COLOURS[side],
            help=SHARE_HELP,
        ),
    }
