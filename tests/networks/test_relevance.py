"""LRP through networks, against its rules written out over every contribution."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from tests.cnn_by_hand import wake
from xai_core.errors import InputError
from xai_core.networks.cnn import build_cnn
from xai_core.networks.gradients import ModelGradients

Array = np.ndarray
ONLY = "0"  # the only class
GAMMA, EPSILON = 0.4, 0.2


def _close(found: Array, expected: Array, tolerance: float = 1e-5) -> None:
    scale = np.abs(expected).max()
    assert scale > 0
    np.testing.assert_allclose(found, expected, atol=tolerance * scale)


def _matrix(layer: keras.Layer, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Return weights (n_inputs, n_outputs) and biases of a layer without its activation."""
    n = int(np.prod(shape))
    activation, layer.activation = layer.activation, keras.activations.linear
    points = np.concatenate([np.zeros((1, n)), np.eye(n)]).reshape(-1, *shape)
    outputs = np.asarray(layer(points.astype(np.float32)), np.float64).reshape(n + 1, -1)
    layer.activation = activation
    return outputs[1:] - outputs[0], outputs[0]


def _epsilon_rule(x: Array, weights: Array, bias: Array, relevance: Array) -> Array:
    parts = x[:, np.newaxis] * weights
    z = parts.sum(axis=0) + bias
    return parts @ (relevance / (z + EPSILON * np.sqrt(np.mean(z**2)) * np.sign(z)))


def _gamma_rule(x: Array, weights: Array, bias: Array, relevance: Array) -> Array:
    parts = np.vstack([x[:, np.newaxis] * weights, bias])
    same_sign = np.sign(parts) == np.sign(parts.sum(axis=0))
    parts = parts * (1.0 + GAMMA * same_sign)
    return (parts / parts.sum(axis=0) @ relevance)[:-1]


