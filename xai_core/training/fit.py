"""Training of the paper's CNN: a shared trunk, then one binary model a family.

Conventions
-----------
A preset states everything that decides a result. The trunk is the same
convolution stack with ten outputs, trained once for a spectrogram type; each
binary model starts from it and is fine-tuned on a class-balanced draw. Weights
are rounded to half precision before anything is scored, which halves the files
and leaves the scores true for what is shipped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import keras
import numpy as np

from xai_core.network import LOGIT_LAYER, Head, PooledAxes, build_cnn
from xai_core.training.augment import STANDARD, Augmentation
from xai_core.training.corpus import BalancedBatches, Corpus
from xai_core.values import FAMILIES

__all__ = ["PRESETS", "Model", "Preset", "Progress", "fit_binary", "fit_trunk"]

Model = keras.Model

Progress = Callable[[str, int, int], None]  # what is done, steps done, steps in all


@dataclass(frozen=True)
class Preset:
    """Everything that decides a training result, beside the data and the seed.

    Parameters
    ----------
    name : str
        Which preset it is, or started from.
    head, pooled_axes
        As in :func:`xai_core.network.build_cnn`.
    trunk_epochs, binary_epochs : int
        Epochs of the ten-way trunk (0: binary models start from random
        weights) and of each binary model.
    n_augmented : int
        Augmented variants of each note.
    batch_size : int
        Notes a step.
    trunk_rate, binary_rate : float
        Largest learning rates of Adam, warmed up over a twentieth of the steps,
        then falling to a hundredth on a cosine. The weights kept are their
        exponential moving average (momentum 0.99).
    augmentation : Augmentation
        Odds and ranges of what happens to the augmented variants.
    """

    name: str
    head: Head
    pooled_axes: PooledAxes
    trunk_epochs: int
    binary_epochs: int
    n_augmented: int
    batch_size: int = 32
    trunk_rate: float = 1e-3
    binary_rate: float = 2e-4
    augmentation: Augmentation = STANDARD

    def as_dict(self) -> dict[str, Any]:
        """Return the preset as JSON has it, for the card."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**values, "augmentation": self.augmentation.as_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Preset:
        """Return what :meth:`as_dict` was made of."""
        return cls(**{**values, "augmentation": Augmentation.from_dict(values["augmentation"])})


PRESETS = {
    "standard": Preset("standard", "pooled", "time", 16, 2, 3),
    "quick": Preset("quick", "pooled", "both", 2, 1, 0),
    "paper": Preset("paper", "flatten", "time", 0, 200, 0, binary_rate=1e-3),
}


def fit_trunk(
    corpus: Corpus,
    preset: Preset,
    *,
    seed: int,
    progress: Progress = lambda what, done, total: None,
) -> keras.Model:
    """Train the convolution stack as a ten-way network.

    Parameters
    ----------
    corpus : Corpus
        Notes of all families.
    preset : Preset
    seed : int
        Decides first weights, dropout and which notes are drawn.
    progress : callable
        Told the stage with its loss, epochs done and epochs in all.

    Returns
    -------
    keras.Model
        Ten outputs in the order of FAMILIES.
    """
    keras.utils.set_random_seed(seed)
    model = build_cnn(
        corpus.spectrograms.shape,
        head=preset.head,
        pooled_axes=preset.pooled_axes,
        n_outputs=len(FAMILIES),
    )
    logits = keras.Model(model.input, model.get_layer(LOGIT_LAYER).output)
    n_batches = max(1, corpus.family.size // preset.batch_size)
    logits.compile(
        optimizer=_adam(preset.trunk_rate, n_batches * preset.trunk_epochs),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.05),
        metrics=["accuracy"],
    )
    batches = BalancedBatches(
        corpus,
        np.eye(len(FAMILIES), dtype=np.float32)[corpus.family],
        corpus.weights(),
        batch_size=preset.batch_size,
        n_batches=n_batches,
        rng=np.random.default_rng(seed),
    )
    told = _Epochs(f"{corpus.type}: trunk", preset.trunk_epochs, progress)
    logits.fit(batches, epochs=preset.trunk_epochs, verbose=0, callbacks=[told])
    return model


