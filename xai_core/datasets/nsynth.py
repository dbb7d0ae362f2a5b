"""The layout of NSynth: ``examples.json`` beside ``audio/<note>.flac`` or ``.wav``.

Conventions
-----------
Field names and codes are those of NSynth (Engel et al. 2017). Needed are
``note_str``, ``instrument_str``, ``instrument_family_str``, ``pitch`` and
``velocity``. ``synth_lead`` is not one of the ten families and is left out.
Fields of ours may follow and other readers may ignore them:
``instrument_name``, ``soundfont``, ``licence``, ``attribution`` and ``group``.

``examples.json`` is parsed entry by entry: the training set of 289,205 notes
has about 200 MB of it, which would take three times that in memory at once.
"""

from __future__ import annotations

import codecs
import contextlib
import functools
import itertools
import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ijson
import numpy as np
import numpy.typing as npt
import soundfile

from xai_core.datasets.notes import AUDIO_SUFFIXES, NoteRecord, openable
from xai_core.errors import InputError
from xai_core.places import check_writable, readable_name
from xai_core.values import FAMILIES, SAMPLE_RATE

__all__ = [
    "INSTRUMENT_SOURCES",
    "NSYNTH_FAMILIES",
    "QUALITIES",
    "NewNote",
    "check_new_folder",
    "read_nsynth",
    "write_nsynth",
]

# NSynth's own order: a family's code is its place here.
NSYNTH_FAMILIES = (*FAMILIES[:-1], "synth_lead", "vocal")
INSTRUMENT_SOURCES = ("acoustic", "electronic", "synthetic")
QUALITIES = (
    "bright",
    "dark",
    "distortion",
    "fast_decay",
    "long_release",
    "multiphonic",
    "nonlinear_env",
    "percussive",
    "reverb",
    "tempo-synced",
)
# What NSynth does not have; other readers may ignore it.
OUR_FIELDS = ("instrument_name", "soundfont", "licence", "attribution", "group")

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class NewNote:
    """One note on its way into a folder.

    Parameters
    ----------
    family : str
        One of the ten families.
    instrument_source : str
        ``acoustic``, ``electronic`` or ``synthetic``.
    number : int
        Number of the instrument within family and source.
    pitch, velocity : int
        MIDI numbers, 0 to 127.
    y : ndarray, shape (n_samples,)
        Samples at 16 000 Hz, within -1 and 1.
    instrument_name, soundfont : str
        Name of the preset and of the SoundFont it comes from, or "".
    qualities : tuple of str
        Of :data:`QUALITIES`.
    licence, attribution, group : str
        As in :class:`NoteRecord`.
    """

    family: str
    instrument_source: str
    number: int
    pitch: int
    velocity: int
    y: npt.NDArray[np.floating[Any]]
    instrument_name: str = ""
    soundfont: str = ""
    qualities: tuple[str, ...] = ()
    licence: str = ""
    attribution: str = ""
    group: str = ""

    @property
    def instrument(self) -> str:
        """``guitar_acoustic_010``."""
        return f"{self.family}_{self.instrument_source}_{self.number:03d}"

    @property
    def note(self) -> str:
        """``guitar_acoustic_010-064-100``."""
        return f"{self.instrument}-{self.pitch:03d}-{self.velocity:03d}"


def read_nsynth(folder: str | Path) -> list[NoteRecord]:
    """Return the notes of a folder in the layout of NSynth, sorted by name.

    Notes of ``synth_lead`` and notes without an audio file are left out; a
    warning counts them.

    Parameters
    ----------
    folder : path
        Folder that holds ``examples.json`` and ``audio/``.

    Raises
    ------
    InputError
        If ``examples.json`` is missing or damaged, a note lacks a field or
        comes twice, or no note has audio.
    """
    folder = _checked(folder)
    # All names at once take 40 MB for the training set and save a second.
    names = set(os.listdir(folder / "audio"))
    records = sorted(_read_records(folder, names), key=lambda record: record.note)
    for before, record in itertools.pairwise(records):
        if before.note == record.note:
            raise InputError(f"note {record.note} comes twice in {folder / 'examples.json'}")
    return records


