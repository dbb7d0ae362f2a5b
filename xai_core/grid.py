"""Many jobs that wait for each other: one after the other here, or side by side on a Dask cluster.

Conventions
-----------
A job is a function at the top of a module with its arguments, so that it can be
sent to another process. It returns nothing: it writes its results to shared
folders, and reads there what an interrupted run has written, so it can be run any
number of times. A job that fails is reported, and only the jobs that need it are
left out. A job whose worker dies is given to another worker.
"""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from threading import Lock
from typing import Any
from uuid import uuid4

from xai_core.errors import InputError, TimbreLensError
from xai_core.values import OnProgress, Progress

__all__ = ["Failure", "Job", "JobsFailedError", "run_jobs"]

SECONDS_TO_CONNECT = 10
SECONDS_FOR_WORKERS = 60
SECONDS_BETWEEN_EVENTS = 0.5  # of one job, so that events do not load the cluster
ADDRESS = re.compile(r"(tcp|tls|ws|wss)://\S+:\d{1,5}")

_one_at_a_time = Lock()  # one job at a time in a worker process: each uses all its cores


@dataclass(frozen=True, eq=False)
class Job:
    """One piece of work.

    Parameters
    ----------
    name : str
        Unique, and good in a sentence: "mfcc flute".
    function : callable
        Called as ``function(*arguments, on_progress=...)``.
    arguments : tuple
    needs : tuple of str
        Names of jobs that must have ended before.
    anyway : bool
        Run even if some of those failed.
    cost : int
        How long it takes, in any unit that the jobs share, for the time left.
    counted : str, optional
        Kind of the events that measure how much of the job is done, such as
        ``"epoch"``; the other events are of its preparation, which takes little
        time. Every event counts if not given.
    """

    name: str
    function: Callable[..., None]
    arguments: tuple[Any, ...] = ()
    needs: tuple[str, ...] = ()
    anyway: bool = False
    cost: int = 1
    counted: str | None = None


@dataclass(frozen=True, eq=False)
class Failure:
    """A job that failed: a sentence for the user, and the traceback."""

    name: str
    sentence: str
    details: str


class JobsFailedError(TimbreLensError):
    """Some jobs of a run failed; the others are done."""

    def __init__(self, failures: Sequence[Failure], n_jobs: int) -> None:
        names = ", ".join(failure.name for failure in failures)
        super().__init__(
            f"{len(failures)} of {n_jobs} jobs failed or were left out ({names}): the others are "
            "done, and the same command goes on from there"
        )
        details = "\n".join(failure.details for failure in failures if failure.details)
        if details:
            self.__cause__ = RuntimeError(f"what happened in these jobs\n{details}")


def run_jobs(
    jobs: Sequence[Job],
    *,
    cluster: str | None = None,
    on_progress: OnProgress = lambda event: None,
    on_failure: Callable[[str], None] = lambda sentence: None,
) -> None:
    """Run jobs, each as soon as those that it needs have ended.

    Parameters
    ----------
    jobs : sequence of Job
        A job comes after those that it needs.
    cluster : str, optional
        Address of a Dask scheduler, ``tcp://host:port``; by default jobs run
        in this process, in their order.
    on_progress : callable
        Called with the events of the jobs and, as kind ``run``, with the cost
        of all that is done. With a cluster it is called from another thread.
    on_failure : callable
        Called with one sentence as soon as a job fails.

    Raises
    ------
    JobsFailedError
        At the end, if any job failed.
    InputError
        If there is no scheduler at the address, or no worker comes.
    """
    board = _Board(jobs, on_progress, on_failure)
    if cluster is None:
        while (job := board.take()) is not None:
            try:
                job.function(*job.arguments, on_progress=board.progress_of(job))
            except Exception as error:
                board.end(job, error)
            else:
                board.end(job)
    elif jobs:
        _run_on(cluster, board)
    if board.failures:
        order = {job.name: k for k, job in enumerate(jobs)}
        failures = sorted(board.failures, key=lambda failure: order[failure.name])
        raise JobsFailedError(failures, len(jobs))


