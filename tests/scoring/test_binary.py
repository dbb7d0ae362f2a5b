"""Scores of one model by counting notes and pairs, by hand, and by scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.metrics import (
    balanced_accuracy_score,
    brier_score_loss,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from xai_core.errors import InputError
from xai_core.scoring import (
    binary_scores,
    resample_instruments,
)
from xai_core.scoring.binary import resampled_scores


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


def _case(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return probabilities with ties, family numbers and instruments of uneven size."""
    rng = np.random.default_rng(seed)
    instrument = np.sort(rng.integers(0, 12, 300))
    family = instrument // 3
    level = rng.normal(0.3, 0.2, 12)[instrument] + 0.3 * (family == 0)
    return np.round(np.clip(rng.normal(level, 0.15), 0, 1), 2), family, instrument.astype(str)


def test_a_resample_scores_as_scikit_learn_scores_its_notes() -> None:
    p, family, instrument = _case(3)
    positive = family == 0
    resamples = resample_instruments(family, instrument, rng=np.random.default_rng(0))
    found = resampled_scores(p, positive, resamples)
    for k in range(20):
        weight = resamples.draws[k][resamples.instrument]  # how often each note is drawn
        said = p >= 0.5
        expected = {
            "balanced_accuracy": balanced_accuracy_score(positive, said, sample_weight=weight),
            "precision": precision_score(positive, said, sample_weight=weight, zero_division=0.0),
            "recall": recall_score(positive, said, sample_weight=weight),
            "f1": f1_score(positive, said, sample_weight=weight, zero_division=0.0),
            "roc_auc": roc_auc_score(positive, p, sample_weight=weight),
            "brier": brier_score_loss(positive, p, sample_weight=weight),
            "ece": _error_note_by_note(p, positive, weight),
        }
        assert {name: values[k] for name, values in found.items()} == pytest.approx(expected)


def _error_note_by_note(p: np.ndarray, positive: np.ndarray, drawn: np.ndarray) -> float:
    gaps = [0.0] * 10
    totals = {True: drawn[positive].sum(), False: drawn[~positive].sum()}
    for said, is_positive, times in zip(p, positive, drawn, strict=True):
        share = 0.5 * times / totals[bool(is_positive)]
        gaps[min(round(said * 100) // 10, 9)] += share * (float(is_positive) - said)
    return sum(abs(gap) for gap in gaps)


def test_everything_drawn_once_gives_the_scores_themselves() -> None:
    p, family, instrument = _case(5)
    positive = family == 0
    resamples = resample_instruments(family, instrument, rng=np.random.default_rng(0))
    resamples.draws[0] = 1.0
    scores = binary_scores(p, positive, resamples=resamples)
    for name, values in resampled_scores(p, positive, resamples).items():
        assert values[0] == pytest.approx(scores[name], abs=1e-12)


def _right_by_instrument(n: int, n_right: int, notes: int) -> tuple[np.ndarray, ...]:
    """Return a model that is right on whole instruments of the family, and on all others."""
    right = np.arange(n) < n_right
    p = np.concatenate([np.repeat(np.where(right, 0.9, 0.1), notes), np.full(n * notes, 0.1)])
    positive = np.arange(2 * n * notes) < n * notes
    instrument = np.repeat(np.arange(2 * n), notes).astype(str)
    return p, positive, instrument


def test_the_interval_is_that_of_instruments_not_of_notes() -> None:
    # 30 of 40 instruments are recognised, each by all of its 10 notes or by none, so a
    # resampled recall is a binomial count of 40 trials over 40, whatever the notes
    n, n_right, notes = 40, 30, 10
    p, positive, instrument = _right_by_instrument(n, n_right, notes)
    family = (~positive).astype(int)
    drawn = resample_instruments(family, instrument, rng=np.random.default_rng(1))
    by_instrument = binary_scores(p, positive, resamples=drawn)["intervals"]["recall"]
    exact = binom.ppf([0.025, 0.975], n, n_right / n) / n
    assert by_instrument == pytest.approx(exact, abs=1.01 / n)  # one instrument more or less
    each_note_alone = np.arange(p.size).astype(str)
    drawn = resample_instruments(family, each_note_alone, rng=np.random.default_rng(1))
    by_note = binary_scores(p, positive, resamples=drawn)["intervals"]["recall"]
    exact = binom.ppf([0.025, 0.975], n * notes, n_right / n) / (n * notes)
    assert by_note == pytest.approx(exact, abs=4 / (n * notes))
    ratio = np.ptp(by_instrument) / np.ptp(by_note)
    assert ratio == pytest.approx(np.sqrt(notes), rel=0.2)


def test_better_than_chance_is_a_statement_about_instruments() -> None:
    def better(n: int, n_right: int) -> bool:
        p, positive, instrument = _right_by_instrument(n, n_right, 30)
        drawn = resample_instruments(
            (~positive).astype(int), instrument, rng=np.random.default_rng(0)
        )
        scores = binary_scores(p, positive, resamples=drawn)
        assert scores["n_instruments"] == 2 * n
        assert scores["n_positive_instruments"] == n
        assert scores["threshold"] == 0.5
        return bool(scores["better_than_chance"])

    assert better(10, 8)
    # 30 of 60 notes right, yet all of one instrument of two: the other may be the rule
    assert not better(2, 1)
    assert not better(10, 0)


def test_models_that_guess_are_seldom_called_better() -> None:
    # one-sided 2.5 % by the interval; with 150 guesses, two standard errors are 2.5 % more
    rng = np.random.default_rng(0)
    positive = np.arange(400) < 120
    instrument = (np.arange(400) // 4).astype(str)
    drawn = resample_instruments((~positive).astype(int), instrument, rng=rng, n_resamples=300)
    said = [
        binary_scores(rng.random(400), positive, resamples=drawn)["better_than_chance"]
        for _ in range(150)
    ]
    assert np.mean(said) <= 0.06


def test_one_instrument_has_no_interval_and_proves_nothing() -> None:
    p, positive, instrument = _right_by_instrument(1, 1, 30)
    drawn = resample_instruments((~positive).astype(int), instrument, rng=np.random.default_rng(0))
    scores = binary_scores(p, positive, resamples=drawn)
    assert scores["balanced_accuracy"] == 1.0
    assert scores["intervals"] is None
    assert scores["better_than_chance"] is False


def test_the_reliability_that_stands_with_the_scores() -> None:
    p, family, instrument = _case(7)
    drawn = resample_instruments(family, instrument, rng=np.random.default_rng(0))
    scores = binary_scores(p, family == 0, resamples=drawn)
    assert sum(scores["reliability"]["n_notes"]) == scores["n_notes"]
    assert sum(scores["reliability"]["n_positive"]) == scores["n_positive"]
    assert {"balanced_accuracy", "precision", "ece"} <= set(scores["intervals"])
