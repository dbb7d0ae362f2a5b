"""A command that the user stops ends with status 130 and says what is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from tests.cli.commands import run_command
from xai_core import cli

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = {  # the words, and what is interrupted
    "predict x.wav": "explaining.quiet_start",
    "explain x.wav -t mfcc -f flute": "explaining.quiet_start",
    "compare x.wav y.wav -t mfcc -f flute": "explaining.quiet_start",
    "listen x.wav --with y.wav": "listening.quiet_start",
    "trust x.wav -t mfcc -f flute": "trusting.quiet_start",
    "plant --data x": "planting.quiet_start",
    "train --data x": "long_runs.quiet_start",
    "evaluate --data x": "evaluating.read_collections",
    "analyse --data x --out out": "long_runs.read_collections",
    "dataset audit x": "dataset.read_collections",
    "dataset summary x": "dataset.read_collections",
    "dataset render x --out out": "dataset.render_notes",
    "dataset build starter --out out": "dataset.read_recipe",
}
GOES_ON = {"train", "plant", "analyse", "dataset build"}


def stop(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_every_command_is_tried() -> None:
    known = {
        typer.main.get_command_name(one.callback.__name__) for one in cli.app.registered_commands
    }
    known |= {
        f"dataset {one.name or one.callback.__name__}"
        for one in cli.dataset.app.registered_commands
    }
    tried = {" ".join(words.split()[: 1 + words.startswith("dataset")]) for words in COMMANDS}
    assert known == tried


@pytest.mark.parametrize("words", COMMANDS)
@pytest.mark.parametrize("debug", [False, True])
def test_a_stopped_command_ends_with_130_and_a_word(
    words: str,
    debug: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(f"xai_core.cli.{COMMANDS[words]}", stop)
    given = ["--debug", *words.split()] if debug else words.split()
    assert run_command(monkeypatch, *given) == 128 + signal.SIGINT
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert said[0].startswith("Stopped: ")
    goes_on = any(words.startswith(name) for name in GOES_ON)
    assert ("goes on from there" in said[0]) == goes_on
    assert ("begins anew" in said[0]) != goes_on


def test_an_exit_status_that_a_command_asks_for_is_that_of_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def leave(*_: object) -> None:
        raise typer.Exit(3)

    monkeypatch.setattr("xai_core.cli.dataset.read_collections", leave)
    assert run_command(monkeypatch, "dataset", "summary", "x") == 3


WAITING = """
import time
from xai_core.cli import dataset, main

def wait(folders):
    print("ready", flush=True)
    time.sleep(600)

dataset.read_collections = wait
main()
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_real_interrupt_ends_a_process_with_130() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING, "dataset", "summary", "x"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # a shell that runs the tests in the background has them ignore it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130
    assert said == "Stopped: no result was finished: the same command begins anew\n"


STOP = """
import builtins, runpy
real = builtins.__import__

def interrupted(name, *more, **named):
    if name == "xai_core.cli":
        raise KeyboardInterrupt
    return real(name, *more, **named)

builtins.__import__ = interrupted
runpy.run_module("xai_core", run_name="__main__")
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_an_interrupt_while_packages_are_imported_is_no_traceback() -> None:
    stopped = subprocess.run(
        [sys.executable, "-c", STOP],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (stopped.returncode, stopped.stderr) == (130, "Stopped\n")
