"""A collection of notes, whatever its layout.

Conventions
-----------
``dataset.json`` marks a data set that :mod:`xai_core.datasets.build` made;
``examples.json`` the layout of NSynth; ``manifest.csv`` or a sub-folder named
after a family a folder of audio. A data set is a list of parts, each a folder
of its own in one of the other layouts, with what holds for all notes of it.

Three layouts of a folder of audio are read: ``<family>/*`` with a
``manifest.csv`` that describes each file; ``<family>/<instrument>/*``; and
``<family>/*`` alone. In the last one a file named as in NSynth or
``<instrument>__...`` names its instrument; all others of a family count as one
instrument, so that a split cannot put the same instrument on both sides. Audio
is what ends in one of :data:`xai_core.datasets.notes.AUDIO_SUFFIXES`, in upper
or lower case; other files are passed over.

``manifest.csv`` is UTF-8 with the columns ``file`` (relative to the manifest),
``family``, ``instrument`` and ``source``, and may have ``midi_pitch``,
``velocity``, ``licence``, ``attribution`` and ``group``.
"""

from __future__ import annotations

import csv
import logging
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from xai_core.datasets.notes import AUDIO_SUFFIXES, NoteRecord
from xai_core.datasets.nsynth import read_nsynth
from xai_core.errors import InputError
from xai_core.values import FAMILIES

__all__ = [
    "DATASET_FILE",
    "DatasetIndex",
    "LeftOut",
    "Part",
    "describe_collection",
    "read_collection",
    "read_folder",
    "read_part",
]

DATASET_FILE = "dataset.json"


class LeftOut(msgspec.Struct, frozen=True):
    """One note, or all of an instrument if `note` is "", that is not used, and why.

    `file` is relative to the data set: notes of several instruments, or even
    of one, may have the same name.
    """

    instrument: str
    reason: str
    note: str = ""
    file: str = ""


class Part(msgspec.Struct, frozen=True):
    """One folder of a data set; what is not "" holds for the notes without one of their own.

    `folder` is relative to the data set, or absolute; `source` becomes the
    collection of its notes.
    """

    source: str
    folder: str
    licence: str = ""
    attribution: str = ""
    instrument_name: str = ""
    instrument_source: str = ""


class DatasetIndex(msgspec.Struct, frozen=True):
    """What ``dataset.json`` holds.

    Parameters
    ----------
    name, recipe_digest : str
        Of the recipe.
    parts : tuple of Part
    left_out : tuple of LeftOut
    groups : dict
        ``{instrument: group}`` of instruments that share recordings.
    """

    name: str
    recipe_digest: str
    parts: tuple[Part, ...]
    left_out: tuple[LeftOut, ...] = ()
    groups: dict[str, str] = {}


def read_collection(folder: str | Path) -> list[NoteRecord]:
    """Return the notes of a folder in any layout that is known.

    Raises
    ------
    InputError
        If the folder is missing or has none of the known layouts, and
        wherever :func:`read_nsynth` and :func:`read_folder` raise it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"expected a folder of notes, found none at {folder}")
    if (folder / DATASET_FILE).is_file():
        return _read_dataset(folder)
    if (folder / "examples.json").is_file():
        return read_nsynth(folder)
    if (folder / "manifest.csv").is_file() or any((folder / name).is_dir() for name in FAMILIES):
        return read_folder(folder)
    raise InputError(
        f"{folder} holds neither {DATASET_FILE}, nor examples.json, nor manifest.csv, nor a "
        f"folder named after a family ({', '.join(FAMILIES)}): is it the right folder?"
    )


def describe_collection(folder: str | Path) -> dict[str, str]:
    """Return the entry of a folder in a card: ``name`` and, if built, ``recipe_digest``."""
    folder = Path(folder)
    if not (folder / DATASET_FILE).is_file():
        return {"name": folder.resolve().name}
    index = _read_index(folder)
    return {"name": index.name, "recipe_digest": index.recipe_digest}


def read_part(part: Part, dataset: Path) -> list[NoteRecord]:
    """Return the notes of one part of a data set."""
    return [
        replace(
            record,
            collection=part.source,
            licence=record.licence or part.licence,
            attribution=record.attribution or part.attribution,
            instrument_name=record.instrument_name or part.instrument_name,
            instrument_source=record.instrument_source or part.instrument_source,
        )
        for record in read_collection(dataset / part.folder)
    ]


def _read_index(folder: Path) -> DatasetIndex:
    path = folder / DATASET_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=DatasetIndex)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} cannot be used ({error}): build the data set again, nothing else is lost"
        ) from error


def _read_dataset(folder: Path) -> list[NoteRecord]:
    index = _read_index(folder)
    instruments = {one.instrument for one in index.left_out if not one.note}
    files = {one.file for one in index.left_out if one.file}
    notes = {(one.instrument, one.note) for one in index.left_out if not one.file}
    return [
        replace(record, group=index.groups.get(record.instrument, record.group))
        for part in index.parts
        for record in read_part(part, folder)
        if record.instrument not in instruments
        and (record.instrument, record.note) not in notes
        and (not files or os.path.relpath(record.path, folder) not in files)
    ]


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
