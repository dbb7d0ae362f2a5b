"""Processes of a test's own that begin with the large packages imported.

To import TensorFlow takes 7 s of a core, and more than most of what such a process
is started for. A process from here is forked from one that has imported what is
installed, computed nothing with it and imported nothing of the program: the child
imports the program anew, in a folder and an environment of its own, and can be
killed. Where forking after these imports is not safe, each child imports them itself.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["Forked", "run_forked"]

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("tensorflow", "keras", "librosa", "pandas", "plotly.graph_objects")
PACKAGES += ("scipy.stats", "sklearn.linear_model", "streamlit.testing.v1")
TIMEOUT = 300.0  # s, for a process to end
POLL = 0.02  # s, between two looks at what a process has printed

_context = multiprocessing.get_context("forkserver")
if sys.platform == "linux":
    _context.set_forkserver_preload(list(PACKAGES))


class Forked:
    """A process that runs a module, a script or a line of code, as ``python`` would.

    Parameters
    ----------
    words : sequence of str
        As on the command line of Python: ``["-m", "xai_core", "predict"]``,
        ``["-c", "print(1)"]``, or the path of a script; then the arguments.
    cwd : path
        Folder that it runs in and imports from.
    environ : mapping, optional
        Environment variables on top of the present ones.
    """

    def __init__(
        self, words: Sequence[str], *, cwd: Path = ROOT, environ: Mapping[str, str] | None = None
    ) -> None:
        self.words = list(words)
        self._folder = tempfile.TemporaryDirectory()
        self._printed = [Path(self._folder.name) / name for name in ("stdout", "stderr")]
        for path in self._printed:
            path.touch()
        variables = {**os.environ, **(environ or {})}
        given = (self.words, str(cwd), variables, [str(path) for path in self._printed])
        self._process = _context.Process(target=_begin, args=given)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def stdout(self) -> str:
        """What it has printed so far."""
        return self._printed[0].read_text(encoding="utf-8")

    @property
    def stderr(self) -> str:
        return self._printed[1].read_text(encoding="utf-8")

    def poll(self) -> int | None:
        """Return its exit status, minus a signal's number where one ended it; None before."""
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()

    def wait(self, timeout: float = TIMEOUT) -> int:
        """Wait until it ends, and return its exit status; kill it if it does not."""
        self._process.join(timeout)
        status = self._process.exitcode
        if status is None:
            self.kill()
            self._process.join()
            raise AssertionError(f"{self.words} did not end within {timeout:g} s:\n{self.stderr}")
        return status

    def lines(self) -> Iterator[str]:
        """Yield each line of its output when it is printed, until it ends."""
        with self._printed[0].open(encoding="utf-8") as file:
            line = ""
            while True:
                ended = self.poll() is not None
                line += file.readline()
                if line.endswith("\n"):
                    yield line
                    line = ""
                elif ended:
                    return
                else:
                    time.sleep(POLL)


def run_forked(
    *words: str,
    cwd: Path = ROOT,
    environ: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT,
) -> subprocess.CompletedProcess[str]:
    """Run Python with some words of its command line to the end."""
    process = Forked(words, cwd=cwd, environ=environ)
    status = process.wait(timeout)
    return subprocess.CompletedProcess(list(words), status, process.stdout, process.stderr)


def _begin(words: list[str], cwd: str, environ: dict[str, str], printed: list[str]) -> None:
    """Become the process: in the child, before anything of the program is imported."""
    for descriptor, path in zip((1, 2), printed, strict=True):
        os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND), descriptor)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", buffering=1, closefd=False)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(cwd)
    for name in list(sys.modules):  # what brought us here; a copy of the program has its own
        if name.partition(".")[0] in ("tests", "xai_core"):
            del sys.modules[name]
    sys.path[:] = [cwd, *(path for path in sys.path if Path(path or ".").resolve() != ROOT)]
    first, *rest = words
    variables: dict[str, Any] = {"__name__": "__main__"}
    if first == "-c":
        sys.argv = ["-c", *rest[1:]]
        exec(compile(rest[0], "<string>", "exec"), variables)
    elif first == "-m":
        sys.argv = list(rest)
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = list(words)
        sys.path.insert(0, str(Path(first).parent))
        runpy.run_path(first, run_name="__main__")
