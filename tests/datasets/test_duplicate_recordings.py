from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.datasets.notes_on_disk import SR, write_audio
from xai_core.datasets.duplicate_recordings import (
    SAME,
    find_twins,
    group_names,
    likeness,
)
from xai_core.datasets.notes import NoteRecord

Samples = npt.NDArray[np.float32]


def plucked(seed: int, *, frequency: float = 220.0, seconds: float = 3.0) -> Samples:
    """Return a decaying harmonic tone with phases, tuning and noise of its own."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * SR)) / SR
    tuned = frequency * (1 + rng.uniform(-0.002, 0.002))  # within 4 cents
    y = sum(
        np.exp(-t * (1 + 0.3 * k))
        * (rng.uniform(0.2, 1.0) / k)
        * np.sin(2 * np.pi * k * tuned * t + rng.uniform(0, 6.28))
        for k in range(1, 12)
    )
    y = y + 0.01 * rng.standard_normal(t.size)
    return np.asarray(0.3 * y / np.abs(y).max(), np.float32)


def record(path: Path, instrument: str, *, pitch: int | None = 57) -> NoteRecord:
    return NoteRecord(path.stem, path, "guitar", instrument, pitch, None, "test")


def test_a_recording_is_found_again_at_another_level_start_and_length() -> None:
    y = plucked(0)
    assert likeness(y, 0.1 * y) == pytest.approx(1.0, abs=1e-6)
    shifted = np.concatenate([np.zeros(1_234, np.float32), 0.3 * y[: 2 * SR]])
    assert likeness(y, shifted) > 0.95
    noisy = shifted + 0.001 * np.random.default_rng(9).standard_normal(shifted.size)
    assert likeness(y, np.asarray(noisy, np.float32)) > SAME


def test_two_recordings_of_one_pitch_are_not_alike() -> None:
    found = [likeness(plucked(2 * i), plucked(2 * i + 1)) for i in range(10)]
    assert max(found) < SAME


def test_likeness_is_symmetric_and_silence_is_like_nothing() -> None:
    a, b = plucked(0), plucked(1)
    assert likeness(a, b) == pytest.approx(likeness(b, a), rel=1e-5)
    assert likeness(a, np.zeros(SR, np.float32)) == 0.0


def test_twins_are_found_across_instruments_of_one_family_and_pitch(tmp_path: Path) -> None:
    y = plucked(0)
    files = {
        "a": y,
        "b": plucked(1),
        "copy": 0.5 * np.concatenate([np.zeros(200, np.float32), y]),
        "other_pitch": 0.4 * y,
        "no_pitch": 0.4 * y,
    }
    records = [
        record(
            write_audio(tmp_path / f"{name}.wav", samples, subtype="FLOAT"),
            f"guitar_{name}",
            pitch={"other_pitch": 58, "no_pitch": None}.get(name, 57),
        )
        for name, samples in files.items()
    ]
    told: list[tuple[int, int]] = []
    twins = find_twins(records, on_progress=lambda done, total: told.append((done, total)))
    assert [(one.a, one.b, one.note_a, one.note_b) for one in twins] == [
        ("guitar_a", "guitar_copy", "a", "copy")
    ]
    assert twins[0].likeness > 0.95
    assert told[-1] == (4, 4)
    assert find_twins(records[::-1]) == twins


def test_only_pairs_of_the_instruments_asked_for_are_compared(tmp_path: Path) -> None:
    y = plucked(0)
    records = [
        record(write_audio(tmp_path / f"{i}.wav", y, subtype="FLOAT"), f"guitar_{i}")
        for i in range(4)
    ]
    missing = record(tmp_path / "missing.wav", "guitar_x", pitch=58)  # needs not be read
    found = find_twins([*records, missing], among={"guitar_1", "guitar_3"})
    pairs = {frozenset((one.a, one.b)) for one in found}
    assert pairs == {
        frozenset((f"guitar_{a}", f"guitar_{b}")) for a, b in ("10", "12", "13", "30", "32")
    }
    assert find_twins([*records, missing], among=()) == []


def test_notes_of_one_instrument_are_not_compared(tmp_path: Path) -> None:
    y = plucked(0)
    paths = [write_audio(tmp_path / f"{i}.wav", y, subtype="FLOAT") for i in range(2)]
    assert find_twins([record(path, "guitar_a") for path in paths]) == []


pairs = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=12)


@given(pairs)
def test_groups_are_the_connected_parts_named_after_their_first_member(
    drawn: list[tuple[str, str]],
) -> None:
    groups = group_names(drawn)
    reach = {name: {name} for pair in drawn for name in pair}
    for _ in range(8):  # at most 8 names, so that this is long enough
        for a, b in drawn:
            reach[a] |= reach[b]
            reach[b] |= reach[a]
    assert groups == {name: min(reached) for name, reached in reach.items()}
