"""Scores by counting notes and pairs, and by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from xai_core.errors import InputError
from xai_core.evaluation import binary_scores, ten_way_scores
from xai_core.values import FAMILIES


@pytest.mark.parametrize("seed", range(5))
def test_binary_scores_by_counting(seed: int) -> None:
    rng = np.random.default_rng(seed)
    positive = rng.random(200) < 0.1 + 0.2 * seed
    # two digits only, so that many scores are tied, also exactly at the threshold
    p = np.round(np.clip(rng.normal(0.4 + 0.2 * positive, 0.25), 0, 1), 2)
    hits = sum(1 for a, b in zip(p, positive, strict=True) if a >= 0.5 and b)
    alarms = sum(1 for a, b in zip(p, positive, strict=True) if a >= 0.5 and not b)
    recall, precision = hits / positive.sum(), hits / (hits + alarms)
    # every pair of a positive and a negative note: who scores higher?
    ahead = p[positive][:, np.newaxis] - p[~positive]
    assert binary_scores(p, positive) == pytest.approx(
        {
            "n_notes": 200,
            "n_positive": int(positive.sum()),
            "balanced_accuracy": (recall + 1 - alarms / (~positive).sum()) / 2,
            "precision": precision,
            "recall": recall,
            "f1": 2 * precision * recall / (precision + recall),
            "roc_auc": np.mean((ahead > 0) + 0.5 * (ahead == 0)),
            "brier": sum((a - b) ** 2 for a, b in zip(p, positive, strict=True)) / 200,
        },
        abs=1e-12,
    )


def test_perfect_opposite_and_mute_models() -> None:
    positive = np.array([True, True, False, False, False])
    perfect = binary_scores(positive.astype(float), positive)
    assert perfect["balanced_accuracy"] == perfect["roc_auc"] == perfect["f1"] == 1.0
    assert perfect["brier"] == 0.0
    opposite = binary_scores(1.0 - positive, positive)
    assert opposite["balanced_accuracy"] == opposite["roc_auc"] == opposite["f1"] == 0.0
    assert opposite["brier"] == 1.0
    mute = binary_scores(np.zeros(5), positive)  # never says yes, ranks nothing
    assert (mute["precision"], mute["balanced_accuracy"], mute["roc_auc"]) == (0.0, 0.5, 0.5)


def test_scores_of_one_class_alone_are_refused() -> None:
    with pytest.raises(InputError, match="of a family and of others, got 0 and 3"):
        binary_scores(np.array([0.1, 0.2, 0.3]), np.zeros(3, bool))
    with pytest.raises(InputError, match="got 2 and 0"):
        binary_scores(np.array([0.1, 0.2]), np.ones(2, bool))


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
