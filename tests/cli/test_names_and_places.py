"""Names are printed as they are, and a place that cannot be written to is said before the work."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path

import pytest

from tests.cli.commands import run_command
from tests.datasets.notes_on_disk import tone, write_audio
from tests.datasets.planted import write_clean
from xai_core import cli
from xai_core.cli.console import JobsProgress, plain_console
from xai_core.places import check_writable

CLI = Path(cli.__file__).parent
NEVER = "/proc/timbrelens"  # where nobody can write, root included


def test_a_console_prints_brackets_and_colons() -> None:
    out = plain_console(soft_wrap=True)
    out.file = io.StringIO()
    out.print("Wrote o[7]/blown[16] [take 2] [bold]x[/] :smiley:")
    assert out.file.getvalue() == "Wrote o[7]/blown[16] [take 2] [bold]x[/] :smiley:\n"


def test_commands_have_no_other_console() -> None:
    for path in CLI.glob("*.py"):
        made = re.findall(r"(?<![\w_])(?:Console|TextColumn)\(", path.read_text("utf-8"))
        assert len(made) == (2 if path.name == "console.py" else 0), path.name
    assert not JobsProgress()._bars.console._markup


def test_names_with_brackets_are_whole_in_every_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    for k in range(2):
        write_audio(tmp_path / "o [7]" / "flute" / f"[take {k}]" / "[red]a.wav", tone())
    json_file = tmp_path / "blown [16].json"
    words = ("dataset", "audit", tmp_path / "o [7]", "--json", json_file)
    assert run_command(monkeypatch, *words) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "o [7]" in said
    assert "[take 0]/[red]a: as [take 1]/[red]a" in said
    assert f"Wrote {json_file}" in said
    assert "[bold]" not in said
    assert run_command(monkeypatch, "dataset", "summary", tmp_path / "o [7]") == 0
    assert "o [7]" in capsys.readouterr().out


def test_names_that_are_not_utf_8_are_printed_and_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_audio(tmp_path / "notes" / "flute" / "a.wav", tone())
    folder = os.fsencode(tmp_path) + b"/n\xf6te"
    os.rename(tmp_path / "notes", folder)
    os.rename(folder + b"/flute/a.wav", folder + b"/flute/\xe4.wav")
    out = [tmp_path / name for name in ("a.json", "a.png", "a.html")]
    for figure in out[1:]:
        words = ("dataset", "audit", os.fsdecode(folder), "--json", out[0], "--figure", figure)
        assert run_command(monkeypatch, *words) == 0, capsys.readouterr().err
        assert figure.stat().st_size > 1000
    found = json.loads(out[0].read_text("utf-8"))
    names = {one["name"] for finding in found["findings"] for one in finding["found"]}
    assert r"\xe4" in names
    assert [one["source"] for one in found["sources"]] == [r"n\xf6te"]


@pytest.mark.parametrize(
    "words",
    [
        "evaluate --data notes --out",
        "analyse --data notes --out",
        "analyse --data notes --report",
        "explain x.wav -t mfcc -f flute --out",
        "compare x.wav y.wav -t mfcc -f flute --out",
        "dataset audit notes --json",
        "dataset audit notes --figure",
        "dataset render x.sf2 --out",
        "dataset build starter --data . --out",
    ],
)
@pytest.mark.parametrize("place", ["taken/out", f"{NEVER}/out"])
def test_a_place_that_cannot_be_written_to_is_said_before_anything_is_read(
    words: str,
    place: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").write_text("a file")
    place += ".png" if "--figure" in words else ""
    assert run_command(monkeypatch, *words.split(), place) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert re.search(r"cannot (be written|write)", said[0]), said
    assert (tmp_path / "taken").read_text() == "a file"


def test_training_into_a_folder_that_cannot_be_written_is_said_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_clean(tmp_path / "notes")
    for place in (NEVER, str(tmp_path / "taken")):
        (tmp_path / "taken").write_text("a file")
        monkeypatch.setenv("TIMBRELENS_MODELS", place)
        monkeypatch.setattr("xai_core.model_sets.train.usable_notes", None)  # not reached
        words = ("train", "--data", tmp_path / "notes", "-t", "mfcc", "--preset", "quick")
        assert run_command(monkeypatch, *words) == 2
        said = capsys.readouterr().err.strip()
        assert said.startswith("Error: the models cannot be written to")
        assert "\n" not in said


def test_a_name_that_no_set_can_have_is_said_before_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_clean(tmp_path / "notes")
    monkeypatch.setattr("xai_core.model_sets.train.usable_notes", None)  # not reached
    words = ("train", "--data", tmp_path / "notes", "-t", "mfcc", "--models", "My Set")
    assert run_command(monkeypatch, *words) == 2
    assert "expected the name of a model set" in capsys.readouterr().err


def test_a_check_leaves_nothing_behind(tmp_path: Path) -> None:
    check_writable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["train", "evaluate", "analyse"])
def test_a_seed_below_zero_is_the_users_to_mend(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(monkeypatch, command, "--data", "x", "--seed", "-1") == 2
    assert "Invalid value for '--seed'" in capsys.readouterr().err
