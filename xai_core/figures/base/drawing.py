"""A figure while it is put together: its frame, axes, titles and sentences; larger text.

Conventions
-----------
Everything is collected in plain dicts and handed to Plotly once, which takes a
tenth of the time of updating a figure step by step. x is seconds. Unless bins
are evenly spaced, y is the bin's index on an axis of category type, whose
category is the bin's name, so that hovering names the bin ("440 Hz") without a
second array as large as the map. Backgrounds are transparent and text has no
colour of its own: both follow the page's theme.

For a projector (:func:`enlarged`), what is measured in pixels grows together:
small text, margins, the height, and the shifts and gaps between texts. The width
is the page's, so positions across are left as they are, titles grow only to
:data:`LARGEST`, and a long line above a panel becomes two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import plotly.graph_objects as go

from xai_core.errors import InputError
from xai_core.figures.base.scales import (
    Ticks,
    axis_title,
    bin_edges,
    bin_positions,
    bin_ticks,
    has_notes,
    is_even,
    note_names,
    outer_edges,
)
from xai_core.values import Axis

__all__ = ["Drawing", "Frame", "Place", "enlarged", "label_width"]

TITLE_SIZE = 15  # px
SUBTITLE_SIZE = 12  # px
TEXT_SIZE = 11  # px, ticks and colour bars
LETTER = 6.2  # px, mean width of a letter at TEXT_SIZE
LINE = "rgba(128, 128, 128, 0.55)"  # seen on white and on near-black
NOTES = "notes"  # in `meta`: the note of each bin of an axis in Hz
ZOOMED_IN = "1.25k"  # the longest tick of an evenly spaced axis that must fit
ICON, ACTIVE_ICON = "#7b8487", "#2f838c"  # 3:1 or more on white and on near-black
CLEAR = "rgba(0, 0, 0, 0)"
BUTTONS_LEFT_OUT = (
    *("pan", "zoom", "zoomin", "zoomout", "autoscale", "select", "lasso"),
    "sendChartToCloud",  # what a visitor uploads stays here
)
FONTS = ("font", "tickfont", "textfont", "insidetextfont", "outsidetextfont")
LENGTHS = ("height", "standoff", "xshift", "ypad", "yshift")  # px, wherever they stand
LARGEST = 16  # px, of text that is enlarged
LINE_LETTERS = 20  # of a line above a panel, at most, where it can be broken
LINE_HEIGHT = 21  # px, at that size
FACTORS = (1.0, 3.0)  # least and largest


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
    """Where a panel lies: its number, from 1, and its edges in [0, 1] of the plot area."""

    number: int
    left: float
    right: float
    bottom: float = 0.0
    top: float = 1.0

    @property
    def x(self) -> str:
        """Plotly's name of the time axis."""
        return _axis_id("x", self.number)

    @property
    def y(self) -> str:
        """Plotly's name of the bin axis."""
        return _axis_id("y", self.number)


