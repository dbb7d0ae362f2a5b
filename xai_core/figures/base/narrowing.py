"""A figure for a narrow screen, such as that of a phone."""

from __future__ import annotations

import plotly.graph_objects as go

from xai_core.figures.base.drawing import LETTER

__all__ = ["narrowed"]

NARROW = 340  # px that a figure has on a phone
RIGHT = 14  # px, margin of a figure whose legend stands no longer beside it
SAMPLE = 45  # px of a legend's entry that are no letters
LEGEND_ROW = 19  # px
UPRIGHT = 70  # px, names of ten families beneath their bars, written upright
FEW_TICKS = (0, 50, 100)  # of a percent scale


def narrowed(figure: go.Figure) -> go.Figure:
    """Return a figure for a narrow screen: its legend beneath it, fewer numbers along x.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        One without a legend and without a percent scale along x is returned as it is.

    Returns
    -------
    plotly.graph_objects.Figure
        Higher by the rows of the legend, so that the plot area keeps its height.
    """
    parts = figure.to_plotly_json()
    layout = dict(parts["layout"])
    axis = layout.get("xaxis", {})
    ticks = list(axis.get("tickvals", ()))
    thinned = len(ticks) > len(FEW_TICKS) and ticks[0] == 0 and ticks[-1] == FEW_TICKS[-1]
    if thinned:
        texts = dict(zip(ticks, axis.get("ticktext", ticks), strict=True))
        kept = [texts.get(value, str(value)) for value in FEW_TICKS]
        layout["xaxis"] = {**axis, "tickvals": list(FEW_TICKS), "ticktext": kept}
    names = dict.fromkeys(
        trace["name"]
        for trace in parts["data"]
        if trace.get("name") and trace.get("showlegend", True)
    )
    if not (layout.get("showlegend") and names):
        return go.Figure(data=parts["data"], layout=layout) if thinned else figure
    legend, margin = layout.get("legend", {}), dict(layout.get("margin", {}))
    beneath = legend.get("yref") == "container"
    below = UPRIGHT if beneath else margin.get("b", 0)
    columns = max(NARROW // (LETTER * max(map(len, names)) + SAMPLE), 1)
    rows = -(-len(names) // columns)
    bottom = round(below + LEGEND_ROW * rows)
    layout["height"] = layout["height"] + bottom - margin.get("b", 0)
    if legend.get("x", 0) > 1:
        margin["r"] = RIGHT
    layout["margin"] = {**margin, "b": bottom}
    layout["legend"] = {
        **legend,
        "orientation": "h",
        "x": 0,
        "xref": "container",
        "xanchor": "left",
        "y": 0,
        "yref": "container",
        "yanchor": "bottom",
    }
    return go.Figure(data=parts["data"], layout=layout)
