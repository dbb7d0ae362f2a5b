"""Distances across the spectrogram types of one note, which are computed when they are chosen.

Conventions
-----------
The metric is in the address as ``across``; family, note and explained model have the
names that they have on Explore, and so have the choice that was made there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from xai_core.audio import load_note
from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.types import spectrogram_type
from xai_core.datasets.notes import NoteRecord
from xai_core.errors import InputError
from xai_core.explanations import explain_progressively, resolve_settings
from xai_core.explanations.across_types import ON_HEATMAPS, distances_across_types
from xai_core.figures.distances.across_types import across_types_map
from xai_core.ui.parts.charts import draw_figure
from xai_core.ui.parts.choices import OWN_FAMILY, OWN_LABEL, choose_note
from xai_core.ui.shell.address import choose
from xai_core.ui.shell.faults import sentence
from xai_core.ui.shell.work_queue import compute_in_slots, queue_slot
from xai_core.values import FAMILIES, Explanation

__all__ = ["draw_across_types"]

NOT_SHOWN = "none"
CHOICES = {NOT_SHOWN: "not shown", **{name: METRICS[name].label for name in ON_HEATMAPS}}
HELP = (
    "Do the networks of all spectrogram types look at the same frequencies and moments of one "
    "note? Their maps are carried to hertz and seconds and compared two by two, as shares of "
    "their sum. Explaining one note by all types takes some seconds."
)


def draw_across_types(
    records: Sequence[NoteRecord], available: Mapping[str, Sequence[str]], method: str
) -> None:
    """Let the visitor see how far apart the maps of one note are by two types each.

    Parameters
    ----------
    records : sequence of NoteRecord
        Notes to choose from.
    available : mapping
        ``{type: families}`` that have models.
    method : str
        By which notes are explained, with the preset ``default``.
    """
    left, right = st.columns(2, vertical_alignment="bottom")
    metric = choose(left, "Distances across types of one note", CHOICES, key="across", help=HELP)
    if metric == NOT_SHOWN:
        return
    record = choose_note(records)
    families = {name: name for name in FAMILIES if any(name in row for row in available.values())}
    own = {OWN_FAMILY: OWN_LABEL} if record.family in families else {}
    chosen = choose(right, "Explain the model of", {**own, **families}, key="explain")
    family = record.family if chosen == OWN_FAMILY else chosen
    types = [type for type, row in available.items() if family in row]
    bar, waiting = st.empty(), st.empty()
    explanations = _explained(record, types, family, method, (bar, waiting))
    try:
        with queue_slot(waiting):
            found = distances_across_types(explanations, metric)
    except InputError as error:
        st.info(sentence(error), icon=":material/info:")
        return
    figure = across_types_map(found.distances, found.types, metric=metric, method=method)
    draw_figure(st, figure, buttons=True)
    st.caption(METRICS[metric].forward.sentence)
    for note in found.notes:
        st.caption(note)


def _explained(
    record: NoteRecord,
    types: Sequence[str],
    family: str,
    method: str,
    places: tuple[DeltaGenerator, DeltaGenerator],
) -> list[Explanation]:
    """Explain a note by the models of several types, and show how far that is."""
    bar, waiting = places
    note, settings = load_note(record.path), resolve_settings(method, "default")
    found = []
    for k, type in enumerate(types):
        label = spectrogram_type(type).label
        # Streamlit ends the run here when its visitor has left or changed a widget
        bar.progress(k / len(types), f"Explaining the note by {label}: {k + 1} of {len(types)}")
        *_, last = compute_in_slots(
            explain_progressively(note, type=type, family=family, settings=settings), waiting
        )
        found.append(last)
    bar.empty()
    return found
