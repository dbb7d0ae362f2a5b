"""A cascade of fresh weights: from the output down, seeded, on a copy."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from xai_core.networks.cnn import CONV_LAYERS, build_cnn
from xai_core.networks.gradients import ModelGradients
from xai_core.networks.randomising import layers_with_weights, randomised, randomised_cascade

RNG = np.random.default_rng(0)
X = RNG.random((2, 16, 6), np.float32)
NAMES = {"inputs": ("tonnetz",), "classes": ("flute",)}


@pytest.fixture(scope="module")
def network() -> keras.Model:
    model = build_cnn((16, 6), head="pooled")
    model.set_weights([0.1 * RNG.standard_normal(one.shape) + 0.02 for one in model.get_weights()])
    return model


def test_layers_are_named_from_the_output_down(network: keras.Model) -> None:
    assert layers_with_weights(network) == ("logit", "dense", *reversed(CONV_LAYERS))


def test_each_step_changes_one_layer_more_and_never_the_network(network: keras.Model) -> None:
    before = network.get_weights()
    trained = {layer.name: layer.get_weights() for layer in network.layers}
    done: list[str] = []
    for name, model in randomised_cascade(network, seed=3, **NAMES):
        done.append(name)
        for layer in model._model.layers:
            same = [
                np.array_equal(a, b)
                for a, b in zip(layer.get_weights(), trained[layer.name], strict=True)
            ]
            assert all(same) if layer.name not in done else not any(same)
        if name != "logit":
            kernel, bias = model._model.get_layer(name).get_weights()
            limit = np.sqrt(
                6 / sum(keras.src.initializers.random_initializers.compute_fans(kernel.shape))
            )
            assert np.abs(kernel).max() <= limit  # Glorot's uniform
            assert limit * 0.9 < np.abs(kernel).max()
            np.testing.assert_array_equal(bias, 0)
    assert tuple(done) == layers_with_weights(network)
    for a, b in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_seed_has_one_cascade_and_functions_follow_the_weights(network: keras.Model) -> None:
    def outputs(seed: int) -> list[np.ndarray]:
        return [model.outputs((X,)) for _, model in randomised_cascade(network, seed=seed, **NAMES)]

    first, again, other = outputs(3), outputs(3), outputs(4)
    trained = ModelGradients(network, **NAMES).outputs((X,))
    for k in range(len(first)):
        np.testing.assert_array_equal(first[k], again[k])
        assert not np.allclose(first[k], other[k])
        assert not np.allclose(first[k], trained)
        assert k == 0 or not np.allclose(first[k], first[k - 1])


def test_the_wholly_random_network_is_the_last_of_its_cascade(network: keras.Model) -> None:
    *_, (_, last) = randomised_cascade(network, seed=3, **NAMES)
    expected = last.outputs((X,))
    np.testing.assert_array_equal(randomised(network, seed=3, **NAMES).outputs((X,)), expected)
    assert not np.allclose(randomised(network, seed=(3, 1), **NAMES).outputs((X,)), expected)


def test_the_functions_are_compiled_once_for_all_steps(network: keras.Model) -> None:
    steps = [
        model
        for _, model in randomised_cascade(network, seed=0, **NAMES)
        if model.outputs((X,)).size
    ]
    assert len({id(one) for one in steps}) == len(steps)
    assert all(one.traces["outputs"] == 1 for one in steps)
