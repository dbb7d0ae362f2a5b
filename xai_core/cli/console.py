"""What the terminal shows: progress of a run of many jobs, and no start-up messages.

Conventions
-----------
On a terminal each stage has a progress bar; in a log file there is one line for
each epoch and each finished stage. TensorFlow's start-up messages are written by
C++ before logging can be configured, so :func:`quiet_start` redirects standard
error while it is imported.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskID, TextColumn

__all__ = [
    "OVERALL",
    "JobsProgress",
    "quiet_start",
]

OVERALL = "all jobs"  # what the whole run is called among the stages


class JobsProgress:
    """A bar for each stage on a terminal, lines of epochs and stages in a log; the time left."""

    def __init__(self) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[shown]}"),
        )
        self._tasks: dict[str, TaskID] = {}
        self._first: tuple[float, int] | None = None  # when, and what was done of all then
        self._left = ""

    def __enter__(self) -> JobsProgress:
        if self._bars.console.is_terminal:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars.console.is_terminal:
            self._bars.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Report that `done` of `total` steps of a stage are through."""
        if what == OVERALL:
            self._left = self._time_left(done, total)
        if self._bars.console.is_terminal:
            self._show(what, done, total)
        elif what != OVERALL and ("loss" in what or done == total):
            print(f"{what} {done}/{total}{self._left}", flush=True)

    def _show(self, what: str, done: int, total: int) -> None:
        stage = what.partition(" (loss")[0]
        shown = f"{done}/{total}"
        if what == OVERALL:
            shown = f"{done / max(total, 1):.0%}{self._left}"
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(what, total=total, shown=shown)
        task = self._tasks[stage]
        self._bars.update(task, description=what, completed=done, total=total, shown=shown)
        if done == total and what != OVERALL:  # sixty finished bars would hide the others
            self._bars.remove_task(self._tasks.pop(stage))
            self._bars.console.print(f"{what} {shown}", highlight=False)

    def _time_left(self, done: int, total: int) -> str:
        now = time.monotonic()
        if self._first is None:
            self._first = now, done
        began, before = self._first
        if done <= before or done >= total:
            return ""
        minutes = (total - done) * (now - began) / (done - before) / 60
        if minutes < 1:
            return ", less than 1 min left"
        hours, minutes = divmod(round(minutes), 60)
        return f", about {hours} h {minutes} min left" if hours else f", about {minutes} min left"


@contextmanager
def quiet_start() -> Iterator[None]:
    """Send standard error to nowhere while a library is imported."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
