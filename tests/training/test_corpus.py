"""Corpora: the right spectrograms, honest odds, batches drawn at them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.training.small_corpus import Held
from xai_core.datasets.notes import NoteRecord
from xai_core.features import N_FRAMES, extract, n_bins
from xai_core.training.augment import Augmentation
from xai_core.training.corpus import Corpus, RecordedNotes, build_corpus
from xai_core.values import FAMILIES, Waveform


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def _all(corpus: Corpus) -> np.ndarray:
    """Return every variant of every note, shape (n_variants, n_notes, n_frames, n_bins)."""
    source = corpus.spectrograms
    variants, notes = np.indices((source.n_variants, source.n_notes)).reshape(2, -1)
    x = source.take(variants, notes)
    return x.reshape(source.n_variants, source.n_notes, *source.shape)


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
        spectrograms=Held(x),
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
        on_progress=lambda done, total: seen.append((done, total)),
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
    assert forth.spectrograms.n_variants == 3
    x = _all(forth)
    assert np.array_equal(x, _all(back)[:, ::-1])
    assert forth.digest == back.digest
    for a, b in [(0, 1), (1, 2), (0, 2)]:
        assert not np.array_equal(x[a], x[b])
    other = _all(build_corpus(records, "mfcc", n_augmented=2, seed=4))
    assert np.array_equal(other[0], x[0])
    assert not np.array_equal(other[1], x[1])
    mild = Augmentation(level_db=(0.0, 0.0))
    changed = build_corpus(records, "mfcc", n_augmented=2, seed=3, augmentation=mild)
    assert np.array_equal(_all(changed)[0], x[0])
    assert not np.array_equal(_all(changed), x)
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


def test_notes_in_turn_and_their_mean() -> None:
    corpus = _corpus(["brass"] * 100 + ["reed"] * 30, ["a"] * 130, n_variants=2)
    batches = RecordedNotes(corpus)
    parts = [batches[k] for k in range(len(batches))]
    assert [len(x) for x, _ in parts] == [64, 64, 2]
    values = np.concatenate([x for x, _ in parts])[:, 0, 0, 0]
    assert np.array_equal(values, np.arange(130.0))  # variant 0 of each, none twice
    assert np.concatenate([y for _, y in parts]).tolist() == [1] * 100 + [7] * 30
    np.testing.assert_allclose(corpus.mean_spectrum, 64.5, rtol=1e-12)  # of 0 to 129


def test_odds_by_hand() -> None:
    # brass: instrument a with 4 notes, b with 1; reed: one instrument with 5
    corpus = _corpus(["brass"] * 5 + ["reed"] * 5, ["a"] * 4 + ["b"] + ["c"] * 5)
    odds = corpus.weights(0.7)
    a, b = 4**-0.7, 1.0
    expected = [a / (4 * a + b) / 2] * 4 + [b / (4 * a + b) / 2] + [0.1] * 5
    np.testing.assert_allclose(odds, expected, rtol=1e-12)


def test_one_big_instrument_does_not_swallow_its_family() -> None:
    # organ: 90 notes of one instrument, ten instruments of one note; reed: one note
    names = ["big", *(f"small {k}" for k in range(10))]
    instrument = ["big"] * 90 + names[1:] + ["other"]
    corpus = _corpus(["organ"] * 100 + ["reed"], instrument)
    odds = corpus.weights(0.7)
    big = 90 * 90**-0.7  # 3.86 against ten times 1
    assert odds[:90].sum() == pytest.approx(0.5 * big / (big + 10))
    assert odds[:90].sum() / odds[:100].sum() == pytest.approx(0.278, abs=1e-3)  # instead of 0.9
    assert odds[90] / odds[0] == pytest.approx(90**0.7)  # a note of a small one: 23 times as often
    assert odds[100] == pytest.approx(0.5)  # the other family is not touched


def test_balance_goes_from_notes_to_instruments() -> None:
    corpus = _corpus(["organ"] * 10 + ["reed"] * 2, ["big"] * 9 + ["small"] + ["other"] * 2)
    np.testing.assert_allclose(corpus.weights(0.0), [0.05] * 10 + [0.25] * 2, rtol=1e-12)
    assert corpus.weights(1.0)[:9].sum() == pytest.approx(0.25)  # as often as the small one


def test_every_family_is_drawn_as_often() -> None:
    rng = np.random.default_rng(0)
    family = rng.choice(FAMILIES, 500, p=[0.3, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.03, 0.02])
    instrument = [f"{name}_{rng.integers(5)}" for name in family]
    corpus = _corpus(list(family), instrument)
    odds = corpus.weights(0.7)
    assert odds.sum() == pytest.approx(1.0)
    for index in range(10):
        assert odds[corpus.family == index].sum() == pytest.approx(0.1)
