"""One note of a collection: where it lies and what is known of it.

Conventions
-----------
Audio is mono at 16 000 Hz; samples are float32 with full scale at -1 and 1.
Pitches and velocities are MIDI numbers, None where a collection does not tell.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from xai_core.errors import AudioError
from xai_core.values import SAMPLE_RATE

__all__ = ["AUDIO_SUFFIXES", "NoteRecord", "audio_digest", "read_samples"]

AUDIO_SUFFIXES = (".flac", ".wav")

_FLAC_HEADER = 42  # bytes: magic, block header and STREAMINFO, which ends with the MD5


@dataclass(frozen=True, slots=True)
class NoteRecord:
    """One recording of one note.

    Parameters
    ----------
    note : str
        Name in the style of NSynth, ``guitar_acoustic_010-064-100``.
    path : Path
        Audio file, mono at 16 000 Hz.
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


def read_samples(record: NoteRecord) -> npt.NDArray[np.float32]:
    """Return the samples of a note exactly as they are stored.

    Returns
    -------
    ndarray, shape (n_samples,)
        float32, full scale at -1 and 1.

    Raises
    ------
    AudioError
        If the file is missing, damaged, empty, not mono or not at 16 000 Hz.
    """
    if not record.path.is_file():
        raise AudioError(
            f"note {record.note}: its audio file {record.path} is missing: was it moved or renamed?"
        )
    try:
        y, sr = soundfile.read(record.path, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise AudioError(
            f"note {record.note}: {record.path} cannot be read as audio: is the file damaged?"
        ) from error
    if sr != SAMPLE_RATE:
        raise AudioError(
            f"note {record.note}: expected {SAMPLE_RATE} Hz, got {sr} Hz: "
            "resample the collection first"
        )
    if y.shape[1] != 1:
        raise AudioError(f"note {record.note}: expected mono audio, got {y.shape[1]} channels")
    if y.shape[0] == 0:
        raise AudioError(f"note {record.note}: expected audio, got 0 samples: is the file empty?")
    samples: npt.NDArray[np.float32] = y[:, 0]
    return samples


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
    samples = np.clip(np.rint(read_samples(record) * 32768.0), -32768, 32767)
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
