"""Names that tell notes apart, and pitches as people write them.

Conventions
-----------
A note is known by its instrument and its file. Its name is the file's name without
the ending where no other note of the same collections has it; otherwise folders
above it are put in front ("alto/C4"), and the ending is kept where even the whole
path does not differ. A pitch is a MIDI number, 60 for C4.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from xai_core.datasets.notes import NoteRecord
from xai_core.places import readable_name

__all__ = ["midi_number", "midi_pitch", "named_apart"]

HIGHEST = 127  # of MIDI
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"#": 1, "♯": 1, "b": -1, "♭": -1}
_PITCH = re.compile(r"(?P<letter>[A-Ga-g])(?P<accidentals>[#♯b♭]{0,2})(?P<octave>-?\d{1,2})")
_WHOLE = re.compile(r"\+?(?P<digits>\d{1,9})(?:[.,]0*)?")


def named_apart(records: Sequence[NoteRecord]) -> list[NoteRecord]:
    """Return the same notes, those of one name with folders in front so that all differ.

    Two records of one file keep one name.

    Examples
    --------
    >>> alto, bass = (
    ...     NoteRecord("C4", Path("n", name, "C4.wav"), "flute", name, 60, None, "n")
    ...     for name in ("alto", "bass")
    ... )
    >>> [record.note for record in named_apart([alto, bass])]
    ['alto/C4', 'bass/C4']
    """
    named = list(records)
    while clashes := _clashes(named):  # a longer name may be that of a note of another folder
        names = {path: name for some in clashes for path, name in _told_apart(some).items()}
        named = [replace(one, note=names.get(one.path, one.note)) for one in named]
    return named


def midi_pitch(text: str) -> int | None:
    """Return the MIDI number of a pitch written as ``69``, ``69.0``, ``A4``, ``Bb3`` or ``C#4``.

    Returns
    -------
    int or None
        0 to 127; None where the text is none of these.

    Examples
    --------
    >>> [midi_pitch(text) for text in ("55.0", "A4", "Bb3", "C-1", "H4")]
    [55, 69, 58, 0, None]
    """
    match = _PITCH.fullmatch(text.strip())
    if match is None:
        return midi_number(text)
    shift = sum(_ACCIDENTALS[sign] for sign in match["accidentals"])
    number = 12 * (int(match["octave"]) + 1) + _SEMITONES[match["letter"].upper()] + shift
    return number if 0 <= number <= HIGHEST else None


def midi_number(text: str) -> int | None:
    """Return a whole number of 0 to 127, written as ``100`` or ``100.0``, else None."""
    match = _WHOLE.fullmatch(text.strip())
    if match is None or not text.isascii():
        return None
    number = int(match["digits"])
    return number if number <= HIGHEST else None


def _clashes(records: Sequence[NoteRecord]) -> list[set[Path]]:
    """Return the files of each name that several files have."""
    paths: dict[str, set[Path]] = defaultdict(set)
    for record in records:
        paths[record.note].add(record.path)
    return [some for some in paths.values() if len(some) > 1]


def _told_apart(paths: set[Path]) -> dict[Path, str]:
    """Return a name for each of some files: the fewest last parts of its path that tell all."""
    without_ending = {path: (*path.parent.parts, path.stem) for path in paths}
    with_ending = {path: path.parts for path in paths}  # for C4.wav beside C4.flac
    longest = max(map(len, with_ending.values()))
    names: dict[Path, str] = {}
    for parts in (without_ending, with_ending):
        for n in range(1, longest + 1):
            names = {path: readable_name("/".join(some[-n:])) for path, some in parts.items()}
            if len(set(names.values())) == len(paths):
                return names
    return names
