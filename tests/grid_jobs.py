"""Jobs for tests of the grid, in a module that worker processes can import."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from xai_core.errors import InputError

Told = Callable[[str, int, int], None]


def write(folder: Path, name: str, *, progress: Told) -> None:
    """Write a file that says when, telling of two epochs."""
    for epoch in (1, 2):
        progress(f"{name} (loss 0.5)", epoch, 2)
    with (folder / name).open("a") as file:
        file.write(f"{time.time()} {os.getpid()}\n")


def prepare_and_write(*, progress: Told) -> None:
    """Tell of what is prepared, then of the first of two epochs."""
    progress("notes read", 90, 100)
    progress("epoch (loss 0.5)", 1, 2)


def fail(sentence: str, *, progress: Told) -> None:
    """Fail with a sentence for the user."""
    raise InputError(sentence)


def break_down(*, progress: Told) -> None:
    """Fail in a way that nobody thought of."""
    raise ZeroDivisionError("in\na step")


def wait(folder: Path, name: str, seconds: float, *, progress: Told) -> None:
    """Say who works, and take a while."""
    progress(f"{name} by {os.getpid()} (loss 0.5)", 1, 2)
    time.sleep(seconds)
    (folder / name).write_text(str(os.getpid()))
