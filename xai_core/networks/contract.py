"""What a model is to everyone else: outputs and gradients, whatever its inputs and classes.

Conventions
-----------
A model takes one or more spectrogram types and has an output for each of its
classes. `xs` and gradients are tuples of arrays, one an input in the order of
``inputs``, also where there is one; each array is ``(n, n_frames, n_bins)``
float32. Targets are ``logit`` (before the sigmoid or the softmax) and
``probability``. Outputs are float64.

Attribution methods take one array: :class:`PackedModel` presents one class of a
model as functions of one array, whatever the number of inputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from xai_core.errors import InputError
from xai_core.values import FloatArray

__all__ = ["Arrays", "InputView", "Model", "PackedModel", "Target", "class_index", "pack", "unpack"]

Target = Literal["logit", "probability"]
Arrays = tuple[FloatArray, ...]  # one an input
Shape = tuple[int, int]  # frames, bins


class Model(Protocol):
    """A network that takes spectrograms and answers for classes."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Spectrogram type of each input."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """What each output stands for."""
        ...

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        """``(n_frames, n_bins)`` of each input."""
        ...

    @property
    def convolution_layers(self) -> Mapping[str, tuple[str, ...]]:
        """``{input: names}`` of the convolutions that depend on that input alone.

        From input to output.
        """
        ...

    def outputs(self, xs: Arrays, *, target: Target = "logit") -> FloatArray:
        """Return the outputs, shape (n, n_classes)."""
        ...

    def input_gradients(
        self, xs: Arrays, class_name: str, *, target: Target = "logit"
    ) -> tuple[FloatArray, Arrays]:
        """Return one class's output, shape (n,), and its gradient at each input."""
        ...

    def layer_gradients(
        self, xs: Arrays, class_name: str, layer: str
    ) -> tuple[FloatArray, FloatArray]:
        """Return a layer's activations, (n, rows, columns, filters), and the logit's gradient."""
        ...

    def relevances(
        self, xs: Arrays, class_name: str, *, gamma: float, epsilon: float
    ) -> tuple[FloatArray, Arrays]:
        """Return one class's logit, shape (n,), and the relevance of each input by LRP."""
        ...


@dataclass(frozen=True, eq=False)
class PackedModel:
    """One class of a model, as functions of one array: what an attribution method calls.

    With one input, points are ``(n, n_frames, n_bins)``; with several,
    ``(n, n_values)``, the inputs flattened one after the other (:func:`pack`).

    Parameters
    ----------
    model : Model
    class_name : str
    target : {'logit', 'probability'}
    """

    model: Model
    class_name: str
    target: Target = "logit"

    def outputs(self, points: FloatArray) -> FloatArray:
        """Return the class's output at each point, shape (n,)."""
        column = class_index(self.model.classes, self.class_name)
        xs = unpack(points, self.model.input_shapes)
        return self.model.outputs(xs, target=self.target)[:, column]

    def evaluate(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return outputs, shape (n,), and gradients, shape of `points`."""
        xs = unpack(points, self.model.input_shapes)
        outputs, gradients = self.model.input_gradients(xs, self.class_name, target=self.target)
        return outputs, pack(gradients)

    def gradients(self, points: FloatArray) -> FloatArray:
        """Return the gradients alone."""
        return self.evaluate(points)[1]

    def relevances(self, points: FloatArray, gamma: float, epsilon: float) -> FloatArray:
        """Return relevances by LRP, shape of `points`."""
        xs = unpack(points, self.model.input_shapes)
        _, found = self.model.relevances(xs, self.class_name, gamma=gamma, epsilon=epsilon)
        return pack(found)


@dataclass(frozen=True, eq=False)
class InputView:
    """One class of a model, as functions of one of its inputs while the others stay.

    Parameters
    ----------
    packed : PackedModel
    xs : tuple of ndarray, each of shape (n_frames, n_bins)
        What every input holds.
    shown : int
        Number of the input that points stand for.
    """

    packed: PackedModel
    xs: Arrays
    shown: int

    def filled(self, points: FloatArray) -> FloatArray:
        """Return points of the shown input with the others beside them, packed."""
        return pack(
            [
                points if number == self.shown else np.broadcast_to(x, (len(points), *x.shape))
                for number, x in enumerate(self.xs)
            ]
        )

    def outputs(self, points: FloatArray) -> FloatArray:
        """Return the class's output at each point, shape (n,)."""
        return self.packed.outputs(self.filled(points))

    def evaluate(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return outputs, shape (n,), and gradients, shape of `points`."""
        outputs, gradients = self.packed.evaluate(self.filled(points))
        return outputs, unpack(gradients, self.packed.model.input_shapes)[self.shown]


def pack(xs: Sequence[FloatArray]) -> FloatArray:
    """Return several inputs as one array; one input as it is.

    Parameters
    ----------
    xs : sequence of ndarray, each of shape (..., n_frames, n_bins)
        One an input.

    Returns
    -------
    ndarray, shape (..., n_frames, n_bins) or (..., n_values)

    Examples
    --------
    >>> pack([np.zeros((5, 2, 3)), np.ones((5, 2, 4))]).shape
    (5, 14)
    """
    if len(xs) == 1:
        return xs[0]
    return np.concatenate([x.reshape(*x.shape[:-2], -1) for x in xs], axis=-1)


def unpack(packed: FloatArray, shapes: Sequence[Shape]) -> Arrays:
    """Return the inputs that :func:`pack` made one array of.

    Examples
    --------
    >>> [x.shape for x in unpack(np.zeros((5, 14)), [(2, 3), (2, 4)])]
    [(5, 2, 3), (5, 2, 4)]
    """
    if len(shapes) == 1:
        return (packed,)
    ends = np.cumsum([frames * bins for frames, bins in shapes])
    parts = np.split(packed, ends[:-1], axis=-1)
    return tuple(
        part.reshape(*part.shape[:-1], *shape) for part, shape in zip(parts, shapes, strict=True)
    )


def class_index(classes: Sequence[str], name: str) -> int:
    """Return the column of a class.

    Raises
    ------
    InputError
        If the model has no such class.
    """
    if name not in classes:
        raise InputError(f"unknown class {name!r}: choose one of {', '.join(classes)}")
    return list(classes).index(name)
