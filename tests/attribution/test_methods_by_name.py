"""Each method as the catalogue names it, on functions whose maps are known by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xai_core.attribution import Estimate, ModelFunctions, estimates_by
from xai_core.attribution.grad_cam import resize_bilinear
from xai_core.catalogue.methods import METHODS, PAPER_METHODS
from xai_core.values import FloatArray

SHAPE = (4, 6)
RNG = np.random.default_rng(7)
X, WEIGHTS = RNG.standard_normal((2, *SHAPE))
ACTIVATIONS = np.abs(RNG.standard_normal((2, 3, 5)))
SLOPES = RNG.standard_normal((2, 3, 5))
SETTINGS: dict[str, Any] = {
    "layer": "conv",
    "noise_level": 0.1,
    "seed": 3,
    "n_steps": 16,
    "rule": "midpoint",
    "gamma": 0.0,
    "epsilon": 0.0,
}


def _linear(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    return (points * WEIGHTS).sum(axis=(1, 2)), np.broadcast_to(WEIGHTS, points.shape)


LINEAR = ModelFunctions(
    outputs=lambda points: _linear(points)[0],
    input_gradients=_linear,
    layer_gradients=lambda x, layer: (ACTIVATIONS, SLOPES),
    relevances=lambda points, gamma, epsilon: points * WEIGHTS,
)


def final(name: str, *, baseline: FloatArray | None = None, **changes: Any) -> Estimate:
    start = np.zeros(SHAPE) if baseline is None else baseline
    *_, last = estimates_by(name, LINEAR, X, start, SETTINGS | changes)
    assert last.is_final
    return last


@pytest.mark.parametrize(
    "name", ["integrated_gradients", "guided_ig", "input_x_gradient", "occlusion"]
)
def test_of_a_linear_function_each_bin_has_its_weight_times_its_way(name: str) -> None:
    baseline = np.full(SHAPE, 0.5)
    expected = WEIGHTS * (X - baseline)
    np.testing.assert_allclose(final(name, baseline=baseline).values, expected, atol=1e-10)


def test_lrp_of_a_linear_function_is_each_weight_times_its_input() -> None:
    np.testing.assert_allclose(final("lrp").values, WEIGHTS * X, atol=1e-10)


@pytest.mark.parametrize("name", ["gradient", "smooth_grad"])
def test_of_a_linear_function_the_gradient_is_the_weights(name: str) -> None:
    np.testing.assert_allclose(final(name).values, WEIGHTS, atol=1e-10)


def test_expected_gradients_start_from_the_mean_of_the_other_notes() -> None:
    others = RNG.standard_normal((10, *SHAPE))
    values = final("expected_gradients", baseline=others).values
    np.testing.assert_allclose(values, WEIGHTS * (X - others.mean(axis=0)), atol=1e-10)


def test_noise_and_samples_are_those_of_the_seed() -> None:
    def squared(points: FloatArray) -> tuple[FloatArray, FloatArray]:
        return (points**3).sum(axis=(1, 2)), 3.0 * points**2

    model = ModelFunctions(lambda points: squared(points)[0], squared, LINEAR.layer_gradients)

    def of(name: str, start: FloatArray, **changes: Any) -> FloatArray:
        (one,) = estimates_by(name, model, X, start, SETTINGS | changes)
        return one.values

    for name, start in (
        ("smooth_grad", np.zeros(SHAPE)),
        ("expected_gradients", RNG.standard_normal((3, *SHAPE))),
    ):
        np.testing.assert_array_equal(of(name, start), of(name, start))
        assert np.abs(of(name, start) - of(name, start, seed=4)).max() > 1e-6
    quiet = of("smooth_grad", np.zeros(SHAPE), noise_level=0.0)
    np.testing.assert_allclose(quiet, 3.0 * X**2, atol=1e-12)


def test_guided_ig_says_what_it_adds_up_to() -> None:
    sums = final("guided_ig").completeness
    assert sums is not None
    assert sums.attributed == pytest.approx(sums.output - sums.baseline_output)
    assert sums.output == pytest.approx((WEIGHTS * X).sum())


@pytest.mark.parametrize(
    ("name", "coarse"),
    [
        ("grad_cam", np.maximum(ACTIVATIONS @ SLOPES.mean(axis=(0, 1)), 0.0)),
        ("hires_cam", (ACTIVATIONS * SLOPES).sum(axis=2)),
        ("layer_cam", (ACTIVATIONS * np.maximum(SLOPES, 0.0)).sum(axis=2)),
    ],
)
def test_maps_of_a_layer_are_carried_to_the_grid_of_the_input(
    name: str, coarse: FloatArray
) -> None:
    np.testing.assert_allclose(final(name).values, resize_bilinear(coarse, SHAPE), atol=1e-12)


def test_grad_cam_plus_plus_and_score_cam_by_one_channel() -> None:
    """With one channel of ones-and-twos both are that channel, times a weight by hand."""
    one = np.array([[[1.0], [2.0]]])
    model = ModelFunctions(LINEAR.outputs, _linear, lambda x, layer: (one, np.full(one.shape, 2.0)))
    maps = {
        name: next(estimates_by(name, model, X, np.zeros(SHAPE), SETTINGS)).values
        for name in ("grad_cam_plus_plus", "score_cam")
    }
    grown = resize_bilinear(one[..., 0], SHAPE)
    share = 4.0 / (2.0 * 4.0 + 3.0 * 8.0)  # g^2 / (2 g^2 + sum(A) g^3), at each of two places
    np.testing.assert_allclose(maps["grad_cam_plus_plus"], 2 * share * 2.0 * grown)
    np.testing.assert_allclose(maps["score_cam"], grown)  # the softmax of one channel is 1


def test_occlusion_has_at_most_sixteen_tiles_along_an_axis() -> None:
    asked: list[int] = []

    def outputs(points: FloatArray) -> FloatArray:
        asked.append(len(points))
        return np.asarray(points.sum(axis=(1, 2)))

    model = ModelFunctions(outputs, _linear, LINEAR.layer_gradients)
    x = np.ones((126, 40))
    (one,) = estimates_by("occlusion", model, x, np.zeros(x.shape), SETTINGS)
    np.testing.assert_allclose(one.values, 1.0)
    assert sum(asked) == 1 + 16 * 14  # the note; tiles of 8 frames and 3 bins


def test_every_method_is_tried_here() -> None:
    tried = {
        *PAPER_METHODS,
        *("guided_ig", "input_x_gradient", "occlusion", "gradient", "smooth_grad"),
        *("expected_gradients", "lrp", "hires_cam", "layer_cam", "grad_cam_plus_plus", "score_cam"),
    }
    assert set(METHODS) == tried
