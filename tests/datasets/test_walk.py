"""What lies in a folder of notes is read, or counted and named."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.datasets.notes_on_disk import tone, write_audio
from xai_core.datasets.audit import audit
from xai_core.datasets.collection import read_collection
from xai_core.datasets.notes import usable_notes


def read(folder: Path, caplog: pytest.LogCaptureFixture) -> tuple[list[str], str]:
    with caplog.at_level(logging.WARNING):
        return [record.note for record in read_collection(folder)], caplog.text


def test_a_family_is_known_in_any_case(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_audio(tmp_path / "Guitar" / "a.wav", tone())
    write_audio(tmp_path / "FLUTE" / "b.wav", tone())
    assert [one.family for one in read_collection(tmp_path)] == ["flute", "guitar"]
    assert caplog.text == ""


def test_what_is_no_family_is_named_with_its_notes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_audio(tmp_path / "flute" / "a.wav", tone())
    write_audio(tmp_path / "beside.wav", tone())
    for name in ("kick", "snare"):
        write_audio(tmp_path / "drums" / "kit" / f"{name}.wav", tone())
    (tmp_path / "papers").mkdir()
    names, said = read(tmp_path, caplog)
    assert names == ["a"]
    assert "1 folder is named after no family and left out with 2 audio files: drums (2)" in said
    assert "1 audio file lies in no folder of a family" in said
    assert "papers" not in said


def test_linked_folders_are_read_and_loops_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_audio(tmp_path / "library" / "alto" / "a.wav", tone())
    write_audio(tmp_path / "library" / "bass" / "b.wav", tone())
    notes = tmp_path / "notes"
    (notes / "flute").mkdir(parents=True)
    (notes / "flute" / "alto").symlink_to(tmp_path / "library" / "alto")
    (notes / "flute" / "alto" / "round").symlink_to(notes / "flute")
    (notes / "flute" / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
    (notes / "bass").symlink_to(tmp_path / "library" / "bass")
    os.mkfifo(notes / "flute" / "pipe.wav")  # which nobody writes to
    names, said = read(notes, caplog)
    assert names == ["b", "a"]  # by family folder
    assert "1 no file" in said
    assert "1 link leads nowhere, left out: gone.wav" in said


def test_files_of_other_formats_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_audio(tmp_path / "flute" / "a.wav", tone())
    for name in ("b.m4a", "c.M4A", "d.wma", "LICENSE.txt"):
        (tmp_path / "flute" / name).write_bytes(b"?")
    names, said = read(tmp_path, caplog)
    assert names == ["a"]
    assert "3 files of other formats are left out: 2 .m4a, 1 .wma" in said


def test_a_folder_that_may_not_be_opened_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_audio(tmp_path / "flute" / "a.wav", tone())
    (tmp_path / "flute" / "secret").mkdir()
    iterdir = Path.iterdir

    def refused(path: Path) -> Iterator[Path]:  # root, who may run the tests, may open all
        if path.name == "secret":
            raise PermissionError
        return iterdir(path)

    monkeypatch.setattr(Path, "iterdir", refused)
    names, said = read(tmp_path, caplog)
    assert names == ["a"]
    assert "1 folder may not be opened: secret" in said


def test_what_a_file_manager_leaves_is_no_damaged_note(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_audio(tmp_path / "flute" / "C0.wav", tone(n_samples=64_000))
    (tmp_path / "flute" / "._C0.WAV").write_bytes(b"\x00\x05\x16\x07")
    (tmp_path / "flute" / ".DS_Store").write_bytes(b"\x00")
    (tmp_path / "__MACOSX" / "flute").mkdir(parents=True)
    (tmp_path / "__MACOSX" / "flute" / "._C0.wav").write_bytes(b"\x00\x05\x16\x07")
    names, said = read(tmp_path, caplog)
    assert (names, said) == (["C0"], "")
    assert usable_notes(read_collection(tmp_path))[1] == []


def test_a_name_that_is_not_utf_8_is_read_and_can_be_printed(tmp_path: Path) -> None:
    write_audio(tmp_path / "flute" / "a.wav", tone(n_samples=64_000))
    folder = os.fsencode(tmp_path / "flute") + b"/M\xfcller"
    os.mkdir(folder)
    os.rename(tmp_path / "flute" / "a.wav", folder + b"/h\xf6he.wav")
    (record,) = read_collection(tmp_path)
    assert (record.note, record.instrument) == (r"h\xf6he", r"flute_M\xfcller")
    assert usable_notes([record])[1] == []
    assert (audit([record]).n_notes, audit([record]).n_unusable) == (1, 0)


def test_two_names_that_are_not_utf_8_stay_two(tmp_path: Path) -> None:
    for k, name in enumerate((b"\xe9.wav", b"\xe8.wav")):
        path = write_audio(tmp_path / "flute" / f"{k}.wav", tone(300.0 + 100 * k))
        os.rename(path, os.fsencode(tmp_path / "flute") + b"/" + name)
    assert {one.note for one in read_collection(tmp_path)} == {r"\xe9", r"\xe8"}
