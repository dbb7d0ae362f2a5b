"""A collection of notes, whatever its layout.

Conventions
-----------
``examples.json`` marks the layout of NSynth; ``manifest.csv`` or a sub-folder
named after a family marks a folder of audio.
"""

from __future__ import annotations

from pathlib import Path

from xai_core.datasets.folders import read_folder
from xai_core.datasets.notes import NoteRecord
from xai_core.datasets.nsynth import read_nsynth
from xai_core.errors import InputError
from xai_core.values import FAMILIES

__all__ = ["read_collection"]


def read_collection(folder: str | Path) -> list[NoteRecord]:
    """Return the notes of a folder in any layout that is known.

    Raises
    ------
    InputError
        If the folder is missing or has none of the known layouts, and
        wherever :func:`read_nsynth` and :func:`read_folder` raise it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"expected a folder of notes, found none at {folder}")
    if (folder / "examples.json").is_file():
        return read_nsynth(folder)
    if (folder / "manifest.csv").is_file() or any((folder / name).is_dir() for name in FAMILIES):
        return read_folder(folder)
    raise InputError(
        f"{folder} holds neither examples.json, nor manifest.csv, nor a folder named after a "
        f"family ({', '.join(FAMILIES)}): is it the right folder?"
    )
