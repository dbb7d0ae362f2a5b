"""One fault made: what was asked for before and after it, and what lies there then."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from tests.faults.catalogue import AGAIN, GONE, SAME, TOUCHED_NOT, Fault, Place
from xai_core.store import files as room

__all__ = ["Trial", "table", "try_fault"]


@dataclass(frozen=True)
class Trial:
    """What became of one fault."""

    fault: Fault
    outcome: str
    left: str

    @property
    def as_expected(self) -> bool:
        found = re.search(self.fault.outcome, self.outcome)
        return found is not None and self.left == self.fault.left


def try_fault(fault: Fault, root: Path, number: int) -> Trial:
    """Make a fault in an empty folder and ask again, as after a restart.

    Parameters
    ----------
    fault : Fault
    root : Path
        An empty folder.
    number : int
        Of the fault: models in memory are known by the name of their set.
    """
    place = Place(root, f"set-{number}")
    folders = {"TIMBRELENS_MODELS": str(root / "models"), "TIMBRELENS_CACHE": str(root / "cache")}
    with mock.patch.dict(os.environ, folders):
        place.make()
        of_model = fault.part in {"model", "card"}
        good = "" if of_model else fault.ask(place)  # a model in memory is not read again
        path = getattr(place, fault.part)
        before = _content(path)
        fault.spoil(place)
        spoilt = _content(path)
        room._written.clear()
        outcome = fault.ask(place)
        left = _left(path, before, spoilt)
    return Trial(fault, SAME if outcome == good else outcome.replace(str(root), ""), left)


def table(trials: Sequence[Trial]) -> str:
    """Return the rows of a Markdown table, one a fault."""
    lines = ["| fault | what comes of it | the file afterwards |", "| --- | --- | --- |"]
    lines += [f"| {trial.fault.name} | {trial.outcome} | {trial.left} |" for trial in trials]
    return "\n".join(lines)


def _content(path: Path) -> bytes | str:
    """Return what lies at a place, so that two times can be compared."""
    if path.is_symlink():
        return "a link"
    if path.is_dir():
        return "a folder"
    return path.read_bytes() if path.is_file() else "nothing"


def _left(path: Path, before: bytes | str, spoilt: bytes | str) -> str:
    now = _content(path)
    if now == "nothing":
        return GONE
    if now == spoilt:
        return TOUCHED_NOT
    return AGAIN if now == before else "another file"
