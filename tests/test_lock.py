"""The lock: the whole tree of packages, each with its digests, for every Python we support."""

from __future__ import annotations

import importlib.util
import json
import re
from importlib.metadata import requires
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.test_setup import ROOT, requirements

PYTHONS = ("3.11", "3.12", "3.13")
MACHINES = (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"))


def locked() -> dict[Requirement, list[str]]:
    """Return the pins of the lock, each with its digests."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.sub(r" *#.*", "", text).replace("\\\n", " ").splitlines()
    pins = [entry.split(" --hash=") for entry in entries if entry.strip()]
    return {Requirement(pin): [digest.strip() for digest in digests] for pin, *digests in pins}


def wanted(pins: list[Requirement], python: str, system: str, machine: str) -> dict[str, str]:
    """Return the versions by name that an installation takes there."""
    place = {
        "python_version": python,
        "python_full_version": f"{python}.5",
        "sys_platform": system,
        "platform_machine": machine,
        "implementation_name": "cpython",
    }
    fitting = [pin for pin in pins if pin.marker is None or pin.marker.evaluate(place)]
    versions = {canonicalize_name(pin.name): str(pin.specifier) for pin in fitting}
    assert len(versions) == len(fitting), "a package is there twice"
    return versions


@pytest.mark.parametrize(("system", "machine"), MACHINES)
@pytest.mark.parametrize("python", PYTHONS)
def test_lock_has_what_requirements_ask_for(python: str, system: str, machine: str) -> None:
    asked = wanted(requirements("requirements.txt"), python, system, machine)
    found = wanted(list(locked()), python, system, machine)
    assert {name: found.get(name) for name in asked} == asked, "run make lock"
    assert len(found) > 2 * len(asked)  # the whole tree, not only its roots


def test_lock_is_whole_here() -> None:
    # Independent of the tool that made the lock: what the packages themselves say they need.
    found = {
        canonicalize_name(pin.name)
        for pin in locked()
        if pin.marker is None or pin.marker.evaluate()
    }
    for name in found:
        for line in requires(name) or []:
            need = Requirement(line)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                assert canonicalize_name(need.name) in found, f"{name} needs {need}"


def test_every_line_is_pinned_and_has_digests() -> None:
    for pin, digests in locked().items():
        assert re.fullmatch(r"==[0-9][^*,]*", str(pin.specifier)), pin
        assert pin.url is None
        assert digests, pin
        for digest in digests:
            assert re.fullmatch(r"sha256:[0-9a-f]{64}", digest), pin


def test_lock_names_no_index() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    options = set(re.findall(r"^\s*(-[\w-]+)", text, re.MULTILINE))
    assert options == {"--hash"}


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    path = Path(ROOT, ".ci", "audit.py")
    spec = importlib.util.spec_from_file_location("audit", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SKIPPED = {"name": "six", "skip_reason": "Dependency not found on PyPI"}
SOUND = {"name": "idna", "version": "3.20", "vulns": []}
HOLED = {
    "name": "jinja2",
    "version": "2.4.1",
    "vulns": [{"id": "PYSEC-2014-8", "fix_versions": ["2.7.2"]}],
}


@pytest.mark.parametrize(
    ("report", "status", "said"),
    [
        ("", 0, "left out"),
        (json.dumps({"dependencies": [SKIPPED]}), 0, "left out"),
        (json.dumps({"dependencies": [SOUND]}), 0, "none in 1 packages."),
        (json.dumps({"dependencies": [SOUND, SKIPPED]}), 0, "1 could not be looked up"),
        (json.dumps({"dependencies": [SOUND, HOLED]}), 1, "PYSEC-2014-8, mended in 2.7.2"),
    ],
)
def test_audit_says_what_was_looked_up(
    audit: ModuleType, report: str, status: int, said: str
) -> None:
    sentence, code = audit.judged(report)
    assert code == status
    assert said in sentence
