"""The tables of an analysis: columns, kinds, and which pairs are of one family."""

from __future__ import annotations

import pandas as pd
import pytest

from xai_core.errors import InputError
from xai_core.pair_tables import (
    NOTE_COLUMNS,
    PAIR_COLUMNS,
    Analysis,
    as_table,
)


def _pair(family: str, other: str, pitch_distance: int | None) -> dict[str, object]:
    texts = {name: name for name, dtype in PAIR_COLUMNS.items() if dtype == "str"}
    numbers = {name: 0.5 for name, dtype in PAIR_COLUMNS.items() if dtype == "float64"}
    changed = {"family": family, "other_family": other, "pitch_distance": pitch_distance}
    return {**texts, **numbers, "same_instrument": False, **changed}


def test_pairs_are_within_or_between_families() -> None:
    rows = [_pair("bass", "bass", 3), _pair("bass", "flute", None), _pair("flute", "flute", 0)]
    analysis = Analysis(pd.DataFrame(rows), as_table([], NOTE_COLUMNS), {"seed": 0})
    assert analysis.within["family"].tolist() == ["bass", "flute"]
    assert analysis.between["other_family"].tolist() == ["flute"]
    assert analysis.pairs["pitch_distance"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize("columns", [PAIR_COLUMNS, NOTE_COLUMNS])
def test_tables_have_their_columns_and_kinds_even_without_rows(columns: dict[str, str]) -> None:
    table = as_table([], columns)
    assert list(table.columns) == list(columns)
    for name, dtype in columns.items():
        assert table[name].dtype == pd.Series([], dtype=dtype).dtype


def test_more_columns_are_left_out_and_the_order_is_fixed() -> None:
    row = {"surplus": 1, **dict(reversed(_pair("bass", "bass", 3).items()))}
    assert list(as_table([row], PAIR_COLUMNS).columns) == list(PAIR_COLUMNS)


def test_what_is_no_such_table_is_refused() -> None:
    row = _pair("bass", "bass", 3)
    with pytest.raises(InputError, match="expected a table with the columns emd, got none"):
        as_table([{name: value for name, value in row.items() if name != "emd"}], PAIR_COLUMNS)
    with pytest.raises(InputError, match="a value of another kind"):
        as_table([{**row, "emd": "far"}], PAIR_COLUMNS)
