"""Medians of the distances within families, as a map of families by spectrogram types.

Conventions
-----------
Colours are ranks, since distances of two types are not in one unit or on one
grid: dark is the family whose heatmaps lie closest together by that type, bright
the one whose lie furthest apart. The medians themselves are written in the cells.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from xai_core.catalogue.methods import map_kind
from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.types import spectrogram_type
from xai_core.errors import InputError
from xai_core.figures.base.drawing import LETTER, SUBTITLE_SIZE, TEXT_SIZE, Drawing, Frame
from xai_core.figures.distances.boxplots import three_digits
from xai_core.values import FAMILIES, SPECTROGRAM_TYPES

__all__ = ["medians_map"]

COLOURS = "Cividis"
DARK = 0.5  # place on the scale up to which it is dark, so that text is white
ROW = 27  # px


def medians_map(
    medians: pd.DataFrame, *, metric: str, method: str, uirevision: str = "medians"
) -> go.Figure:
    """Draw the median distance of each family by each type.

    Parameters
    ----------
    medians : DataFrame
        From :meth:`xai_core.metrics.statistics.FamilyQuartiles.table`.
    metric, method : str

    Returns
    -------
    plotly.graph_objects.Figure
        Families from top to bottom, types from left to right; an empty cell
        has no pairs.

    Raises
    ------
    InputError
        If there are no medians of the metric and method.
    """
    chosen = medians[(medians["metric"] == metric) & (medians["method"] == method)]
    if chosen.empty:
        raise InputError(f"expected medians of {metric} to draw, got none")
    types = [type for type in SPECTROGRAM_TYPES if (chosen["type"] == type).any()]
    values = chosen.pivot(index="family", columns="type", values="median").reindex(
        index=FAMILIES, columns=types
    )
    ranks = values.rank()
    drawing = Drawing(
        Frame(ROW * len(FAMILIES) + 72, left=round(LETTER * 9) + 20, right=92, top=8, bottom=64),
        alt=_sentence(values, metric, method),
        uirevision=uirevision,
    )
    names = [
        spectrogram_type(type).label.replace(" ", "<br>") for type in types
    ]  # columns are narrow
    drawing.traces.append(
        {
            "type": "heatmap",
            "z": ranks.to_numpy(np.float32),
            "x": names,
            "y": FAMILIES,
            "customdata": _hover(chosen, types),
            "colorscale": COLOURS,
            "zmin": 1,
            "zmax": len(FAMILIES),
            "xgap": 1,
            "ygap": 1,
            "hoverongaps": False,
            "hovertemplate": "%{y}, %{x}<br>%{customdata}<extra></extra>",
            "colorbar": {
                "tickvals": [1, len(FAMILIES)],
                "ticktext": ["rank 1:<br>closest", f"rank {len(FAMILIES)}:<br>furthest"],
                "tickfont": {"size": TEXT_SIZE},
                "thickness": 9,
                "outlinewidth": 0,
            },
        }
    )
    for row, column in np.argwhere(values.notna().to_numpy()):
        place = (ranks.iat[row, column] - 1) / (len(FAMILIES) - 1)
        drawing.annotations.append(
            {
                "text": three_digits(values.iat[row, column]),
                "font": {"size": TEXT_SIZE, "color": "white" if place <= DARK else "black"},
                "x": int(column),
                "y": int(row),
                "showarrow": False,
            }
        )
    drawing.layout = {
        "xaxis": {
            **_AXIS,
            "tickangle": 0,
            "tickfont": {"size": TEXT_SIZE - 1},
            "title": {"text": "Spectrogram type", "font": {"size": SUBTITLE_SIZE}, "standoff": 6},
        },
        "yaxis": {**_AXIS, "range": [len(FAMILIES) - 0.5, -0.5], "ticklabelstandoff": 6},
    }
    return drawing.figure()


_AXIS: dict[str, Any] = {"type": "category", "fixedrange": True, "showgrid": False, "ticks": ""}


def _hover(chosen: pd.DataFrame, types: list[str]) -> list[list[str]]:
    """Return what a cell says: its median, interval and numbers of notes and instruments."""
    out = [["" for _ in types] for _ in FAMILIES]
    for row in chosen.to_dict("records"):
        low, high = row["median_low"], row["median_high"]
        known = not np.isnan(low)
        interval = f" ({three_digits(low)} to {three_digits(high)})" if known else ""
        out[FAMILIES.index(row["family"])][types.index(row["type"])] = (
            f"<b>{three_digits(row['median'])}</b>{interval}<br>{row['n_pairs']:,} pairs of "
            f"{row['n_notes']} notes, {row['n_instruments']} instruments"
        )
    return out


def _sentence(values: pd.DataFrame, metric: str, method: str) -> str:
    """Say which family lies furthest apart and which closest, by each type."""
    said = []
    for type in values.columns:
        column = values[type].dropna()
        low, high = str(column.idxmin()), str(column.idxmax())
        if low == high:
            said.append(f"{spectrogram_type(type).label} {low} ({three_digits(column[low])})")
        else:
            said.append(
                f"{spectrogram_type(type).label} from {low} ({three_digits(column[low])}) "
                f"to {high} ({three_digits(column[high])})"
            )
    name = map_kind(method).label
    return f"{METRICS[metric].label}, {name}: median within a family; {'; '.join(said)}."
