from __future__ import annotations

import csv
import logging
from pathlib import Path

import pytest

from tests.datasets.notes_on_disk import tone, write_audio
from xai_core.datasets.folders import read_folder
from xai_core.errors import InputError

COLUMNS = ("file", "family", "instrument", "source", "midi_pitch", "velocity")


def write_manifest(
    folder: Path, *rows: tuple[str, ...], columns: tuple[str, ...] = COLUMNS
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])


def test_a_manifest_tells_what_each_file_is(tmp_path: Path) -> None:
    write_audio(tmp_path / "reed" / "a.flac", tone())
    write_audio(tmp_path / "bass" / "b.flac", tone())
    write_manifest(
        tmp_path,
        ("reed/a.flac", "reed", "oboe, old", "maker/lib", "70", "100"),
        ("bass/b.flac", "bass", "squier", "maker/other", "", "mf"),
    )
    bass, reed = read_folder(tmp_path)
    assert (reed.note, reed.family, reed.instrument) == ("a", "reed", "oboe, old")
    assert (reed.pitch, reed.velocity, reed.source) == (70, 100, "maker/lib")
    assert reed.collection == tmp_path.name
    assert (bass.pitch, bass.velocity) == (None, None)


def test_a_file_that_the_manifest_names_in_vain_is_left_out_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_audio(tmp_path / "reed" / "a.flac", tone())
    write_manifest(
        tmp_path,
        ("reed/a.flac", "reed", "oboe", "lib", "70", "100"),
        ("reed/gone.flac", "reed", "oboe", "lib", "71", "100"),
    )
    with caplog.at_level(logging.WARNING):
        assert [record.note for record in read_folder(tmp_path)] == ["a"]
    assert "1 files" in caplog.text
    assert "reed/gone.flac" in caplog.text


@pytest.mark.parametrize("column", ["file", "family", "instrument", "source"])
def test_a_manifest_without_a_column_is_refused(tmp_path: Path, column: str) -> None:
    write_manifest(tmp_path, columns=tuple(c for c in COLUMNS if c != column))
    with pytest.raises(InputError, match=f"has no column '{column}'"):
        read_folder(tmp_path)


def test_a_family_that_is_none_names_the_line(tmp_path: Path) -> None:
    write_manifest(tmp_path, ("k/a.flac", "kazoo", "k", "lib", "70", "100"))
    with pytest.raises(InputError, match="line 2 has the unknown family 'kazoo'"):
        read_folder(tmp_path)


def test_folders_inside_a_family_are_instruments(tmp_path: Path) -> None:
    for name in ("oboe/1.wav", "oboe/2.wav", "reed_sax/1.WAV"):
        path = write_audio((tmp_path / "reed" / name).with_suffix(".wav"), tone())
        path.rename(tmp_path / "reed" / name)
    write_audio(tmp_path / "drums" / "kit.wav", tone())  # no family: not read
    records = read_folder(tmp_path)
    assert [record.instrument for record in records] == ["reed_oboe", "reed_oboe", "reed_sax"]
    assert {record.family for record in records} == {"reed"}


def test_file_names_tell_instrument_pitch_and_velocity_as_in_nsynth(tmp_path: Path) -> None:
    write_audio(tmp_path / "guitar" / "guitar_acoustic_010-064-100.flac", tone())
    (record,) = read_folder(tmp_path)
    assert record.instrument == "guitar_acoustic_010"
    assert (record.pitch, record.velocity) == (64, 100)


def test_files_that_tell_nothing_are_one_instrument(tmp_path: Path) -> None:
    # Were each its own, a split could put one guitar on both sides.
    for name in ("take1.wav", "take2.wav", "martin__64_001.wav", "martin__65_002.wav"):
        write_audio(tmp_path / "guitar" / name, tone())
    names = {record.note: record.instrument for record in read_folder(tmp_path)}
    assert names["take1"] == names["take2"]
    assert names["martin__64_001"] == names["martin__65_002"] == "guitar_martin"
    assert len(set(names.values())) == 2


def test_a_folder_without_audio_says_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "guitar").mkdir()
    with pytest.raises(InputError, match="folders named after families"):
        read_folder(tmp_path)
