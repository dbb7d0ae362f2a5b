"""Reliability by construction: sets whose calibration error is known."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.scoring import (
    expected_calibration_error,
    reliability_curve,
)


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
