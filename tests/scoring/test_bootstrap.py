"""Draws of instruments: how many, of which, and what follows for sums."""

from __future__ import annotations

import time

import numpy as np
import pytest

from xai_core.errors import InputError
from xai_core.scoring import (
    binary_scores,
    interval,
    resample_instruments,
)


def test_each_family_draws_as_many_instruments_as_it_has() -> None:
    family = np.array([0, 0, 0, 1, 1, 2])
    names = ["a", "b", "a", "c", "d", "e"]
    drawn = resample_instruments(family, names, rng=np.random.default_rng(0), n_resamples=5000)
    assert drawn.draws.shape == (5000, 5)
    np.testing.assert_array_equal(drawn.draws @ np.array([[1, 1, 0, 0, 0]]).T, 2)
    np.testing.assert_array_equal(drawn.draws[:, 2:4].sum(axis=1), 2)
    np.testing.assert_array_equal(drawn.draws[:, 4], 1)  # alone: always drawn
    # of two instruments each is drawn 0, 1, 2 times with odds 1, 2, 1; 5 standard errors
    odds = np.bincount(drawn.draws[:, 0].astype(int)) / 5000
    np.testing.assert_allclose(odds, [0.25, 0.5, 0.25], atol=0.035)


def test_a_name_in_two_families_is_two_instruments() -> None:
    drawn = resample_instruments(np.array([0, 1]), ["a", "a"], rng=np.random.default_rng(0))
    assert drawn.n_instruments == 2


def test_sums_are_those_of_the_notes_drawn() -> None:
    rng = np.random.default_rng(0)
    family = rng.integers(0, 3, 50)
    names = rng.integers(0, 4, 50).astype(str)
    values = rng.random((50, 2))
    drawn = resample_instruments(family, names, rng=rng, n_resamples=7)
    for k, row in enumerate(drawn.sums(values)):
        notes = [i for i in range(50) for _ in range(int(drawn.draws[k][drawn.instrument[i]]))]
        np.testing.assert_allclose(row, values[notes].sum(axis=0))


def test_the_seed_decides() -> None:
    family, names = np.zeros(20, int), np.arange(20).astype(str)
    first, again, other = (
        resample_instruments(family, names, rng=np.random.default_rng(seed)).draws
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_mean_of_normal_scores_has_the_interval_of_the_textbook() -> None:
    rng = np.random.default_rng(0)
    low, high = interval(rng.normal(0.6, 0.05, 200_000))
    assert (low, high) == pytest.approx((0.6 - 1.96 * 0.05, 0.6 + 1.96 * 0.05), abs=1e-3)


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(InputError, match="expected notes to score, got none"):
        resample_instruments(np.zeros(0, int), [], rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="at least 1 resample, got 0"):
        resample_instruments(np.zeros(1, int), ["a"], rng=np.random.default_rng(0), n_resamples=0)


def test_ten_models_on_1200_notes_take_seconds() -> None:
    rng = np.random.default_rng(0)
    family = rng.integers(0, 10, 1200)
    names = rng.integers(0, 6, 1200).astype(str)
    p = rng.random((1200, 10))
    start = time.perf_counter()
    drawn = resample_instruments(family, names, rng=rng)
    for k in range(10):
        binary_scores(p[:, k], family == k, resamples=drawn)
    assert time.perf_counter() - start < 5.0  # 0.3 s on an idle core
