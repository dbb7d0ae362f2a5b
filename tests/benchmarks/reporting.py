"""What every benchmark prints: the conditions it ran under, and medians with their spread.

Conventions
-----------
Times are in seconds and come from ``time.perf_counter``. A spread is the 10th
and the 90th percentile. Packages are named with the versions that ran.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from xai_core.audio import load_note
from xai_core.datasets.collection import read_collection
from xai_core.datasets.notes import NoteRecord
from xai_core.values import Waveform

__all__ = [
    "conditions",
    "other_work_now",
    "pick_notes",
    "seconds",
    "spread",
    "watch_other_work",
    "waveform",
]

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
PROC_STAT = Path("/proc/stat")
BUSY = 0.1  # share of the machine from which other work is likely to be in the figures


def conditions(packages: Sequence[str]) -> str:
    """Return two lines: the machine, and the versions of Python and of packages."""
    versions = [f"Python {platform.python_version()}"]
    versions += [f"{package} {_version(package)}" for package in packages]
    return f"machine: {_processor()}, {os.cpu_count()} cores\nversions: {', '.join(versions)}"


@contextmanager
def watch_other_work() -> Iterator[None]:
    """Say at the end how much of the machine's time other processes took, where Linux tells.

    Children count as own work once they have ended.
    """
    began, busy, own = time.perf_counter(), _busy_seconds(), sum(os.times()[:4])
    yield
    if busy is None:
        return
    available = (time.perf_counter() - began) * (os.cpu_count() or 1)
    share = max(0.0, (_busy_seconds() or 0.0) - busy - (sum(os.times()[:4]) - own)) / available
    warning = ": the times are too long, measure again on a quiet machine" if share > BUSY else ""
    print(f"\nother work took {share:.0%} of the machine meanwhile{warning}")


def other_work_now(seconds: float = 3.0) -> str:
    """Return how much of the machine's time other processes take just now, where Linux tells.

    For a script whose browser and server are not its own children.
    """
    busy, own = _busy_seconds(), sum(os.times()[:4])
    if busy is None:
        return ""
    time.sleep(seconds)
    taken = (_busy_seconds() or 0.0) - busy - (sum(os.times()[:4]) - own)
    share = max(0.0, taken / (seconds * (os.cpu_count() or 1)))
    warning = ": the times will be too long" if share > BUSY else ""
    return f"before the start other work took {share:.0%} of the machine{warning}"


def pick_notes(n: int, *, seed: int = 0) -> list[NoteRecord]:
    """Return `n` of the sample notes, families in turn, the same ones for one seed."""
    rng = np.random.default_rng(seed)
    records = read_collection(SAMPLES)
    shuffled = [records[k] for k in rng.permutation(len(records))]
    rank: dict[str, int] = {}
    turns = []
    for record in shuffled:
        turns.append(rank.setdefault(record.family, 0))
        rank[record.family] += 1
    order = np.argsort(turns, kind="stable")
    return [shuffled[k] for k in order[:n]]


def waveform(record: NoteRecord) -> Waveform:
    """Return the audio of a note as the product reads it."""
    return load_note(str(record.path))


def spread(values: Sequence[float], *, digits: int = 3) -> str:
    """Return ``median [10th .. 90th percentile]``."""
    low, median, high = np.percentile(values, [10, 50, 90])
    return f"{median:.{digits}f} [{low:.{digits}f} .. {high:.{digits}f}]"


def seconds(values: Sequence[float]) -> str:
    """Return median and spread of times, with their unit."""
    return f"{spread(values)} s"


def _busy_seconds() -> float | None:
    """Processor time that all processes and the host have taken since the start, s."""
    try:
        fields = PROC_STAT.read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
    except OSError:
        return None
    user, nice, system, _idle, _waiting, *others = (int(field) for field in fields)
    return (user + nice + system + sum(others)) / os.sysconf("SC_CLK_TCK")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
