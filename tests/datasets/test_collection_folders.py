from __future__ import annotations

import csv
import logging
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.datasets.notes_on_disk import tone, write_audio
from xai_core.datasets.collection import read_folder
from xai_core.datasets.notes import AUDIO_SUFFIXES, read_note, read_samples
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
    assert "1 file is missing of" in caplog.text
    assert "reed/gone.flac" in caplog.text


def test_licence_attribution_and_group_are_kept_where_a_manifest_has_them(tmp_path: Path) -> None:
    write_audio(tmp_path / "reed" / "a.flac", tone())
    write_audio(tmp_path / "reed" / "b.flac", tone())
    write_manifest(
        tmp_path,
        ("reed/a.flac", "reed", "oboe", "lib", "CC0 1.0", "A. Maker, 1958", "oboes"),
        ("reed/b.flac", "reed", "oboe", "lib"),  # a short row
        columns=("file", "family", "instrument", "source", "licence", "attribution", "group"),
    )
    a, b = read_folder(tmp_path)
    assert (a.licence, a.attribution, a.group) == ("CC0 1.0", "A. Maker, 1958", "oboes")
    assert (b.licence, b.attribution, b.group, b.pitch) == ("", "", "", None)


def test_a_manifest_of_a_spreadsheet_may_begin_with_its_mark(tmp_path: Path) -> None:
    write_audio(tmp_path / "reed" / "a.flac", tone())
    write_manifest(tmp_path, ("reed/a.flac", "reed", "oboe", "lib", "", ""))
    path = tmp_path / "manifest.csv"
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert len(read_folder(tmp_path)) == 1


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_manifest_is_read_whatever_stands_between_its_columns(
    tmp_path: Path, delimiter: str
) -> None:
    write_audio(tmp_path / "reed" / "a, b.flac", tone())
    with (tmp_path / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        rows = [COLUMNS, ("reed/a, b.flac", "reed", "oboe", "a, b; c", "70", "100")]
        csv.writer(file, delimiter=delimiter).writerows(rows)
    (record,) = read_folder(tmp_path)
    assert (record.note, record.source, record.pitch) == ("a, b", "a, b; c", 70)


def test_a_manifest_of_windows_has_backslashes(tmp_path: Path) -> None:
    write_audio(tmp_path / "reed" / "oboe" / "a.flac", tone())
    write_manifest(tmp_path, ("reed\\oboe\\a.flac", "Reed", "oboe", "lib", "70", "100"))
    (record,) = read_folder(tmp_path)
    assert (record.note, record.family) == ("a", "reed")


def test_pitches_are_read_as_people_write_them_or_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pitches = ("55.0", "A4", "Bb3", "55.5", "high", "")
    for k in range(len(pitches)):
        write_audio(tmp_path / "reed" / f"{k}.flac", tone())
    rows = [
        (f"reed/{k}.flac", "reed", "oboe", "lib", pitch, "90.0") for k, pitch in enumerate(pitches)
    ]
    write_manifest(tmp_path, *rows)
    with caplog.at_level(logging.WARNING):
        records = read_folder(tmp_path)
    assert [record.pitch for record in records] == [55, 69, 58, None, None, None]
    assert {record.velocity for record in records} == {90}
    assert "2 of 6 entries of midi_pitch in" in caplog.text
    assert "first '55.5' in line 5" in caplog.text
    assert "velocity" not in caplog.text


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_manifest_in_another_encoding_is_one_plain_error(tmp_path: Path, encoding: str) -> None:
    text = ",".join(COLUMNS) + "\nreed/a.flac,reed,hautbois français,lib,70,100\n"
    (tmp_path / "manifest.csv").write_bytes(text.encode(encoding))
    with pytest.raises(InputError, match=r"manifest\.csv is not UTF-8 text"):
        read_folder(tmp_path)


def test_a_manifest_that_is_no_table_is_one_plain_error(tmp_path: Path) -> None:
    write_manifest(tmp_path, ("reed/a.flac", "reed", "x" * 200_000, "lib", "70", "100"))
    with pytest.raises(InputError, match="not a table of comma-separated values"):
        read_folder(tmp_path)


@pytest.mark.parametrize("column", ["file", "family", "instrument", "source"])
def test_a_manifest_without_a_column_is_refused(tmp_path: Path, column: str) -> None:
    write_manifest(tmp_path, columns=tuple(c for c in COLUMNS if c != column))
    with pytest.raises(InputError, match=f"has no column '{column}'"):
        read_folder(tmp_path)


def test_a_family_that_is_none_names_the_line(tmp_path: Path) -> None:
    write_manifest(tmp_path, ("k/a.flac", "kazoo", "k", "lib", "70", "100"))
    with pytest.raises(InputError, match="line 2 has the unknown family 'kazoo'"):
        read_folder(tmp_path)


def test_a_row_without_an_instrument_names_the_line(tmp_path: Path) -> None:
    for name in "ab":
        write_audio(tmp_path / "reed" / f"{name}.flac", tone())
    rows = [("reed/a.flac", "reed", "oboe", "two\nlines", "", ""), ("reed/b.flac", "reed", " ")]
    write_manifest(tmp_path, *rows)
    with pytest.raises(InputError, match=r"manifest.csv line 4 names no instrument"):
        read_folder(tmp_path)


def test_folders_inside_a_family_are_instruments(tmp_path: Path) -> None:
    for name in ("oboe/1.wav", "oboe/2.wav", "reed_sax/1.WAV"):
        path = write_audio((tmp_path / "reed" / name).with_suffix(".wav"), tone())
        path.rename(tmp_path / "reed" / name)
    write_audio(tmp_path / "drums" / "kit.wav", tone())  # no family: not read
    records = read_folder(tmp_path)
    assert [record.instrument for record in records] == ["reed_oboe", "reed_oboe", "reed_sax"]
    assert {record.family for record in records} == {"reed"}


@pytest.mark.parametrize("suffix", AUDIO_SUFFIXES)
@pytest.mark.parametrize("sr", [16_000, 44_100])
def test_any_format_and_rate_is_read_whatever_the_case_of_its_ending(
    tmp_path: Path, suffix: str, sr: int
) -> None:
    if suffix == ".opus" and sr == 44_100:
        sr = 48_000  # the rates of Opus
    container = {".aif": ".aiff", ".aifc": ".aiff", ".oga": ".ogg"}.get(suffix, suffix)
    written = tmp_path / f"a{container}"
    if suffix == ".opus":
        soundfile.write(written, tone(n_samples=sr), sr, format="OGG", subtype="OPUS")
    else:
        write_audio(written, tone(n_samples=sr), sr=sr, subtype=None)
    for name in (f"one{suffix}", f"two{suffix.upper()}"):
        (tmp_path / "reed" / "oboe").mkdir(parents=True, exist_ok=True)
        (tmp_path / "reed" / "oboe" / name).write_bytes(written.read_bytes())
    (tmp_path / "reed" / "oboe" / "notes.txt").write_text("no audio")
    (tmp_path / "reed" / f"folder{suffix}").mkdir()
    records = read_folder(tmp_path)
    assert [record.note for record in records] == ["one", "two"]
    for record in records:
        assert read_note(record).shape == (64_000,)
        # a second of a sine of peak 0.5; MP3 and Vorbis keep its level within 5 %
        rms = np.sqrt(np.mean(read_samples(record)[2_000:14_000] ** 2))
        assert rms == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


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
