"""Distances within one family in five numbers, and the box that shows them.

Conventions
-----------
A box reaches from the first to the third quartile, its line is the median, its whiskers
end at the furthest distances that lie within 1.5 lengths of the box from it (Tukey).
Quartiles are interpolated like :func:`numpy.quantile`. The five numbers of a box are
computed here, so that a figure stays small however many pairs there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from xai_core.figures.scores.parts import FAINT
from xai_core.pair_tables import distances, within
from xai_core.values import FAMILIES, check_type

__all__ = ["FAMILY_COLOURS", "Box", "box_trace", "boxes_of", "of_type_and_method"]

WHISKER = 1.5  # lengths of the box
# each at least 3 to 1 on white and on near-black
FAMILY_COLOURS = {
    "bass": "#0072B2",
    "brass": "#997700",
    "flute": "#009E73",
    "guitar": "#D55E00",
    "keyboard": "#7A8794",
    "mallet": "#AA4499",
    "organ": "#9C6644",
    "reed": "#2A8F9D",
    "string": "#D1495B",
    "vocal": "#6C6FD6",
}


@dataclass(frozen=True)
class Box:
    """Distances within one family in five numbers.

    Parameters
    ----------
    family : str
    n_distances : int
    low, q1, median, q3, high : float
        Whiskers' ends and quartiles.
    n_beyond : int
        Distances beyond the whiskers.
    """

    family: str
    n_distances: int
    low: float
    q1: float
    median: float
    q3: float
    high: float
    n_beyond: int


def of_type_and_method(pairs: pd.DataFrame, *, type: str, method: str) -> pd.DataFrame:
    """Return the pairs within families of one spectrogram type and method.

    Raises
    ------
    InputError
        If the type is unknown.
    """
    check_type(type)
    return within(pairs[(pairs["type"] == type) & (pairs["method"] == method)])


def boxes_of(chosen: pd.DataFrame, metric: str) -> tuple[Box, ...]:
    """Return the boxes of the families that have pairs, in the fixed order.

    Parameters
    ----------
    chosen : DataFrame
        From :func:`of_type_and_method`.
    metric : str

    Raises
    ------
    InputError
        If the metric is unknown.
    """
    found = distances(chosen, metric)
    out = []
    for family in FAMILIES:
        values = found.loc[found["family"] == family, "value"].to_numpy(np.float64)
        if values.size == 0:
            continue
        q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])
        reach = WHISKER * (q3 - q1)
        inside = values[(values >= q1 - reach) & (values <= q3 + reach)]
        out.append(
            Box(
                family,
                n_distances=values.size,
                low=float(min(inside.min(), q1)),
                q1=float(q1),
                median=float(median),
                q3=float(q3),
                high=float(max(inside.max(), q3)),
                n_beyond=values.size - inside.size,
            )
        )
    return tuple(out)


def box_trace(
    box: Box, *, place: float, width: float, colour: str, line: float = 1.5
) -> dict[str, Any]:
    """Return a box for Plotly.

    Parameters
    ----------
    box : Box
    place, width : float
        Where its middle stands on x, and how wide it is.
    colour : str
        Of its outline, ``#RRGGBB``; it is filled with the same, faint.
    line : float
        Pixels.
    """
    numbers = {"lowerfence": box.low, "q1": box.q1, "median": box.median, "q3": box.q3}
    return {
        "type": "box",
        "name": box.family,
        "x": np.array([place], np.float32),
        **{name: np.array([v], np.float32) for name, v in numbers.items()},
        "upperfence": np.array([box.high], np.float32),
        "width": width,
        "fillcolor": _faint(colour),
        "line": {"color": colour, "width": line},
        "hoverinfo": "y+name",
        "offsetgroup": box.family,
    }


def _faint(colour: str) -> str:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return f"rgba({red}, {green}, {blue}, {FAINT})"
