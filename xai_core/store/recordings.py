"""Recordings of visitors who made a link, each under the SHA-256 of its bytes."""

from __future__ import annotations

import hashlib

from xai_core.errors import InputError
from xai_core.places import cache_folder
from xai_core.store.files import cache_path, is_digest, modified, remove, try_to_cache

__all__ = ["has_recording", "keep_recording", "read_recording", "remove_recording"]

KEPT_RECORDINGS = 64  # of visitors who made a link; the oldest is removed first
RECORDING = ".recording"  # ending of their files


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
