"""Distances between the maps of one note by several spectrogram types, as a square of cells.

Conventions
-----------
Row to column: the map of the row's type is A, that of the column's B. All cells have
one metric and one grid, so colours are the distances themselves, from 0 (dark) up; the
distances are written in the cells.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from xai_core.catalogue.methods import map_kind
from xai_core.catalogue.metrics import metric as entry_of
from xai_core.catalogue.types import spectrogram_type
from xai_core.errors import InputError
from xai_core.figures.base.drawing import LETTER, TEXT_SIZE, Drawing, Frame
from xai_core.figures.base.square import add_square
from xai_core.figures.distances.boxplots import three_digits
from xai_core.figures.scores.parts import title

__all__ = ["across_types_map"]

COLOURS = "Cividis"
DARK = 0.5  # place on the scale up to which it is dark, so that text is white
ROW = 38  # px


def across_types_map(
    distances: npt.ArrayLike,
    types: Sequence[str],
    *,
    metric: str,
    method: str,
    uirevision: str = "across types",
) -> go.Figure:
    """Draw the distance between the maps of every two types.

    Parameters
    ----------
    distances : array_like, shape (n_types, n_types)
        From the type of the row to that of the column; NaN where there is none.
    types : sequence of str
    metric, method : str
    uirevision : str

    Returns
    -------
    plotly.graph_objects.Figure
        Types from top to bottom and from left to right. An empty cell has no distance.

    Raises
    ------
    InputError
        If the distances are not a square of as many rows as there are types.
    """
    table = np.asarray(distances, np.float64)
    if table.shape != (len(types), len(types)) or not len(types):
        raise InputError(
            f"expected distances of {len(types)} x {len(types)} types to draw, got shape "
            f"{table.shape}"
        )
    entry = entry_of(metric)
    labels = [spectrogram_type(type).label for type in types]
    names = [label.replace(" ", "<br>") for label in labels]  # cells are narrow
    letters = max(len(line) for name in names for line in name.split("<br>"))
    drawing = Drawing(
        Frame(
            ROW * len(types) + 72,
            left=round(LETTER * letters) + (18 if entry.is_symmetric else 38),
            right=8,
            top=8,
            bottom=64,
        ),
        alt=_sentence(table, labels, metric, method),
        uirevision=uirevision,
    )
    highest = float(np.nanmax(table)) if np.isfinite(table).any() else 0.0
    top = highest or 1.0
    add_square(
        drawing,
        table,
        columns=names,
        rows=names,
        hover=lambda i, j: _hover(labels[i], labels[j], table[i, j]),
        text=lambda value: "0" if value == 0 else three_digits(value),
        is_dark=lambda value: value / top <= DARK,
        colours=COLOURS,
        limits=(0, top),
    )
    across, down = (
        ("Spectrogram type", "")
        if entry.is_symmetric
        else ("Spectrogram type of B", "Spectrogram type of A")
    )
    drawing.layout["xaxis"] |= {"tickfont": {"size": TEXT_SIZE - 1}, "title": title(across)}
    drawing.layout["yaxis"] |= {"ticklabelstandoff": 6, "title": title(down)}
    return drawing.figure()


def _hover(a: str, b: str, value: float) -> str:
    return f"{a} to {b}<br><b>{three_digits(value)}</b>" if np.isfinite(value) else ""


def _sentence(
    table: npt.NDArray[np.float64], labels: Sequence[str], metric: str, method: str
) -> str:
    """Say which two types see the note most alike, and which least."""
    head = (
        f"{entry_of(metric).label}, {map_kind(method).label}, in hertz and seconds, between the "
        f"maps of one note by {len(labels)} spectrogram types"
    )
    others = np.where(np.eye(len(labels), dtype=bool), np.nan, table)
    if not np.isfinite(others).any():
        return f"{head}: no two of them can be compared."
    low, high = (divmod(int(pick(others)), len(labels)) for pick in (np.nanargmin, np.nanargmax))
    said = [
        f"{word} {labels[i]} and {labels[j]} ({three_digits(others[i, j])})"
        for word, (i, j) in (("closest", low), ("furthest", high))
    ]
    return f"{head}: {'; '.join(said)}."
