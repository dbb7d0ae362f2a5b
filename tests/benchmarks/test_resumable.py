"""What the long measurements keep, and the interval that they print."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.resumable import Lines, mean_and_interval, notes_in_turn
from xai_core.values import FAMILIES


def test_a_stopped_run_goes_on_after_half_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    lines = Lines(path, "type", "note")
    lines.add({"type": "mfcc", "note": "a", "value": 1})
    with path.open("a") as file:
        file.write('{"type": "mfcc", "no')
    again = Lines(path, "type", "note")
    assert ("mfcc", "a") in again
    assert ("mfcc", "b") not in again
    again.add({"type": "mfcc", "note": "b", "value": 2})
    again.add({"type": "stft", "note": "b", "value": 3})
    last = Lines(path, "type", "note")
    assert [line["value"] for line in last.where(type="mfcc")] == [1, 2]


def test_the_first_notes_are_one_of_each_family() -> None:
    notes = notes_in_turn(16)
    assert len(notes) == len({one.note for one in notes}) == 148
    for turn in range(12):  # the smallest family has so many
        some = notes[10 * turn : 10 * (turn + 1)]
        assert [one.family for one in some] == list(FAMILIES)
    few = notes_in_turn(4)
    assert [one.note for one in few] == [one.note for one in notes[:40]]


def test_the_interval_of_a_mean_is_that_of_the_normal_law() -> None:
    x = np.random.default_rng(1).normal(3.0, 2.0, size=400)
    mean, low, high = mean_and_interval(x)
    assert mean == pytest.approx(x.mean())
    half = 1.96 * x.std() / 20
    assert (low, high) == pytest.approx((mean - half, mean + half), abs=0.05 * half)
