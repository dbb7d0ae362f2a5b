"""Pairs of notes made by hand: distances are given by a function of the two notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from xai_core.pair_tables import (
    METRIC_COLUMNS,
    PAIR_COLUMNS,
    Analysis,
    as_table,
)

METHOD = "integrated_gradients"
Note = tuple[str, str, str]  # family, instrument, note
Distance = Callable[[Note, Note, str], float]


def notes_of(families: Mapping[str, int] | Sequence[str], *, each: int = 3) -> list[Note]:
    """Return notes of some instruments a family, `each` of every instrument."""
    counts = families if isinstance(families, Mapping) else dict.fromkeys(families, 4)
    return [
        (family, f"{family}_{k}", f"{family}_{k}-{note:03d}")
        for family, n in counts.items()
        for k in range(n)
        for note in range(each)
    ]


def pairs_of(
    notes: Sequence[Note], distance: Distance, *, type: str = "mfcc", method: str = METHOD
) -> pd.DataFrame:
    """Return the row of every two notes; `distance` is told the metric."""
    rows = [
        {
            "type": type,
            "method": method,
            "family": a[0],
            "other_family": b[0],
            "note_a": a[2],
            "note_b": b[2],
            "instrument_a": a[1],
            "instrument_b": b[1],
            "same_instrument": a[1] == b[1],
            "pitch_distance": 0,
            **{metric: distance(a, b, metric) for metric in METRIC_COLUMNS},
        }
        for a, b in combinations(notes, 2)
    ]
    return as_table(rows, PAIR_COLUMNS)


def levels(level: Mapping[str, float], *, between: float = 9.0, seed: int = 0) -> Distance:
    """Return distances near a level for each family, 1 % noise, and one between families."""
    rng = np.random.default_rng(seed)

    def distance(a: Note, b: Note, metric: str) -> float:
        middle = level[a[0]] if a[0] == b[0] else between
        return float(middle * (1 + 0.01 * rng.normal()))

    return distance


def analysis_of(pairs: pd.DataFrame, **settings: Any) -> Analysis:
    """Return an analysis whose table of notes has the notes of the pairs."""
    ends = [
        pairs[["type", "method", f"note_{x}", family, f"instrument_{x}"]].set_axis(
            ["type", "method", "note", "family", "instrument"], axis=1
        )
        for x, family in (("a", "family"), ("b", "other_family"))
    ]
    notes = pd.concat(ends).drop_duplicates()
    notes = notes.assign(
        pitch=60, velocity=100, collection="made", probability=0.9, completeness_error=0.01
    )
    return Analysis(pairs, notes, {"seed": 0, **settings})