@dataclass
class Drawing:
    """What is to become one figure.

    Parameters
    ----------
    frame : Frame
    alt : str
        Alternative text, which the figure carries in its ``meta``.
    uirevision : str
        The visitor's zoom is kept for as long as this does not change.
    meta : dict
        What its ``meta`` carries besides, for scripts of the page.
    """

    frame: Frame
    alt: str
    uirevision: str
    traces: list[dict[str, Any]] = field(default_factory=list)
    layout: dict[str, Any] = field(default_factory=dict)
    annotations: list[dict[str, Any]] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)

    def figure(self) -> go.Figure:
        """Return the finished figure."""
        frame = self.frame
        return go.Figure(
            data=self.traces,
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
                "modebar": {
                    "bgcolor": CLEAR,
                    "color": ICON,
                    "activecolor": ACTIVE_ICON,
                    "remove": BUTTONS_LEFT_OUT,
                },
                "showlegend": False,
                "uirevision": self.uirevision,
                "meta": {"alt": self.alt, **self.meta},
                "annotations": self.annotations,
                **self.layout,
            },
        )

    def add_time_axis(self, place: Place, time: Axis) -> None:
        """Draw the time axis of a panel, linked to that of panel 1."""
        left, right = outer_edges(time)
        self._add_axis(
            place.x,
            {
                "type": "linear",
                "domain": [place.left, place.right],
                "anchor": place.y,
                "matches": "x" if place.number > 1 else None,
                "range": [left, right],
                "minallowed": left,
                "maxallowed": right,
                "nticks": 6,
                "title": {"text": "Time (s)", "font": {"size": SUBTITLE_SIZE}, "standoff": 2},
            },
        )

    def add_bin_axis(
        self,
        place: Place,
        bins: Axis,
        *,
        labelled: bool = True,
        titled: bool = True,
        notes: bool = False,
    ) -> None:
        """Draw the bin axis of a panel, linked to that of panel 1.

        ``meta["notes"]`` says which note each bin of an axis in Hz is nearest to, for
        what the script of the player adds to hovering.

        Parameters
        ----------
        labelled, titled : bool
            Whether it prints its ticks' texts, and its title.
        notes : bool
            Whether an axis in Hz has the names of notes.
        """
        title = axis_title(bins, notes=notes) if titled else ""
        even = is_even(bins)
        if has_notes(bins) and NOTES not in self.meta:
            self.meta[NOTES] = _notes_of(bins)
        self._add_axis(
            place.y,
            {
                **(_even_scale(bins, notes) if even else _named_scale(bins, notes)),
                "domain": [place.bottom, place.top],
                "anchor": place.x,
                "matches": "y" if place.number > 1 else None,
                "showticklabels": labelled,
                "title": {"text": title, "font": {"size": SUBTITLE_SIZE}, "standoff": 4},
            },
        )

    def add_strip_axis(self, place: Place, number: int, n_rows: int, span: Sequence[float]) -> str:
        """Draw the bin axis of one strip, which cannot be zoomed; return its name."""
        name = _axis_id("y", number)
        self._add_axis(
            name,
            {
                "type": "category",
                "domain": list(span),
                "anchor": place.x,
                "range": [-0.5, n_rows - 0.5],
                "fixedrange": True,
                "showticklabels": False,
                "ticks": "",
            },
        )
        return name

    def add_title(self, place: Place, title: str, subtitle: str) -> None:
        """Print a title and a subtitle, of up to two lines, above a panel."""
        shift = self.frame.top - 4
        for text, size in ((f"<b>{title}</b>", TITLE_SIZE), (subtitle, SUBTITLE_SIZE)):
            self.annotations.append(
                {
                    "text": text,
                    "font": {"size": size},
                    "xref": "paper",
                    "x": place.left,
                    "xanchor": "left",
                    "xshift": -2,  # what Plotly pads a text with
                    "yref": "paper",
                    "y": place.top,
                    "yanchor": "top",
                    "yshift": shift,
                    "align": "left",
                    "showarrow": False,
                }
            )
            shift -= TITLE_SIZE + 6

    def add_sentence(self, place: Place, sentence: str) -> None:
        """Print a short sentence in the middle of a panel that has no map."""
        self.annotations.append(
            {
                "text": sentence,
                "font": {"size": SUBTITLE_SIZE},
                "xref": "paper",
                "x": (place.left + place.right) / 2,
                "xanchor": "center",
                "yref": "paper",
                "y": (place.bottom + place.top) / 2,
                "yanchor": "middle",
                "showarrow": False,
            }
        )

    def add_nothing(self, x: str, y: str) -> None:
        """Keep the axes of an empty panel: Plotly draws none that has no trace."""
        self.traces.append(
            {
                "type": "scatter",
                "x": [None],
                "y": [None],
                "xaxis": x,
                "yaxis": y,
                "hoverinfo": "skip",
            }
        )

    def _add_axis(self, name: str, settings: dict[str, Any]) -> None:
        self.layout[f"{name[0]}axis{name[1:]}"] = {**_AXIS, **settings}


def _notes_of(bins: Axis) -> dict[str, Any]:
    """Return the note of each bin, and where in the figure the bins lie."""
    start, *others = (float(position) for position in bin_positions(bins))
    return {"start": start, "step": others[0] - start, "names": note_names(bins)}


def label_width(bins: Axis) -> int:
    """Return the pixels that the tick labels of a bin axis need, zoomed or not."""
    lines = [line for text in _in_two_lines(bin_ticks(bins)) for line in text.split("<br>")]
    letters = [len(line) for line in lines] + [len(ZOOMED_IN) if is_even(bins) else 0]
    return round(LETTER * max(letters)) + 8


