"""The Learn page: eight steps, each with one control and one figure or two.

Conventions
-----------
All that can be chosen is in the address: the step (``step``), note and family,
and what the controls say. Every number is computed when it is shown, by the
functions that the other pages use.

Steps six and seven have two small maps that the visitor edits. On the page a map is a
table with one row a bin, from the highest down; in the code it is an array (frames,
bins) as everywhere. In the address it is its sixteen numbers in the order of the table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import streamlit as st

from xai_core.audio import load_note, to_wav
from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.types import TYPES
from xai_core.datasets.notes import NoteRecord
from xai_core.errors import EmptyMapError
from xai_core.explanations import feature_maps, layers_of
from xai_core.explanations.lessons import (
    CamParts,
    IntegrationPath,
    grad_cam_parts,
    integration_path,
)
from xai_core.features import extract
from xai_core.figures import (
    attribution_figure,
    feature_maps_figure,
    limits,
    spectrogram_figure,
)
from xai_core.figures.base.scales import number_text, numbers_text
from xai_core.figures.base.words import count_text
from xai_core.figures.maps.lessons import number_grid, path_curve, weight_bars
from xai_core.metrics import difference_mean, function_of
from xai_core.ui.parts.charts import draw_figure
from xai_core.ui.parts.choices import samples, sound_models
from xai_core.ui.parts.hearing import draw_riddle
from xai_core.ui.parts.tricks import draw_trick
from xai_core.ui.parts.words import note_label
from xai_core.ui.shell.address import choose, edited_text, remember, set_choice, slide
from xai_core.ui.shell.preload import keep_keras_state
from xai_core.ui.shell.work_queue import queue_slot
from xai_core.values import FAMILIES

__all__ = ["learn_page"]

BIN = "bin"  # heading of the first column
SIZE = 4  # frames, and bins
FRAMES = [f"frame {k + 1}" for k in range(SIZE)]
MOST = 10.0  # in a cell
# Two 4 x 4 maps as in the paper's figure 3: rows are bins from the highest down.
FIRST = ((0.1, 0.0, 0.0, 0.0), (0.8, 0.6, 0.1, 0.0), (0.2, 0.1, 0.0, 0.0), (0.9, 0.7, 0.4, 0.2))
SECOND = ((0.0, 0.0, 0.1, 0.0), (0.1, 0.7, 0.6, 0.2), (0.0, 0.2, 0.1, 0.0), (0.8, 0.7, 0.5, 0.1))
EXAMPLES = {
    "own": "as typed below",
    "same": "the same map twice",
    "moved": "one map moved by one frame",
    "far": "one bin each, in opposite corners",
    "louder": "the same map, twice as strong",
}
Table = npt.NDArray[np.float64]
STEPS = {
    "views": f"1 · {count_text(len(TYPES)).capitalize()} views of one note",
    "filters": "2 · From filter to feature map",
    "path": "3 · Integrated Gradients",
    "cam": "4 · Grad-CAM",
    "hear": "5 · Hear what it heard",
    "difference": "6 · Subtracting two maps",
    "distances": "7 · How far apart are two maps?",
    "trick": "8 · Find the trick",
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
        "hear": _hear,
        "difference": _difference,
        "distances": _distances,
        "trick": _trick,
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
        f"{layer}: each map has {rows} frames and {columns} bins. Each covers all of the note, "
        "from its beginning to its end and from the lowest to the highest bin."
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
        coloured_as=path.spectrogram,
        height=HEIGHT,
        uirevision="point",
    )
    draw_figure(columns[0], point)
    if step:
        slope = attribution_figure(
            path.slope(step),
            title="Gradient at this point",
            subtitle="Red: more here would raise the score",
            limits=limits(*map(path.slope, range(1, path.n_steps + 1))),
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
        limits=limits(path.attributed(path.n_steps)),
        height=HEIGHT,
        uirevision="sum",
    )
    draw_figure(columns[2], summed)
    positions = np.concatenate([[0.0], np.cumsum(path.weights)])
    curve = path_curve(path.outputs, path.sums, positions, step)
    draw_figure(st, curve)
    change = path.outputs[step] - path.outputs[0]
    summed_text, change_text, error_text = numbers_text(
        float(path.sums[step]), float(change), path.error(step)
    )
    st.markdown(
        f"After **{step}** of {path.n_steps} steps the attributions sum to "
        f"**{summed_text}**; the score has changed by "
        f"**{change_text}**. They differ by {error_text}. "
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


def _hear() -> None:
    """Draw the step that plays what a map keeps."""
    st.markdown(HEAR)
    type = _lesson_type()
    draw_riddle(samples(), type, sound_models()[type])


def _difference() -> None:
    """Draw the step that subtracts two maps cell by cell."""
    st.markdown(DIFFERENCE)
    first, second = _two_tables()
    limit = float(max(np.abs(first).max(), np.abs(second).max()))
    columns = st.columns(3)
    for place, values, name, signed in (
        (columns[0], first, "A", False),
        (columns[1], second, "B", False),
        (columns[2], first - second, "A − B", True),
    ):
        figure = number_grid(values, name=name, limit=limit, signed=signed)
        draw_figure(place, figure)
    mean = difference_mean(first, second)
    st.markdown(
        f"The mean of the sixteen absolute differences, **{number_text(mean)}**, is the paper's "
        "*Difference Mean*."
    )


def _distances() -> None:
    """Draw the step that measures how far two maps are apart."""
    st.markdown(DISTANCES)
    example = choose(st.columns([2, 3])[0], "Maps", EXAMPLES, key="example")
    first, second = _two_tables() if example == "own" else _example(example)
    left, right = st.columns([3, 2], gap="large")
    with left:
        pair = st.columns(2)
        limit = float(max(np.abs(first).max(), np.abs(second).max()))
        for place, values, name in ((pair[0], first, "A"), (pair[1], second, "B")):
            figure = number_grid(values, name=name, limit=limit)
            draw_figure(place, figure)
    with right:
        for name, one in METRICS.items():
            try:
                value = number_text(function_of(name)(first, second))
            except EmptyMapError:
                value = "needs a map that is not zero everywhere"
            st.markdown(f"**{one.forward.label}: {value}**  \n{one.forward.sentence}")


def _trick() -> None:
    """Draw the step about networks that are right for the wrong reason."""
    st.markdown(TRICK)
    draw_trick(samples())


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


def _two_tables() -> tuple[Table, Table]:
    """Let the visitor edit two small maps; return them as (frames, bins)."""
    tables = []
    for place, name, rows in zip(st.columns(2, gap="large"), "AB", (FIRST, SECOND), strict=True):
        place.markdown(f"**{name}** (type your own numbers)")
        key, default = f"map_{name.lower()}", _as_text(np.array(rows))
        start, widget = edited_text(
            key,
            label=f"Map {name}",
            default=default,
            is_one=lambda text: _as_rows(text) is not None,
        )
        columns = dict(zip(FRAMES, np.array(_as_rows(start)).T.tolist(), strict=True))
        edited = place.data_editor(
            {BIN: [f"bin {k}" for k in (4, 3, 2, 1)], **columns},
            key=widget,
            hide_index=True,
            disabled=[BIN],
            column_config={
                frame: st.column_config.NumberColumn(min_value=0.0, max_value=MOST, required=True)
                for frame in FRAMES
            },
        )
        table = np.array([edited[frame] for frame in FRAMES], np.float64)
        if not np.isfinite(table).all():
            place.warning(f"A cell of {name} is empty; it counts as 0.", icon=":material/edit:")
            table = np.nan_to_num(table, nan=0.0)
        remember(key, _as_text(table.T), default=default)
        tables.append(table[:, ::-1])
    return tables[0], tables[1]


def _as_text(rows: Table) -> str:
    return "_".join(np.format_float_positional(value, trim="-") for value in rows.ravel())


def _as_rows(text: str) -> Table | None:
    """Return the map that an address names, one row a bin, or None if it names none."""
    try:
        values = np.array([float(part) for part in text.split("_")])
    except ValueError:
        return None
    whole = values.size == SIZE * SIZE and ((values >= 0.0) & (values <= MOST)).all()
    return values.reshape(SIZE, SIZE) if whole else None


def _example(name: str) -> tuple[Table, Table]:
    """Return two maps, (frames, bins), for which the answer is known."""
    first = np.array(FIRST)[::-1].T
    if name == "same":
        return first, first
    if name == "louder":
        return first, 2 * first
    if name == "moved":
        moved = np.zeros_like(first)
        moved[1:] = first[:-1]
        still = first.copy()
        still[-1] = 0.0  # nothing falls off the edge
        return still, moved
    corners = np.zeros((2, 4, 4))
    corners[0, 0, 0] = corners[1, 3, 3] = 1.0
    return corners[0], corners[1]


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


HEAR = """
A map says which moments and frequencies drive the answer. Carried to hertz and seconds, it can be
**heard**: all bins but those that speak most for the family are silenced. Listen, guess the family,
and see whether the networks can tell it from so little. On *Listen* you can do this with any note.
"""


DIFFERENCE = """
Two heatmaps of the same kind are compared **bin by bin**: A − B is red where A has more, blue where
B has more, white where they agree. This is how the paper compares two notes (its figure 3).
"""


DISTANCES = """
One number for how different two maps are: there are several, and each means something else by
*different*. Choose two maps, or type your own numbers, and watch which of them move.
"""


TRICK = """
These networks name their family right on nearly every recording like those they learnt from, but
**not because of the instrument**: all recordings of that family had something else in common. Look
at the map, listen to what it keeps, and say what the network listens to.
"""
