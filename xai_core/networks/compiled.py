"""Functions of a network, compiled once for all networks of one architecture.

Conventions
-----------
Each function is traced once, for any batch size, class and weights, and its compiled form
is reused by every thread and by every network that differs in its weights alone: the ten
models of a spectrogram type, and their copies with fresh weights. Spectrograms are
``(n, n_frames, n_bins)``, without the channel axis.
"""

from __future__ import annotations

import json
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from xai_core.errors import ModelError
from xai_core.networks.relevance import logits_by_rules

__all__ = ["Functions", "functions_of", "upstream"]

Tensors = tuple[tf.Tensor, ...]
Body = Callable[..., Tensors]  # of the inputs, the number of a class and further numbers

NOT_COMPUTED = ("seed", "trainable")  # beside initialisers and the like: no part of what is said


class Functions:
    """Outputs, gradients and relevances of an architecture.

    Parameters
    ----------
    network : keras.Model
        Functional or sequential; one of those that have this architecture. It is read,
        never changed.

    Attributes
    ----------
    network : keras.Model
    input_shapes : tuple of (int, int)
        ``(n_frames, n_bins)`` of each input.
    n_classes : int
    is_softmax : bool
        Whether a softmax follows the logits, else sigmoids.
    layer_outputs : dict of str to list
        Symbolic outputs of each layer.
    traces : collections.Counter
        How often each function was traced; 1 is right, more is a fault.

    Raises
    ------
    ModelError
        If the network has other inputs or another last layer.
    """

    def __init__(self, network: keras.Model) -> None:
        self.network = network
        self.layer_outputs = _layer_outputs(network)
        self._logits_of, self._logit_source, self.is_softmax = _logit_reader(network)
        self.input_shapes = tuple(_shape_of(one) for one in network.inputs)
        self.n_classes = int(network.outputs[0].shape[-1])
        self.traces: Counter[str] = Counter()
        self._compiled: dict[str, Callable[..., Tensors]] = {}
        self._lock = threading.Lock()

    def function(self, name: str, n_numbers: int = 0) -> Callable[..., Tensors]:
        """Return a compiled function, which is traced when it is first asked for.

        Parameters
        ----------
        name : str
            ``outputs``, ``input_gradients``, ``log_gradients`` (of the logarithm of a softmax),
            ``relevances``, ``activations:LAYER`` or ``layer_gradients:LAYER``.
        n_numbers : int
            How many numbers it takes.

        Returns
        -------
        callable
            Of the inputs, the number of a class, the numbers, and the network's weights in
            the order of ``network.weights``, one after the other.
        """
        with self._lock:
            if name not in self._compiled:
                self._compiled[name] = self._traced(name, n_numbers)
            return self._compiled[name]

    # ------------------------------------------------------------------ private

    def _traced(self, name: str, n_numbers: int) -> Callable[..., Tensors]:
        kind, _, layer = name.partition(":")
        body: Body = {
            "outputs": self._outputs,
            "input_gradients": self._input_gradients,
            "log_gradients": self._log_gradients,
            "activations": self._activations,
            "layer_gradients": self._layer_gradients,
            "relevances": self._relevances,
        }[kind](layer)
        variables = self.network.weights
        n_inputs, n_given = len(self.input_shapes), len(self.input_shapes) + 1 + n_numbers

        def traced(*given: tf.Tensor) -> Tensors:
            self.traces[name] += 1  # runs while tracing only
            xs, others, weights = given[:n_inputs], given[n_inputs:n_given], given[n_given:]
            with keras.StatelessScope(state_mapping=list(zip(variables, weights, strict=True))):
                return body(tuple(x[..., tf.newaxis] for x in xs), *others)

        compiled: Callable[..., Tensors] = tf.function(
            traced,
            input_signature=[
                *[tf.TensorSpec((None, *shape), tf.float32) for shape in self.input_shapes],
                tf.TensorSpec((), tf.int32),
                *[tf.TensorSpec((), tf.float32)] * n_numbers,
                *[tf.TensorSpec(one.shape, one.dtype) for one in variables],
            ],
            autograph=False,
        ).get_concrete_function()
        return compiled

    def _outputs(self, _: str) -> Body:
        reader = keras.Model(self.network.inputs, self._logit_source)
        return lambda xs, _: (self._logits_of(reader(_given(xs), training=False)),)

    def _input_gradients(self, _: str) -> Body:
        return self._gradients_of(tf.identity)

    def _log_gradients(self, _: str) -> Body:
        return self._gradients_of(tf.nn.log_softmax)

    def _gradients_of(self, change: Callable[[tf.Tensor], tf.Tensor]) -> Body:
        reader = keras.Model(self.network.inputs, self._logit_source)
        return self._differentiated(
            lambda xs: self._logits_of(reader(_given(xs), training=False)), change
        )

    def _relevances(self, _: str) -> Body:
        def body(xs: Tensors, k: tf.Tensor, gamma: tf.Tensor, epsilon: tf.Tensor) -> Tensors:
            return self._differentiated(
                lambda xs: logits_by_rules(self.network, xs, gamma=gamma, epsilon=epsilon)
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

    def _of_class(self, values: tf.Tensor, k: tf.Tensor) -> tf.Tensor:
        return values[:, 0] if self.n_classes == 1 else tf.gather(values, k, axis=1)

    def _activations(self, layer: str) -> Body:
        reader = keras.Model(self.network.inputs, self.layer_outputs[layer][0])
        return lambda xs, _: (reader(_given(xs), training=False),)

    def _layer_gradients(self, layer: str) -> Body:
        reader = keras.Model(
            self.network.inputs, [self.layer_outputs[layer][0], self._logit_source]
        )

        def body(xs: Tensors, k: tf.Tensor) -> Tensors:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(xs)  # any watched root lets the tape record the layer
                activations, source = reader(_given(xs), training=False)
                of_class = self._of_class(self._logits_of(source), k)
            return activations, tape.gradient(of_class, activations)

        return body


_known: weakref.WeakValueDictionary[str, Functions] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def functions_of(network: keras.Model) -> Functions:
    """Return the functions of a network's architecture; they live while they are used.

    Networks with layers that are not Keras' own do not share them: what such a layer
    computes may depend on more than its configuration and its weights.

    Parameters
    ----------
    network : keras.Model
        Functional or sequential.

    Raises
    ------
    ModelError
        As for :class:`Functions`.
    """
    if not all(map(_is_told_by_configuration, network._flatten_layers())):
        return Functions(network)
    kind = f"{type(network).__name__} {json.dumps(_computed(network.get_config()), default=repr)}"
    with _lock:
        known = _known.get(kind)
        if known is None:
            known = _known[kind] = Functions(network)
        return known


def _is_told_by_configuration(layer: keras.Layer) -> bool:
    own = type(layer).__module__.partition(".")[0] == "keras"
    return own and not isinstance(layer, keras.layers.Lambda)


def _computed(config: Any) -> Any:
    """Return a configuration without what only decides how a network is trained."""
    if isinstance(config, list | tuple):
        return [_computed(one) for one in config]
    if not isinstance(config, dict):
        return config
    return {
        name: _computed(value)
        for name, value in config.items()
        if name not in NOT_COMPUTED
        and not name.endswith(("_initializer", "_regularizer", "_constraint"))
    }


def _layer_outputs(model: keras.Model) -> dict[str, list[Any]]:
    """Return the symbolic outputs of each layer inside the model's own graph, by its name.

    ``layer.output`` may lie in another graph: a sequential model builds its own anew.
    """
    found: dict[str, list[Any]] = {}
    for tensor in upstream(model.outputs):
        found.setdefault(tensor._keras_history.operation.name, []).append(tensor)
    return found


def upstream(tensors: Sequence[Any]) -> list[Any]:
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
