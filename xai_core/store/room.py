"""How large the cache may grow: what was not asked for longest goes first.

Conventions
-----------
Only results count, the files that end in ``.cache``. Recordings are bounded by
their number; spectrograms and models of a training run belong to that run, and
are removed with the folder. What a process that was killed left half-written goes
after an hour. Several processes may share the folder.
"""

from __future__ import annotations

import os
import re
import threading
import time
from contextlib import suppress
from pathlib import Path

from xai_core.places import cache_folder, cache_limit
from xai_core.store.files import modified, remove

__all__ = ["mark_used", "note_written"]

RESULT = ".cache"
HALF_WRITTEN = re.compile(r"\.[0-9a-f]{64}\.\w+\.\w+")  # names of files that get another one
LEFT = 0.8  # of the limit, after files were removed
LOOK = 1 / 20  # of the limit that is written between two looks at the folder
FRESH = 3_600.0  # s; a file marked so recently is not marked again, nor taken for abandoned

_written: dict[Path, int] = {}  # bytes since the last look, by folder
_counting = threading.Lock()


def mark_used(path: Path) -> None:
    """Remember that a file was asked for, to the hour."""
    with suppress(OSError):  # gone, or not ours to mark
        if time.time() - path.stat().st_mtime > FRESH:
            os.utime(path)


def note_written(n_bytes: int) -> None:
    """Count what was written, and make room when it may be too much.

    The first file of a process makes it look, too.

    Parameters
    ----------
    n_bytes : int
        Size of the file.
    """
    folder, limit = cache_folder(), cache_limit()
    with _counting:
        written = _written.get(folder, limit) + n_bytes
        look = written > LOOK * limit
        _written[folder] = 0 if look else written
    if look:
        _make_room(folder, limit)


def _make_room(folder: Path, limit: int) -> None:
    sizes: dict[Path, int] = {}
    with suppress(OSError):
        for entry in os.scandir(folder):
            path = Path(entry.path)
            with suppress(OSError):  # removed meanwhile
                if entry.name.endswith(RESULT):
                    sizes[path] = entry.stat().st_size
                elif HALF_WRITTEN.fullmatch(entry.name) and modified(path) < time.time() - FRESH:
                    remove(path)
    total = sum(sizes.values())
    if total <= limit:
        return
    for path in sorted(sizes, key=modified):
        if total <= LEFT * limit:
            return
        remove(path)
        total -= sizes[path]
