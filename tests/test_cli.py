"""The command line as a user runs it: its exit status, what it prints and writes.

What is refused is run in this process: to load TensorFlow anew for each sentence takes minutes.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.cli.commands import run_command
from tests.few_models import link_models
from tests.forked import run_forked

Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).resolve().parent.parent
SAMPLE = next(iter(sorted((ROOT / "samples" / "renders" / "flute" / "audio").glob("*.flac"))))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return link_models(tmp_path_factory.mktemp("models"), ["mfcc"])


@pytest.fixture
def run(models: Path, tmp_path: Path) -> Run:
    """Return what runs a command in a process of its own, with the models of MFCC."""
    places = {"TIMBRELENS_MODELS": str(models), "TIMBRELENS_CACHE": str(tmp_path / "cache")}
    environ = {**places, "COLUMNS": "120"}
    return lambda *words: run_forked("-m", "xai_core", *words, environ=environ)


@pytest.fixture(scope="module")
def bad_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bad")
    files = {
        name: folder / f"{name}.wav" for name in ("empty", "text", "no_samples", "nan", "silence")
    }
    files["empty"].write_bytes(b"")
    files["text"].write_text("these are only words")
    soundfile.write(files["no_samples"], np.zeros(0, np.float32), 16_000)
    soundfile.write(files["nan"], np.full(64_000, np.nan, np.float32), 16_000, subtype="FLOAT")
    soundfile.write(files["silence"], np.zeros(64_000, np.float32), 16_000)
    files["missing"] = folder / "missing.wav"
    return files


@pytest.mark.parametrize("command", ["predict", "explain"])
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("empty", "expected audio, got 0 bytes: is the file empty?"),
        (
            "text",
            "M4A, MP4, WebM or WMA audio, got something else",
        ),
        ("no_samples", "expected audio, got 0 samples"),
        ("nan", "expected finite samples, got 64000 that are NaN or infinite"),
        ("silence", "expected a sound, got silence"),
        ("missing", "there is no file"),
    ],
)
def test_bad_input_gets_one_sentence_and_status_2(
    command: str,
    name: str,
    sentence: str,
    bad_files: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [command, str(bad_files[name])]
    if command == "explain":
        words += ["--type", "mfcc", "--family", "flute"]
    assert run_command(monkeypatch, *words) == 2
    said = capsys.readouterr().err
    lines = said.strip().splitlines()
    assert len(lines) == 1, said
    assert lines[0].startswith("Error: ")
    assert sentence in lines[0]


@pytest.mark.slow
def test_a_bad_file_does_not_cost_the_others(bad_files: dict[str, Path], run: Run) -> None:
    result = run("predict", str(bad_files["text"]), str(SAMPLE), "--json")
    assert result.returncode == 2
    report = json.loads(result.stdout)
    assert "error" in report[str(bad_files["text"])]
    probabilities = report[str(SAMPLE)]["probabilities"]["mfcc"]
    assert len(probabilities) == 10
    assert all(0.0 <= p <= 1.0 for p in probabilities.values())


@pytest.mark.slow
def test_explain_writes_png_npz_and_json_that_agree(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["explain", str(SAMPLE), "-t", "mfcc", "-f", "flute", "--out", str(out)]
    result = run(*words)
    assert result.returncode == 0, result.stderr
    (png,), (npz,), (text,) = (list(out.glob(f"*.{suffix}")) for suffix in ("png", "npz", "json"))
    assert png.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    about = json.loads(text.read_text())
    with np.load(npz, allow_pickle=False) as arrays:
        attribution = arrays["attribution"]
        assert attribution.shape == arrays["spectrogram"].shape == (126, 40)
        assert arrays["time"].shape == (126,)
        assert arrays["bins"].shape == (40,)
    completeness = about["completeness"]
    delta = completeness["output"] - completeness["baseline_output"]
    assert abs(attribution.sum() - delta) <= 0.0101 * max(abs(delta), 0.05)  # float32 in the file
    assert completeness["output"] == pytest.approx(about["logit"], abs=1e-4)
    assert about["probability"] == pytest.approx(1 / (1 + np.exp(-about["logit"])), abs=1e-9)
    assert about["settings"]["target"] == "logit"
    assert len(about["settings"]["model_sha256"]) == 64


@pytest.mark.slow
def test_preset_paper_takes_50_steps_of_the_probability(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["explain", str(SAMPLE), "-t", "mfcc", "-f", "flute", "--preset", "paper"]
    result = run(*words, "--out", str(out))
    assert result.returncode == 0, result.stderr
    about = json.loads(next(out.glob("*.json")).read_text())
    assert about["completeness"]["n_steps"] == 50
    assert about["settings"]["target"] == "probability"
    assert about["completeness"]["output"] == pytest.approx(about["probability"], abs=1e-5)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["-t", "kazoo", "-f", "flute"], "unknown spectrogram type 'kazoo'"),
        (["-t", "mfcc", "-f", "kazoo"], "unknown family 'kazoo'"),
        (["-t", "mfcc", "-f", "flute", "--method", "guess"], "unknown method 'guess'"),
        (
            ["-t", "mfcc", "-f", "flute", "--layer", "dense", "--method", "grad_cam"],
            "unknown layer",
        ),
        (
            ["-t", "mfcc", "-f", "flute", "--models", "../../etc"],
            "expected the name of a model set",
        ),
        (["-t", "mfcc", "-f", "flute", "--steps", "0"], "expected 1 to 512 steps"),
        (["-t", "mfcc", "-f", "flute", "--rule", "trapezoid"], "only with a fixed number of steps"),
        (["-t", "mfcc", "-f", "flute", "--layer", "conv2d"], "layer has no effect"),
        (["-f", "flute"], "Missing option '--type'"),
    ],
)
def test_unknown_choices_are_named(
    words: list[str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_command(monkeypatch, "explain", SAMPLE, *words) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "words",
    [["predict"], ["explain"], ["train"], ["dataset", "render"], ["dataset", "summary"]],
)
def test_help_has_an_example(words: list[str], run: Run) -> None:
    result = run(*words, "--help")
    assert result.returncode == 0
    assert f"python -m xai_core {' '.join(words)}" in " ".join(result.stdout.split())


@pytest.mark.slow
def test_debug_shows_the_traceback(bad_files: dict[str, Path], run: Run) -> None:
    result = run("predict", str(bad_files["text"]), "--debug")
    assert result.returncode == 2
    assert "Traceback (most recent call last)" in result.stderr
