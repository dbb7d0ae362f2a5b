"""Grad-CAM by hand (known answers 5 and 6), bilinear resizing against SciPy."""

from __future__ import annotations

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
from hypothesis.extra import numpy as hnp

from xai_core.attribution import grad_cam, resize_bilinear
from xai_core.errors import GridMismatchError

SMALL = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=7), elements=st.floats(-5, 5)
)


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
