"""Figures for a class: a path with its running sum, and small grids of numbers.

Conventions
-----------
A grid of numbers has time on x, first frame left, and bins upward on y, as all
maps have; each cell states its value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from xai_core.errors import InputError
from xai_core.figures.base.drawing import LINE, TEXT_SIZE, TITLE_SIZE, Drawing, Frame
from xai_core.figures.base.scales import CIVIDIS, DIVERGING, number_text
from xai_core.figures.scores.parts import AXIS, title

__all__ = ["number_grid", "path_curve", "weight_bars"]

MODEL = "#0072B2"
SUMMED = "#D55E00"
LIGHT, DARK = "#FFFFFF", "#111111"


def path_curve(
    outputs: npt.ArrayLike,
    sums: npt.ArrayLike,
    positions: npt.ArrayLike,
    step: int,
    *,
    height: int = 300,
    uirevision: str = "path",
) -> go.Figure:
    """Draw the model's score along the path, and what the attributions add up to so far.

    Parameters
    ----------
    outputs : array, shape (n_steps + 1,)
        Score at the beginning of each step and at the end.
    sums : array, shape (n_steps + 1,)
        Sum of the attributions after so many steps, from 0.
    positions : array, shape (n_steps + 1,)
        Where that is on the path, from 0 (silence) to 1 (the note).
    step : int
        Steps taken.
    height : int
        Pixels.

    Raises
    ------
    InputError
        If the arrays differ in length, or there are not so many steps.
    """
    score, total, where = (np.asarray(v, np.float64) for v in (outputs, sums, positions))
    if not score.shape == total.shape == where.shape or score.ndim != 1:
        raise InputError("expected a score, a sum and a position for each point of the path")
    if not 0 <= step < score.size:
        raise InputError(f"expected 0 to {score.size - 1} steps, got {step}")
    change = score - score[0]
    drawing = Drawing(
        Frame(height, left=54, right=8, top=28, bottom=44),
        alt=(
            f"After {step} of {score.size - 1} steps the attributions sum to "
            f"{number_text(float(total[step]))}; the score has changed by "
            f"{number_text(float(change[step]))} since silence. At the note it will have changed "
            f"by {number_text(float(change[-1]))}."
        ),
        uirevision=uirevision,
    )
    for name, values, colour, end, dash in (
        ("change of the score", change, MODEL, score.size, "solid"),
        ("sum of the attributions", total, SUMMED, step + 1, "dot"),
    ):
        drawing.traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "x": 100 * where[:end],
                "y": values[:end],
                "line": {"color": colour, "width": 3, "dash": dash},
                "hovertemplate": f"{name}: <b>%{{y:.3f}}</b><br>%{{x:.0f}} % of the way"
                "<extra></extra>",
            }
        )
    drawing.traces.append(
        {
            "type": "scatter",
            "mode": "markers",
            "x": [100 * where[step]] * 2,
            "y": [change[step], total[step]],
            "marker": {"size": 11, "color": [MODEL, SUMMED], "line": {"width": 0}},
            "hoverinfo": "skip",
            "showlegend": False,
        }
    )
    low, high = (float(end(np.concatenate([change, total]))) for end in (np.min, np.max))
    room = 0.06 * (high - low or 1.0)
    drawing.layout = {
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom",
                   "font": {"size": TEXT_SIZE + 1}},
        "xaxis": {**AXIS, "range": [-1, 101], "title": title("Way from silence to the note (%)")},
        "yaxis": {**AXIS, "range": [low - room, high + room], "rangemode": "normal",
                  "title": title("Logit, since silence")},
    }  # fmt: skip
    return drawing.figure()


def number_grid(
    values: npt.ArrayLike,
    *,
    name: str,
    limit: float | None = None,
    signed: bool = False,
    digits: int = 2,
    height: int = 250,
) -> go.Figure:
    """Draw a small map with its numbers written in the cells.

    Parameters
    ----------
    values : array, shape (n_frames, n_bins)
    name : str
        Printed above.
    limit : float or None
        Value that takes the last colour; the largest one if None.
    signed : bool
        Colours centred on zero, red above and blue below.
    digits : int
        Behind the point.
    height : int
        Pixels.
    """
    table = np.asarray(values, np.float64).T  # (bin, frame)
    if table.ndim != 2 or table.size == 0:
        raise InputError(f"expected a table of numbers, got shape {table.shape}")
    limit = limit or float(np.abs(table).max()) or 1.0
    drawing = Drawing(
        Frame(height, left=26, right=4, top=26, bottom=24),
        alt=f"{name}: {_spoken(table, digits)}.",
        uirevision=name,
    )
    drawing.traces.append(
        {
            "type": "heatmap",
            "z": np.ascontiguousarray(table, np.float32),
            "zmin": -limit if signed else 0.0,
            "zmax": limit,
            "colorscale": DIVERGING if signed else CIVIDIS,
            "showscale": False,
            "xgap": 2,
            "ygap": 2,
            "hovertemplate": "frame %{x}, bin %{y}: <b>%{z}</b><extra></extra>",
        }
    )
    for (row, column), value in np.ndenumerate(table):
        share = value / limit
        light = abs(share) > 0.6 if signed else share < 0.5
        drawing.annotations.append(
            {
                "text": f"{value:.{digits}f}".replace("-", "−"),
                "x": column,
                "y": row,
                "showarrow": False,
                "font": {"size": TEXT_SIZE + 2, "color": LIGHT if light else DARK},
            }
        )
    drawing.annotations.append(
        {
            "text": f"<b>{name}</b>",
            "font": {"size": TITLE_SIZE - 1},
            "xref": "paper",
            "yref": "paper",
            "x": 0,
            "y": 1,
            "xanchor": "left",
            "yanchor": "bottom",
            "showarrow": False,
        }
    )
    drawing.layout = {
        "xaxis": {**_CELLS, "title": {"text": "frame", "font": {"size": TEXT_SIZE}, "standoff": 2}},
        "yaxis": {**_CELLS, "title": {"text": "bin", "font": {"size": TEXT_SIZE}, "standoff": 2}},
    }
    return drawing.figure()


def weight_bars(
    weights: Sequence[float],
    filters: Sequence[int],
    *,
    height: int = 200,
    uirevision: str = "weights",
) -> go.Figure:
    """Draw the weight that Grad-CAM gives to each of some filters.

    Parameters
    ----------
    weights : sequence of float
        Mean gradient of the score over each map.
    filters : sequence of int
        Their numbers.
    """
    if len(weights) != len(filters) or not weights:
        raise InputError("expected a weight for each of one or more filters")
    said = ", ".join(
        f"filter {k} {number_text(float(w))}" for k, w in zip(filters, weights, strict=True)
    )
    drawing = Drawing(
        Frame(height, left=64, right=8, top=8, bottom=40),
        alt=f"Weights of the filters: {said}.",
        uirevision=uirevision,
    )
    drawing.traces.append(
        {
            "type": "bar",
            "orientation": "h",
            "x": np.asarray(weights, np.float64),
            "y": [f"filter {k}" for k in filters],
            "marker": {"color": [SUMMED if w > 0 else MODEL for w in weights]},
            "hovertemplate": "%{y}: <b>%{x:.3g}</b><extra></extra>",
        }
    )
    drawing.layout = {
        "bargap": 0.35,
        "xaxis": {**AXIS, "rangemode": "normal", "zeroline": True, "zerolinecolor": LINE,
                  "title": title("Weight: mean gradient of the logit over the map")},
        "yaxis": {"autorange": "reversed", "showgrid": False, "tickfont": {"size": TEXT_SIZE}},
    }  # fmt: skip
    return drawing.figure()


_CELLS: dict[str, Any] = {
    "showgrid": False,
    "zeroline": False,
    "showticklabels": False,
    "ticks": "",
    "fixedrange": True,
}


def _spoken(table: npt.NDArray[np.float64], digits: int) -> str:
    rows = [" ".join(f"{value:.{digits}f}" for value in row) for row in table[::-1]]
    return f"{table.shape[0]} bins by {table.shape[1]} frames, from the highest bin down: " + (
        "; ".join(rows)
    )
