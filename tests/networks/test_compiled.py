"""Networks of one architecture share what is compiled, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest

from xai_core.networks.gradients import ModelGradients

SHAPE = (6, 4)
X = np.random.default_rng(0).random((3, *SHAPE)).astype(np.float32)
Change = Callable[[keras.KerasTensor], keras.KerasTensor]


def _network(name: str, *, seed: int = 0, change: Change | None = None) -> keras.Model:
    """Return a small network; the name is part of its architecture."""
    given = keras.Input((*SHAPE, 1), name="spectrogram")
    x = keras.layers.Conv2D(
        3, 3, activation="tanh", name="conv", kernel_initializer=keras.initializers.HeNormal(seed)
    )(given)
    x = keras.layers.Dropout(0.5, seed=seed, name="drop")(change(x) if change else x)
    x = keras.layers.Flatten(name="flat")(x)
    logit = keras.layers.Dense(
        1,
        name="out",
        activation="sigmoid",
        kernel_initializer=keras.initializers.HeNormal(seed + 1),
    )(x)
    return keras.Model(given, logit, name=name)


def _says(network: keras.Model) -> np.ndarray:
    return network(X[..., np.newaxis], training=False).numpy()


def test_networks_that_differ_in_weights_are_traced_once_and_say_their_own() -> None:
    networks = [_network("shared", seed=seed) for seed in range(3)]
    models = [ModelGradients(one) for one in networks]
    slopes = []
    for network, model in zip(networks, models, strict=True):
        found = model.outputs((X,), target="probability")
        np.testing.assert_allclose(found, _says(network), atol=1e-6)
        slopes.append(model.input_gradients((X,), "0")[1][0])
        model.layer_gradients((X,), "0", "conv")
        model.relevances((X,), "0", gamma=0.1, epsilon=0.01)
    assert models[0].traces is models[2].traces
    assert models[0].traces == {
        "outputs": 1,
        "input_gradients": 1,
        "layer_gradients:conv": 1,
        "relevances": 1,
    }
    for network, slope in zip(networks, slopes, strict=True):
        step = 1e-2 * np.sign(slope)
        up, down = (ModelGradients(network).outputs((X + k * step,))[:, 0] for k in (1, -1))
        rise = np.sum(slope * step, axis=(1, 2))
        np.testing.assert_allclose((up - down) / 2, rise, rtol=2e-3)
    assert not np.allclose(slopes[0], slopes[1])


def test_weights_that_change_are_seen() -> None:
    network = _network("changed")
    model = ModelGradients(network)
    before = model.outputs((X,), target="probability")
    network.set_weights([2 * one for one in network.get_weights()])
    after = model.outputs((X,), target="probability")
    np.testing.assert_allclose(after, _says(network), atol=1e-6)
    assert not np.allclose(before, after)


def test_another_architecture_is_another_function() -> None:
    one = ModelGradients(_network("other"))
    wide = ModelGradients(_network("other", change=keras.layers.Activation("relu")))
    assert one.traces is not wide.traces
    assert not np.allclose(one.outputs((X,)), wide.outputs((X,)))


class Times(keras.layers.Layer):
    """A layer of someone's own, whose configuration does not tell what it computes."""

    def __init__(self, factor: float) -> None:
        super().__init__(name="times")
        self._factor = factor

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Return the input, scaled."""
        return self._factor * x


@pytest.mark.parametrize(
    "change", [Times, lambda k: keras.layers.Lambda(lambda x: k * x)], ids=["own layer", "lambda"]
)
def test_layers_that_are_not_keras_own_share_nothing(change: Callable[[float], Change]) -> None:
    networks = [_network("foreign", change=change(factor)) for factor in (1.0, 5.0)]
    models = [ModelGradients(one) for one in networks]
    for network, model in zip(networks, models, strict=True):
        found = model.outputs((X,), target="probability")
        np.testing.assert_allclose(found, _says(network), atol=1e-6)
    assert models[0].traces is not models[1].traces


def test_weights_that_are_given_stand_in_for_those_of_the_network() -> None:
    network, other = _network("given"), _network("given", seed=5)
    model = ModelGradients(network, weights=other.get_weights())
    np.testing.assert_allclose(model.outputs((X,), target="probability"), _says(other), atol=1e-6)
    of_other = ModelGradients(other).input_gradients((X,), "0")[1][0]
    np.testing.assert_allclose(model.input_gradients((X,), "0")[1][0], of_other, atol=1e-6)
    network.set_weights([2 * one for one in network.get_weights()])
    np.testing.assert_allclose(model.outputs((X,), target="probability"), _says(other), atol=1e-6)
