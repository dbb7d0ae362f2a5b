"""``explain --settings`` as a user runs it: the same arrays again, or one plain sentence."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.commands import FAMILIES, run_command
from xai_core import explanations
from xai_core.canvas import on_canvas
from xai_core.datasets.collection import read_collection
from xai_core.explanations import Comparison, compare_explanations, explain, partials
from xai_core.metrics import METRICS
from xai_core.pair_tables import METRIC_COLUMNS
from xai_core.results.files import explanation_files


@pytest.fixture(scope="module")
def saved(chords: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the files that the dashboard saves of one note."""
    folder = tmp_path_factory.mktemp("saved")
    note = next(one for one in read_collection(chords) if one.family == "flute")
    result = explain(
        note.path, type="tonnetz", family="organ", models="tiny", baseline="noise", target="logit"
    )
    paths = {}
    for file in explanation_files(result, note=note.note):
        paths[file.suffix] = folder / file.name
        paths[file.suffix].write_bytes(file.make())
    return paths


def test_the_command_gives_the_arrays_that_the_dashboard_saved(
    saved: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path / "empty cache"))
    words = ["explain", saved["wav"], "--settings", saved["json"], "--out", tmp_path / "out"]
    assert run_command(monkeypatch, *words) == 0
    said = capsys.readouterr().out
    assert "Probability of organ by its tonnetz model" in said
    assert re.search(r"Speaks (for|against) organ most of all: along the .*, net [+−]\d", said)
    assert f"The same map as in {saved['json'].name}, to the last bit." in said
    (npz,), (text,) = (tmp_path / "out").glob("*.npz"), (tmp_path / "out").glob("*.json")
    with np.load(saved["npz"]) as first, np.load(npz) as again:
        assert first.files == again.files
        for name in first.files:
            np.testing.assert_array_equal(again[name], first[name])
    about, before = (json.loads(path.read_text()) for path in (text, saved["json"]))
    assert about["settings"] == before["settings"]
    assert about["completeness"] == before["completeness"]
    suffixes = {path.suffix for path in (tmp_path / "out").iterdir()}
    assert suffixes == {".png", ".svg", ".npz", ".json", ".wav"}


