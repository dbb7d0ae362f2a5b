"""Grad-CAM by hand (known answers 5 and 6), bilinear resizing against SciPy."""

from __future__ import annotations

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
from hypothesis.extra import numpy as hnp

from xai_core.attribution import (
    choose_filters,
    grad_cam,
    grad_cam_plus_plus,
    hires_cam,
    layer_cam,
    resize_bilinear,
    score_cam,
)
from xai_core.errors import GridMismatchError, InputError
from xai_core.values import FloatArray

SMALL = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=7), elements=st.floats(-5, 5)
)
RNG = np.random.default_rng(0)
ACTIVATIONS = RNG.random((4, 5, 3))
GRADIENTS = RNG.standard_normal((4, 5, 3))


def test_known_answer_5() -> None:
    image = np.arange(16.0).reshape(4, 4)
    sums = scipy.signal.correlate2d(image, np.ones((3, 3)), mode="valid")  # 45 54 / 81 90
    activations = np.maximum(np.stack([sums - 50.0, sums - 75.0], axis=-1), 0.0)
    dense = np.array([1, 1, 1, -1, 1, -1, 1, -1], float)  # on the channels-last flattening
    assert activations.ravel() @ dense == 54.0
    gradients = dense.reshape(2, 2, 2)  # of a linear layer
    assert grad_cam(activations, gradients).tolist() == [[0.0, 4.0], [28.0, 32.5]]


def test_without_relu_negative_evidence_stays() -> None:
    activations = np.array([[[1.0, 2.0], [3.0, 0.0]]])
    gradients = np.array([[[-2.0, 1.0], [0.0, 1.0]]])  # channel means -1 and 1
    assert grad_cam(activations, gradients, relu=False).tolist() == [[1.0, -3.0]]
    assert grad_cam(activations, gradients).tolist() == [[1.0, 0.0]]


def test_negative_evidence_alone_is_zero_everywhere() -> None:
    rng = np.random.default_rng(0)
    activations = rng.random((5, 4, 3)).astype(np.float32)
    cam = grad_cam(activations, -rng.random((5, 4, 3)).astype(np.float32))
    assert not cam.any()
    assert np.isfinite(cam).all()


def test_twice_the_evidence_is_twice_the_map() -> None:
    rng = np.random.default_rng(1)
    activations, gradients = rng.random((2, 6, 5, 4))
    np.testing.assert_allclose(
        grad_cam(activations, 2.0 * gradients), 2.0 * grad_cam(activations, gradients)
    )


def test_single_precision_loses_nothing_on_the_way() -> None:
    # 4000 bins: a mean in single precision would be off by some 1e-6
    rng = np.random.default_rng(2)
    activations = rng.random((63, 64, 8)).astype(np.float32)
    gradients = rng.standard_normal((63, 64, 8)).astype(np.float32)
    exact = np.maximum(
        (activations.astype(np.longdouble) * gradients.astype(np.longdouble).mean((0, 1))).sum(-1),
        0,
    )
    np.testing.assert_allclose(grad_cam(activations, gradients), exact.astype(float), atol=1e-14)


def test_arrays_that_do_not_match_are_refused() -> None:
    with pytest.raises(GridMismatchError, match=r"got \(2, 2, 3\) and \(2, 2, 4\)"):
        grad_cam(np.zeros((2, 2, 3)), np.zeros((2, 2, 4)))
    with pytest.raises(GridMismatchError, match="of one shape"):
        grad_cam(np.zeros((2, 2)), np.zeros((2, 2)))


# ---------------------------------------------------------------------- resizing


@pytest.mark.parametrize(
    ("small", "large"),
    [((31, 32), (126, 128)), ((31, 10), (126, 40)), ((31, 1), (126, 6)), ((5, 4), (3, 9))],
)
def test_resizing_agrees_with_scipy(small: tuple[int, int], large: tuple[int, int]) -> None:
    values = np.random.default_rng(3).standard_normal(small)
    # centres of the new bins in the grid of the old ones, both spanning the same interval
    grid = np.meshgrid(
        *((np.arange(n) + 0.5) * m / n - 0.5 for m, n in zip(small, large, strict=True)),
        indexing="ij",
    )
    expected = scipy.ndimage.map_coordinates(values, grid, order=1, mode="nearest")
    np.testing.assert_allclose(resize_bilinear(values, large), expected, atol=1e-12)