@dataclass(eq=False)
class _Board:
    """Which jobs wait, which have ended, and how much is done."""

    jobs: Sequence[Job]
    on_progress: OnProgress
    on_failure: Callable[[str], None]
    failures: list[Failure] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)
    _ended: dict[str, bool] = field(default_factory=dict)  # whether well
    _share: dict[str, float] = field(default_factory=dict)  # of each job that is done

    def take(self) -> Job | None:
        """Return the next job that can be run, or None while there is none."""
        for job in self.jobs:
            if job.name in self._taken or any(name not in self._ended for name in job.needs):
                continue
            self._taken.add(job.name)
            missed = [name for name in job.needs if not self._ended[name]]
            if job.anyway or not missed:
                return job
            self._ended[job.name] = False
            sentence = f"{job.name} was left out, since {missed[0]} failed"
            self.failures.append(Failure(job.name, sentence, ""))
            self.report(job.name, 1.0)
        return None

    def end(self, job: Job, error: BaseException | None = None) -> None:
        """Note that a job has ended, well or with an error."""
        self._ended[job.name] = error is None
        self.report(job.name, 1.0)
        if error is None:
            return
        reason = str(error) if isinstance(error, TimbreLensError) else _described(error)
        sentence = f"{job.name} failed: {reason}"
        details = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        self.failures.append(Failure(job.name, sentence, f"{job.name}: {details}"))
        self.on_failure(sentence)

    def progress_of(self, job: Job) -> OnProgress:
        """Return the callback for the events of one job."""

        def on_progress(event: Progress) -> None:
            if job.counted in (None, event.kind):
                self.report(job.name, 0.99 * event.done / max(event.total, 1))
            self.on_progress(event)

        return on_progress

    def report(self, name: str, share: float) -> None:
        """Report how much of all jobs is done now that `share` of one is."""
        self._share[name] = max(share, self._share.get(name, 0.0))
        done = sum(job.cost * self._share.get(job.name, 0.0) for job in self.jobs)
        total = sum(job.cost for job in self.jobs)
        self.on_progress(Progress("run", "all jobs", round(done), total))


def _described(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


# --------------------------------------------------------------------- cluster


def _run_on(address: str, board: _Board) -> None:
    from dask.distributed import as_completed

    with _connected(address) as client:
        topic = f"timbrelens-{uuid4().hex}"
        by_name = {job.name: job for job in board.jobs}
        callbacks = {name: board.progress_of(job) for name, job in by_name.items()}

        def receive(message: tuple[float, Mapping[str, Any]]) -> None:
            _, content = message
            callbacks[content["job"]](Progress(**content["event"]))

        client.subscribe_topic(topic, receive)
        running: dict[Any, Job] = {}
        completed = as_completed(loop=client.loop)

        def submit() -> None:
            while (job := board.take()) is not None:
                future = client.submit(
                    _on_worker, job.name, job.function, job.arguments, topic, pure=False
                )
                running[future.key] = job
                completed.add(future)

        submit()
        for future in completed:
            board.end(running.pop(future.key), _error_of(future))
            submit()
        client.unsubscribe_topic(topic)


def _connected(address: str) -> Any:
    if not ADDRESS.fullmatch(address):
        raise InputError(
            "expected the address of a Dask scheduler, such as tcp://192.168.0.7:8786, got "
            f"{address!r}"
        )
    from dask.distributed import Client

    try:
        client = Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except OSError as error:
        raise InputError(
            f"expected a Dask scheduler at {address}, could not reach one ({_described(error)}): "
            "is it running, and is the address that of `dask scheduler`?"
        ) from error
    try:
        client.wait_for_workers(1, timeout=SECONDS_FOR_WORKERS)
    except OSError as error:
        client.close()
        raise InputError(
            f"the Dask cluster at {address} has no workers: start some with "
            f"`dask worker {address} --nthreads 1`"
        ) from error
    return client


def _error_of(future: Any) -> BaseException | None:
    """Return the error that a job ended with, if any; a job is tried on three workers."""
    if future.status == "finished":
        return None
    error = future.exception()
    if type(error).__name__ == "KilledWorker":
        return TimbreLensError("every worker that tried it died: was there too little memory?")
    return error if isinstance(error, BaseException) else TimbreLensError("it was cancelled")


def _on_worker(
    name: str, function: Callable[..., None], arguments: tuple[Any, ...], topic: str
) -> None:
    """Run one job in a worker, and send its events to the client."""
    from dask.distributed import get_worker

    worker = get_worker()
    last = 0.0

    def on_progress(event: Progress) -> None:
        nonlocal last
        must_send = event.kind == "epoch" or event.done == event.total
        if must_send or time.monotonic() - last > SECONDS_BETWEEN_EVENTS:
            last = time.monotonic()
            with suppress(OSError):
                worker.log_event(topic, {"job": name, "event": asdict(event)})

    with _one_at_a_time:
        function(*arguments, on_progress=on_progress)
