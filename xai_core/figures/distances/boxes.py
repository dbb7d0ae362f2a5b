"""What a box stands for, and the names and colours that distances go by.

Conventions
-----------
A box reaches from the first to the third quartile, its line is the median, its
whiskers end at the furthest distances that lie within 1.5 lengths of the box
from it (Tukey). Quartiles are interpolated like :func:`numpy.quantile`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from xai_core.catalogue.methods import map_kind
from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.types import spectrogram_type
from xai_core.errors import InputError
from xai_core.pair_tables import (
    distances,
    within,
)
from xai_core.values import FAMILIES, check_type

__all__ = [
    "FAMILY_COLOURS",
    "WHISKER",
    "Box",
    "boxes_of",
    "boxes_sentence",
    "of_type_and_method",
    "three_digits",
]

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


def _extremes(name: str, boxes: Sequence[Box]) -> str:
    low, high = (pick(boxes, key=lambda box: box.median) for pick in (min, max))
    if low is high:
        return f"{name}: median {three_digits(low.median)} ({low.family})."
    return (
        f"{name}: medians from {three_digits(low.median)} ({low.family}) "
        f"to {three_digits(high.median)} ({high.family})."
    )
