"""Distances between heatmaps as boxplots: the paper's figures 5 to 10.

Conventions
-----------
One panel a metric, the ten families on x in their fixed order and colours,
whether or not they have pairs yet. Boxes are those of
:mod:`xai_core.figures.distances.boxes`; beside a model's may stand those of null maps
and of spectrograms (:mod:`xai_core.figures.distances.beside`). Beside a box, where they are
given, stand the median and its 95 % interval over instruments: pairs are not
independent, so the box itself does not show how precise a median is.

A point's customdata is (type, family, note_a, note_b), for a page to open the
pair. Of many pairs, points are a choice evenly spaced by rank, the smallest and
largest distance among them.

References
----------
Chen, Ghobakhlou and Narayanan 2024, figures 5 to 10.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from xai_core.catalogue.methods import map_kind
from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.paper import PAPER_METRICS
from xai_core.catalogue.types import spectrogram_type
from xai_core.errors import InputError
from xai_core.figures.base.drawing import SUBTITLE_SIZE, Drawing, Frame
from xai_core.figures.distances.beside import (
    ALONE,
    IN_A_ROW,
    LEGEND_HEIGHT,
    Standing,
    beside_sentence,
    chosen_of,
    legend_layout,
    legend_traces,
    traces_beside,
)
from xai_core.figures.distances.boxes import (
    FAMILY_COLOURS,
    Box,
    box_trace,
    boxes_of,
    of_type_and_method,
)
from xai_core.figures.scores.parts import AXIS, title
from xai_core.pair_tables import distances
from xai_core.values import FAMILIES

__all__ = [
    "MOST_POINTS",
    "distance_boxplots",
    "three_digits",
]

MOST_POINTS = 300  # of one family and metric
COLUMNS = 2
GAP = 0.09  # of the width, between columns: ticks and title of an axis
ROW_HEIGHT = 300  # px
ROW_GAP = 62  # px, of tilted names of families
GOLDEN = 0.6180339887498949  # its multiples fill [0, 1) evenly


def boxes_sentence(
    boxes: Mapping[str, Sequence[Box]], *, type: str, method: str, points: bool
) -> str:
    """Say which families' heatmaps lie furthest apart and closest, by each metric.

    Raises
    ------
    InputError
        If there is no metric to draw.
    """
    if not boxes:
        raise InputError("expected metrics to draw, got none")
    head = (
        f"{spectrogram_type(type).label}, {map_kind(method).label}: distances between the "
        "heatmaps of two notes of a family"
    )
    sentences = [_extremes(METRICS[metric].label, row) for metric, row in boxes.items() if row]
    if not sentences:
        return f"{head}; none yet."
    missing = [f for f in FAMILIES if not any(b.family == f for row in boxes.values() for b in row)]
    nothing = f" Nothing of {', '.join(missing)}." if missing else ""
    n_beyond = sum(box.n_beyond for row in boxes.values() for box in row)
    some = (
        "1 distance beyond the whiskers is"
        if n_beyond == 1
        else (f"{n_beyond:,} distances beyond the whiskers are")
    )
    beyond = f" {some} not drawn." if n_beyond and not points else ""
    return f"{head}. {' '.join(sentences)}{nothing}{beyond}"


def three_digits(value: float) -> str:
    """Return a number with three digits that count: ``0.00120``, ``12.3``, ``1.20e-05``."""
    return f"{value:#.3g}".removesuffix(".")


def distance_boxplots(
    pairs: pd.DataFrame,
    *,
    type: str,
    method: str,
    metrics: Sequence[str] = PAPER_METRICS,
    points: bool = False,
    names: Mapping[str, str] | None = None,
    medians: pd.DataFrame | None = None,
    beside: Mapping[str, pd.DataFrame] | None = None,
    columns: int = COLUMNS,
    uirevision: str = "distances",
) -> go.Figure:
    """Draw the distances within each family, one panel a metric.

    Parameters
    ----------
    pairs : DataFrame
        As in :class:`xai_core.pair_tables.Analysis`; may be a part of it.
    type : str
        Spectrogram type.
    method : str
        Explanation method.
    metrics : sequence of str
    points : bool
        Whether pairs are drawn as points.
    names : mapping of str to str, optional
        What a reader calls the notes, by their names in `pairs`, for pointing at a pair.
    medians : DataFrame, optional
        From :meth:`xai_core.metrics.statistics.FamilyQuartiles.table`: medians
        with their intervals.
    beside : mapping, optional
        ``{maps: pairs}`` of ``random`` networks and of ``spectrogram`` s, as `pairs`; others
        do not count.
    columns : int
        Panels side by side.

    Raises
    ------
    InputError
        If the type or a metric is unknown, or there is no metric.
    """
    chosen = of_type_and_method(pairs, type=type, method=method)
    boxes = {metric: boxes_of(chosen, metric) for metric in metrics}
    others = chosen_of(beside or {}, type=type, method=method)
    standing = IN_A_ROW if others else ALONE
    above = LEGEND_HEIGHT if others else 0
    columns = min(len(boxes), columns)
    rows = -(-len(boxes) // columns) if boxes else 0
    drawing = Drawing(
        Frame(rows * ROW_HEIGHT + above, left=58, right=8, top=26 + above, bottom=ROW_GAP),
        alt=boxes_sentence(boxes, type=type, method=method, points=points)
        + beside_sentence(others),
        uirevision=uirevision,
    )
    gap = 26 + ROW_GAP  # px between two rows of panels
    for number, (metric, row) in enumerate(boxes.items()):
        size, place = (rows, columns), divmod(number, columns)
        _add_panel(drawing, place, size, metric, empty=not row, gap=gap)
        x, y = _names(number)
        for box in row:
            trace = box_trace(
                box,
                place=FAMILIES.index(box.family) + standing.model,
                width=standing.width,
                colour=FAMILY_COLOURS[box.family],
            )
            drawing.traces.append({**trace, "xaxis": x, "yaxis": y})
        for trace in traces_beside(row, others, metric):
            drawing.traces.append({**trace, "xaxis": x, "yaxis": y})
        if points:
            for trace in _points(distances(chosen, metric), type, standing, names or {}):
                drawing.traces.append({**trace, "xaxis": x, "yaxis": y})
        if medians is not None:
            for trace in _medians(medians, type, method, metric, standing):
                drawing.traces.append({**trace, "xaxis": x, "yaxis": y})
        if not row:
            drawing.add_nothing(x, y)
    drawing.layout["boxgap"] = 0
    if others:
        for one in drawing.traces:
            one["showlegend"] = False
        drawing.traces += legend_traces(others)
        drawing.layout |= legend_layout(drawing.frame.plot_height)
    return drawing.figure()


def _extremes(name: str, boxes: Sequence[Box]) -> str:
    low, high = (pick(boxes, key=lambda box: box.median) for pick in (min, max))
    if low is high:
        return f"{name}: median {three_digits(low.median)} ({low.family})."
    return (
        f"{name}: medians from {three_digits(low.median)} ({low.family}) "
        f"to {three_digits(high.median)} ({high.family})."
    )


def _names(number: int) -> tuple[str, str]:
    """Return Plotly's names of the axes of a panel, numbered from 0."""
    suffix = "" if number == 0 else str(number + 1)
    return f"x{suffix}", f"y{suffix}"


