"""``listen`` as a user runs it: the sound that is written, what is said of it, and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.commands import run_command
from xai_core.audio import load, load_note
from xai_core.datasets.collection import read_collection
from xai_core.explanations import explain, predict
from xai_core.explanations.hearing import hear
from xai_core.listening import apply_mask, box_mask, mix


@pytest.fixture(scope="module")
def pair(chords: Path) -> list[Path]:
    records = read_collection(chords)
    return [next(r.path for r in records if r.family == f) for f in ("flute", "organ")]


def test_a_box_is_muted_with_its_harmonics(
    pair: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["listen", pair[0], "--box", "0.5,2.5,200,300", "--harmonics", "--mute"]
    words += ["--models", "tiny", "--out", tmp_path]
    assert run_command(monkeypatch, *words, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    note = load_note(pair[0])
    inside = box_mask(0.5, 2.5, 200, 300, harmonics=True)
    expected = apply_mask(note, np.where(inside, 0.0, 1.0))
    (wav,) = tmp_path.glob("*.wav")
    np.testing.assert_array_equal(load(wav).y, expected.y)
    for name, one in (("before", note), ("after", expected)):
        found = predict(one, models="tiny")
        for type, row in found.by_type().items():
            assert said[name][type] == pytest.approx(row)
        assert said[name]["verdict"] == pytest.approx(found.verdict())
    assert run_command(monkeypatch, *words) == 0
    table = capsys.readouterr().out
    assert "→" in table
    assert "flute" in table
    assert "Wrote " in table


def test_a_second_note_is_mixed_in(
    pair: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["listen", pair[0], "--with", pair[1], "--level", "-6", "--second-start", "1"]
    assert run_command(monkeypatch, *words, "--models", "tiny", "--out", tmp_path) == 0
    expected, _ = mix(load_note(pair[0]), load_note(pair[1]), level=-6.0, start=1.0)
    (wav,) = tmp_path.glob("*.wav")
    np.testing.assert_array_equal(load(wav).y, expected.y)


def test_what_a_map_keeps_is_written(
    pair: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["listen", pair[0], "--part", "rest", "--keep", "30", "-t", "tonnetz", "-f", "flute"]
    assert run_command(monkeypatch, *words, "--models", "tiny", "--out", tmp_path) == 0
    explanation = explain(pair[0], type="tonnetz", family="flute", models="tiny")
    (wav,) = tmp_path.glob("*.wav")
    expected = hear(explanation, part="rest", share=0.3).sound
    np.testing.assert_allclose(load(wav).y, expected.y, atol=1e-6)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "nothing to change"),
        (["--mute"], "--mute needs a --box"),
        (["--box", "0,1,0,100"], "one of --mute, --solo and --gain"),
        (["--box", "0,1,0,100", "--mute", "--solo"], "one of --mute, --solo and --gain"),
        (["--box", "0,1,0", "--mute"], "a box as seconds and hertz"),
        (["--box", "0,9,0,100", "--mute"], "within 0 to 4 s and 0 to 8000 Hz"),
        (["--box", "0,1,0,100", "--gain", "20"], "a gain from -24 to 12 dB"),
        (["--part", "best", "-t", "tonnetz", "-f", "flute"], "unknown part 'best'"),
        (["--part", "for"], "--part needs --type"),
        (["--box", "0,1,0,100", "--mute", "--level", "-6"], "--level has an effect only with"),
        (["--box", "0,1,0,100", "--mute", "--keep", "30"], "--keep has an effect only with"),
        (["--part", "for", "--box", "0,1,0,100", "--mute"], "give one of them"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    words: list[str],
    sentence: str,
    pair: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_command(monkeypatch, "listen", pair[0], *words, "--models", "tiny") == 2
    error = capsys.readouterr().err.strip()
    assert sentence in error
    assert "\n" not in error


def test_a_silent_second_note_and_a_level_beyond_the_range(
    pair: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["listen", pair[0], "--with", pair[1], "--level", "11", "--models", "tiny"]
    assert run_command(monkeypatch, *words) == 2
    assert "a level from -30 to 10 dB" in capsys.readouterr().err
    assert run_command(monkeypatch, "listen", pair[0], "--with", tmp_path / "none.wav") == 2
    assert "there is no file" in capsys.readouterr().err
