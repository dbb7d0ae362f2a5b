"""An analysis in a process of its own, which a test can kill: one line for each thing done.

``python -m tests.study.analyse_notes NOTES OUT``
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd

from xai_core.datasets.collection import read_collection
from xai_core.study import pairs as study_pairs
from xai_core.study.run import analyse
from xai_core.study.tables import write_analysis

TYPE = "tonnetz"
FAMILIES = ("flute", "organ")
MODELS = "tiny"
ASKED = {"types": [TYPE], "families": FAMILIES, "notes_per_family": 3, "between_pairs": 4}


def main() -> None:
    """Compare the notes of two families and tell what is explained and what is compared."""
    notes, out = map(Path, sys.argv[1:])
    explain = study_pairs.explain

    def told(audio: Path, **about: Any) -> Any:
        found = explain(audio, **about)
        print(f"explained {about['method']} {audio.stem}", flush=True)
        return found

    def result(type: str, method: str, family: str, rows: pd.DataFrame) -> None:
        others = "+".join(rows["other_family"].unique())
        print(f"result {method} {family} {others} {len(rows)}", flush=True)

    study_pairs.explain = told  # type: ignore[assignment]
    analysis = analyse(read_collection(notes), models=MODELS, on_result=result, **ASKED)
    write_analysis(analysis, out)


if __name__ == "__main__":
    main()
