"""A file name that is not UTF-8 is a name like others to every command that reads it."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

from tests.cli.commands import run_command
from xai_core.datasets.collection import read_collection
from xai_core.study.tables import read_analysis
from xai_core.training import build_corpus

NAME = r"fl\xf6te-060"


@pytest.fixture(scope="module")
def odd(chords: Path) -> Path:
    """Return the file of a flute whose name is not UTF-8, among the notes of the chords."""
    path = max((chords / "flute").rglob("*.flac"))
    renamed = os.fsencode(path.parent) + b"/fl\xf6te-060.flac"
    os.rename(path, renamed)
    return Path(os.fsdecode(renamed))


def test_analyse_compares_it_and_names_it(
    chords: Path, odd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["analyse", "--data", chords, "--models", "tiny", "--method", "grad_cam"]
    words += ["--family", "flute", "--out", tmp_path]
    assert run_command(monkeypatch, *words) == 0
    settings = json.loads((tmp_path / "settings.json").read_text("utf-8"))
    assert len(settings["notes"]["flute"]) == 8
    assert NAME in settings["notes"]["flute"]
    read = read_analysis(tmp_path)
    named = {*read.notes["note"], *(one["note"] for one in read.settings["left_out"])}
    assert named == set(settings["notes"]["flute"])


def test_evaluate_scores_it(
    chords: Path, odd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["evaluate", "--data", chords, "--models", "tiny", "--out", tmp_path]
    assert run_command(monkeypatch, *words) == 0
    with (tmp_path / "scores.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["family"] == "flute"]
    # families, held-out instruments, their notes
    assert {row["n_notes"] for row in rows if row["metric"] == "precision"} == {str(2 * 2 * 2)}


def test_explain_and_compare_write_files_of_it(
    chords: Path,
    odd: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    about = ["-t", "tonnetz", "-f", "flute", "--models", "tiny", "--out", tmp_path]
    assert run_command(monkeypatch, "explain", odd, *about) == 0
    assert run_command(monkeypatch, "compare", odd, odd, *about) == 0
    capsys.readouterr()
    assert len(list(tmp_path.iterdir())) == 5 + 6
    names = {
        json.loads(path.read_text())["a"]["note"]
        for path in tmp_path.glob("*te-060_*te-060_*.json")
    }
    assert names == {NAME}
    assert run_command(monkeypatch, "predict", odd, "--json", "--models", "tiny") == 0
    assert set(json.loads(capsys.readouterr().out)) == {str(odd).replace("\udcf6", r"\xf6")}


def test_a_corpus_to_train_on_holds_it(chords: Path, odd: Path) -> None:
    records = [one for one in read_collection(chords) if one.family == "flute"]
    assert NAME in {one.note for one in records}
    corpus = build_corpus(records, "tonnetz", n_augmented=1, seed=0)
    assert corpus.instrument.size == len(records) == 8
