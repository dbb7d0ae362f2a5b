"""Outputs and gradients against arithmetic by hand, and what a server needs of them."""

from __future__ import annotations

import copy
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.cnn_by_hand import CONV_LAYERS, CnnByHand, wake
from tests.forked import run_forked
from xai_core.attribution import grad_cam
from xai_core.errors import InputError, ModelError
from xai_core.networks.cnn import build_cnn
from xai_core.networks.gradients import ModelGradients, convolution_layers

SHAPE = (18, 13)  # frames, bins: leaves odd rows and columns to the pooling
Array = np.ndarray
ONLY = "0"  # the only class


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    return wake(build_cnn(SHAPE, head="pooled", pooled_axes="time"), seed=1)


@pytest.fixture(scope="module")
def by_hand(model: keras.Model) -> CnnByHand:
    return CnnByHand(model, pooling="time")


@pytest.fixture(scope="module")
def gradients(model: keras.Model) -> ModelGradients:
    return ModelGradients(model)


@pytest.fixture(scope="module")
def x() -> Array:
    return np.random.default_rng(2).random((4, *SHAPE)).astype(np.float32)


def _slope(function: Callable[[Array], float], at: Array, along: Array) -> float:
    """Central difference in double precision along a direction."""
    step = 1e-6
    at = at.astype(np.float64)
    return (function(at + step * along) - function(at - step * along)) / (2 * step)


# ----------------------------------------------------------------- right numbers


def test_logits_and_probabilities(gradients: ModelGradients, by_hand: CnnByHand, x: Array) -> None:
    logits = np.array([by_hand.logit(one) for one in x])
    assert np.ptp(logits) > 0.01
    np.testing.assert_allclose(gradients.outputs((x,))[:, 0], logits, atol=1e-5)
    probabilities = gradients.outputs((x,), target="probability")[:, 0]
    np.testing.assert_allclose(probabilities, 1 / (1 + np.exp(-logits)), atol=1e-6)
    assert probabilities.dtype == np.float64


def test_probabilities_are_what_keras_predicts(
    model: keras.Model, gradients: ModelGradients, x: Array
) -> None:
    predicted = model.predict(x[..., np.newaxis], verbose=0)[:, 0]
    np.testing.assert_allclose(
        gradients.outputs((x,), target="probability")[:, 0], predicted, atol=1e-6
    )


@pytest.mark.parametrize("target", ["logit", "probability"])
def test_input_gradients_against_finite_differences(
    gradients: ModelGradients, by_hand: CnnByHand, x: Array, target: str
) -> None:
    def output(one: Array) -> float:
        logit = by_hand.logit(one)
        return logit if target == "logit" else 1 / (1 + np.exp(-logit))

    outputs, (slopes,) = gradients.input_gradients((x,), ONLY, target=target)
    np.testing.assert_allclose(outputs, [output(one) for one in x], atol=1e-5)
    rng = np.random.default_rng(3)
    for one, slope in zip(x, slopes, strict=True):
        # one bin alone and all bins at once; single precision leaves some 1e-6 of the norm
        row, column = rng.integers(0, SHAPE[0]), rng.integers(0, SHAPE[1])
        single = np.zeros(SHAPE)
        single[row, column] = 1.0
        for along in (single, rng.standard_normal(SHAPE)):
            scale = np.linalg.norm(slope) * np.linalg.norm(along)
            expected = _slope(output, one, along)
            assert float(np.sum(slope * along)) == pytest.approx(expected, abs=1e-5 * scale)


@pytest.mark.parametrize("layer", CONV_LAYERS)
def test_activations_of_every_layer(
    gradients: ModelGradients, by_hand: CnnByHand, x: Array, layer: str
) -> None:
    expected = np.stack([by_hand.activations(one, layer) for one in x])
    np.testing.assert_allclose(gradients.activations((x,), layer), expected, atol=1e-5)


