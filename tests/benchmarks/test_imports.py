"""Every script of this folder can be imported: nothing that it uses was renamed or taken out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.forked import run_forked

SCRIPTS = sorted(
    path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("test_")
)
PEERS = {"captum", "torch"}  # not installed with the others: docs and scripts say how
# Imports each script and prints what it lacks: "" for nothing
IMPORT = """
import contextlib, importlib, io, json, sys, traceback

found = {}
for name in sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            importlib.import_module(f"tests.benchmarks.{name}")
            found[name] = ["", ""]
        except BaseException as error:
            lacks = error
            while lacks is not None and not isinstance(lacks, ModuleNotFoundError):
                lacks = lacks.__cause__ or lacks.__context__
            found[name] = [lacks.name if lacks else "", traceback.format_exc()]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def outcomes() -> dict[str, list[str]]:
    """Return what each script lacks and how its import failed, all in one process."""
    done = run_forked("-c", IMPORT, *SCRIPTS)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_can_be_imported(script: str, outcomes: dict[str, list[str]]) -> None:
    lacks, failure = outcomes[script]
    if lacks.partition(".")[0] in PEERS:
        pytest.skip(f"{script} needs {lacks}, which is not installed")
    assert failure == ""


def test_there_are_scripts() -> None:
    assert {"captum_peer", "integrated_gradients", "dashboard"} <= set(SCRIPTS)
