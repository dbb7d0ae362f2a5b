"""The only place that differentiates: outputs, input gradients, layer gradients.

Conventions
-----------
Those of :mod:`xai_core.networks.contract`: batches are ``(n, n_frames, n_bins)``
float32, without the channel axis, in a tuple with one an input. Gradients have
the shape of what they are taken with respect to. Every result is a NumPy array.

Each function of a model is traced once, for any batch size and class, and its
compiled form is reused by every thread. Batches are cut so that the activations
of one piece stay near 256 MB, whatever the caller asks for.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from xai_core.errors import InputError, ModelError
from xai_core.networks.contract import Arrays, Target, class_index
from xai_core.networks.relevance import logits_by_rules
from xai_core.values import FloatArray

__all__ = ["ModelGradients", "Target", "convolution_layers"]

BINS_PER_BATCH = 8 * 126 * 128  # 8 log-mel notes; larger pieces leave the processor's cache
CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)

Tensors = tuple[tf.Tensor, ...]
Body = Callable[..., Tensors]  # of the inputs, the number of a class and further numbers


class ModelGradients:
    """Compiled predictions and gradients of one Keras model, functional or sequential.

    The model is read, never changed. Safe to call from several threads.
    It is a :class:`xai_core.networks.contract.Model`.

    Parameters
    ----------
    model : keras.Model
        Each input (n, n_frames, n_bins, 1); one output (n, n_classes) that ends
        in sigmoids or a softmax, inside a dense layer or after one.
    inputs : sequence of str, optional
        Spectrogram type of each input, in the order of ``model.inputs``; by
        default the names that the network gives them.
    classes : sequence of str, optional
        What each output unit stands for; by default their numbers from 0.

    Attributes
    ----------
    traces : collections.Counter
        How often each function was traced; 1 is right, more is a fault.

    Raises
    ------
    ModelError
        If the model has other inputs or another last layer, or not as many
        inputs and classes as there are names.
    """

    def __init__(
        self, model: keras.Model, inputs: Sequence[str] = (), classes: Sequence[str] = ()
    ) -> None:
        self._model = model
        self._layer_outputs = _layer_outputs(model)
        self._logits_of, self._logit_source, self._is_softmax = _logit_reader(model)
        self._input_shapes = tuple(_shape_of(one) for one in model.inputs)
        n_classes = int(model.outputs[0].shape[-1])
        self._inputs = _names(inputs, [one.name for one in model.inputs], "inputs")
        self._classes = _names(classes, [str(k) for k in range(n_classes)], "classes")
        bins = sum(n_frames * n_bins for n_frames, n_bins in self._input_shapes)
        self._batch_size = max(1, BINS_PER_BATCH // bins)
        self._signature = [tf.TensorSpec((None, *shape), tf.float32) for shape in self.input_shapes]
        self._compiled: dict[str, Callable[..., Tensors]] = {}
        self._lock = threading.Lock()
        self.traces: Counter[str] = Counter()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Spectrogram type of each input."""
        return self._inputs

    @property
    def classes(self) -> tuple[str, ...]:
        """What each output stands for."""
        return self._classes

    @property
    def input_shapes(self) -> tuple[tuple[int, int], ...]:
        """``(n_frames, n_bins)`` of each input."""
        return self._input_shapes

    @cached_property
    def convolution_layers(self) -> Mapping[str, tuple[str, ...]]:
        """``{input: layer names}`` of the convolutions that depend on that input alone."""
        found: dict[str, list[str]] = {name: [] for name in self._inputs}
        given = {id(one): name for one, name in zip(self._model.inputs, self._inputs, strict=True)}
        for layer in convolution_layers(self._model):
            outputs = self._layer_outputs.get(layer, [])
            seen = {given[id(one)] for one in _upstream(outputs) if id(one) in given}
            if len(outputs) == len(seen) == 1:  # used once, on one input
                found[seen.pop()].append(layer)
        return MappingProxyType({name: tuple(layers) for name, layers in found.items()})

    def outputs(self, xs: Arrays, *, target: Target = "logit") -> FloatArray:
        """Return the model's outputs for each note.

        Parameters
        ----------
        xs : tuple of ndarray, each of shape (n, n_frames, n_bins)
        target : {'logit', 'probability'}

        Returns
        -------
        ndarray, shape (n, n_classes), float64
        """
        (logits,) = self._run("outputs", xs)
        return self._as_target(logits, target)

    def input_gradients(
        self, xs: Arrays, class_name: str, *, target: Target = "logit"
    ) -> tuple[FloatArray, Arrays]:
        """Return the output of a class and its gradient with respect to every input.

        Parameters
        ----------
        xs : tuple of ndarray, each of shape (n, n_frames, n_bins)
        class_name : str
        target : {'logit', 'probability'}

        Returns
        -------
        outputs : ndarray, shape (n,), float64
        gradients : tuple of ndarray, each of shape (n, n_frames, n_bins), float32
            In units of the target per unit of the spectrogram.

        Notes
        -----
        The gradient of a sigmoid's probability p is ``p (1 - p)`` times that of
        the logit, which is exact, so both targets share one compiled function.
        That of a softmax's is p times the gradient of ``log p``.
        """
        k = class_index(self._classes, class_name)
        of_log = self._is_softmax and target == "probability"
        logits, *gradients = self._run("log_gradients" if of_log else "input_gradients", xs, k)
        outputs = self._as_target(logits, target)[:, k]
        if target == "probability":
            factor = outputs if self._is_softmax else outputs * (1.0 - outputs)
            slope = factor.astype(np.float32)[:, np.newaxis, np.newaxis]
            gradients = [gradient * slope for gradient in gradients]
        return outputs, tuple(gradients)

    def activations(self, xs: Arrays, layer: str) -> FloatArray:
        """Return the activations of a convolution layer, shape (n, rows, columns, filters)."""
        (values,) = self._run(f"activations:{self._check(layer)}", xs)
        return values

    def layer_gradients(
        self, xs: Arrays, class_name: str, layer: str
    ) -> tuple[FloatArray, FloatArray]:
        """Return activations of a convolution layer and the logit's gradient there.

        Parameters
        ----------
        xs : tuple of ndarray, each of shape (n, n_frames, n_bins)
        class_name : str
            Whose logit.
        layer : str
            Name of a convolution layer.

        Returns
        -------
        activations, gradients : ndarray, shape (n, rows, columns, filters)

        Raises
        ------
        InputError
            If the model has no such convolution layer, or it depends on several
            inputs, so that its maps lie on the grid of none.
        """
        k = class_index(self._classes, class_name)
        activations, gradients = self._run(f"layer_gradients:{self._check(layer)}", xs, k)
        return activations, gradients

    def relevances(
        self, xs: Arrays, class_name: str, *, gamma: float, epsilon: float
    ) -> tuple[FloatArray, Arrays]:
        """Return the logit of a class and the relevance of every bin by LRP.

        Parameters
        ----------
        xs : tuple of ndarray, each of shape (n, n_frames, n_bins)
        class_name : str
        gamma, epsilon : float
            Of the rules of :mod:`xai_core.networks.relevance`.

        Returns
        -------
        logits : ndarray, shape (n,), float64
        relevances : tuple of ndarray, each of shape (n, n_frames, n_bins), float32
            In units of the logit.

        Raises
        ------
        InputError
            If there is no rule for a layer.
        """
        k = class_index(self._classes, class_name)
        logits, *gradients = self._run("relevances", xs, k, gamma, epsilon)
        relevances = tuple(x * slope for x, slope in zip(self._checked(xs), gradients, strict=True))
        return np.asarray(logits, np.float64)[:, k], relevances

    # ------------------------------------------------------------------ private

    def _as_target(self, logits: FloatArray, target: Target) -> FloatArray:
        z = np.asarray(logits, np.float64)
        if target == "logit":
            return z
        if target != "probability":
            raise InputError(f"unknown target {target!r}: choose 'logit' or 'probability'")
        if self._is_softmax:
            return np.asarray(np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True)))
        return np.asarray(np.exp(-np.logaddexp(0.0, -z)))

    def _check(self, layer: str) -> str:
        by_input = self.convolution_layers
        layers = [name for names in by_input.values() for name in names]
        if layer in layers:
            return layer
        choices = f"choose one of {', '.join(layers)}" if layers else "the model has none to choose"
        if layer in convolution_layers(self._model):
            raise InputError(
                f"layer {layer!r} depends on several inputs ({', '.join(self._inputs)}), so its "
                f"maps lie on the grid of none: {choices}"
            )
        raise InputError(f"unknown layer {layer!r}: {choices}")

    def _run(self, name: str, xs: Arrays, class_number: int = 0, *numbers: float) -> Arrays:
        arrays = self._checked(xs)
        function = self._function(name, len(numbers))
        k = tf.constant(class_number, tf.int32)
        more = [tf.constant(number, tf.float32) for number in numbers]
        pieces = [
            function(*(tf.constant(x[start : start + self._batch_size]) for x in arrays), k, *more)
            for start in range(0, len(arrays[0]), self._batch_size)
        ]
        return tuple(
            np.concatenate([part.numpy() for part in parts]) if len(parts) > 1 else parts[0].numpy()
            for parts in zip(*pieces, strict=True)
        )

    def _checked(self, xs: Arrays) -> Arrays:
        if not isinstance(xs, tuple | list) or len(xs) != len(self._inputs):
            got = f"{len(xs)} inputs" if isinstance(xs, tuple | list) else "one array"
            raise InputError(
                f"expected a tuple of one array for each of {', '.join(self._inputs)}, got {got}"
            )
        arrays = tuple(np.asarray(x, np.float32) for x in xs)
        for x, (n_frames, n_bins) in zip(arrays, self._input_shapes, strict=True):
            if x.ndim != 3 or x.shape[1:] != (n_frames, n_bins):
                raise InputError(
                    f"expected spectrograms of shape (n, {n_frames}, {n_bins}), got {x.shape}: "
                    "do type and model belong together?"
                )
        if len({len(x) for x in arrays}) > 1:
            raise InputError(
                f"expected as many notes for each input, got {[len(x) for x in arrays]}"
            )
        if len(arrays[0]) == 0:
            raise InputError("expected at least one spectrogram, got none")
        return arrays

    def _function(self, name: str, n_numbers: int = 0) -> Callable[..., Tensors]:
        with self._lock:
            if name not in self._compiled:
                kind, _, layer = name.partition(":")
                body: Body = {
                    "outputs": self._outputs_body,
                    "input_gradients": self._input_gradients_body,
                    "log_gradients": self._log_gradients_body,
                    "activations": self._activations_body,
                    "layer_gradients": self._layer_gradients_body,
                    "relevances": self._relevances_body,
                }[kind](layer)
                n_inputs = len(self._inputs)

                def traced(*given: tf.Tensor) -> Tensors:
                    self.traces[name] += 1  # runs while tracing only
                    xs, others = given[:n_inputs], given[n_inputs:]
                    return body(tuple(x[..., tf.newaxis] for x in xs), *others)

                self._compiled[name] = tf.function(
                    traced,
                    input_signature=[
                        *self._signature,
                        tf.TensorSpec((), tf.int32),
                        *[tf.TensorSpec((), tf.float32)] * n_numbers,
                    ],
                    autograph=False,
                ).get_concrete_function()
            return self._compiled[name]

    def _of_class(self, values: tf.Tensor, k: tf.Tensor) -> tf.Tensor:
        return values[:, 0] if len(self._classes) == 1 else tf.gather(values, k, axis=1)

    def _outputs_body(self, _: str) -> Body:
        reader = keras.Model(self._model.inputs, self._logit_source)
        return lambda xs, _: (self._logits_of(reader(_given(xs), training=False)),)

    def _input_gradients_body(self, _: str) -> Body:
        return self._gradients_of(tf.identity)

    def _log_gradients_body(self, _: str) -> Body:
        return self._gradients_of(tf.nn.log_softmax)

    def _gradients_of(self, change: Callable[[tf.Tensor], tf.Tensor]) -> Body:
        reader = keras.Model(self._model.inputs, self._logit_source)
        return self._differentiated(
            lambda xs: self._logits_of(reader(_given(xs), training=False)), change
        )

    def _relevances_body(self, _: str) -> Body:
        def body(xs: Tensors, k: tf.Tensor, gamma: tf.Tensor, epsilon: tf.Tensor) -> Tensors:
            return self._differentiated(
                lambda xs: logits_by_rules(self._model, xs, gamma=gamma, epsilon=epsilon)
            )(xs, k)

        return body

    def _differentiated(
        self,
        logits_of: Callable[[Tensors], tf.Tensor],
        change: Callable[[tf.Tensor], tf.Tensor] = tf.identity,
    ) -> Body:
        """Return what computes logits, and the gradient of one class's changed logit."""

        def body(xs: Tensors, k: tf.Tensor) -> Tensors:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(xs)
                logits = logits_of(xs)
                of_class = self._of_class(change(logits), k)
            gradients = tape.gradient(
                of_class, xs, unconnected_gradients=tf.UnconnectedGradients.ZERO
            )
            return logits, *(gradient[..., 0] for gradient in gradients)

        return body

    def _activations_body(self, layer: str) -> Body:
        reader = keras.Model(self._model.inputs, self._layer_outputs[layer][0])
        return lambda xs, _: (reader(_given(xs), training=False),)

    def _layer_gradients_body(self, layer: str) -> Body:
        reader = keras.Model(
            self._model.inputs, [self._layer_outputs[layer][0], self._logit_source]
        )

        def body(xs: Tensors, k: tf.Tensor) -> Tensors:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(xs)  # any watched root lets the tape record the layer
                activations, source = reader(_given(xs), training=False)
                of_class = self._of_class(self._logits_of(source), k)
            return activations, tape.gradient(of_class, activations)

        return body


