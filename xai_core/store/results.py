"""Cached results: arrays, chunks of spectrograms, half-trained models; and recordings with a link.

Conventions
-----------
Arrays and models: the SHA-256 of the content comes first in the file. Files are
written beside and renamed into place, read without pickle, and removed when
damaged or when the cache is full (:mod:`xai_core.store.files`).

A chunk, too large to be read as a whole, is an ``.npy`` array with the SHA-256
after it, and is mapped into memory. Its size and header are checked whenever it is
opened, the SHA-256 when a process first opens it.

The recording of a visitor who made a link is kept under the SHA-256 of its bytes.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from xai_core.errors import InputError
from xai_core.places import cache_folder
from xai_core.store.files import (
    DIGEST_BYTES,
    cache_path,
    is_digest,
    mark_used,
    modified,
    note_written,
    remove,
    try_to_cache,
)
from xai_core.store.models import archived

__all__ = [
    "has_recording",
    "keep_recording",
    "read_cached",
    "read_cached_model",
    "read_chunk",
    "read_recording",
    "remove_cached",
    "remove_recording",
    "write_cached",
    "write_cached_model",
    "write_chunk",
]

MODEL_ENDING = ".model"  # not .keras: a digest stands before the archive
KEPT_RECORDINGS = 64  # of visitors who made a link; the oldest is removed first
RECORDING = ".recording"  # ending of their files


def read_cached(key: str) -> dict[str, npt.NDArray[Any]] | None:
    """Return the arrays stored under a key, or None if there are none to be trusted.

    A file that is torn, foreign or unreadable is removed where possible, so
    that it is computed again.
    """
    path = cache_path(key)
    archive = _vouched_for(path)
    if archive is None:
        return None
    mark_used(path)
    try:
        with np.load(io.BytesIO(archive), allow_pickle=False) as arrays:
            return dict(arrays)
    except (ValueError, TypeError, EOFError, zipfile.BadZipFile):  # vouched for, yet not ours
        remove(path)
        return None


def write_cached(key: str, arrays: Mapping[str, npt.NDArray[Any]]) -> bool:
    """Store arrays under a key.

    Returns
    -------
    bool
        False if the folder cannot be written: a cache that fails costs time,
        never a result.
    """
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # the stub has no room for arrays by name
    archive = buffer.getvalue()
    if not try_to_cache(cache_path(key), _with_digest(archive)):
        return False
    note_written(len(archive))
    return True


def read_cached_model(key: str) -> keras.Model | None:
    """Return the Keras model stored under a key, or None: for work that is resumed.

    A damaged file is removed where possible.
    """
    path = cache_path(key, MODEL_ENDING)
    archive = _vouched_for(path)
    if archive is None:
        return None
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "model.keras"
            file.write_bytes(archive)
            return keras.saving.load_model(file, compile=False, safe_mode=True)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        remove(path)
        return None


def write_cached_model(key: str, model: keras.Model) -> bool:
    """Store a Keras model under a key; False if the folder cannot be written."""
    return try_to_cache(cache_path(key, MODEL_ENDING), _with_digest(archived(model)))


def remove_cached(key: str) -> None:
    """Remove the arrays stored under a key, where there are any."""
    remove(cache_path(key))


def _with_digest(archive: bytes) -> bytes:
    return hashlib.sha256(archive).digest() + archive


def _vouched_for(path: Path) -> bytes | None:
    """Return what stands behind a file's digest; remove a file that does not fit its own."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, archive = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
    if hashlib.sha256(archive).digest() != digest:
        remove(path)
        return None
    return archive


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
        Of the array that is expected; any other is not the expected one.

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


def keep_recording(content: bytes) -> str:
    """Keep a recording of a visitor, under the SHA-256 of its bytes.

    At most 64 are kept; the oldest goes first.

    Parameters
    ----------
    content : bytes
        The file as it came.

    Returns
    -------
    str
        64 hexadecimal digits, for :func:`read_recording`.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    digest = hashlib.sha256(content).hexdigest()
    if not try_to_cache(cache_path(digest, RECORDING), content):
        raise InputError(
            "this recording cannot be kept, so there is no link: is the disk full or read-only?"
        )
    others = [path for path in cache_folder().glob(f"*{RECORDING}") if path.stem != digest]
    for path in sorted(others, key=modified, reverse=True)[KEPT_RECORDINGS - 1 :]:
        remove(path)
    return digest


def has_recording(digest: str) -> bool:
    """Whether a recording is kept under a SHA-256."""
    return is_digest(digest) and cache_path(digest, RECORDING).is_file()


def read_recording(digest: str) -> bytes | None:
    """Return the recording kept under a SHA-256, or None if it is kept no longer.

    A file that has other content is removed where possible.

    Raises
    ------
    InputError
        If `digest` is not 64 hexadecimal digits.
    """
    if not is_digest(digest):
        raise InputError("expected a link with 64 digits after upload=: was it cut short?")
    path = cache_path(digest, RECORDING)
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(content).hexdigest() != digest:
        remove(path)
        return None
    return content


def remove_recording(digest: str) -> None:
    """Remove the recording kept under a SHA-256, where there is one."""
    remove(cache_path(digest, RECORDING))
