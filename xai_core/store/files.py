"""Files written whole or not at all, and where those of the cache lie."""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from xai_core.errors import TimbreLensError
from xai_core.places import cache_folder

__all__ = [
    "DIGEST_BYTES",
    "cache_path",
    "is_digest",
    "modified",
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
