"""A WAV whose recorder lost power: the header says 0 bytes, and the sound lies behind it."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.audio.containers import wav
from xai_core.audio.decoding import decode
from xai_core.datasets.notes import NoteRecord, usable_notes
from xai_core.errors import AudioError

SR = 44_100  # Hz
SAID = "behind a header that says 0 bytes"


def recording(n_samples: int = 185_000) -> bytes:
    """Return 370 KB of 16-bit samples of a sine."""
    y = 0.5 * np.sin(2 * np.pi * 440.0 * np.arange(n_samples) / SR)
    return np.rint(32_767 * y).astype("<i2").tobytes()


@pytest.mark.parametrize("riff_size", [0, 36, None])
def test_the_sound_is_read_to_its_end(riff_size: int | None) -> None:
    data = recording()
    found = decode(wav(data, rate=SR, data_size=0, riff_size=riff_size))
    whole = decode(wav(data, rate=SR))
    assert found.sr == SR
    np.testing.assert_array_equal(found.y, whole.y)
    assert found.edits == (f"read 370 KB {SAID}, as of a recorder that lost power",)
    assert whole.edits == ()


def test_stereo_and_a_chunk_in_front_are_read_too() -> None:
    data = recording(40_000)
    note = b"LIST" + struct.pack("<I", 5) + b"INFOx\0"  # padded to an even place
    found = decode(wav(data, rate=SR, channels=2, data_size=0, before=note))
    np.testing.assert_array_equal(found.y, decode(wav(data, rate=SR, channels=2)).y)
    assert found.y.size == 20_000
    assert SAID in found.edits[0]


@pytest.mark.parametrize("behind", [b"", b"LIST" + struct.pack("<I", 4) + b"INFO"])
def test_a_recording_without_sound_stays_empty(behind: bytes) -> None:
    with pytest.raises(AudioError, match="got 0 samples"):
        decode(wav(behind, rate=SR, data_size=0))


def test_training_names_it(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(recording(), rate=SR, data_size=0))
    (tmp_path / "b.wav").write_bytes(wav(b"", rate=SR))
    assert soundfile.info(path).frames == 0  # what a reader of headers finds
    records = [
        NoteRecord(name, tmp_path / f"{name}.wav", "flute", "flute_x", None, None, "x")
        for name in ("a", "b")
    ]
    _, skipped = usable_notes(records)
    assert [one.reason for one in skipped] == ["unfinished", "empty"]
