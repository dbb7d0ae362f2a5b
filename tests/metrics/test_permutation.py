"""Permutation over instruments and Holm's correction: textbook answers, level and power."""

from __future__ import annotations

import numpy as np
import pytest

from tests.made_pairs import Note, levels, notes_of, pairs_of
from xai_core.errors import InputError
from xai_core.metrics.permutation import families_differ, holm, separation

GENERATOR = np.random.default_rng


def test_holm_on_worked_examples() -> None:
    # 0.005 x 4, 0.01 x 3, 0.03 x 2, and 0.04 x 1 raised to the one before it
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.9, 0.8]), [1.0, 1.0])
    np.testing.assert_allclose(holm([0.01, np.nan, 0.02]), [0.02, np.nan, 0.02])
    assert holm([]).shape == (0,)
    with pytest.raises(InputError, match=r"expected p-values in \[0, 1\]"):
        holm([1.5])


def test_separation_is_one_zero_or_minus_one() -> None:
    ranks = np.array([1.0, 2.0, 3.0, 4.0])
    same = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 0, 1], [1, 1, 1, 1]], bool)
    np.testing.assert_allclose(separation(ranks, same), [1.0, -1.0, 0.0, 0.0])


def test_families_set_apart_have_the_smallest_p_there_is() -> None:
    # two families of two instruments: of 24 shuffles, 8 leave the grouping as it is
    pairs = pairs_of(notes_of({"bass": 2, "reed": 2}), levels({"bass": 1.0, "reed": 2.0}))
    found = families_differ(pairs, rng=GENERATOR(0))
    assert found["metric"].tolist()[0] == "difference_mean"
    np.testing.assert_allclose(found["separation"], 1.0)
    np.testing.assert_allclose(found["p"], 8 / 24)
    np.testing.assert_allclose(found["p_holm"], 1.0)
    assert set(found["n_instruments"]) == {4}
    assert set(found["n_instrument_pairs"]) == {6}


def test_many_instruments_decide_and_all_five_tests_are_corrected() -> None:
    pairs = pairs_of(notes_of(["bass", "reed"], each=2), levels({"bass": 1.0, "reed": 2.0}))
    found = families_differ(pairs, rng=GENERATOR(0), n_permutations=999)
    # 2 x 4! x 4! of 8! shuffles keep the grouping, 1 in 35
    assert (found["p"] > 0.01).all()
    assert (found["p"] < 0.06).all()
    np.testing.assert_allclose(found["p_holm"], holm(found["p"]))


def test_shuffling_instruments_keeps_its_level_where_shuffling_pairs_would_not() -> None:
    """Notes of one instrument alike, families meaning nothing: p is below 0.1 one time in ten."""
    low = 0
    for seed in range(60):
        rng = GENERATOR(seed)
        place = {f"{f}_{k}": rng.normal() for f in ("bass", "reed") for k in range(4)}

        def distance(a: Note, b: Note, metric: str, place: dict[str, float] = place) -> float:
            return abs(place[a[1]] - place[b[1]])

        pairs = pairs_of(notes_of(["bass", "reed"], each=4), distance)
        found = families_differ(pairs, rng=rng, n_permutations=59)
        low += found["p"].iloc[0] <= 0.1
    assert low <= 14  # 6 expected, 2.3 their standard deviation


def test_where_there_is_nothing_to_shuffle_there_is_no_p() -> None:
    one = pairs_of(notes_of(["bass"]), lambda a, b, metric: 1.0)
    alone = pairs_of(notes_of({"bass": 1, "reed": 1}), lambda a, b, metric: 1.0)
    for pairs in (one, alone):
        found = families_differ(pairs, rng=GENERATOR(0))
        assert found[["separation", "p", "p_holm"]].isna().all(axis=None)