def test_the_rules_written_out() -> None:
    """A strided convolution on input of both signs, a padded one, max and mean pooling."""
    network = keras.Sequential(
        [
            keras.Input((7, 6, 1)),
            layers.Conv2D(3, 2, strides=(2, 1), activation="relu"),
            layers.MaxPooling2D((1, 2)),
            layers.Dropout(0.5),
            layers.Conv2D(4, (3, 2), padding="same"),  # linear: outputs of both signs
            layers.AveragePooling2D((3, 1)),
            layers.Flatten(),
            layers.Dense(5, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    wake(network, seed=3)
    x = np.random.default_rng(4).standard_normal((7, 6)).astype(np.float32)
    first, pooling, _, second, averaging, _, dense, last = network.layers
    values = [x.reshape(1, 7, 6, 1)]
    for layer in network.layers:
        values.append(np.asarray(layer(values[-1])))
    for_layer = dict(zip(network.layers, values[:-1], strict=True))

    def back(layer: keras.Layer, relevance: Array, rule) -> Array:
        given = for_layer[layer][0].astype(np.float64)
        return rule(given.ravel(), *_matrix(layer, given.shape), relevance.ravel())

    weights, bias = (one.astype(np.float64) for one in last.get_weights())
    logit = float((for_layer[last] @ weights + bias)[0, 0])
    relevance = back(last, np.array([logit]), _epsilon_rule)
    relevance = back(dense, relevance, _epsilon_rule)
    given = for_layer[averaging][0]  # in proportion to the three that are averaged
    share = given / given.sum(axis=0, keepdims=True)
    relevance = back(second, share * relevance.reshape(1, 2, 4), _gamma_rule)
    relevance = relevance.reshape(3, 2, 3)
    given, picked = for_layer[pooling][0], np.zeros((3, 5, 3))
    for row, column, channel in np.ndindex(3, 2, 3):  # to the larger of two
        at = 2 * column + int(np.argmax(given[row, 2 * column : 2 * column + 2, channel]))
        picked[row, at, channel] = relevance[row, column, channel]
    expected = back(first, picked, _gamma_rule).reshape(7, 6)

    logits, (found,) = ModelGradients(network).relevances(
        (x[np.newaxis],), ONLY, gamma=GAMMA, epsilon=EPSILON
    )
    assert logits[0] == pytest.approx(logit, abs=1e-5)
    _close(found[0], expected)


def test_three_a_minus_b_by_hand() -> None:
    """2 = 3 - 1: with gamma 1 the 3 counts twice, so 2 is shared out 6 to -1."""
    network = keras.Sequential(
        [
            keras.Input((1, 2, 1)),
            layers.Conv2D(1, (1, 2), use_bias=False, activation="relu"),
            layers.Flatten(),
            layers.Dense(1, use_bias=False, activation="sigmoid"),
        ]
    )
    network.set_weights([np.array([3.0, -1.0]).reshape(1, 2, 1, 1), np.ones((1, 1))])
    _, (found,) = ModelGradients(network).relevances(
        (np.ones((1, 1, 2)),), ONLY, gamma=1.0, epsilon=0.0
    )
    np.testing.assert_allclose(found[0, 0], [12 / 5, -2 / 5], rtol=1e-6)


@pytest.fixture(scope="module")
def without_biases() -> ModelGradients:
    network = wake(build_cnn((18, 13), head="pooled"), seed=1)
    for layer in network.layers:
        if layer.weights:
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel, np.zeros_like(bias)])
    return ModelGradients(network)


def test_epsilon_to_zero_is_gradient_times_input(without_biases: ModelGradients) -> None:
    x = np.random.default_rng(2).standard_normal((3, 18, 13)).astype(np.float32)
    _, (slopes,) = without_biases.input_gradients((x,), ONLY)
    for epsilon, tolerance in ((0.0, 1e-5), (1e-7, 1e-5)):
        _, (found,) = without_biases.relevances((x,), ONLY, gamma=0.0, epsilon=epsilon)
        _close(found, x * slopes, tolerance)


def test_without_biases_relevance_adds_up_to_the_logit(without_biases: ModelGradients) -> None:
    x = np.random.default_rng(5).standard_normal((3, 18, 13)).astype(np.float32)
    for gamma in (0.0, 0.25, 10.0):
        logits, (found,) = without_biases.relevances((x,), ONLY, gamma=gamma, epsilon=0.0)
        _close(found.sum(axis=(1, 2)), logits, 1e-4)
    assert without_biases.traces["relevances"] == 1


def test_silence_and_a_layer_that_is_silent_have_no_relevance() -> None:
    network = wake(build_cnn((18, 13), head="flatten"), seed=1)
    gradients = ModelGradients(network)
    numbers = {"gamma": GAMMA, "epsilon": EPSILON}
    assert not gradients.relevances((np.zeros((1, 18, 13)),), ONLY, **numbers)[1][0].any()
    x = np.ones((1, 18, 13))
    assert gradients.relevances((x,), ONLY, **numbers)[1][0].any()
    dense = network.get_layer("dense")
    dense.set_weights([0.0 * one for one in dense.get_weights()])  # seen without tracing anew
    assert not gradients.relevances((x,), ONLY, **numbers)[1][0].any()
    assert gradients.traces["relevances"] == 1


def test_batch_normalisation_is_one_layer_with_the_convolution_before() -> None:
    rng = np.random.default_rng(6)
    gamma, beta, mean = rng.standard_normal((3, 4))
    variance = rng.random(4) + 0.5
    scale = gamma / np.sqrt(variance + 1e-3)

    def head(x):
        return layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling2D()(x))

    given = keras.Input((6, 5, 1))
    x = layers.Conv2D(2, 2)(given)
    x = layers.BatchNormalization()(layers.DepthwiseConv2D(2, depth_multiplier=2)(x))
    normalised = keras.Model(given, head(layers.ReLU()(x)))
    folded = keras.Model(
        given,
        head(
            layers.Activation("relu")(
                layers.DepthwiseConv2D(2, depth_multiplier=2)(layers.Conv2D(2, 2)(given))
            )
        ),
    )
    kernel, bias = rng.standard_normal((2, 2, 2, 2)), rng.standard_normal(4)
    first = [rng.standard_normal((2, 2, 1, 2)), rng.standard_normal(2)]
    last = [rng.standard_normal((4, 2)), rng.standard_normal(2)]
    statistics = [gamma, beta, mean, variance]
    normalised.set_weights([*first, kernel, bias, *statistics, *last])
    folded.set_weights([*first, kernel * scale.reshape(2, 2), (bias - mean) * scale + beta, *last])
    x = rng.standard_normal((2, 6, 5)).astype(np.float32)
    maps = [
        ModelGradients(one).relevances((x,), "1", gamma=GAMMA, epsilon=EPSILON)[1][0]
        for one in (normalised, folded)
    ]
    _close(maps[0], maps[1])


