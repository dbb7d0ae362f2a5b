"""The CNN of the paper written out in NumPy, in double precision.

An independent implementation for tests: it reads the weights of a Keras model and computes
everything else by itself, from the input or from the activations of any convolution layer.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

Array = np.ndarray

CONV_LAYERS = ("conv2d", "conv2d_1", "conv2d_2", "conv2d_3", "conv2d_4", "conv2d_5")


class CnnByHand:
    """Forward passes of a model made by `build_cnn`."""

    def __init__(self, model: keras.Model, *, pooling: str) -> None:
        """`pooling` is what the head does: ``flatten``, ``time``, ``bands`` or ``both``."""
        self._weights = {
            layer.name: [w.astype(np.float64) for w in layer.get_weights()]
            for layer in model.layers
            if layer.get_weights()
        }
        self._pooling = pooling

    def activations(self, x: Array, layer: str) -> Array:
        """Return the activations of a convolution layer, shape (rows, columns, filters)."""
        values = x.astype(np.float64)[..., np.newaxis]
        for index, name in enumerate(CONV_LAYERS):
            values = _convolve(values, *self._weights[name])
            if name == layer:
                return values
            if index % 2:
                values = _halve(values)
        raise AssertionError(layer)

    def logit(self, x: Array) -> float:
        """Return the logit of one spectrogram (n_frames, n_bins)."""
        return self.logit_from("conv2d", self.activations(x, "conv2d"))

    def logit_from(self, layer: str, values: Array) -> float:
        """Return the logit that follows from the activations of a convolution layer."""
        start = CONV_LAYERS.index(layer)
        for index, name in enumerate(CONV_LAYERS):
            if index > start:
                values = _convolve(values, *self._weights[name])
            if index >= start and index % 2:
                values = _halve(values)
        if self._pooling == "time":
            values = values.mean(axis=0)
        elif self._pooling == "bands":
            values = values.mean(axis=0)
            if values.shape[0] > 8:  # bins that a band of eight is made of
                values = values.reshape(8, -1, values.shape[1]).mean(axis=1)
        elif self._pooling == "both":
            values = values.mean(axis=(0, 1))
        kernel, bias = self._weights["dense"]
        hidden = np.maximum(values.ravel() @ kernel + bias, 0.0)
        kernel, bias = self._weights["logit"]
        return float((hidden @ kernel + bias)[0])


def wake(model: keras.Model, seed: int) -> keras.Model:
    """Give an untrained model weights that keep signals alive up to the logit; return it."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        weights: list[Any] = layer.get_weights()
        if weights:
            kernel, bias = weights
            spread = np.sqrt(2.0 / np.prod(kernel.shape[:-1]))  # He et al. 2015
            layer.set_weights(
                [rng.normal(0.0, spread, kernel.shape), rng.normal(0.0, 0.1, bias.shape)]
            )
    return model


def _convolve(values: Array, kernel: Array, bias: Array) -> Array:
    """3x3 convolution as networks mean it (no flip), zero-padded to the same size, and ReLU."""
    height, width = values.shape[:2]
    padded = np.pad(values, ((1, 1), (1, 1), (0, 0)))
    out = np.zeros((height, width, bias.size)) + bias
    for row in range(3):
        for column in range(3):
            shifted = padded[row : row + height, column : column + width]
            out += shifted @ kernel[row, column]
    return np.maximum(out, 0.0)


def _halve(values: Array) -> Array:
    """2x2 maximum, a row or column that is left over dropped; an axis of one bin stays."""
    for axis in (0, 1):
        n = values.shape[axis]
        if n > 1:
            first = np.take(values, np.arange(0, n - 1, 2), axis)
            second = np.take(values, np.arange(1, n, 2), axis)
            values = np.maximum(first, second)
    return values
