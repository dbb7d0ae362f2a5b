"""The CNN of the paper written out in NumPy and SciPy, in double precision.

An independent implementation for tests: it reads the weights of a Keras model and computes
everything else by itself, from the input or from the activations of any convolution layer.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import scipy.signal

Array = np.ndarray

CONV_LAYERS = ("conv2d", "conv2d_1", "conv2d_2", "conv2d_3", "conv2d_4", "conv2d_5")


class CnnByHand:
    """Forward passes of a model made by `build_cnn`."""

    def __init__(self, model: keras.Model, *, pooling: str) -> None:
        """`pooling` is what the head does: ``flatten``, ``time`` or ``both``."""
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
        elif self._pooling == "both":
            values = values.mean(axis=(0, 1))
        kernel, bias = self._weights["dense"]
        hidden = np.maximum(values.ravel() @ kernel + bias, 0.0)
        kernel, bias = self._weights["logit"]
        return float((hidden @ kernel + bias)[0])


def wake(model: keras.Model, seed: int) -> keras.Model:
    """Give an untrained model biases and a lively last layer; return it."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        weights: list[Any] = layer.get_weights()
        if weights:
            kernel, bias = weights
            gain = 6.0 if layer.name == "logit" else 1.2
            layer.set_weights([gain * kernel, rng.normal(0.0, 0.05, bias.shape)])
    return model


def _convolve(values: Array, kernel: Array, bias: Array) -> Array:
    """3x3 convolution as networks mean it (no flip), zero-padded to the same size, and ReLU."""
    padded = np.pad(values, ((1, 1), (1, 1), (0, 0)))
    out = np.empty((*values.shape[:2], kernel.shape[3]))
    for k in range(kernel.shape[3]):
        out[..., k] = bias[k] + scipy.signal.correlate(padded, kernel[..., k], mode="valid")[..., 0]
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
