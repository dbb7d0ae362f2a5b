"""The parts that every map figure is built from: traces, axes, colour bars, titles.

Conventions
-----------
A map's values are ``(n_frames, n_bins)``; Plotly's z is ``(row, column)`` =
``(bin, frame)``, float32 and contiguous, so that it reaches the browser as
base64 and never as a list. x is seconds; y is the bin's index on an axis of
category type, whose category is the bin's name, so that hovering names the bin
("440 Hz") without a second array as large as the map. Backgrounds are
transparent and text has no colour of its own: both follow the page's theme.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from xai_core.figures.axes import (
    Ticks,
    axis_title,
    bin_names,
    bin_ticks,
    block_names,
    time_range,
)
from xai_core.figures.scales import Scale
from xai_core.values import Axis, FeatureMaps, FloatArray

__all__ = [
    "Frame",
    "Place",
    "add_axes",
    "add_colour_bar",
    "add_map",
    "add_sentence",
    "add_strips",
    "add_title",
    "blank_figure",
    "label_width",
]

TITLE_SIZE = 15  # px
SUBTITLE_SIZE = 12  # px
TEXT_SIZE = 11  # px, ticks and colour bars
LETTER = 6.2  # px, mean width of a letter at TEXT_SIZE
LINE = "rgba(128, 128, 128, 0.55)"  # seen on white and on near-black
CLEAR = "rgba(0, 0, 0, 0)"

BAR_OFFSET = 46  # px from the time axis down to the colour bar
BAR_THICKNESS = 9  # px
BAR_LENGTH = 0.86  # of the panel's width; leaves room for the outer numbers
MODEBAR_LEFT_OUT = ["pan", "zoom", "zoomin", "zoomout", "autoscale", "select", "lasso"]
STRIP_GAP = 0.025  # of the panel's height, between two feature maps


@dataclass(frozen=True)
class Frame:
    """The pixels of a figure that do not depend on the screen."""

    height: int
    left: int
    right: int = 14
    top: int = 64
    bottom: int = 104

    @property
    def plot_height(self) -> int:
        """Pixels from the top of a panel to its time axis."""
        return max(self.height - self.top - self.bottom, 40)


@dataclass(frozen=True)
class Place:
    """Where a panel lies: its number, from 1, and its left and right edge in [0, 1]."""

    number: int
    left: float
    right: float

    @property
    def suffix(self) -> str:
        """What Plotly appends to the names of this panel's axes."""
        return "" if self.number == 1 else str(self.number)


def blank_figure(frame: Frame, *, alt: str, uirevision: str | None) -> go.Figure:
    """Return an empty figure of fixed height that carries its alternative text."""
    return go.Figure(
        layout={
            "height": frame.height,
            "margin": {
                "l": frame.left,
                "r": frame.right,
                "t": frame.top,
                "b": frame.bottom,
                "pad": 0,
                "autoexpand": False,
            },
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
            "font": {"size": TEXT_SIZE},
            "hoverlabel": {"font": {"size": 12}},
            "hovermode": "closest",
            "modebar": {"bgcolor": CLEAR, "remove": MODEBAR_LEFT_OUT},
            "showlegend": False,
            "uirevision": uirevision,
            "meta": {"alt": alt},
        }
    )


def label_width(bins: Axis) -> int:
    """Return the pixels that the tick labels of a bin axis need."""
    lines = [line for text in _tick_texts(bin_ticks(bins)) for line in text.split("<br>")]
    return round(LETTER * max((len(line) for line in lines), default=2)) + 8


def add_axes(
    figure: go.Figure,
    place: Place,
    time: Axis,
    bins: Axis,
    *,
    labelled: bool = True,
    titled: bool = True,
    linked: bool = True,
) -> None:
    """Draw the frame of a panel, the time axis beneath it and the bin axis at its left.

    Parameters
    ----------
    labelled, titled : bool
        Whether the bin axis prints its ticks' texts, and its title.
    linked : bool
        Whether zooming in this panel zooms panel 1 too, in time and in bins.
    """
    ticks = bin_ticks(bins)
    figure.update_layout(
        {
            f"xaxis{place.suffix}": _time_axis(place, time),
            f"yaxis{place.suffix}": {
                **_line(),
                "type": "category",
                "domain": [0, 1],
                "anchor": f"x{place.suffix}",
                "matches": "y" if linked and place.number > 1 else None,
                "range": [-0.5, bins.values.size - 0.5],
                "tickmode": "array",
                "tickvals": ticks.positions,
                "ticktext": _tick_texts(ticks),
                "showticklabels": labelled,
                "title": {
                    "text": axis_title(bins) if titled else "",
                    "font": {"size": SUBTITLE_SIZE},
                    "standoff": 4,
                },
            },
        }
    )


