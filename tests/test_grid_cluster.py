"""The grid on a real Dask cluster of two worker processes, one of which is killed."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests import grid_jobs
from tests.cluster import dask_cluster
from tests.model_sets.chords import write_chords
from xai_core import store
from xai_core.errors import InputError
from xai_core.grid import Job, JobsFailedError, run_jobs
from xai_core.model_sets.train import train_models
from xai_core.training import PRESETS
from xai_core.values import Progress

pytestmark = pytest.mark.slow

TYPES = ("tonnetz", "spectral_contrast")
FAMILIES = ("brass", "flute")
PRESET = replace(PRESETS["quick"], batch_size=4, trunk_epochs=4)


def test_all_models_arrive_though_a_worker_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {f"TIMBRELENS_{name.upper()}": str(tmp_path / name) for name in ("models", "cache")}
    for name, value in places.items():
        monkeypatch.setenv(name, value)
    records = write_chords(tmp_path / "notes")
    learning: dict[str, list[int]] = {}  # epochs of each job, as they are told
    killed = False
    with dask_cluster(tmp_path, n_workers=2, environ=places) as cluster:

        def on_progress(event: Progress) -> None:
            nonlocal killed
            if event.kind == "epoch":
                learning.setdefault(event.name, []).append(event.done)
            at_work = [epochs for epochs in learning.values() if max(epochs) >= 2]
            if len(at_work) == 2 and not killed:
                killed = True
                os.kill(cluster.workers[0].pid, signal.SIGKILL)

        train_models(
            records,
            types=TYPES,
            families=FAMILIES,
            models="grid",
            preset=PRESET,
            cluster=cluster.address,
            on_progress=on_progress,
        )
        assert cluster.workers[0].wait() == -signal.SIGKILL
        assert cluster.workers[1].poll() is None
    assert killed
    for name, epochs in learning.items():
        again = len(epochs) - len(set(epochs))
        assert again <= 1, f"{name} lost more than the epoch it was in: {epochs}"
    assert [set(learning[f"{type}: trunk"]) for type in TYPES] == [set(range(1, 5))] * 2
    assert store.available_models("grid") == dict.fromkeys(TYPES[::-1], FAMILIES)
    for type in TYPES:
        cards = [store.load_model(type, family, models="grid")[1] for family in FAMILIES]
        assert cards[0].training["calibration"] is not None
        assert cards[0].training["calibration"] == cards[1].training["calibration"]
        assert {len(card.training["history"]["loss"]) for card in cards} == {1}


def test_jobs_on_a_cluster_fail_and_wait_as_they_do_here(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    jobs = [
        Job("a", grid_jobs.write, (out, "a")),
        Job("b", grid_jobs.fail, ("the disk is full",)),
        Job("c", grid_jobs.write, (out, "c"), needs=("a",)),
        Job("d", grid_jobs.write, (out, "d"), needs=("b",)),
        Job("e", grid_jobs.break_down, needs=("a",)),
    ]
    said: list[str] = []
    events: list[Progress] = []
    with dask_cluster(tmp_path, n_workers=2) as cluster:
        with pytest.raises(JobsFailedError, match=r"3 of 5 jobs .*\(b, d, e\)") as caught:
            run_jobs(
                jobs,
                cluster=cluster.address,
                on_progress=events.append,
                on_failure=said.append,
            )
        assert sorted(said) == [
            "b failed: the disk is full",
            "e failed: ZeroDivisionError: in a step",
        ]
        assert "in break_down" in str(caught.value.__cause__)
        moments = {name: float((out / name).read_text().split()[0]) for name in "ac"}
        assert moments["a"] < moments["c"]
        assert Progress("epoch", "a", 2, 2, "loss 0.5") in events
        assert {path.name for path in out.iterdir()} == {"a", "c"}


def test_a_cluster_without_workers_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xai_core.grid.SECONDS_FOR_WORKERS", 1)
    with (
        dask_cluster(tmp_path, n_workers=0) as cluster,
        pytest.raises(InputError, match="has no workers: start some with `dask worker tcp://"),
    ):
        run_jobs([Job("a", grid_jobs.write, (tmp_path, "a"))], cluster=cluster.address)
