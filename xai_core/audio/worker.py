"""The program that decodes untrusted audio, in a process of its own.

Conventions
-----------
Started by :mod:`xai_core.audio.gate` as ``main(memory, cpu_seconds, max_bytes)``.
It first writes :data:`READY`. A request on its standard input is eight bytes, the
length of a file (big-endian), and the file. A reply on its standard output is
four bytes, the length of a JSON object, that object, and, if it has
``samples``, so many little-endian float32. The object has ``sr`` and ``edits``, or
``refused`` with the sentence for the user; and always ``cpu``, seconds spent, and
``peak``, the largest memory of this process so far in bytes (0 if unknown).

NumPy, soundfile, soxr and PyAV are all it loads: 48 MB and half a second.
"""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import sys
import time
from math import ceil

from xai_core.audio.containers import preload
from xai_core.audio.decoding import decode
from xai_core.errors import AudioError

__all__ = ["READY", "main"]

READY = b"TimbreLens audio worker 1\n"
PROC = "/proc/self/"  # Linux; elsewhere memory is not limited, only time
LATE_CODE = 10_000_000  # bytes of libraries that are mapped at first and touched later
GRACE = 0.5  # s of processor time between our own check and the end by the system


def main(memory: int, cpu_seconds: float, max_bytes: int) -> None:
    """Reply to requests until standard input ends.

    Parameters
    ----------
    memory : int
        Bytes that the process may use in all.
    cpu_seconds : float
        Processor time for one file.
    max_bytes : int
        Size of the largest file.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server
    requests, replies = sys.stdin.buffer, _private_output()
    preload()
    _limit_harm(memory)
    replies.write(READY)
    replies.flush()
    while len(head := requests.read(8)) == 8:
        content = requests.read(int.from_bytes(head, "big"))
        began = time.process_time()
        _limit_time(cpu_seconds + GRACE)
        about: dict[str, object]
        samples = memoryview(b"")
        try:
            waveform = decode(content, max_bytes=max_bytes, seconds=cpu_seconds)
        except AudioError as error:
            about = {"refused": str(error)}
        except MemoryError:
            about = {
                "refused": f"expected audio that is decoded within {memory / 1e6:.0f} MB of "
                "memory, got a file that needs more: is it damaged?"
            }
        else:
            samples = waveform.y.astype("<f4", copy=False).data.cast("B")
            about = {"sr": waveform.sr, "edits": waveform.edits, "samples": waveform.y.size}
        about |= {"cpu": time.process_time() - began, "peak": _peak()}
        header = json.dumps(about).encode()
        replies.write(len(header).to_bytes(4, "big") + header)
        replies.write(samples)
        replies.flush()


def _private_output() -> io.BufferedWriter:
    """Return the pipe to the gate; what a library prints goes nowhere."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for noisy in (1, 2):
        os.dup2(nowhere, noisy)
    return replies


def _limit_harm(memory: int) -> None:
    """Let the process grow to `memory` bytes, and write neither files nor core dumps."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        with open(PROC + "statm", encoding="ascii") as file:
            mapped, resident = (int(n) * resource.getpagesize() for n in file.read().split()[:2])
    except OSError:
        return
    room = max(0, memory - resident - LATE_CODE)
    resource.setrlimit(resource.RLIMIT_AS, (mapped + room,) * 2)


def _limit_time(seconds: float) -> None:
    """Let the system end this process (SIGXCPU) after so much more processor time."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    end = ceil(time.process_time() + seconds)
    if hard == resource.RLIM_INFINITY or end <= hard:
        resource.setrlimit(resource.RLIMIT_CPU, (end, hard))


def _peak() -> int:
    """Return the most memory this process has had resident, in bytes.

    ``getrusage`` would do for other systems only: on Linux its ``ru_maxrss`` begins
    at what the parent had when it started this process.
    """
    try:
        with open(PROC + "status", encoding="ascii") as file:
            line = next(line for line in file if line.startswith("VmHWM"))
            return int(line.split()[1]) * 1024
    except OSError:
        return 0
