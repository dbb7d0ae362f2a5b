"""Chunks of spectrograms, too big to be read as a whole.

Conventions
-----------
A chunk is an ``.npy`` array with the SHA-256 behind it, and is mapped into
memory. Its size and header are checked whenever it is opened, the SHA-256 when
a process first opens it.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_core.store.files import DIGEST_BYTES, cache_path, remove, try_to_cache

__all__ = ["read_chunk", "write_chunk"]

BLOCK = 2**20  # bytes read at once
_verified: set[tuple[str, int, int, int]] = set()  # chunks whose SHA-256 this process has checked


def read_chunk(
    key: str, *, shape: tuple[int, ...], dtype: npt.DTypeLike
) -> npt.NDArray[Any] | None:
    """Return the array stored under a key, mapped into memory, or None.

    Parameters
    ----------
    key : str
        From :func:`spectrogram_key`.
    shape, dtype
        Of the array that is expected; any other is not what was asked for.

    Returns
    -------
    ndarray or None
        Read-only; its pages are read from the file as they are touched. A file
        that is torn, foreign or unreadable is removed where possible.
    """
    path = cache_path(key, ".chunk")
    try:
        if not _is_whole(path):
            remove(path)
            return None
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError:
        return None
    except ValueError:
        remove(path)
        return None
    if (
        not isinstance(array, np.memmap)
        or (array.shape, array.dtype) != (shape, np.dtype(dtype))
        or array.offset + array.nbytes + DIGEST_BYTES != path.stat().st_size
    ):
        remove(path)
        return None
    return array


def write_chunk(key: str, array: npt.NDArray[Any]) -> bool:
    """Store an array under a key for :func:`read_chunk`; False if it cannot be written."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    buffer.write(hashlib.sha256(buffer.getbuffer()).digest())
    return try_to_cache(cache_path(key, ".chunk"), buffer.getbuffer())


def _is_whole(path: Path) -> bool:
    """Whether the end of a chunk is the SHA-256 of what is before it, once per process and file."""
    about = path.stat()
    identity = (str(path), about.st_size, about.st_mtime_ns, about.st_ino)
    if identity in _verified:
        return True
    left = about.st_size - DIGEST_BYTES
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while left > 0 and (block := file.read(min(BLOCK, left))):
            digest.update(block)
            left -= len(block)
        if file.read() != digest.digest():
            return False
    _verified.add(identity)
    return True
