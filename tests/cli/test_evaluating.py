"""``evaluate`` as a user runs it: tables, files that can be read back, one-sentence errors."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from matplotlib.image import imread

from tests.model_sets.tiny_models import (
    write_models,
    write_notes,
)
from xai_core.cli import main
from xai_core.datasets.collection import read_collection
from xai_core.values import FAMILIES

pytestmark = pytest.mark.filterwarnings("ignore:Even though the `tf.config")  # see `notes` below


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("evaluate")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_MODELS", str(folder / "models"))
        patch.setenv("TIMBRELENS_CACHE", str(folder / "cache"))
        patch.setenv("COLUMNS", "80")
        tf.config.run_functions_eagerly(True)  # a few notes each: tracing would take the longest
        write_notes(folder / "notes")
        records = read_collection(folder / "notes")
        for type in ("tonnetz", "spectral_contrast"):
            write_models(records, type)
        yield folder / "notes"
        tf.config.run_functions_eagerly(False)


def _run(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["xai_core", "evaluate", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def test_tables_and_files(
    notes: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "scores"
    assert _run(monkeypatch, "--data", notes, "--models", "tiny", "--out", out) == 0
    said = capsys.readouterr().out
    assert "tonnetz: 40 notes of 20 instruments, the notes of the cards" in said
    assert all(f"\n{family}" in said for family in FAMILIES)
    assert "spectral_contrast + tonnetz" in said
    assert max(map(len, said.splitlines()[:-5])) <= 80  # the last ones name the files

    scores = json.loads((out / "scores.json").read_text("utf-8"))
    with (out / "scores.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for of_type in scores["types"]:
        for model in of_type["models"]:
            found = {
                row["metric"]: row
                for row in rows
                if (row["type"], row["family"]) == (of_type["type"], model["family"])
            }
            for metric in ("precision", "balanced_accuracy", "roc_auc", "ece", "threshold"):
                assert float(found[metric]["value"]) == model["scores"][metric]
            ends = [float(found["roc_auc"][end]) for end in ("low", "high")]
            assert ends == model["scores"]["intervals"]["roc_auc"]
            better = bool(int(found["better_than_chance"]["value"]))
            assert better == model["scores"]["better_than_chance"]
    (whole,) = (
        row
        for row in rows
        if row["metric"] == "ten_way_accuracy"
        and (row["type"], row["collection"]) == ("spectral_contrast+tonnetz", "")
    )
    assert float(whole["value"]) == scores["together"]["ten_way"]["accuracy"]

    with (out / "confusion.csv").open(encoding="utf-8", newline="") as file:
        cells = list(csv.DictReader(file))
    tonnetz = [cell for cell in cells if cell["type"] == "tonnetz"]
    assert [(c["true"], c["named"]) for c in tonnetz] == [
        (a, b) for a in FAMILIES for b in FAMILIES
    ]
    counts = np.array([int(cell["n_notes"]) for cell in tonnetz]).reshape(10, 10)
    np.testing.assert_array_equal(counts, scores["types"][1]["ten_way"]["confusion"])
    shares = np.array([float(cell["share"]) for cell in tonnetz]).reshape(10, 10)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)

    page = (out / "figure4.html").read_text("utf-8")
    assert "Precision by family" in page
    assert "https://cdn" not in page.split("<body>")[0]  # needs no network
    assert imread(out / "figure4.png").shape == (630, 1650, 4)


def test_the_same_command_writes_the_same_scores(
    notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--data", notes, "--models", "tiny", "-t", "tonnetz", "--out")
    for out in ("a", "b"):
        assert _run(monkeypatch, *words, tmp_path / out) == 0
    for name in ("scores.csv", "confusion.csv", "scores.json", "figure4.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--all"], "20 of 40 instruments were trained on by the spectral_contrast models"),
        (["-t", "mfcc"], "the set 'tiny' has no mfcc model of bass"),
        (["-t", "mel"], "unknown spectrogram type 'mel'"),
        (["--family", "lute"], "unknown family 'lute'"),
        (["--models", "none"], "expected models in"),
    ],
)
def test_one_sentence_and_status_2(
    words: list[str],
    sentence: str,
    notes: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert _run(monkeypatch, "--data", notes, "--models", "tiny", *words) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("Error: ")
    assert sentence in error
    assert "\n" not in error


def test_a_folder_that_cannot_be_written_to(
    notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("a file")
    words = ("--data", notes, "--models", "tiny", "-t", "tonnetz", "--out", tmp_path / "taken")
    assert _run(monkeypatch, *words) == 2
    assert "the scores cannot be written to" in capsys.readouterr().err
