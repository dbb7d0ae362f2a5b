"""What a Dockerfile says, read without Docker: its steps, and what goes into the context.

Conventions
-----------
Only what our Dockerfile uses is understood; anything else is an error, so that
a new kind of step is not passed over in silence. Paths are POSIX.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Stage", "Step", "assignments", "context_files", "expand", "ignored", "read_stages"]

KNOWN = ("ARG", "CMD", "COPY", "ENV", "EXPOSE", "HEALTHCHECK", "RUN", "USER", "WORKDIR")


@dataclass(frozen=True)
class Step:
    """One instruction and what follows it, on one line."""

    word: str
    rest: str


@dataclass(frozen=True)
class Stage:
    """The steps of one image, after its FROM."""

    base: str
    name: str
    steps: tuple[Step, ...]

    def last(self, word: str) -> str:
        """Return what follows the last instruction of a kind."""
        found = [step.rest for step in self.steps if step.word == word]
        if not found:
            raise ValueError(f"the last stage has no {word}")
        return found[-1]

    def command(self, word: str) -> list[str]:
        """Return the program of ``CMD [...]`` or ``HEALTHCHECK ... CMD [...]``, which is JSON."""
        words: list[str] = json.loads("[" + self.last(word).partition("[")[2])
        return words


def read_stages(text: str) -> list[Stage]:
    """Return the stages of a Dockerfile.

    Raises
    ------
    ValueError
        If it has an instruction that is not known here.
    """
    lines = [line for line in text.splitlines() if not re.match(r"\s*(#|$)", line)]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    globals_: dict[str, str] = {}
    stages: list[Stage] = []
    for line in joined.splitlines():
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        if word == "FROM":
            base, _, name = expand(rest, globals_).partition(" AS ")
            stages.append(Stage(base=base, name=name or str(len(stages)), steps=()))
        elif word not in KNOWN:
            raise ValueError(f"expected one of {', '.join(KNOWN)} or FROM, got {word!r}")
        elif not stages:
            name, _, value = rest.partition("=")
            globals_[name] = value
        else:
            stage = stages.pop()
            stages.append(Stage(stage.base, stage.name, (*stage.steps, Step(word, rest))))
    return stages


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Return a text with its ``$NAME`` and ``${NAME}`` replaced."""
    return re.sub(
        r"\$(?:\{(\w+)\}|(\w+))", lambda found: environ.get(found[1] or found[2], ""), text
    )


def assignments(rest: str) -> dict[str, str]:
    """Return the names and values of an ENV step."""
    return dict(word.split("=", 1) for word in shlex.split(rest))


def context_files(root: Path) -> list[Path]:
    """Return the files that ``COPY . .`` takes from a clean checkout, relative to `root`.

    What Git does not know of is left out: a clean checkout does not have it.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    lines = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    names = sorted(name for name in listed.split("\0") if name and (root / name).is_file())
    return [Path(name) for name in names if not ignored(name, rules)]


def ignored(name: str, rules: list[str]) -> bool:
    """Whether the last rule of a .dockerignore that fits a path keeps it out."""
    out = False
    for rule in rules:
        if re.match(_pattern(rule.removeprefix("!")), name):
            out = not rule.startswith("!")
    return out


def _pattern(rule: str) -> str:
    # A rule is for a path or for a folder with all beneath it; only **/ reaches further down.
    parts = {"**/": r"(?:.*/)?", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}
    pieces = re.split(r"(\*\*/|\*\*|\*|\?)", rule.strip("/"))
    return "".join(parts.get(piece, re.escape(piece)) for piece in pieces) + r"(?:/|$)"
