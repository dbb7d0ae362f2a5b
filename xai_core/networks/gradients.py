"""The only place that differentiates: outputs, input gradients, layer gradients.

Conventions
-----------
Those of :mod:`xai_core.networks.contract`: batches are ``(n, n_frames, n_bins)``
float32, without the channel axis, in a tuple with one an input. Gradients have
the shape of what they are taken with respect to. Every result is a NumPy array.

Functions are compiled once for all models of one architecture
(:mod:`xai_core.networks.compiled`). Batches are cut so that the activations of one
piece stay near 256 MB, whatever the caller asks for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

import keras
import numpy as np
import tensorflow as tf

from xai_core.errors import InputError, ModelError
from xai_core.networks.compiled import functions_of, upstream
from xai_core.networks.contract import Arrays, Target, class_index
from xai_core.values import FloatArray

__all__ = ["ModelGradients", "Target", "convolution_layers"]

BINS_PER_BATCH = 8 * 126 * 128  # 8 log-mel notes; larger pieces leave the processor's cache
CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)


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
    weights : sequence of ndarray, optional
        In the order of ``model.weights``, in place of the weights that the model has.

    Raises
    ------
    ModelError
        If the model has other inputs or another last layer, or not as many
        inputs and classes as there are names.
    """

    def __init__(
        self,
        model: keras.Model,
        inputs: Sequence[str] = (),
        classes: Sequence[str] = (),
        *,
        weights: Sequence[FloatArray] = (),
    ) -> None:
        self._model = model
        self._weights = [tf.constant(one) for one in weights]
        self._functions = functions_of(model)
        self._inputs = _names(inputs, [one.name for one in model.inputs], "inputs")
        numbers = [str(k) for k in range(self._functions.n_classes)]
        self._classes = _names(classes, numbers, "classes")
        bins = sum(n_frames * n_bins for n_frames, n_bins in self.input_shapes)
        self._batch_size = max(1, BINS_PER_BATCH // bins)

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
        return self._functions.input_shapes

    @property
    def traces(self) -> Counter[str]:
        """How often each function of this architecture was traced; more than 1 is a fault."""
        return self._functions.traces

    @cached_property
    def convolution_layers(self) -> Mapping[str, tuple[str, ...]]:
        """``{input: layer names}`` of the convolutions that depend on that input alone."""
        found: dict[str, list[str]] = {name: [] for name in self._inputs}
        given = {
            id(one): name
            for one, name in zip(self._functions.network.inputs, self._inputs, strict=True)
        }
        for layer in convolution_layers(self._model):
            outputs = self._functions.layer_outputs.get(layer, [])
            seen = {given[id(one)] for one in upstream(outputs) if id(one) in given}
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
        of_log = self._functions.is_softmax and target == "probability"
        logits, *gradients = self._run("log_gradients" if of_log else "input_gradients", xs, k)
        outputs = self._as_target(logits, target)[:, k]
        if target == "probability":
            factor = outputs if self._functions.is_softmax else outputs * (1.0 - outputs)
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
        if self._functions.is_softmax:
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
        function = self._functions.function(name, len(numbers))
        others = [
            tf.constant(class_number, tf.int32),
            *(tf.constant(number, tf.float32) for number in numbers),
            *(self._weights or map(tf.convert_to_tensor, self._model.weights)),
        ]
        pieces = [
            function(*(tf.constant(x[start : start + self._batch_size]) for x in arrays), *others)
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
        for x, (n_frames, n_bins) in zip(arrays, self.input_shapes, strict=True):
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


def convolution_layers(model: keras.Model) -> tuple[str, ...]:
    """Return the names of a model's 2-D convolution layers, from input to output."""
    return tuple(layer.name for layer in model.layers if isinstance(layer, CONVOLUTIONS))


def _names(given: Sequence[str], own: Sequence[str], what: str) -> tuple[str, ...]:
    names = tuple(given) or tuple(own)
    if len(names) != len(own) or len(set(names)) != len(names):
        raise ModelError(
            f"expected {len(own)} different names of {what}, as the network has, got "
            f"{', '.join(names)}: does the card belong to it?"
        )
    return names
