"""The layout of NSynth: ``examples.json`` beside ``audio/<note>.flac`` or ``.wav``.

Conventions
-----------
Field names and codes are those of NSynth (Engel et al. 2017). ``synth_lead``
is not one of the ten families and is left out. Two fields of ours may follow
and other readers may ignore them: ``instrument_name`` and ``soundfont``.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from xai_core.datasets.notes import AUDIO_SUFFIXES, NoteRecord
from xai_core.errors import InputError
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
    """

    family: str
    instrument_source: str
    number: int
    pitch: int
    velocity: int
    y: npt.NDArray[np.floating[Any]]
    instrument_name: str = ""
    soundfont: str = ""

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

    A note without an audio file is left out; a warning names the first one
    and counts them.

    Parameters
    ----------
    folder : path
        Folder that holds ``examples.json`` and ``audio/``.

    Raises
    ------
    InputError
        If ``examples.json`` is missing or damaged, a note lacks a field, or
        no note has audio.
    """
    folder = Path(folder)
    entries = _read_examples(folder / "examples.json")
    files = _audio_files(folder / "audio")
    records: list[NoteRecord] = []
    missing: list[str] = []
    for note in sorted(entries):
        entry = entries[note]
        family = str(_field(entry, "instrument_family_str", note))
        if family == "synth_lead":
            continue
        if family not in FAMILIES:
            raise InputError(f"note {note} has the unknown family {family!r}")
        name = str(_field(entry, "note_str", note))
        path = files.get(name)
        if path is None:
            missing.append(name)
            continue
        records.append(
            NoteRecord(
                note=name,
                path=path,
                family=family,
                instrument=str(_field(entry, "instrument_str", note)),
                pitch=_midi(entry, "pitch", note),
                velocity=_midi(entry, "velocity", note),
                source=str(entry.get("soundfont") or folder.resolve().name),
                instrument_name=str(entry.get("instrument_name", "")),
                collection=folder.resolve().name,
            )
        )
    if missing and not records:
        raise InputError(
            f"expected audio beside {folder / 'examples.json'}, found none of its "
            f"{len(missing)} notes under {folder / 'audio'}: was the archive unpacked completely?"
        )
    if missing:
        _LOG.warning("%d notes have no audio and are left out, first %s", len(missing), missing[0])
    return records


def check_new_folder(folder: str | Path) -> None:
    """Raise InputError if a folder already holds notes, which are never overwritten."""
    if (Path(folder) / "examples.json").exists():
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
        If the folder already holds an ``examples.json``, a note comes twice,
        or its samples leave -1 to 1.
    """
    folder = Path(folder)
    check_new_folder(folder)
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
        soundfile.write(
            folder / "audio" / f"{new.note}.flac",
            pcm.astype(np.int16),
            SAMPLE_RATE,
            subtype="PCM_16",
        )
        number = numbers.setdefault(new.instrument, len(numbers))
        entries[new.note] = _entry(new, note_number=len(entries), instrument_number=number)
    lines = [f"{json.dumps(note)}: {json.dumps(entries[note])}" for note in sorted(entries)]
    text = "{\n" + ",\n".join(lines) + "\n}\n"  # a line for each note
    (folder / "examples.json").write_text(text, encoding="utf-8")
    return read_nsynth(folder)


def _entry(new: NewNote, *, note_number: int, instrument_number: int) -> dict[str, Any]:
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
        "qualities": [0] * len(QUALITIES),
        "qualities_str": [],
    }
    if new.instrument_name:
        entry["instrument_name"] = new.instrument_name
    if new.soundfont:
        entry["soundfont"] = new.soundfont
    return entry


def _read_examples(path: Path) -> dict[str, Mapping[str, Any]]:
    try:
        with path.open(encoding="utf-8") as file:
            entries = json.load(file)
    except FileNotFoundError as error:
        raise InputError(f"expected {path}, found no such file") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid JSON: was it cut off while copying?") from error
    if not isinstance(entries, dict) or not all(isinstance(e, dict) for e in entries.values()):
        raise InputError(f"expected {path} to map note names to their fields, got something else")
    return entries


def _audio_files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise InputError(f"expected a folder {folder} beside examples.json, found none")
    return {p.stem: p for p in sorted(folder.iterdir()) if p.suffix.lower() in AUDIO_SUFFIXES}


def _field(entry: Mapping[str, Any], name: str, note: str) -> Any:
    if name not in entry:
        raise InputError(f"note {note} has no field {name!r} in examples.json")
    return entry[name]


def _midi(entry: Mapping[str, Any], name: str, note: str) -> int:
    value = _field(entry, name, note)
    if not isinstance(value, int) or not 0 <= value <= 127:
        raise InputError(f"note {note}: expected {name} to be 0 to 127, got {value!r}")
    return value
