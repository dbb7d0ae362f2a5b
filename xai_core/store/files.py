"""Files written whole or not at all, where those of the cache lie, and how large it may grow.

Conventions
-----------
When the cache is full, the results that were read longest ago are removed first.
Only results count, the files that end in ``.cache``. Recordings are bounded by
their number; spectrograms and models of a training run belong to that run and
are removed with the folder. Temporary files of a process that was killed are
removed after an hour. Several processes may share the folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from xai_core.errors import TimbreLensError
from xai_core.places import cache_folder, cache_limit

__all__ = [
    "DIGEST_BYTES",
    "cache_path",
    "is_digest",
    "mark_used",
    "modified",
    "note_written",
    "readable_json",
    "remove",
    "try_to_cache",
    "write_atomically",
]

DIGEST_BYTES = 32  # of SHA-256
LINE = re.compile(r"\n *")  # and the indentation of the next; no string of JSON has a line's end
PLAIN_LIST = re.compile(r"\[\n *([^\[\]{}]*?)\n *\]")


def is_digest(text: str) -> bool:
    """Whether a text is a SHA-256 as this module writes it: 64 small hexadecimal digits."""
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None


def cache_path(key: str, suffix: str = ".cache") -> Path:
    """Return where a key's file lies in the cache."""
    if not is_digest(key):
        raise TimbreLensError(f"expected a cache key of 64 hexadecimal digits, got {key!r}")
    return cache_folder() / f"{key}{suffix}"


def readable_json(value: Any) -> bytes:
    """Return a value as JSON, a line for each entry and one for each list of plain values."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    return (PLAIN_LIST.sub(lambda found: f"[{re.sub(LINE, ' ', found[1])}]", text) + "\n").encode()


def try_to_cache(path: Path, content: bytes | memoryview) -> bool:
    """Write a file of the cache; return False if that cannot be done: it is only a cache."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError:
        return False
    return True


def write_atomically(path: Path, content: bytes | memoryview) -> None:
    """Write a file beside its place and rename it into place, or leave everything as it was."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        remove(Path(name))
        raise


def modified(path: Path) -> float:
    """Return when a file was written, in seconds; 0 if it is gone."""
    try:
        return path.stat().st_mtime
    except OSError:  # removed by another visitor meanwhile
        return 0.0


def remove(path: Path) -> None:
    """Remove a file of the cache where that can be done."""
    with contextlib.suppress(OSError):  # a read-only folder: it is only a cache
        path.unlink()


RESULT = ".cache"
HALF_WRITTEN = re.compile(r"\.[0-9a-f]{64}\.\w+\.\w+")  # names of files that get another one
LEFT = 0.8  # of the limit, after files were removed
LOOK = 1 / 20  # of the limit that is written between two looks at the folder
FRESH = 3_600.0  # s; a file marked so recently is not marked again, nor taken for abandoned

_written: dict[Path, int] = {}  # bytes since the last look, by folder
_counting = threading.Lock()


def mark_used(path: Path) -> None:
    """Note that a file was used, to the hour."""
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
