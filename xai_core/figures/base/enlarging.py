"""A figure with larger text, for a projector.

Conventions
-----------
What is measured in pixels grows together: small text, margins, the height, and
the shifts and gaps between texts. The width is the page's, so positions across
are left as they are, titles grow only to :data:`LARGEST`, and a long line above a
panel becomes two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from xai_core.errors import InputError

__all__ = ["enlarged"]

FONTS = ("font", "tickfont", "textfont", "insidetextfont", "outsidetextfont")
LENGTHS = ("height", "standoff", "xshift", "yshift")  # px, wherever they stand
LARGEST = 16  # px, of text that is enlarged
LINE_LETTERS = 20  # of a line above a panel, at most, where it can be broken
LINE_HEIGHT = 21  # px, at that size
FACTORS = (1.0, 3.0)  # least and largest


def enlarged(figure: go.Figure, factor: float) -> go.Figure:
    """Return a figure whose text, margins and height are larger.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
    factor : float
        From 1, which gives the figure itself, to 3.

    Returns
    -------
    plotly.graph_objects.Figure

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
    broken = [_in_two_lines(one["text"]) for one in above]
    extra = 0
    if not any("<br>" in one["text"] for one in above) and any("<br>" in text for text in broken):
        extra = LINE_HEIGHT
        layout["height"] += extra
        layout["margin"]["t"] += extra
    for one, text in zip(above, broken, strict=True):
        one.update(text=text, yshift=one.get("yshift", 0) + extra)


def _in_two_lines(text: str) -> str:
    """Break a long line at the space nearest to its middle; tags and broken ones stay."""
    spaces = [k for k, letter in enumerate(text) if letter == " "]
    if "<" in text or len(text) <= LINE_LETTERS or not spaces:
        return text
    middle = min(spaces, key=lambda k: abs(k - len(text) / 2))
    return f"{text[:middle]}<br>{text[middle + 1 :]}"
