"""Jobs for tests of the grid, in a module that worker processes can import."""

from __future__ import annotations

import os
import time
from pathlib import Path

from xai_core.errors import InputError
from xai_core.values import OnProgress, Progress


def write(folder: Path, name: str, *, on_progress: OnProgress) -> None:
    """Write a file with the time, and report two epochs."""
    for epoch in (1, 2):
        on_progress(Progress("epoch", name, epoch, 2, "loss 0.5"))
    with (folder / name).open("a") as file:
        file.write(f"{time.time()} {os.getpid()}\n")


def prepare_and_write(*, on_progress: OnProgress) -> None:
    """Report a preparation, then the first of two epochs."""
    on_progress(Progress("step", "notes read", 90, 100))
    on_progress(Progress("epoch", "epoch", 1, 2, "loss 0.5"))


def fail(sentence: str, *, on_progress: OnProgress) -> None:
    """Fail with a sentence for the user."""
    raise InputError(sentence)


def break_down(*, on_progress: OnProgress) -> None:
    """Fail in a way that nobody thought of."""
    raise ZeroDivisionError("in\na step")


def wait(folder: Path, name: str, seconds: float, *, on_progress: OnProgress) -> None:
    """Say who works, and take a while."""
    on_progress(Progress("epoch", f"{name} by {os.getpid()}", 1, 2, "loss 0.5"))
    time.sleep(seconds)
    (folder / name).write_text(str(os.getpid()))