def check_new_folder(folder: str | Path) -> None:
    """Raise InputError if a folder holds notes, which are never overwritten, or cannot be made."""
    folder = Path(folder)
    nearest = next(path for path in (folder, *folder.absolute().parents) if os.path.exists(path))
    if not nearest.is_dir():
        raise InputError(f"cannot write to {folder}: {nearest} is a file, expected a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError(f"cannot write to {folder}: writing to {nearest} is not permitted")
    check_writable(folder, what="the notes")
    if (folder / "examples.json").exists():
        raise InputError(
            f"{folder} already holds examples.json: choose an empty folder or remove it first"
        )


def write_nsynth(folder: str | Path, notes: Iterable[NewNote]) -> list[NoteRecord]:
    """Write notes as 16-bit FLAC with their ``examples.json``.

    Notes are written as they come, so that a generator of many notes is never
    held in memory; ``examples.json`` follows at the end.

    Returns
    -------
    list of NoteRecord
        What was written, sorted by name, as :func:`read_nsynth` reads it.

    Raises
    ------
    InputError
        If the folder already holds an ``examples.json`` or cannot be written
        to, a note comes twice, or its samples leave -1 to 1.
    """
    folder = Path(folder)
    check_new_folder(folder)
    with _writing(folder):
        (folder / "audio").mkdir(parents=True, exist_ok=True)
    entries: dict[str, dict[str, Any]] = {}
    numbers: dict[str, int] = {}
    for new in notes:
        if new.note in entries:
            raise InputError(f"note {new.note} comes twice: instrument numbers collide")
        peak = float(np.max(np.abs(new.y), initial=0.0))
        if not peak <= 1.0:  # also catches NaN
            raise InputError(f"note {new.note} has peak {peak:.3f}, expected at most 1")
        pcm = np.clip(np.rint(np.asarray(new.y, np.float64) * 32768.0), -32768, 32767)
        with _writing(folder):
            soundfile.write(
                openable(folder / "audio" / f"{new.note}.flac"),
                pcm.astype(np.int16),
                SAMPLE_RATE,
                subtype="PCM_16",
            )
        number = numbers.setdefault(new.instrument, len(numbers))
        entries[new.note] = _entry(new, note_number=len(entries), instrument_number=number)
    lines = [f"{json.dumps(note)}: {json.dumps(entries[note])}" for note in sorted(entries)]
    text = "{\n" + ",\n".join(lines) + "\n}\n"  # a line for each note
    with _writing(folder):
        (folder / "examples.json").write_text(text, encoding="utf-8")
    return read_nsynth(folder)


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, soundfile.SoundFileError) as error:
        raise InputError(f"cannot write to {folder}: {error}") from error


def _entry(new: NewNote, *, note_number: int, instrument_number: int) -> dict[str, Any]:
    unknown = [word for word in new.qualities if word not in QUALITIES]
    if unknown:
        raise InputError(f"note {new.note} has the unknown quality {unknown[0]!r}")
    entry = {
        "note": note_number,
        "note_str": new.note,
        "instrument": instrument_number,
        "instrument_str": new.instrument,
        "pitch": int(new.pitch),
        "velocity": int(new.velocity),
        "sample_rate": SAMPLE_RATE,
        "instrument_family": NSYNTH_FAMILIES.index(new.family),
        "instrument_family_str": new.family,
        "instrument_source": INSTRUMENT_SOURCES.index(new.instrument_source),
        "instrument_source_str": new.instrument_source,
        "qualities": [int(word in new.qualities) for word in QUALITIES],
        "qualities_str": [word for word in QUALITIES if word in new.qualities],
    }
    for field in OUR_FIELDS:
        if getattr(new, field):
            entry[field] = getattr(new, field)
    return entry


def _checked(folder: str | Path) -> Path:
    folder = Path(folder)
    if not (folder / "examples.json").is_file():
        raise InputError(f"expected {folder / 'examples.json'}, found no such file")
    if not (folder / "audio").is_dir():
        raise InputError(f"expected a folder {folder / 'audio'} beside examples.json, found none")
    return folder


