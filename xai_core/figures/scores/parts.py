"""What the figures of scores have in common: axes, legends, bars with whiskers.

Conventions
-----------
A bar is faint and its whisker, the interval over instruments, strong, since the
whisker is what a reader should trust.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xai_core.catalogue.types import TYPES
from xai_core.figures.base.drawing import (
    LINE,
    SUBTITLE_SIZE,
    TEXT_SIZE,
)
from xai_core.scores import Score

__all__ = [
    "AXIS",
    "FAINT",
    "GUESS",
    "HATCHED",
    "LEGEND",
    "OTHER",
    "PERCENT",
    "RIM",
    "look",
    "series_colour",
    "title",
]

FAINT = 0.45  # opacity of a bar
OTHER = "#7A8794"  # what is no spectrogram type; 3.7 to 1 on white, 5.0 to 1 on near-black
GUESS = "a guess"

LEGEND: dict[str, Any] = {
    "orientation": "h",
    "x": 0,
    "xanchor": "left",
    "y": 1,
    "yanchor": "bottom",
    "font": {"size": TEXT_SIZE + 1},
}
AXIS: dict[str, Any] = {
    "gridcolor": "rgba(128, 128, 128, 0.2)",
    "zeroline": False,
    "showline": True,
    "linecolor": LINE,
    "ticks": "outside",
    "ticklen": 3,
    "tickcolor": LINE,
    "tickfont": {"size": TEXT_SIZE},
    "automargin": False,
}
PERCENT: dict[str, Any] = {
    "range": [0, 101],  # the whisker at 100 % is seen
    "tickvals": [0, 20, 40, 60, 80, 100],
    "showgrid": True,
}
HATCHED: dict[str, Any] = {  # a bar that is nowhere, for the legend
    "type": "bar",
    "name": "not surely above chance",
    "x": [None],
    "y": [None],
    "marker": {
        "color": "rgba(0, 0, 0, 0)",
        "line": {"color": OTHER, "width": 1},
        "pattern": {"shape": "/", "fgcolor": OTHER, "bgcolor": "rgba(0, 0, 0, 0)", "size": 6},
    },
}
RIM = {"width": 1.5, "color": "white"}  # so that it stands out from a whisker beneath


def series_colour(name: str) -> str:
    """Return the colour of a spectrogram type, or grey for a series of another name.

    Examples
    --------
    >>> series_colour("stft"), series_colour("averaged") == OTHER
    ('#0072B2', True)
    """
    return TYPES[name].colour if name in TYPES else OTHER


def look(
    colour: str, scores: Sequence[Score], hatched: Sequence[bool], *, along: str = "y"
) -> dict[str, Any]:
    """Return faint bars with an outline and whiskers in the full colour.

    Parameters
    ----------
    colour : str
        ``#RRGGBB``.
    scores : sequence of Score
        One a bar; without an interval there is no whisker.
    hatched : sequence of bool
        Whether the bar is hatched.
    along : {"y", "x"}
        The direction of the bars.
    """
    above = [None if s.high is None else 100 * max(s.high - s.value, 0.0) for s in scores]
    below = [None if s.low is None else 100 * max(s.value - s.low, 0.0) for s in scores]
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return {
        "marker": {
            "color": f"rgba({red}, {green}, {blue}, {FAINT})",
            "line": {"color": colour, "width": 1},
            "pattern": {
                "shape": ["/" if one else "" for one in hatched],
                "fgcolor": colour,
                "bgcolor": "rgba(0, 0, 0, 0)",
                "size": 6,
            },
        },
        f"error_{along}": {
            "type": "data",
            "symmetric": False,
            "array": above,
            "arrayminus": below,
            "color": colour,
            "thickness": 2,
            "width": 3,
        },
    }


def title(text: str) -> dict[str, Any]:
    """Return the title of an axis."""
    return {"text": text, "font": {"size": SUBTITLE_SIZE}, "standoff": 4}
