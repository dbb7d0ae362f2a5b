"""Set-up: pinned packages with their reasons, and a Makefile that says what is wrong."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.browser import NoChromeError, find_chrome

ROOT = Path(__file__).resolve().parents[1]


def requirements(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-r"))]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_to_one_version(name: str) -> None:
    for requirement in requirements(name):
        assert re.fullmatch(r"==[0-9][^*,]*", str(requirement.specifier)), requirement


def test_there_is_a_reason_for_every_requirement() -> None:
    page = (ROOT / "docs" / "packages.md").read_text(encoding="utf-8")
    _, found, rest = page.partition("What is installed and why")
    assert found, "docs/packages.md has no heading 'What is installed and why'"
    section = re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0].lower()
    names = {requirement.name.lower() for requirement in requirements("requirements.txt")}
    words = set(re.findall(r"[\w-]+", section))
    assert names - words == set()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with the Makefile and nothing to install."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.lock").write_text("# nothing\n")
    return tmp_path


def make(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # A make of its own, not one that continues the make that runs these tests.
    outer = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "PYTHON", "VENV")
    environ = {name: value for name, value in os.environ.items() if name not in outer}
    return subprocess.run(
        ["make", *words], cwd=project, env=environ, capture_output=True, text=True
    )


def program(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("version", ["2.7", "3.10", "3.14", "3.1"])
def test_unsuitable_python_gets_one_sentence(project: Path, version: str) -> None:
    fake = program(project / "python-fake", f"echo {version}")
    done = make(project, "install", f"PYTHON={fake}")
    said = [line for line in done.stderr.splitlines() if not line.startswith("make:")]
    assert done.returncode != 0
    assert done.stdout == ""
    assert len(said) == 1
    assert "needs Python 3.11 to 3.13" in said[0]
    assert f"{fake} is {version}" in said[0]
    assert not (project / ".venv").exists()


def test_python_without_venv_gets_one_sentence(project: Path) -> None:
    fake = program(
        project / "python-fake", 'case "$2" in *version_info*) echo 3.12;; *) exit 1;; esac'
    )
    done = make(project, "install", f"PYTHON={fake}")
    said = [line for line in done.stderr.splitlines() if not line.startswith("make:")]
    assert done.returncode != 0
    assert len(said) == 1
    assert "apt install python3.12-venv" in said[0]


@pytest.mark.slow
def test_a_python_that_does_not_run_is_passed_over_and_an_installation_taken_up_again(
    project: Path,
) -> None:
    shim = program(project / "python-shim", "echo 'command not found' >&2; exit 127")
    (project / "requirements.lock").write_text("./not-there\n")
    assert make(project, "install", f"PYTHON={shim} {sys.executable}").returncode != 0
    assert (project / ".venv/bin/python").exists()
    assert not (project / ".venv/.installed").exists()
    (project / "requirements.lock").write_text("# nothing\n")
    done = make(project, "install")
    assert done.returncode == 0, done.stderr
    assert "Installing" in done.stdout
    again = make(project, "install")
    assert again.returncode == 0
    assert "Installing" not in again.stdout  # the second time there is nothing to do


def test_help_names_every_target(project: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert targets is not None
    said = make(project, "help").stdout
    for target in targets[1].split():
        assert target == "help" or f"make {target} " in said


def test_named_chrome_that_does_not_run_is_refused(tmp_path: Path) -> None:
    fake = program(tmp_path / "chrome", "echo 'install the snap' >&2; exit 1")
    with pytest.raises(NoChromeError, match=r"names .*chrome, which does not run"):
        find_chrome({"TIMBRELENS_CHROME": str(fake)})


def test_named_chrome_that_runs_is_taken(tmp_path: Path) -> None:
    fake = program(tmp_path / "chrome", "echo 'Chromium 150.0'")
    assert find_chrome({"TIMBRELENS_CHROME": str(fake)}) == fake


def test_missing_chrome_stops_the_test_run(tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / ".ci/system_needs.sh", sys.executable, "chromium"],
        env={**os.environ, "TIMBRELENS_CHROME": str(tmp_path / "nowhere")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "TIMBRELENS_CHROME names" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_tests_that_share_what_is_costly_run_in_one_process(
    request: pytest.FixtureRequest,
) -> None:
    # the scheduler of pytest-xdist reads the group from the end of a test's name
    if "PYTEST_XDIST_WORKER" in os.environ:
        assert request.node.nodeid.endswith("@test_setup.py")
