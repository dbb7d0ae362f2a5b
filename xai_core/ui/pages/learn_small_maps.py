"""The last two steps of the Learn page: two small maps that the visitor edits.

Conventions
-----------
On the page a map is a table with one row a bin, from the highest down; in the
code it is an array (frames, bins) as everywhere. In the address it is its
sixteen numbers in the order of the table, and both steps have the same two.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import streamlit as st

from xai_core.catalogue.metrics import METRICS
from xai_core.errors import EmptyMapError
from xai_core.figures.base.scales import number_text
from xai_core.figures.maps.lessons import number_grid
from xai_core.metrics import difference_mean, function_of
from xai_core.ui.parts.charts import draw_figure
from xai_core.ui.shell.address import (
    choose,
    edited_text,
    remember,
)

__all__ = ["difference_step", "distances_step"]

DIFFERENCE = """
Two heatmaps of the same kind are compared **bin by bin**: A − B is red where A has more, blue where
B has more, white where they agree. This is how the paper compares two notes (its figure 3).
"""
DISTANCES = """
One number for how different two maps are: there are several, and each means something else by
*different*. Choose two maps, or type your own numbers, and watch which of them move.
"""

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


def difference_step() -> None:
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


def distances_step() -> None:
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
