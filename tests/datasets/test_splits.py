from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.datasets.notes_on_disk import tone, write_audio
from xai_core.datasets.notes import NoteRecord, audio_digest
from xai_core.datasets.splits import group_instruments, split_by_instrument
from xai_core.errors import AudioError, InputError
from xai_core.values import FAMILIES

N_FILES = 120


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Different short recordings, some as WAV; every fifth is a copy of the one before."""
    folder = tmp_path_factory.mktemp("audio")
    paths = []
    for i in range(N_FILES):
        y = tone(100.0 + (i - (i % 5 == 4)), n_samples=64)
        paths.append(write_audio(folder / f"{i}.{'wav' if i % 3 else 'flac'}", y))
    return paths


def note(
    path: Path, family: str, number: int, *, collection: str = "a", group: str = ""
) -> NoteRecord:
    instrument = f"{family}_acoustic_{number:03d}"
    return NoteRecord(
        note=f"{instrument}-{path.stem}",
        path=path,
        family=family,
        instrument=instrument,
        pitch=60,
        velocity=100,
        source=collection,
        collection=collection,
        group=group,
    )


def split(
    records: Sequence[NoteRecord], *, seed: int = 0, test_fraction: float = 0.2
) -> tuple[list[NoteRecord], list[NoteRecord]]:
    rng = np.random.default_rng(seed)
    return split_by_instrument(records, test_fraction=test_fraction, rng=rng)


# (family, instrument, file, group): few files over many instruments, so that copies are common;
# mostly without a group
random_notes = st.lists(
    st.tuples(
        st.sampled_from(FAMILIES[:3]),
        st.integers(0, 9),
        st.integers(0, N_FILES - 1),
        st.sampled_from(["", "", "", "", "", "x", "y", "z"]),
    ),
    min_size=1,
    max_size=40,
)


@given(
    drawn=random_notes,
    test_fraction=st.floats(0.05, 0.95),
    seed=st.integers(0, 2**32 - 1),
)
def test_no_instrument_no_recording_and_no_group_is_on_both_sides(
    files: list[Path], drawn: list[tuple[str, int, int, str]], test_fraction: float, seed: int
) -> None:
    records = [note(files[i], family, number, group=group) for family, number, i, group in drawn]
    train, test = split(records, seed=seed, test_fraction=test_fraction)
    assert Counter(train) + Counter(test) == Counter(records)
    assert not {r.instrument for r in train} & {r.instrument for r in test}
    assert not {audio_digest(r) for r in train} & {audio_digest(r) for r in test}
    assert not {r.group for r in train} & {r.group for r in test} - {""}
    # No family that is tested goes untrained.
    assert {r.family for r in test} <= {r.family for r in train}


@given(drawn=random_notes, seed=st.integers(0, 2**32 - 1), order=st.randoms())
def test_a_split_depends_on_the_generator_alone(
    files: list[Path], drawn: list[tuple[str, int, int, str]], seed: int, order: object
) -> None:
    records = [note(files[i], family, number, group=group) for family, number, i, group in drawn]
    mixed = [records[i] for i in np.random.default_rng(seed).permutation(len(records))]
    _, test = split(records, seed=seed)
    _, again = split(mixed, seed=seed)
    assert Counter(test) == Counter(again)


@given(
    counts=st.lists(st.integers(1, 12), min_size=1, max_size=4),
    test_fraction=st.floats(0.05, 0.95),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_family_gives_as_many_test_instruments_as_promised(
    files: list[Path], counts: list[int], test_fraction: float, seed: int
) -> None:
    distinct = iter([path for i, path in enumerate(files) if i % 5 != 4])
    records = [
        note(next(distinct), family, number)
        for family, count in zip(FAMILIES, counts, strict=False)
        for number in range(count)
    ]
    _, test = split(records, seed=seed, test_fraction=test_fraction)
    tested = Counter(record.family for record in test)
    for family, count in zip(FAMILIES, counts, strict=False):
        least = 0 if count < 2 else 1 if count < 6 else 2
        assert tested[family] == min(max(least, round(test_fraction * count)), max(count - 1, 0))


def test_copies_join_instruments_over_several_steps(files: list[Path]) -> None:
    # 3 and 4 hold the same samples in two containers, so do 8 and 9.
    records = [
        note(files[3], "guitar", 0),
        note(files[4], "guitar", 1),
        note(files[8], "guitar", 1),
        note(files[9], "organ", 2),
        note(files[10], "guitar", 3),
    ]
    groups = group_instruments(records)
    joined = {"guitar_acoustic_000", "guitar_acoustic_001", "organ_acoustic_002"}
    assert {groups[name] for name in joined} == {frozenset(joined)}
    assert groups["guitar_acoustic_003"] == {"guitar_acoustic_003"}


def test_a_group_joins_instruments_and_no_group_joins_none(files: list[Path]) -> None:
    records = [
        note(files[0], "guitar", 0, group="strat"),
        note(files[1], "guitar", 1, group="strat"),
        note(files[2], "guitar", 1),  # one note that names the group is enough
        note(files[5], "bass", 2, group="strat"),
        note(files[6], "guitar", 3),
        note(files[7], "guitar", 4),
    ]
    groups = group_instruments(records)
    joined = {"guitar_acoustic_000", "guitar_acoustic_001", "bass_acoustic_002"}
    assert {groups[name] for name in joined} == {frozenset(joined)}
    for alone in ("guitar_acoustic_003", "guitar_acoustic_004"):
        assert groups[alone] == {alone}


@pytest.mark.parametrize("seed", range(20))
def test_the_known_twins_of_nsynth_stay_together(files: list[Path], seed: int) -> None:
    records = [note(files[i], "mallet", n) for i, n in enumerate((0, 47, 5, 6))]
    train, test = split(records, seed=seed)
    train_side = {record.instrument for record in train}
    assert ("mallet_acoustic_000" in train_side) == ("mallet_acoustic_047" in train_side)
    assert test


@pytest.mark.parametrize("seed", range(20))
def test_collections_and_sources_take_turns(files: list[Path], seed: int) -> None:
    sizes = {"nsynth": 2, "renders": 10, "recordings": 3}
    paths = iter([path for i, path in enumerate(files) if i % 5 != 4])
    records, number = [], 0
    for collection, size in sizes.items():
        for _ in range(size):
            records.append(note(next(paths), "reed", number, collection=collection))
            number += 1
    _, test = split(records, seed=seed, test_fraction=0.2)  # 3 of 15
    assert Counter(record.collection for record in test) == dict.fromkeys(sizes, 1)


def test_test_instruments_vary_with_the_seed(files: list[Path]) -> None:
    paths = [path for i, path in enumerate(files) if i % 5 != 4][:6]
    records = [note(path, "reed", number) for number, path in enumerate(paths)]
    chosen: dict[frozenset[str], int] = defaultdict(int)
    for seed in range(300):
        _, test = split(records, seed=seed)
        chosen[frozenset(record.instrument for record in test)] += 1
    assert len(chosen) == math.comb(6, 2)  # every pair comes up
    assert max(chosen.values()) < 3 * 300 / math.comb(6, 2)


@pytest.mark.parametrize("test_fraction", [0.0, 1.0, -0.1, math.nan])
def test_a_fraction_that_leaves_a_side_empty_is_refused(test_fraction: float) -> None:
    with pytest.raises(InputError, match="expected a test fraction between 0 and 1"):
        split([], test_fraction=test_fraction)


def test_a_missing_recording_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"guitar_acoustic_000-gone.*missing"):
        split([note(tmp_path / "gone.flac", "guitar", 0)])


def test_some_instruments_are_held_out_first_and_some_never(files: list[Path]) -> None:
    # copies (4 and 3, 9 and 8) join instruments: 0 1 2 (3 4) 5 6 7 (8 9)
    records = [note(files[i], "flute", i) for i in range(10)]
    name = [record.instrument for record in records]
    for seed in range(10):
        _, test = split_by_instrument(
            records,
            test_fraction=0.4,
            rng=np.random.default_rng(seed),
            first=[name[0], name[3], "of another collection"],
            never=[name[1], name[8], name[5]],
        )
        held_out = {record.instrument for record in test}
        assert {name[0], name[3], name[4]} <= held_out  # with the twin
        assert not held_out & {name[1], name[5], name[8], name[9]}
        assert len(held_out) == 4
    _, test = split_by_instrument(
        records, test_fraction=0.1, rng=np.random.default_rng(0), first=name[:3]
    )
    assert {record.instrument for record in test} == set(name[:3])  # all of them, though more
