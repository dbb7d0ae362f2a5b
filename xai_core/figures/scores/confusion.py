"""Which family is named for which: a confusion matrix as a map.

Conventions
-----------
Rows are the true families, from top to bottom, columns those that are named;
each row sums to 100 % of the family's notes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from xai_core.figures.base.drawing import (
    LETTER,
    SUBTITLE_SIZE,
    TEXT_SIZE,
    Drawing,
    Frame,
)
from xai_core.figures.scores.words import (
    confusion_sentence,
    confusion_shares,
)
from xai_core.values import FAMILIES

__all__ = ["confusion_map"]

COLOURS = "Cividis"
DARK = 0.45  # share up to which the map is dark, so that text is white


def confusion_map(
    counts: npt.ArrayLike, *, height: int = 430, uirevision: str = "confusion"
) -> go.Figure:
    """Draw a confusion matrix, its rows in percent.

    Parameters
    ----------
    counts : array_like, shape (10, 10)
        Notes of the row's family for which the column's is named.
    height : int
        Pixels.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    InputError
        If `counts` is not a table of ten by ten, or holds no notes.
    """
    table = np.asarray(counts)
    shares = confusion_shares(table)
    drawing = Drawing(
        Frame(height, left=round(LETTER * 9) + 44, right=78, top=8, bottom=72),
        alt=confusion_sentence(table),
        uirevision=uirevision,
    )
    drawing.traces.append(
        {
            "type": "heatmap",
            "z": (100 * shares).astype(np.float32),
            "x": FAMILIES,
            "y": FAMILIES,
            "customdata": table,
            "colorscale": COLOURS,
            "zmin": 0,
            "zmax": 100,
            "xgap": 1,
            "ygap": 1,
            "hoverongaps": False,
            "hovertemplate": "%{y} taken for %{x}<br><b>%{z:.0f} %</b>, "
            "%{customdata} notes<extra></extra>",
            "colorbar": {
                "ticksuffix": " %",
                "thickness": 9,
                "outlinewidth": 0,
                "tickfont": {"size": TEXT_SIZE},
            },
        }
    )
    for row, column in np.argwhere(np.nan_to_num(shares) >= 0.005):
        share = float(shares[row, column])
        drawing.annotations.append(
            {
                "text": f"{100 * share:.0f}",
                "font": {"size": TEXT_SIZE, "color": "white" if share <= DARK else "black"},
                "x": int(column),
                "y": int(row),
                "showarrow": False,
            }
        )
    axis = {"type": "category", "fixedrange": True, "showgrid": False, "ticks": ""}
    drawing.layout = {
        "xaxis": {
            **axis,
            "tickangle": -35,
            "title": {"text": "Named family", "font": {"size": SUBTITLE_SIZE}, "standoff": 4},
        },
        "yaxis": {
            **axis,
            "range": [len(FAMILIES) - 0.5, -0.5],
            "title": {"text": "True family", "font": {"size": SUBTITLE_SIZE}, "standoff": 4},
        },
    }
    return drawing.figure()
