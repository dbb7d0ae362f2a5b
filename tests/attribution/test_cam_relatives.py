"""HiResCAM, LayerCAM, Grad-CAM++ and Score-CAM on maps worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.attribution import (
    grad_cam,
    grad_cam_plus_plus,
    hires_cam,
    layer_cam,
    resize_bilinear,
    score_cam,
)
from xai_core.errors import GridMismatchError
from xai_core.values import FloatArray

RNG = np.random.default_rng(0)
ACTIVATIONS = RNG.random((4, 5, 3))
GRADIENTS = RNG.standard_normal((4, 5, 3))


def test_hires_cam_is_grad_cam_under_global_average_pooling() -> None:
    weights = np.array([2.0, -1.0, 0.5])  # of a linear output of the means of three maps
    gradients = np.broadcast_to(weights / 20, (4, 5, 3))
    expected = grad_cam(ACTIVATIONS, gradients, relu=False)
    np.testing.assert_allclose(hires_cam(ACTIVATIONS, gradients), expected, atol=1e-15)
    logit = ACTIVATIONS.mean(axis=(0, 1)) @ weights
    assert hires_cam(ACTIVATIONS, gradients).sum() == pytest.approx(logit)  # complete
    positive = hires_cam(ACTIVATIONS, gradients, relu=True)
    np.testing.assert_allclose(positive, grad_cam(ACTIVATIONS, gradients), atol=1e-15)


def test_layer_cam_drops_negative_gradients_place_by_place() -> None:
    expected = (ACTIVATIONS * np.where(GRADIENTS > 0, GRADIENTS, 0)).sum(axis=2)
    np.testing.assert_allclose(layer_cam(ACTIVATIONS, GRADIENTS), expected)
    assert not layer_cam(ACTIVATIONS, -np.abs(GRADIENTS)).any()


def test_grad_cam_plus_plus_by_the_equations() -> None:
    weights = np.zeros(3)
    for k in range(3):
        total = ACTIVATIONS[..., k].sum()
        for i in range(4):
            for j in range(5):
                g = GRADIENTS[i, j, k]
                alpha = g**2 / (2 * g**2 + total * g**3)
                weights[k] += alpha * max(g, 0.0)
    expected = np.maximum((ACTIVATIONS * weights).sum(axis=2), 0.0)
    np.testing.assert_allclose(grad_cam_plus_plus(ACTIVATIONS, GRADIENTS), expected)
    assert not grad_cam_plus_plus(ACTIVATIONS, np.zeros_like(GRADIENTS)).any()  # 0 / 0


def test_score_cam_weighs_by_the_softmax_of_the_increases() -> None:
    x = RNG.random((8, 10))
    slope = RNG.standard_normal((8, 10))

    def linear(batch: FloatArray) -> FloatArray:
        return np.asarray(np.tensordot(batch, slope, axes=2)) + 7.0

    increases = []
    for k in range(3):
        channel = ACTIVATIONS[..., k]
        scaled = (channel - channel.min()) / (channel.max() - channel.min())
        increases.append((resize_bilinear(scaled, (8, 10)) * x * slope).sum())
    weights = np.exp(increases) / np.exp(increases).sum()
    found = score_cam(linear, x, ACTIVATIONS)
    np.testing.assert_allclose(found, (ACTIVATIONS * weights).sum(axis=2), rtol=1e-9)


def test_a_constant_feature_map_masks_nothing() -> None:
    x = np.ones((4, 5))
    constant = np.ones((4, 5, 2))
    found = score_cam(lambda batch: batch.sum(axis=(1, 2)), x, constant)
    np.testing.assert_allclose(found, np.ones((4, 5)))  # equal weights of 1/2


@pytest.mark.parametrize("method", [grad_cam_plus_plus, hires_cam, layer_cam])
def test_arrays_that_do_not_belong_together_are_refused(method: type) -> None:
    with pytest.raises(GridMismatchError, match="two arrays of one shape"):
        method(ACTIVATIONS, GRADIENTS[..., :2])
    with pytest.raises(GridMismatchError, match="frames and bins"):
        score_cam(lambda batch: batch, np.ones(3), ACTIVATIONS)
