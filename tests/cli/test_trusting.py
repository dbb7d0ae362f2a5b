"""``trust`` as a user runs it: the table, the JSON, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import run_command
from xai_core.catalogue.methods import METHODS
from xai_core.datasets.collection import read_collection
from xai_core.explanations import explain
from xai_core.explanations.trust import trust_scores, trust_sentence


@pytest.fixture(scope="module")
def flute(chords: Path) -> Path:
    return next(one.path for one in read_collection(chords) if one.family == "flute")


def test_the_tests_are_printed_and_said_to_a_program(
    flute: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    type = "tonnetz"
    words = ["trust", flute, "--type", type, "--family", "flute", "--models", "tiny"]
    assert run_command(monkeypatch, *words, "--seed", "2", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    expected = trust_scores(explain(flute, type=type, family="flute", models="tiny"), seed=2)
    assert said["sentence"] == trust_sentence(expected)
    assert said["settings"] == expected.explanation.settings
    assert said["deletion"]["by_map"]["area"] == pytest.approx(expected.deletion.by_map.area)
    outputs = expected.insertion.at_random.outputs
    assert said["insertion"]["at_random"]["outputs"] == pytest.approx(outputs.tolist())
    assert [one["layer"] for one in said["cascade"]][:2] == [None, "logit"]
    assert said["cascade"][-1]["signed"] == pytest.approx(expected.cascade[-1].signed)
    assert said["sensitivity"] == pytest.approx(expected.sensitivity)
    assert said["agreement"]["methods"] == [*expected.agreement.methods]
    assert said["completeness_error"] == pytest.approx(expected.explanation.completeness.error)

    assert run_command(monkeypatch, *words, "--seed", "2") == 0
    printed = capsys.readouterr().out
    assert trust_sentence(expected) in printed
    assert f"{expected.deletion.by_map.area:.3f}" in printed
    assert f"{expected.cascade[-1].signed:.2f}" in printed
    other = METHODS[expected.agreement.methods[1]].label
    assert other in printed
    assert "…" not in printed  # nothing is cut off


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--type", "tonnetz", "--family", "kazoo"], "kazoo"),
        (["--type", "tonnetz", "--family", "flute", "--method", "guess"], "unknown method 'guess'"),
        (["--type", "tonnetz"], "Missing option '--family'"),
        (["--type", "tonnetz", "--family", "flute", "--seed", "-1"], "--seed"),
    ],
)
def test_what_cannot_be_tested_is_one_sentence(
    words: list[str],
    sentence: str,
    flute: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_command(monkeypatch, "trust", flute, "--models", "tiny", *words) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("Error: ")
    assert sentence in said
