"""The peer of the Integrated Gradients benchmark: Captum on a PyTorch copy of a Keras model.

Conventions
-----------
Inputs are ``(n, n_frames, n_bins)`` as everywhere; the copy adds the channel
axis in front (NCHW) where Keras has it last (NHWC). The output is the logit,
shape (n,). Everything runs on the processor, in single precision.
"""

from __future__ import annotations

import time

import captum.attr
import keras
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

__all__ = ["CaptumPeer"]

Array = NDArray[np.floating]


class CaptumPeer:
    """Captum's ``IntegratedGradients`` of the logit, zero baseline.

    Parameters
    ----------
    model : keras.Model
        From ``build_cnn``, either head; its weights are copied.
    method : str
        Captum's name of the quadrature rule, ``riemann_middle`` or ``gausslegendre``.
    """

    def __init__(self, model: keras.Model, *, method: str) -> None:
        self._network = torch_copy(model)
        self._method = method
        self._attribution = captum.attr.IntegratedGradients(self._network)

    def logits(self, x: Array) -> NDArray[np.float64]:
        """Return the logits of spectrograms (n, n_frames, n_bins)."""
        with torch.no_grad():
            return self._network(torch.from_numpy(np.array(x))).numpy().astype(np.float64)

    def attribute(self, x: Array, *, n_steps: int, batch_size: int) -> tuple[Array, float]:
        """Return the attributions of one spectrogram and the time they took, s."""
        began = time.perf_counter()
        attributions = self._attribution.attribute(
            torch.from_numpy(np.array(x[np.newaxis])),
            n_steps=n_steps,
            method=self._method,
            internal_batch_size=batch_size,
        )
        values = attributions[0].detach().numpy()
        return values, time.perf_counter() - began


def torch_copy(model: keras.Model) -> nn.Module:
    """Return the network up to the logit as a PyTorch module with the same weights."""
    layers: list[nn.Module] = []
    flattened: tuple[int, ...] | None = None  # (height, width, channels) before flattening
    for layer in model.layers:
        match layer:
            case keras.layers.Conv2D():
                layers += [_convolution(layer), nn.ReLU()]
            case keras.layers.MaxPooling2D():
                layers.append(nn.MaxPool2d(layer.pool_size))
            case keras.layers.AveragePooling2D():
                layers.append(nn.AvgPool2d(layer.pool_size))
            case keras.layers.Flatten():
                flattened = tuple(layer.input.shape[1:])
                layers.append(nn.Flatten())
            case keras.layers.Dense():
                layers.append(_dense(layer, flattened))
                flattened = None
                if layer.activation is keras.activations.relu:
                    layers.append(nn.ReLU())
            case keras.layers.InputLayer() | keras.layers.Dropout() | keras.layers.Activation():
                pass  # nothing to do when explaining; the sigmoid comes after the logit
            case _:
                raise TypeError(f"no PyTorch copy of a layer {type(layer).__name__}")
    return _Logit(nn.Sequential(*layers)).eval()


class _Logit(nn.Module):
    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x[:, None])[:, 0]


def _convolution(layer: keras.layers.Conv2D) -> nn.Conv2d:
    kernel, bias = layer.get_weights()  # (height, width, in, out)
    copy = nn.Conv2d(kernel.shape[2], kernel.shape[3], kernel.shape[:2], padding="same")
    return _filled(copy, kernel.transpose(3, 2, 0, 1), bias)


def _dense(layer: keras.layers.Dense, flattened: tuple[int, ...] | None) -> nn.Linear:
    kernel, bias = layer.get_weights()  # (in, out)
    if flattened is not None:  # from height, width, channels to channels, height, width
        kernel = kernel.reshape(*flattened, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)
    return _filled(nn.Linear(*kernel.shape), kernel.T, bias)


def _filled(copy: nn.Conv2d | nn.Linear, weight: Array, bias: Array) -> nn.Conv2d | nn.Linear:
    with torch.no_grad():
        copy.weight.copy_(torch.from_numpy(np.ascontiguousarray(weight)))
        copy.bias.copy_(torch.from_numpy(bias))
    for parameter in copy.parameters():
        parameter.requires_grad_(False)  # only the input's gradient is asked for
    return copy
