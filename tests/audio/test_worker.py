"""The program in the process: what it loads, what it may use, what it keeps to itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.audio.hostile import GOOD
from xai_core import audio
from xai_core.audio import gate as gate_module
from xai_core.audio.gate import Gate
from xai_core.audio.process import Limits

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="limits are those of Linux")
Altered = Callable[..., Gate]

# The real worker with another decoder: `first` runs at files whose last byte is 1.
ALTERED = """
import sys; sys.path[:] = sys.argv[4:]
import os
from xai_core.audio import worker
decode = worker.decode
def altered(content, **limits):
    if content[-1] == 1:
        {first}
    return decode(content, **limits)
worker.decode = altered
worker.main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
"""
MARKED = GOOD + b"\1"


@pytest.fixture
def altered(monkeypatch: pytest.MonkeyPatch) -> Iterator[Altered]:
    """Return ``altered(first, limits) -> Gate``, whose decoder does something else first."""
    gates = []

    def make(first: str, limits: Limits | None = None) -> Gate:
        monkeypatch.setattr(gate_module, "PROGRAM", ALTERED.format(first=first))
        gates.append(Gate(limits))
        return gates[-1]

    yield make
    for gate in gates:
        gate.close()


def test_it_loads_nothing_heavy() -> None:
    heavy = "tensorflow keras streamlit librosa scipy pandas numba plotly sklearn"
    code = f"import sys, xai_core.audio.worker; print(set({heavy.split()!r}) & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@on_linux
def test_it_starts_in_60_mb() -> None:
    gate = Gate()
    peak = gate.measure(GOOD).peak
    gate.close()
    assert peak is not None
    assert 10e6 < peak < 60e6


@on_linux
def test_memory_is_limited(altered: Altered) -> None:
    gate = altered("hoard = bytearray(100_000_000)")
    assert gate.load(MARKED).y.size == 1600  # 100 MB are granted
    gate = altered("hoard = bytearray(200_000_000)")
    passage = gate.measure(MARKED)
    assert "decoded within 200 MB of memory, got a file that needs more" in passage.refusal
    assert passage.peak is not None
    assert passage.peak < 200e6
    assert gate.load(GOOD).y.size == 1600


@on_linux
def test_memory_that_grows_by_little_stays_within_the_limit(altered: Altered) -> None:
    gate = altered("hoard = []\n        while True: hoard.append(bytearray(50_000))")
    passage = gate.measure(MARKED)
    assert "needs more" in passage.refusal
    assert passage.peak is not None
    assert 150e6 < passage.peak <= 200e6


def test_processor_time_is_limited_where_the_decoder_never_comes_back(altered: Altered) -> None:
    gate = altered("while True: pass", Limits(cpu_seconds=0.5, seconds=60.0))
    passage = gate.measure(MARKED)
    assert "within 0.5 s, got a file that takes longer: is it damaged" in passage.refusal
    assert gate.load(GOOD).y.size == 1600


def test_processor_time_is_counted_for_each_file_anew(altered: Altered) -> None:
    busy = "import time; end = time.process_time() + 0.4\n"
    busy += "        while time.process_time() < end: pass"
    gate = altered(busy, Limits(cpu_seconds=0.5, seconds=60.0))
    (first,) = {gate.measure(MARKED).refusal for _ in range(6)}  # 2.4 s in one process
    assert first == ""
    assert gate.measure(MARKED).cpu_seconds == pytest.approx(0.4, abs=0.2)


def test_what_a_library_prints_does_not_reach_the_answer(altered: Altered) -> None:
    gate = altered("print('noise', flush=True); os.write(1, b'x' * 9999); os.write(2, b'y')")
    assert (gate.load(MARKED).y == audio.load(GOOD).y).all()


@on_linux
def test_it_writes_no_file(altered: Altered, tmp_path: Path) -> None:
    target = tmp_path / "written"
    gate = altered(f"os.write(os.open({str(target)!r}, os.O_CREAT | os.O_WRONLY), b'x')")
    assert "the decoder crashed" in gate.measure(MARKED).refusal  # "File too large"
    assert target.stat().st_size == 0
