"""Batches: notes at their odds with the right targets, and what is done to them on the way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.training.small_corpus import counting_corpus
from xai_core.training import PRESETS, Corpus
from xai_core.training.corpus import Batches
from xai_core.training.presets import Preset

PLAIN = PRESETS["quick"]


def _batches(
    corpus: Corpus, preset: Preset, *, n_batches: int = 1, seed: int = 0, **changes: object
) -> Batches:
    n = corpus.family.size
    given = {"targets": np.arange(float(n))[:, np.newaxis], "odds": np.full(n, 1 / n), **changes}
    return Batches(corpus, n_batches=n_batches, preset=preset, seeds=(seed, 0), **given)  # type: ignore[arg-type]


def test_batches_follow_odds_and_carry_the_right_targets() -> None:
    corpus = counting_corpus(4, n_variants=3)
    odds = np.array([0.5, 0.3, 0.2, 0.0])
    batches = _batches(corpus, replace(PLAIN, batch_size=100), n_batches=40, odds=odds)
    notes, variants = [], []
    for x, y in batches.epoch(0):
        assert x.shape == (100, 2, 3, 1)
        assert x.dtype == y.dtype == np.float32
        value = x[:, 0, 0, 0]
        assert (x == value[:, np.newaxis, np.newaxis, np.newaxis]).all()
        assert np.array_equal(value % 100, y[:, 0])  # the note and its target belong together
        notes.extend(y[:, 0].astype(int))
        variants.extend(value.astype(int) // 100)
    assert len(notes) == 4000
    # 4000 draws: five standard deviations are 0.04
    np.testing.assert_allclose(np.bincount(notes, minlength=4) / 4000, odds, atol=0.04)
    np.testing.assert_allclose(np.bincount(variants) / 4000, 1 / 3, atol=0.04)
    assert notes.count(3) == 0


def test_without_odds_every_note_comes_once_an_epoch() -> None:
    batches = _batches(counting_corpus(21), replace(PLAIN, batch_size=8), n_batches=3, odds=None)
    first, second = ([y[:, 0] for _, y in batches.epoch(k)] for k in (0, 1))
    assert [len(y) for y in first] == [8, 8, 5]
    for epoch in (first, second):
        assert sorted(np.concatenate(epoch)) == list(range(21))
    assert not np.array_equal(np.concatenate(first), np.concatenate(second))


def test_an_epoch_is_the_same_whatever_came_before_it() -> None:
    preset = replace(PLAIN, batch_size=8)
    corpus = counting_corpus(20, shape=(12, 6))
    batches = _batches(corpus, preset, n_batches=2)
    for _ in batches.epoch(0):
        pass
    later = list(batches.epoch(1))
    fresh = list(_batches(corpus, preset, n_batches=2).epoch(1))
    for (x, y), (x_fresh, y_fresh) in zip(later, fresh, strict=True):
        assert np.array_equal(x, x_fresh)
        assert np.array_equal(y, y_fresh)
    assert not np.array_equal(later[0][0], later[1][0])
    assert not np.array_equal(later[0][0], batches.batch(0, 0)[0])
    other = _batches(corpus, preset, n_batches=2, seed=1)
    assert not np.array_equal(later[0][0], other.batch(1, 0)[0])


def test_a_stretch_is_cut_out_anywhere() -> None:
    corpus = counting_corpus(1, shape=(10, 3))
    ramp = np.arange(10, dtype=np.float16)[:, np.newaxis] * np.ones((1, 3), np.float16)
    corpus.spectrograms._x[:] = ramp  # type: ignore[attr-defined]
    x, _ = _batches(corpus, replace(PLAIN, batch_size=500)).batch(0, 0, crop_frames=4)
    assert x.shape == (500, 4, 3, 1)
    starts = x[:, 0, 0, 0]
    assert np.array_equal(x[:, :, 0, 0] - starts[:, np.newaxis], np.tile(np.arange(4), (500, 1)))
    assert set(starts) == set(range(7))  # the last stretch begins at frame 6