def _add_panel(
    drawing: Drawing,
    place: tuple[int, int],
    size: tuple[int, int],
    metric: str,
    *,
    empty: bool,
    gap: int,
) -> None:
    """Add the axes of the panel at (row, column) of so many rows and columns.

    `gap` is in pixels between two rows.
    """
    (row, column), (rows, columns) = place, size
    number = row * columns + column
    width = (1 - GAP * (columns - 1)) / columns
    left = column * (width + GAP)
    frame = drawing.frame
    between = gap / frame.plot_height if rows > 1 else 0.0
    height = (1 - between * (rows - 1)) / rows
    bottom = 1 - row * (height + between) - height
    x, y = _names(number)
    drawing.layout[f"xaxis{x[1:]}"] = {
        **AXIS,
        "domain": [left, left + width],
        "anchor": y,
        "matches": "x" if number else None,
        "range": [-0.6, len(FAMILIES) - 0.4],
        "fixedrange": True,
        "showgrid": False,
        "tickvals": list(range(len(FAMILIES))),
        "ticktext": FAMILIES,
        "tickangle": -35,
    }
    drawing.layout[f"yaxis{y[1:]}"] = {
        **AXIS,
        "domain": [bottom, bottom + height],
        "anchor": x,
        "rangemode": "tozero",
        "showticklabels": not empty,  # Plotly would number an axis of nothing from 0 to 4
        "hoverformat": ".3~g",
        "title": title(METRICS[metric].axis),
    }
    drawing.annotations.append(
        {
            "text": f"<b>{METRICS[metric].label}</b>",
            "font": {"size": SUBTITLE_SIZE + 1},
            "xref": "paper",
            "x": left,
            "xanchor": "left",
            "yref": "paper",
            "y": bottom + height,
            "yanchor": "bottom",
            "yshift": 2,
            "showarrow": False,
        }
    )


