"""Ten models together: by counting, by hand, and as a permuted oracle."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.stats import binom

from xai_core.errors import InputError
from xai_core.scores import combine_types
from xai_core.scoring import (
    confusion_counts,
    resample_instruments,
    ten_way_scores,
)
from xai_core.values import FAMILIES


def test_ten_way_accuracy_weighs_families_not_notes() -> None:
    # nine notes of bass, all named; one of flute, taken for brass
    family = np.array([0] * 9 + [2])
    p = np.full((10, 10), 0.1)
    p[:9, 0] = 0.8
    p[9, 1] = 0.6
    scores = ten_way_scores(p, family)
    assert scores == {"n_notes": 10, "accuracy": 0.5, "recall": {"bass": 1.0, "flute": 0.0}}


def test_ten_way_recall_by_counting() -> None:
    rng = np.random.default_rng(0)
    family = rng.integers(0, 10, 300)
    p = rng.random((300, 10))
    p[np.arange(300), family] += 0.5
    named = [FAMILIES[int(np.argmax(row))] for row in p]
    true = [FAMILIES[k] for k in family]
    right = Counter(a for a, b in zip(true, named, strict=True) if a == b)
    expected = {name: right[name] / true.count(name) for name in FAMILIES}
    scores = ten_way_scores(p, family)
    assert scores["recall"] == pytest.approx(expected)
    assert scores["accuracy"] == pytest.approx(sum(expected.values()) / 10)
    assert 0.3 < scores["accuracy"] < 1.0


def test_ten_way_scores_of_no_notes_are_refused() -> None:
    with pytest.raises(InputError, match="expected notes to score, got none"):
        ten_way_scores(np.zeros((0, 10)), np.zeros(0, int))


def test_the_confusion_of_a_permuted_oracle_is_the_permutation() -> None:
    rng = np.random.default_rng(1)
    family = np.repeat(np.arange(10), np.arange(1, 11))  # k + 1 notes of family k
    to = rng.permutation(10)
    p = np.full((family.size, 10), 0.1)
    p[np.arange(family.size), to[family]] = 0.9
    counts = confusion_counts(p, family)
    expected = np.zeros((10, 10), int)
    expected[np.arange(10), to] = np.arange(1, 11)
    np.testing.assert_array_equal(counts, expected)
    drawn = resample_instruments(family, family.astype(str), rng=rng)
    scores = ten_way_scores(p, family, resamples=drawn)
    assert scores["confusion"] == expected.tolist()
    assert scores["accuracy"] == pytest.approx(np.mean(to == np.arange(10)))


def test_rows_of_families_that_are_absent() -> None:
    counts = confusion_counts(np.eye(10)[[3, 4]], np.array([3, 3]))
    assert counts.shape == (10, 10)
    assert counts.sum() == 2
    assert counts[3, 3] == counts[3, 4] == 1


def test_the_interval_of_the_accuracy_is_that_of_instruments() -> None:
    # of 20 bass instruments 10 are named, all or none of their 7 notes; brass always
    family = np.repeat([0, 1], 140)
    instrument = np.repeat(np.arange(40), 7)
    p = np.full((280, 10), 0.1)
    p[np.arange(280), np.where(instrument < 10, 2, family)] = 0.9
    drawn = resample_instruments(family, instrument.astype(str), rng=np.random.default_rng(0))
    scores = ten_way_scores(p, family, resamples=drawn)
    exact = binom.ppf([0.025, 0.975], 20, 0.5) / 20
    assert scores["intervals"]["recall"]["bass"] == pytest.approx(exact, abs=1.01 / 20)
    assert scores["intervals"]["recall"]["brass"] == [1.0, 1.0]
    assert scores["intervals"]["accuracy"] == pytest.approx((exact + 1) / 2, abs=1.01 / 40)
    assert (scores["accuracy"], scores["n_instruments"]) == (0.75, 40)


def test_one_instrument_of_a_family_leaves_no_interval() -> None:
    family = np.array([0, 0, 1, 1])
    drawn = resample_instruments(family, ["a", "b", "c", "c"], rng=np.random.default_rng(0))
    intervals = ten_way_scores(np.eye(10)[family], family, resamples=drawn)["intervals"]
    assert intervals == {"accuracy": None, "recall": {"bass": [1.0, 1.0], "brass": None}}


def test_independent_types_are_better_together() -> None:
    rng = np.random.default_rng(0)
    family = rng.integers(0, 10, 2000)
    types = []
    for _ in range(4):
        logits = rng.normal(0.0, 1.0, (2000, 10)) - 1.0
        logits[np.arange(2000), family] += 1.5
        types.append(1 / (1 + np.exp(-logits)))
    alone = [ten_way_scores(p, family)["accuracy"] for p in types]
    together = ten_way_scores(combine_types(types), family)["accuracy"]
    assert together > max(alone) + 0.2
