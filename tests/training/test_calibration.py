"""Platt scaling: known parameters found again, classes weighed the same, folded in exactly."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import scipy.optimize

from tests.cnn_by_hand import CnnByHand, wake
from tests.training.small_corpus import Held
from xai_core.networks.cnn import build_cnn
from xai_core.training import calibrate, calibration, probabilities_of
from xai_core.training.calibration import platt_scaling, temperature_scale
from xai_core.training.corpus import Corpus

SHAPE = (12, 9)


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-z)))


@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (0.4, 0.3), (2.5, -1.0)])
def test_known_parameters_are_found_again(
    scale: float, offset: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "PULL", 1e-6)
    # drawn in equal numbers of both classes, as the weights pretend
    rng = np.random.default_rng(0)
    z = rng.normal(-offset / scale, 1.5, 60_000)
    positive = rng.random(z.size) < _sigmoid(scale * z + offset)
    found = platt_scaling(z, positive)
    # 60 000 coins settle a parameter to about 0.015; three such deviations
    assert found == pytest.approx((scale, offset), abs=0.045 * max(1.0, scale))


@pytest.mark.parametrize("seed", range(5))
def test_the_optimum_is_that_of_a_general_optimiser(seed: int) -> None:
    rng = np.random.default_rng(seed)
    positive = rng.random(120) < 0.15
    z = rng.normal(2.0 * positive - 1.0, 1.0 + seed / 4)

    def loss(parameters: np.ndarray) -> float:
        margin = (2.0 * positive - 1.0) * (parameters[0] * z + parameters[1])
        losses = np.logaddexp(0.0, -margin)
        data = (losses[positive].mean() + losses[~positive].mean()) / 2
        return float(data + calibration.PULL / 2 * np.sum((parameters - [1.0, 0.0]) ** 2))

    best = scipy.optimize.minimize(loss, [1.0, 0.0], tol=1e-12).x
    assert best[0] > 0.05
    assert platt_scaling(z, positive) == pytest.approx(tuple(best), abs=1e-4)


def test_classes_weigh_the_same_whatever_their_numbers() -> None:
    rng = np.random.default_rng(1)
    z, positive = rng.normal(0, 1, 50), rng.random(50) < 0.5
    many = np.concatenate([z, np.repeat(z[~positive], 9)])
    labels = np.concatenate([positive, np.zeros(9 * (~positive).sum(), bool)])
    assert platt_scaling(many, labels) == pytest.approx(platt_scaling(z, positive), abs=1e-9)


def test_models_share_one_scaling_and_weigh_the_same() -> None:
    rng = np.random.default_rng(2)
    z, positive = rng.normal(0, 1, (80, 3)), rng.random((80, 3)) < [0.5, 0.1, 0.3]
    alone = platt_scaling(z[:, 0], positive[:, 0])
    thrice = platt_scaling(np.repeat(z[:, :1], 3, axis=1), np.repeat(positive[:, :1], 3, axis=1))
    assert thrice == pytest.approx(alone, abs=1e-9)
    turned = platt_scaling(z[:, ::-1], positive[:, ::-1])
    assert platt_scaling(z, positive) == pytest.approx(turned, abs=1e-9)


def test_a_perfect_separation_stays_finite_and_an_opposite_model_keeps_its_sign() -> None:
    z = np.array([-3.0, -2.0, 2.0, 3.0])
    scale, offset = platt_scaling(z, z > 0)
    assert 1.0 < scale < 10.0
    assert offset == pytest.approx(0.0, abs=1e-9)
    # a model that is worse than chance is made unsure, not turned round
    scale, _ = platt_scaling(z, z < 0)
    assert scale == 0.05


def _corpus(n: int) -> Corpus:
    rng = np.random.default_rng(2)
    x = rng.random((2, n, *SHAPE)).astype(np.float16)
    none = np.array([""] * n)
    return Corpus("mfcc", Held(x), rng.integers(0, 3, n), none, none, none, "")


def test_scaling_is_folded_into_the_last_layer_exactly() -> None:
    keras.utils.set_random_seed(0)
    model = wake(build_cnn(SHAPE, head="pooled"), seed=1)
    corpus = _corpus(70)  # more than are taken at once
    notes = corpus.clean()[..., 0].astype(np.float64)
    hidden = {layer.name: layer.get_weights() for layer in model.layers if layer.name != "logit"}

    before = np.array([CnnByHand(model, pooling="time").logit(x) for x in notes])
    scale, offset = calibrate({"brass": model}, corpus)
    after = np.array([CnnByHand(model, pooling="time").logit(x) for x in notes])

    assert (scale, offset) != (1.0, 0.0)
    # kernel and bias are rounded once to single precision
    np.testing.assert_allclose(after, scale * before + offset, atol=1e-6 * np.abs(after).max())
    # it is the scaling of these logits, with the first variant alone and this family as positive
    assert (scale, offset) == pytest.approx(platt_scaling(before, corpus.family == 1), abs=1e-3)
    for name, weights in hidden.items():
        assert all(
            np.array_equal(a, b)
            for a, b in zip(weights, model.get_layer(name).get_weights(), strict=True)
        )
    np.testing.assert_allclose(probabilities_of(model, corpus), _sigmoid(after), atol=1e-6)


@pytest.mark.parametrize(("scale", "offset"), [(0.78, -0.8), (0.05, 3.0), (4.0, 0.01)])
def test_a_scaling_is_undone_to_the_last_bit(scale: float, offset: float) -> None:
    model = wake(build_cnn(SHAPE, head="pooled"), seed=1)
    model.set_weights([w.astype(np.float16).astype(np.float32) for w in model.get_weights()])
    before = model.get_weights()
    calibration.rescale(model, scale=scale, offset=offset)
    assert not np.array_equal(model.get_weights()[-2], before[-2])
    calibration.restore(model, scale=scale, offset=offset)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("scale", [0.4, 1.0, 2.5])
def test_a_known_temperature_is_found_again(scale: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "PULL", 1e-9)
    rng = np.random.default_rng(0)
    z = rng.normal(0.0, 1.5, (60_000, 4))
    p = np.exp(scale * z) / np.exp(scale * z).sum(axis=1, keepdims=True)
    family = (p.cumsum(axis=1) < rng.random((z.shape[0], 1))).sum(axis=1)
    # drawn from the model; 60 000 notes settle the scale to about 1 %, families are even
    assert temperature_scale(z, family) == pytest.approx(scale, rel=0.03)
    # many more notes of one family change nothing of what the families weigh
    again = np.flatnonzero(family == 0).repeat(5)
    more = np.concatenate([z, z[again]]), np.concatenate([family, family[again]])
    assert temperature_scale(*more) == pytest.approx(temperature_scale(z, family), rel=1e-4)
