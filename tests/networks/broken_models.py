"""A folder of models of which some are missing, cut short or altered."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from xai_core.places import ROOT

__all__ = ["BROKEN", "write_broken_models"]

BROKEN = ("flute", "organ", "reed", "vocal")  # of the MFCC models


def write_broken_models(folder: Path) -> None:
    """Copy the MFCC and chroma models of the set that is shipped, and break four."""
    for type in ("mfcc", "chroma"):
        shutil.copytree(ROOT / "models/starter" / type, folder / "starter" / type)
    mfcc = folder / "starter/mfcc"
    (mfcc / "flute/model.keras").write_bytes(b"altered")
    os.truncate(mfcc / "organ/model.keras", 1_000)
    (mfcc / "reed/model.keras").unlink()
    card = json.loads((mfcc / "vocal/card.json").read_text("utf-8"))
    (mfcc / "vocal/card.json").write_text(json.dumps(card)[:100], "utf-8")
