"""An analysis written and read again is the same, to the last bit and missing value."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xai_core.errors import InputError
from xai_core.pair_tables import (
    BESIDE_COLUMNS,
    METRIC_COLUMNS,
    NOTE_COLUMNS,
    PAIR_COLUMNS,
    Analysis,
    as_table,
)
from xai_core.study.beside import MANTEL_COLUMNS, MEDIAN_COLUMNS, BesideTables
from xai_core.study.tables import (
    read_analysis,
    write_analysis,
    write_beside,
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


def test_other_maps_beside_it_are_written_and_go_with_the_next(tmp_path: Path) -> None:
    plain = _analysis()
    write_analysis(plain, tmp_path)
    bytes_of = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    table = as_table(plain.pairs.assign(maps="random", view="signed"), BESIDE_COLUMNS)
    analysis = Analysis(plain.pairs, plain.notes, plain.settings, table)
    names = [path.name for path in write_analysis(analysis, tmp_path)]
    assert names[4:] == ["beside.parquet", "beside.csv", "settings.json"]
    assert {name: (tmp_path / name).read_bytes() for name in bytes_of} == bytes_of
    found = read_analysis(tmp_path)
    assert found.beside is not None
    pd.testing.assert_frame_equal(found.beside, table, check_exact=True)
    row = dict.fromkeys(MANTEL_COLUMNS, "x") | {"correlation": 0.5, "families": np.nan}
    tables = BesideTables(pd.DataFrame([row]), pd.DataFrame(columns=list(MEDIAN_COLUMNS)))
    paths = write_beside(tables, tmp_path)
    assert [path.name for path in paths] == [
        "beside_mantel.csv",
        "beside_medians.csv",
        "beside.json",
    ]
    records = json.loads(paths[2].read_text())
    assert records["mantel"] == [row | {"families": None}]
    assert records["medians"] == []
    assert list(pd.read_csv(paths[0])) == list(MANTEL_COLUMNS)
    assert set(pd.read_csv(tmp_path / "beside.csv")["maps"]) == {"random"}  # not a missing value
    write_analysis(plain, tmp_path)  # without them: what was there would be another run's
    assert {path.name for path in tmp_path.iterdir()} == set(bytes_of)
    assert read_analysis(tmp_path).beside is None
    with pytest.raises(InputError, match="tables cannot be written to"):
        write_beside(tables, tmp_path / "settings.json")


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
