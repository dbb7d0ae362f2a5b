"""Scores as values: intervals that make sense, tables read back."""

from __future__ import annotations

import json

import numpy as np
import pytest

from xai_core.errors import InputError
from xai_core.scores import Reliability, Score


def test_a_score_of_a_table() -> None:
    table = {"recall": 0.5, "f1": 0.4, "intervals": {"recall": [0.25, 0.75]}}
    assert Score.of(table, "recall") == Score(0.5, 0.25, 0.75)
    assert Score.of(table, "f1") == Score(0.4)
    assert Score.of({"f1": 0.4, "intervals": None}, "f1") == Score(0.4)
    assert Score.of({"f1": 0.4}, "f1") == Score(0.4)  # a card without intervals
    with pytest.raises(InputError, match="a table of scores with recall, got f1"):
        Score.of({"f1": 0.4}, "recall")


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
