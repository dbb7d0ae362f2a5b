"""A JSON read back: what is not ours, or says something else, gets one plain sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xai_core.errors import InputError
from xai_core.results.records import read_recalled

SETTINGS: dict[str, Any] = {
    "method": "integrated_gradients",
    "preset": "default",
    "target": "logit",
    "baseline": "silence",
    "n_steps": None,
    "tolerance": 0.02,
    "max_steps": 256,
    "type": "mfcc",
    "family": "flute",
    "models": "starter",
    "model_sha256": "a" * 64,
    "note_sha256": "b" * 64,
}


def write(folder: Path, record: object) -> Path:
    path = folder / "result.json"
    path.write_text(json.dumps(record))
    return path


def test_settings_are_those_of_the_file(tmp_path: Path) -> None:
    recalled = read_recalled(write(tmp_path, {"settings": SETTINGS, "start": 2.5}))
    assert (recalled.type, recalled.family, recalled.models) == ("mfcc", "flute", "starter")
    assert recalled.start == 2.5
    assert (recalled.settings.tolerance, recalled.settings.max_steps) == (0.02, 256)
    assert recalled.settings.n_steps is None
    assert recalled.settings.map_tolerance is None  # files of before do not name it
    known = read_recalled(write(tmp_path, {"settings": SETTINGS | {"map_tolerance": 0.02}}))
    assert known.settings.map_tolerance == 0.02


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"these are only words",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b" " * (2**20 + 1),
        b"[1, 2]",
        b'{"scores": {}, "a": {"settings": {}}}',
        b'{"settings": {"type": "mfcc"}}',
    ],
    ids=["empty", "words", "bytes", "nested", "large", "list", "comparison", "poor"],
)
def test_what_is_not_the_json_of_an_explanation_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"expected the JSON of an explanation .* in other\.json"):
        read_recalled(path)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"type": 3}, "expected the JSON"),
        ({"n_steps": "16"}, "expected the JSON"),
        ({"n_steps": True}, "expected the JSON"),
        ({"seed": -1}, "expected the JSON"),
        ({"method": ["grad_cam"]}, "expected the JSON"),
        ({"type": "kazoo"}, "unknown spectrogram type 'kazoo'"),
        ({"method": "guess"}, "unknown method 'guess'"),
        ({"n_steps": 100_000}, "expected 1 to 512 steps"),
        ({"tolerance": float("nan")}, "expected a tolerance between 0 and 1"),
    ],
)
def test_settings_that_no_explanation_has_are_refused(
    changes: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=sentence):
        read_recalled(write(tmp_path, {"settings": SETTINGS | changes}))


def test_another_makers_file_and_a_missing_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="something else"):
        read_recalled(write(tmp_path, {"settings": SETTINGS, "made_by": "Another"}))
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_recalled(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"family": "organ"}, "--family organ contradicts result.json, which says flute"),
        ({"n_steps": 16}, "--steps 16 contradicts result.json, which says as many as needed"),
        ({"start": 1.0}, "--start 1.0 contradicts result.json, which says 0.0"),
        ({"baseline": "noise"}, "--baseline noise contradicts result.json, which says silence"),
        ({"models": "mine"}, "--models mine contradicts"),
    ],
)
def test_what_is_given_beside_must_agree(
    given: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    recalled = read_recalled(write(tmp_path, {"settings": SETTINGS}))
    with pytest.raises(InputError, match=sentence):
        recalled.check_beside(given)
    recalled.check_beside({"family": "flute", "type": None, "target": "logit", "start": 0.0})
