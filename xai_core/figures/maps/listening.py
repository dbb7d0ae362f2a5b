"""Figures of the Listen page: boxes on a map, answers before and after, and along a level.

Conventions
-----------
Maps are those of the canvas, hertz upward on y. Probabilities are in [0, 1].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from xai_core.errors import InputError
from xai_core.figures.base.drawing import LETTER, LINE, TEXT_SIZE, Drawing, Frame
from xai_core.figures.base.scales import DIVERGING
from xai_core.figures.base.words import percent_text
from xai_core.figures.maps.maps import attribution_figure
from xai_core.figures.scores.parts import AXIS, short_name, title
from xai_core.values import FAMILIES, Attribution

__all__ = ["answer_change", "box_panel", "change_map", "level_curves"]

TOGETHER = "together"
ROW = 25  # px
LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#B4690E")  # of the families named in a legend
PALE = "#9AA5B1"  # of the others


def box_panel(attribution: Attribution, *, height: int = 430) -> go.Figure:
    """Draw a map in hertz and seconds on which the page lets boxes be drawn.

    Parameters
    ----------
    attribution : Attribution
        On the grid of the STFT.
    height : int
        Pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        ``layout.meta["boxes"]`` says that boxes are drawn over it, by the page's script;
        dragging does not zoom. The player of the page moves its line over the panel.
    """
    figure = attribution_figure(
        attribution,
        title="Draw a box here",
        subtitle="Red: speaks for the family; blue: against it",
        height=height,
    )
    meta = {**figure.layout.meta, "playhead": ["x"], "boxes": True}
    figure.update_layout(meta=meta, dragmode=False)
    return figure


def change_map(
    before: Mapping[str, Mapping[str, float]],
    after: Mapping[str, Mapping[str, float]],
    *,
    highlighted: tuple[str, str] | None = None,
    narrow: bool = False,
    uirevision: str = "change",
) -> go.Figure:
    """Draw what every model says before and after, coloured by the change.

    Parameters
    ----------
    before, after : mapping of str to mapping
        ``{type: {family: probability}}``, and under ``together`` the verdict over all
        types. Of `after` types may be missing that are still being computed.
    highlighted : tuple of str, optional
        Type and family of the explained model.
    narrow : bool
        Whether it is for a narrow screen, such as that of a phone.
    uirevision : str

    Raises
    ------
    InputError
        If there is no answer.
    """
    types = list(before)
    families = [one for one in FAMILIES if any(one in row for row in before.values())]
    if not families:
        raise InputError("expected the answers of at least one model, got none")
    labels = [one if one == TOGETHER else short_name(one) for one in types]
    z = np.full((len(families), len(types)), np.nan, np.float32)
    text = [["" for _ in types] for _ in families]
    said = []
    for (row, family), (column, type) in (
        (r, c) for r in enumerate(families) for c in enumerate(types)
    ):
        old = before[type].get(family)
        new = after.get(type, {}).get(family)
        if old is None:
            continue
        arrow = "→" if narrow else " → "
        text[row][column] = f"{100 * old:.0f}{arrow}{'…' if new is None else f'{100 * new:.0f}'}"
        z[row, column] = 0.0 if new is None else 100 * (new - old)
        if new is not None:
            said.append((abs(new - old), f"{family} by {labels[column]} {text[row][column]} %"))
    said.sort(reverse=True)
    size = TEXT_SIZE - 2 if narrow else TEXT_SIZE + 1
    top = 36 if narrow else 26
    drawing = Drawing(
        Frame(
            ROW * len(families) + top + 4, left=round(LETTER * 9) + 4, right=8, top=top, bottom=4
        ),
        alt="Percent before and after. Largest changes: "
        + ("; ".join(words for _, words in said[:3]) or "none yet")
        + ".",
        uirevision=uirevision,
    )
    drawing.traces.append(
        {
            "type": "heatmap",
            "x": list(range(len(types))),
            "y": list(range(len(families))),
            "z": z,
            "zmin": -100,
            "zmax": 100,
            "colorscale": DIVERGING,
            "showscale": False,
            "xgap": 2,
            "ygap": 2,
            "text": text,
            "texttemplate": "%{text}",
            "textfont": {"size": size},
            "customdata": [[[f, n] for n in labels] for f in families],
            "hovertemplate": "%{customdata[0]}, %{customdata[1]}: <b>%{text} %</b><extra></extra>",
        }
    )
    ticks = {"tickmode": "array", "ticks": "", "showgrid": False, "zeroline": False,
             "fixedrange": True, "tickfont": {"size": size}, "tickangle": 0}  # fmt: skip
    shapes = []
    if highlighted and highlighted[0] in types and highlighted[1] in families:
        column, row = types.index(highlighted[0]), families.index(highlighted[1])
        shapes.append(
            {
                "type": "rect",
                "x0": column - 0.5,
                "x1": column + 0.5,
                "y0": row - 0.5,
                "y1": row + 0.5,
                "line": {"color": LINE, "width": 2},
            }
        )
    drawing.layout = {
        "xaxis": {
            **ticks,
            "side": "top",
            "tickvals": list(range(len(types))),
            "ticktext": [one.replace(" ", "<br>") if narrow else one for one in labels],
        },
        "yaxis": {
            **ticks,
            "autorange": "reversed",
            "tickvals": list(range(len(families))),
            "ticktext": families,
        },
        "shapes": shapes,
    }
    return drawing.figure()


def level_curves(
    levels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    families: Sequence[str],
    *,
    tips: Sequence[tuple[float, str]] = (),
    level: float | None = None,
    height: int = 320,
    uirevision: str = "levels",
) -> go.Figure:
    """Draw the answers along the level of a second note.

    Parameters
    ----------
    levels : array, shape (n_levels,)
        Decibels, rising.
    probabilities : array, shape (n_families, n_levels)
    families : sequence of str
    tips : sequence of (float, str)
        Levels at which another family becomes the most probable, and which.
    level : float or None
        The one that is heard, marked by a line.
    height : int
        Pixels.
    uirevision : str

    Raises
    ------
    InputError
        If the arrays do not fit.

    Notes
    -----
    Families that are at some level the most probable, up to five, have colours and names;
    the others are grey and named where the pointer is.
    """
    x, table = np.asarray(levels, np.float64), np.asarray(probabilities, np.float64)
    if table.shape != (len(families), x.size) or x.size == 0:
        raise InputError(
            f"expected a probability for each of {len(families)} families and {x.size} levels, "
            f"got shape {table.shape}"
        )
    first = dict.fromkeys(table.argmax(axis=0).tolist())
    best = sorted(range(len(families)), key=lambda k: (k not in first, -table[k].max()))
    coloured = dict(zip(best[: max(2, min(len(first), len(LINES)))], LINES, strict=False))
    words = [f"from {at:.1f} dB on {name}" for at, name in tips]
    start = families[int(table[:, 0].argmax())]
    drawing = Drawing(
        Frame(height, left=54, right=10, top=34, bottom=46),
        alt=f"Most probable along the level of the second note: {', '.join([start, *words])}.",
        uirevision=uirevision,
    )
    for k in sorted(range(len(families)), key=lambda k: k in coloured):  # coloured ones on top
        colour = coloured.get(k, PALE)
        drawing.traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": families[k],
                "showlegend": k in coloured,
                "x": x,
                "y": 100 * table[k],
                "line": {"color": colour, "width": 3 if k in coloured else 1.2},
                "hovertemplate": f"{families[k]}: <b>%{{y:.0f}} %</b> at %{{x:.0f}} dB"
                "<extra></extra>",
            }
        )
    marks: list[dict[str, Any]] = [
        {"type": "line", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1,
         "line": {"color": LINE, "width": 1, "dash": "dash"}}
        for at, _ in tips
    ]  # fmt: skip
    if level is not None:
        marks.append({"type": "line", "x0": level, "x1": level, "yref": "paper", "y0": 0, "y1": 1,
                      "line": {"color": LINE, "width": 2}})  # fmt: skip
    drawing.layout = {
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom",
                   "font": {"size": TEXT_SIZE + 1}},
        "shapes": marks,
        "xaxis": {**AXIS, "range": [x[0] - 0.5, x[-1] + 0.5], "showgrid": False,
                  "title": title("Level of the second note (dB)")},
        "yaxis": {**AXIS, "range": [-2, 102], "tickvals": [0, 25, 50, 75, 100],
                  "title": title("Answer (%)")},
    }  # fmt: skip
    return drawing.figure()


def answer_change(before: float, after: float) -> str:
    """Return an answer before and after.

    Examples
    --------
    >>> answer_change(0.97, 0.12)
    '97 % → 12 %'
    """
    return f"{percent_text(before)} → {percent_text(after)}"
