"""Which notes of a collection can be used, and why the others cannot.

Conventions
-----------
Whole files are decoded, so that none turns out to be damaged later on. The peak
is that of what is learnt from: the first 4 s, channels averaged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from xai_core.datasets.notes import NoteRecord, read_stored
from xai_core.errors import AudioError
from xai_core.values import NOTE_SAMPLES, SAMPLE_RATE

__all__ = ["SILENT_PEAK", "Skipped", "skipped_sentence", "usable_notes"]

SILENT_PEAK = 10 ** (-80 / 20)  # -80 dBFS

_NAMED = 10  # notes in one sentence
_LENGTH_KNOWN = 0.9  # the length of an MP3 may be an estimate
_CHUNK_HEADER = 8  # bytes: a name and the size of what follows
_ENDLESS = 0x7FFF0000  # sizes from here on are written by programs that do not know them


@dataclass(frozen=True)
class Skipped:
    """A note that is left out.

    Parameters
    ----------
    note : str
        Name of the note.
    path : Path
        Its audio file.
    reason : str
        ``missing``, ``damaged``, ``empty``, ``silent`` (peak below -80 dBFS)
        or ``not finite``.
    """

    note: str
    path: Path
    reason: str


def usable_notes(
    records: Sequence[NoteRecord],
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[list[NoteRecord], list[Skipped]]:
    """Return the notes whose audio can be used, and those to be left out.

    Parameters
    ----------
    records : sequence of NoteRecord
        Notes of any collections.
    progress : callable
        Called with notes done and notes in all.

    Returns
    -------
    usable : list of NoteRecord
        In the order of `records`.
    skipped : list of Skipped
        The others, in the same order.
    """
    usable: list[NoteRecord] = []
    skipped: list[Skipped] = []
    for done, record in enumerate(records, start=1):
        reason = _reason(record)
        if reason:
            skipped.append(Skipped(record.note, record.path, reason))
        else:
            usable.append(record)
        progress(done, len(records))
    return usable, skipped


def skipped_sentence(skipped: Sequence[Skipped], *, total: int) -> str:
    """Return "3 of 2,084 notes are left out: bass_x (damaged), ..." for a log.

    Parameters
    ----------
    skipped : sequence of Skipped
        The first ten are named.
    total : int
        Notes in all, those left out included.

    Examples
    --------
    >>> skipped_sentence([Skipped("bass_x", Path("x.wav"), "damaged")], total=2084)
    '1 of 2,084 notes is left out: bass_x (damaged)'
    """
    start = f"{len(skipped):,} of {total:,} notes {'is' if len(skipped) == 1 else 'are'} left out"
    if not skipped:
        return start
    names = ", ".join(f"{one.note} ({one.reason})" for one in skipped[:_NAMED])
    more = f" and {len(skipped) - _NAMED:,} more" if len(skipped) > _NAMED else ""
    return f"{start}: {names}{more}"


def _reason(record: NoteRecord) -> str:
    """Return why a note cannot be used, or ""."""
    if not record.path.is_file():
        return "missing"
    n_bytes = record.path.stat().st_size
    try:
        n_frames = soundfile.info(record.path).frames if n_bytes else 0
        if n_frames == 0:
            return "empty"
        y, sr = read_stored(record)
    except (AudioError, soundfile.SoundFileError):
        return "damaged"
    # Compressed files stop early; of the others the header tells how long they were.
    if y.shape[0] < _LENGTH_KNOWN * n_frames or _is_cut_off(record.path, n_bytes=n_bytes):
        return "damaged"
    if not np.isfinite(y).all():
        return "not finite"
    heard = y[: round(NOTE_SAMPLES * sr / SAMPLE_RATE)].mean(axis=1)
    return "silent" if np.abs(heard).max() < SILENT_PEAK else ""


def _is_cut_off(path: Path, *, n_bytes: int) -> bool:
    """Whether a WAV or AIFF file is shorter than it says; what is left of it decodes well."""
    with path.open("rb") as file:
        header = file.read(_CHUNK_HEADER)
    sizes = {b"RIFF": header[4:], b"FORM": header[:3:-1]}  # bytes, the lowest first
    size = int.from_bytes(sizes.get(header[:4], b""), "little")
    # Some programs count this header too, or a padding byte that is not there.
    return size < _ENDLESS and n_bytes < size - 1