def fit_binary(
    corpus: Corpus,
    family: str,
    preset: Preset,
    *,
    seed: int,
    trunk: keras.Model | None = None,
    progress: Progress = lambda what, done, total: None,
) -> tuple[keras.Model, dict[str, list[float]]]:
    """Train the binary CNN of one family on as many notes of it as of the others.

    Parameters
    ----------
    corpus : Corpus
        Notes of the family and of others.
    family : str
        What the model says yes to.
    preset : Preset
    seed : int
        Decides first weights, dropout and which notes are drawn.
    trunk : keras.Model, optional
        Ten-way network to start from, left as it is; its logit of the family
        less the mean of the other nine is the first logit of the model.
    progress : callable
        Told the stage with its loss, epochs done and epochs in all.

    Returns
    -------
    model : keras.Model
        One probability; weights rounded to half precision.
    history : dict
        Loss and accuracy of each epoch.
    """
    keras.utils.set_random_seed(seed)
    model = build_cnn(corpus.spectrograms.shape, head=preset.head, pooled_axes=preset.pooled_axes)
    if trunk is not None:
        _start_from(model, trunk, FAMILIES.index(family))
    positive = corpus.family == FAMILIES.index(family)
    odds = corpus.weights()
    odds = np.where(positive, 0.5 * odds / odds[positive].sum(), 0.5 * odds / odds[~positive].sum())
    n_notes = min(corpus.family.size, 4 * int(positive.sum()))
    n_batches = max(1, n_notes // preset.batch_size)
    model.compile(
        optimizer=_adam(preset.binary_rate, n_batches * preset.binary_epochs),
        loss="binary_crossentropy",
        metrics=["accuracy"],
    )
    batches = BalancedBatches(
        corpus,
        positive.astype(np.float32)[:, np.newaxis],
        odds,
        batch_size=preset.batch_size,
        n_batches=n_batches,
        rng=np.random.default_rng([seed, FAMILIES.index(family)]),
    )
    told = _Epochs(f"{corpus.type}: {family}", preset.binary_epochs, progress)
    result = model.fit(batches, epochs=preset.binary_epochs, verbose=0, callbacks=[told])
    return _plain(model, preset), {
        name: [float(v) for v in values] for name, values in result.history.items()
    }


def _adam(rate: float, n_steps: int) -> keras.optimizers.Optimizer:
    warm_up = max(1, n_steps // 20)
    schedule = keras.optimizers.schedules.CosineDecay(
        rate * 0.1, max(1, n_steps - warm_up), alpha=0.01, warmup_target=rate, warmup_steps=warm_up
    )
    return keras.optimizers.Adam(schedule, use_ema=True, ema_momentum=0.99)


def _start_from(model: keras.Model, trunk: keras.Model, index: int) -> None:
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


def _plain(model: keras.Model, preset: Preset) -> keras.Model:
    """Return the model without optimizer, its weights rounded to half precision."""
    plain = build_cnn(model.input_shape[1:], head=preset.head, pooled_axes=preset.pooled_axes)
    plain.set_weights([w.astype(np.float16).astype(np.float32) for w in model.get_weights()])
    return plain


class _Epochs(keras.callbacks.Callback):  # type: ignore[misc]  # keras is untyped
    """Reports epochs to a progress function."""

    def __init__(self, what: str, n_epochs: int, progress: Progress) -> None:
        super().__init__()
        self._what, self._n_epochs, self._progress = what, n_epochs, progress

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        detail = ", ".join(f"{name} {value:.3f}" for name, value in (logs or {}).items())
        self._progress(f"{self._what} ({detail})", epoch + 1, self._n_epochs)
