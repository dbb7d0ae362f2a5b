"""Every hostile file gets its outcome within the limits, and the gate lives on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.audio.hostile import GOOD, HostileFile, hostile_files, truncations
from tests.audio.trial import try_file
from xai_core.audio.gate import Gate

TABLE = Path(__file__).parents[2] / "docs" / "hostile-audio.md"
FILES = hostile_files()
MAX_PEAK = 200e6  # bytes; told on Linux alone
MAX_CPU = 5.0  # s


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_hostile_file_has_its_outcome_and_costs_little(file: HostileFile) -> None:
    trial = try_file(file)
    assert trial.as_expected, trial.outcome
    assert trial.good_after
    assert (trial.decoded.cpu_seconds or 0.0) <= MAX_CPU
    assert (trial.decoded.peak or 0) <= MAX_PEAK
    sentence = trial.decoded.refusal
    assert "\n" not in sentence
    assert ". " not in sentence
    assert not sentence.endswith(".")


def test_there_are_many_files_and_each_is_the_same_every_time() -> None:
    names = [file.name for file in FILES]
    assert len(names) == len(set(names)) >= 140
    assert all(a.make() == b.make() for a, b in zip(FILES[:120], hostile_files(), strict=False))


def test_a_file_cut_anywhere_gives_its_beginning_or_a_sentence() -> None:
    gate = Gate()
    header = 44  # bytes
    try:
        for content in truncations():
            passage = gate.measure(content)
            if len(content) <= header:
                assert passage.refusal, len(content)
            else:  # 8 bits: a byte is a sample
                assert passage.waveform is not None, passage.refusal
                assert passage.waveform.y.size == len(content) - header
            assert (passage.peak or 0) <= MAX_PEAK
        assert gate.load(GOOD).y.size == 1600
    finally:
        gate.close()


def test_the_table_in_the_documentation_is_that_of_these_files() -> None:
    rows = [line.split(" | ") for line in TABLE.read_text("utf-8").splitlines() if "| " in line]
    told = {row[0].removeprefix("| "): row[2] for row in rows}
    for file in FILES:
        assert re.search(file.outcome, told[file.name]), file.name
