"""Copies of the program with something added, run in a process of their own.

A test of "one place to add" copies the program to a folder, adds an entry and a
function as text, and runs a script in the copy: what the script imports is the
changed program, and the models, the cache and the working folder are the test's.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.forked import run_forked

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("xai_core", "pages", ".streamlit", "app.py", "tests", "samples")
LINKED = ("samples",)  # read only


def copy_program(folder: Path) -> Path:
    """Return a new folder with the program and its tests as they are, without models and cache.

    Parameters
    ----------
    folder : path
        Of the test; the copy becomes ``program`` in it.
    """
    copy = folder / "program"
    copy.mkdir()
    for name in PARTS:
        source = ROOT / name
        if name in LINKED:
            (copy / name).symlink_to(source, target_is_directory=True)
        elif source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, copy / name)
    return copy


def insert(file: Path, text: str, *, before: str) -> None:
    """Insert text into a file before the only place where some other text stands."""
    found = file.read_text(encoding="utf-8")
    assert found.count(before) == 1, f"{before!r} stands {found.count(before)} times in {file}"
    file.write_text(found.replace(before, text + before), encoding="utf-8")


def append(file: Path, text: str) -> None:
    """Add text at the end of a file."""
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def changed_files(copy: Path) -> set[str]:
    """Return the files of the program that differ from the original, from its folder on."""
    files = {
        path.relative_to(copy)
        for name in PARTS
        if name not in LINKED
        for path in ((copy / name).rglob("*") if (copy / name).is_dir() else [copy / name])
        if path.is_file() and "__pycache__" not in path.parts
    }
    return {
        file.as_posix()
        for file in files
        if not (ROOT / file).is_file() or (copy / file).read_bytes() != (ROOT / file).read_bytes()
    }


def run_in_copy(copy: Path, script: Path, *arguments: str, timeout: float = 900.0) -> str:
    """Run a script in a copy of the program and return what it prints.

    Parameters
    ----------
    copy : path
        From :func:`copy_program`.
    script : path
        A Python file of the tests; its copy is run.
    *arguments : str
        Of the script.
    timeout : float
        Seconds.

    Raises
    ------
    AssertionError
        If the script fails; it says what the script printed.
    """
    environ = {
        "PYTHONPATH": str(copy),
        "TIMBRELENS_MODELS": str(copy.parent / "models"),
        "TIMBRELENS_CACHE": str(copy.parent / "cache"),
    }
    program = str(copy / script.relative_to(ROOT))
    done = run_forked(program, *arguments, cwd=copy, environ=environ, timeout=timeout)
    assert done.returncode == 0, f"{script.name} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout
