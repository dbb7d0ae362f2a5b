"""The only place that differentiates: outputs, input gradients, layer gradients.

Conventions
-----------
Batches are ``(n, n_frames, n_bins)`` float32, without the channel axis. Targets
are ``logit`` (before the sigmoid) and ``probability``. Gradients have the shape
of what they are taken with respect to. Every result is a NumPy array.

Each function of a model is traced once, for any batch size, and its compiled
form is reused by every thread. Batches are cut so that the activations of one
piece stay near 256 MB, whatever the caller asks for.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from xai_core.errors import InputError, ModelError
from xai_core.values import FloatArray

__all__ = ["ModelGradients", "Target", "convolution_layers"]

Target = Literal["logit", "probability"]

BINS_PER_BATCH = 8 * 126 * 128  # 8 log-mel notes; larger pieces leave the processor's cache


class ModelGradients:
    """Compiled predictions and gradients of one binary Keras model.

    The model is read, never changed. Safe to call from several threads.

    Parameters
    ----------
    model : keras.Model
        Input (n, n_frames, n_bins, 1); last layer one sigmoid unit, either a
        dense layer with a sigmoid or a sigmoid after a dense layer.

    Attributes
    ----------
    traces : collections.Counter
        How often each function was traced; 1 is right, more is a fault.

    Raises
    ------
    ModelError
        If the model does not end in one sigmoid unit.
    """

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._logit_of, self._logit_source = _logit_reader(model)
        shape = model.input_shape
        self._signature = tf.TensorSpec((None, shape[1], shape[2]), tf.float32)
        self._batch_size = max(1, BINS_PER_BATCH // (shape[1] * shape[2]))
        self._compiled: dict[str, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]] = {}
        self._lock = threading.Lock()
        self.traces: Counter[str] = Counter()

    @property
    def input_shape(self) -> tuple[int, int]:
        """``(n_frames, n_bins)`` of the spectrograms that the model takes."""
        return int(self._signature.shape[1]), int(self._signature.shape[2])

    def outputs(self, x: FloatArray, *, target: Target = "logit") -> FloatArray:
        """Return the model's output for each spectrogram.

        Parameters
        ----------
        x : ndarray, shape (n, n_frames, n_bins)
        target : {'logit', 'probability'}

        Returns
        -------
        ndarray, shape (n,), float64
        """
        (logits,) = self._run("outputs", x)
        return _as_target(logits, target)

    def input_gradients(
        self, x: FloatArray, *, target: Target = "logit"
    ) -> tuple[FloatArray, FloatArray]:
        """Return the output and its gradient with respect to the input.

        Parameters
        ----------
        x : ndarray, shape (n, n_frames, n_bins)
        target : {'logit', 'probability'}

        Returns
        -------
        outputs : ndarray, shape (n,), float64
        gradients : ndarray, shape (n, n_frames, n_bins), float32
            In units of the target per unit of the spectrogram.

        Notes
        -----
        The gradient of the probability p is ``p (1 - p)`` times that of the
        logit, which is exact, so both targets share one compiled function.
        """
        logits, gradients = self._run("input_gradients", x)
        outputs = _as_target(logits, target)
        if target == "probability":
            slope = (outputs * (1.0 - outputs)).astype(gradients.dtype)
            gradients = gradients * slope[:, np.newaxis, np.newaxis]
        return outputs, gradients

    def activations(self, x: FloatArray, layer: str) -> FloatArray:
        """Return the activations of a convolution layer, shape (n, rows, columns, filters)."""
        (values,) = self._run(f"activations:{self._check(layer)}", x)
        return values

    def layer_gradients(self, x: FloatArray, layer: str) -> tuple[FloatArray, FloatArray]:
        """Return activations of a convolution layer and the logit's gradient there.

        Parameters
        ----------
        x : ndarray, shape (n, n_frames, n_bins)
        layer : str
            Name of a convolution layer.

        Returns
        -------
        activations, gradients : ndarray, shape (n, rows, columns, filters)

        Raises
        ------
        InputError
            If the model has no such convolution layer.
        """
        activations, gradients = self._run(f"layer_gradients:{self._check(layer)}", x)
        return activations, gradients

    # ------------------------------------------------------------------ private

    def _check(self, layer: str) -> str:
        layers = convolution_layers(self._model)
        if layer not in layers:
            raise InputError(f"unknown layer {layer!r}: choose one of {', '.join(layers)}")
        return layer

    def _run(self, name: str, x: FloatArray) -> tuple[FloatArray, ...]:
        x = np.asarray(x, np.float32)
        if x.ndim != 3 or x.shape[1:] != self.input_shape:
            raise InputError(
                f"expected spectrograms of shape (n, {self.input_shape[0]}, "
                f"{self.input_shape[1]}), got {x.shape}: do type and model belong together?"
            )
        if len(x) == 0:
            raise InputError("expected at least one spectrogram, got none")
        function = self._function(name)
        pieces = [
            function(tf.constant(x[start : start + self._batch_size]))
            for start in range(0, len(x), self._batch_size)
        ]
        return tuple(
            np.concatenate([part.numpy() for part in parts]) if len(parts) > 1 else parts[0].numpy()
            for parts in zip(*pieces, strict=True)
        )

    def _function(self, name: str) -> Callable[[tf.Tensor], tuple[tf.Tensor, ...]]:
        with self._lock:
            if name not in self._compiled:
                kind, _, layer = name.partition(":")
                body = {
                    "outputs": self._outputs_body,
                    "input_gradients": self._input_gradients_body,
                    "activations": self._activations_body,
                    "layer_gradients": self._layer_gradients_body,
                }[kind](layer)

                def traced(x: tf.Tensor) -> tuple[tf.Tensor, ...]:
                    self.traces[name] += 1  # runs while tracing only
                    return body(x[..., tf.newaxis])

                self._compiled[name] = tf.function(
                    traced, input_signature=[self._signature], autograph=False
                ).get_concrete_function()
            return self._compiled[name]

    def _outputs_body(self, _: str) -> Callable[[tf.Tensor], tuple[tf.Tensor, ...]]:
        reader = keras.Model(self._model.inputs, self._logit_source)
        return lambda x: (self._logit_of(reader(x, training=False)),)

    def _input_gradients_body(self, _: str) -> Callable[[tf.Tensor], tuple[tf.Tensor, ...]]:
        reader = keras.Model(self._model.inputs, self._logit_source)

        def body(x: tf.Tensor) -> tuple[tf.Tensor, ...]:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(x)
                logits = self._logit_of(reader(x, training=False))
            return logits, tape.gradient(logits, x)[..., 0]

        return body

    def _activations_body(self, layer: str) -> Callable[[tf.Tensor], tuple[tf.Tensor, ...]]:
        reader = keras.Model(self._model.inputs, self._model.get_layer(layer).output)
        return lambda x: (reader(x, training=False),)

    def _layer_gradients_body(self, layer: str) -> Callable[[tf.Tensor], tuple[tf.Tensor, ...]]:
        reader = keras.Model(
            self._model.inputs, [self._model.get_layer(layer).output, self._logit_source]
        )

        def body(x: tf.Tensor) -> tuple[tf.Tensor, ...]:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(x)  # any watched root lets the tape record the layer
                activations, source = reader(x, training=False)
                logits = self._logit_of(source)
            return activations, tape.gradient(logits, activations)

        return body


def convolution_layers(model: keras.Model) -> tuple[str, ...]:
    """Return the names of a model's 2-D convolution layers, from input to output."""
    return tuple(layer.name for layer in model.layers if isinstance(layer, keras.layers.Conv2D))


def _logit_reader(model: keras.Model) -> tuple[Callable[[tf.Tensor], tf.Tensor], Any]:
    """Return how to get the logit, shape (n,), and the symbolic tensor to get it from."""
    last = model.layers[-1]
    activation = getattr(last, "activation", None)
    if model.output_shape[-1] != 1 or activation is not keras.activations.sigmoid:
        raise ModelError("expected a model that ends in one sigmoid unit: is it a binary CNN?")
    if isinstance(last, keras.layers.Dense):

        def from_features(features: tf.Tensor) -> tf.Tensor:
            z = tf.linalg.matmul(features, tf.convert_to_tensor(last.kernel))
            if last.use_bias:
                z = z + tf.convert_to_tensor(last.bias)
            return z[:, 0]

        return from_features, last.input
    return lambda logits: logits[:, 0], last.input


def _as_target(logits: FloatArray, target: Target) -> FloatArray:
    z = np.asarray(logits, np.float64)
    if target == "logit":
        return z
    if target == "probability":
        return np.asarray(np.exp(-np.logaddexp(0.0, -z)))
    raise InputError(f"unknown target {target!r}: choose 'logit' or 'probability'")