def _read_records(folder: Path, names: set[str]) -> Iterator[NoteRecord]:
    """Yield the notes whose audio, ``<note><ending>``, is among the names of ``audio/``."""
    audio = folder / "audio"
    endings = _endings(names)
    collection = readable_name(folder.resolve().name)
    n_found = n_missing = n_synth_lead = 0
    first_missing = ""
    for note, entry in _entries(folder / "examples.json"):
        family = _text(entry, "instrument_family_str", note)
        if family == "synth_lead":
            n_synth_lead += 1
            continue
        if family not in FAMILIES:
            raise InputError(f"note {note} has the unknown family {family!r}")
        name = _text(entry, "note_str", note)
        file = next((name + ending for ending in endings if name + ending in names), None)
        if file is None or "/" in name:  # which would lead out of the folder
            n_missing += 1
            first_missing = first_missing or name
            continue
        n_found += 1
        yield _record(
            entry, note, name=name, path=audio / file, family=family, collection=collection
        )
    if n_missing and not n_found:
        raise InputError(
            f"expected audio beside {folder / 'examples.json'}, found none of its "
            f"{n_missing} notes under {audio}: was the archive unpacked completely?"
        )
    if n_missing:
        _LOG.warning("%d notes have no audio and are left out, first %s", n_missing, first_missing)
    if n_synth_lead:
        _LOG.warning(
            "%d notes of synth_lead, which is not one of the ten families, are left out",
            n_synth_lead,
        )


def _entries(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the names and fields of ``examples.json``, one note at a time."""
    try:
        with path.open("rb") as file:
            mark = file.read(3)
            if mark[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                raise InputError(f"expected {path} in UTF-8, got UTF-16: save it again as UTF-8")
            start = len(codecs.BOM_UTF8) if mark == codecs.BOM_UTF8 else 0
            file.seek(start)
            event, _ = next(ijson.basic_parse(file))  # an empty file is an error here
            if event != "start_map":
                raise _no_map(path)
            file.seek(start)
            for note, entry in ijson.kvitems(file, "", use_float=True):
                if not isinstance(entry, dict):
                    raise _no_map(path)
                yield note, entry
    except ijson.JSONError as error:  # bytes that are not UTF-8 included
        raise InputError(f"{path} is not valid JSON: was it cut off while copying?") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def _no_map(path: Path) -> InputError:
    return InputError(f"expected {path} to map note names to their fields, got something else")


def _endings(names: Iterable[str]) -> list[str]:
    """Return the endings of the audio files among some names, mostly a single one."""
    found = {name.rpartition(".")[2] for name in names}
    return sorted((f".{end}" for end in found if f".{end}".lower() in AUDIO_SUFFIXES), reverse=True)


def _record(
    entry: Mapping[str, Any], note: str, *, name: str, path: Path, family: str, collection: str
) -> NoteRecord:
    ours = {field: _optional_text(entry, field, note) for field in OUR_FIELDS if field in entry}
    source = _optional_text(entry, "instrument_source_str", note)
    if source and source not in INSTRUMENT_SOURCES:
        raise InputError(f"note {note} has the unknown instrument source {source!r}")
    return NoteRecord(
        note=name,
        path=path,
        family=_shared(family),
        instrument=_shared(_text(entry, "instrument_str", note)),
        pitch=_midi(entry, "pitch", note),
        velocity=_midi(entry, "velocity", note),
        source=ours.get("soundfont") or collection,
        instrument_name=ours.get("instrument_name", ""),
        collection=collection,
        instrument_source=source,
        qualities=_qualities(entry, note),
        licence=ours.get("licence", ""),
        attribution=ours.get("attribution", ""),
        group=ours.get("group", ""),
    )


def _field(entry: Mapping[str, Any], name: str, note: str) -> Any:
    if name not in entry:
        raise InputError(f"note {note} has no field {name!r} in examples.json")
    return entry[name]


def _text(entry: Mapping[str, Any], name: str, note: str) -> str:
    value = _field(entry, name, note)
    if not isinstance(value, str) or not value:
        raise InputError(f"note {note}: expected {name} to be text, got {value!r}")
    return value


def _optional_text(entry: Mapping[str, Any], name: str, note: str) -> str:
    value = entry.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InputError(f"note {note}: expected {name} to be text, got {value!r}")
    return _shared(value)


def _qualities(entry: Mapping[str, Any], note: str) -> tuple[str, ...]:
    value = entry.get("qualities_str")
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise InputError(f"note {note}: expected qualities_str to be words, got {value!r}")
    return _shared_words(tuple(value))


def _midi(entry: Mapping[str, Any], name: str, note: str) -> int:
    value = _field(entry, name, note)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 127:
        raise InputError(f"note {note}: expected {name} to be 0 to 127, got {value!r}")
    return value


# Equal texts of many notes are one object; the caches are bounded.
@functools.lru_cache(maxsize=4096)
def _shared(value: str) -> str:
    return value


@functools.lru_cache(maxsize=1024)
def _shared_words(value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_shared, value))
