"""Decoding of untrusted audio in a process of its own.

Conventions
-----------
A worker is a :class:`xai_core.audio.process.DecoderProcess`: it decodes one file at
a time and is kept for the next one. One that crashes, hangs or sends a malformed
reply is ended, waited for and replaced, and the visitor gets a sentence. All methods may
be called from any thread, and in a fork.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path

from xai_core.audio.decoding import check_size
from xai_core.audio.process import Decoded, DecoderProcess, Limits
from xai_core.errors import AudioError
from xai_core.values import Waveform

__all__ = ["Gate", "load_untrusted", "open_gate"]

ROOT = Path(__file__).resolve().parents[2]  # where xai_core is imported from
PROGRAM = (
    "import sys; sys.path[:] = sys.argv[4:]; from xai_core.audio.worker import main; "
    "main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))"
)


class Gate:
    """Worker processes that decode, started at the first file and kept for the next.

    Parameters
    ----------
    limits : Limits
    command : sequence of str, optional
        Program and arguments of a worker, where it is not ours.
    """

    def __init__(self, limits: Limits | None = None, *, command: Sequence[str] = ()) -> None:
        self.limits = limits or Limits()
        self._command = tuple(command) or _command(self.limits)
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(self.limits.workers)
        self._workers: set[DecoderProcess] = set()
        self._idle: list[DecoderProcess] = []
        _GATES.add(self)

    def open(self, *, wait: bool = False) -> None:
        """Start a worker, if there is none.

        Parameters
        ----------
        wait : bool
            Until it is ready.

        Raises
        ------
        TimbreLensError
            If it cannot be started.
        """
        with self._lock:
            if not self._workers:
                self._idle.append(self._start())
        if wait:
            with self._places:
                worker = self._take()
                try:
                    worker.wait_until_ready()
                finally:
                    self._put_back(worker)

    def close(self) -> None:
        """End the workers; the next file starts a new one."""
        with self._lock:
            workers, self._workers, self._idle = self._workers, set(), []
        for worker in workers:
            worker.end()

    def load(self, content: bytes) -> Waveform:
        """Decode an audio file, as :func:`xai_core.audio.load` does.

        Raises
        ------
        AudioError
            If it cannot be used, or not within the limits.
        TimbreLensError
            If no worker can be started.
        """
        decoded = self.measure(content)
        if decoded.waveform is None:
            raise AudioError(decoded.refusal)
        return decoded.waveform

    def measure(self, content: bytes) -> Decoded:
        """Decode an audio file and measure its cost; a refusal is a result here.

        Raises
        ------
        TimbreLensError
            If no worker can be started.
        """
        try:
            check_size(content, max_bytes=self.limits.max_bytes)
        except AudioError as error:
            return Decoded(None, str(error))
        with self._places:
            worker = self._take()
            try:
                worker.wait_until_ready()
                decoded = worker.decode(content, limits=self.limits)
            finally:  # also when Streamlit ends the script of a visitor who has left
                self._put_back(worker)
        return decoded

    def _take(self) -> DecoderProcess:
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.process.poll() is None:
                    return worker
                self._workers.discard(worker)
                worker.end()
            return self._start()

    def _put_back(self, worker: DecoderProcess) -> None:
        with self._lock:
            if worker in self._workers and worker.is_good:
                self._idle.append(worker)
                return
            self._workers.discard(worker)
        worker.end()

    def _start(self) -> DecoderProcess:
        worker = DecoderProcess(self._command)
        self._workers.add(worker)
        return worker

    def _forget(self) -> None:
        """Reset in a fork: workers, and perhaps held locks, belong to the parent process."""
        for worker in self._workers:
            worker.close_pipes()
            worker.process.returncode = 0  # not ours to wait for
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(self.limits.workers)
        self._workers, self._idle = set(), []


def load_untrusted(content: bytes) -> Waveform:
    """Decode an untrusted audio file.

    Parameters
    ----------
    content : bytes
        At most 10 MB, 10 minutes, 8 channels, 8 to 192 kHz.

    Returns
    -------
    Waveform
        The same, to the last bit, as :func:`xai_core.audio.load` gives.

    Raises
    ------
    AudioError
        As :func:`xai_core.audio.load`, and if decoding takes more than 200 MB,
        3.5 s of processor time or 20 s by the clock, or ends in a crash.
    TimbreLensError
        If the process that decodes cannot be started.
    """
    return _GATE.load(content)


def open_gate() -> None:
    """Start a decoding process ahead of the first file."""
    _GATE.open()


def _command(limits: Limits) -> tuple[str, ...]:
    """Return the command that runs a worker with the import path of this process."""
    path = [str(ROOT), *(str(Path(entry).resolve()) for entry in sys.path)]
    numbers = (limits.memory, limits.cpu_seconds, limits.max_bytes)
    return (sys.executable, "-I", "-c", PROGRAM, *map(str, numbers), *dict.fromkeys(path))


_GATES: weakref.WeakSet[Gate] = weakref.WeakSet()
_GATE = Gate()


def _close_all() -> None:
    for gate in list(_GATES):
        gate.close()


def _forget_all() -> None:
    for gate in list(_GATES):
        gate._forget()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_forget_all)
