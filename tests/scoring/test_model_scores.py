"""Scores of one model by counting notes and pairs, by hand, and by scikit-learn."""

from __future__ import annotations

from collections import Counter

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
from xai_core.scores import combine_types
from xai_core.scoring import (
    binary_scores,
    confidence_error,
    confusion_counts,
    expected_calibration_error,
    reliability_curve,
    resample_instruments,
    ten_way_scores,
)
from xai_core.scoring.model_scores import resampled_scores
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


def test_a_set_that_is_perfectly_calibrated_has_no_error() -> None:
    # 100 notes at each of 0.05, 0.15, ...; as many per cent of them are of the family
    levels = np.arange(10) / 10 + 0.05
    p = np.repeat(levels, 100)
    positive = np.concatenate([np.arange(100) < round(100 * level) for level in levels])
    assert positive.sum() == 500  # half of all, so the classes weigh what they count
    assert expected_calibration_error(p, positive) == pytest.approx(0.0, abs=1e-12)
    curve = reliability_curve(p, positive)
    np.testing.assert_allclose(curve.frequency, levels)
    np.testing.assert_allclose(curve.probability, levels)


def test_drawn_labels_have_little_error_and_shifted_ones_the_shift() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(200_000)
    positive = rng.random(p.size) < p
    # each bin is off by a standard error of about 0.003
    assert expected_calibration_error(p, positive) < 0.006
    assert expected_calibration_error(0.5 * p, positive) == pytest.approx(0.25, abs=0.006)


def test_a_constant_of_90_percent_on_half_and_half() -> None:
    positive = np.arange(100) < 50
    assert expected_calibration_error(np.full(100, 0.9), positive) == pytest.approx(0.4)


def test_classes_weigh_the_same_however_rare_one_is() -> None:
    # 10 of 1000 notes: unweighted, 0.9 would be off by 0.89
    positive = np.arange(1000) < 10
    assert expected_calibration_error(np.full(1000, 0.9), positive) == pytest.approx(0.4)
    assert expected_calibration_error(np.full(1000, 0.5), positive) == pytest.approx(0.0)


def test_counts_add_up_and_edges_belong_to_the_upper_bin() -> None:
    p = np.array([0.0, 0.09, 0.1, 0.3, 0.5, 0.7, 0.999, 1.0])
    positive = np.array([False, False, False, True, False, True, True, True])
    curve = reliability_curve(p, positive)
    assert curve.n_notes.tolist() == [2, 1, 0, 1, 0, 1, 0, 1, 0, 2]
    assert curve.n_positive.tolist() == [0, 0, 0, 1, 0, 0, 0, 1, 0, 2]
    assert curve.weight.sum() == pytest.approx(1.0)
    assert np.isnan(curve.frequency[curve.n_notes == 0]).all()
    assert curve.frequency[9] == 1.0
    assert curve.probability[9] == pytest.approx(0.9995)


def test_by_notes_one_by_one() -> None:
    rng = np.random.default_rng(2)
    p, positive = rng.random(500), rng.random(500) < 0.2
    curve = reliability_curve(p, positive)
    assert curve.n_notes.sum() == 500
    assert curve.n_positive.sum() == positive.sum()
    n, n_negative = int(positive.sum()), int((~positive).sum())
    weight = [0.5 / n if is_positive else 0.5 / n_negative for is_positive in positive]
    total = 0.0
    for k in range(10):
        notes = [i for i in range(500) if k / 10 <= p[i] < (k + 1) / 10]
        total += abs(sum(weight[i] * (positive[i] - p[i]) for i in notes))
    assert expected_calibration_error(p, positive) == pytest.approx(total)


def test_the_error_of_confidence_weighs_families_the_same() -> None:
    # bass: four notes named at 0.8, three of them right; flute: one at 0.6, wrong
    p = np.full((5, 10), 0.02)
    p[:4, 0], p[4, 1], p[4, 0] = 0.82, 0.61, 0.23
    p[3, 0], p[3, 5] = 0.02, 0.82
    family = np.array([0, 0, 0, 0, 2])
    expected = 0.5 * abs(0.75 - 0.82) + 0.5 * abs(0.0 - 0.61)
    assert confidence_error(p, family) == pytest.approx(expected)
    sure = np.eye(10)[family]
    assert confidence_error(sure, family) == 0.0
