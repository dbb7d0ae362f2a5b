"""A training run that is killed, really and in mid-epoch, ends as if it had not been."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.forked import Forked
from tests.model_sets.train_chords import (
    FAMILIES,
    MODELS,
    TYPE,
)

TRUNK_EPOCHS, BINARY_EPOCHS = 2, 2
ONE_THREAD = {  # so that every sum is made in the same order
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


def _train(folder: Path, *, kill_after: str = "") -> list[str]:
    """Run to the end, or to a SIGKILL as soon as a line begins and ends so; return epochs told."""
    words = ["-m", "tests.model_sets.train_chords", str(folder.parent / "notes")]
    words += [str(TRUNK_EPOCHS), str(BINARY_EPOCHS)]
    places = {f"TIMBRELENS_{name.upper()}": str(folder / name) for name in ("models", "cache")}
    process = Forked(words, environ={**ONE_THREAD, **places})
    epochs = []
    for line in process.lines():
        if "loss" not in line:
            continue
        epoch = f"{line.partition(' (')[0]} {line.split('| ')[1].strip()}"
        epochs.append(epoch)
        if epoch == kill_after:
            process.kill()
    assert process.wait() == (-signal.SIGKILL if kill_after else 0), process.stderr
    return epochs


def _model(folder: Path, family: str) -> Path:
    return folder / "models" / MODELS / TYPE / family


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_with_the_same_models(tmp_path: Path) -> None:
    whole = _train(tmp_path / "whole")
    stages = {"trunk": TRUNK_EPOCHS, **dict.fromkeys(FAMILIES, BINARY_EPOCHS)}
    expected = [f"{TYPE}: {name} {k}/{n}" for name, n in stages.items() for k in range(1, n + 1)]
    assert whole == expected

    told = []
    for kill_after in (f"{TYPE}: trunk 1/2", f"{TYPE}: flute 1/2", ""):
        part = _train(tmp_path / "killed", kill_after=kill_after)
        # the epoch after the last one told may have been whole, but not told of any more
        start = expected.index(part[0])
        assert start in (len(told), len(told) + 1)
        assert part == expected[start : start + len(part)]
        told += expected[len(told) : start + len(part)]
    assert told == expected

    for family in FAMILIES:
        one, other = (_model(tmp_path / name, family) for name in ("whole", "killed"))
        assert (one / "model.keras").read_bytes() == (other / "model.keras").read_bytes()
        assert json.loads((one / "card.json").read_text()) == json.loads(
            (other / "card.json").read_text()
        )
    for name in ("whole", "killed"):  # the trunk with its history; no epochs of finished jobs
        assert len(list((tmp_path / name / "cache").glob("[0-9a-f]*.cache"))) == 1
