"""The image without Docker: the Dockerfile's own steps, run in a clean folder.

Conventions
-----------
Each stage is a folder that a step sees as ``/``: it is entered with a mount
namespace of its own, in which this machine's Python and system libraries stand
for the base image, read-only. So the paths of the Dockerfile are true, and
nothing of this machine can be changed. This needs Linux, and root or the right
to make namespaces. ``apt-get`` does nothing. In a test ``pip`` takes those
packages of the present environment that requirements.lock names; they are hard
links, so ``strip``, which writes in place, does nothing. Run as a program
(``make image-check``), both do what the Dockerfile says, the parts are weighed,
and what the dashboard and the command line can do is tried.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from tests.dockerfile import Stage, assignments, context_files, expand, read_stages

__all__ = ["BASE_BYTES", "LIMIT", "Image", "NoNamespaceError", "build", "check_namespace"]

ROOT = Path(__file__).resolve().parents[1]
BASE = re.compile(r"python:3\.\d+-slim-\w+(@sha256:[0-9a-f]{64})?")
BASE_BYTES = 150_000_000  # python:3.11-slim unpacked is some 130 MB; rounded up, not measured
LIMIT = 2_000_000_000  # bytes, of the whole image
CACHE = "/var/cache/timbrelens"
TOOLS = ".bin"  # our stand-ins, and what is run inside; no part of the image
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc")
PATH = f"/{TOOLS}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LOOPBACK_UP = (  # SIOCSIFFLAGS, with the flags up and running
    "import fcntl, socket, struct; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
    "fcntl.ioctl(s, 0x8914, struct.pack('16sH14x', b'lo', 0x41))"
)


class NoNamespaceError(RuntimeError):
    """The steps of the Dockerfile cannot be run here; the message says why."""


@dataclass(frozen=True)
class Image:
    """What the steps of the last stage left."""

    folder: Path
    stage: Stage
    environ: dict[str, str]
    workdir: str
    user: str

    def parts(self) -> dict[str, int]:
        """Return the bytes of each part by name."""
        app = self.folder / "app"
        named = {name: weight(app / name) for name in ("models", "samples")}
        packages = weight(self.folder / "opt")
        return {
            "base image (assumed)": BASE_BYTES,
            "packages": packages,
            **named,
            "code and the rest": weight(app) - sum(named.values()),
        }

    def run(self, command: Sequence[str], *, network: bool = False) -> str:
        """Run a program as the image's user with a read-only root; return what it prints.

        Only the cache and ``/tmp`` can be written, and no other machine be reached.
        """
        return _enter(
            self.folder,
            shlex.join(command),
            environ=self.environ,
            workdir=self.workdir,
            user=self.user,
            network=network,
        )

    def visit(self, pages: Sequence[str]) -> dict[str, Any]:
        """Start the server as CMD says, and return what ``image_visit.py`` saw."""
        shutil.copy(ROOT / "tests/image_visit.py", self.folder / TOOLS)
        asked = {
            "cmd": self.stage.command("CMD"),
            "healthcheck": self.stage.command("HEALTHCHECK"),
            "pages": list(pages),
        }
        said = self.run(["python", f"/{TOOLS}/image_visit.py", json.dumps(asked)])
        seen: dict[str, Any] = json.loads(said.splitlines()[-1])
        return seen


def check_namespace() -> None:
    """Raise :class:`NoNamespaceError` if the steps cannot be run here."""
    for program in ("unshare", "chroot", "setpriv", "strip"):
        if not shutil.which(program, path=PATH):
            raise NoNamespaceError(f"the steps of the image need Linux with {program}")
    done = subprocess.run([*_unshare(network=False), "mount", "--bind", "/usr", "/usr"])
    if done.returncode:
        raise NoNamespaceError("the steps of the image need the right to make a namespace")


def build(folder: Path, *, from_index: bool = False, text: str | None = None) -> Image:
    """Run the steps of the Dockerfile.

    Parameters
    ----------
    folder : Path
        Clean, and best on the disk of the present environment, so that links can
        be made; gets one folder for each stage.
    from_index : bool
        Whether pip and strip do what they do in the image.
    text : str, optional
        Another Dockerfile.

    Raises
    ------
    RuntimeError
        If a step fails; with what it said.
    """
    check_namespace()
    os.chmod(folder, 0o755)
    stages: dict[str, Path] = {}
    image = None
    for stage in read_stages(text or (ROOT / "Dockerfile").read_text(encoding="utf-8")):
        if not BASE.fullmatch(stage.base):
            raise ValueError(f"expected python:3.N-slim-DEBIAN to start from, got {stage.base}")
        stages[stage.name] = root = folder / stage.name
        _lay_out(root, from_index=from_index)
        image = _build_stage(stage, root, stages, from_index=from_index)
    assert image is not None, "the Dockerfile has no FROM"
    return image


def weight(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    found = (os.lstat(Path(at, name)) for at, _, names in os.walk(folder) for name in names)
    return sum(status.st_size for status in found)


# ----------------------------------------------------------------------- private


def _build_stage(stage: Stage, root: Path, stages: dict[str, Path], *, from_index: bool) -> Image:
    environ, workdir, user = {"PATH": PATH}, "/", "0:0"
    for step in stage.steps:
        if step.word == "ENV":
            environ |= assignments(expand(step.rest, environ))
        elif step.word == "WORKDIR":
            workdir = step.rest
            (root / workdir.strip("/")).mkdir(parents=True, exist_ok=True)
        elif step.word == "USER":
            user = step.rest
        elif step.word == "COPY":
            _copy(step.rest, root, workdir, stages)
        elif step.word == "RUN":
            if "pip " in step.rest and not from_index:
                _link_packages(root / "present")
            ours = {name: os.environ[name] for name in os.environ if name.startswith("PIP_")}
            _enter(
                root,
                step.rest,
                environ={**ours, **environ},
                workdir=workdir,
                network=from_index,
                building=True,
            )
    return Image(root, stage, environ, workdir, user)


def _copy(rest: str, root: Path, workdir: str, stages: dict[str, Path]) -> None:
    words = rest.split()
    option = words.pop(0) if words[0].startswith("--") else ""
    source, target = words
    goal = root / Path(workdir, target).as_posix().strip("/")
    if option:
        name = option.removeprefix("--from=")
        goal.parent.mkdir(parents=True, exist_ok=True)
        # Linked, not copied: both stages are ours, and the first one is done.
        subprocess.run(["cp", "-al", stages[name] / source.strip("/"), goal], check=True)
    elif source == ".":
        for path in context_files(ROOT):
            (goal / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, goal / path)
    else:
        assert Path(source) in context_files(ROOT), f"{source} is not in the context"
        shutil.copy2(ROOT / source, goal / source if goal.is_dir() else goal)


def _lay_out(root: Path, *, from_index: bool) -> None:
    """Make the folder of a stage: places for the system, and our stand-ins for two programs."""
    for name in ("tmp", "proc", "dev", TOOLS):
        (root / name).mkdir(parents=True)
    for place in map(Path, SYSTEM):
        if place.is_symlink():
            (root / place.name).symlink_to(os.readlink(place))
        elif place.exists():
            (root / place.name).mkdir()
    Path(root, sys.base_prefix.strip("/")).mkdir(parents=True, exist_ok=True)
    python = shlex.quote(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))
    if from_index:
        pip = f'exec {python} -m pip "$@"'
    else:
        pip = (
            'case "$*" in\n'
            '    "--python "*" install "*" --require-hashes --requirement requirements.lock") ;;\n'
            '    *) echo "expected an installation by digest, got: pip $*" >&2; exit 1;;\n'
            "esac\n"
            'mv /present/* "$("$2" -c '
            '"import sysconfig; print(sysconfig.get_path(\'purelib\'))")"'
        )
    programs = {"python": f'exec {python} "$@"', "pip": pip, "apt-get": "exit 0"}
    if not from_index:
        programs["strip"] = "exit 0"
    for name, body in programs.items():
        path = root / TOOLS / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)


def _link_packages(folder: Path) -> None:
    """Link what the lock names from the present environment, or copy it to another disk."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    names = {canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}
    site = Path(sysconfig.get_path("purelib"))
    for found in distributions(path=[str(site)]):
        if canonicalize_name(found.metadata["Name"]) not in names:
            continue
        for path in found.files or []:
            goal = folder / path
            if ".." in path.parts or not (site / path).is_file() or goal.exists():
                continue
            goal.parent.mkdir(parents=True, exist_ok=True)
            try:
                goal.hardlink_to(site / path)
            except OSError:
                shutil.copy2(site / path, goal)