def test_a_separable_convolution_is_one_convolution_and_tanh_passes_relevance_on() -> None:
    rng = np.random.default_rng(9)
    given = keras.Input((5, 4, 1))
    start = layers.Conv2D(2, 2, padding="same", name="first")(given)

    def ends(x):
        return layers.Dense(1, activation="sigmoid")(layers.Flatten()(x))

    x = layers.SeparableConv2D(3, 2, depth_multiplier=2, strides=2, activation="tanh")(start)
    separable = keras.Model(given, ends(x))
    x = layers.Conv2D(3, 2, strides=2)(start)
    whole = keras.Model(given, ends(layers.Activation("tanh")(x)))
    weights = [rng.standard_normal(one.shape) for one in separable.get_weights()]
    separable.set_weights(weights)
    kernel = np.einsum("hwim,imo->hwio", weights[2], weights[3].reshape(2, 2, 3))
    whole.set_weights([*weights[:2], kernel, *weights[4:]])
    x = rng.standard_normal((2, 5, 4)).astype(np.float32)
    numbers = {"gamma": GAMMA, "epsilon": EPSILON}
    maps = [
        ModelGradients(one).relevances((x,), ONLY, **numbers)[1][0] for one in (separable, whole)
    ]
    _close(maps[0], maps[1])
    for one in (separable, whole):  # without biases relevance is kept
        one.set_weights([0.0 * w if w.ndim == 1 else w for w in one.get_weights()])
        logits, (found,) = ModelGradients(one).relevances((x,), ONLY, gamma=GAMMA, epsilon=0.0)
        _close(found.sum(axis=(1, 2)), logits, 1e-4)


def test_several_inputs_share_the_logit_of_a_class() -> None:
    a, b = keras.Input((4, 3, 1), name="a"), keras.Input((4, 2, 1), name="b")
    parts = [
        layers.Flatten()(layers.Conv2D(2, 2, use_bias=False, activation="relu")(one))
        for one in (a, b)
    ]
    logits = layers.Dense(3, use_bias=False)(layers.Concatenate()(parts))
    network = keras.Model([a, b], layers.Softmax()(logits))
    rng = np.random.default_rng(8)
    network.set_weights([rng.standard_normal(one.shape) for one in network.get_weights()])
    gradients = ModelGradients(network)
    xs = (rng.standard_normal((2, 4, 3)), rng.standard_normal((2, 4, 2)))
    logits, found = gradients.relevances(xs, "2", gamma=GAMMA, epsilon=0.0)
    np.testing.assert_allclose(logits, gradients.outputs(xs)[:, 2], atol=1e-5)
    _close(sum(one.sum(axis=(1, 2)) for one in found), logits)
    assert all(np.any(one) for one in found)


@pytest.mark.parametrize(
    ("layer", "named"),
    [
        (lambda: layers.LayerNormalization(name="norm"), "'norm' .LayerNormalization."),
        (lambda: layers.Conv2D(2, 1, activation="sigmoid", name="curved"), "'curved' .Conv2D."),
        (lambda: layers.ReLU(max_value=6.0, name="capped"), "'capped' .ReLU."),
    ],
)
def test_a_layer_without_a_rule_is_named(layer, named: str) -> None:
    network = keras.Sequential(
        [
            keras.Input((3, 2, 1)),
            layer(),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    with pytest.raises(InputError, match=f"LRP has no rule for the layer {named}"):
        ModelGradients(network).relevances((np.ones((1, 3, 2)),), ONLY, gamma=0.0, epsilon=0.0)
