"""Maps as Plotly traces, each with its colour bar.

Conventions
-----------
A map's values are ``(n_frames, n_bins)``; Plotly's z is ``(row, column)`` =
``(bin, frame)``, float32 and contiguous, so that it reaches the browser as
base64 and never as a list.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from xai_core.figures.base.drawing import TEXT_SIZE, Drawing, Place
from xai_core.figures.base.scales import (
    Scale,
    bin_names,
    bin_positions,
    block_names,
    is_even,
    outer_edges,
)
from xai_core.values import Axis, FeatureMaps, FloatArray

__all__ = ["add_map", "add_strips"]

BAR_OFFSET = 46  # px from the time axis down to the colour bar
BAR_THICKNESS = 9  # px
BAR_LENGTH = 0.86  # of the panel's width; leaves room for the outer numbers
STRIP_GAP = 0.025  # of the panel's height, between two feature maps


def add_map(
    drawing: Drawing, place: Place, scale: Scale, time: Axis, bins: Axis, *, every: int = 1
) -> None:
    """Draw one map with its colour bar.

    Parameters
    ----------
    every : int
        Send only the largest of each n x n block (of each n frames where bins
        are named one by one), for a map that is smooth and never negative.
    """
    frames = _starts(time.values.size, every)
    rows = _starts(bins.values.size, every if is_even(bins) else 1)
    values = scale.values
    if every > 1:
        values = np.maximum.reduceat(np.maximum.reduceat(values, frames, axis=0), rows, axis=1)
    drawing.traces.append(
        {
            **_heatmap(_rows(values), scale, place.x, place.y, _bin_name(bins)),
            "x": _centres(time.values, frames),
            "y": _centres(bin_positions(bins), rows) if is_even(bins) else bin_names(bins),
            **_colour_bar(place, scale),
        }
    )


def add_strips(
    drawing: Drawing,
    place: Place,
    feature_maps: FeatureMaps,
    scale: Scale,
    *,
    first_extra: int,
    max_rows: int,
) -> None:
    """Draw the maps of a few filters as strips, one above the other.

    Parameters
    ----------
    first_extra : int
        Number of the first bin axis that is free; the lowest strip has the
        panel's own.
    max_rows : int
        Rows that a strip has room for; of several bins in a row the strongest
        is drawn.
    """
    start, end = outer_edges(feature_maps.time)
    strips = _strips(place, first_extra, len(feature_maps.filters))
    for i, (number, span) in enumerate(strips):
        rows = _strongest(_rows(scale.values[i]), max_rows)
        name = drawing.add_strip_axis(place, number, rows.shape[0], span)
        where = f"%{{y}}<br>filter {feature_maps.filters[i]}"
        width = (end - start) / rows.shape[1]
        drawing.traces.append(
            {
                **_heatmap(rows, scale, place.x, name, where),
                "x": start + width * (np.arange(rows.shape[1]) + 0.5),
                "y": block_names(feature_maps.bins, rows.shape[0]),
            }
        )
        _add_tag(drawing, place, span[1], feature_maps, i)
    drawing.traces[-1].update(_colour_bar(place, scale))


def _strips(place: Place, first_extra: int, n_strips: int) -> list[tuple[int, tuple[float, float]]]:
    """Return the axis number and the bottom and top of each strip, from above."""
    gap = STRIP_GAP * (place.top - place.bottom)
    height = (place.top - place.bottom + gap) / n_strips
    numbers = [*range(first_extra, first_extra + n_strips - 1), place.number]
    tops = [place.top - k * height for k in range(n_strips)]
    return [
        (number, (max(top - height + gap, place.bottom), top))
        for number, top in zip(numbers, tops, strict=True)
    ]


def _add_tag(drawing: Drawing, place: Place, top: float, feature_maps: FeatureMaps, i: int) -> None:
    silent = not np.any(feature_maps.values[i])
    drawing.annotations.append(
        {
            "text": f"filter {feature_maps.filters[i]}" + (": no response" if silent else ""),
            "font": {"size": TEXT_SIZE, "color": "white"},
            "bgcolor": "rgba(0, 0, 0, 0.55)",
            "borderpad": 1,
            "xref": "paper",
            "x": place.right,
            "xanchor": "right",
            "xshift": -3,
            "yref": "paper",
            "y": top,
            "yanchor": "top",
            "yshift": -2,
            "showarrow": False,
        }
    )


def _bin_name(bins: Axis) -> str:
    if not is_even(bins):
        return "%{y}"  # the category, which is the bin's name
    return f"%{{y:.0f}} {bins.unit}" if bins.unit else f"{bins.name.lower()} %{{y}}"


def _rows(values: FloatArray) -> FloatArray:
    """Turn (n_frames, n_bins) into Plotly's (rows, columns) = (bins, frames)."""
    return np.ascontiguousarray(values.T, dtype=np.float32)


def _starts(n: int, every: int) -> npt.NDArray[np.intp]:
    """Return where each block of `every` out of `n` begins; the last may be shorter."""
    return np.arange(0, n, every)


def _centres(positions: FloatArray, starts: npt.NDArray[np.intp]) -> FloatArray:
    """Return the middle of each block of positions.

    The last block is taken to be as long as the others, and so may end beyond the
    axis: Plotly is many times faster at maps whose rows are all of one height.
    """
    if starts.size < 2:
        return positions[starts]
    beyond = (starts[1] - starts[0] - 1) / 2
    centres: FloatArray = positions[starts] + beyond * (positions[1] - positions[0])
    return centres


def _strongest(rows: FloatArray, max_rows: int) -> FloatArray:
    """Keep the largest of each of `max_rows` equal blocks of rows."""
    if rows.shape[0] <= max_rows:
        return rows
    starts = np.arange(max_rows) * rows.shape[0] // max_rows
    return np.maximum.reduceat(rows, starts, axis=0)


def _heatmap(rows: FloatArray, scale: Scale, x: str, y: str, where: str) -> dict[str, Any]:
    unit = f" {scale.unit}" if scale.unit else ""
    return {
        "type": "heatmap",
        "z": rows,
        "xaxis": x,
        "yaxis": y,
        "colorscale": scale.colours,
        "zmin": scale.low,
        "zmax": scale.high,
        "zsmooth": False,
        "showscale": False,
        "hovertemplate": f"%{{x:.2f}} s, {where}<br><b>%{{z:.3~g}}{unit}</b><extra></extra>",
    }


def _colour_bar(place: Place, scale: Scale) -> dict[str, Any]:
    """Return a horizontal colour bar beneath a panel."""
    return {
        "showscale": True,
        "colorbar": {
            "orientation": "h",
            "x": (place.left + place.right) / 2,
            "xanchor": "center",
            "xpad": 0,
            "y": place.bottom,
            "yanchor": "top",
            "ypad": BAR_OFFSET,  # pixels, so that a figure that fills the screen has room for it
            "len": BAR_LENGTH * (place.right - place.left),
            "thickness": BAR_THICKNESS,
            "outlinewidth": 0,
            "tickmode": "array",
            "tickvals": [value for value, _ in scale.ticks],
            "ticktext": [text for _, text in scale.ticks],
            "tickfont": {"size": TEXT_SIZE},
            "ticks": "outside",
            "ticklen": 3,
            "title": {"text": scale.caption, "side": "bottom", "font": {"size": TEXT_SIZE}},
        },
    }
