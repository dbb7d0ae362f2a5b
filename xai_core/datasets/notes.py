"""One note of a collection: where it lies, what is known of it, and whether it can be used.

Conventions
-----------
Files may have any rate, length and number of channels; what is read for a
network is mono at 16 000 Hz, float32 with full scale at -1 and 1.
Pitches and velocities are MIDI numbers, None where a collection has none.

To find damage before training starts, :func:`usable_notes` decodes whole files.
Peaks are those of the first 4 s, channels averaged: the part that is learnt from.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from xai_core.errors import AudioError
from xai_core.values import NOTE_SAMPLES, SAMPLE_RATE

__all__ = [
    "AUDIO_SUFFIXES",
    "SILENT_PEAK",
    "NoteRecord",
    "Skipped",
    "audio_digest",
    "openable",
    "read_note",
    "read_samples",
    "read_stored",
    "skipped_sentence",
    "usable_notes",
]

AUDIO_SUFFIXES = (".aif", ".aifc", ".aiff", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".wav")
EDGE_SECONDS = 0.25  # read beyond the end, so that the resampling filter sees no edge

_FLAC_HEADER = 42  # bytes: magic, block header and STREAMINFO, which ends with the MD5


@dataclass(frozen=True, slots=True)
class NoteRecord:
    """One recording of one note.

    Parameters
    ----------
    note : str
        Name in the style of NSynth, ``guitar_acoustic_010-064-100``.
    path : Path
        Audio file.
    family : str
        One of :data:`xai_core.values.FAMILIES`.
    instrument : str
        One physical or virtual instrument, ``guitar_acoustic_010``; never
        split over training and test.
    pitch, velocity : int or None
        MIDI numbers, None where they are unknown.
    source : str
        Where the recording comes from: a SoundFont, a sample library, a folder.
    instrument_name : str
        Name to show to a reader ("Nylon String Guitar"), or "".
    collection : str
        Name of the folder the note was read from, or "".
    instrument_source : str
        How the sound is made: ``acoustic``, ``electronic``, ``synthetic`` or "".
    qualities : tuple of str
        NSynth's words for the sound, such as ``bright``.
    licence, attribution : str
        Under what terms the recording is published and whom to name, or "".
    group : str
        Instruments of one group share recordings or are one and the same:
        never split over training and test. "" for an instrument by itself.
    """

    note: str
    path: Path
    family: str
    instrument: str
    pitch: int | None
    velocity: int | None
    source: str
    instrument_name: str = ""
    collection: str = ""
    instrument_source: str = ""
    qualities: tuple[str, ...] = ()
    licence: str = ""
    attribution: str = ""
    group: str = ""


def read_note(record: NoteRecord) -> npt.NDArray[np.float32]:
    """Return the first 4 s of a note, padded with silence at the end.

    Returns
    -------
    ndarray, shape (64000,)
        float32 at 16 000 Hz, mono.

    Raises
    ------
    AudioError
        If the file is missing, damaged or empty.
    """
    y = read_samples(record, seconds=NOTE_SAMPLES / SAMPLE_RATE)[:NOTE_SAMPLES]
    return np.pad(y, (0, NOTE_SAMPLES - y.size))


def read_samples(record: NoteRecord, *, seconds: float | None = None) -> npt.NDArray[np.float32]:
    """Return the samples of a note at 16 000 Hz, channels averaged.

    What is stored in mono at 16 000 Hz comes exactly as it is.

    Parameters
    ----------
    record : NoteRecord
    seconds : float, optional
        No more than the beginning is needed; a little more may come.

    Returns
    -------
    ndarray, shape (n_samples,)
        float32, full scale at -1 and 1.

    Raises
    ------
    AudioError
        If the file is missing, damaged or empty.
    """
    y, sr = read_stored(record, seconds=None if seconds is None else seconds + EDGE_SECONDS)
    mono = y[:, 0] if y.shape[1] == 1 else y.mean(axis=1)
    if sr != SAMPLE_RATE:
        mono = soxr.resample(mono, sr, SAMPLE_RATE, quality="HQ")
    return np.asarray(mono, np.float32)


def read_stored(
    record: NoteRecord, *, seconds: float | None = None
) -> tuple[npt.NDArray[np.float32], int]:
    """Return the samples of a note as they are stored, and their rate.

    Parameters
    ----------
    record : NoteRecord
    seconds : float, optional
        Read no more than the beginning.

    Returns
    -------
    y : ndarray, shape (n_samples, n_channels)
        float32, full scale at -1 and 1.
    sr : int
        Hz.

    Raises
    ------
    AudioError
        If the file is missing, damaged or empty.
    """
    try:
        with soundfile.SoundFile(openable(record.path)) as file:
            frames = -1 if seconds is None else int(seconds * file.samplerate)
            y = file.read(frames, dtype="float32", always_2d=True)
            sr = file.samplerate
    except (soundfile.SoundFileError, RuntimeError) as error:
        if not record.path.is_file():
            raise AudioError(
                f"note {record.note}: its audio file {record.path} is missing: "
                "was it moved or renamed?"
            ) from error
        raise AudioError(
            f"note {record.note}: {record.path} cannot be read as audio: is the file damaged?"
        ) from error
    if y.shape[0] == 0:
        raise AudioError(
            f"note {record.note}: expected audio, got 0 samples: is the file empty, or did the "
            "recorder lose power?"
        )
    return y, sr


def openable(path: Path) -> str | bytes:
    """Return a path as libsndfile takes it, also where its bytes are not UTF-8."""
    return str(path) if os.name == "nt" else os.fsencode(path)


def audio_digest(record: NoteRecord) -> str:
    """Return the MD5 of a note's samples as 16-bit integers.

    Two files with the same samples have the same digest, whatever their names
    and containers. A FLAC file carries this very digest in its header, so that
    a large collection is compared without being decoded.

    Raises
    ------
    AudioError
        If the file is missing or damaged.
    """
    if record.path.suffix.lower() == ".flac":
        stored = _flac_md5(record.path)
        if stored is not None:
            return stored
    y, _ = read_stored(record)
    samples = np.clip(np.rint(y * 32768.0), -32768, 32767)
    return hashlib.md5(samples.astype("<i2").tobytes(), usedforsecurity=False).hexdigest()


def _flac_md5(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            header = file.read(_FLAC_HEADER)
    except OSError:
        return None
    if len(header) < _FLAC_HEADER or header[:4] != b"fLaC" or header[4] & 0x7F != 0:
        return None
    bits = ((header[20] & 0x01) << 4 | header[21] >> 4) + 1  # per sample
    digest = header[26:42]
    if bits != 16 or digest == bytes(16):
        return None
    return digest.hex()


SILENT_PEAK = 10 ** (-80 / 20)  # -80 dBFS

_NAMED = 10  # notes in one sentence
_LENGTH_KNOWN = 0.9  # the length of an MP3 may be an estimate
_HEADERS = 4_096  # bytes, at most, of a WAV file without sound
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
        ``missing``, ``damaged``, ``empty``, ``unfinished`` (a header that says 0
        samples before many: did the recorder lose power?), ``silent`` (peak below
        -80 dBFS) or ``not finite``.
    """

    note: str
    path: Path
    reason: str


