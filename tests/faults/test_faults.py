"""Every fault of files has its outcome: nothing wrong is shown, and what can be mended is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.faults.catalogue import faults
from tests.faults.trial import try_fault

TABLE = Path(__file__).parents[2] / "docs" / "faults.md"
FAULTS = faults()


@pytest.mark.parametrize("number", range(len(FAULTS)), ids=[fault.name for fault in FAULTS])
def test_a_fault_costs_time_or_is_a_sentence(number: int, tmp_path: Path) -> None:
    trial = try_fault(FAULTS[number], tmp_path, number)
    assert trial.as_expected, (trial.outcome, trial.left)
    assert "\n" not in trial.outcome
    assert not trial.outcome.endswith(".")


def test_the_table_in_the_documentation_is_that_of_these_faults() -> None:
    lines = TABLE.read_text("utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    told = {row[0]: (row[1], row[2]) for row in rows}
    for fault in FAULTS:
        outcome, left = told[fault.name]
        assert re.search(fault.outcome, outcome), fault.name
        assert left == fault.left


def test_the_tests_that_the_documentation_names_are_there() -> None:
    named = re.findall(r"`(tests/\S+\.py)`", TABLE.read_text("utf-8"))
    assert len(named) > 10
    assert all((TABLE.parents[1] / name).is_file() for name in named)
