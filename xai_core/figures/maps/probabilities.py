"""The ten probabilities of one spectrogram type, as bars.

Conventions
-----------
Families from top to bottom in the order of :data:`xai_core.values.FAMILIES`,
0 to 100 %. Each family has its own binary CNN, so the bars do not sum to 100 %,
and each is to be read against the line at 50 %. A bar carries its family as
``customdata``, for pages on which it can be clicked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from xai_core.errors import InputError
from xai_core.figures.base.drawing import (
    LETTER,
    LINE,
    TEXT_SIZE,
    Drawing,
    Frame,
)
from xai_core.figures.base.words import (
    percent_text,
    probability_sentence,
)
from xai_core.values import FAMILIES, check_family

__all__ = ["probability_bars"]

EXPLAINED = "#D55E00"  # vermilion: 3.9 to 1 on white, 4.7 to 1 on near-black
OTHER = "#7A8794"  # grey: 3.7 to 1 on white, 5.0 to 1 on near-black
END = 118  # of the axis, in percent: a bar at 100 % leaves room for the numbers


def probability_bars(
    probabilities: Mapping[str, float],
    *,
    highlighted: str | None = None,
    height: int = 300,
    uirevision: str = "probabilities",
) -> go.Figure:
    """Draw the probability of each family as a horizontal bar.

    Parameters
    ----------
    probabilities : mapping of str to float
        ``{family: probability}`` in [0, 1]; a family that is missing is shown
        as having no model.
    highlighted : str or None
        The family whose model is explained.
    height : int
        Pixels.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    InputError
        If a family is unknown or a probability is not in [0, 1].
    """
    for family, value in probabilities.items():
        check_family(family)
        if not 0 <= value <= 1:
            raise InputError(f"expected a probability in [0, 1] for {family}, got {value}")
    if highlighted is not None:
        check_family(highlighted)
    drawing = Drawing(
        Frame(height, left=round(LETTER * 9) + 20, right=8, top=20, bottom=24),
        alt=probability_sentence(probabilities, highlighted),
        uirevision=uirevision,
    )
    said = [percent_text(probabilities.get(family)) for family in FAMILIES]
    bar = {
        "type": "bar",
        "y": FAMILIES,
        "orientation": "h",
        "text": said,
        "textposition": "none",
        "customdata": [[family] for family in FAMILIES],
        "hovertemplate": "%{y}: <b>%{text}</b><extra></extra>",
        "selected": {"marker": {"opacity": 1}},
        "unselected": {"marker": {"opacity": 1}},
    }
    drawing.traces.append(
        {
            **bar,
            "x": [100 * probabilities.get(family, 0.0) for family in FAMILIES],
            "marker": {
                "color": [EXPLAINED if family == highlighted else OTHER for family in FAMILIES],
                "line": {"width": 0},
            },
        }
    )
    drawing.traces.append(  # unseen, so that a short bar is as easily pointed at as a long one
        {**bar, "x": [END] * len(FAMILIES), "marker": {"color": "rgba(0, 0, 0, 0)"}}
    )
    drawing.traces.append(  # one column, which neither bars nor the line at 50 % can cross
        {
            "type": "scatter",
            "mode": "text",
            "x": [END] * len(FAMILIES),
            "y": FAMILIES,
            "text": said,
            "textposition": "middle left",
            "textfont": {"size": TEXT_SIZE + 1},
            "cliponaxis": False,
            "hoverinfo": "skip",
        }
    )
    drawing.layout = {"bargap": 0.3, "barmode": "overlay", **_axes(highlighted), "shapes": [_HALF]}
    drawing.annotations.append(
        {
            "text": "yes from 50 %",
            "font": {"size": TEXT_SIZE},
            "x": 50,
            "xanchor": "center",
            "yref": "paper",
            "y": 1,
            "yanchor": "bottom",
            "showarrow": False,
        }
    )
    return drawing.figure()


_HALF = {
    "type": "line",
    "xref": "x",
    "x0": 50,
    "x1": 50,
    "yref": "paper",
    "y0": 0,
    "y1": 1,
    "line": {"color": LINE, "width": 1.5, "dash": "dash"},
}


def _axes(highlighted: str | None) -> dict[str, Any]:
    return {
        "xaxis": {
            "range": [0, END],
            "fixedrange": True,
            "tickvals": [0, 25, 50, 75, 100],
            "ticktext": ["0", "25", "50", "75", "100 %"],
            "tickfont": {"size": TEXT_SIZE},
            "showgrid": False,
            "zeroline": True,
            "zerolinecolor": LINE,
            "automargin": False,
        },
        "yaxis": {
            "range": [len(FAMILIES) - 0.5, -0.5],
            "fixedrange": True,
            "tickmode": "array",
            "tickvals": list(range(len(FAMILIES))),
            "ticktext": [f"<b>{f}</b>" if f == highlighted else f for f in FAMILIES],
            "tickfont": {"size": TEXT_SIZE + 1},
            "showgrid": False,
            "ticks": "",
            "ticklabelstandoff": 6,
            "automargin": False,
        },
    }
