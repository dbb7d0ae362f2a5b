r"""A collection of notes, whatever its layout.

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
or lower case, as are families; linked folders are read; other files and folders
are counted in a warning (:mod:`xai_core.datasets.walk`).

``manifest.csv`` is UTF-8 with the columns ``file`` (relative to the manifest, with
``/`` or ``\``), ``family``, ``instrument`` and ``source``, and may have
``midi_pitch`` (55, 55.0 or G3), ``velocity``, ``licence``, ``attribution`` and
``group``; between them stand commas, semicolons or tabs.

No two notes of a collection have the same name (:mod:`xai_core.datasets.note_names`).
"""

from __future__ import annotations

import codecs
import csv
import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from xai_core.datasets.note_names import midi_number, midi_pitch, named_apart
from xai_core.datasets.notes import AUDIO_SUFFIXES, NoteRecord
from xai_core.datasets.nsynth import read_nsynth
from xai_core.datasets.walk import PassedOver, audio_files, family_folders, is_litter
from xai_core.errors import InputError
from xai_core.places import readable_name
from xai_core.values import FAMILIES

__all__ = [
    "DATASET_FILE",
    "DatasetIndex",
    "LeftOut",
    "Part",
    "describe_collection",
    "read_collection",
    "read_collections",
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


def read_collections(folders: Sequence[str | Path]) -> list[NoteRecord]:
    """Return the notes of some folders, one after the other, no two with the same name.

    Raises
    ------
    InputError
        Wherever :func:`read_collection` raises it.
    """
    return named_apart([record for folder in folders for record in read_collection(folder)])


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
    if (folder / "manifest.csv").is_file() or family_folders(folder):
        return read_folder(folder)
    raise InputError(
        f"{folder} holds neither {DATASET_FILE}, nor examples.json, nor manifest.csv, nor a "
        f"folder named after a family ({', '.join(FAMILIES)}): is it the right folder?"
    )


def describe_collection(folder: str | Path) -> dict[str, str]:
    """Return the entry of a folder in a card: ``name`` and, if built, ``recipe_digest``."""
    folder = Path(folder)
    if not (folder / DATASET_FILE).is_file():
        return {"name": readable_name(folder.resolve().name)}
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
        return msgspec.json.decode(
            path.read_bytes().removeprefix(codecs.BOM_UTF8), type=DatasetIndex
        )
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} cannot be used ({error}): build the data set again, nothing else is lost"
        ) from error


def _read_dataset(folder: Path) -> list[NoteRecord]:
    index = _read_index(folder)
    instruments = {one.instrument for one in index.left_out if not one.note}
    files = {one.file for one in index.left_out if one.file}
    notes = {(one.instrument, one.note) for one in index.left_out if not one.file}
    return named_apart(
        [
            replace(record, group=index.groups.get(record.instrument, record.group))
            for part in index.parts
            for record in read_part(part, folder)
            if record.instrument not in instruments
            and (record.instrument, record.note) not in notes
            and (not files or os.path.relpath(record.path, folder) not in files)
        ]
    )


_LOG = logging.getLogger(__name__)
_NSYNTH_NAME = re.compile(r"(?P<instrument>.+)-(?P<pitch>\d{3})-(?P<velocity>\d{3})")
_COLUMNS = ("file", "family", "instrument", "source")


def read_folder(folder: str | Path) -> list[NoteRecord]:
    """Return the notes of a folder of audio, sorted by file name.

    What is not read is counted in a warning: files that ``manifest.csv`` names and
    that are not there, pitches and velocities that are none, folders that are named
    after no family, files of other formats.

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
    return named_apart(sorted(records, key=lambda record: str(record.path)))


def _from_manifest(manifest: Path) -> list[NoteRecord]:
    collection = readable_name(manifest.parent.resolve().name)
    records: list[NoteRecord] = []
    missing: list[str] = []
    unread: dict[str, list[str]] = {"midi_pitch": [], "velocity": []}
    for line, row in _rows(manifest):
        family = row["family"].strip().casefold()
        if family not in FAMILIES:
            raise InputError(f"{manifest} line {line} has the unknown family {row['family']!r}")
        if not row["instrument"].strip():
            raise InputError(f"{manifest} line {line} names no instrument")
        path = _named_file(manifest.parent, row["file"])
        if path is None:
            missing.append(row["file"])
            continue
        numbers = {"midi_pitch": midi_pitch, "velocity": midi_number}
        for column, read in numbers.items():
            text = row.get(column, "").strip()
            if text and read(text) is None:
                unread[column].append(f"{text!r} in line {line}")
        records.append(
            NoteRecord(
                note=readable_name(path.stem),
                path=path,
                family=family,
                instrument=row["instrument"],
                pitch=midi_pitch(row.get("midi_pitch", "")),
                velocity=midi_number(row.get("velocity", "")),
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
    for column, entries in unread.items():
        if entries:
            _LOG.warning(
                "%d of %d entries of %s in %s are not read, first %s: expected %s",
                len(entries),
                len(records),
                column,
                manifest,
                entries[0],
                "0 to 127, or a name such as A4" if column == "midi_pitch" else "0 to 127",
            )
    return records


def _named_file(folder: Path, name: str) -> Path | None:
    """Return the file that a manifest names, also in the manner of Windows, or None."""
    for spelled in (name, name.replace("\\", "/")):
        if (folder / spelled).is_file():
            return folder / spelled
    return None


def _rows(manifest: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a manifest, short ones filled up with "", and their line numbers."""
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, restkey="", restval="", delimiter=_delimiter(header))
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


def _delimiter(header: str) -> str:
    """Return what stands between the columns: a comma where the header tells nothing else."""
    return max(",;\t", key=header.count)


def _from_names(folder: Path) -> list[NoteRecord]:
    collection = readable_name(folder.resolve().name)
    passed_over = PassedOver()
    families = family_folders(folder)
    records = []
    for family_folder, family in families.items():
        for path in audio_files(family_folder, passed_over):
            stem = readable_name(path.stem)
            match = _NSYNTH_NAME.fullmatch(stem)
            records.append(
                NoteRecord(
                    note=stem,
                    path=path,
                    family=family,
                    instrument=_instrument(path, family_folder, family, collection),
                    pitch=int(match["pitch"]) if match else None,
                    velocity=int(match["velocity"]) if match else None,
                    source=collection,
                    collection=collection,
                )
            )
    _count_beside(folder, families, passed_over)
    for sentence in passed_over.sentences():
        _LOG.warning("%s: %s", readable_name(folder), sentence)
    return records


def _count_beside(folder: Path, families: Mapping[Path, str], passed_over: PassedOver) -> None:
    """Count the audio that lies in no folder of a family."""
    for path in sorted(folder.iterdir()):
        if path in families or is_litter(path.name):
            continue
        if path.is_dir():
            if n := len(audio_files(path, PassedOver())):
                passed_over.no_family[readable_name(path.name)] = n
        elif path.suffix.lower() in AUDIO_SUFFIXES:
            passed_over.no_family[""] += 1


def _instrument(path: Path, family_folder: Path, family: str, collection: str) -> str:
    inside = path.relative_to(family_folder).parts
    stem = readable_name(path.stem)
    match = _NSYNTH_NAME.fullmatch(stem)
    if len(inside) > 1:
        name = readable_name(inside[0])
    elif match:
        name = match["instrument"]
    elif "__" in stem:
        name = stem.split("__")[0]
    else:
        name = collection
    return name if name.startswith(f"{family}_") else f"{family}_{name}"
