"""The last two steps of the Learn page: two small maps that the visitor edits.

Conventions
-----------
On the page a map is a table with one row a bin, from the highest down; in the
code it is an array (frames, bins) as everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import streamlit as st

from xai_core.errors import EmptyMapError, InputError
from xai_core.figures.lessons import number_grid
from xai_core.figures.scales import number_text
from xai_core.metrics import difference_mean, emd, emd_values, js_divergence, kl_divergence
from xai_core.ui.address import choose
from xai_core.ui.drawing import draw_figure
from xai_core.ui.lesson_texts import DIFFERENCE, DISTANCES
from xai_core.ui.metric_texts import METRIC_NAMES, METRIC_SAYS

__all__ = ["difference_step", "distances_step"]

BIN = "bin"  # heading of the first column
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

METRICS: Mapping[str, Callable[[Table, Table], float]] = {
    "difference_mean": difference_mean,
    "kl_divergence": kl_divergence,
    "js_divergence": js_divergence,
    "emd": emd,
    "emd_values": emd_values,
}


def difference_step() -> None:
    """Draw the step that subtracts two maps cell by cell."""
    st.markdown(DIFFERENCE)
    first, second = _two_tables("difference")
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


def distances_step() -> None:
    """Draw the step that measures how far two maps are apart."""
    st.markdown(DISTANCES)
    example = choose(st.columns([2, 3])[0], "Maps", EXAMPLES, key="example")
    first, second = _two_tables("distances") if example == "own" else _example(example)
    left, right = st.columns([3, 2], gap="large")
    with left:
        pair = st.columns(2)
        limit = float(max(np.abs(first).max(), np.abs(second).max()))
        for place, values, name in ((pair[0], first, "A"), (pair[1], second, "B")):
            figure = number_grid(values, name=name, limit=limit)
            draw_figure(place, figure)
    with right:
        for metric, compute in METRICS.items():
            try:
                value = number_text(compute(first, second))
            except EmptyMapError:
                value = "needs a map that is not zero everywhere"
            st.markdown(f"**{METRIC_NAMES[metric]}: {value}**  \n{METRIC_SAYS[metric]}")


def _two_tables(key: str) -> tuple[Table, Table]:
    """Let the visitor edit two small maps; return them as (frames, bins)."""
    frames = [f"frame {k}" for k in (1, 2, 3, 4)]
    tables = []
    for place, name, rows in zip(st.columns(2, gap="large"), "AB", (FIRST, SECOND), strict=True):
        place.markdown(f"**{name}** (type your own numbers)")
        columns = dict(zip(frames, zip(*rows, strict=True), strict=True))
        edited = place.data_editor(
            {BIN: [f"bin {k}" for k in (4, 3, 2, 1)], **columns},
            key=f"{key} {name}",
            hide_index=True,
            disabled=[BIN],
            column_config={
                frame: st.column_config.NumberColumn(min_value=0.0, max_value=10.0, required=True)
                for frame in frames
            },
        )
        table = np.array([edited[frame] for frame in frames], np.float64)[:, ::-1]
        if not np.isfinite(table).all():
            raise InputError(f"expected a number in every cell of {name}: is one empty?")
        tables.append(table)
    return tables[0], tables[1]


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