def enlarged(figure: go.Figure, factor: float) -> go.Figure:
    """Return a figure whose text, margins and height are larger.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
    factor : float
        From 1, which gives the figure itself, to 3.

    Raises
    ------
    InputError
        If the factor is out of its range.

    Examples
    --------
    >>> enlarged(go.Figure(layout={"height": 100, "font": {"size": 10}}), 1.5).layout.font.size
    15
    """
    if not FACTORS[0] <= factor <= FACTORS[1]:
        raise InputError(f"expected a factor from 1 to 3, got {factor}")
    if factor == 1.0:
        return figure
    parts = figure.to_plotly_json()
    layout = _grown(parts["layout"], factor)
    margin = parts["layout"].get("margin", {})
    layout["margin"] = {
        side: round(factor * size) if side in ("l", "r", "t", "b") else size
        for side, size in margin.items()
    }
    _break_lines(layout)
    return go.Figure(data=[_grown(trace, factor) for trace in parts["data"]], layout=layout)


_AXIS: dict[str, Any] = {
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
}


def _axis_id(letter: str, number: int) -> str:
    return letter if number == 1 else f"{letter}{number}"


def _even_scale(bins: Axis, notes: bool) -> dict[str, Any]:
    low, high = bin_edges(bins)
    scale = {"type": "linear", "range": [low, high], "minallowed": low, "maxallowed": high}
    if notes and has_notes(bins):
        return scale | _fixed(bin_ticks(bins, notes=True))
    return scale | {"nticks": 10, "tickformat": "~s" if bins.unit == "Hz" else ""}  # 1.5k


def _named_scale(bins: Axis, notes: bool) -> dict[str, Any]:
    ticks = bin_ticks(bins, notes=notes)
    return {"type": "category", "range": bin_edges(bins), **_fixed(ticks)}


def _fixed(ticks: Ticks) -> dict[str, Any]:
    texts = _in_two_lines(ticks)
    return {"tickmode": "array", "tickvals": ticks.positions, "ticktext": texts}


def _in_two_lines(ticks: Ticks) -> tuple[str, ...]:
    if len(ticks.texts) > 8:
        return ticks.texts
    return tuple(text.replace(" ", "<br>", 1) if len(text) > 10 else text for text in ticks.texts)


def _grown(values: Mapping[str, Any], factor: float) -> dict[str, Any]:
    grown: dict[str, Any] = {}
    for name, value in values.items():
        if name in FONTS and isinstance(value, Mapping):
            grown[name] = {**value, **_sized(value, factor)}
        elif name in LENGTHS and isinstance(value, int | float):
            grown[name] = round(factor * value)
        elif isinstance(value, Mapping):
            grown[name] = _grown(value, factor)
        elif isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
            grown[name] = [_grown(one, factor) for one in value]
        else:
            grown[name] = value
    return grown


def _sized(font: Mapping[str, Any], factor: float) -> dict[str, Any]:
    size = font.get("size")
    if not isinstance(size, int | float):
        return {}
    return {"size": max(size, min(round(factor * size), LARGEST))}


def _break_lines(layout: dict[str, Any]) -> None:
    """Break long lines above panels, and make room where there was some for one line."""
    above = [one for one in layout.get("annotations", ()) if one.get("yanchor") == "top"]
    broken = [_halved(one["text"]) for one in above]
    extra = 0
    if not any("<br>" in one["text"] for one in above) and any("<br>" in text for text in broken):
        extra = LINE_HEIGHT
        layout["height"] += extra
        layout["margin"]["t"] += extra
    for one, text in zip(above, broken, strict=True):
        one.update(text=text, yshift=one.get("yshift", 0) + extra)


def _halved(text: str) -> str:
    """Break a long line at the space nearest to its middle; tags and broken ones stay."""
    spaces = [k for k, letter in enumerate(text) if letter == " "]
    if "<" in text or len(text) <= LINE_LETTERS or not spaces:
        return text
    middle = min(spaces, key=lambda k: abs(k - len(text) / 2))
    return f"{text[:middle]}<br>{text[middle + 1 :]}"
