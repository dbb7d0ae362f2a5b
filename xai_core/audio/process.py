"""One process that decodes audio, and the protocol it is driven by.

Conventions
-----------
The process runs :mod:`xai_core.audio.worker`, which documents the protocol. It is
trusted no more than the files it decodes: its replies are bounded and checked,
and it is killed when it takes too long. Times are in seconds, sizes in
bytes.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from signal import SIGXCPU
from typing import IO

import numpy as np

from xai_core.audio.decoding import KEPT_SAMPLES, MAX_BYTES
from xai_core.audio.worker import READY
from xai_core.errors import TimbreLensError
from xai_core.values import Waveform

__all__ = ["Decoded", "DecoderProcess", "Limits"]

START_SECONDS = 60.0  # for a process to start, on a machine that does much else
MAX_HEADER = 10_000  # bytes of a reply without its samples
FILES_EACH = 200  # decoders leak a little at damaged files
PIPE = 1 << 20  # bytes; with the 64 KB of Linux, a file takes more switches between processes
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
MALFORMED = (ValueError, KeyError, TypeError, OverflowError, RecursionError)  # of a bad reply


@dataclass(frozen=True)
class Limits:
    """What one file may cost.

    Parameters
    ----------
    max_bytes : int
        Size of the file.
    memory : int
        Bytes of the whole worker, 48 MB of Python and its libraries included.
    cpu_seconds : float
        Processor time; up to 1.5 s more where the decoder never comes back.
    seconds : float
        By the clock, however much other work the machine has.
    workers : int
        Files decoded at the same time; others wait.
    """

    max_bytes: int = MAX_BYTES
    memory: int = 200_000_000
    cpu_seconds: float = 3.5
    seconds: float = 20.0
    workers: int = 2


@dataclass(frozen=True, eq=False)
class Decoded:
    """The result of decoding one file, and its cost.

    Parameters
    ----------
    waveform : Waveform or None
    refusal : str
        The sentence for the user, or "".
    cpu_seconds : float or None
        None where the worker ended without a reply, or got no request.
    peak : int or None
        The worker's largest memory up to now, in bytes.
    """

    waveform: Waveform | None
    refusal: str = ""
    cpu_seconds: float | None = None
    peak: int | None = None


class DecoderProcess:
    """A worker process that decodes one file after the other."""

    def __init__(self, command: Sequence[str]) -> None:
        threads = dict.fromkeys(THREADS, "1")  # too little arithmetic for more
        try:
            self.process = subprocess.Popen(
                command,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **threads},
            )
        except OSError as error:
            raise TimbreLensError(f"the audio decoder cannot be started: {error}") from error
        _widen(self.process.stdin, self.process.stdout)
        self.is_good = True
        self._ready = False
        self._files = 0

    def wait_until_ready(self) -> None:
        """Wait for the process to have started."""
        if self._ready:
            return
        self.is_good = False
        with _Deadline(START_SECONDS, self.process.kill):
            try:
                first = bytes(self._read(len(READY)))
            except EOFError:
                first = b""
        if first != READY:
            self.end()
            raise TimbreLensError(
                f"the audio decoder does not start (exit status {self.process.returncode}): "
                "are soundfile, soxr and av installed?"
            )
        self.is_good = self._ready = True

    def decode(self, content: bytes, *, limits: Limits) -> Decoded:
        """Send a file and return the result."""
        self._files += 1
        self.is_good = False  # until it has replied
        with _Deadline(limits.seconds, self.process.kill) as deadline:
            try:
                self._write(len(content).to_bytes(8, "big"))
                self._write(content)
                decoded = self._read_reply()
            except (OSError, EOFError, *MALFORMED):
                decoded = None
        if decoded is None or deadline.passed:
            self.end()
            return Decoded(
                None, _failure_sentence(self.process.returncode, limits, late=deadline.passed)
            )
        self.is_good = self._files < FILES_EACH
        return decoded

    def end(self) -> None:
        """Kill the process and wait for it, so that no zombie is left."""
        self.is_good = False
        self.process.kill()
        self.process.wait()
        self.close_pipes()

    def close_pipes(self) -> None:
        """Close the pipes; a process that is not killed ends by itself."""
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()

    def _read_reply(self) -> Decoded:
        """Read and check a reply."""
        length = int.from_bytes(self._read(4), "big")
        if length > MAX_HEADER:
            raise ValueError("a reply with too long a header")
        header = json.loads(self._read(length))
        cost = (float(header["cpu"]), int(header["peak"]))
        if "refused" in header:
            return Decoded(None, str(header["refused"]), *cost)
        samples = int(header["samples"])
        if not 0 < samples <= KEPT_SAMPLES:
            raise ValueError("a reply with too many samples, or none")
        y = np.frombuffer(self._read(4 * samples), "<f4")
        edits = tuple(str(edit) for edit in header["edits"])
        return Decoded(Waveform(y, int(header["sr"]), edits), "", *cost)

    def _write(self, content: bytes) -> None:
        assert self.process.stdin is not None
        rest = memoryview(content)
        while rest:
            rest = rest[self.process.stdin.write(rest) :]

    def _read(self, n: int) -> bytearray:
        assert self.process.stdout is not None
        content = bytearray(n)
        rest = memoryview(content)
        while rest:
            got = self.process.stdout.readinto(rest)  # type: ignore[attr-defined]
            if not got:
                raise EOFError
            rest = rest[got:]
        return content


class _Deadline:
    """Call something unless the block ends in time."""

    def __init__(self, seconds: float, act: Callable[[], None]) -> None:
        self.passed = False
        self._act = act
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True

    def _pass(self) -> None:
        with self._lock:
            if not self._timer.finished.is_set():
                self.passed = True
                self._act()

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._timer.cancel()


def _widen(*pipes: IO[bytes] | None) -> None:
    """Enlarge pipes where the system permits it, for speed."""
    command = getattr(fcntl, "F_SETPIPE_SZ", None)  # Linux
    for pipe in pipes:
        if command is not None and pipe is not None:
            with suppress(OSError):
                fcntl.fcntl(pipe, command, PIPE)


def _failure_sentence(status: int | None, limits: Limits, *, late: bool) -> str:
    """Return the sentence for a file whose worker had to be ended or crashed."""
    if late:
        return (
            f"expected audio that is decoded within {limits.seconds:g} s, got a file that takes "
            "longer: is it damaged, or this computer very busy?"
        )
    if status == -SIGXCPU:
        return (
            f"expected audio that is decoded within {limits.cpu_seconds:g} s, got a file that "
            "takes longer: is it damaged?"
        )
    return (
        "expected audio that can be decoded, got a file at which the decoder crashed: "
        "is it damaged? opening it in an audio editor and saving it again may help"
    )
