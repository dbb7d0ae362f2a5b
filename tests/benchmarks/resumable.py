"""What the long measurements share: a file of lines that a stopped run goes on from.

A line is a JSON object, written and flushed when it is known. Notes are taken from the
families in turn, in a fixed random order, so that the first few are spread over families and
instruments.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_core.datasets.collection import read_collection
from xai_core.datasets.notes import NoteRecord
from xai_core.places import samples_folder
from xai_core.values import FAMILIES

N_RESAMPLES = 10_000
Line = dict[str, Any]


class Lines:
    """The lines that are known, by the values of some of their entries.

    Parameters
    ----------
    path : Path or None
        Read if it is there, and added to; None for lines that are not kept.
    key : str
        The entries that tell lines apart.
    """

    def __init__(self, path: Path | None, *key: str) -> None:
        self._path = path
        self._key = key
        text = path.read_text(encoding="utf-8") if path and path.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        if path and whole != text:  # a run that was killed has left half of a line
            path.write_text(whole, encoding="utf-8")
        self._lines = {self._of(line): line for line in map(json.loads, whole.splitlines())}

    def _of(self, line: Line) -> tuple[Any, ...]:
        return tuple(line[name] for name in self._key)

    def __contains__(self, values: tuple[Any, ...]) -> bool:
        return values in self._lines

    def add(self, line: Line) -> None:
        """Keep one more."""
        self._lines[self._of(line)] = line
        if self._path:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    def where(self, **values: Any) -> list[Line]:
        """Return the lines with these entries, in order."""
        lines = self._lines.values()
        return [one for one in lines if all(one[name] == value for name, value in values.items())]


def notes_in_turn(n_each: int) -> list[NoteRecord]:
    """Return up to so many notes of each family of ``samples/``, one family after the other."""
    records = read_collection(samples_folder())
    rng = np.random.default_rng(20)
    by_family = [[r for r in records if r.family == family] for family in FAMILIES]
    mixed = [[some[k] for k in rng.permutation(len(some))][:n_each] for some in by_family]
    turns = range(max(map(len, mixed)))
    return [some[turn] for turn in turns for some in mixed if turn < len(some)]


def mean_and_interval(values: npt.ArrayLike) -> tuple[float, float, float]:
    """Return the mean over notes and its 95 % interval, by a percentile bootstrap."""
    x = np.asarray(values, np.float64)
    draws = np.random.default_rng(0).integers(x.size, size=(N_RESAMPLES, x.size))
    low, high = np.percentile(x[draws].mean(axis=1), [2.5, 97.5])
    return float(x.mean()), float(low), float(high)
