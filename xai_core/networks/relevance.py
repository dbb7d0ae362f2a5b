"""Layer-wise relevance propagation through a Keras network, as the gradient of a changed network.

Conventions
-----------
A layer computes ``z_k = sum over i of x_i w_ik + b_k``, to which input i contributes
``x_i w_ik``. A rule says in which proportions the relevance of its output k goes back:

- epsilon, on dense layers: a contribution has the share ``x_i w_ik`` of
  ``z_k + epsilon s sign(z_k)``, where s is the root mean square of z over the layer;
- gamma, on convolutions: contributions with the sign of z_k count ``1 + gamma`` times.
  Where inputs and outputs are above zero these are those of weights above zero.

A bias counts like a contribution and keeps its share. A layer without such weights hands
relevance on as its gradient does: max-pooling to the largest input, averages in
proportion to the inputs, changes of shape as it is. Activations leave it as it is. Batch
normalisation that follows a convolution or a dense layer without activation is one layer
with it.

The network is evaluated as it is, with gradients such that gradient times input is the
relevance: a layer with weights returns ``a + c (z' - z'_0)``, where z' has the changed
weights, and its output a, ``c = a / z'`` and z'_0, the value of z', are constants.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from xai_core.errors import InputError

__all__ = ["logits_by_rules"]

WITH_WEIGHTS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
    keras.layers.Dense,
)
ACTIVATIONS = (  # each with the sign of its input, which is what relevance passes through
    keras.activations.elu,
    keras.activations.gelu,
    keras.activations.leaky_relu,
    keras.activations.linear,
    keras.activations.relu,
    keras.activations.selu,
    keras.activations.silu,
    keras.activations.tanh,
)
KEEP_SIGN = (  # homogeneous, and never below zero where no input is
    keras.layers.Add,
    keras.layers.AveragePooling2D,
    keras.layers.Concatenate,
    keras.layers.Cropping2D,
    keras.layers.Dropout,
    keras.layers.Flatten,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalMaxPooling2D,
    keras.layers.Identity,
    keras.layers.MaxPooling2D,
    keras.layers.Permute,
    keras.layers.Reshape,
    keras.layers.SpatialDropout2D,
    keras.layers.ZeroPadding2D,
)


def logits_by_rules(
    model: keras.Model, xs: tuple[tf.Tensor, ...], *, gamma: tf.Tensor, epsilon: tf.Tensor
) -> tf.Tensor:
    """Return the logits, with gradients that, times the inputs, are relevances.

    Parameters
    ----------
    model : keras.Model
        Functional or sequential; ends in sigmoids or a softmax.
    xs : tuple of tf.Tensor, each of shape (n, n_frames, n_bins, 1)
    gamma, epsilon : tf.Tensor
        Scalars of at least 0.

    Returns
    -------
    tf.Tensor, shape (n, n_classes)

    Raises
    ------
    InputError
        If there is no rule for a layer; names it.

    References
    ----------
    Bach et al. 2015, "On pixel-wise explanations for non-linear classifier decisions by
    layer-wise relevance propagation", equation 58; Montavon et al. 2019, "Layer-wise
    relevance propagation: an overview", section 10.2.
    """
    given = {id(one): x for one, x in zip(model.inputs, xs, strict=True)}
    walk = _Walk(given, gamma=gamma, epsilon=epsilon)
    last, number, _ = model.outputs[0]._keras_history
    (source,) = last._inbound_nodes[number].input_tensors
    if isinstance(last, keras.layers.Dense):
        return walk.weighted(last, source, activation=keras.activations.linear)
    return walk.value(source)


class _Walk:
    """Values of the symbolic tensors of a network, each computed once."""

    def __init__(
        self, given: Mapping[int, tf.Tensor], *, gamma: tf.Tensor, epsilon: tf.Tensor
    ) -> None:
        self._values = dict(given)
        self._gamma, self._epsilon = gamma, epsilon

    def value(self, tensor: Any) -> tf.Tensor:
        if id(tensor) not in self._values:
            self._values[id(tensor)] = self._computed(tensor)
        return self._values[id(tensor)]

    def _computed(self, tensor: Any) -> tf.Tensor:
        layer, sources = _made_by(tensor)
        if isinstance(layer, WITH_WEIGHTS):
            return self.weighted(layer, sources[0], activation=layer.activation)
        if isinstance(layer, keras.layers.BatchNormalization):
            before, further = _made_by(sources[0])
            if isinstance(before, WITH_WEIGHTS) and _is_linear(before.activation):
                return self.weighted(before, further[0], normalisation=layer)
        elif isinstance(layer, keras.layers.Activation):
            return _activated(layer, layer.activation, self.value(sources[0]))
        elif not (isinstance(layer, KEEP_SIGN) or _is_relu(layer)):
            raise _no_rule(layer)
        inputs = [self.value(one) for one in sources]
        return layer(inputs if len(inputs) > 1 else inputs[0])

    def weighted(
        self,
        layer: Any,
        source: Any,
        *,
        activation: Any = keras.activations.linear,
        normalisation: keras.layers.BatchNormalization | None = None,
    ) -> tf.Tensor:
        """Return the output of a layer with weights, changed for its gradient."""
        kernel, bias = _weights(layer, normalisation)
        if isinstance(layer, keras.layers.Dense):
            changed = z = _apply(layer, self.value(source), kernel) + bias
            size = tf.sqrt(tf.reduce_mean(z * z, axis=-1, keepdims=True))
            whole = z + self._epsilon * size * tf.sign(z)
        else:
            z = self._sum(layer, source, kernel, kernel, bias)
            changed = self._gamma_sum(layer, source, kernel, bias, sign=1.0)
            if activation is not keras.activations.relu:  # with it, nothing is below zero
                below = self._gamma_sum(layer, source, kernel, bias, sign=-1.0)
                changed = tf.where(z > 0, changed, below)
            whole = changed
        return _activated(layer, activation, z, changed=changed, whole=whole)

    def _gamma_sum(
        self, layer: Any, source: Any, kernel: tf.Tensor, bias: tf.Tensor, *, sign: float
    ) -> tf.Tensor:
        """Return z with contributions of one sign counted ``1 + gamma`` times."""

        def more(w: tf.Tensor, which: float) -> tf.Tensor:
            return w + self._gamma * which * tf.nn.relu(which * w)

        return self._sum(layer, source, more(kernel, sign), more(kernel, -sign), more(bias, sign))

    def _sum(
        self, layer: Any, source: Any, to_above: tf.Tensor, to_below: tf.Tensor, bias: tf.Tensor
    ) -> tf.Tensor:
        """Return z with one kernel for inputs above zero, and one for those below."""
        x = self.value(source)
        if _never_negative(source):
            return _apply(layer, x, to_above) + bias
        above, below = tf.nn.relu(x), -tf.nn.relu(-x)
        return _apply(layer, above, to_above) + _apply(layer, below, to_below) + bias


def _activated(
    layer: Any,
    activation: Any,
    z: tf.Tensor,
    *,
    changed: tf.Tensor | None = None,
    whole: tf.Tensor | None = None,
) -> tf.Tensor:
    """Return the activation of z, with the gradient of what is changed, as a share of whole."""
    if activation not in ACTIVATIONS:
        raise _no_rule(layer)
    changed = z if changed is None else changed
    out = tf.stop_gradient(activation(z))
    share = tf.stop_gradient(tf.math.divide_no_nan(out, z if whole is None else whole))
    return out + share * (changed - tf.stop_gradient(changed))


def _made_by(tensor: Any) -> tuple[Any, list[Any]]:
    """Return the layer that makes a symbolic tensor, and of what."""
    layer, number, _ = tensor._keras_history
    return layer, layer._inbound_nodes[number].input_tensors


def _apply(layer: Any, x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    if isinstance(layer, keras.layers.Dense):
        return keras.ops.matmul(x, kernel)
    is_depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
    convolve = keras.ops.depthwise_conv if is_depthwise else keras.ops.conv
    return convolve(
        x,
        kernel,
        strides=layer.strides,
        padding=layer.padding,
        data_format=layer.data_format,
        dilation_rate=layer.dilation_rate,
    )


def _weights(
    layer: Any, normalisation: keras.layers.BatchNormalization | None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return kernel and bias, as one with the normalisation that follows."""
    is_depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
    if isinstance(layer, keras.layers.SeparableConv2D):  # two kernels, one after the other
        first, second = map(tf.convert_to_tensor, (layer.depthwise_kernel, layer.pointwise_kernel))
        second = tf.reshape(second, (*first.shape[2:], -1))
        kernel = tf.einsum("hwim,imo->hwio", first, second)
    else:
        kernel = tf.convert_to_tensor(layer.kernel)
    n_outputs = kernel.shape[-2] * kernel.shape[-1] if is_depthwise else kernel.shape[-1]
    bias = tf.convert_to_tensor(layer.bias) if layer.use_bias else tf.zeros(n_outputs)
    if normalisation is None:
        return kernel, bias
    scale = tf.math.rsqrt(normalisation.moving_variance + normalisation.epsilon)
    if normalisation.scale:
        scale *= normalisation.gamma
    bias = (bias - normalisation.moving_mean) * scale
    if normalisation.center:
        bias += normalisation.beta
    return kernel * (tf.reshape(scale, kernel.shape[-2:]) if is_depthwise else scale), bias


def _never_negative(tensor: Any) -> bool:
    layer, sources = _made_by(tensor)
    if isinstance(layer, KEEP_SIGN):
        return all(map(_never_negative, sources))
    return getattr(layer, "activation", None) is keras.activations.relu or _is_relu(layer)


def _is_relu(layer: Any) -> bool:
    return (
        isinstance(layer, keras.layers.ReLU)
        and layer.max_value is None
        and layer.negative_slope == layer.threshold == 0
    )


def _is_linear(activation: Any) -> bool:
    return activation is None or activation is keras.activations.linear


def _no_rule(layer: Any) -> InputError:
    return InputError(
        f"LRP has no rule for the layer {layer.name!r} ({type(layer).__name__}): choose another "
        "method"
    )
