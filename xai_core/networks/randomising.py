"""A copy of a network whose layers lose what they have learnt, from the output down.

Conventions
-----------
A layer is randomised when all its weights are drawn anew by its own initialisers, which
are seeded; its biases become what a new layer has, zero by default. The network that is
given is read, never changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

from xai_core.networks.gradients import ModelGradients

__all__ = ["layers_with_weights", "randomised", "randomised_cascade"]


def layers_with_weights(model: keras.Model) -> tuple[str, ...]:
    """Return the names of the layers that have learnt something, from output to input.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    tuple of str
        Layers without weights, such as pooling, are left out.
    """
    return tuple(layer.name for layer in reversed(model.layers) if layer.weights)


def randomised_cascade(
    model: keras.Model,
    *,
    inputs: tuple[str, ...],
    classes: tuple[str, ...],
    seed: int,
) -> Iterator[tuple[str, ModelGradients]]:
    """Yield a network with ever more randomised layers, from the output down.

    Parameters
    ----------
    model : keras.Model
    inputs, classes : tuple of str
        As for :class:`xai_core.networks.gradients.ModelGradients`.
    seed : int
        0 or more; one network and seed have one cascade.

    Yields
    ------
    layer : str
        The layer that is randomised last, beside those before it.
    gradients : ModelGradients
        Of the copy; holds until the next is asked for, which changes the same weights.

    References
    ----------
    Adebayo et al. 2018, "Sanity checks for saliency maps", section 4.1.
    """
    trained = keras.models.clone_model(model)
    trained.set_weights(model.get_weights())
    fresh = _drawn_anew(model, seed)
    for name in layers_with_weights(trained):
        trained.get_layer(name).set_weights(fresh.get_layer(name).get_weights())
        yield name, ModelGradients(trained, inputs, classes)


def randomised(
    model: keras.Model,
    *,
    inputs: tuple[str, ...],
    classes: tuple[str, ...],
    seed: int | Sequence[int],
) -> ModelGradients:
    """Return a network whose weights are all drawn anew: the last of its cascade.

    Parameters
    ----------
    model, inputs, classes
        As for :func:`randomised_cascade`.
    seed : int or sequence of int
        0 or more.
    """
    return ModelGradients(_drawn_anew(model, seed), inputs, classes)


def _drawn_anew(model: keras.Model, seed: int | Sequence[int]) -> keras.Model:
    seeds = np.random.default_rng(seed)

    def as_new(layer: keras.Layer) -> keras.Layer:
        config = _seeded(layer.get_config(), seeds)
        return type(layer).from_config(config)

    return keras.models.clone_model(model, clone_function=as_new)


def _seeded(config: Any, seeds: np.random.Generator) -> Any:
    """Return the configuration of a layer with a seed for all that is drawn."""
    if isinstance(config, list | tuple):
        return type(config)(_seeded(one, seeds) for one in config)
    if not isinstance(config, dict):
        return config
    return {
        name: int(seeds.integers(2**31)) if name == "seed" else _seeded(value, seeds)
        for name, value in config.items()
    }
