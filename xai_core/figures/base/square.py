"""A square of cells with their numbers: what every two of some things have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_core.figures.base.drawing import TEXT_SIZE, Drawing

__all__ = ["add_square"]

AXIS: dict[str, Any] = {"type": "category", "fixedrange": True, "showgrid": False, "ticks": ""}


def add_square(
    drawing: Drawing,
    table: npt.NDArray[np.float64],
    *,
    columns: Sequence[str],
    rows: Sequence[str],
    hover: Callable[[int, int], str],
    text: Callable[[float], str],
    is_dark: Callable[[float], bool],
    colours: Any,
    limits: tuple[float, float],
    size: int = TEXT_SIZE,
) -> None:
    """Add the cells, a number in each, and both axes; the first row is on top.

    Parameters
    ----------
    drawing : Drawing
    table : ndarray, shape (n, n)
        NaN where a cell is empty.
    columns, rows : sequence of str
        Names along the axes.
    hover : callable
        Maps row and column to what is said where the pointer is.
    text, is_dark : callable
        Map a value to what stands in its cell, and to whether the cell is so dark
        that this is white.
    colours : str or list
        Colour scale of Plotly.
    limits : tuple of float
        Values at its ends.
    size : int
        Pixels, of the numbers.
    """
    n = len(table)
    drawing.traces.append(
        {
            "type": "heatmap",
            "z": table.astype(np.float32),
            "x": list(columns),
            "y": list(rows),
            "customdata": [[hover(row, column) for column in range(n)] for row in range(n)],
            "colorscale": colours,
            "zmin": limits[0],
            "zmax": limits[1],
            "xgap": 1,
            "ygap": 1,
            "hoverongaps": False,
            "hovertemplate": "%{customdata}<extra></extra>",
            "showscale": False,
        }
    )
    for row, column in np.argwhere(np.isfinite(table)):
        value = float(table[row, column])
        drawing.annotations.append(
            {
                "text": text(value),
                "font": {"size": size, "color": "white" if is_dark(value) else "black"},
                "x": int(column),
                "y": int(row),
                "showarrow": False,
            }
        )
    drawing.layout["xaxis"] = {**AXIS, "tickangle": 0}
    drawing.layout["yaxis"] = {**AXIS, "range": [n - 0.5, -0.5]}
