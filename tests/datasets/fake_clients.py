"""Stand-ins for npm, apt-get and dpkg-deb that fetch from a folder of the test."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

_NPM = """#!/bin/sh
# npm pack NAME@VERSION --silent --ignore-scripts
echo "$2" >> "{log}"
[ -f "{shelf}/$2.tgz" ] || {{ echo "npm error 404 $2 is not in this registry" >&2; exit 1; }}
cp "{shelf}/$2.tgz" .
"""
_APT = """#!/bin/sh
# apt-get download PACKAGE
echo "$2" >> "{log}"
[ -d "{shelf}/$2" ] || {{ echo "E: Unable to locate package $2" >&2; exit 100; }}
echo "$2" > "$2_1.0_all.deb"
"""
_DPKG = """#!/bin/sh
# dpkg-deb -x ARCHIVE FOLDER
cp -r "{shelf}/$(cat "$2")" "$3"
"""


class Registry:
    """A folder of packages, and clients on the PATH that fetch from it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shelf = folder / "shelf"
        self.shelf.mkdir(parents=True)
        self.log = folder / "asked.log"
        clients = folder / "bin"
        clients.mkdir()
        for name, script in (("npm", _NPM), ("apt-get", _APT), ("dpkg-deb", _DPKG)):
            path = clients / name
            path.write_text(script.format(shelf=self.shelf, log=self.log))
            path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{clients}:/usr/bin:/bin")

    @property
    def asked(self) -> list[str]:
        """What was fetched, in order."""
        return self.log.read_text().split() if self.log.exists() else []

    def add_npm(self, name: str, version: str, files: Mapping[str, Path]) -> None:
        """Publish a package with the files ``{path inside: file}``."""
        with tarfile.open(self.shelf / f"{name}@{version}.tgz", "w:gz") as archive:
            for inside, path in files.items():
                archive.add(path, arcname=inside)

    def add_debian(self, name: str, files: Mapping[str, Path]) -> None:
        """Publish a package with the files ``{path below /: file}``."""
        for inside, path in files.items():
            target = self.shelf / name / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
