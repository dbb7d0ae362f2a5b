"""``train`` as a user runs it: a process, what it prints, what lies there afterwards."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.cli.commands import run_command
from tests.forked import run_forked
from xai_core.cli.console import JobsProgress
from xai_core.training import PRESETS
from xai_core.values import Progress

ROOT = Path(__file__).resolve().parent.parent


def _train(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    places = {f"TIMBRELENS_{name.upper()}": str(folder / name) for name in ("models", "cache")}
    return run_forked("-m", "xai_core", "train", *words, environ={**places, "COLUMNS": "120"})


@pytest.mark.slow
def test_the_papers_preset_runs_end_to_end_on_real_notes(tmp_path: Path) -> None:
    words = ["--data", "samples", "-t", "tonnetz", "--family", "flute", "--models", "paper"]
    result = _train(tmp_path, *words, "--preset", "paper", "--epochs", "2")
    assert result.returncode == 0, result.stderr
    told = [line for line in result.stdout.splitlines() if line.startswith("tonnetz: flute (loss")]
    assert [line.partition(") ")[2][:3] for line in told] == ["1/2", "2/2"]

    folder = tmp_path / "models" / "paper" / "tonnetz" / "flute"
    card = json.loads((folder / "card.json").read_text())
    # three halvings of 126 frames, two of 6 bins, 128 filters, dense 256
    assert card["architecture"]["n_weights"] == 286_432 + 15 * 1 * 128 * 256 + 256 + 257
    training = card["training"]
    assert training["preset"] == PRESETS["paper"].with_epochs(2).for_type("tonnetz").as_dict()
    assert training["split"] == {
        "by": "instrument",
        "fractions": {"test": 0.2, "calibration": 0.1, "validation": 0.2},
        "seed": 0,
    }
    recipe = json.loads((ROOT / "samples" / "dataset.json").read_text())
    about = {"name": recipe["name"], "recipe_digest": recipe["recipe_digest"]}
    assert training["data_sets"] == [about]
    curves = {"loss", "accuracy", "val_loss", "val_accuracy", "val_balanced_accuracy"}
    assert set(training["history"]) == curves
    assert all(
        len(values) == 2 and np.isfinite(values).all() for values in training["history"].values()
    )
    parts = card["data"]
    assert set(parts) == set(training["notes"]) == {"train", "validation", "calibration", "test"}
    names = [set(part["instruments"]) for part in parts.values()]
    assert len(set.union(*names)) == sum(map(len, names))  # no instrument is in two parts
    assert card["scores"]["n_positive"] > 0

    again = _train(tmp_path, *words, "--preset", "paper", "--epochs", "2")
    assert again.returncode == 0
    assert "loss" not in again.stdout  # nothing is learnt anew


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["-t", "kazoo"], "unknown spectrogram type 'kazoo'"),
        (["--preset", "fast"], "unknown preset 'fast': choose one of standard, quick, paper"),
        (["--epochs", "0"], "Invalid value for '--epochs'"),
        (["--cluster", "here", "-t", "mfcc"], "such as tcp://192.168.0.7:8786, got 'here'"),
        (["--cluster", "tcp://127.0.0.1:1", "-t", "mfcc"], "could not reach one"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    words: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("xai_core.grid.SECONDS_TO_CONNECT", 1)
    for name in ("models", "cache"):
        monkeypatch.setenv(f"TIMBRELENS_{name.upper()}", str(tmp_path / name))
    assert run_command(monkeypatch, "train", "--data", ROOT / "samples", *words) == 2
    said = capsys.readouterr().err
    lines = said.strip().splitlines()
    assert len(lines) == 1, said
    assert sentence in lines[0]


def test_a_log_has_a_line_for_each_epoch_with_the_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([100.0, 160.0, 160.0 + 7200.0])
    monkeypatch.setattr("xai_core.cli.console.time.monotonic", lambda: next(clock))
    with JobsProgress() as bars:
        bars.show(Progress("run", "all jobs", 0, 1000))
        bars.show(Progress("epoch", "mfcc: trunk", 1, 24, "loss 1.0"))
        bars.show(Progress("run", "all jobs", 10, 1000))  # a hundredth in a minute
        bars.show(Progress("epoch", "mfcc: trunk", 2, 24, "loss 0.9"))
        bars.show(Progress("step", "mfcc: spectrograms (train)", 5, 10))
        bars.show(Progress("run", "all jobs", 500, 1000))  # half in 7260 s
        bars.show(Progress("epoch", "mfcc: trunk", 3, 24, "loss 0.8"))
    assert capsys.readouterr().out.splitlines() == [
        "mfcc: trunk (loss 1.0) 1/24",
        "mfcc: trunk (loss 0.9) 2/24, about 1 h 39 min left",
        "mfcc: trunk (loss 0.8) 3/24, about 2 h 1 min left",
    ]
