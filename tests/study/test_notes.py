"""Which notes are compared: instruments take turns, by the seed and nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from xai_core.datasets.notes import NoteRecord
from xai_core.study.notes import (
    choose_notes,
    pairs_between,
    pairs_within,
)

SR = 16_000  # Hz
NOTES_OF = {"flute_acoustic_000": 6, "flute_acoustic_001": 2, "flute_acoustic_002": 1}


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[NoteRecord]:
    folder = tmp_path_factory.mktemp("choosing")
    rng = np.random.default_rng(0)
    found = []
    for instrument, n in {**NOTES_OF, "organ_acoustic_000": 3}.items():
        for k in range(n):
            note = f"{instrument}-{60 + k:03d}-100"
            path = folder / f"{note}.wav"
            soundfile.write(path, 0.1 * rng.standard_normal(SR // 4), SR)
            family = instrument.partition("_")[0]
            found.append(NoteRecord(note, path, family, instrument, 60 + k, 100, "noise"))
    return found


@pytest.mark.parametrize(("n", "expected"), [(3, [1, 1, 1]), (5, [1, 2, 2]), (20, [1, 2, 6])])
def test_instruments_take_turns(records: list[NoteRecord], n: int, expected: list[int]) -> None:
    chosen, refused = choose_notes(records, "flute", n=n, seed=0)
    counts = Counter(note.record.instrument for note in chosen)
    assert sorted(counts.values()) == expected
    assert refused == []
    assert {note.record.family for note in chosen} == {"flute"}


def test_the_choice_depends_on_the_seed_and_not_on_the_order(records: list[NoteRecord]) -> None:
    def names(some: list[NoteRecord], seed: int) -> list[str]:
        return [note.record.note for note in choose_notes(some, "flute", n=4, seed=seed)[0]]

    assert names(records, 0) == names(records[::-1], 0)
    assert len({tuple(names(records, seed)) for seed in range(10)}) > 5
    few = [note.record.note for note in choose_notes(records, "flute", n=2, seed=0)[0]]
    assert names(records, 0)[:2] == few


def test_what_cannot_be_used_is_passed_over_and_named(
    records: list[NoteRecord], tmp_path: Path
) -> None:
    (tmp_path / "damaged.wav").write_bytes(b"RIFF, more or less")
    soundfile.write(tmp_path / "silent.wav", np.zeros(SR), SR)
    bad = [
        replace(records[0], note=f"flute_{name}", instrument=f"flute_{name}", path=tmp_path / file)
        for name, file in [("x", "damaged.wav"), ("y", "silent.wav"), ("z", "none.wav")]
    ]
    chosen, refused = choose_notes([*records, *bad], "flute", n=50, seed=0)
    reasons = {one.record.note: one.reason for one in refused}
    assert len(chosen) == sum(NOTES_OF.values())
    assert "expected WAV, FLAC" in reasons["flute_x"]
    assert "expected a sound, got silence" in reasons["flute_y"]
    assert "there is no file" in reasons["flute_z"]


def test_notes_of_one_name_and_different_sound_are_different_notes(
    records: list[NoteRecord],
) -> None:
    flute, organ = records[8], records[9]
    namesake = replace(flute, path=organ.path, instrument="flute_twin")
    chosen, refused = choose_notes([*records, namesake], "flute", n=50, seed=0)
    assert len(chosen) == sum(NOTES_OF.values()) + 1
    assert refused == []


def test_what_is_there_twice_is_taken_once(records: list[NoteRecord]) -> None:
    one = records[8]
    twin = replace(one, note="flute_twin", instrument="flute_twin")
    chosen, refused = choose_notes([*records, twin], "flute", n=50, seed=0)
    assert len(chosen) == sum(NOTES_OF.values())
    assert [one.reason for one in refused] == ["it has the samples of another note"]
    assert refused[0].record in (one, twin)


def test_a_file_that_is_written_anew_is_read_anew(tmp_path: Path) -> None:
    name = "flute_acoustic_000-060-100"
    record = NoteRecord(name, tmp_path / "x.wav", "flute", name[:-8], 60, 100, "noise")
    digests = []
    for seed in (0, 0, 1):
        y = 0.1 * np.random.default_rng(seed).standard_normal(SR // 4 + seed)
        soundfile.write(record.path, y, SR)
        (note,), _ = choose_notes([record], "flute", n=1, seed=0)
        digests.append(note.sha256)
    assert digests[0] == digests[1] != digests[2]
    record.path.unlink()
    assert choose_notes([record], "flute", n=1, seed=0)[0] == []


def test_no_notes_of_a_family(records: list[NoteRecord]) -> None:
    assert choose_notes(records, "vocal", n=3, seed=0) == ([], [])


def test_pairs_within_a_family_are_all_pairs_once() -> None:
    assert pairs_within(4).tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]
    assert pairs_within(1).shape == (0, 2)


def test_pairs_between_families_are_drawn_without_repeats() -> None:
    families = ("flute", "organ")
    some = pairs_between(families, (7, 5), most=20, seed=0)
    assert len({tuple(pair) for pair in some.tolist()}) == 20
    assert some.min() == 0
    assert (some < [7, 5]).all()
    np.testing.assert_array_equal(some, pairs_between(families, (7, 5), most=20, seed=0))
    assert not np.array_equal(some, pairs_between(families, (7, 5), most=20, seed=1))
    whole = pairs_between(families, (7, 5), most=100, seed=0)
    assert whole.tolist() == [[i, j] for i in range(7) for j in range(5)]
    assert pairs_between(families, (7, 5), most=0, seed=0).shape == (0, 2)
