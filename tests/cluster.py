"""A Dask cluster of processes on this machine, whose workers a test can kill."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.forked import Forked

SECONDS_TO_START = 60


@dataclass(frozen=True)
class Cluster:
    """Address of the scheduler, and the worker processes."""

    address: str
    workers: tuple[Forked, ...]


@contextmanager
def dask_cluster(
    folder: Path, *, n_workers: int, environ: Mapping[str, str] | None = None
) -> Iterator[Cluster]:
    """Start a scheduler and workers without nannies, who would start dead ones again."""
    place = folder / "scheduler.json"
    started: list[Forked] = []

    def start(*words: str) -> Forked:
        started.append(Forked(["-m", "dask", *words], environ=environ))
        return started[-1]

    try:
        words = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        start("scheduler", *words, "--scheduler-file", str(place))
        until = time.monotonic() + SECONDS_TO_START
        while not place.exists():
            assert time.monotonic() < until, "the scheduler did not start"
            time.sleep(0.1)
        address = json.loads(place.read_text())["address"]
        words = [address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        workers = [
            start("worker", *words, "--local-directory", str(folder)) for _ in range(n_workers)
        ]
        yield Cluster(address, tuple(workers))
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()
