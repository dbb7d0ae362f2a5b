"""A full disk, and one that is read-only: results are right, nothing torn is left.

Conventions
-----------
The full disk is a tmpfs of 200 kB, the read-only one the same folder mounted again,
each in a mount namespace of its own, which needs Linux and root, or the right to
make namespaces.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from xai_core.places import ROOT, samples_folder

NOTE = next(iter(sorted(samples_folder().rglob("flute*.flac"))))
UNSHARE = ["unshare", "--mount", "--map-root-user"]
# Explains one note by ten models, twice, on a disk that is full after a few maps
PROGRAM = """
import hashlib, json, sys
from pathlib import Path
from xai_core import explain, store
from xai_core.errors import InputError
from xai_core.values import FAMILIES

note, cache = sys.argv[1], Path(sys.argv[2])

def digests():
    found = {}
    for family in FAMILIES:
        values = explain(note, type="mfcc", family=family, n_steps=8).attribution.values
        found[family] = hashlib.sha256(values.tobytes()).hexdigest()
    return found

first, second = digests(), digests()
try:
    store.keep_recording(bytes(300_000))
    refused = ""
except InputError as error:
    refused = str(error)
left = [path.name for path in cache.iterdir()]
print(json.dumps({"first": first, "second": second, "left": left, "refused": refused}))
"""


def run(command: list[str], cache: Path) -> dict[str, Any]:
    done = subprocess.run(
        [*command, sys.executable, "-c", PROGRAM, str(NOTE), str(cache)],
        cwd=ROOT,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TIMBRELENS_CACHE": str(cache)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    assert "Traceback" not in done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture
def namespaces(tmp_path: Path) -> None:
    """Skip the test where nothing can be mounted."""
    command = [*UNSHARE, "sh", "-c", f"mount -t tmpfs none {tmp_path}"]
    if shutil.which("unshare") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("needs the right to make a mount namespace")


def mounted(*mounts: str) -> list[str]:
    """Return what runs a command where these mounts are made."""
    return [*UNSHARE, "sh", "-c", " && ".join([*mounts, 'exec "$@"']), "sh"]


@pytest.mark.slow
@pytest.mark.usefixtures("namespaces")
def test_a_full_or_read_only_disk_costs_no_result_and_leaves_nothing_torn(tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.mkdir()
    large.mkdir()
    full = run(mounted(f"mount -t tmpfs -o size=200k none {small}"), small)
    roomy = run([], large)
    assert full["first"] == full["second"] == roomy["first"] == roomy["second"]
    assert len(roomy["left"]) == 11  # ten maps and a recording
    assert 0 < len(full["left"]) < 10
    assert all(name.endswith(".cache") for name in full["left"])  # nothing half-written
    assert roomy["refused"] == ""
    assert "cannot be kept" in full["refused"]
    assert "is the disk full or read-only?" in full["refused"]
    for path in sorted(large.glob("*.cache"))[:5]:
        path.unlink()
    left = {path.name: path.read_bytes() for path in large.iterdir()}
    project = f"mount --rbind {ROOT} {ROOT} && mount -o remount,bind,ro {ROOT}"
    cache = f"mount --bind {large} {large} && mount -o remount,bind,ro {large}"
    fixed = run(mounted(project, cache), large)
    assert fixed["first"] == fixed["second"] == roomy["first"]
    assert set(fixed["left"]) == set(left)
    assert {path.name: path.read_bytes() for path in large.iterdir()} == left
    assert "cannot be kept" in fixed["refused"]
