"""Boxes of null maps and of spectrograms beside the boxes of a model's maps.

Conventions
-----------
Beside the box of a family, from left to right: the model's, filled and wide; that of the
maps of random networks, hollow and in the same colour; that of the spectrograms, grey.
Divergences and transport have the same unit for all three. A distance between
attributions has not: a random network's outputs are small, and a spectrogram has no
output. There the others are drawn to scale: their usual distance, the median of the
families' medians, is put where the model's is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from xai_core.catalogue.compared import NULL, SPECTROGRAM
from xai_core.catalogue.metrics import METRICS
from xai_core.figures.distances.boxes import FAMILY_COLOURS, Box, box_trace, boxes_of
from xai_core.figures.scores.parts import LEGEND, OTHER
from xai_core.pair_tables import within
from xai_core.values import FAMILIES

__all__ = [
    "ALONE",
    "IN_A_ROW",
    "LEGEND_HEIGHT",
    "NAMES",
    "Standing",
    "beside_sentence",
    "boxes_beside",
    "chosen_of",
    "legend_layout",
    "legend_traces",
    "traces_beside",
]

LEGEND_HEIGHT = 24  # px
HOLLOW = "rgba(0, 0, 0, 0)"
GREY = "rgba(122, 135, 148, 0.25)"
NAMES = {NULL: "random network", SPECTROGRAM: "spectrogram"}


@dataclass(frozen=True)
class Standing:
    """Where the boxes of a family stand, in distances between families.

    Parameters
    ----------
    model : float
        Middle of the model's box, from the middle of the family.
    width : float
        Of the model's box.
    beside : mapping
        ``{maps: (middle, width)}`` of the others.
    median : float
        Where the interval of the model's median stands.
    """

    model: float
    width: float
    beside: Mapping[str, tuple[float, float]]
    median: float


ALONE = Standing(model=0.0, width=0.5, beside={}, median=0.36)
IN_A_ROW = Standing(
    model=-0.22, width=0.34, beside={NULL: (0.17, 0.18), SPECTROGRAM: (0.38, 0.13)}, median=0.02
)


def boxes_beside(
    boxes: Sequence[Box], others: Mapping[str, pd.DataFrame], metric: str
) -> dict[str, tuple[Box, ...]]:
    """Return the boxes of one metric that stand beside a model's, in its unit or to scale.

    Parameters
    ----------
    boxes : sequence of Box
        The model's.
    others : mapping
        From :func:`chosen_of`.
    metric : str
    """
    found = {maps: boxes_of(pairs, metric) for maps, pairs in others.items()}
    if METRICS[metric].on != "attributions":
        return found
    return {maps: _to_scale(some, boxes) for maps, some in found.items()}


def traces_beside(
    boxes: Sequence[Box], others: Mapping[str, pd.DataFrame], metric: str
) -> Iterator[dict[str, Any]]:
    """Yield the boxes of null maps and spectrograms of one metric for Plotly."""
    for maps, some in boxes_beside(boxes, others, metric).items():
        middle, width = IN_A_ROW.beside[maps]
        for box in some:
            colour = FAMILY_COLOURS[box.family] if maps == NULL else OTHER
            place = FAMILIES.index(box.family) + middle
            trace = box_trace(box, place=place, width=width, colour=colour, line=1.0)
            fill = HOLLOW if maps == NULL else GREY
            yield trace | {"fillcolor": fill, "name": f"{box.family}, {NAMES[maps]}"}


def chosen_of(
    beside: Mapping[str, pd.DataFrame], *, type: str, method: str
) -> dict[str, pd.DataFrame]:
    """Return the pairs within families that stand beside those of a type and a method."""
    found = {}
    for maps in (NULL, SPECTROGRAM):
        pairs = beside.get(maps)
        if pairs is None:
            continue
        here = pairs["type"] == type
        if maps == NULL:
            here &= pairs["method"] == method
        if here.any():
            found[maps] = within(pairs[here])
    return found


def legend_traces(others: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield boxes that are nowhere, for the legend."""
    looks = {
        "model": {"fillcolor": "rgba(122, 135, 148, 0.45)", "line": {"color": OTHER, "width": 1.5}},
        NULL: {"fillcolor": HOLLOW, "line": {"color": OTHER, "width": 1}},
        SPECTROGRAM: {"fillcolor": GREY, "line": {"color": OTHER, "width": 1}},
    }
    for maps, look in looks.items():
        if maps == "model" or maps in others:
            yield {
                "type": "box",
                "name": NAMES.get(maps, maps),
                "x": [None],
                "y": [None],
                "showlegend": True,
                "hoverinfo": "skip",
                **look,
            }


def legend_layout(plot_height: int) -> dict[str, Any]:
    """Return the layout of a legend above the headings of the first panels."""
    return {
        "showlegend": True,
        "legend": {
            **LEGEND,
            "y": 1 + LEGEND_HEIGHT / plot_height,
            "itemclick": False,
            "itemdoubleclick": False,
        },
    }


def beside_sentence(others: Mapping[str, Any]) -> str:
    """Say what the narrower boxes are, or nothing where there are none."""
    said = {NULL: "maps of random networks (hollow)", SPECTROGRAM: "spectrograms (grey)"}
    named = [words for maps, words in said.items() if maps in others]
    return f" Narrower boxes beside: {' and '.join(named)}." if named else ""


def _to_scale(boxes: Sequence[Box], model: Sequence[Box]) -> tuple[Box, ...]:
    """Return boxes times the factor that puts their usual median at the model's."""
    usual, own = (np.median([box.median for box in some] or [0.0]) for some in (boxes, model))
    if usual <= 0.0 or own <= 0.0:
        return tuple(boxes)
    factor = float(own / usual)
    return tuple(
        replace(
            box,
            **{name: factor * getattr(box, name) for name in ("low", "q1", "median", "q3", "high")},
        )
        for box in boxes
    )
