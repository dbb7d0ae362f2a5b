"""The CNN of the paper: three blocks of two 3x3 convolutions, then two dense layers.

Conventions
-----------
Inputs are ``(batch, n_frames, n_bins, 1)``, channels last. The convolution
layers are named ``conv2d`` to ``conv2d_5``; each applies its own ReLU. The
output layer is split in two, ``logit`` (dense, linear) and ``probability``
(sigmoid or softmax), so that the logit is reachable in a loaded model without editing it.
"""

from __future__ import annotations

from typing import Literal

import keras

from xai_core.errors import InputError

__all__ = [
    "CONV_LAYERS",
    "LOGIT_LAYER",
    "PROBABILITY_LAYER",
    "Answer",
    "Head",
    "PooledAxes",
    "build_cnn",
]

CONV_LAYERS = ("conv2d", "conv2d_1", "conv2d_2", "conv2d_3", "conv2d_4", "conv2d_5")
LOGIT_LAYER = "logit"
PROBABILITY_LAYER = "probability"
FILTERS = 32  # of the first block; each block has twice those of the one before
N_BLOCKS = 3
BLOCK_DROPOUT = 0.25
DENSE_UNITS = 256
DENSE_DROPOUT = 0.5
BANDS = 8  # that the pooled head keeps at most with "bands"

Answer = Literal["sigmoid", "softmax"]
Head = Literal["flatten", "pooled"]
PooledAxes = Literal["time", "bands", "both"]


def build_cnn(
    input_shape: tuple[int, ...],
    *,
    head: Head,
    pooled_axes: PooledAxes = "time",
    n_outputs: int = 1,
    answer: Answer = "sigmoid",
    filters: int = FILTERS,
    dense_units: int = DENSE_UNITS,
) -> keras.Model:
    """Build the paper's CNN, untrained and uncompiled.

    Parameters
    ----------
    input_shape : tuple of int
        ``(n_frames, n_bins)`` or ``(n_frames, n_bins, 1)``.
    head : {'flatten', 'pooled'}
        ``flatten`` is the paper's; ``pooled`` averages the last feature maps
        first, which shrinks 63 M parameters on STFT to 0.55 M with ``bands``.
    pooled_axes : {'time', 'bands', 'both'}
        What the pooled head averages over. ``time`` keeps where in frequency a
        pattern lies; ``bands`` averages over time and, where the last maps have
        more than eight bins, over eight equal bands of them, which keeps it
        roughly with a fraction of the weights. Ignored by ``flatten``.
    n_outputs : int
        1 for the binary models; 10 for the ten-way network.
    answer : {'sigmoid', 'softmax'}
        Whether each output is a probability by itself, or all sum to 1.
    filters : int
        Of the first block; the next has twice as many, the last four times. 32
        are the paper's.
    dense_units : int
        Of the dense layer; 256 are the paper's.

    Returns
    -------
    keras.Model
        Maps (batch, n_frames, n_bins, 1) to probabilities (batch, n_outputs).

    Raises
    ------
    InputError
        If the shape, the head or the axes are not among those above.

    Notes
    -----
    Chroma, spectral contrast and Tonnetz are narrower than three halvings
    allow; an axis of one bin is no longer pooled.

    References
    ----------
    Chen, Ghobakhlou and Narayanan 2024, section 3.3 and algorithm 1.

    Examples
    --------
    >>> build_cnn((126, 1025), head="pooled").get_layer("conv2d_5").output.shape
    (None, 31, 256, 128)
    """
    if len(input_shape) not in (2, 3) or (len(input_shape) == 3 and input_shape[2] != 1):
        raise InputError(f"expected input_shape (n_frames, n_bins), got {input_shape}")
    if head not in ("flatten", "pooled"):
        raise InputError(f"expected head 'flatten' or 'pooled', got {head!r}")
    if pooled_axes not in ("time", "bands", "both"):
        raise InputError(f"expected pooled_axes 'time', 'bands' or 'both', got {pooled_axes!r}")

    if answer not in ("sigmoid", "softmax"):
        raise InputError(f"expected answer 'sigmoid' or 'softmax', got {answer!r}")

    inputs = keras.Input((*input_shape[:2], 1), name="spectrogram")
    x = inputs
    names = iter(CONV_LAYERS)
    for block in range(N_BLOCKS):
        for _ in range(2):
            x = keras.layers.Conv2D(
                filters * 2**block, 3, padding="same", activation="relu", name=next(names)
            )(x)
        x = keras.layers.MaxPooling2D(_halving(x.shape), name=f"max_pooling2d_{block}")(x)
        x = keras.layers.Dropout(BLOCK_DROPOUT, name=f"dropout_{block}")(x)
    if head == "pooled":
        height, width = x.shape[1], x.shape[2]
        widths = {"time": 1, "bands": max(1, width // BANDS), "both": width}
        window = (height, widths[pooled_axes])
        x = keras.layers.AveragePooling2D(window, name="average_pooling2d")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    x = keras.layers.Dense(dense_units, activation="relu", name="dense")(x)
    x = keras.layers.Dropout(DENSE_DROPOUT, name="dropout_dense")(x)
    x = keras.layers.Dense(n_outputs, name=LOGIT_LAYER)(x)
    outputs = keras.layers.Activation(answer, name=PROBABILITY_LAYER)(x)
    return keras.Model(inputs, outputs, name=f"cnn_{head}")


def _halving(shape: tuple[int | None, ...]) -> tuple[int, int]:
    return min(2, shape[1] or 2), min(2, shape[2] or 2)
