"""A process that crashes, hangs, lies or cannot start: one sentence, and nothing is left of it."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from tests.audio.hostile import GOOD
from xai_core.audio import process
from xai_core.audio.gate import Gate
from xai_core.audio.process import Limits
from xai_core.audio.worker import READY
from xai_core.errors import AudioError, TimbreLensError

StandIn = Callable[..., Gate]

READ = "sys.stdin.buffer.read(8 + int.from_bytes(sys.stdin.buffer.read(8), 'big') - 8)\n"


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """Return ``stand_in(code, limits) -> Gate`` whose workers say hello and run some code."""
    gates = []

    def make(code: str, limits: Limits | None = None) -> Gate:
        hello = f"import os, sys, time\nos.write(1, {READY!r})\n"
        gates.append(Gate(limits, command=(sys.executable, "-I", "-c", hello + code)))
        return gates[-1]

    yield make
    for gate in gates:
        gate.close()


def pid_of(gate: Gate) -> int:
    (worker,) = gate._workers
    return worker.process.pid


def is_gone(pid: int) -> bool:
    """Whether a process has ended and was waited for: a zombie still has its number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), 11)", "os.abort()", "os._exit(3)"])
@pytest.mark.parametrize("read", ["", READ], ids=["unread", "read"])
def test_a_crash_is_said_in_a_sentence(stand_in: StandIn, end: str, read: str) -> None:
    gate = stand_in(read + end)
    gate.open(wait=True)
    pid = pid_of(gate)
    large = GOOD + bytes(1 << 20)  # more than a pipe holds
    with pytest.raises(AudioError, match="a file at which the decoder crashed: is it damaged"):
        gate.load(large)
    assert is_gone(pid)
    assert not gate._workers


@pytest.mark.parametrize("read", ["", READ], ids=["unread", "read"])
def test_a_decoder_that_hangs_is_ended_in_time(stand_in: StandIn, read: str) -> None:
    gate = stand_in(read + "time.sleep(60)", Limits(seconds=0.5))
    gate.open(wait=True)
    pid = pid_of(gate)
    began = time.perf_counter()
    with pytest.raises(AudioError, match=r"within 0\.5 s, got a file that takes longer"):
        gate.load(GOOD + bytes(1 << 20))
    assert 0.5 <= time.perf_counter() - began < 10.0
    assert is_gone(pid)


ANSWERS = {
    "nothing": b"",
    "a length of 4 GB": b"\xff\xff\xff\xff",
    "no JSON": b"\0\0\0\x03abc",
    "no object": b"\0\0\0\x02[]",
    "JSON nested to harm": (9_999).to_bytes(4, "big") + b"[" * 9_999,
}
for name, about in {
    "no cost": {"refused": "no"},
    "no rate": {"samples": 1, "edits": [], "cpu": 0.0, "peak": 0},
    "more samples than there may be": {
        "samples": 10**12, "sr": 8000, "edits": [], "cpu": 0.0, "peak": 0,
    },
    "samples below zero": {"samples": -1, "sr": 8000, "edits": [], "cpu": 0.0, "peak": 0},
    "a rate of 0": {"samples": 1, "sr": 0, "edits": [], "cpu": 0.0, "peak": 0},
    "infinite memory": {"refused": "no", "cpu": 0.0, "peak": float("inf")},
}.items():  # fmt: skip
    said = json.dumps(about).encode()
    ANSWERS[name] = len(said).to_bytes(4, "big") + said + b"\0\0\0\x3f"


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_believed_no_more_than_a_file(stand_in: StandIn, name: str) -> None:
    gate = stand_in(f"{READ}os.write(1, {ANSWERS[name]!r})\nos.close(1)\ntime.sleep(60)")
    with pytest.raises(AudioError, match="the decoder crashed"):
        gate.load(GOOD)


def test_samples_that_are_not_finite_do_not_pass(stand_in: StandIn) -> None:
    about = json.dumps({"samples": 1, "sr": 8000, "edits": [], "cpu": 0, "peak": 0}).encode()
    answer = len(about).to_bytes(4, "big") + about + b"\0\0\xc0\x7f"  # NaN
    gate = stand_in(f"{READ}os.write(1, {answer!r})\ntime.sleep(60)")
    with pytest.raises(AudioError, match="the decoder crashed"):
        gate.load(GOOD)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("/nowhere/python",), "cannot be started: .*No such file"),
        ((sys.executable, "-c", "raise SystemExit(5)"), "does not start [(]exit status 5[)]"),
        ((sys.executable, "-c", "print('hello')"), "does not start [(]exit status"),
    ],
)
def test_a_worker_that_cannot_start_is_a_fault_of_ours(command: tuple[str, ...], said: str) -> None:
    gate = Gate(command=command)
    for _ in range(3):  # more often than there are places
        with pytest.raises(TimbreLensError, match=said) as caught:
            gate.load(GOOD)
        assert not isinstance(caught.value, AudioError)
    assert not gate._workers


def test_a_worker_that_is_slow_to_start_is_given_up(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "START_SECONDS", 0.3)
    gate = Gate(command=(sys.executable, "-c", "import time; time.sleep(60)"))
    with pytest.raises(TimbreLensError, match="does not start"):
        gate.load(GOOD)
