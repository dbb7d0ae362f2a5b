"""``python -m xai_core dataset audit``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from tests.datasets.notes_on_disk import SR, write_audio
from tests.datasets.planted import write_clean
from xai_core.cli.dataset import app
from xai_core.errors import InputError


def run(*arguments: object) -> Result:
    wide = {"COLUMNS": "240"}  # so that no sentence is broken
    return CliRunner().invoke(app, ["audit", *map(str, arguments)], env=wide)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_clean(tmp_path / "toy")
    return tmp_path / "toy"


def test_a_clean_collection_is_counted_and_nothing_is_found(folder: Path) -> None:
    result = run(folder)
    assert result.exit_code == 0, result.output
    assert "24 notes of 12 instruments; nothing was found." in result.output
    assert "All notes have one source" in " ".join(result.output.split())
    assert "What was found" not in result.output


def test_findings_are_told_with_examples_and_are_no_error(folder: Path) -> None:
    note = next(folder.rglob("flute*.flac"))
    write_audio(note, np.zeros(2 * SR, np.float32))
    result = run(folder)
    assert result.exit_code == 0, result.output
    words = " ".join(result.output.split())
    assert "1 of 24 notes" in words
    assert "there is nothing to learn" in words
    assert f"{note.stem}: 2.00 s" in words
    assert "2 kinds of findings" in words


def test_json_and_both_kinds_of_figures_are_written(folder: Path, tmp_path: Path) -> None:
    out = [tmp_path / name for name in ("audit.json", "audit.html", "audit.PNG")]
    first = run(folder, "--json", out[0], "--figure", out[1])
    second = run(folder, "--figure", out[2])
    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    content = json.loads(out[0].read_text("utf-8"))
    assert (content["n_notes"], content["findings"]) == (24, [])
    assert "24 notes of 3 families" in out[1].read_text("utf-8")
    assert out[2].read_bytes().startswith(b"\x89PNG")


def test_several_folders_are_one_collection(folder: Path, tmp_path: Path) -> None:
    write_clean(tmp_path / "again")
    result = run(folder, tmp_path / "again", folder)
    assert result.exit_code == 0, result.output
    assert "48 notes of 12 instruments" in result.output  # the same folder counts once
    assert "Copy in the same instrument" in " ".join(result.output.split())


def test_names_that_look_like_markup_are_printed_as_they_are(tmp_path: Path) -> None:
    records = write_clean(tmp_path / "toy")
    strange = records[0].path.with_name("[bold]x[-050-100.wav")
    write_audio(strange, np.zeros(4 * SR, np.float32))
    result = run(tmp_path / "toy")
    assert result.exit_code == 0, result.output
    assert "[bold]x[-050-100" in result.output


@pytest.mark.parametrize("option", ["--json", "--figure"])
def test_a_place_that_cannot_be_written_is_an_error_before_the_work(
    folder: Path, tmp_path: Path, option: str
) -> None:
    suffix = "json" if option == "--json" else "png"
    nowhere = run(folder, option, tmp_path / "nowhere" / f"audit.{suffix}")
    assert isinstance(nowhere.exception, InputError)
    assert "cannot be written: there is no folder" in str(nowhere.exception)
    (tmp_path / f"taken.{suffix}").mkdir()
    taken = run(folder, option, tmp_path / f"taken.{suffix}")
    assert isinstance(taken.exception, InputError)
    assert "expected a file to write to, got the folder" in str(taken.exception)
    assert "24 notes" not in nowhere.output + taken.output


def test_what_goes_wrong_in_writing_is_one_sentence(folder: Path) -> None:
    result = run(folder, "--json", "/dev/full")  # a disk without room
    assert isinstance(result.exception, InputError)
    assert "/dev/full cannot be written: No space left on device" in str(result.exception)


def test_other_kinds_of_pictures_are_refused(folder: Path, tmp_path: Path) -> None:
    result = run(folder, "--figure", tmp_path / "audit.pdf")
    assert isinstance(result.exception, InputError)
    assert "expected --figure to end in .html or .png, got 'audit.pdf'" in str(result.exception)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    result = run(tmp_path / "nothing")
    assert isinstance(result.exception, InputError)
    assert "expected a folder of notes" in str(result.exception)


def test_help_gives_an_example() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert "Example: python -m xai_core dataset audit" in result.output
