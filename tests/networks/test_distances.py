"""Distances between networks: by NumPy on their weights, and on activations made by hand."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from xai_core.errors import InputError
from xai_core.networks.cnn import CONV_LAYERS, build_cnn
from xai_core.networks.distances import gram_matrix, linear_cka, relative_difference

SHAPE = (12, 9)


@pytest.fixture(scope="module")
def networks() -> list[keras.Model]:
    made = []
    for seed in range(2):
        keras.utils.set_random_seed(seed)
        made.append(build_cnn(SHAPE, head="pooled"))
    return made


def test_the_relative_difference_of_networks_is_that_of_their_kernels(
    networks: list[keras.Model],
) -> None:
    a, b = networks
    x, y = (
        np.concatenate([m.get_layer(name).get_weights()[0].ravel() for name in CONV_LAYERS])
        for m in networks
    )
    expected = np.linalg.norm(x - y) / np.sqrt((x @ x + y @ y) / 2)
    assert relative_difference(a, b) == pytest.approx(expected, rel=1e-6)
    assert relative_difference(a, b) == relative_difference(b, a)
    assert expected == pytest.approx(np.sqrt(2), abs=0.02)  # drawn independently
    assert relative_difference(a, a) == 0.0


def test_networks_of_other_shapes_have_no_difference(networks: list[keras.Model]) -> None:
    inputs = keras.Input((*SHAPE, 1))
    x = keras.layers.Conv2D(2, 3, name="conv2d")(inputs)
    with pytest.raises(InputError, match="same convolutions"):
        relative_difference(networks[0], keras.Model(inputs, x))


def test_a_gram_matrix_is_of_centred_activations(networks: list[keras.Model]) -> None:
    notes = np.random.default_rng(0).random((20, *SHAPE)).astype(np.float32)
    model = networks[0]
    flat = np.asarray(keras.Model(model.input, model.get_layer("conv2d").output)(notes[..., None]))
    flat = flat.reshape(20, -1).astype(np.float64)
    flat -= flat.mean(axis=0)
    np.testing.assert_allclose(gram_matrix(model, "conv2d", notes), flat @ flat.T, atol=1e-4)


def test_cka_knows_rotations_and_factors_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((30, 5))
    x -= x.mean(axis=0)
    rotation, _ = np.linalg.qr(rng.standard_normal((5, 5)))
    y = rng.standard_normal((30, 5))
    y -= y.mean(axis=0)
    found = linear_cka([one @ one.T for one in (x, 3.0 * x @ rotation, y)])
    assert found[0, 1] == pytest.approx(1.0)
    # Kornblith's equation 4 on features instead of Gram matrices
    expected = np.linalg.norm(y.T @ x) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))
    assert found[0, 2] == pytest.approx(expected)
    assert np.array_equal(np.diag(found), np.ones(3))
    np.testing.assert_allclose(found, found.T)
    assert linear_cka([x @ x.T, np.zeros((30, 30))])[0, 1] == 0.0  # a layer that is silent