@pytest.mark.parametrize("layer", CONV_LAYERS)
def test_layer_gradients_against_finite_differences(
    gradients: ModelGradients, by_hand: CnnByHand, x: Array, layer: str
) -> None:
    activations, slopes = gradients.layer_gradients((x[:2],), ONLY, layer)
    assert activations.shape == slopes.shape
    rng = np.random.default_rng(4)
    for one, slope in zip(x[:2], slopes, strict=True):
        at = by_hand.activations(one, layer)
        # where a ReLU is shut its maps are 0, a tie for the pooling that follows
        along = rng.standard_normal(at.shape) * (at > 0)
        expected = _slope(lambda values: by_hand.logit_from(layer, values), at, along)
        scale = np.linalg.norm(slope) * np.linalg.norm(along)
        assert float(np.sum(slope * along)) == pytest.approx(expected, abs=1e-5 * scale)


def _known_answer_5(output: str) -> keras.Model:
    """Return the model of known answer 5, its sigmoid inside or after the dense layer."""
    inputs = keras.Input((4, 4, 1))
    x = keras.layers.Conv2D(2, 3, activation="relu", name="conv")(inputs)
    x = keras.layers.Flatten()(x)
    if output == "dense with sigmoid":
        x = keras.layers.Dense(1, activation="sigmoid", name="dense")(x)
    elif output == "dense without bias":
        x = keras.layers.Dense(1, activation="sigmoid", use_bias=False, name="dense")(x)
    else:
        x = keras.layers.Dense(1, name="dense")(x)
        x = keras.layers.Activation("sigmoid")(x)
    model = keras.Model(inputs, x)
    model.get_layer("conv").set_weights([np.ones((3, 3, 1, 2)), np.array([-50.0, -75.0])])
    signs = np.array([1, 1, 1, -1, 1, -1, 1, -1], float)[:, np.newaxis]
    bias = [] if output == "dense without bias" else [np.zeros(1)]
    model.get_layer("dense").set_weights([signs, *bias])
    return model


@pytest.mark.parametrize(
    "output", ["dense with sigmoid", "dense without bias", "dense, then sigmoid"]
)
def test_known_answer_5(output: str) -> None:
    gradients = ModelGradients(_known_answer_5(output))
    x = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    assert gradients.outputs((x,))[:, 0].tolist() == [54.0]  # where the probability is 1 in float32
    activations, slopes = gradients.layer_gradients((x,), ONLY, "conv")
    assert grad_cam(activations[0], slopes[0]).tolist() == [[0.0, 4.0], [28.0, 32.5]]
    assert gradients.activations((x,), "conv")[0, ..., 0].tolist() == [[0.0, 4.0], [31.0, 40.0]]


def test_the_bias_of_a_dense_layer_with_sigmoid_counts() -> None:
    model = _known_answer_5("dense with sigmoid")
    kernel, _ = model.get_layer("dense").get_weights()
    model.get_layer("dense").set_weights([kernel, np.array([-4.0])])
    x = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    assert ModelGradients(model).outputs((x,))[:, 0].tolist() == [50.0]


def test_saturated_probabilities_stay_finite() -> None:
    gradients = ModelGradients(_known_answer_5("dense, then sigmoid"))
    x = 1e3 * np.arange(16, dtype=np.float32).reshape(1, 4, 4)  # a logit of some 1e4
    both = (np.concatenate([x, -x]),)
    outputs, (slopes,) = gradients.input_gradients(both, ONLY, target="probability")
    assert outputs[0] == 1.0
    assert np.isfinite(slopes).all()
    assert not slopes[0].any()
    # the logit still has its gradient
    assert gradients.input_gradients((x,), ONLY)[1][0].any()


