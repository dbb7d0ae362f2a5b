"""The audio files of a folder, linked folders included, and what else lies there.

Conventions
-----------
Folders are told by their names in any case: ``Guitar/`` is the family guitar. What
the file managers of macOS and Windows leave behind (``._C4.wav``, ``.DS_Store``,
``__MACOSX``, ``Thumbs.db``, ``desktop.ini``) is no file of a collection and is not
counted; nor are texts about one, such as ``README`` and ``LICENSE``.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from xai_core.datasets.notes import AUDIO_SUFFIXES
from xai_core.places import readable_name
from xai_core.values import FAMILIES

__all__ = ["PassedOver", "audio_files", "family_folders", "is_litter"]

NAMED = 5  # of a kind of things that are passed over
_LITTER = {".ds_store", "__macosx", "thumbs.db", "desktop.ini", ".spotlight-v100", ".trashes"}
_ABOUT = {"readme", "license", "licence", "copying", "attribution", "credits", "manifest"}


@dataclass(eq=False)
class PassedOver:
    """What lies in a folder of notes and is not read, counted.

    Parameters
    ----------
    files : Counter of str
        Files that are no audio by their endings, ``{".m4a": 3}``.
    no_family : Counter of str
        Audio files by the sub-folder that is named after no family, ``{"drums": 12}``;
        under "" those that lie in none.
    broken_links, closed : list of str
        Links that lead nowhere; folders that may not be opened.
    """

    files: Counter[str] = field(default_factory=Counter)
    no_family: Counter[str] = field(default_factory=Counter)
    broken_links: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """Return a sentence on each kind of thing that is passed over."""
        found = []
        beside = self.no_family.get("", 0)
        folders = {name: n for name, n in sorted(self.no_family.items()) if name}
        if folders:
            n, files = len(folders), sum(folders.values())
            start = "1 folder is" if n == 1 else f"{n:,} folders are"
            named = _some(f"{name} ({count:,})" for name, count in folders.items())
            found.append(
                f"{start} named after no family and left out with {files:,} audio "
                f"{'file' if files == 1 else 'files'}: {named}"
            )
        if beside:
            verb = "file lies" if beside == 1 else "files lie"
            found.append(f"{beside:,} audio {verb} in no folder of a family, left out")
        if self.files:
            kinds = _some(f"{n:,} {end}" for end, n in self.files.most_common())
            n = self.files.total()
            noun = "1 file of another format is" if n == 1 else f"{n:,} files of other formats are"
            found.append(f"{noun} left out: {kinds}")
        if self.broken_links:
            n = len(self.broken_links)
            verb = "link leads" if n == 1 else "links lead"
            found.append(f"{n:,} {verb} nowhere, left out: {_some(sorted(self.broken_links))}")
        if self.closed:
            n = len(self.closed)
            noun = "folder" if n == 1 else "folders"
            found.append(f"{n:,} {noun} may not be opened: {_some(sorted(self.closed))}")
        return found


def family_folders(folder: Path) -> dict[Path, str]:
    """Return the sub-folders that are named after a family, in any case, and the families."""
    return {
        path: path.name.casefold()
        for path in sorted(folder.iterdir())
        if path.name.casefold() in FAMILIES and path.is_dir()
    }


def audio_files(folder: Path, passed_over: PassedOver) -> list[Path]:
    """Return the audio files below a folder, sorted; what else lies there is counted."""
    found: list[Path] = []
    _walk(folder, (), found, passed_over)
    return sorted(found)


def is_litter(name: str) -> bool:
    """Whether a file is one that a file manager leaves behind."""
    return name.startswith("._") or name.casefold() in _LITTER


def _walk(folder: Path, above: tuple[str, ...], found: list[Path], passed_over: PassedOver) -> None:
    real = os.path.realpath(folder)
    if real in above:  # a link to a folder that it lies in
        return
    try:
        inside = sorted(folder.iterdir())
    except PermissionError:
        passed_over.closed.append(readable_name(folder.name))
        return
    for path in inside:
        if is_litter(path.name):
            continue
        if path.is_dir():
            _walk(path, (*above, real), found, passed_over)
        elif not path.exists():
            passed_over.broken_links.append(readable_name(path.name))
        elif not path.is_file():  # a pipe or a device: to read it might wait for ever
            passed_over.files["no file"] += 1
        elif path.suffix.lower() in AUDIO_SUFFIXES:
            found.append(path)
        elif path.stem.casefold() not in _ABOUT:
            passed_over.files[readable_name(path.suffix.lower()) or "without an ending"] += 1


def _some(names: Iterable[str]) -> str:
    named = list(names)
    more = f" and {len(named) - NAMED:,} more" if len(named) > NAMED else ""
    return ", ".join(named[:NAMED]) + more
