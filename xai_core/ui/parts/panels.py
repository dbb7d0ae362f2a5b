"""The four panels of a note and a model, and the regions of the map that drive the answer.

Conventions
-----------
Panels are drawn first as they are and refined in place. Places for the sentence and
the strongest regions for and against are reserved before there is anything to say,
and filled again when the map is refined, so that nothing else on the page moves.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

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
from xai_core.canvas import on_canvas
from xai_core.catalogue.methods import METHODS, PAPER_METHODS
from xai_core.explanations import explain_progressively, feature_maps
from xai_core.explanations.loaded_models import LRUCache, array_digest
from xai_core.figures import explore_panels
from xai_core.figures.base.scales import Sign
from xai_core.results.files import explanation_files
from xai_core.ui.browser.screen import is_narrow
from xai_core.ui.parts.charts import Limits, draw_figure, held_limits
from xai_core.ui.parts.choices import Advanced, choose_in_hertz
from xai_core.ui.parts.sharing import draw_saving
from xai_core.ui.parts.words import baseline_sentence, completeness_badge, completeness_sentence
from xai_core.ui.shell.work_queue import compute_in_slots, queue_slot
from xai_core.values import Attribution, Axis, Explanation, Waveform

__all__ = ["Panels", "draw_panels", "draw_saving_of_panels"]

TABLE_HEIGHT = 177  # px: the heading and four regions
COLOURS = {"for": "red", "against": "blue"}  # as in the map
WIDTHS = {"From": 62, "To": 54, "Range": 90, "Peak": 76, "Note": 50, "Share": 120}  # px
NAMES_WIDTH = 220  # px, of a column of named bins
HELP = (
    f"Read from the map of {METHODS[PAPER_METHODS[0]].label}. Evidence for the family is what "
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
MOMENT = 0.25  # s; a map that takes no longer is drawn once, finished
SOON = 0.5  # s; and so is one that is expected to
REDRAW_SECONDS = 0.6  # at most one redraw so often while a map is refined
PANELS_HEIGHT = 480  # pixels
STACKED_HEIGHT = 420  # pixels of each, one under the other


@dataclass(frozen=True)
class SalientRegionsPlace:
    """Where on the page the parts go."""

    heading: st.delta_generator.DeltaGenerator
    sentence: st.delta_generator.DeltaGenerator
    beside: st.delta_generator.DeltaGenerator
    titles: Mapping[Side, st.delta_generator.DeltaGenerator]
    tables: Mapping[Side, st.delta_generator.DeltaGenerator]


def reserve_salient_regions() -> SalientRegionsPlace:
    """Return places in the order in which they stand on the page."""
    heading, sentence, beside = st.empty(), st.empty(), st.empty()
    columns = dict(zip(SIDES, st.columns(2, gap="medium"), strict=True))
    titles = {side: column.empty() for side, column in columns.items()}
    tables = {side: column.empty() for side, column in columns.items()}
    return SalientRegionsPlace(heading, sentence, beside, titles, tables)


def draw_salient_regions(
    place: SalientRegionsPlace, explanation: Explanation, beside: Explanation
) -> None:
    """Say what drives the answer, and list its strongest regions.

    Parameters
    ----------
    place : SalientRegionsPlace
    explanation : Explanation
        Of the first method that is shown: the sentence and both tables.
    beside : Explanation
        Of the second: a sentence beside it.
    """
    attribution, family = explanation.attribution, explanation.family
    evidence = _regions_of(attribution)
    other = _regions_of(beside.attribution, n_regions=0)
    place.heading.markdown("##### What drives the answer", help=HELP)
    place.sentence.markdown(salient_regions_sentence(evidence, attribution, family=family))
    said = salient_regions_sentence(other, beside.attribution, family=family)
    method = METHODS[beside.attribution.method]
    by = f"By {method.label}{', which is coarser' if method.smooth else ''}"
    place.beside.caption(said if other.is_zero else f"{by}: {said}")
    for side in SIDES:
        regions = evidence.on(side)
        title, held = f"Speaks {side} {family}", share_text(sum(one.share for one in regions))
        here = f": {held} of it in these regions" if regions else ""
        place.titles[side].markdown(f"**{title}**{here}")
        if not regions:
            place.tables[side].caption(f"Nothing speaks {side} {family}.")
            continue
        place.tables[side].dataframe(
            _columns(regions, attribution.bins),
            hide_index=True,
            height=TABLE_HEIGHT,
            column_config=_config(attribution.bins, side),
            alt=f"{title}: {len(regions)} regions of the map with {held} of that evidence.",
        )


@dataclass(frozen=True, eq=False)
class Panels:
    """The explanations by two methods as they were drawn last, with their colours."""

    explanations: tuple[Explanation, Explanation]
    sign: Sign
    colours: Limits
    percentile: float
    in_hertz: bool


def draw_panels(
    note: Waveform,
    type: str,
    family: str,
    advanced: Advanced,
    *,
    meanwhile: Callable[[], None] | None = None,
) -> Panels:
    """Draw spectrogram, feature maps and the maps of two methods, and what they say.

    The map of the first method is refined in place; that of the second is drawn finished.

    Parameters
    ----------
    note : Waveform
        4 s at 16 kHz.
    type, family : str
        Whose model is explained.
    advanced : Advanced
        Settings of each method.
    meanwhile : callable, optional
        What else the page has to draw: called once, after the first picture.

    Returns
    -------
    Panels
        Of the finished map.
    """
    waiting = st.empty()
    left, right = st.columns([4, 1], vertical_alignment="bottom", gap="medium")
    in_hertz = choose_in_hertz(right, type)
    status = left.empty()
    picture, below = st.empty(), reserve_salient_regions()
    layer = advanced.layer

    def estimates_by(method: str) -> Iterator[Explanation]:
        return explain_progressively(
            note,
            type=type,
            family=family,
            settings=advanced.settings[method],
            baseline_audio=advanced.baseline_of(method),
        )

    refined, finished = PAPER_METHODS
    with queue_slot(waiting):
        maps = feature_maps(note, type=type, family=family, layer=layer, choice=advanced.filters)
        *_, beside = estimates_by(finished)
    shown_beside = on_canvas(beside) if in_hertz else beside
    sign: Sign = "unsigned" if advanced.sign == "unsigned" else "signed"
    first, began = True, time.monotonic()
    draw_after = began + MOMENT
    for explanation in compute_in_slots(estimates_by(refined), waiting):
        refining = _is_refining(explanation)
        now = time.monotonic()
        if refining and (now < draw_after or _seconds_needed(explanation, now - began) < SOON):
            continue
        shown = on_canvas(explanation) if in_hertz else explanation
        colours = held_limits(
            shown.attribution,
            shown_beside.attribution,
            held=advanced.hold_colours,
            final=not refining,
            sign=sign,
            percentile=advanced.percentile,
        )
        figure = explore_panels(
            shown.spectrogram,
            maps,
            {one.attribution.method: one.attribution for one in (shown, shown_beside)},
            sign=sign,
            limits=colours,
            percentile=advanced.percentile,
            layer=layer,
            in_hertz=in_hertz,
            stacked=is_narrow(),
            height=STACKED_HEIGHT if is_narrow() else PANELS_HEIGHT,
        )
        _status(status, shown, shown_beside, refining)
        draw_figure(picture, figure, buttons=True)
        if first or not refining:
            draw_salient_regions(below, shown, shown_beside)
        if first and meanwhile is not None:
            meanwhile()
        first, draw_after = False, time.monotonic() + REDRAW_SECONDS
    return Panels((explanation, beside), sign, colours, advanced.percentile, in_hertz)


def draw_saving_of_panels(panels: Panels, *, name: str, start: float) -> None:
    """Draw a button for the files of each map.

    Parameters
    ----------
    panels : Panels
    name : str
        What the note is called.
    start : float
        Where it begins in its recording, in seconds.
    """
    for explanation in panels.explanations:
        method = METHODS[explanation.attribution.method]
        files = explanation_files(
            explanation,
            note=name,
            start=start,
            sign=panels.sign,
            limits=panels.colours.get(method.name),
            percentile=panels.percentile,
            in_hertz=panels.in_hertz,
        )
        draw_saving(files, label=f"Save {method.label}", key=method.name.replace("_", " "))


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


def _is_refining(explanation: Explanation) -> bool:
    completeness = explanation.completeness
    if completeness is None or completeness.converged:
        return False
    return completeness.n_steps < int(explanation.settings["max_steps"])


def _seconds_needed(explanation: Explanation, spent: float) -> float:
    """Guess how long the map takes in all: the error falls with the square of the steps."""
    if explanation.completeness is None:
        return spent
    times = explanation.completeness.error / float(explanation.settings["tolerance"])
    return spent * math.sqrt(max(times, 1.0))


def _status(
    place: st.delta_generator.DeltaGenerator,
    explanation: Explanation,
    beside: Explanation,
    refining: bool,
) -> None:
    completeness = explanation.completeness
    if completeness is None:
        return
    badge = completeness_badge(completeness, refining=refining)
    with place.container(horizontal=True, vertical_alignment="center"):
        st.badge(badge.text, color=badge.colour, help=badge.meaning)  # type: ignore[arg-type]
        st.caption(completeness_sentence(completeness, target=explanation.attribution.target))
        if said := baseline_sentence(completeness, target=explanation.attribution.target):
            st.caption(said)
        for note in dict.fromkeys((*explanation.notes, *beside.notes)):
            st.caption(note)