def _unshare(*, network: bool) -> list[str]:
    command = ["unshare", "--mount"] if network else ["unshare", "--mount", "--net"]
    return command if os.geteuid() == 0 else [*command, "--map-root-user"]


def _enter(
    root: Path,
    command: str,
    *,
    environ: dict[str, str],
    workdir: str,
    user: str = "0:0",
    network: bool,
    building: bool = False,
) -> str:
    """Run a shell command with a folder as its root; without `building` that is read-only."""
    mounts = []
    if not building:
        mounts += ["mount --bind . .", "cd $PWD"]
    for place in (*SYSTEM, sys.base_prefix):
        here = root / place.strip("/")
        if here.is_dir() and not here.is_symlink() and not _within_system(place):
            goal = shlex.quote(place.lstrip("/"))
            mounts.append(f"mount --bind {shlex.quote(place)} {goal}")
            mounts.append(f"mount -o remount,bind,ro {goal}")
    mounts += ["mount --rbind /proc proc", "mount --rbind /dev dev"]
    if not building:
        cache = CACHE.lstrip("/")
        mounts += [f"mount --bind {cache} {cache}", "mount -t tmpfs -o mode=1777 tmpfs tmp"]
        mounts.append("mount -o remount,bind,ro .")
    if not network:
        python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
        mounts.append(shlex.join([python, "-c", LOOPBACK_UP]))
    group = user.partition(":")[2] or user
    become = ["setpriv", "--no-new-privs"]
    if not building:
        become += ["--bounding-set=-all", "--inh-caps=-all"]
        if os.geteuid() == 0:  # else we are nobody special already, and no other user is known
            become += ["--reuid", user.partition(":")[0], "--regid", group, "--clear-groups"]
    inner = f"cd {shlex.quote(workdir)} && {command}"
    variables = [f"{name}={value}" for name, value in environ.items()]
    last = ["env", "-i", *variables, *become, "/bin/sh", "-c", inner]
    script = " && ".join([*mounts, f"exec chroot . {shlex.join(last)}"])
    done = subprocess.run(
        [*_unshare(network=network), "/bin/sh", "-c", script],
        cwd=root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"this step of the image failed: {command}\n{done.stdout}{done.stderr}")
    return done.stdout


def _within_system(place: str) -> bool:
    return any(place != folder and place.startswith(folder + "/") for folder in SYSTEM)
