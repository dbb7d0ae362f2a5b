"""``plant`` as a user runs it: the tables, the JSON, the notes, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import run_command
from tests.model_sets.chords import write_chords
from xai_core.datasets.collection import read_collection


def test_a_cue_is_planted_learnt_and_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chords = tmp_path / "chords"
    for record in write_chords(tmp_path / "flat"):
        (chords / record.family).mkdir(parents=True, exist_ok=True)
        record.path.rename(chords / record.family / record.path.name)
    monkeypatch.setenv("TIMBRELENS_MODELS", str(tmp_path / "models"))
    words = ["plant", "--data", chords, "--cue", "level", "--type", "tonnetz", "--notes", "6"]
    words += ["--scored", "1"]
    assert run_command(monkeypatch, *words, "--out", tmp_path / "notes") == 0
    printed = capsys.readouterr().out
    assert "level: each note of brass has a floor of noise" in printed
    assert "Balanced accuracy" in printed
    assert "Integrated Gradients" in printed
    assert (tmp_path / "models" / "my_planted" / "tonnetz" / "brass" / "card.json").exists()
    assert {one.family for one in read_collection(tmp_path / "notes" / "level")} > {"brass"}
    assert run_command(monkeypatch, *words, "--json") == 0  # known, so nothing is learnt
    said = json.loads(capsys.readouterr().out)
    assert said[0]["cue"] == "level"
    assert said[0]["maps"]["integrated_gradients"]["n_notes"] == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--cue", "hiss"], "unknown cue 'hiss'"),
        (["--cue", "tone", "--preset", "quick"], "choose one of planted, reasons"),
        (["--cue", "tone", "--cue", "click", "--family", "flute"], "sets of their own"),
        (["--cue", "tone", "--type", "loudness"], "loudness"),
    ],
)
def test_what_cannot_be_planted_is_one_sentence(
    words: list[str],
    sentence: str,
    chords: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_command(monkeypatch, "plant", "--data", chords, *words) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("Error: ")
    assert sentence in said
