"""Scores of models: bars (the paper's figure 4, and ten-way accuracies), and confusion matrices.

Conventions
-----------
Scores are drawn in percent. A hatched bar is of a model that is not shown to be
better than chance on unseen instruments. Rows of a confusion matrix are the true
families, from top to bottom, columns those that are named; each row sums to
100 % of the family's notes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from xai_core.catalogue.paper import PAPER_ACCURACY
from xai_core.errors import InputError
from xai_core.figures.base.drawing import LETTER, LINE, SUBTITLE_SIZE, TEXT_SIZE, Drawing, Frame
from xai_core.figures.scores.parts import (
    AXIS,
    GUESS,
    HATCHED,
    LEGEND,
    OTHER,
    PERCENT,
    RIM,
    Unproven,
    accuracy_sentence,
    bars_sentence,
    confusion_sentence,
    confusion_shares,
    interval_name,
    look,
    scored_families,
    series_colour,
    short_name,
    title,
)
from xai_core.scores import Score
from xai_core.values import FAMILIES

__all__ = ["accuracy_bars", "confusion_map", "score_bars"]

LEGEND_ROW = 20  # px
ROW = 34  # px, of one bar of accuracy_bars
GROUP = 0.8  # of the distance between families, taken up by bars
COLOURS = "Cividis"
DARK = 0.45  # share up to which the map is dark, so that text is white


def score_bars(
    scores: Mapping[str, Mapping[str, Score]],
    *,
    metric: str = "Precision",
    chance: Mapping[str, float] | None = None,
    unproven: Unproven = (),
    height: int = 400,
    uirevision: str = "scores",
) -> go.Figure:
    """Draw a score by family, one bar a spectrogram type: with precision, the paper's figure 4.

    Parameters
    ----------
    scores : mapping
        ``{type: {family: Score}}``.
    metric : str
        What the score is called.
    chance : mapping of str to float, optional
        ``{family: score of a guess}``, drawn as a dotted line; for precision
        the family's share of the notes.
    unproven : collection of (type, family)
        Models that are not shown to be better than chance.
    height : int
        Pixels.

    Raises
    ------
    InputError
        If a family is unknown or there are no scores.
    """
    families = scored_families(scores)
    rows = -(-(len(scores) + bool(chance) + bool(unproven)) // 3)  # of the legend
    drawing = Drawing(
        Frame(height, left=46, right=8, top=10, bottom=30 + LEGEND_ROW * rows),
        alt=bars_sentence(scores, metric, unproven),
        uirevision=uirevision,
    )
    for type, row in scores.items():
        places = [place for place, family in enumerate(families) if family in row]
        drawing.traces.append(
            {
                "type": "bar",
                "name": short_name(type),
                "offsetgroup": type,
                "x": places,
                "y": [100 * row[families[place]].value for place in places],
                **look(
                    series_colour(type),
                    [row[families[place]] for place in places],
                    [(type, families[place]) in unproven for place in places],
                ),
                "hovertext": [
                    _bar_text(families[place], type, row[families[place]], unproven)
                    for place in places
                ],
                "hoverinfo": "text",
            }
        )
    if chance:
        drawing.traces.append(_guess(chance, families))
    if unproven:
        # in the first type's place: a group of its own would take up room
        drawing.traces.append({**HATCHED, "offsetgroup": next(iter(scores))})
    drawing.layout = {
        "barmode": "group",
        "bargap": 1 - GROUP,
        "bargroupgap": 0.08,
        "showlegend": True,
        "legend": {**LEGEND, "yref": "container", "y": 0, "yanchor": "bottom"},
        "xaxis": {
            **_FIXED,
            "range": [-0.5, len(families) - 0.5],
            "tickvals": list(range(len(families))),
            "ticktext": families,
            "tickfont": {"size": TEXT_SIZE + 1},
        },
        "yaxis": {**_FIXED, **PERCENT, "title": title(f"{metric} (%), {interval_name()}")},
    }
    return drawing.figure()


def accuracy_bars(
    accuracy: Mapping[str, Score],
    *,
    paper: Mapping[str, float] = PAPER_ACCURACY,
    uirevision: str = "accuracy",
) -> go.Figure:
    """Draw the ten-way accuracy of each spectrogram type beside the paper's.

    Parameters
    ----------
    accuracy : mapping of str to Score
        By type; any other name is printed as it is ("all types averaged").
    paper : mapping of str to float
        ``{type: accuracy}`` as published, on other notes.

    Raises
    ------
    InputError
        If there are no accuracies.
    """
    if not accuracy:
        raise InputError("expected accuracies to draw, got none")
    names = [short_name(name) for name in accuracy]
    texts = [score.text for score in accuracy.values()]
    drawing = Drawing(
        Frame(
            ROW * len(names) + 84,
            left=round(LETTER * max(map(len, names))) + 20,
            right=round(LETTER * max(map(len, texts))) + 22,
            top=34,
            bottom=50,
        ),
        alt=accuracy_sentence(accuracy, paper),
        uirevision=uirevision,
    )
    rows = list(range(len(names)))
    for row, (name, score) in enumerate(accuracy.items()):
        drawing.traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "showlegend": False,
                "x": [100 * score.value],
                "y": [row],
                **look(series_colour(name), [score], [False], along="x"),
                "hovertext": [f"{names[row]}: <b>{texts[row]}</b>"],
                "hoverinfo": "text",
            }
        )
        drawing.annotations.append(_at_the_right(texts[row], row))
    published = [row for row, name in enumerate(accuracy) if name in paper]
    if published:
        values = [paper[list(accuracy)[row]] for row in published]
        drawing.traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": "the paper, on its own notes",
                "x": [100 * value for value in values],
                "y": published,
                "marker": {"symbol": "diamond", "size": 12, "color": OTHER, "line": RIM},
                "hovertext": [f"the paper: <b>{100 * value:.0f} %</b>" for value in values],
                "hoverinfo": "text",
            }
        )
    drawing.layout = {
        "bargap": 0.4,
        "showlegend": bool(published),
        "legend": LEGEND,
        "xaxis": {**_FIXED, **PERCENT, "title": title("Ten-way accuracy (%)")},
        "yaxis": {
            **_FIXED,
            "range": [len(rows) - 0.5, -0.5],
            "tickvals": rows,
            "ticktext": names,
            "tickfont": {"size": TEXT_SIZE + 1},
            "ticklabelstandoff": 6,
            "ticks": "",
        },
        "shapes": [_GUESS_OF_TEN],
    }
    drawing.annotations.append(_GUESS_OF_TEN_TEXT)
    return drawing.figure()


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


_FIXED: dict[str, Any] = {**AXIS, "showgrid": False, "fixedrange": True}


_GUESS_OF_TEN = {
    "type": "line",
    "xref": "x",
    "x0": 10,
    "x1": 10,
    "yref": "paper",
    "y0": 0,
    "y1": 1,
    "line": {"color": LINE, "width": 1.5, "dash": "dot"},
}


_GUESS_OF_TEN_TEXT = {
    "text": "chance",
    "font": {"size": TEXT_SIZE},
    "x": 10,
    "xanchor": "right",
    "yref": "paper",
    "y": 0,
    "yanchor": "top",
    "yshift": -16,
    "showarrow": False,
}


def _bar_text(family: str, type: str, score: Score, unproven: Unproven) -> str:
    doubt = "<br>not shown to be better than chance" if (type, family) in unproven else ""
    return f"{family}, {short_name(type)}<br><b>{score.text}</b>{doubt}"


def _guess(chance: Mapping[str, float], families: tuple[str, ...]) -> dict[str, Any]:
    """Return a dotted line across each family's bars."""
    x: list[float | None] = []
    y: list[float | None] = []
    for place, family in enumerate(families):
        if family in chance:
            x += [place - GROUP / 2, place + GROUP / 2, None]
            y += [100 * chance[family], 100 * chance[family], None]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": GUESS,
        "x": x,
        "y": y,
        "line": {"color": OTHER, "width": 2, "dash": "dot"},
        "hoverinfo": "skip",
    }


def _at_the_right(text: str, row: int) -> dict[str, Any]:
    return {
        "text": text,
        "font": {"size": TEXT_SIZE + 1},
        "xref": "paper",
        "x": 1,
        "xanchor": "left",
        "xshift": 4,
        "y": row,
        "yanchor": "middle",
        "showarrow": False,
    }
