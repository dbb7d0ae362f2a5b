"""Where the three folders lie that TimbreLens reads and writes.

Conventions
-----------
``TIMBRELENS_MODELS`` and ``TIMBRELENS_CACHE`` move the folders of models and of
cached results, ``TIMBRELENS_DATA`` that of the notes to choose from; all three
lie in the project otherwise.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["ROOT", "cache_folder", "models_folder", "samples_folder"]

ROOT = Path(__file__).resolve().parent.parent


def models_folder() -> Path:
    """Return the folder of model sets."""
    return Path(os.environ.get("TIMBRELENS_MODELS") or ROOT / "models")


def cache_folder() -> Path:
    """Return the folder of cached results, which may be deleted at any time."""
    return Path(os.environ.get("TIMBRELENS_CACHE") or ROOT / "cache")


def samples_folder() -> Path:
    """Return the folder of notes to choose from."""
    return Path(os.environ.get("TIMBRELENS_DATA") or ROOT / "samples")
