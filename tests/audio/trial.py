"""One hostile file put to the gate: what became of it, what it cost, and who lived on.

Conventions
-----------
Each file meets a worker of its own, so that the largest memory is that of this
file. Seconds are by the clock, from a worker that is ready to the answer;
processor time and memory are what the worker says of itself.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.audio.hostile import ACCEPTED, GOOD, HostileFile
from xai_core import audio
from xai_core.audio.gate import Gate
from xai_core.audio.process import Decoded, Limits

__all__ = ["PATIENCE", "Trial", "table", "try_file"]

PATIENCE = 200.0  # s by the clock: what is tried is the limit of processor time


@dataclass(frozen=True, eq=False)
class Trial:
    """What became of one file."""

    file: HostileFile
    size: int  # bytes
    seconds: float
    decoded: Decoded
    good_after: bool  # a good file came through the same gate afterwards

    @property
    def outcome(self) -> str:
        return self.decoded.refusal or ACCEPTED

    @property
    def as_expected(self) -> bool:
        return re.search(self.file.outcome, self.outcome) is not None


def try_file(file: HostileFile) -> Trial:
    """Put a file to a fresh gate, and a good one after it."""
    content = file.make()
    gate = Gate(Limits(seconds=PATIENCE))
    try:
        gate.open(wait=True)
        began = time.perf_counter()
        decoded = gate.measure(content)
        seconds = time.perf_counter() - began
        after = gate.measure(GOOD).waveform
        good = after is not None and np.array_equal(after.y, audio.load(GOOD).y)
    finally:
        gate.close()
    return Trial(file, len(content), seconds, decoded, good)


def table(trials: Sequence[Trial]) -> str:
    """Return the rows of a Markdown table, one a file."""
    lines = [
        "| file | bytes | outcome | s | processor s | peak MB | next file |",
        "| --- | ---: | --- | ---: | ---: | ---: | --- |",
    ]
    for trial in trials:
        decoded = trial.decoded
        cpu = "-" if decoded.cpu_seconds is None else f"{decoded.cpu_seconds:.2f}"
        peak = "-" if decoded.peak is None else f"{decoded.peak / 1e6:.0f}"
        outcome = f"refused: {decoded.refusal}"
        if decoded.waveform is not None:
            y = decoded.waveform
            outcome = "; ".join([f"{ACCEPTED}, {y.duration:.2f} s at {y.sr:,} Hz", *y.edits])
        lines.append(
            f"| {trial.file.name} | {trial.size:,} | {outcome} | {trial.seconds:.2f} | {cpu} "
            f"| {peak} | {'good' if trial.good_after else '**not answered**'} |"
        )
    return "\n".join(lines)
