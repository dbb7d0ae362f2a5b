"""Draws of instruments, family by family, and the interval of what they give."""

from __future__ import annotations

import numpy as np
import pytest

from tests.made_pairs import notes_of, pairs_of
from xai_core.errors import InputError
from xai_core.metrics.statistics import (
    draw_instruments,
    interval,
)


def test_draws_keep_to_their_family_and_to_the_number_of_its_instruments() -> None:
    pairs = pairs_of(notes_of({"bass": 2, "vocal": 3}), lambda a, b, metric: 1.0)
    draws = draw_instruments(pairs, rng=np.random.default_rng(0), n_resamples=4000)
    assert draws.counts.shape == (4000, 5)
    family = draws.instruments.get_level_values("family").to_numpy()
    np.testing.assert_array_equal(draws.counts[:, family == "bass"].sum(axis=1), 2)
    np.testing.assert_array_equal(draws.counts[:, family == "vocal"].sum(axis=1), 3)
    # of two instruments one is drawn 0, 1, 2 times with odds 1, 2, 1; 5 standard errors
    odds = np.bincount(draws.counts[:, 0]) / 4000
    np.testing.assert_allclose(odds, [0.25, 0.5, 0.25], atol=0.04)


def test_an_instrument_of_two_families_is_two_and_a_stranger_is_refused() -> None:
    notes = [("bass", "moog", "1"), ("bass", "moog", "2"), ("brass", "moog", "3")]
    pairs = pairs_of(notes, lambda a, b, metric: 1.0)
    draws = draw_instruments(pairs, rng=np.random.default_rng(0), n_resamples=3)
    assert list(draws.instruments) == [("bass", "moog"), ("brass", "moog")]
    strange = pairs.assign(instrument_a="another")
    with pytest.raises(InputError, match="expected distances of the instruments drawn"):
        draws.columns(strange)


def test_interval_leaves_out_what_is_nan() -> None:
    column = np.concatenate([np.linspace(0.0, 1.0, 201), [np.nan]])
    low, high = interval(np.stack([column, np.full(202, np.nan)], axis=1))
    np.testing.assert_allclose([low[0], high[0]], [0.025, 0.975], rtol=1e-12)
    assert np.isnan([low[1], high[1]]).all()


def test_nothing_to_draw_is_refused() -> None:
    pairs = pairs_of(notes_of(["bass"]), lambda a, b, metric: 1.0)
    with pytest.raises(InputError, match="expected pairs of notes, got none"):
        draw_instruments(pairs[:0], rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="at least 1 resample, got 0"):
        draw_instruments(pairs, rng=np.random.default_rng(0), n_resamples=0)
