"""``compare`` as a user runs it: distances, files, one-sentence errors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.commands import FAMILIES, run_command
from xai_core.datasets.collection import read_collection
from xai_core.metrics import METRICS
from xai_core.pair_tables import METRIC_COLUMNS


@pytest.fixture(scope="module")
def pair(chords: Path) -> list[Path]:
    records = read_collection(chords)
    return [next(one.path for one in records if one.family == family) for family in FAMILIES]


def test_compare_writes_maps_difference_and_scores(
    pair: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["compare", *pair, "-t", "tonnetz", "-f", "flute", "--other-family", "organ"]
    words += ["--models", "tiny", "--out", tmp_path]
    assert run_command(monkeypatch, *words) == 0
    said = capsys.readouterr().out
    assert f"{pair[0].name}: probability of flute by its tonnetz model" in said
    assert f"{pair[1].name}: probability of organ by its tonnetz model" in said
    (npz,), (file,) = tmp_path.glob("*.npz"), tmp_path.glob("*.json")
    with np.load(npz) as arrays:
        a, b = arrays["a"].astype(np.float64), arrays["b"].astype(np.float64)
        assert a.shape == (126, 6) == (arrays["time"].size, arrays["bins"].size)
        np.testing.assert_allclose(arrays["difference"], a - b, rtol=1e-6, atol=1e-9)
    about = json.loads(file.read_text("utf-8"))
    assert list(about["scores"]) == list(METRIC_COLUMNS)
    for name, metric in METRICS.items():
        maps = (a, b) if name == "difference_mean" else (np.abs(a), np.abs(b))
        assert about["scores"][name] == pytest.approx(metric(*maps), rel=1e-12)
        assert f"{about['scores'][name]:.6g}" in said
    assert (about["a"]["family"], about["b"]["family"]) == FAMILIES
    assert about["a"]["settings"]["note_sha256"] != about["b"]["settings"]["note_sha256"]

    assert run_command(monkeypatch, *words[:-2], "--json") == 0
    assert json.loads(capsys.readouterr().out) == about
    assert run_command(monkeypatch, *words[:-2], "--method", "grad_cam", "--out", tmp_path) == 0
    assert len(list(tmp_path.glob("*.npz"))) == 2  # none is written over


def test_help_has_an_example(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(monkeypatch, "compare", "--help") == 0
    assert "Example: python -m xai_core compare " in capsys.readouterr().out


def test_compare_says_one_sentence_with_status_2(
    pair: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["-t", "tonnetz", "-f", "flute", "--models", "tiny"]
    assert run_command(monkeypatch, "compare", pair[0], tmp_path / "none.wav", *words) == 2
    assert "there is no file" in capsys.readouterr().err
    (tmp_path / "taken").write_text("a file")
    assert run_command(monkeypatch, "compare", *pair, *words, "--out", tmp_path / "taken") == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("Error: the results cannot be written to")
    assert "\n" not in error
