from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.datasets.notes_on_disk import SR, tone, write_audio
from xai_core.datasets.notes import (
    NoteRecord,
    Skipped,
    skipped_sentence,
    usable_notes,
)

SILENCE = 10 ** (-80 / 20)


def record(path: Path) -> NoteRecord:
    return NoteRecord(path.stem, path, "guitar", "guitar_a", 64, 100, "test")


def reason(path: Path) -> str:
    """Return why a file is left out, or ""."""
    usable, skipped = usable_notes([record(path)])
    assert len(usable) + len(skipped) == 1
    return skipped[0].reason if skipped else ""


def test_bad_notes_are_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    paths = [write_audio(tmp_path / f"{name}.flac", tone()) for name in "abcde"]
    paths[1].unlink()
    paths[3].write_bytes(b"this is text, not audio")
    told: list[tuple[int, int]] = []
    usable, skipped = usable_notes(
        [record(path) for path in paths], on_progress=lambda *event: told.append(event)
    )
    assert [one.note for one in usable] == ["a", "c", "e"]
    assert skipped == [Skipped("b", paths[1], "missing"), Skipped("d", paths[3], "damaged")]
    assert told == [(k, 5) for k in range(1, 6)]


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff", ".mp3"])
def test_a_file_that_was_cut_off_is_damaged(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(0)
    y = tone(n_samples=2 * SR) + 0.01 * rng.standard_normal(2 * SR)
    path = write_audio(tmp_path / f"a{suffix}", y, subtype=None)
    assert reason(path) == ""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert reason(path) == "damaged"


def test_a_byte_that_changed_inside_a_flac_is_damage(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "a.flac", tone(n_samples=4 * SR))
    content = bytearray(path.read_bytes())
    content[-200] ^= 1
    path.write_bytes(bytes(content))
    assert reason(path) == "damaged"


def test_damage_after_the_first_seconds_is_found(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "a.flac", tone(n_samples=20 * SR))
    path.write_bytes(path.read_bytes()[:-100])
    assert reason(path) == "damaged"


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF, 0])
def test_a_wav_whose_writer_did_not_know_its_size_is_used(tmp_path: Path, size: int) -> None:
    path = write_audio(tmp_path / "a.wav", tone())
    content = path.read_bytes()
    path.write_bytes(content[:4] + size.to_bytes(4, "little") + content[8:])
    assert reason(path) == ""


@pytest.mark.parametrize("content", [b"", None])
def test_a_file_of_nothing_is_empty(tmp_path: Path, content: bytes | None) -> None:
    path = write_audio(tmp_path / "a.wav", np.zeros(0, np.float32))
    if content is not None:
        path.write_bytes(content)
    assert reason(path) == "empty"


def test_a_folder_in_place_of_a_file_is_missing_audio(tmp_path: Path) -> None:
    (tmp_path / "a.wav").mkdir()
    assert reason(tmp_path / "a.wav") == "missing"


@pytest.mark.parametrize(
    ("peak", "expected"), [(0.0, "silent"), (0.99 * SILENCE, "silent"), (1.01 * SILENCE, "")]
)
def test_what_peaks_below_minus_80_db_is_silent(tmp_path: Path, peak: float, expected: str) -> None:
    y = np.zeros(SR, np.float32)
    y[500] = -peak
    assert reason(write_audio(tmp_path / "a.wav", y, subtype="FLOAT")) == expected


def test_sound_that_only_begins_after_four_seconds_is_silent(tmp_path: Path) -> None:
    for sr in (16_000, 22_050):
        y = np.zeros(5 * sr, np.float32)
        y[4 * sr :] = 0.5
        path = write_audio(tmp_path / "a.wav", y, sr=sr)
        assert reason(path) == "silent"
        y[4 * sr - 1] = 0.5
        assert reason(write_audio(path, y, sr=sr)) == ""


def test_channels_that_cancel_are_silent(tmp_path: Path) -> None:
    y = np.stack([tone(), -tone()], axis=1)
    assert reason(write_audio(tmp_path / "a.wav", y)) == "silent"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_found(tmp_path: Path, value: float) -> None:
    y = tone(n_samples=6 * SR)
    y[-1] = value
    soundfile.write(tmp_path / "a.wav", y, SR, subtype="FLOAT")
    assert reason(tmp_path / "a.wav") == "not finite"


def test_the_sentence_counts_and_names() -> None:
    skipped = [Skipped(f"note{k}", Path("x"), "damaged") for k in range(12)]
    assert skipped_sentence([], total=7) == "0 of 7 notes are left out"
    assert skipped_sentence(skipped[:1], total=2084) == (
        "1 of 2,084 notes is left out: note0 (damaged)"
    )
    assert skipped_sentence(skipped[:2], total=2084) == (
        "2 of 2,084 notes are left out: note0 (damaged), note1 (damaged)"
    )
    many = skipped_sentence(skipped, total=2084)
    assert many.startswith("12 of 2,084 notes are left out: note0 (damaged), ")
    assert many.endswith("note9 (damaged) and 2 more")