def usable_notes(
    records: Sequence[NoteRecord],
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[list[NoteRecord], list[Skipped]]:
    """Return the notes whose audio can be used, and those to be left out.

    Parameters
    ----------
    records : sequence of NoteRecord
        Notes of any collections.
    on_progress : callable
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
        on_progress(done, len(records))
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
        n_frames = soundfile.info(openable(record.path)).frames if n_bytes else 0
        if n_frames == 0:
            is_wav = record.path.suffix.lower() == ".wav"
            return "unfinished" if is_wav and n_bytes > _HEADERS else "empty"
        y, sr = read_stored(record)
    except (AudioError, soundfile.SoundFileError):
        return "damaged"
    # Compressed files stop early; of the others the header has the length.
    if y.shape[0] < _LENGTH_KNOWN * n_frames or _is_cut_off(record.path, n_bytes=n_bytes):
        return "damaged"
    if not np.isfinite(y).all():
        return "not finite"
    y_mono = y[: round(NOTE_SAMPLES * sr / SAMPLE_RATE)].mean(axis=1)
    return "silent" if np.abs(y_mono).max() < SILENT_PEAK else ""


def _is_cut_off(path: Path, *, n_bytes: int) -> bool:
    """Whether a WAV or AIFF file is shorter than its header says; the rest of it decodes well."""
    with path.open("rb") as file:
        header = file.read(_CHUNK_HEADER)
    sizes = {b"RIFF": header[4:], b"FORM": header[:3:-1]}  # bytes, the lowest first
    size = int.from_bytes(sizes.get(header[:4], b""), "little")
    # Some programs count this header too, or a padding byte that is not there.
    return size < _ENDLESS and n_bytes < size - 1