def add_map(
    figure: go.Figure, place: Place, scale: Scale, time: Axis, bins: Axis, *, every: int = 1
) -> None:
    """Draw one map with its colour bar.

    Parameters
    ----------
    every : int
        Send only every n-th frame of a map that is smooth in time.
    """
    figure.add_trace(
        go.Heatmap(
            z=_rows(scale.values[::every]),
            x=time.values[::every],
            y=bin_names(bins),
            xaxis=f"x{place.suffix}",
            yaxis=f"y{place.suffix}",
            hovertemplate=_hover("%{y}", scale),
            **_colours(scale),
        )
    )
    add_colour_bar(figure, place, scale)


def add_strips(
    figure: go.Figure,
    place: Place,
    feature_maps: FeatureMaps | None,
    scale: Scale | None,
    time: Axis,
    *,
    first_extra: int,
    max_rows: int,
    empty_strips: int = 4,
) -> None:
    """Draw the maps of a few filters as strips, one above the other.

    Parameters
    ----------
    feature_maps, scale : FeatureMaps, Scale or None
        None draws empty strips.
    first_extra : int
        Number of the first y axis that is free for the second strip.
    max_rows : int
        Rows that a strip has room for; the strongest of several bins is drawn.
    """
    n_strips = len(feature_maps.filters) if feature_maps else empty_strips
    edges = np.linspace(1, 0, n_strips + 1)
    numbers = [first_extra + i for i in range(n_strips - 1)] + [place.number]
    figure.update_layout({f"xaxis{place.suffix}": _time_axis(place, time)})
    for i, number in enumerate(numbers):
        rows = (
            _strongest(_rows(scale.values[i]), max_rows) if scale else np.zeros((1, 1), np.float32)
        )
        bottom = float(edges[i + 1]) + (STRIP_GAP if i < n_strips - 1 else 0.0)
        figure.update_layout(
            {
                f"yaxis{number}": {
                    **_line(),
                    "type": "category",
                    "domain": [bottom, float(edges[i])],
                    "anchor": f"x{place.suffix}",
                    "range": [-0.5, rows.shape[0] - 0.5],
                    "fixedrange": True,
                    "showticklabels": False,
                    "ticks": "",
                }
            }
        )
        if feature_maps is None or scale is None:
            _add_nothing(figure, f"x{place.suffix}", f"y{number}")
            continue
        left, right = time_range(time)
        width = (right - left) / rows.shape[1]
        figure.add_trace(
            go.Heatmap(
                z=rows,
                x=left + width * (np.arange(rows.shape[1]) + 0.5),
                y=block_names(feature_maps.bins, rows.shape[0]),
                xaxis=f"x{place.suffix}",
                yaxis=f"y{number}",
                hovertemplate=_hover(f"%{{y}}<br>filter {feature_maps.filters[i]}", scale),
                **_colours(scale),
            )
        )
        _add_tag(figure, place, number, feature_maps, i)
    if scale:
        add_colour_bar(figure, place, scale)


def add_colour_bar(figure: go.Figure, place: Place, scale: Scale) -> None:
    """Give the last trace a horizontal colour bar beneath its panel."""
    ticks = scale.ticks
    figure.data[-1].update(
        showscale=True,
        colorbar={
            "orientation": "h",
            "x": (place.left + place.right) / 2,
            "xanchor": "center",
            "xpad": 0,
            "y": -BAR_OFFSET / _plot_height(figure),
            "yanchor": "top",
            "ypad": 0,
            "len": BAR_LENGTH * (place.right - place.left),
            "thickness": BAR_THICKNESS,
            "outlinewidth": 0,
            "tickmode": "array",
            "tickvals": [value for value, _ in ticks],
            "ticktext": [text for _, text in ticks],
            "tickfont": {"size": TEXT_SIZE},
            "ticks": "outside",
            "ticklen": 3,
            "title": {"text": scale.caption, "side": "bottom", "font": {"size": TEXT_SIZE}},
        },
    )


