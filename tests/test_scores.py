"""Scores as values: intervals that make sense, tables read back."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import binomtest

from xai_core.errors import InputError
from xai_core.scores import Reliability, Score, combine_classes, combine_types, type_weights


def test_a_score_of_a_table() -> None:
    table = {"recall": 0.5, "f1": 0.4, "intervals": {"recall": [0.25, 0.75]}}
    assert Score.of(table, "recall") == Score(0.5, 0.25, 0.75)
    assert Score.of(table, "f1") == Score(0.4)
    assert Score.of({"f1": 0.4, "intervals": None}, "f1") == Score(0.4)
    assert Score.of({"f1": 0.4}, "f1") == Score(0.4)  # a card without intervals
    with pytest.raises(InputError, match="a table of scores with recall, got f1"):
        Score.of({"f1": 0.4}, "recall")


def test_a_score_of_one_has_an_interval_that_says_of_how_many() -> None:
    table = {"recall": 1.0, "precision": 0.5, "n_positive_instruments": 4, "n_instruments": 40}
    table["intervals"] = {"recall": [1.0, 1.0], "precision": [0.5, 0.5]}  # type: ignore[assignment]
    recall = Score.of(table, "recall")
    assert recall.low == pytest.approx(4 / (4 + 1.959964**2))  # Wilson's of 4 of 4
    assert recall.high == 1.0
    exact = binomtest(20, 40).proportion_ci(method="wilson")
    precision = Score.of(table, "precision")
    assert (precision.low, precision.high) == pytest.approx((exact.low, exact.high))
    none = {**table, "recall": 0.0, "intervals": {"recall": [0.0, 0.0]}}
    assert Score.of(none, "recall").low == 0.0


def test_half_an_interval_and_one_upside_down_are_refused() -> None:
    with pytest.raises(InputError, match="both ends"):
        Score(0.5, low=0.4)
    with pytest.raises(InputError, match="low end of an interval below"):
        Score(0.5, 0.6, 0.4)


def test_a_score_in_words() -> None:
    assert Score(0.424, 0.31, 0.549).text == "42 % (31 to 55 %)"
    assert Score(0.424).text == "42 %"


def test_a_reliability_curve_survives_json() -> None:
    curve = Reliability(
        n_notes=np.array([3, 0, 1]),
        n_positive=np.array([1, 0, 1]),
        weight=np.array([0.6, 0.0, 0.4]),
        probability=np.array([0.2, np.nan, 0.9]),
        frequency=np.array([0.1, np.nan, 1.0]),
    )
    text = json.dumps(curve.as_dict(), allow_nan=False)
    again = Reliability.from_dict(json.loads(text))
    assert again.as_dict() == curve.as_dict()
    assert again.n_notes.dtype == np.int64
    np.testing.assert_array_equal(again.probability, curve.probability)
    # 0.6 * 0.1 + 0.4 * 0.1; the empty bin counts for nothing
    assert again.expected_calibration_error == pytest.approx(0.1)
    with pytest.raises(ValueError, match="read-only"):
        again.weight[0] = 1.0


def test_pooled_curves_weigh_models_alike() -> None:
    one = Reliability([2, 0], [1, 0], [1.0, 0.0], [0.2, np.nan], [0.5, np.nan])
    other = Reliability([1, 3], [0, 3], [0.25, 0.75], [0.4, 0.9], [0.1, 0.7])
    pooled = Reliability.pooled([one, other])
    assert pooled.n_notes.tolist() == [3, 3]
    assert pooled.n_positive.tolist() == [1, 3]
    np.testing.assert_allclose(pooled.weight, [0.625, 0.375])
    np.testing.assert_allclose(pooled.probability, [(0.2 + 0.25 * 0.4) / 1.25, 0.9])
    np.testing.assert_allclose(pooled.frequency, [(0.5 + 0.25 * 0.1) / 1.25, 0.7])
    assert np.isnan(Reliability.pooled([one]).probability[1])
    with pytest.raises(InputError, match="curves to pool, got none"):
        Reliability.pooled([])


def test_types_are_combined_as_log_odds() -> None:
    # odds 9 and 1/4: the mean of the log-odds has odds sqrt(9 / 4)
    p = combine_types([np.array([[0.9]]), np.array([[0.2]])])
    assert p == pytest.approx(np.array([[0.6]]))
    # weights 3 and 1: 9^(3/4) * 4^(-1/4)
    odds = 9**0.75 / 4**0.25
    p = combine_types([np.array([0.9]), np.array([0.2])], [3.0, 1.0])
    assert p == pytest.approx(odds / (1 + odds))
    sure = combine_types([np.array([1.0, 0.0]), np.array([0.5, 0.5])])
    assert np.isfinite(sure).all()
    assert sure[0] > 0.99
    rng = np.random.default_rng(0)
    one, other = rng.random((5, 10)), rng.random((5, 10))
    np.testing.assert_allclose(combine_types([one]), one)
    np.testing.assert_allclose(combine_types([one, other], [1.0, 0.0]), one)
    np.testing.assert_allclose(combine_types([one, other], [0, 0]), combine_types([one, other]))


def test_a_type_is_worth_the_log_odds_of_its_accuracy_above_those_of_a_guess() -> None:
    weights = type_weights({"a": 0.5, "b": 0.1, "c": 0.05}, n_classes=10)
    assert weights == {"a": 1.0, "b": 0.0, "c": 0.0}
    weights = type_weights({"a": 0.5, "b": 0.25}, n_classes=10)
    assert weights["a"] / weights["b"] == pytest.approx(np.log(9) / np.log(3))
    assert sum(weights.values()) == pytest.approx(1.0)
    assert type_weights({"a": 0.1, "b": 0.0}, n_classes=10) == {"a": 0.5, "b": 0.5}
    assert type_weights({}, n_classes=10) == {}


def test_types_that_cannot_be_combined_are_refused() -> None:
    with pytest.raises(InputError, match="at least one type, got none"):
        combine_types([])
    for weights in ([1.0], [1.0, -1.0], [1.0, np.nan]):
        with pytest.raises(InputError, match="2 weights of at least 0"):
            combine_types([np.ones(2), np.ones(2)], weights)


def test_networks_are_combined_by_the_weighted_sum_of_logarithms() -> None:
    a, b = np.array([0.7, 0.2, 0.1]), np.array([0.2, 0.6, 0.2])
    product = a**0.8 * b**0.5
    np.testing.assert_allclose(combine_classes([a, b], [0.8, 0.5]), product / product.sum())
    table = combine_classes([np.stack([a, b])] * 2, [0.5, 0.5])
    np.testing.assert_allclose(table, np.stack([a, b]))
    sure = combine_classes([np.array([1.0, 0.0, 0.0])], [3.0])
    assert np.isfinite(sure).all()
    assert sure.sum() == pytest.approx(1.0)
    with pytest.raises(InputError, match="at least one network, got none"):
        combine_classes([], [])
    for weights in ([1.0], [1.0, -1.0]):
        with pytest.raises(InputError, match="2 weights of at least 0"):
            combine_classes([a, b], weights)
