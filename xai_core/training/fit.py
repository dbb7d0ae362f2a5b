"""Training of the paper's CNN: a shared trunk, then one binary model a family.

Conventions
-----------
A preset states everything that decides a result. The trunk is the ten-way
network of a spectrogram type, the same convolution stack with a softmax over
the families; each binary model starts from it and learns, in all its layers, on
as many notes of its family as of the others. Weights of binary models are
rounded to half precision before anything is scored, which halves the files and
leaves the scores true for what is shipped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock

import keras
import numpy as np
import numpy.typing as npt

from xai_core.errors import InputError
from xai_core.networks.cnn import (
    LOGIT_LAYER,
    PROBABILITY_LAYER,
    build_cnn,
)
from xai_core.training.corpus import Batches, Corpus
from xai_core.training.presets import Preset
from xai_core.training.stage import History, Model, Stage, learn
from xai_core.values import FAMILIES, FloatArray, OnProgress

__all__ = [
    "fit_binary",
    "fit_trunk",
    "ten_way_of",
]

POSITIVE_SHARE = 4  # a balanced epoch of a binary model is at most this many times its notes
_BUILDING = Lock()  # Keras draws first weights from one generator for the whole process


def fit_trunk(
    corpus: Corpus,
    preset: Preset,
    *,
    seed: int,
    start: Model | None = None,
    validation: Corpus | None = None,
    key: str | None = None,
    on_progress: OnProgress = lambda event: None,
) -> tuple[Model, History]:
    """Train the convolution stack as a ten-way network.

    Parameters
    ----------
    corpus : Corpus
        Notes of all families.
    preset : Preset
    seed : int
        Decides first weights, dropout and which notes are drawn.
    start : keras.Model, optional
        Ten-way network of the same layers whose weights are the first ones.
    validation : Corpus, optional
        Notes that are not learnt from, scored after each epoch.
    key : str, optional
        What epochs are kept under in the cache, so that a killed run goes on.
    on_progress : callable
        Called after each epoch with its loss and scores.

    Returns
    -------
    model : keras.Model
        Ten probabilities in the order of FAMILIES.
    history : dict
        As :func:`xai_core.training.stage.learn` returns it.
    """
    model = _untrained(corpus, preset, seed, n_outputs=len(FAMILIES))
    if start is not None:
        _check_same_layers(model, start)
        model.set_weights(start.get_weights())
    stage = Stage(
        name=f"{corpus.type}: trunk",
        batches=Batches(
            corpus,
            _ten_way(corpus),
            corpus.weights(preset.balance) if preset.draw == "balanced" else None,
            n_batches=_n_batches(corpus.family.size, preset),
            preset=preset,
            seeds=(seed, len(FAMILIES)),
        ),
        loss=keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=preset.label_smoothing
        ),
        n_epochs=preset.trunk_epochs,
        rate=preset.trunk_rate,
        preset=preset,
        validation=None if validation is None else (validation, _ten_way(validation)),
        key=key,
    )
    return model, learn(model, stage, on_progress)


def fit_binary(
    corpus: Corpus,
    family: str,
    preset: Preset,
    *,
    seed: int,
    trunk: Model | None = None,
    validation: Corpus | None = None,
    key: str | None = None,
    on_progress: OnProgress = lambda event: None,
) -> tuple[Model, History]:
    """Train the binary CNN of one family.

    Parameters
    ----------
    corpus : Corpus
        Notes of the family and of others.
    family : str
        The positive class of the model.
    preset : Preset
    seed : int
        Decides first weights, dropout and which notes are drawn.
    trunk : keras.Model, optional
        Ten-way network to start from, left as it is; its logit of the family
        less the mean of the other nine is the first logit of the model.
    validation : Corpus, optional
        Notes that are not learnt from, scored after each epoch.
    key : str, optional
        What epochs are kept under in the cache, so that a killed run goes on.
    on_progress : callable
        Called after each epoch with its loss and scores.

    Returns
    -------
    model : keras.Model
        One probability; weights rounded to half precision.
    history : dict
        As :func:`xai_core.training.stage.learn` returns it.
    """
    index = FAMILIES.index(family)
    model = _untrained(corpus, preset, seed, n_outputs=1)
    if trunk is not None:
        _start_from(model, trunk, index)
    positive = corpus.family == index
    odds, n_notes = None, corpus.family.size
    if preset.draw == "balanced":
        odds = _even_odds(corpus.weights(preset.balance), positive)
        n_notes = min(n_notes, POSITIVE_SHARE * int(positive.sum()))
    stage = Stage(
        name=f"{corpus.type}: {family}",
        batches=Batches(
            corpus,
            _binary(corpus, index),
            odds,
            n_batches=_n_batches(n_notes, preset),
            preset=preset,
            seeds=(seed, index),
        ),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        n_epochs=preset.binary_epochs,
        rate=preset.binary_rate,
        preset=preset,
        validation=None if validation is None else (validation, _binary(validation, index)),
        key=key,
    )
    history = learn(model, stage, on_progress)
    model.set_weights([w.astype(np.float16).astype(np.float32) for w in model.get_weights()])
    return model, history


def _untrained(corpus: Corpus, preset: Preset, seed: int, *, n_outputs: int) -> Model:
    with _BUILDING:
        keras.utils.set_random_seed(seed)
        return build_cnn(
            corpus.spectrograms.shape,
            head=preset.head,
            pooled_axes=preset.pooled_axes,
            n_outputs=n_outputs,
            answer="sigmoid" if n_outputs == 1 else "softmax",
            filters=preset.filters,
            dense_units=preset.dense_units,
        )


def _check_same_layers(model: Model, start: Model) -> None:
    shapes = [[weights.shape for weights in one.get_weights()] for one in (model, start)]
    if shapes[0] != shapes[1]:
        raise InputError(
            "the network to start from has other layers than the preset: take a preset with its "
            "head, or start from fresh weights"
        )


def ten_way_of(models: Mapping[str, Model]) -> Model:
    """Return a ten-way network that answers as ten binary models of one trunk do together.

    Parameters
    ----------
    models : mapping of str to keras.Model
        ``{family: model}`` of all families, whose layers differ little, as after
        a short training from one network.

    Returns
    -------
    keras.Model
        Softmax over FAMILIES: the mean of the layers below the logits, and the
        logits side by side.
    """
    first = models[FAMILIES[0]]
    x = first.get_layer(LOGIT_LAYER).input
    x = keras.layers.Dense(len(FAMILIES), name=LOGIT_LAYER)(x)
    softmax = keras.layers.Activation("softmax", name=PROBABILITY_LAYER)(x)
    joined = keras.models.clone_model(keras.Model(first.input, softmax))
    for layer in joined.layers:
        if not layer.weights:
            continue
        parts = [models[family].get_layer(layer.name).get_weights() for family in FAMILIES]
        join = _side_by_side if layer.name == LOGIT_LAYER else _mean
        layer.set_weights([join(some) for some in zip(*parts, strict=True)])
    return joined


def _mean(weights: Sequence[FloatArray]) -> FloatArray:
    return np.asarray(np.mean(weights, axis=0))


def _side_by_side(weights: Sequence[FloatArray]) -> FloatArray:
    return np.concatenate(weights, axis=-1)


def _ten_way(corpus: Corpus) -> FloatArray:
    return np.eye(len(FAMILIES), dtype=np.float32)[corpus.family]


def _binary(corpus: Corpus, index: int) -> FloatArray:
    return np.asarray(corpus.family == index, np.float32)[:, np.newaxis]


def _even_odds(odds: FloatArray, positive: npt.NDArray[np.bool_]) -> FloatArray:
    """Return odds at which a note of the family is as likely as one of another."""
    yes, no = 0.5 * odds / odds[positive].sum(), 0.5 * odds / odds[~positive].sum()
    return np.asarray(np.where(positive, yes, no))


def _n_batches(n_notes: int, preset: Preset) -> int:
    if preset.draw == "every_note":
        return max(1, -(-n_notes // preset.batch_size))
    n_drawn = min(n_notes, preset.epoch_notes or n_notes)
    return max(1, n_drawn // preset.batch_size)


def _start_from(model: Model, trunk: Model, index: int) -> None:
    for layer in model.layers:
        weights = trunk.get_layer(layer.name).get_weights() if layer.weights else []
        if layer.name == LOGIT_LAYER:
            kernel, bias = weights
            others = np.delete(np.arange(kernel.shape[1]), index)
            weights = [
                kernel[:, [index]] - kernel[:, others].mean(axis=1, keepdims=True),
                bias[[index]] - bias[others].mean(keepdims=True),
            ]
        if weights:
            layer.set_weights(weights)