def add_title(figure: go.Figure, place: Place, title: str, subtitle: str) -> None:
    """Print a title and a subtitle, of up to two lines, above a panel."""
    figure.add_annotation(
        text=f"<b>{title}</b><br><span style='font-size:{SUBTITLE_SIZE}px'>{subtitle}</span>",
        font={"size": TITLE_SIZE},
        xref="paper",
        x=place.left,
        xanchor="left",
        yref="paper",
        y=1,
        yanchor="top",
        yshift=figure.layout.margin.t - 4,
        align="left",
        showarrow=False,
    )


def add_sentence(figure: go.Figure, place: Place, sentence: str) -> None:
    """Draw a panel without a map: a short sentence in its middle, and its axes."""
    _add_nothing(figure, f"x{place.suffix}", f"y{place.suffix}")
    if sentence:
        figure.add_annotation(
            text=sentence,
            font={"size": SUBTITLE_SIZE},
            xref="paper",
            x=(place.left + place.right) / 2,
            yref="paper",
            y=0.5,
            showarrow=False,
        )


def _add_nothing(figure: go.Figure, x: str, y: str) -> None:
    # Plotly draws the axes of a panel only if a trace lies on them
    figure.add_trace(go.Scatter(x=[None], y=[None], xaxis=x, yaxis=y, hoverinfo="skip"))


def _add_tag(
    figure: go.Figure, place: Place, number: int, feature_maps: FeatureMaps, i: int
) -> None:
    silent = not np.any(feature_maps.values[i])
    figure.add_annotation(
        text=f"filter {feature_maps.filters[i]}" + (": no response" if silent else ""),
        font={"size": TEXT_SIZE, "color": "white"},
        bgcolor="rgba(0, 0, 0, 0.55)",
        borderpad=1,
        xref="paper",
        x=place.right,
        xanchor="right",
        xshift=-3,
        yref=f"y{number} domain",
        y=1,
        yanchor="top",
        yshift=-2,
        showarrow=False,
    )


def _rows(values: FloatArray) -> FloatArray:
    """Turn (n_frames, n_bins) into Plotly's (rows, columns) = (bins, frames)."""
    return np.ascontiguousarray(values.T, dtype=np.float32)


def _strongest(rows: FloatArray, max_rows: int) -> FloatArray:
    """Keep the largest of each of `max_rows` equal blocks of rows."""
    if rows.shape[0] <= max_rows:
        return rows
    starts = np.arange(max_rows) * rows.shape[0] // max_rows
    return np.maximum.reduceat(rows, starts, axis=0)


def _colours(scale: Scale) -> dict[str, object]:
    return {
        "colorscale": scale.colours,
        "zmin": scale.low,
        "zmax": scale.high,
        "zsmooth": False,
        "showscale": False,
    }


def _hover(where: str, scale: Scale) -> str:
    unit = f" {scale.unit}" if scale.unit else ""
    return f"%{{x:.2f}} s, {where}<br><b>%{{z:.3~g}}{unit}</b><extra></extra>"


def _tick_texts(ticks: Ticks) -> Sequence[str]:
    if len(ticks.texts) > 8:
        return ticks.texts
    return tuple(text.replace(" ", "<br>", 1) if len(text) > 10 else text for text in ticks.texts)


def _time_axis(place: Place, time: Axis) -> dict[str, object]:
    left, right = time_range(time)
    return {
        **_line(),
        "type": "linear",
        "domain": [place.left, place.right],
        "anchor": f"y{place.suffix}",
        "matches": "x" if place.number > 1 else None,
        "range": [left, right],
        "minallowed": left,
        "maxallowed": right,
        "nticks": 6,
        "title": {"text": "Time (s)", "font": {"size": SUBTITLE_SIZE}, "standoff": 2},
    }


def _line() -> dict[str, object]:
    return {
        "showgrid": False,
        "zeroline": False,
        "showline": True,
        "mirror": True,
        "linecolor": LINE,
        "linewidth": 1,
        "ticks": "outside",
        "ticklen": 3,
        "tickcolor": LINE,
        "tickfont": {"size": TEXT_SIZE},
        "ticklabelposition": "outside",
        "automargin": False,
        "showspikes": True,
        "spikemode": "across",
        "spikesnap": "cursor",
        "spikethickness": 1,
        "spikedash": "dot",
        "spikecolor": LINE,
    }


def _plot_height(figure: go.Figure) -> float:
    margin = figure.layout.margin
    return float(figure.layout.height - margin.t - margin.b)