def _points(
    found: pd.DataFrame, type: str, standing: Standing, names: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    for place, family in enumerate(FAMILIES):
        of_family = found[found["family"] == family].sort_values("value", kind="stable")
        if of_family.empty:
            continue
        n = min(len(of_family), MOST_POINTS)
        drawn = of_family.iloc[np.linspace(0, len(of_family) - 1, n).round().astype(int)]
        side = (np.arange(n) * GOLDEN) % 1.0 - 0.5
        pair = np.stack(
            [
                np.full(n, type, object),
                np.full(n, family, object),
                drawn["note_a"].to_numpy(object),
                drawn["note_b"].to_numpy(object),
            ],
            axis=1,
        )
        yield {
            "type": "scatter",
            "mode": "markers",
            "name": family,
            "x": (place + standing.model + 0.9 * standing.width * side).astype(np.float32),
            "y": drawn["value"].to_numpy(np.float32),
            "customdata": pair,
            "marker": {"size": 4, "color": FAMILY_COLOURS[family], "opacity": 0.6},
            "text": [
                f"{names.get(a, a)}<br>{names.get(b, b)}"
                for a, b in zip(drawn["note_a"], drawn["note_b"], strict=True)
            ],
            "hovertemplate": "%{text}<br><b>%{y:.3~g}</b><extra>%{customdata[1]}</extra>",
        }


def _medians(
    medians: pd.DataFrame, type: str, method: str, metric: str, standing: Standing
) -> Iterator[dict[str, Any]]:
    chosen = medians[
        (medians["type"] == type) & (medians["method"] == method) & (medians["metric"] == metric)
    ]
    for row in chosen.to_dict("records"):
        if np.isnan(row["median_low"]):
            continue
        low, middle, high = row["median_low"], row["median"], row["median_high"]
        colour = FAMILY_COLOURS[row["family"]]
        yield {
            "type": "scatter",
            "mode": "markers",
            "name": row["family"],
            "x": np.array([FAMILIES.index(row["family"]) + standing.median], np.float32),
            "y": np.array([middle], np.float32),
            "error_y": {
                "type": "data",
                "symmetric": False,
                "array": _length(high - middle),
                "arrayminus": _length(middle - low),
                "color": colour,
                "thickness": 1.5,
                "width": 3,
            },
            "marker": {"size": 5, "color": colour},
            "hovertext": [
                f"{row['family']}: median <b>{three_digits(middle)}</b><br>95 % interval "
                f"{three_digits(low)} to {three_digits(high)}<br>{row['n_pairs']:,} pairs of "
                f"{row['n_notes']} notes, {row['n_instruments']} instruments"
            ],
            "hoverinfo": "text",
        }


def _length(value: float) -> npt.NDArray[np.float32]:
    return np.array([max(value, 0.0)], np.float32)
