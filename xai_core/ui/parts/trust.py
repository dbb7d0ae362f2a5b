"""The tests of a map on a page: the way to them, their figures and numbers, what each means."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from xai_core.explanations.trust import (
    ON_DEAR_TYPES,
    SHARE,
    USUAL,
    Agreement,
    Removal,
    Stage,
    TrustScores,
    left_out_sentence,
)
from xai_core.figures.base.scales import number_text
from xai_core.figures.base.words import percent_text
from xai_core.figures.maps.trust import (
    agreement_map,
    cascade_curves,
    cascade_strip,
    removal_curves,
)
from xai_core.ui.browser.screen import is_narrow
from xai_core.ui.parts.charts import draw_figure

__all__ = ["draw_agreement", "draw_cascade", "draw_curves", "draw_numbers", "draw_way_to_trust"]

WAY = "Is this map about the model?"
AS_IT_IS = "as it is"
CURVES_HELP = (
    "Bins are silenced, or put into silence, from the strongest down. If the map names what the "
    "model needs, its line falls early at the left and rises early at the right: more so than "
    "if the loudest bins or random ones come first."
)
CASCADE_HELP = (
    "The layers of a copy of the network get fresh initial weights, from the output down, and the "
    "map is made again after each. A map of what the network has learnt changes; a map of the "
    f"note stays. All these maps take {USUAL.map_steps} steps, on spectrograms that take long "
    f"{ON_DEAR_TYPES.map_steps}, where a method takes steps, also the first, of the network as it "
    "is: so only the weights differ."
)
AGREEMENT_HELP = (
    "Rank correlation of the maps of this note by every two methods, with their signs, over bins "
    "that are not silent: 1 the same order of bins, 0 none in common, −1 the reverse."
)
ENERGY, RANDOM, SENSITIVITY = "Over energy", "Over random order", "Sensitivity"
CLASSES, COMPLETENESS = "Two families share", "Completeness error"
MAP_ERROR = "Map error"
NUMBERS_HELP = {
    ENERGY: "How much better the map's order of bins is than that of the loudest first: the mean "
    "gain of both areas, as a share of the range that the score takes along the curves.",
    RANDOM: "The same against random order.",
    SENSITIVITY: "The largest change of the map, as a share of its size, if each bin of the note "
    "changes by up to 0.02.",
    CLASSES: f"How many of the strongest {100 * SHARE:.0f} % of bins the maps of the two likeliest "
    "families share. By chance 10 %; near 100 % the map is about the note, not the family.",
    COMPLETENESS: "How far the sum of the map is from the change of the score.",
    MAP_ERROR: "An estimate of how far the map itself is from the exact one, all bins together, as "
    "a share of its size.",
}


def draw_way_to_trust(method: str) -> None:
    """Draw a link to the Trust page: what is chosen here, and the method of the map."""
    st.page_link(
        "pages/trust.py",
        label=WAY,
        icon=":material/fact_check:",
        query_params={"method": method},
    )


def draw_numbers(place: DeltaGenerator, scores: TrustScores) -> None:
    """Draw the numbers that are there, each with its help."""
    row = place.container(horizontal=True)
    for name, value in _numbers(scores).items():
        row.metric(name, value, help=NUMBERS_HELP[name], width="content")


def _numbers(scores: TrustScores) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, gain in ((ENERGY, scores.over_energy), (RANDOM, scores.over_random)):
        if gain is not None:
            found[name] = f"{100 * gain:+.0f} %".replace("-", "−")
    if scores.sensitivity is not None:
        found[SENSITIVITY] = f"{100 * scores.sensitivity:.0f} %"
    if scores.class_overlap is not None:
        found[CLASSES] = percent_text(scores.class_overlap.overlap)
    if (completeness := scores.explanation.completeness) is not None:
        found[COMPLETENESS] = f"{number_text(100 * completeness.error)} %"
        if completeness.map_error is not None:
            found[MAP_ERROR] = f"{100 * completeness.map_error:.2g} %"
    return found


def draw_curves(place: DeltaGenerator, less: Removal, more: Removal | None, *, family: str) -> None:
    """Draw the logit while bins are removed and, if it is there, while they are put in."""
    panels = {}
    for name, curves in (("Deletion", less), ("Insertion", more)):
        if curves is None:
            continue
        lines = {"by this map": curves.by_map, "by energy": curves.by_energy}
        if curves.at_random is not None:
            lines["random order"] = curves.at_random
        panels[name] = {label: (one.fractions, one.outputs) for label, one in lines.items()}
    narrow = is_narrow()
    figure = removal_curves(panels, family=family, stacked=narrow, height=520 if narrow else 280)
    draw_figure(place, figure)


def draw_cascade(strip: DeltaGenerator, curves: DeltaGenerator, stages: tuple[Stage, ...]) -> None:
    """Draw the maps of the cascade, and their correlations along the layers."""
    names = [stage.layer or AS_IT_IS for stage in stages]
    pairs = [(stage.absolute, stage.signed) for stage in stages]
    columns = 3 if is_narrow() else 9
    draw_figure(strip, cascade_strip([one.map for one in stages], names, pairs, columns=columns))
    lines = {
        "absolute map": [stage.absolute for stage in stages],
        "with signs": [stage.signed for stage in stages],
        "with the spectrogram": [stage.with_spectrogram for stage in stages],
    }
    draw_figure(curves, cascade_curves(names, lines))


def draw_agreement(place: DeltaGenerator, agreement: Agreement) -> None:
    """Draw how far the methods agree, and say which are left out."""
    box = place.container()
    draw_figure(box, agreement_map(agreement.correlations, agreement.methods))
    if said := left_out_sentence(agreement):
        box.caption(said)