def test_the_rules_of_lrp_can_be_set_and_are_saved(
    saved: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = ["-t", "tonnetz", "-f", "organ", "--models", "tiny", "--method", "lrp"]
    words = ["explain", saved["wav"], *about, "--gamma", "0.5", "--out", tmp_path]
    assert run_command(monkeypatch, *words) == 0
    (file,) = tmp_path.glob("*lrp*.json")
    record = json.loads(file.read_text())
    assert (record["settings"]["gamma"], record["settings"]["epsilon"]) == (0.5, 0.01)
    assert record["completeness"] is None
    words = ["explain", saved["wav"], "--settings", file, "--out", tmp_path / "again"]
    assert run_command(monkeypatch, *words) == 0
    again = json.loads((tmp_path / "again" / file.name).read_text())
    assert again["attribution_sha256"] == record["attribution_sha256"]


def test_options_that_agree_may_stand_beside_the_settings(
    saved: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["explain", saved["wav"], "--settings", saved["json"], "-f", "organ"]
    assert run_command(monkeypatch, *words, "--baseline", "noise", "--models", "tiny") == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["-f", "flute"], "--family flute contradicts"),
        (["--steps", "8"], "--steps 8 contradicts"),
        (["--noise-level", "0.3"], "--noise-level 0.3 contradicts"),
    ],
)
def test_an_option_that_says_something_else_is_named(
    words: list[str],
    sentence: str,
    saved: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = run_command(monkeypatch, "explain", saved["wav"], "--settings", saved["json"], *words)
    error = capsys.readouterr().err.strip()
    assert status == 2
    assert error.startswith(f"Error: {sentence}")
    assert "\n" not in error


def test_a_model_that_changed_since_is_said_so(
    saved: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    about = json.loads(saved["json"].read_text())
    about["settings"]["model_sha256"] = "0" * 64
    other = tmp_path / "other.json"
    other.write_text(json.dumps(about))
    assert run_command(monkeypatch, "explain", saved["wav"], "--settings", other) == 2
    error = capsys.readouterr().err.strip()
    assert "the tonnetz model of organ in the set 'tiny' has changed since other.json" in error
    assert "\n" not in error
    assert run_command(monkeypatch, "explain", saved["wav"], "--settings", saved["wav"]) == 2
    assert "expected the JSON of an explanation" in capsys.readouterr().err


@pytest.fixture(scope="module")
def pair(chords: Path) -> list[Path]:
    records = read_collection(chords)
    return [next(one.path for one in records if one.family == family) for family in FAMILIES]


def test_compare_writes_maps_difference_and_scores(
    pair: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["compare", *pair, "-t", "tonnetz", "-f", "flute", "--other-family", "organ"]
    words += ["--models", "tiny", "--out", tmp_path]
    assert run_command(monkeypatch, *words) == 0
    said = capsys.readouterr().out
    assert f"{pair[0].name}: probability of flute by its tonnetz model" in said
    assert f"{pair[1].name}: probability of organ by its tonnetz model" in said
    (npz,), (file,) = tmp_path.glob("*.npz"), tmp_path.glob("*.json")
    with np.load(npz) as arrays:
        a, b = arrays["a"].astype(np.float64), arrays["b"].astype(np.float64)
        assert a.shape == (126, 6) == (arrays["time"].size, arrays["bins"].size)
        np.testing.assert_allclose(arrays["difference"], a - b, rtol=1e-6, atol=1e-9)
    about = json.loads(file.read_text("utf-8"))
    assert list(about["scores"]) == list(METRIC_COLUMNS)
    for name, metric in METRICS.items():
        maps = (a, b) if name == "difference_mean" else (np.abs(a), np.abs(b))
        assert about["scores"][name] == pytest.approx(metric(*maps), rel=1e-12)
        assert f"{about['scores'][name]:.6g}" in said
    assert (about["a"]["family"], about["b"]["family"]) == FAMILIES
    assert about["a"]["settings"]["note_sha256"] != about["b"]["settings"]["note_sha256"]

    assert run_command(monkeypatch, *words[:-2], "--json") == 0
    assert json.loads(capsys.readouterr().out) == about
    assert run_command(monkeypatch, *words[:-2], "--method", "grad_cam", "--out", tmp_path) == 0
    assert len(list(tmp_path.glob("*.npz"))) == 2  # none is written over


def test_compare_takes_another_type_for_the_other_note(
    pair: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compare", pair[0], pair[0], "-t", "tonnetz", "--other-type", "kazoo", "-f", "flute"]
    assert run_command(monkeypatch, *words, "--models", "tiny") == 2
    assert "unknown spectrogram type 'kazoo'" in capsys.readouterr().err
    given = {}

    def compared(*files: Path, **named: Any) -> Comparison:
        given.update(named)
        one = explain(files[0], type="tonnetz", family="flute", models="tiny")
        return compare_explanations(one, replace(on_canvas(one), settings={"type": "stft"}))

    monkeypatch.setattr(explanations, "compare", compared, raising=False)
    words[6] = "stft"
    assert run_command(monkeypatch, *words, "--models", "tiny") == 0
    said = capsys.readouterr().out
    assert given["other_type"] == "stft"
    assert "probability of flute by its tonnetz model" in said
    assert "probability of flute by its stft model" in said
    assert "both maps are carried to hertz and seconds" in said
    (distance,) = re.findall(r"js_divergence +│? *(\S+)", said)
    assert float(distance) == pytest.approx(0, abs=1e-6)  # the same map twice


def test_help_has_an_example(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(monkeypatch, "compare", "--help") == 0
    assert "Example: python -m xai_core compare " in capsys.readouterr().out


def test_compare_says_one_sentence_with_status_2(
    pair: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["-t", "tonnetz", "-f", "flute", "--models", "tiny"]
    assert run_command(monkeypatch, "compare", pair[0], tmp_path / "none.wav", *words) == 2
    assert "there is no file" in capsys.readouterr().err
    (tmp_path / "taken").write_text("a file")
    assert run_command(monkeypatch, "compare", *pair, *words, "--out", tmp_path / "taken") == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("Error: the results cannot be written to")
    assert "\n" not in error


def test_explain_says_partials_and_parts_and_writes_their_sums(
    pair: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(partials, "find_pitch", lambda waveform: 220.0)  # which takes seconds
    words = ["explain", pair[0], "-t", "tonnetz", "-f", "flute", "--models", "tiny"]
    assert run_command(monkeypatch, *words, "--partials", "--out", tmp_path) == 0
    said = capsys.readouterr().out
    assert "Pitch: 220.0 Hz. The flute model says " in said
    (npz,), (file,) = tmp_path.glob("*.npz"), tmp_path.glob("*.json")
    parts = json.loads(file.read_text("utf-8"))["parts"]
    assert parts["pitch"] == 220.0
    with np.load(npz) as arrays:
        total = arrays["attribution"].astype(np.float64).sum()
    for rows in (parts["by_part"], parts["by_partial"]):
        sums = [one["speaks_for"] + one["speaks_against"] for one in rows]
        assert sum(sums) == pytest.approx(total, rel=1e-5)
    assert len(parts["by_partial"]) == 17

    assert run_command(monkeypatch, *words, "--out", tmp_path / "usual") == 0
    assert "Pitch" not in capsys.readouterr().out
    (usual,) = (tmp_path / "usual").glob("*.json")
    again = json.loads(usual.read_text("utf-8"))["parts"]
    assert (again["pitch"], again["by_partial"]) == (None, [])
    assert again["by_part"] == parts["by_part"]
