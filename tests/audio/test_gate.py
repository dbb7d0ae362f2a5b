"""The gate gives what decoding here gives, keeps its workers warm and leaves none behind."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.audio.containers import DATA, flac
from tests.audio.hostile import GOOD
from tests.audio.signals import encode, sine
from tests.audio.test_process import is_gone, pid_of
from tests.audio.trial import PATIENCE
from xai_core import audio
from xai_core.audio import process
from xai_core.audio.gate import Gate
from xai_core.audio.process import Limits
from xai_core.errors import AudioError

ROOT = Path(__file__).parents[2]
STEREO = np.stack([sine(1.0, 44_100), sine(1.0, 44_100, 500.0)], 1)
FILES = {
    "WAV": encode(sine(1.0)),
    "FLAC in stereo": encode(STEREO, 44_100, format="FLAC", subtype="PCM_24"),
    "AIFF": encode(sine(1.0), format="AIFF", subtype="PCM_16"),
    "OGG": (DATA / "a440.ogg").read_bytes(),
    "MP3": (DATA / "a440.mp3").read_bytes(),
    "ten minutes at 192 kHz": flac(1757, rate=192_000),
}


@pytest.fixture
def gate() -> Iterator[Gate]:
    opened = Gate(Limits(seconds=PATIENCE))
    yield opened
    opened.close()


@pytest.mark.parametrize("name", FILES)
def test_what_comes_through_is_what_decoding_here_gives(gate: Gate, name: str) -> None:
    here, there = audio.load(FILES[name]), gate.load(FILES[name])
    assert (there.sr, there.edits) == (here.sr, here.edits)
    np.testing.assert_array_equal(there.y, here.y)
    assert not there.y.flags.writeable


@pytest.mark.parametrize("content", [b"", b"text", GOOD[:40], bytes(10 * 2**20 + 1)])
def test_a_refusal_is_the_sentence_of_decoding_here(gate: Gate, content: bytes) -> None:
    with pytest.raises(AudioError) as here:
        audio.load(content)
    with pytest.raises(AudioError) as there:
        gate.load(content)
    assert str(there.value) == str(here.value)


def test_the_size_is_checked_before_anything_is_started() -> None:
    gate = Gate(Limits(max_bytes=3_000_000), command=("/nowhere",))
    for content in (b"", bytes(3_000_001)):
        assert gate.measure(content).refusal
    with pytest.raises(AudioError, match=r"at most 3 MB, got 2\.9 MB"):
        gate.load(bytes(3_000_001))


def test_a_worker_is_kept_and_replaced_in_time(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "FILES_EACH", 3)
    pids = []
    for _ in range(2):
        gate.load(GOOD)
        pids.append(pid_of(gate))
    gate.load(GOOD)
    assert pids[0] == pids[1]
    assert is_gone(pids[0])
    gate.load(GOOD)
    assert pid_of(gate) != pids[0]


def test_a_worker_that_died_idle_is_replaced_unseen(gate: Gate) -> None:
    gate.load(GOOD)
    pid = pid_of(gate)
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.2)
    assert gate.load(GOOD).y.size == 1600
    assert is_gone(pid)


def test_a_worker_that_dies_at_work_costs_a_sentence_and_no_more(gate: Gate) -> None:
    gate.open(wait=True)
    pid = pid_of(gate)
    killer = threading.Timer(0.1, os.kill, (pid, signal.SIGKILL))
    killer.start()
    bomb = flac(1700, rate=192_000, channels=8)  # takes more than a second
    assert "the decoder crashed" in gate.measure(bomb).refusal
    killer.join()
    assert is_gone(pid)
    assert gate.load(GOOD).y.size == 1600


def test_many_visitors_share_two_workers(gate: Gate) -> None:
    expected = {name: audio.load(FILES[name]).y for name in ("WAV", "OGG", "MP3")}
    wrong: list[str] = []
    most = []

    def visit(seed: int) -> None:
        for i in range(10):
            name = list(expected)[(seed + i) % 3]
            if not np.array_equal(gate.load(FILES[name]).y, expected[name]):
                wrong.append(name)
            most.append(len(gate._workers))

    threads = [threading.Thread(target=visit, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(most), wrong) == (80, [])
    assert max(most) <= 2


def run(code: str, **options: object) -> str:
    """Run a script in a process of its own, from the top folder, and return what it prints."""
    head = f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom pathlib import Path\n"
    head += f"good = Path({str(DATA / 'a440.mp3')!r}).read_bytes()\n"
    head += "from xai_core.audio import gate\n"
    done = subprocess.run(
        [sys.executable, "-c", head + code], capture_output=True, text=True, check=True, **options
    )  # type: ignore[call-overload]
    assert done.stderr == ""
    return str(done.stdout)


PID = "print(next(iter(gate._GATE._workers)).process.pid, flush=True)\n"


def test_a_fork_has_workers_of_its_own_and_leaves_the_parents_alone() -> None:
    code = f"""
import os
n = gate.load_untrusted(good).y.size
{PID}
if os.fork() == 0:
    assert gate.load_untrusted(good).y.size == n
    {PID}
    gate._GATE.close()
    os._exit(0)
assert os.wait()[1] == 0
assert gate.load_untrusted(good).y.size == n
{PID}
"""
    before, forked, after = run(code).split()
    assert before == after != forked
    assert is_gone(int(before))
    assert is_gone(int(forked))


def test_no_worker_outlives_the_server_however_it_ends(tmp_path: Path) -> None:
    ends = ("", "import os; os.kill(os.getpid(), 15)", "import os; os.kill(os.getpid(), 9)")
    for end in ends:
        script = f"gate.load_untrusted(good)\n{PID}try:\n    {end or 'pass'}\nfinally:\n    pass"
        try:
            said = run(script, cwd=tmp_path)  # from another folder too
        except subprocess.CalledProcessError as error:
            said = error.stdout
        pid = int(said)
        for _ in range(100):
            if is_gone(pid):
                break
            time.sleep(0.1)
        assert is_gone(pid), end


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_bomb_costs_the_server_no_more_than_the_sound_in_it() -> None:
    bomb = flac(1757, rate=192_000)  # 24 KB; 460 MB as it is stored
    code = f"""
def megabytes(what):
    return next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith(what)) / 1e3
gate.load_untrusted(good)
before = megabytes("VmRSS")
y = gate.load_untrusted(bytes.fromhex("{bomb.hex()}")).y
print(megabytes("VmHWM") - before, y.nbytes / 1e6)
"""
    peak, sound = map(float, run(code).split())
    assert sound == pytest.approx(38.4, abs=0.1)
    assert peak < 100.0  # MB: once as it comes, once as it is kept


def test_the_pages_bring_what_visitors_bring_through_the_gate() -> None:
    for path in (ROOT / "xai_core" / "ui").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("xai_core.aud"):
                names = {alias.name for alias in node.names}
                assert not names & {"load", "decode", "decoding"}, path.name
