"""A folder of audio with one sub-folder per family, or per instrument inside a family.

Conventions
-----------
Three layouts are read: ``<family>/*`` with a ``manifest.csv`` that tells what
each file is; ``<family>/<instrument>/*``; and ``<family>/*`` alone. In the last
one a file named as in NSynth or ``<instrument>__...`` tells its instrument; all
others of a family count as one instrument, so that a split cannot put the same
instrument on both sides.

Audio is what ends in one of :data:`xai_core.datasets.notes.AUDIO_SUFFIXES`, in
upper or lower case; other files are passed over. Any rate and length will do.

``manifest.csv`` is UTF-8 with the columns ``file`` (relative to the manifest),
``family``, ``instrument`` and ``source``, and may have ``midi_pitch``,
``velocity``, ``licence``, ``attribution`` and ``group``.
"""

from __future__ import annotations

import csv
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from xai_core.datasets.notes import AUDIO_SUFFIXES, NoteRecord
from xai_core.errors import InputError
from xai_core.values import FAMILIES

__all__ = ["read_folder"]

_LOG = logging.getLogger(__name__)
_NSYNTH_NAME = re.compile(r"(?P<instrument>.+)-(?P<pitch>\d{3})-(?P<velocity>\d{3})")
_COLUMNS = ("file", "family", "instrument", "source")


def read_folder(folder: str | Path) -> list[NoteRecord]:
    """Return the notes of a folder of audio, sorted by file name.

    A file named by ``manifest.csv`` that is not there is left out; a warning
    names the first one and counts them.

    Raises
    ------
    InputError
        If there is no family folder, no audio in them, or ``manifest.csv``
        is not a UTF-8 table, lacks a column, or names an unknown family or
        no instrument.
    """
    folder = Path(folder)
    manifest = folder / "manifest.csv"
    records = _from_manifest(manifest) if manifest.is_file() else _from_names(folder)
    if not records:
        raise InputError(
            f"expected audio in {folder} under folders named after families "
            f"({', '.join(FAMILIES)}), found none"
        )
    return sorted(records, key=lambda record: str(record.path))


def _from_manifest(manifest: Path) -> list[NoteRecord]:
    collection = manifest.parent.resolve().name
    records: list[NoteRecord] = []
    missing: list[str] = []
    for line, row in _rows(manifest):
        family = row["family"]
        if family not in FAMILIES:
            raise InputError(f"{manifest} line {line} has the unknown family {family!r}")
        if not row["instrument"].strip():
            raise InputError(f"{manifest} line {line} names no instrument")
        path = manifest.parent / row["file"]
        if not path.is_file():
            missing.append(row["file"])
            continue
        records.append(
            NoteRecord(
                note=path.stem,
                path=path,
                family=family,
                instrument=row["instrument"],
                pitch=_number(row, "midi_pitch"),
                velocity=_number(row, "velocity"),
                source=row["source"] or collection,
                collection=collection,
                licence=row.get("licence", "").strip(),
                attribution=row.get("attribution", "").strip(),
                group=row.get("group", "").strip(),
            )
        )
    if missing:
        verb = "file is" if len(missing) == 1 else "files are"
        _LOG.warning("%d %s missing of %s, first %s", len(missing), verb, manifest, missing[0])
    return records


def _rows(manifest: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a manifest, short ones filled up with "", and their line numbers."""
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="", restval="")
            absent = [name for name in _COLUMNS if name not in (reader.fieldnames or [])]
            if absent:
                raise InputError(f"{manifest} has no column {absent[0]!r}")
            for row in reader:
                yield reader.line_num, row
    except UnicodeDecodeError as error:
        raise InputError(
            f"{manifest} is not UTF-8 text: was it saved by a spreadsheet in another encoding?"
        ) from error
    except csv.Error as error:
        raise InputError(f"{manifest} is not a table of comma-separated values: {error}") from error


def _from_names(folder: Path) -> list[NoteRecord]:
    collection = folder.resolve().name
    records = []
    for family in FAMILIES:
        for path in sorted((folder / family).rglob("*")):
            if path.suffix.lower() not in AUDIO_SUFFIXES or path.is_dir():
                continue
            match = _NSYNTH_NAME.fullmatch(path.stem)
            records.append(
                NoteRecord(
                    note=path.stem,
                    path=path,
                    family=family,
                    instrument=_instrument(path, folder / family, family, collection),
                    pitch=int(match["pitch"]) if match else None,
                    velocity=int(match["velocity"]) if match else None,
                    source=collection,
                    collection=collection,
                )
            )
    return records


def _instrument(path: Path, family_folder: Path, family: str, collection: str) -> str:
    inside = path.relative_to(family_folder).parts
    match = _NSYNTH_NAME.fullmatch(path.stem)
    if len(inside) > 1:
        name = inside[0]
    elif match:
        name = match["instrument"]
    elif "__" in path.stem:
        name = path.stem.split("__")[0]
    else:
        name = collection
    return name if name.startswith(f"{family}_") else f"{family}_{name}"


def _number(row: Mapping[str, str], name: str) -> int | None:
    text = row.get(name, "").strip()
    return int(text) if text.isdecimal() and int(text) <= 127 else None