def test_resizing_by_hand() -> None:
    # new centres lie at -1/4, 1/4, 3/4 and 5/4 of the old grid; outside counts as the edge
    assert resize_bilinear(np.array([[0.0, 4.0]]), (1, 4)).tolist() == [[0.0, 1.0, 3.0, 4.0]]


@hypothesis.settings(deadline=None, derandomize=True)
@hypothesis.given(values=SMALL, rows=st.integers(1, 20), columns=st.integers(1, 20))
def test_resizing_invents_nothing(values: np.ndarray, rows: int, columns: int) -> None:
    resized = resize_bilinear(values, (rows, columns))
    assert resized.shape == (rows, columns)
    assert resized.min() >= values.min() - 1e-9
    assert resized.max() <= values.max() + 1e-9
    flipped = resize_bilinear(values[::-1, ::-1], (rows, columns))
    np.testing.assert_allclose(flipped, resized[::-1, ::-1], atol=1e-9)


@hypothesis.settings(deadline=None, derandomize=True)
@hypothesis.given(values=SMALL)
def test_resizing_to_the_same_shape_changes_nothing(values: np.ndarray) -> None:
    np.testing.assert_array_equal(resize_bilinear(values, values.shape), values)


def test_a_flat_map_stays_flat() -> None:
    resized = resize_bilinear(np.full((31, 32), 0.7, np.float32), (126, 128))
    np.testing.assert_allclose(resized, np.float32(0.7), rtol=1e-14)


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


def _activations(means: list[float]) -> np.ndarray:
    """Return maps (3, 5, n) whose channel means are as given, though unevenly spread."""
    bumps = np.random.default_rng(0).random((3, 5, len(means)))
    return np.asarray(bumps / bumps.mean(axis=(0, 1)) * np.array(means), np.float32)


ONES = np.ones((3, 5, 6))


def test_first_filters_are_those_of_the_paper() -> None:
    assert choose_filters(_activations([0, 0, 9, 8, 7, 6]), ONES, choice="first") == (0, 1, 2, 3)


def test_the_filters_that_contribute_most_come_first() -> None:
    activations = _activations([0.1, 5.0, 0.2, 7.0, 3.0])
    gradients = np.ones((3, 5, 5)) * [9.0, 0.1, -50.0, 1.0, 0.0]  # products 0.9, 0.5, 10, 7, 0
    found = choose_filters(activations, gradients, choice="most_relevant", n_filters=4)
    assert found == (2, 3, 0, 1)


def test_a_filter_that_responds_to_the_silence_after_a_note_does_not_count() -> None:
    activations, gradients = np.zeros((10, 4, 2)), np.zeros((10, 4, 2))
    activations[3:, :, 0] = 9.0  # the silence, which does not move the answer
    activations[:3, :, 1], gradients[:3, :, 1] = 1.0, 0.5  # the note, which does
    assert choose_filters(activations, gradients, choice="most_relevant", n_filters=1) == (1,)


def test_dead_filters_keep_their_order() -> None:
    zero = np.zeros((2, 2, 6))
    assert choose_filters(zero, zero, choice="most_relevant") == (0, 1, 2, 3)


@pytest.mark.parametrize("choice", ["first", "most_relevant"])
def test_a_layer_with_fewer_filters_shows_all(choice: str) -> None:
    chosen = choose_filters(_activations([3, 2, 1]), ONES[..., :3], choice=choice, n_filters=8)
    assert chosen == (0, 1, 2)
    assert all(isinstance(k, int) for k in chosen)


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="unknown choice of filters 'best'"):
        choose_filters(ONES, ONES, choice="best")
    for n_filters in (0, -1):
        with pytest.raises(InputError, match="at least 1 filter"):
            choose_filters(ONES, ONES, choice="most_relevant", n_filters=n_filters)
    with pytest.raises(GridMismatchError, match="two arrays of one shape"):
        choose_filters(ONES, ONES[..., :2], choice="first")
