"""The CNN: the paper's shapes and sizes, and its arithmetic against NumPy."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.cnn_by_hand import CnnByHand, wake
from xai_core.errors import InputError
from xai_core.features import N_FRAMES, n_bins
from xai_core.networks.cnn import (
    CONV_LAYERS,
    build_cnn,
)
from xai_core.values import SPECTROGRAM_TYPES

# weights and biases of the six convolutions, by hand
CONV_WEIGHTS = sum(
    9 * before * after + after
    for before, after in [(1, 32), (32, 32), (32, 64), (64, 64), (64, 128), (128, 128)]
)


def _dense_weights(n_inputs: int) -> int:
    return n_inputs * 256 + 256 + 256 + 1


@pytest.mark.parametrize("head", ["flatten", "pooled"])
def test_stft_has_the_shapes_of_the_papers_figures(head: str) -> None:
    model = build_cnn((126, 1025), head=head)
    shapes = {name: model.get_layer(name).output.shape[1:] for name in CONV_LAYERS}
    assert shapes["conv2d_3"] == (63, 512, 64)
    assert shapes["conv2d_5"] == (31, 256, 128)
    assert shapes["conv2d"] == shapes["conv2d_1"] == (126, 1025, 32)


@pytest.mark.parametrize(
    ("type", "columns"),
    # of the features that reach the head: n_bins // 8, but never below 1
    [
        ("stft", 128),
        ("log_mel", 16),
        ("mfcc", 5),
        ("chroma", 1),
        ("spectral_contrast", 1),
        ("tonnetz", 1),
    ],
)
def test_number_of_weights(type: str, columns: int) -> None:
    shape = (N_FRAMES, n_bins(type))
    rows = 15  # 126 -> 63 -> 31 -> 15

    def count(**head: str) -> int:
        return int(build_cnn(shape, **head).count_params()) - CONV_WEIGHTS

    assert count(head="pooled", pooled_axes="both") == _dense_weights(128)
    assert count(head="pooled", pooled_axes="time") == _dense_weights(columns * 128)
    assert count(head="pooled", pooled_axes="bands") == _dense_weights(min(columns, 8) * 128)
    assert count(head="flatten") == _dense_weights(rows * columns * 128)


def test_the_papers_network_has_63_million_weights_on_stft() -> None:
    assert build_cnn((126, 1025), head="flatten").count_params() == pytest.approx(63e6, rel=0.01)


def test_a_binary_model_ends_in_logit_and_probability() -> None:
    model = build_cnn((126, 40), head="pooled")
    assert model.output_shape == (None, 1)
    assert [layer.name for layer in model.layers[-2:]] == ["logit", "probability"]
    assert model.get_layer("logit").activation is keras.activations.linear
    assert build_cnn((126, 40), head="pooled", n_outputs=10).output_shape == (None, 10)
    ten_way = build_cnn((126, 6), head="pooled", n_outputs=10, answer="softmax")
    p = np.asarray(ten_way(np.ones((2, 126, 6, 1), np.float32)))
    np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-6)
    with pytest.raises(InputError, match="'sigmoid' or 'softmax', got 'tanh'"):
        build_cnn((126, 6), head="pooled", answer="tanh")  # type: ignore[arg-type]


def test_dropout_rates_are_those_of_the_paper() -> None:
    layers = build_cnn((126, 40), head="flatten").layers
    rates = [layer.rate for layer in layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.25, 0.25, 0.25, 0.5]


@pytest.mark.parametrize("shape", [(17, 9), (16, 40), (24, 7), (9, 1), (9, 128)])
@pytest.mark.parametrize("pooling", ["flatten", "time", "bands", "both"])
def test_outputs_are_those_of_the_arithmetic_by_hand(shape: tuple[int, int], pooling: str) -> None:
    keras.utils.set_random_seed(1)
    if pooling == "flatten":
        model = build_cnn(shape, head="flatten")
    else:
        model = build_cnn(shape, head="pooled", pooled_axes=pooling)
    wake(model, seed=2)
    x = np.random.default_rng(3).random((3, *shape)).astype(np.float32)
    by_hand = np.array([CnnByHand(model, pooling=pooling).logit(one) for one in x])
    assert np.ptp(by_hand) > 1e-3  # the notes are told apart
    expected = 1.0 / (1.0 + np.exp(-by_hand))
    got = np.asarray(model(x[..., np.newaxis]))[:, 0]  # dropout is idle
    np.testing.assert_allclose(got, expected, atol=2e-6)  # single against double precision


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
def test_every_type_gives_a_probability(type: str) -> None:
    model = build_cnn((N_FRAMES, n_bins(type)), head="pooled", pooled_axes="both")
    x = np.random.default_rng(0).random((2, N_FRAMES, n_bins(type), 1)).astype(np.float32)
    p = np.asarray(model(x))
    assert ((p > 0) & (p < 1)).all()
    assert p[0] != p[1]


def test_bad_arguments_are_refused() -> None:
    for shape in [(126,), (126, 128, 3), (1, 126, 128, 1)]:
        with pytest.raises(InputError, match=r"expected input_shape \(n_frames, n_bins\), got"):
            build_cnn(shape, head="pooled")
    with pytest.raises(InputError, match="expected head 'flatten' or 'pooled', got 'dense'"):
        build_cnn((126, 128), head="dense")
    with pytest.raises(InputError, match="expected pooled_axes 'time', 'bands' or 'both'"):
        build_cnn((126, 128), head="pooled", pooled_axes="bins")
