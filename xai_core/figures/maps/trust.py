"""Figures of the tests of a map: curves, the randomisation cascade, agreement of methods.

Conventions
-----------
Curves are of the logit against the percent of the bins that are removed or put in. The maps
of a cascade have one time and one bin axis and a colour scale each, since a network without
what it has learnt has smaller gradients: compare where colours lie, not how strong they are.
Correlations lie in [-1, 1].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from xai_core.catalogue.methods import METHODS, map_kind
from xai_core.errors import InputError
from xai_core.figures.base.drawing import LETTER, LINE, TEXT_SIZE, Drawing, Frame
from xai_core.figures.base.scales import DIVERGING, PERCENTILE, attribution_scale, number_text
from xai_core.figures.base.square import add_square
from xai_core.figures.scores.parts import AXIS, MANY_COLOURS, title
from xai_core.values import Attribution, FloatArray

__all__ = ["agreement_map", "cascade_curves", "cascade_strip", "correlation_text", "removal_curves"]

Line = tuple[FloatArray, FloatArray]  # shares of the bins, and the logit
GAP = 0.14  # of the width or height, between two panels of curves
STYLES: tuple[dict[str, Any], ...] = (
    {"color": MANY_COLOURS[0], "width": 2.5},
    {"color": MANY_COLOURS[1], "width": 2, "dash": "dash"},
    {"color": LINE, "width": 2, "dash": "dot"},
)
TILE = 96  # px, height of a map of the cascade
HEAD = 34  # px, the two lines above it
TILE_GAP = 0.012  # of the width
MOST_ROWS = 96  # of a tile; of several bins in a row the strongest is drawn
CELL = 34  # px
FEW = 6  # methods; of more the cells are narrow, and have one decimal in small letters
SMALL = 9  # px
DARK = 0.6  # absolute correlation from which a cell is dark, so that text is white
LEGEND: dict[str, Any] = {
    "orientation": "h",
    "x": 0,
    "xanchor": "left",
    "y": 1.02,
    "yanchor": "bottom",
    "font": {"size": TEXT_SIZE},
}


def correlation_text(value: float, *, digits: int = 2) -> str:
    """Return a few decimals with a true minus sign, or "" for none.

    Examples
    --------
    >>> correlation_text(-0.061), correlation_text(float("nan"))
    ('−0.06', '')
    """
    if not np.isfinite(value):
        return ""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def removal_curves(
    panels: Mapping[str, Mapping[str, Line]],
    *,
    family: str,
    stacked: bool = False,
    height: int = 300,
    uirevision: str = "removal",
) -> go.Figure:
    """Draw the logit while bins are removed, and while they are put in.

    Parameters
    ----------
    panels : mapping
        ``{"Deletion": {"by this map": (fractions, outputs), ...}, ...}``, one or two panels
        of at most three lines, of the same names in each.
    family : str
        Whose logit.
    stacked : bool
        Whether the second panel stands beneath the first, as on a phone.
    height : int
        Pixels.
    uirevision : str

    Raises
    ------
    InputError
        If there is nothing to draw.
    """
    if not panels or not all(panels.values()):
        raise InputError("expected curves to draw, got none")
    drawing = Drawing(
        Frame(height, left=48, right=10, top=34, bottom=44),
        alt=_removal_sentence(panels, family),
        uirevision=uirevision,
    )
    first, second = [0.0, 0.5 - GAP / 2], [0.5 + GAP / 2, 1.0]
    spans = [first, second]
    for number, (name, lines) in enumerate(panels.items()):
        x, y = ("x", "y") if number == 0 else ("x2", "y2")
        for (label, (fractions, outputs)), style in zip(lines.items(), STYLES, strict=False):
            drawing.traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "name": label,
                    "legendgroup": label,
                    "showlegend": number == 0,
                    "x": 100 * np.asarray(fractions, np.float64),
                    "y": np.asarray(outputs, np.float64),
                    "xaxis": x,
                    "yaxis": y,
                    "line": style,
                    "hovertemplate": f"{label}<br>%{{x:.0f}} % of the bins<br>"
                    "logit <b>%{y:.2f}</b><extra></extra>",
                }
            )
        across = down = [0.0, 1.0]
        if stacked and len(panels) > 1:
            down = spans[1 - number]
        elif len(panels) > 1:
            across = spans[number]
        done = "removed" if number == 0 else "put in"
        ending = "" if number == 0 else "2"
        drawing.layout[f"xaxis{ending}"] = {
            **AXIS,
            "domain": across,
            "anchor": y,
            "range": [0, 100],
            "fixedrange": True,
            "title": title(f"{name}: bins {done} (%)"),
        }
        drawing.layout[f"yaxis{ending}"] = {
            **AXIS,
            "domain": down,
            "anchor": x,
            "fixedrange": True,
            "title": title(f"Logit of {family}" if number == 0 or stacked else ""),
        }
    drawing.layout |= {"showlegend": True, "legend": LEGEND}
    return drawing.figure()


def cascade_strip(
    maps: Sequence[Attribution],
    names: Sequence[str],
    correlations: Sequence[tuple[float, float]],
    *,
    columns: int = 9,
    uirevision: str = "cascade",
) -> go.Figure:
    """Draw the maps of a network that loses one layer after the other, side by side.

    Parameters
    ----------
    maps : sequence of Attribution
        The first is that of the network as it is.
    names : sequence of str
        What stands above each.
    correlations : sequence of (float, float)
        Rank correlation of each with the map that is tested, absolute and signed.
    columns : int
        Maps in a row.
    uirevision : str

    Raises
    ------
    InputError
        If there is no map, or not as many names and correlations.
    """
    if not maps or not len(maps) == len(names) == len(correlations):
        raise InputError(
            f"expected a name and two correlations for each map, got {len(maps)} maps, "
            f"{len(names)} names and {len(correlations)}"
        )
    columns = min(columns, len(maps))
    n_rows = -(-len(maps) // columns)
    height = n_rows * (TILE + HEAD) + 6
    drawing = Drawing(
        Frame(height, left=2, right=6, top=0, bottom=6),
        alt=_cascade_sentence(names, correlations),
        uirevision=uirevision,
    )
    inner = height - 6
    width = (1.0 + TILE_GAP) / columns
    for number, (one, name, pair) in enumerate(zip(maps, names, correlations, strict=True)):
        row, column = divmod(number, columns)
        left = column * width
        top = 1.0 - (row * (TILE + HEAD) + HEAD) / inner
        _add_tile(drawing, number, one, (left, left + width - TILE_GAP), (top - TILE / inner, top))
        drawing.annotations.append(
            {
                "text": f"<b>{name}</b><br>{correlation_text(pair[0])} · "
                f"{correlation_text(pair[1])}",
                "font": {"size": TEXT_SIZE},
                "align": "left",
                "showarrow": False,
                "xref": "paper",
                "x": left,
                "xanchor": "left",
                "xshift": -2,
                "yref": "paper",
                "y": top,
                "yanchor": "bottom",
            }
        )
    return drawing.figure()


def cascade_curves(
    names: Sequence[str],
    lines: Mapping[str, Sequence[float]],
    *,
    height: int = 220,
    uirevision: str = "cascade curves",
) -> go.Figure:
    """Draw rank correlations along the layers that have lost what they learnt.

    Parameters
    ----------
    names : sequence of str
        The network as it is, then the layers from the output down.
    lines : mapping of str to sequence of float
        At most three, a value for each name.
    height : int
        Pixels.
    uirevision : str

    Raises
    ------
    InputError
        If there is no line, or one has not as many values as there are names.
    """
    if not lines or any(len(values) != len(names) for values in lines.values()):
        raise InputError(f"expected lines of {len(names)} correlations to draw")
    ends = [
        f"{label} {correlation_text(values[0])}, in the end {correlation_text(values[-1])}"
        for label, values in lines.items()
    ]
    drawing = Drawing(
        Frame(height, left=44, right=10, top=34, bottom=52),
        alt="Rank correlations while layers lose what they learnt, from the output down: at first "
        f"{'; '.join(ends)}.",
        uirevision=uirevision,
    )
    for (label, values), style in zip(lines.items(), STYLES, strict=False):
        drawing.traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": label,
                "x": list(names),
                "y": np.asarray(values, np.float64),
                "line": style,
                "marker": {"size": 6},
                "hovertemplate": f"{label}<br>%{{x}}: <b>%{{y:.2f}}</b><extra></extra>",
            }
        )
    drawing.layout = {
        "showlegend": True,
        "legend": LEGEND,
        "xaxis": {
            **AXIS,
            "type": "category",
            "fixedrange": True,
            "showgrid": False,
        },
        "yaxis": {
            **AXIS,
            "range": [min(-0.25, *(min(one) - 0.05 for one in lines.values())), 1.05],
            "fixedrange": True,
            "zeroline": True,
            "zerolinecolor": LINE,
            "title": title("Rank correlation"),
        },
    }
    return drawing.figure()


def agreement_map(
    correlations: npt.ArrayLike,
    methods: Sequence[str],
    *,
    uirevision: str = "agreement",
) -> go.Figure:
    """Draw how far the maps of every two methods agree.

    Parameters
    ----------
    correlations : array_like, shape (n_methods, n_methods)
        In [-1, 1]; NaN where there is none.
    methods : sequence of str
        Names in the catalogue.
    uirevision : str

    Raises
    ------
    InputError
        If the correlations are not a square of as many rows as there are methods.
    """
    table = np.asarray(correlations, np.float64)
    if table.shape != (len(methods), len(methods)) or not len(methods):
        raise InputError(
            f"expected correlations of {len(methods)} x {len(methods)} methods to draw, got shape "
            f"{table.shape}"
        )
    labels = [METHODS[name].label for name in methods]
    numbers = [str(k + 1) for k in range(len(labels))]
    rows = [f"{number} {label}" for number, label in zip(numbers, labels, strict=True)]
    drawing = Drawing(
        Frame(
            max(CELL * len(methods), 60) + 34,
            left=round(LETTER * max(map(len, rows))) + 12,
            right=8,
            top=26,
            bottom=8,
        ),
        alt=_agreement_sentence(table, labels),
        uirevision=uirevision,
    )
    many = len(methods) > FEW
    add_square(
        drawing,
        table,
        columns=numbers,
        rows=rows,
        hover=lambda i, j: f"{labels[i]} and {labels[j]}<br><b>{correlation_text(table[i, j])}</b>",
        text=lambda value: correlation_text(value, digits=1 if many else 2),
        is_dark=lambda value: abs(value) >= DARK,
        colours=DIVERGING,
        limits=(-1, 1),
        size=SMALL if many else TEXT_SIZE,
    )
    drawing.layout["xaxis"]["side"] = "top"
    drawing.layout["yaxis"]["ticklabelstandoff"] = 4
    return drawing.figure()


# ----------------------------------------------------------------------- private


def _add_tile(
    drawing: Drawing,
    number: int,
    one: Attribution,
    across: tuple[float, float],
    down: tuple[float, float],
) -> None:
    """Draw one small map without ticks."""
    ending = "" if number == 0 else str(number + 1)
    sign = "signed" if map_kind(one.method).signed else "unsigned"
    scale = attribution_scale(one, sign, None, PERCENTILE)  # type: ignore[arg-type]
    bare = {
        "showticklabels": False,
        "ticks": "",
        "showgrid": False,
        "zeroline": False,
        "showline": True,
        "mirror": True,
        "linecolor": LINE,
        "fixedrange": True,
    }
    drawing.layout[f"xaxis{ending}"] = {**bare, "domain": list(across), "anchor": f"y{ending}"}
    drawing.layout[f"yaxis{ending}"] = {**bare, "domain": list(down), "anchor": f"x{ending}"}
    drawing.traces.append(
        {
            "type": "heatmap",
            "z": _strongest_rows(scale.values.T),
            "xaxis": f"x{ending}",
            "yaxis": f"y{ending}",
            "colorscale": scale.colours,
            "zmin": scale.low,
            "zmax": scale.high,
            "zsmooth": False,
            "showscale": False,
            "hoverinfo": "skip",
        }
    )


def _strongest_rows(rows: FloatArray) -> FloatArray:
    """Keep the value that is farthest from 0 of each of at most 96 blocks of rows."""
    n = min(len(rows), MOST_ROWS)
    starts = np.arange(n) * len(rows) // n
    high, low = (take.reduceat(rows, starts, axis=0) for take in (np.maximum, np.minimum))
    return np.ascontiguousarray(np.where(high >= -low, high, low), np.float32)


def _removal_sentence(panels: Mapping[str, Mapping[str, Line]], family: str) -> str:
    said = []
    for name, lines in panels.items():
        means = [
            f"{label} {number_text(float(np.trapezoid(outputs, fractions)))}"
            for label, (fractions, outputs) in lines.items()
        ]
        said.append(f"{name}, mean of the curve: {', '.join(means)}")
    return f"Logit of {family} while bins are removed or put in. {'. '.join(said)}."


def _cascade_sentence(names: Sequence[str], correlations: Sequence[tuple[float, float]]) -> str:
    absolute, signed = (correlation_text(value) for value in correlations[-1])
    return (
        f"{len(names)} maps of one note, of a network whose layers lose what they learnt, from the "
        f"output down to {names[-1]}. Rank correlation of the last with the map that is tested: "
        f"{absolute or 'none'} of absolute values, {signed or 'none'} with signs."
    )


def _agreement_sentence(table: npt.NDArray[np.float64], labels: Sequence[str]) -> str:
    head = f"Rank correlations between the maps of one note by {len(labels)} methods"
    others = np.where(np.eye(len(labels), dtype=bool), np.nan, table)
    if not np.isfinite(others).any():
        return f"{head}: no two of them can be compared."
    high, low = (divmod(int(pick(others)), len(labels)) for pick in (np.nanargmax, np.nanargmin))
    said = [
        f"{word} {labels[i]} and {labels[j]} ({correlation_text(others[i, j])})"
        for word, (i, j) in (("most alike", high), ("least", low))
    ]
    return f"{head}: {'; '.join(said)}."
