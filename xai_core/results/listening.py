"""A changed sound as files: the sound itself, and what the models say before and after.

Conventions
-----------
The sound is WAV of 32-bit floats: the very samples that the models received. The
table has one row a family and type; JSON holds what was changed, and digests.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from xai_core.audio import to_exact_wav
from xai_core.explanations.loaded_models import array_digest
from xai_core.results.files import DIGITS, ExportFile, name_stem
from xai_core.results.records import prediction_record
from xai_core.values import Prediction

__all__ = ["listening_files"]


def listening_files(
    before: Prediction, after: Prediction, *, note: str, change: Mapping[str, Any]
) -> tuple[ExportFile, ...]:
    """Return the files of a changed sound: WAV, CSV and JSON.

    Parameters
    ----------
    before, after : Prediction
        Of the note and of the changed sound, by the same models.
    note : str
        What the note is called.
    change : mapping
        What was done to it, as JSON has it.
    """

    def record() -> bytes:
        about = {
            "change": dict(change),
            "before": prediction_record(before, note=note),
            "after": prediction_record(after, note=note),
        }
        return (json.dumps(about, indent=1, allow_nan=False) + "\n").encode()

    what = json.dumps([dict(change), array_digest(after.waveform.y)], sort_keys=True)
    stem = f"{name_stem(note)}_changed_{hashlib.sha256(what.encode()).hexdigest()[:DIGITS]}"
    return (
        ExportFile(f"{stem}.wav", "The changed sound (WAV)", partial(to_exact_wav, after.waveform)),
        ExportFile(f"{stem}.csv", "Answers before and after (CSV)", partial(_csv, before, after)),
        ExportFile(f"{stem}.json", "Change, answers, digests (JSON)", record),
    )


def _csv(before: Prediction, after: Prediction) -> bytes:
    tables = ({**one.by_type(), "together": one.verdict()} for one in (before, after))
    old, new = tables
    lines = ["type,family,before,after"]
    for type, row in old.items():
        lines += [
            f"{type},{family},{value:.6g},{new[type][family]:.6g}" for family, value in row.items()
        ]
    return ("\n".join(lines) + "\n").encode()
