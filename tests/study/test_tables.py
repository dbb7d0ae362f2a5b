"""An analysis written and read again is the same, to the last bit and missing value."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xai_core.errors import InputError
from xai_core.pair_tables import (
    METRIC_COLUMNS,
    NOTE_COLUMNS,
    PAIR_COLUMNS,
    Analysis,
    as_table,
)
from xai_core.study.tables import (
    read_analysis,
    write_analysis,
)


def _analysis() -> Analysis:
    rng = np.random.default_rng(0)
    pairs = [
        {
            **{name: f'{name} {k}, "ü"' for name, dtype in PAIR_COLUMNS.items() if dtype == "str"},
            **{name: float(rng.random()) for name in METRIC_COLUMNS},
            "same_instrument": bool(k % 2),
            "pitch_distance": None if k == 1 else k,
        }
        for k in range(3)
    ]
    notes = [
        {
            **dict.fromkeys(NOTE_COLUMNS, "x"),
            "pitch": None,
            "velocity": 100,
            "probability": 0.1 + 0.2,
            "completeness_error": np.nan,
        }
    ]
    settings = {"seed": 3, "left_out": [{"note": "ü", "reason": "zero"}]}
    return Analysis(as_table(pairs, PAIR_COLUMNS), as_table(notes, NOTE_COLUMNS), settings)


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    analysis = _analysis()
    paths = write_analysis(analysis, tmp_path / "new" / "folder")
    assert [path.name for path in paths] == [
        "pairs.parquet",
        "pairs.csv",
        "notes.parquet",
        "notes.csv",
        "settings.json",
    ]
    found = read_analysis(tmp_path / "new" / "folder")
    pd.testing.assert_frame_equal(found.pairs, analysis.pairs, check_exact=True)
    pd.testing.assert_frame_equal(found.notes, analysis.notes, check_exact=True)
    assert found.settings == analysis.settings


def test_the_csv_holds_the_same_numbers(tmp_path: Path) -> None:
    analysis = _analysis()
    write_analysis(analysis, tmp_path)
    with (tmp_path / "pairs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(PAIR_COLUMNS)
    assert [float(row["emd"]) for row in rows] == analysis.pairs["emd"].tolist()
    assert [row["pitch_distance"] for row in rows] == ["0", "", "2"]
    assert rows[0]["note_a"] == 'note_a 0, "ü"'


def test_what_is_no_analysis_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"found no pairs\.parquet: is it a folder that"):
        read_analysis(tmp_path)
    write_analysis(_analysis(), tmp_path)
    (tmp_path / "notes.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match=r"cannot be read .*: was the run cut short"):
        read_analysis(tmp_path)
    write_analysis(_analysis(), tmp_path)
    (tmp_path / "settings.json").write_text("[]")
    with pytest.raises(InputError, match="expected settings of an analysis"):
        read_analysis(tmp_path)
    with pytest.raises(InputError, match="cannot be written to"):
        write_analysis(_analysis(), tmp_path / "settings.json")
