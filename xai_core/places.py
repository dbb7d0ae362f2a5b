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
from pathlib import Path

from xai_core.errors import InputError

__all__ = ["ROOT", "cache_folder", "cache_limit", "models_folder", "samples_folder"]

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
