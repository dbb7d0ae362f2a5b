"""A full disk, and one that is read-only: results are right, nothing torn is left.

Conventions
-----------
The full disk is a tmpfs of 100 kB, the read-only one the same folder mounted again,
each in a mount namespace of its own, which needs Linux and root, or the right to
make namespaces.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from xai_core.places import ROOT, samples_folder

NOTE = next(iter(sorted(samples_folder().rglob("flute*.flac"))))
UNSHARE = ["unshare", "--mount", "--map-root-user"]
# Explains one note by five models, twice, on three disks: one that is full after a few maps, one
# with room, and that one read-only with two of its maps gone. Each in a process of its own,
# forked when what they need is imported.
PROGRAM = """
import hashlib, json, os, subprocess, sys
from pathlib import Path

import tensorflow

from xai_core import explain, store
from xai_core.errors import InputError
from xai_core.values import FAMILIES

note, root, small, large = sys.argv[1], *map(Path, sys.argv[2:])

def digests():
    found = {}
    for family in FAMILIES[:5]:
        values = explain(note, type="mfcc", family=family, n_steps=8).attribution.values
        found[family] = hashlib.sha256(values.tobytes()).hexdigest()
    return found

def use(cache):
    os.environ["TIMBRELENS_CACHE"] = str(cache)
    first, second = digests(), digests()
    try:
        store.keep_recording(bytes(300_000))
        refused = ""
    except InputError as error:
        refused = str(error)
    left = [path.name for path in cache.iterdir()]
    print(json.dumps({"first": first, "second": second, "left": left, "refused": refused}))

def in_a_child(cache):
    child = os.fork()
    if child == 0:
        try:
            use(cache)
            sys.stdout.flush()
            os._exit(0)
        finally:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0

def mount(*words):
    subprocess.run(["mount", *map(str, words)], check=True)

def make_read_only(folder, kind):
    mount(kind, folder, folder)
    mount("-o", "remount,bind,ro", folder)

mount("-t", "tmpfs", "-o", "size=100k", "none", small)
in_a_child(small)
in_a_child(large)
for path in sorted(large.glob("*.cache"))[:2]:
    path.unlink()
kept = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in large.iterdir()}
print(json.dumps(kept), flush=True)
make_read_only(root, "--rbind")
make_read_only(large, "--bind")
in_a_child(large)
"""


@pytest.fixture
def namespaces(tmp_path: Path) -> None:
    """Skip the test where nothing can be mounted."""
    command = [*UNSHARE, "sh", "-c", f"mount -t tmpfs none {tmp_path}"]
    if shutil.which("unshare") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("needs the right to make a mount namespace")


@pytest.mark.slow
@pytest.mark.usefixtures("namespaces")
def test_a_full_or_read_only_disk_costs_no_result_and_leaves_nothing_torn(tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.mkdir()
    large.mkdir()
    done = subprocess.run(
        [*UNSHARE, sys.executable, "-c", PROGRAM, str(NOTE), str(ROOT), str(small), str(large)],
        cwd=ROOT,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    assert "Traceback" not in done.stderr
    full, roomy, kept, fixed = (json.loads(line) for line in done.stdout.splitlines())
    assert full["first"] == full["second"] == roomy["first"] == roomy["second"]
    assert len(roomy["left"]) == 6  # five maps and a recording
    assert 0 < len(full["left"]) < 5
    assert all(name.endswith(".cache") for name in full["left"])  # nothing half-written
    assert roomy["refused"] == ""
    assert "cannot be kept" in full["refused"]
    assert "is the disk full or read-only?" in full["refused"]
    assert fixed["first"] == fixed["second"] == roomy["first"]
    assert len(kept) == 6 - 2
    assert set(fixed["left"]) == set(kept)
    assert kept == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in large.iterdir()
    }
    assert "cannot be kept" in fixed["refused"]
