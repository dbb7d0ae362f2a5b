"""Jobs that wait for each other: their order, what a failure costs, what is told."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from tests import grid_jobs
from xai_core.errors import TimbreLensError
from xai_core.grid import Job, JobsFailedError, run_jobs
from xai_core.values import Progress


def _job(folder: Path, name: str, *needs: str, **more: object) -> Job:
    return Job(name, grid_jobs.write, (folder, name), needs=needs, **more)  # type: ignore[arg-type]


def _written(folder: Path) -> list[str]:
    files = sorted(folder.iterdir(), key=lambda path: float(path.read_text().split()[0]))
    return [path.name for path in files]


def test_jobs_run_once_and_after_those_they_need(tmp_path: Path) -> None:
    jobs = [_job(tmp_path, "a"), _job(tmp_path, "b", "a"), _job(tmp_path, "c", "a", "b")]
    run_jobs(jobs)
    assert _written(tmp_path) == ["a", "b", "c"]
    assert [len((tmp_path / name).read_text().splitlines()) for name in "abc"] == [1, 1, 1]
    run_jobs([])


def test_a_failure_costs_only_the_jobs_that_need_it(tmp_path: Path) -> None:
    jobs = [
        Job("mfcc trunk", grid_jobs.fail, ("the disk is full",)),
        _job(tmp_path, "mfcc flute", "mfcc trunk"),
        _job(tmp_path, "calibration", "mfcc flute", anyway=True),
        _job(tmp_path, "stft flute"),
        Job("stft reed", grid_jobs.break_down),
    ]
    said: list[str] = []
    with pytest.raises(JobsFailedError) as caught:
        run_jobs(jobs, on_failure=said.append)
    assert said == [
        "mfcc trunk failed: the disk is full",
        "stft reed failed: ZeroDivisionError: in a step",
    ]
    assert _written(tmp_path) == ["calibration", "stft flute"]
    assert str(caught.value).startswith(
        "3 of 5 jobs failed or were left out (mfcc trunk, mfcc flute, stft reed)"
    )
    assert isinstance(caught.value, TimbreLensError)
    shown = "".join(traceback.format_exception(caught.value))  # as --debug shows it
    assert "InputError: the disk is full" in shown
    assert "in break_down" in shown


@pytest.mark.parametrize(("counted", "done"), [("epoch", [50, 100]), (None, [89, 89, 100])])
def test_messages_of_what_is_prepared_count_only_if_all_do(
    counted: str | None, done: list[int]
) -> None:
    events: list[Progress] = []
    run_jobs(
        [Job("a", grid_jobs.prepare_and_write, cost=100, counted=counted)],
        on_progress=events.append,
    )
    assert [event.done for event in events if event.kind == "run"] == done


def test_the_whole_is_told_by_cost(tmp_path: Path) -> None:
    events: list[Progress] = []
    jobs = [
        _job(tmp_path, "a", cost=100),
        Job("b", grid_jobs.break_down, cost=300),
        _job(tmp_path, "c", "b", cost=600),
    ]
    with pytest.raises(JobsFailedError):
        run_jobs(jobs, on_progress=events.append)
    assert [event for event in events if event.kind != "run"] == [
        Progress("epoch", "a", 1, 2, "loss 0.5"),
        Progress("epoch", "a", 2, 2, "loss 0.5"),
    ]
    overall = [event.done for event in events if event.kind == "run"]
    assert {event.total for event in events if event.kind == "run"} == {1000}
    assert overall == sorted(overall)
    assert overall[0] == 50  # half of a, less a hundredth for what comes after its last epoch
    assert overall[-1] == 1000  # what was left out is no work any more
