"""The four panels of a note and a model, with what drives the answer, and their files.

Conventions
-----------
Panels are drawn first as they are and refined in place, and so is what drives the
answer (:mod:`xai_core.ui.parts.what_drives`), so that nothing else on the page moves.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from xai_core.canvas import on_canvas
from xai_core.catalogue.methods import METHODS
from xai_core.explanations import explain_progressively, feature_maps
from xai_core.explanations.regions import regions_of, regions_sentence
from xai_core.figures import explore_panels
from xai_core.figures.base.scales import Sign
from xai_core.results.files import explanation_files
from xai_core.ui.browser.screen import is_narrow
from xai_core.ui.parts.charts import Limits, draw_figure, held_limits
from xai_core.ui.parts.choices import Advanced, choose_in_hertz
from xai_core.ui.parts.sharing import draw_saving
from xai_core.ui.parts.what_drives import draw_what_drives, reserve_what_drives
from xai_core.ui.parts.words import baseline_sentence, completeness_badge, completeness_sentence
from xai_core.ui.shell.work_queue import compute_in_slots, queue_slot
from xai_core.values import Explanation, Waveform

__all__ = ["Panels", "draw_panels", "draw_saving_of_panels"]

MOMENT = 0.25  # s; a map that takes no longer is drawn once, finished
SOON = 0.5  # s; and so is one that is expected to
REDRAW_SECONDS = 0.6  # at most one redraw so often while a map is refined
PANELS_HEIGHT = 480  # pixels
STACKED_HEIGHT = 420  # pixels of each, one under the other


@dataclass(frozen=True, eq=False)
class Panels:
    """The explanations by two methods as they were drawn last, their colours, and the pitch."""

    explanations: tuple[Explanation, Explanation]
    sign: Sign
    colours: Limits
    percentile: float
    in_hertz: bool
    pitch: float | None  # Hz, where it is known


def draw_panels(
    note: Waveform,
    type: str,
    family: str,
    advanced: Advanced,
    *,
    pitch: float | None = None,
    verdict: DeltaGenerator | None = None,
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
    pitch : float, optional
        Hz, where the note has a label that says it.
    verdict : DeltaGenerator, optional
        A place beside the verdict, for a warning of a model that says yes to the baseline.
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
    picture, below = st.empty(), reserve_what_drives(type)
    layer = advanced.layer

    def estimates_by(method: str) -> Iterator[Explanation]:
        return explain_progressively(
            note,
            type=type,
            family=family,
            settings=advanced.settings[method],
            baseline_audio=advanced.baseline_of(method),
        )

    refined, finished = advanced.shown
    with queue_slot(waiting):
        maps = feature_maps(note, type=type, family=family, layer=layer, choice=advanced.filters)
        *_, beside = estimates_by(finished)
    shown_beside = on_canvas(beside) if in_hertz else beside
    sign: Sign = "unsigned" if advanced.sign == "unsigned" else "signed"
    first, began, known = True, time.monotonic(), pitch
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
            methods=advanced.shown,
            sign=sign,
            limits=colours,
            percentile=advanced.percentile,
            layer=layer,
            in_hertz=in_hertz,
            notes=advanced.notes,
            loudest=regions_of(shown, pitch=pitch).loudest,
            said={
                one.attribution.method: regions_sentence(one, pitch=pitch)
                for one in (shown, shown_beside)
            },
            stacked=is_narrow(),
            height=STACKED_HEIGHT if is_narrow() else PANELS_HEIGHT,
        )
        _status(status, shown, shown_beside, refining)
        draw_figure(picture, figure, buttons=True)
        if first or not refining:
            draw_what_drives(below, explanation, shown=shown, beside=shown_beside, pitch=pitch)
            if verdict is not None:
                _warn(verdict, explanation)
        if first and meanwhile is not None:
            meanwhile()
        first, draw_after = False, time.monotonic() + REDRAW_SECONDS
    return Panels((explanation, beside), sign, colours, advanced.percentile, in_hertz, known)


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
            pitch=panels.pitch,
        )
        draw_saving(files, label=f"Save {method.label}", key=method.name.replace("_", " "))


def _warn(place: DeltaGenerator, explanation: Explanation) -> None:
    """Say beside the verdict if the model says yes to the baseline already."""
    if (completeness := explanation.completeness) is None:
        return
    target, baseline = explanation.attribution.target, str(explanation.settings.get("baseline", ""))
    if said := baseline_sentence(completeness, target=target, baseline=baseline):
        place.warning(said, icon=":material/volume_off:")


def _is_refining(explanation: Explanation) -> bool:
    completeness = explanation.completeness
    if completeness is None or completeness.converged:
        return False
    return completeness.n_steps < int(explanation.settings["max_steps"])


def _seconds_needed(explanation: Explanation, spent: float) -> float:
    """Guess how long the map takes in all.

    The error of the sum falls with the square of the steps, that of the map with the steps.
    """
    completeness, settings = explanation.completeness, explanation.settings
    if completeness is None:
        return spent
    times = math.sqrt(completeness.error / float(settings["tolerance"]))
    if completeness.map_error is not None and "map_tolerance" in settings:
        times = max(times, completeness.map_error / float(settings["map_tolerance"]))
    return spent * max(times, 1.0)


def _status(
    place: DeltaGenerator,
    explanation: Explanation,
    beside: Explanation,
    refining: bool,
) -> None:
    with place.container(horizontal=True, vertical_alignment="center"):
        for one in (explanation, beside):
            if (completeness := one.completeness) is None:
                continue
            target, is_third = one.attribution.target, one is explanation
            badge = completeness_badge(completeness, refining=refining and is_third)
            whose = "" if is_third else f"{METHODS[one.attribution.method].label}: "
            st.badge(badge.text, color=badge.colour, help=badge.meaning)  # type: ignore[arg-type]
            st.caption(whose + completeness_sentence(completeness, target=target))
        for note in dict.fromkeys((*explanation.notes, *beside.notes)):
            st.caption(note)
