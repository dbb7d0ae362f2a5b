"""Folders of models with some of the shipped types: what a test does not use is not loaded.

Upload and ``predict`` ask every model that there is; those of STFT alone take as long
as all the others together.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xai_core.places import ROOT

__all__ = ["FEW_TYPES", "link_models"]

SHIPPED = ROOT / "models" / "starter"
FEW_TYPES = ("log_mel", "mfcc", "tonnetz")  # what most tests of pages choose among


def link_models(folder: Path, types: Sequence[str] = FEW_TYPES) -> Path:
    """Link the shipped models of some types, and the planted ones, for ``TIMBRELENS_MODELS``."""
    starter = folder / "starter"
    starter.mkdir(parents=True)
    for type in types:
        (starter / type).symlink_to(SHIPPED / type, target_is_directory=True)
    (folder / "planted").symlink_to(ROOT / "models" / "planted", target_is_directory=True)
    (starter / "audit.json").symlink_to(SHIPPED / "audit.json")  # of the notes of all types
    return folder
