"""``analyse`` as a user runs it: tables, files that can be read back, one-sentence errors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.commands import FAMILIES, run_command
from xai_core.metrics import METRICS
from xai_core.study.tables import read_analysis


def test_analyse_writes_tables_that_are_read_back(
    chords: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["analyse", "--data", chords, "-t", "tonnetz", "--models", "tiny", "--notes", 3]
    words += ["--between", 4, "--seed", 1, "--method", "integrated_gradients"]
    assert run_command(monkeypatch, *words, "--out", tmp_path / "a") == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines()[-20:-5])) <= 80
    analysis = read_analysis(tmp_path / "a")
    assert analysis.pairs.groupby(["family", "other_family"]).size().to_dict() == {
        ("flute", "flute"): 3,
        ("flute", "organ"): 4,
        ("organ", "organ"): 3,
    }
    for family in FAMILIES:
        pairs = analysis.within.query("family == @family")
        medians = pairs[list(METRICS)].median()
        both = [*pairs["kl_divergence"], *pairs["kl_divergence_reversed"]]
        medians["kl_divergence"] = np.median(both)  # neither note of a pair is the first
        (row,) = (line for line in said.splitlines() if line.startswith(f" {family} "))
        assert [cell.strip() for cell in row.split("│")[1:]] == [
            "3",
            *(f"{m:.3g}" for m in medians),
        ]
    assert analysis.settings["data"] == [{"name": "notes"}]
    assert analysis.settings["seed"] == 1

    assert run_command(monkeypatch, *words, "--out", tmp_path / "b") == 0
    for file in ("pairs.parquet", "pairs.csv", "notes.parquet", "notes.csv", "settings.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_null_maps_stand_beside_and_leave_the_tables_as_they_are(
    chords: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["analyse", "--data", chords, "-t", "tonnetz", "--models", "tiny", "--notes", 3]
    words += ["--between", 4, "--method", "integrated_gradients"]
    assert run_command(monkeypatch, *words, "--out", tmp_path / "a") == 0
    capsys.readouterr()
    words += ["--null", "--view", "absolute", "--view", "signed"]
    assert run_command(monkeypatch, *words, "--out", tmp_path / "b") == 0
    said = capsys.readouterr().out
    shown = said[said.index("tonnetz, ") : said.index("Wrote")]
    assert max(map(len, shown.splitlines())) <= 80
    for file in ("pairs.parquet", "pairs.csv", "notes.parquet", "notes.csv"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    analysis = read_analysis(tmp_path / "b")
    assert analysis.beside is not None
    assert analysis.beside.groupby(["maps", "view"]).size().to_dict() == {
        ("model", "signed"): 10,
        ("random", "absolute"): 10,
        ("random", "signed"): 10,
        ("spectrogram", "absolute"): 10,
    }
    found = json.loads((tmp_path / "b" / "beside.json").read_text())
    assert len(found["mantel"]) == 2 * 2 * len(METRICS)
    assert len(found["medians"]) == 2 * len(FAMILIES) * len(METRICS)
    rows = [line for line in said.splitlines() if line.startswith(" random, ")]
    assert [line.split("│")[0].strip() for line in rows] == [
        "random, absolute",
        "random, signed",
    ]
    first = [row["correlation"] for row in found["mantel"] if row["view"] == "absolute"]
    cells = [cell.strip() for cell in rows[0].split("│")[1:]]
    assert cells == [f"{one:+.2f}" for one in first[: len(METRICS)]]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--view", "both"], "unknown view 'both' of maps"),
        (["--view", "mean_gradient", "--method", "grad_cam"], "have no mean gradient"),
        (["--family", "bass"], "the set 'tiny' has no tonnetz model of bass"),
        (["-t", "mel"], "unknown spectrogram type 'mel'"),
        (["-t", "mfcc"], "the set 'tiny' has no mfcc model of bass"),
        (["--family", "lute"], "unknown family 'lute'"),
        (["--method", "lime"], "unknown method 'lime'"),
        (["--models", "none"], "expected models in"),
        (["--notes", "1"], "--notes"),
        (["--cluster", "here"], "expected the address of a Dask scheduler"),
        (["--data", "EMPTY"], "is it the right folder?"),
        (["--data", "MISSING"], "expected a folder of notes, found none at"),
    ],
)
def test_analyse_says_one_sentence_with_status_2(
    words: list[str],
    sentence: str,
    chords: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "EMPTY").mkdir()
    monkeypatch.chdir(tmp_path)
    asked = ["analyse", "--data", chords, "--models", "tiny", "--out", tmp_path / "out"]
    assert run_command(monkeypatch, *asked, *words) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("Error: ")
    assert sentence in error
    assert "\n" not in error
    assert not (tmp_path / "out").exists()


def test_no_notes_of_a_family(
    chords: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "flute").symlink_to(chords / "flute")
    words = ["analyse", "--data", tmp_path, "--models", "tiny", "--family", "organ"]
    assert run_command(monkeypatch, *words, "--out", tmp_path / "out") == 2
    assert "expected at least 2 notes of organ to compare, found 0" in capsys.readouterr().err


def test_help_has_an_example(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(monkeypatch, "analyse", "--help") == 0
    assert "Example: python -m xai_core analyse " in capsys.readouterr().out