def convolution_layers(model: keras.Model) -> tuple[str, ...]:
    """Return the names of a model's 2-D convolution layers, from input to output."""
    return tuple(layer.name for layer in model.layers if isinstance(layer, CONVOLUTIONS))


def _layer_outputs(model: keras.Model) -> dict[str, list[Any]]:
    """Return the symbolic outputs of each layer inside the model's own graph, by its name.

    ``layer.output`` may lie in another graph: a sequential model builds its own anew.
    """
    found: dict[str, list[Any]] = {}
    for tensor in _upstream(model.outputs):
        found.setdefault(tensor._keras_history.operation.name, []).append(tensor)
    return found


def _upstream(tensors: Sequence[Any]) -> list[Any]:
    """Return symbolic tensors and all that they are computed from."""
    seen: dict[int, Any] = {}
    todo = list(tensors)
    while todo:
        tensor = todo.pop()
        if id(tensor) not in seen:
            seen[id(tensor)] = tensor
            operation, number, _ = tensor._keras_history
            todo += operation._inbound_nodes[number].input_tensors
    return list(seen.values())


def _given(xs: Tensors) -> Any:
    """Return what a Keras model is called with."""
    return xs[0] if len(xs) == 1 else list(xs)


def _shape_of(given: Any) -> tuple[int, int]:
    shape = tuple(given.shape)
    if len(shape) != 4 or shape[3] != 1 or None in shape[1:]:
        raise ModelError(
            f"expected inputs of shape (n, frames, bins, 1), got {shape}: does the model take "
            "spectrograms of one channel and of a fixed size?"
        )
    return int(shape[1]), int(shape[2])


