"""Where the three folders lie that TimbreLens reads and writes.

Conventions
-----------
``TIMBRELENS_MODELS`` and ``TIMBRELENS_CACHE`` move the folders of models and of
cached results, ``TIMBRELENS_DATA`` that of the notes to choose from; all three
lie in the project otherwise. ``TIMBRELENS_CACHE_MB`` is how large cached results
may grow.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from xai_core.errors import InputError

__all__ = [
    "ROOT",
    "cache_folder",
    "cache_limit",
    "check_writable",
    "models_folder",
    "readable_name",
    "samples_folder",
]

DEFAULT_CACHE_MB = "4000"
ROOT = Path(__file__).resolve().parent.parent


def models_folder() -> Path:
    """Return the folder of model sets."""
    return Path(os.environ.get("TIMBRELENS_MODELS") or ROOT / "models")


def cache_folder() -> Path:
    """Return the folder of cached results, which may be deleted at any time."""
    return Path(os.environ.get("TIMBRELENS_CACHE") or ROOT / "cache")


def cache_limit() -> int:
    """Return how many bytes cached results may take, by default 4 GB.

    Raises
    ------
    InputError
        If ``TIMBRELENS_CACHE_MB`` is no whole number of at least 1.
    """
    text = os.environ.get("TIMBRELENS_CACHE_MB") or DEFAULT_CACHE_MB
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise InputError(
            f"expected TIMBRELENS_CACHE_MB to be a whole number of megabytes, got {text!r}"
        )
    return int(text) * 10**6


def samples_folder() -> Path:
    """Return the folder of notes to choose from."""
    return Path(os.environ.get("TIMBRELENS_DATA") or ROOT / "samples")


def check_writable(folder: str | Path, *, what: str = "the results") -> None:
    """Raise InputError if a folder cannot be made or written to; nothing is left there.

    What takes minutes calls this first.

    Parameters
    ----------
    folder : path
        Need not exist: then the nearest folder above it is tried.
    what : str
        What is to be written, for the sentence.

    Raises
    ------
    InputError
    """
    folder = Path(folder)
    lying = (path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    nearest = next(lying)
    start = f"{what} cannot be written to {readable_name(folder)}"
    if not nearest.is_dir():
        raise InputError(f"{start}: {readable_name(nearest)} is a file, expected a folder")
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        raise InputError(
            f"{start}: {readable_name(nearest)} cannot be written to ({error.strerror})"
        ) from error


def readable_name(name: str | os.PathLike[str]) -> str:
    r"""Return a name that can be printed and stored: bytes that are not UTF-8 as ``\xfc``.

    Examples
    --------
    >>> readable_name("M\udcfcsik")  # as Python has the bytes b"M\xfcsik"
    'M\\xfcsik'
    """
    text = os.fspath(name)
    escaped = (f"\\x{ord(c) - 0xDC00:02x}" if "\udc80" <= c <= "\udcff" else c for c in text)
    return "".join(escaped).encode("utf-8", "backslashreplace").decode("utf-8")
