"""How far two networks of the same layers lie apart: in their weights, and in what they see.

Conventions
-----------
Distances between weights are over the kernels of all convolutions; activations are
compared on the same notes, all of them at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import numpy.typing as npt

from xai_core.errors import InputError
from xai_core.networks.gradients import convolution_layers
from xai_core.values import FloatArray

__all__ = ["gram_matrix", "linear_cka", "relative_difference"]

AT_ONCE = 16  # notes


def relative_difference(a: keras.Model, b: keras.Model) -> float:
    """Return how far the convolution kernels of two networks lie apart.

    Parameters
    ----------
    a, b : keras.Model
        Of the same layers.

    Returns
    -------
    float
        Norm of the difference over the root mean square of both norms, all
        kernels as one vector. Symmetric; 0 for the same weights, sqrt(2) on
        average for two that were drawn independently.

    Raises
    ------
    InputError
        If their convolutions have other shapes.
    """
    kernels = [_kernels(one) for one in (a, b)]
    if [one.shape for one in kernels[0]] != [one.shape for one in kernels[1]]:
        raise InputError("expected two networks with the same convolutions, got others")
    x, y = (np.concatenate([kernel.ravel() for kernel in one]) for one in kernels)
    norm = np.sqrt((x @ x + y @ y) / 2.0)
    return float(np.linalg.norm(x - y) / norm) if norm > 0.0 else 0.0


def _kernels(model: keras.Model) -> list[FloatArray]:
    return [
        np.asarray(model.get_layer(name).get_weights()[0], np.float64)
        for name in convolution_layers(model)
    ]


def gram_matrix(model: keras.Model, layer: str, x: FloatArray) -> FloatArray:
    """Return the products of the activations of every two notes at a layer, centred.

    Parameters
    ----------
    model : keras.Model
        Of one input.
    layer : str
    x : ndarray, shape (n_notes, n_frames, n_bins)

    Returns
    -------
    ndarray, shape (n_notes, n_notes), float64
        Of activations less their mean over the notes.
    """
    reader = keras.Model(model.input, model.get_layer(layer).output)
    rows = [
        np.asarray(reader(x[k : k + AT_ONCE, ..., np.newaxis], training=False), np.float32)
        for k in range(0, len(x), AT_ONCE)
    ]
    flat = np.concatenate([part.reshape(len(part), -1) for part in rows])
    flat -= flat.mean(axis=0)
    return np.asarray(flat @ flat.T, np.float64)


def linear_cka(grams: Sequence[FloatArray]) -> npt.NDArray[np.float64]:
    """Return how alike the activations of several networks are, by their Gram matrices.

    Parameters
    ----------
    grams : sequence of ndarray, shape (n_notes, n_notes)
        One a network, from :func:`gram_matrix`, of the same notes.

    Returns
    -------
    ndarray, shape (n_networks, n_networks)
        Linear centred kernel alignment, in [0, 1], symmetric; 1 where activations
        are the same up to a rotation and one factor, and on the diagonal.

    References
    ----------
    Kornblith et al. 2019, "Similarity of neural network representations
    revisited", equation 4.
    """
    flat = np.stack([np.asarray(one, np.float64).ravel() for one in grams])
    norms = np.linalg.norm(flat, axis=1, keepdims=True)
    flat = np.divide(flat, norms, out=np.zeros_like(flat), where=norms > 0.0)
    found = flat @ flat.T
    np.fill_diagonal(found, 1.0)
    return np.asarray(np.clip(found, 0.0, 1.0))