def _names(given: Sequence[str], own: Sequence[str], what: str) -> tuple[str, ...]:
    names = tuple(given) or tuple(own)
    if len(names) != len(own) or len(set(names)) != len(names):
        raise ModelError(
            f"expected {len(own)} different names of {what}, as the network has, got "
            f"{', '.join(names)}: does the card belong to it?"
        )
    return names


def _logit_reader(model: keras.Model) -> tuple[Callable[[tf.Tensor], tf.Tensor], Any, bool]:
    """Return how to get the logits, shape (n, n_classes), from which symbolic tensor.

    The third value says whether a softmax follows, else sigmoids.
    """
    last, number, _ = model.outputs[0]._keras_history
    source = next(iter(last._inbound_nodes[number].input_tensors), None)
    activation = getattr(last, "activation", None)
    is_softmax = activation is keras.activations.softmax or isinstance(last, keras.layers.Softmax)
    if (
        len(model.outputs) != 1
        or len(model.outputs[0].shape) != 2
        or not (is_softmax or activation is keras.activations.sigmoid)
    ):
        raise ModelError(
            "expected a model whose only output ends in sigmoids or a softmax, one unit a class: "
            "is it a classifier?"
        )
    if isinstance(last, keras.layers.Dense):

        def from_features(features: tf.Tensor) -> tf.Tensor:
            z = tf.linalg.matmul(features, tf.convert_to_tensor(last.kernel))
            if last.use_bias:
                z = z + tf.convert_to_tensor(last.bias)
            return z

        return from_features, source, is_softmax
    return lambda logits: logits, source, is_softmax
