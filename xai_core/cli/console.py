"""What the terminal shows: names as they are, the progress of a run, no start-up messages.

Conventions
-----------
Every console of a command comes from :func:`plain_console`: names of files and
notes may hold brackets and colons, which are no markup ("[take 2]").
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
from typing import Annotated

import typer
from rich import progress as rich_progress
from rich.console import Console

from xai_core.values import Progress

__all__ = [
    "Families",
    "JobsProgress",
    "Types",
    "counting_bar",
    "plain_console",
    "quiet_start",
]

Types = Annotated[
    list[str] | None,
    typer.Option("--type", "-t", help="Spectrogram type; repeatable. All by default."),
]
Families = Annotated[list[str] | None, typer.Option(help="Family; repeatable. All by default.")]


class JobsProgress:
    """A bar for each stage on a terminal, lines of epochs and stages in a log; the time left.

    Parameters
    ----------
    stderr : bool
        Whether it is shown on standard error, where the output is for a program.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        self._bars = rich_progress.Progress(
            plain_column("{task.description}"),
            rich_progress.BarColumn(),
            plain_column("{task.fields[shown]}"),
            console=plain_console(stderr=stderr),
        )
        self._tasks: dict[str, rich_progress.TaskID] = {}
        self._first: tuple[float, int] | None = None  # time of the first event, and cost done then
        self._left = ""

    def __enter__(self) -> JobsProgress:
        if self._bars.console.is_terminal:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars.console.is_terminal:
            self._bars.stop()

    def show(self, event: Progress) -> None:
        """Show an event; epochs and ends of stages are what a log has lines of."""
        if event.kind == "run":
            self._left = self._time_left(event.done, event.total)
        if self._bars.console.is_terminal:
            self._draw(event)
        elif event.kind == "epoch" or (event.kind != "run" and event.done == event.total):
            print(
                f"{event.label} {event.done}/{event.total}{self._left}",
                file=self._bars.console.file,
                flush=True,
            )

    def _draw(self, event: Progress) -> None:
        label, done, total = event.label, event.done, event.total
        is_run = event.kind == "run"
        shown = f"{done / max(total, 1):.0%}{self._left}" if is_run else f"{done}/{total}"
        if event.name not in self._tasks:
            self._tasks[event.name] = self._bars.add_task(label, total=total, shown=shown)
        task = self._tasks[event.name]
        self._bars.update(task, description=label, completed=done, total=total, shown=shown)
        if done == total and not is_run:  # sixty finished bars would hide the others
            self._bars.remove_task(self._tasks.pop(event.name))
            self._bars.console.print(f"{label} {shown}", highlight=False)

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


def plain_console(*, stderr: bool = False, soft_wrap: bool = False) -> Console:
    """Return a console that prints text as it is: no markup, no emoji codes.

    Parameters
    ----------
    stderr : bool
        Print to standard error.
    soft_wrap : bool
        Leave long lines to the terminal.
    """
    return Console(stderr=stderr, soft_wrap=soft_wrap, markup=False, emoji=False)


def plain_column(text: str) -> rich_progress.TextColumn:
    """Return a column of a progress bar that prints descriptions as they are."""
    return rich_progress.TextColumn(text, markup=False)


def counting_bar(console: Console, text: str = "{task.description}") -> rich_progress.Progress:
    """Return a bar with what is done of how many and the time left, gone at the end."""
    return rich_progress.Progress(
        plain_column(text),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TimeRemainingColumn(),
        console=console,
        transient=True,
    )


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
