"""TensorFlow's start-up messages kept off the terminal.

They are written by C++ before logging can be configured, so no setting of
TensorFlow reaches them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["quiet_start"]


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
