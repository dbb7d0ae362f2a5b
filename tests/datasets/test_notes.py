from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from tests.datasets.notes_on_disk import SR, tone, write_audio
from xai_core.datasets.notes import NoteRecord, audio_digest, read_note, read_samples
from xai_core.errors import AudioError


def record(path: Path) -> NoteRecord:
    return NoteRecord("guitar_acoustic_010-064-100", path, "guitar", "g", 64, 100, "test")


@pytest.mark.parametrize("name", ["a.flac", "a.wav"])
def test_samples_come_exactly_as_stored(tmp_path: Path, name: str) -> None:
    y = tone(n_samples=12_345)
    got = read_samples(record(write_audio(tmp_path / name, y)))
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, y)


def test_another_rate_is_resampled(tmp_path: Path) -> None:
    n = 3 * 44_100
    y = 0.5 * np.sin(2 * np.pi * 1_000.0 * np.arange(n) / 44_100)
    got = read_samples(record(write_audio(tmp_path / "a.wav", y, sr=44_100, subtype="FLOAT")))
    expected = 0.5 * np.sin(2 * np.pi * 1_000.0 * np.arange(3 * SR) / SR)
    assert got.size == 3 * SR
    # the filter's band edge is far away; 1e-4 is -74 dB below the tone
    np.testing.assert_allclose(got[800:-800], expected[800:-800], atol=1e-4)


def test_channels_are_averaged(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "a.wav", np.stack([tone(), np.zeros(1_600)], axis=1))
    np.testing.assert_allclose(read_samples(record(path)), tone() / 2, atol=1e-7)


@pytest.mark.parametrize("sr", [16_000, 22_050])
def test_a_note_is_the_first_four_seconds_padded_with_silence(tmp_path: Path, sr: int) -> None:
    long = write_audio(tmp_path / "long.wav", tone(n_samples=6 * sr), sr=sr)
    short = write_audio(tmp_path / "short.wav", tone(n_samples=sr), sr=sr)
    np.testing.assert_allclose(
        read_note(record(long)), read_samples(record(long))[: 4 * SR], atol=1e-6
    )
    got = read_note(record(short))
    np.testing.assert_array_equal(got[:SR], read_samples(record(short)))
    assert got.shape == (4 * SR,)
    assert not got[SR:].any()


def test_a_missing_file_names_the_note(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"guitar_acoustic_010-064-100.*missing"):
        read_samples(record(tmp_path / "a.flac"))


@pytest.mark.parametrize("suffix", [".flac", ".wav"])
def test_a_damaged_file_names_the_note(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"this is text, not audio")
    with pytest.raises(AudioError, match=r"guitar_acoustic_010-064-100.*damaged"):
        read_samples(record(path))
    with pytest.raises(AudioError, match=r"guitar_acoustic_010-064-100.*damaged"):
        audio_digest(record(path))


def test_a_file_of_no_samples_is_refused(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "a.wav", np.zeros(0, np.float32))
    with pytest.raises(AudioError, match="got 0 samples"):
        read_samples(record(path))


@pytest.mark.parametrize(
    ("name", "subtype"),
    [("a.flac", "PCM_16"), ("a.wav", "PCM_16"), ("a.flac", "PCM_24"), ("a.wav", "FLOAT")],
)
def test_the_digest_is_the_md5_of_the_samples_whatever_the_container(
    tmp_path: Path, name: str, subtype: str
) -> None:
    y = tone()
    pcm = np.rint(y * 32768).astype("<i2").tobytes()
    path = write_audio(tmp_path / name, y, subtype=subtype)
    assert audio_digest(record(path)) == hashlib.md5(pcm, usedforsecurity=False).hexdigest()


def test_one_sample_makes_another_digest(tmp_path: Path) -> None:
    y = tone()
    a = audio_digest(record(write_audio(tmp_path / "a.flac", y)))
    y[7] += 1 / 32768
    assert audio_digest(record(write_audio(tmp_path / "b.flac", y))) != a
