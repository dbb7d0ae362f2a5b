"""Corpora: the right spectrograms, honest odds, batches drawn at them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from xai_core.datasets.notes import NoteRecord
from xai_core.features import N_FRAMES, extract, n_bins
from xai_core.training.augment import augment
from xai_core.training.corpus import BalancedBatches, Corpus, build_corpus
from xai_core.values import FAMILIES, Waveform

NOTES = [("brass", 0, 60), ("brass", 0, 62), ("brass", 1, 60), ("reed", 0, 60)]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[NoteRecord]:
    """Return four notes: two instruments of brass, one of reed."""
    folder = tmp_path_factory.mktemp("notes")
    rng = np.random.default_rng(0)
    out = []
    for family, number, pitch in [
        ("brass", 0, 60),
        ("brass", 0, 62),
        ("brass", 1, 60),
        ("reed", 0, 60),
    ]:
        name = f"{family}_acoustic_{number:03d}-{pitch:03d}-100"
        t = np.arange(64_000) / 16_000
        y = 0.3 * np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * t)
        y += 0.01 * rng.standard_normal(64_000)
        soundfile.write(folder / f"{name}.flac", y, 16_000, subtype="PCM_16")
        out.append(
            NoteRecord(
                note=name,
                path=folder / f"{name}.flac",
                family=family,
                instrument=name.rsplit("-", 2)[0],
                pitch=pitch,
                velocity=100,
                source="test",
                collection="here",
            )
        )
    return out


def _corpus(family: list[str], instrument: list[str], n_variants: int = 1) -> Corpus:
    """Return a corpus in which every bin of note k, variant v is k + 100 v."""
    n = len(family)
    x = np.zeros((n_variants, n, 2, 3), np.float16)
    x += np.arange(n, dtype=np.float16)[:, np.newaxis, np.newaxis]
    x += 100 * np.arange(n_variants, dtype=np.float16)[:, np.newaxis, np.newaxis, np.newaxis]
    return Corpus(
        type="mfcc",
        x=x,
        family=np.array([FAMILIES.index(name) for name in family]),
        instrument=np.array(instrument),
        source=np.array(["s"] * n),
        collection=np.array(["c"] * n),
        digest="",
    )


def test_notes_become_the_spectrograms_of_the_features(records: list[NoteRecord]) -> None:
    seen: list[tuple[int, int]] = []
    corpus = build_corpus(
        records,
        "log_mel",
        n_augmented=0,
        seed=0,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert corpus.clean().shape == (4, N_FRAMES, n_bins("log_mel"), 1)
    for record, x in zip(records, corpus.clean()[..., 0], strict=True):
        y, sr = soundfile.read(record.path, dtype="float32")
        # half precision: 11 bits, of values up to 1
        np.testing.assert_allclose(x, extract(Waveform(y, sr), "log_mel").values, atol=2**-11)
    assert corpus.family.tolist() == [1, 1, 1, 7]
    assert corpus.instrument.tolist()[1:] == [
        "brass_acoustic_000",
        "brass_acoustic_001",
        "reed_acoustic_000",
    ]
    assert set(corpus.collection) == {"here"}


def test_variants_are_augmented_and_do_not_depend_on_order(records: list[NoteRecord]) -> None:
    forth = build_corpus(records, "mfcc", n_augmented=2, seed=3)
    back = build_corpus(records[::-1], "mfcc", n_augmented=2, seed=3)
    assert forth.x.shape[0] == 3
    assert np.array_equal(forth.x, back.x[:, ::-1])
    assert forth.digest == back.digest
    for a, b in [(0, 1), (1, 2), (0, 2)]:
        assert not np.array_equal(forth.x[a], forth.x[b])
    other = build_corpus(records, "mfcc", n_augmented=2, seed=4)
    assert np.array_equal(other.x[0], forth.x[0])
    assert not np.array_equal(other.x[1], forth.x[1])
    assert build_corpus(records[:3], "mfcc", n_augmented=0, seed=3).digest != forth.digest


def test_the_digest_changes_with_the_audio_not_with_the_place(
    records: list[NoteRecord], tmp_path: Path
) -> None:
    first = build_corpus(records, "tonnetz", n_augmented=0, seed=0).digest
    moved = tmp_path / records[0].path.name
    moved.write_bytes(records[0].path.read_bytes())
    there = [replace(records[0], path=moved), *records[1:]]
    assert build_corpus(there, "tonnetz", n_augmented=0, seed=0).digest == first
    y, sr = soundfile.read(moved, dtype="float32")
    soundfile.write(moved, 0.5 * y, sr, subtype="PCM_16")
    assert build_corpus(there, "tonnetz", n_augmented=0, seed=0).digest != first


def test_augmentation_works_on_the_samples_of_the_file(records: list[NoteRecord]) -> None:
    corpus = build_corpus(records[:1], "mfcc", n_augmented=1, seed=3)
    y, sr = soundfile.read(records[0].path, dtype="float32")
    name = int.from_bytes(hashlib.sha256(records[0].note.encode()).digest()[:8], "big")
    changed = augment(y, rng=np.random.default_rng([3, name]))
    expected = extract(Waveform(changed, sr), "mfcc").values
    assert np.array_equal(corpus.x[1, 0], expected.astype(np.float16))


def test_odds_by_hand() -> None:
    # brass: instrument a with 4 notes, b with 1; reed: one instrument with 5
    corpus = _corpus(["brass"] * 5 + ["reed"] * 5, ["a"] * 4 + ["b"] + ["c"] * 5)
    odds = corpus.weights()
    a, b = 4**-0.7, 1.0
    expected = [a / (4 * a + b) / 2] * 4 + [b / (4 * a + b) / 2] + [0.1] * 5
    np.testing.assert_allclose(odds, expected, rtol=1e-12)


def test_every_family_is_drawn_as_often() -> None:
    rng = np.random.default_rng(0)
    family = rng.choice(FAMILIES, 500, p=[0.3, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.03, 0.02])
    instrument = [f"{name}_{rng.integers(5)}" for name in family]
    corpus = _corpus(list(family), instrument)
    odds = corpus.weights()
    assert odds.sum() == pytest.approx(1.0)
    for index in range(10):
        assert odds[corpus.family == index].sum() == pytest.approx(0.1)


def test_batches_follow_odds_and_carry_the_right_targets() -> None:
    corpus = _corpus(["brass"] * 3 + ["reed"], ["a", "b", "c", "d"], n_variants=3)
    odds = np.array([0.5, 0.3, 0.2, 0.0])
    targets = np.array([[0.0], [1.0], [2.0], [3.0]])
    batches = BalancedBatches(
        corpus, targets, odds, batch_size=100, n_batches=40, rng=np.random.default_rng(0)
    )
    assert len(batches) == 40
    notes, variants = [], []
    for index in range(len(batches)):
        x, y = batches[index]
        assert x.shape == (100, 2, 3, 1)
        assert x.dtype == np.float32
        value = x[:, 0, 0, 0]
        assert (x == value[:, np.newaxis, np.newaxis, np.newaxis]).all()
        assert np.array_equal(value % 100, y[:, 0])  # the note and its target belong together
        notes.extend(y[:, 0].astype(int))
        variants.extend(value.astype(int) // 100)
    # 4000 draws: five standard deviations are 0.04
    np.testing.assert_allclose(np.bincount(notes, minlength=4) / 4000, odds, atol=0.04)
    np.testing.assert_allclose(np.bincount(variants) / 4000, 1 / 3, atol=0.04)
    assert notes.count(3) == 0


def test_batches_repeat_with_the_seed_and_differ_within_it() -> None:
    corpus = _corpus(["brass"] * 20, [str(k) for k in range(20)])
    targets, odds = np.zeros((20, 1)), np.full(20, 0.05)

    def draw(seed: int) -> list[np.ndarray]:
        batches = BalancedBatches(
            corpus, targets, odds, batch_size=8, n_batches=2, rng=np.random.default_rng(seed)
        )
        return [batches[k][0] for k in (0, 1, 0)]

    first, again = draw(1), draw(1)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[0], first[2])  # the next epoch draws afresh
    assert not np.array_equal(first[0], draw(2)[0])
