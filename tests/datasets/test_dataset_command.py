"""``python -m xai_core dataset``."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.datasets.notes_on_disk import tone, write_audio
from tests.datasets.soundfont_file import Tone, write_soundfont
from xai_core.cli.dataset import app
from xai_core.datasets import read_nsynth
from xai_core.errors import InputError
from xai_core.values import FAMILIES

TONES = [
    Tone(0, 16, "Drawbars"),
    Tone(0, 24, "Nylon", (0.2, 0.4)),
    Tone(0, 25, "Steel", (0.3, 0, 0.3)),
]


@pytest.fixture
def font(tmp_path: Path) -> Path:
    return write_soundfont(tmp_path / "toy.sf2", TONES)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_render_writes_notes_and_says_what_it_wrote(font: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run(
        "render", font, "--out", out, "--pitches-per-instrument", 2, "--velocities", "50, 100"
    )
    assert result.exit_code == 0, result.output
    assert len(read_nsynth(out)) == 12  # 3 instruments x 2 pitches x 2 velocities
    assert re.search(r"guitar\W+toy\W+2\W+8\W", result.output)
    assert "12 notes in" in result.output
    assert "0 silent, 0 clipped" in " ".join(result.output.split())


def test_options_choose_families_programs_numbers_and_limits(font: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run(
        *("render", font, "--out", out, "--families", "guitar", "--exclude-programs", "24"),
        *("--pitches-per-instrument", 3, "--per-family", 2, "--first-number", 40),
    )
    assert result.exit_code == 0, result.output
    records = read_nsynth(out)
    assert [record.instrument for record in records] == ["guitar_acoustic_041"] * 2


def test_another_seed_draws_other_pitches(font: Path, tmp_path: Path) -> None:
    pitches: list[list[int | None]] = []
    for seed in (1, 1, 2):
        out = tmp_path / f"out{len(pitches)}"
        run(
            *("render", font, "--out", out, "--seed", seed),
            *("--pitches-per-instrument", 5, "--velocities", "100"),
        )
        pitches.append([record.pitch for record in read_nsynth(out)])
    assert pitches[0] == pitches[1] != pitches[2]


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--velocities", "50,loud", "expected velocities as whole numbers"),
        ("--exclude-programs", "x", "expected programs as whole numbers"),
        ("--families", "guitar,kazoo", "unknown family 'kazoo'"),
    ],
)
def test_a_wrong_option_is_one_plain_error(
    font: Path, tmp_path: Path, option: str, value: str, message: str
) -> None:
    result = run("render", font, "--out", tmp_path / "out", option, value)
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("out", ["file", "file/notes"])
def test_a_file_where_the_folder_should_be_is_one_plain_error(
    font: Path, tmp_path: Path, out: str
) -> None:
    (tmp_path / "file").write_text("mine")
    result = run("render", font, "--out", tmp_path / out)
    assert isinstance(result.exception, InputError)
    assert f"cannot write to {tmp_path / out}: " in str(result.exception)
    assert "is a file, expected a folder" in str(result.exception)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_may_not_be_written_to_is_one_plain_error(
    font: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # root, who may run the tests, may write anywhere
    access = os.access
    monkeypatch.setattr("os.access", lambda path, mode: not mode & os.W_OK and access(path, mode))
    result = run("render", font, "--out", tmp_path / "a" / "b")
    assert isinstance(result.exception, InputError)
    assert f"writing to {tmp_path} is not permitted" in str(result.exception)
    assert not (tmp_path / "a").exists()


def test_summary_counts_notes_and_instruments(font: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("render", font, "--out", out, "--pitches-per-instrument", 1, "--velocities", "25,100")
    result = run("summary", out)
    assert result.exit_code == 0, result.output
    assert re.search(r"organ\W+toy\W+1\W+2\W.*25 100", result.output)
    assert "6 notes of 3 instruments" in result.output


def test_summary_counts_damaged_notes_too(font: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("render", font, "--out", out, "--pitches-per-instrument", 1, "--velocities", "25,100")
    next((out / "audio").iterdir()).write_bytes(b"damaged")
    result = run("summary", out)
    assert result.exit_code == 0, result.output
    assert "6 notes of 3 instruments" in result.output


def test_names_with_brackets_are_shown_whole(tmp_path: Path) -> None:
    folder = tmp_path / "[b]notes" / "flute"
    write_audio(folder / "[red] one" / "A4.wav", tone())
    (folder / "[red] one" / "[i]B4.wav").write_bytes(b"damaged")
    assert "[b]notes" in run("summary", folder.parent).output
    recipe = tmp_path / "toy.toml"
    recipe.write_text('name = "toy"\n[[source]]\nname = "a"\nkind = "notes"\npath = "[b]notes"\n')
    out = tmp_path / ("[u]out" + 60 * "x")
    result = run("build", recipe, "--data", tmp_path, "--out", out)
    assert result.exit_code == 0, result.output
    assert "left out: [i]B4 of flute_[red] one (damaged)\n" in result.output
    assert f"1 notes of 1 instruments in {out}; licences" in result.output
    for family in FAMILIES:
        assert f" {family} " in result.output


@pytest.mark.parametrize("command", ["build", "render", "summary"])
def test_help_gives_an_example(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"Example: python -m xai_core dataset {command}" in result.output