def test_sequential_models_work_too() -> None:
    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [
            keras.Input((6, 5, 1)),
            keras.layers.Conv2D(3, 3, activation="relu", name="conv"),
            keras.layers.Flatten(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    x = np.random.default_rng(6).random((3, 6, 5)).astype(np.float32)
    gradients = ModelGradients(model)
    expected = model.predict(x[..., np.newaxis], verbose=0)[:, 0]
    np.testing.assert_allclose(
        gradients.outputs((x,), target="probability")[:, 0], expected, atol=1e-6
    )
    assert gradients.layer_gradients((x,), ONLY, "conv")[1].shape == (3, 4, 3, 3)


# ------------------------------------------------------------ what a server needs


def test_explaining_does_not_change_the_model(x: Array, tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    model = wake(build_cnn(SHAPE, head="pooled"), seed=1)
    model.get_layer("conv2d_2").trainable = False
    weights = [w.copy() for w in model.get_weights()]
    config = copy.deepcopy(model.get_config())
    before = model.predict(x[..., np.newaxis], verbose=0)
    trainable = [w.path for w in model.trainable_weights]

    gradients = ModelGradients(model)
    gradients.outputs((x,))[:, 0]
    gradients.input_gradients((x,), ONLY, target="probability")
    for layer in CONV_LAYERS:
        gradients.activations((x,), layer)
        gradients.layer_gradients((x,), ONLY, layer)

    assert all(np.array_equal(a, b) for a, b in zip(weights, model.get_weights(), strict=True))
    assert model.get_config() == config
    assert [w.path for w in model.trainable_weights] == trainable
    assert model.layers[-1].activation is keras.activations.sigmoid
    assert np.array_equal(model.predict(x[..., np.newaxis], verbose=0), before)
    model.save(tmp_path / "after.keras")
    again = keras.saving.load_model(tmp_path / "after.keras")
    assert np.array_equal(again.predict(x[..., np.newaxis], verbose=0), before)


def test_arguments_are_left_alone(gradients: ModelGradients, x: Array) -> None:
    frozen = x.copy()
    frozen.setflags(write=False)
    gradients.input_gradients((frozen,), ONLY, target="probability")
    assert np.array_equal(frozen, x)


def test_nothing_is_traced_twice(model: keras.Model) -> None:
    gradients = ModelGradients(model)
    rng = np.random.default_rng(7)
    for n in (1, 2, 3, 17, 50, 700, 1):
        x = rng.random((n, *SHAPE))
        for given in (x, x.astype(np.float32), np.asfortranarray(x)):
            gradients.outputs((given,))
            gradients.outputs((given,), target="probability")
        for target in ("logit", "probability"):
            gradients.input_gradients((x,), ONLY, target=target)
        gradients.activations((x,), "conv2d_1")
        gradients.layer_gradients((x,), ONLY, "conv2d_1")
        gradients.layer_gradients((x,), ONLY, "conv2d_5")
    assert {"outputs", "input_gradients", "activations:conv2d_1"} <= set(gradients.traces)
    assert {"layer_gradients:conv2d_1", "layer_gradients:conv2d_5"} <= set(gradients.traces)
    assert set(gradients.traces.values()) == {1}


def test_threads_share_a_model_and_get_what_they_would_get_alone(model: keras.Model) -> None:
    alone, shared = ModelGradients(model), ModelGradients(model)
    notes = np.random.default_rng(8).random((8, 5, *SHAPE)).astype(np.float32)

    def all_of(gradients: ModelGradients, x: Array) -> list[Array]:
        outputs, slopes = gradients.input_gradients((x,), ONLY, target="probability")
        return [
            gradients.outputs((x,)),
            outputs,
            *slopes,
            gradients.activations((x,), "conv2d_3"),
            *gradients.layer_gradients((x,), ONLY, "conv2d_5"),
        ]

    expected = [all_of(alone, x) for x in notes]
    results: dict[int, list[list[Array]]] = {k: [] for k in range(len(notes))}
    together = threading.Barrier(len(notes))

    def visit(k: int) -> None:
        together.wait()  # so that tracing, too, is asked for by all at once
        for _ in range(5):
            results[k].append(all_of(shared, notes[k]))

    threads = [threading.Thread(target=visit, args=(k,)) for k in results]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for k, rounds in results.items():
        assert len(rounds) == 5
        for got in rounds:
            for ours, theirs in zip(got, expected[k], strict=True):
                # sums may be split differently between the processor's cores: one rounding
                np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)
    assert set(shared.traces.values()) == {1}


def test_a_batch_gives_what_its_notes_give_alone(gradients: ModelGradients) -> None:
    x = np.random.default_rng(9).random((1500, *SHAPE)).astype(np.float32)  # several pieces
    outputs, (slopes,) = gradients.input_gradients((x,), ONLY)
    assert len(outputs) == len(slopes) == 1500
    for k in (0, 1, 551, 552, 777, 1499):
        one_output, (one_slope,) = gradients.input_gradients((x[k : k + 1],), ONLY)
        assert outputs[k] == pytest.approx(one_output[0], abs=1e-5)
        np.testing.assert_allclose(slopes[k], one_slope[0], atol=1e-6)


@pytest.mark.slow
def test_512_points_of_stft_fit_in_4_gb() -> None:
    # 24 of them are computed, in blocks of one: beyond some blocks only the points and their
    # gradients take more, these twice while the blocks are joined
    n_points = 24
    code = f"""
import resource
import numpy as np
from xai_core.networks.gradients import ModelGradients
from xai_core.networks.cnn import build_cnn

gradients = ModelGradients(build_cnn((126, 1025), head="pooled"))
x = np.random.default_rng(0).random(({n_points}, 126, 1025), np.float32)
outputs, (slopes,) = gradients.input_gradients((x,), "0")
assert outputs.shape == ({n_points},) and slopes.shape == x.shape and slopes.any()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    result = run_forked("-c", code)
    assert result.returncode == 0, result.stderr
    peak = int(result.stdout.split()[-1]) * (1 if sys.platform == "darwin" else 1024)  # bytes
    more = (512 - n_points) * 126 * 1025 * 4 * 3  # bytes
    assert peak + more < 4e9


# ------------------------------------------------------------------ what is refused


def test_wrong_arguments_are_refused(gradients: ModelGradients, x: Array) -> None:
    with pytest.raises(InputError, match="unknown layer 'conv2d_6': choose one of conv2d, conv2d_"):
        gradients.layer_gradients((x,), ONLY, "conv2d_6")
    with pytest.raises(InputError, match="unknown layer 'dense'"):
        gradients.activations((x,), "dense")
    with pytest.raises(InputError, match=r"shape \(n, 18, 13\), got \(4, 18, 12\): do type and"):
        gradients.outputs((x[..., 1:],))
    with pytest.raises(InputError, match=r"got \(18, 13\)"):
        gradients.outputs((x[0],))
    with pytest.raises(InputError, match="unknown target 'loss': choose 'logit' or 'prob"):
        gradients.outputs((x,), target="loss")
    with pytest.raises(InputError, match="unknown target 'loss'"):
        gradients.input_gradients((x,), ONLY, target="loss")
    with pytest.raises(InputError, match="expected at least one spectrogram, got none"):
        gradients.outputs((x[:0],))


@pytest.mark.parametrize(
    "last",
    [
        keras.layers.Dense(1),
        keras.layers.Dense(2, activation="relu"),
        keras.layers.Dense(1, activation="tanh"),
        keras.layers.Dropout(0.5),
    ],
)
def test_other_last_layers_are_refused(
    last: keras.layers.Layer,
) -> None:
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), last])
    with pytest.raises(ModelError, match="ends in sigmoids or a softmax, one unit a class"):
        ModelGradients(model)


def test_convolution_layers_are_listed_from_input_to_output(
    model: keras.Model, gradients: ModelGradients
) -> None:
    assert convolution_layers(model) == CONV_LAYERS
    assert gradients.input_shapes == (SHAPE,)
    assert list(gradients.convolution_layers.values()) == [CONV_LAYERS]
