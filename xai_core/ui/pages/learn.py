"""The Learn page: six steps, each with one control and one figure or two.

Conventions
-----------
All that can be chosen is in the address: the step (``step``), note and family,
and what the controls say. Every number is computed when it is shown, by the
functions that the other pages use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from xai_core.audio import load_note, to_wav
from xai_core.catalogue.types import TYPES
from xai_core.datasets.notes import NoteRecord
from xai_core.explanations import feature_maps, layers_of
from xai_core.explanations.lessons import (
    CamParts,
    IntegrationPath,
    grad_cam_parts,
    integration_path,
)
from xai_core.features import extract
from xai_core.figures import attribution_figure, feature_maps_figure, spectrogram_figure
from xai_core.figures.base.scales import number_text
from xai_core.figures.base.words import count_text
from xai_core.figures.maps.lessons import path_curve, weight_bars
from xai_core.ui.pages.learn_small_maps import difference_step, distances_step
from xai_core.ui.parts.charts import draw_figure
from xai_core.ui.parts.choices import samples, sound_models
from xai_core.ui.parts.words import note_label
from xai_core.ui.shell.address import choose, set_choice, slide
from xai_core.ui.shell.preload import keep_keras_state
from xai_core.ui.shell.work_queue import queue_slot
from xai_core.values import FAMILIES

__all__ = [
    "CAM",
    "FILTERS",
    "PATH",
    "VIEWS",
    "learn_page",
]

STEPS = {
    "views": f"1 · {count_text(len(TYPES)).capitalize()} views of one note",
    "filters": "2 · From filter to feature map",
    "path": "3 · Integrated Gradients",
    "cam": "4 · Grad-CAM",
    "difference": "5 · Subtracting two maps",
    "distances": "6 · How far apart are two maps?",
}
N_STEPS = 64  # of the path
KEPT = 6  # lessons in memory, for all visitors
LESSON_TYPE = "mfcc"  # of steps 3 and 4: its gradients take a moment
SHOWN_FILTERS = 4
HEIGHT = 330  # px


def learn_page() -> None:
    """Draw the page below its title."""
    keep_keras_state()
    steps = tuple(STEPS)
    step = choose(st.columns([2, 3])[0], "Step", STEPS, key="step")
    {
        "views": _views,
        "filters": _filters,
        "path": _path,
        "cam": _cam,
        "difference": difference_step,
        "distances": distances_step,
    }[step]()
    _turn_page(steps, steps.index(step))


def _turn_page(steps: Sequence[str], now: int) -> None:
    """Draw the buttons to the step before and the next one."""

    def go(to: int) -> Callable[[], None]:
        def going() -> None:
            set_choice("step", steps[to])

        return going

    st.divider()
    left, right = st.columns(2)
    right = right.container(horizontal=True, horizontal_alignment="right")
    if now > 0:
        left.button(
            STEPS[steps[now - 1]], icon=":material/arrow_back:", on_click=go(now - 1), key="back"
        )
    if now + 1 < len(steps):
        right.button(
            STEPS[steps[now + 1]],
            icon=":material/arrow_forward:",
            on_click=go(now + 1),
            key="next",
            type="primary",
        )


# ----------------------------------------------------------------------- the steps


def _views() -> None:
    st.markdown(VIEWS)
    record = _note()
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.audio(to_wav(load_note(record.path)))
        labels = {name: entry.label for name, entry in TYPES.items()}
        type = choose(left, "View", labels, key="view", default="stft")
        st.markdown(f"**{TYPES[type].label}**: {TYPES[type].shows}")
    figure = spectrogram_figure(extract(load_note(record.path), type), height=430)
    draw_figure(right, figure)


def _filters() -> None:
    st.markdown(FILTERS)
    record, type = _note(), _lesson_type()
    left, right = st.columns(2, gap="large")
    layers = layers_of(type, str(record.family))
    layer = slide(
        left,
        "Convolution layer, from the first to the last",
        layers,
        key="lesson_layer",
        default=layers[0],
    )
    spectrogram = spectrogram_figure(extract(load_note(record.path), type), height=420)
    draw_figure(left, spectrogram)
    maps = feature_maps(record.path, type=type, family=record.family, layer=layer)
    rows, columns = maps.values.shape[1:]
    figure = feature_maps_figure(maps, height=500)
    draw_figure(right, figure)
    right.caption(
        f"{layer}: each map has {rows} frames and {columns} bins. Each is drawn as wide and high "
        "as the note, since it covers all of it."
    )


def _path() -> None:
    st.markdown(PATH)
    record, type = _note(), _lesson_type()
    with queue_slot(st.empty()):
        path = _integration_path(str(record.path), type, record.family)
    taken = [str(n) for n in range(path.n_steps + 1)]
    step = int(
        slide(
            st.container(), "Steps taken from silence to the note", taken, key="taken", default="16"
        )
    )
    columns = st.columns(3)
    point = spectrogram_figure(
        path.point(step),
        subtitle=f"The note, faded in: step {step} of {path.n_steps}",
        height=HEIGHT,
        uirevision="point",
    )
    draw_figure(columns[0], point)
    if step:
        slope = attribution_figure(
            path.slope(step),
            title="Gradient at this point",
            subtitle="Red: more here would raise the score",
            height=HEIGHT,
            uirevision="slope",
        )
        draw_figure(columns[1], slope)
    else:
        columns[1].info("Silence. Take the first step.", icon=":material/arrow_upward:")
    summed = attribution_figure(
        path.attributed(step),
        title="Summed so far",
        subtitle="All gradients up to here, times the note",
        height=HEIGHT,
        uirevision="sum",
    )
    draw_figure(columns[2], summed)
    positions = np.concatenate([[0.0], np.cumsum(path.weights)])
    curve = path_curve(path.outputs, path.sums, positions, step)
    draw_figure(st, curve)
    change = path.outputs[step] - path.outputs[0]
    st.markdown(
        f"After **{step}** of {path.n_steps} steps the attributions sum to "
        f"**{number_text(float(path.sums[step]))}**; the score has changed by "
        f"**{number_text(float(change))}**. They differ by {number_text(path.error(step))}. "
        "At the last step this is the completeness error, which other pages give as a share of the "
        "whole change; more steps make it smaller."
    )


def _cam() -> None:
    st.markdown(CAM)
    record, type = _note(), _lesson_type()
    with queue_slot(st.empty()):
        parts = _grad_cam_parts(str(record.path), type, record.family)
    left, right = st.columns([3, 2], gap="large")
    maps = feature_maps_figure(parts.strongest(SHOWN_FILTERS), height=400)
    draw_figure(left, maps)
    with right:
        st.markdown("**Weights of these four**")
        bars = weight_bars(parts.weights[:SHOWN_FILTERS].tolist(), parts.filters[:SHOWN_FILTERS])
        draw_figure(st, bars)
        st.caption(
            "The weight of a map is the mean of the score's gradient over it: how much the score "
            "would rise if the filter found its pattern everywhere a little more. Negative: the "
            f"pattern speaks against {record.family}."
        )
    counts = [str(n + 1) for n in range(parts.n_filters)]
    n = int(
        slide(
            st.container(), "Maps added, the most important first", counts, key="maps", default="4"
        )
    )
    left, right = st.columns(2, gap="large")
    total = attribution_figure(
        parts.cam(n, relu=False),
        title=f"Sum of {n} weighted maps",
        subtitle="Red: evidence for the family; blue: against it",
        uirevision="total",
    )
    draw_figure(left, total)
    cam = attribution_figure(
        parts.cam(n), subtitle="What is left without the negative parts", uirevision="cam"
    )
    draw_figure(right, cam)


# ----------------------------------------------------------------------- what they share


def _note() -> NoteRecord:
    """Let the visitor choose a note, as on the Explore page."""
    records = samples()
    left, right = st.columns(2)
    present = {record.family for record in records}
    families = {name: name for name in FAMILIES if name in present}
    family = choose(left, "Instrument family", families, key="family", default="flute")
    notes = {record.note: record for record in records if record.family == family}
    labels = {name: note_label(record) for name, record in notes.items()}
    return notes[choose(right, "Note", labels, key="note")]


def _lesson_type() -> str:
    available = sound_models()
    return LESSON_TYPE if LESSON_TYPE in available else next(iter(available))


@st.cache_resource(show_spinner="Taking the steps …", max_entries=KEPT)
def _integration_path(path: str, type: str, family: str) -> IntegrationPath:
    return integration_path(Path(path), type=type, family=family, n_steps=N_STEPS)


@st.cache_resource(show_spinner="Weighing the maps …", max_entries=KEPT)
def _grad_cam_parts(path: str, type: str, family: str) -> CamParts:
    return grad_cam_parts(Path(path), type=type, family=family)


VIEWS = f"""
A network does not hear a note: it is given a **picture** of it, time from left to right. There are
many ways to draw one, and each keeps something else. Look at the same note in
{count_text(len(TYPES))} of them.
"""
FILTERS = """
The network looks at the picture through small **filters**, 3 by 3 bins each. A filter slides over
everything and answers strongly where it finds its pattern; its answers are a **feature map**. The
next layer looks at those maps in the same way, so deeper layers find larger patterns and forget
where exactly they were. Move the slider from the first layer to the last. From here to step 4 the
picture is the MFCC of step 1: the smallest one that a good network listens to.
"""
PATH = """
Which bins made the score? **Integrated Gradients** fade the note in, from silence to full strength,
and at each step ask the network: *which bins would raise the score now?* That is the gradient. All
answers are added up and multiplied by the note, so each bin gets its share of the score; the shares
of all bins **add up to the change of the score**, the more exactly the more steps are taken. Move
the slider. The picture is the MFCC of step 1, since its small network answers at once: “silence” is
where every coefficient is 0.
"""
CAM = """
**Grad-CAM** asks the last feature maps instead of the bins. Each map gets a weight: how much the
score would rise if that map were brighter. The maps times their weights are added up, and what is
negative is dropped. It is coarse, since the last maps are small. Add one map after the other.
"""
