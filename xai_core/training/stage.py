"""One stage of training: epochs over batches, kept after each so that a killed run goes on.

Conventions
-----------
After each epoch weights, optimizer and history are kept in the cache under the
stage's key. Everything an epoch draws is seeded by the run, the stage and the
epoch's number, so a run that was killed and went on ends with the weights it
would have had; on several threads sums may be split differently, which changes
their last bits. Training works on a copy of the model in the precision of the
preset; the model itself stays in single precision.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeAlias

import keras
import numpy as np
import numpy.typing as npt

from xai_core import store
from xai_core.errors import InputError
from xai_core.networks.cnn import LOGIT_LAYER
from xai_core.networks.penalised import Step, penalised_step
from xai_core.training.corpus import Batches, Corpus, RecordedNotes
from xai_core.training.presets import Preset
from xai_core.values import FloatArray, OnProgress, Progress

__all__ = ["History", "Model", "Stage", "learn", "training_copy"]

Model: TypeAlias = keras.Model
History = dict[str, list[float]]  # one value an epoch
Weights = list[npt.NDArray[Any]]

SCORE = "val_balanced_accuracy"  # decides when to stop early


@dataclass(frozen=True, eq=False)
class Stage:
    """What is learnt in one stage, and how long.

    Parameters
    ----------
    name : str
        Name of the stage in the events of its progress.
    batches : Batches
    loss : keras.losses.Loss
        Of logits.
    n_epochs : int
    rate : float
        Largest learning rate.
    preset : Preset
    validation : (Corpus, ndarray of shape (n_notes, n_outputs)), optional
        Notes that are not learnt from, with their targets: scored after each
        epoch.
    key : str, optional
        What epochs are kept under, from :func:`xai_core.store.training_key`;
        without it nothing is kept.
    """

    name: str
    batches: Batches
    loss: keras.losses.Loss
    n_epochs: int
    rate: float
    preset: Preset
    validation: tuple[Corpus, FloatArray] | None = None
    key: str | None = None


@dataclass
class _State:
    """The state of a stage: all that the next epoch depends on."""

    history: History
    n_done: int = 0
    best: Weights | None = None


def learn(model: Model, stage: Stage, on_progress: OnProgress) -> History:
    """Train a model in place, from the last epoch that was kept on.

    Parameters
    ----------
    model : keras.Model
        From :func:`xai_core.networks.cnn.build_cnn`, with its first weights; ends
        with the averaged weights of the last epoch, or of the best one where
        the preset has patience.
    stage : Stage
    on_progress : callable
        Called after each epoch with its loss and scores.

    Returns
    -------
    dict
        For each epoch ``loss`` and ``accuracy`` while it was learnt from, and
        ``val_loss``, ``val_accuracy`` and ``val_balanced_accuracy`` after it
        where there are validation notes. The best epoch is the first with the
        highest of the latter.
    """
    preset = stage.preset
    copy = training_copy(model, preset)
    optimizer = _optimizer(preset, stage.rate, stage.batches.n_batches * stage.n_epochs)
    optimizer.build(copy.trainable_variables)
    _compile(copy, optimizer, stage.loss)
    n_cropped = stage.n_epochs - preset.whole_epochs if preset.crop_frames else 0
    cropped = _shortened(copy, preset.crop_frames) if n_cropped > 0 else copy
    _compile(cropped, optimizer, stage.loss)
    reader = keras.Model(model.input, model.get_layer(LOGIT_LAYER).output)
    penalised = _penalised(copy, optimizer, stage) if preset.penalty else None

    state = _resumed(copy, optimizer, stage)
    if state.n_done:
        model.set_weights(_averaged(copy, optimizer))
        on_progress(Progress("step", stage.name, state.n_done, stage.n_epochs))
    while state.n_done < stage.n_epochs and not _is_over(state.history, preset):
        epoch = state.n_done
        is_cropped = epoch < n_cropped
        logs = _one_epoch(
            cropped if is_cropped else copy,
            stage.batches,
            epoch,
            crop_frames=preset.crop_frames if is_cropped else 0,
            penalised=penalised,
        )
        model.set_weights(_averaged(copy, optimizer))
        if stage.validation is not None:
            logs |= _scores(reader, *stage.validation)
        for name, value in logs.items():
            state.history.setdefault(name, []).append(value)
        state.n_done += 1
        if preset.patience and _best_epoch(state.history) == epoch:
            state.best = model.get_weights()
        _keep(copy, optimizer, state, stage)
        over = _is_over(state.history, preset)
        details = ", ".join(f"{name} {value:.3f}" for name, value in logs.items())
        n_done = stage.n_epochs if over else state.n_done
        on_progress(Progress("epoch", stage.name, n_done, stage.n_epochs, details))
    if state.best is not None:
        model.set_weights(state.best)
    return state.history


def training_copy(model: Model, preset: Preset) -> Model:
    """Return the model up to its logits, with weights of its own, in the preset's precision.

    Layers up to the last block are in the precision of the preset, each by its own
    policy; averages, dense layers and logits are in single precision.
    """
    hidden: set[str] = set()
    if preset.precision != "float32":
        for layer in model.layers:
            if isinstance(layer, keras.layers.AveragePooling2D | keras.layers.Flatten):
                break
            hidden.add(layer.name)

    def made(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        if layer.name in hidden:
            config["dtype"] = preset.precision
        return type(layer).from_config(config)

    logits = keras.Model(model.input, model.get_layer(LOGIT_LAYER).output)
    copy = keras.models.clone_model(logits, clone_function=made)
    copy.set_weights(logits.get_weights())
    return copy


def _penalised(model: Model, optimizer: keras.optimizers.Optimizer, stage: Stage) -> Step:
    if stage.preset.crop_frames:
        raise InputError("a penalty is of whole notes: choose crop_frames 0")
    return penalised_step(model, optimizer, stage.loss, penalty=stage.preset.penalty)


def _one_epoch(
    model: Model,
    batches: Batches,
    epoch: int,
    *,
    crop_frames: int,
    penalised: Step | None,
) -> dict[str, float]:
    rng = np.random.default_rng([*batches.seeds, epoch])
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.seed_generator.state.assign(rng.integers(0, 2**32, 2, dtype=np.uint32))
    if penalised is not None:
        steps = [penalised(*arrays) for arrays in batches.epoch(epoch)]
    else:  # Keras begins its metrics anew with each batch
        steps = [
            model.train_on_batch(x, targets, return_dict=True)
            for x, targets in batches.epoch(epoch, crop_frames=crop_frames)
        ]
    return {
        name: float(np.mean([float(one[name]) for one in steps])) for name in ("loss", "accuracy")
    }


def _shortened(model: Model, n_frames: int) -> Model:
    """Return the same layers for stretches of notes: the pooled head averages what there is."""
    inputs = keras.Input((n_frames, *model.input_shape[2:]))
    x = inputs
    for layer in model.layers[1:]:
        if isinstance(layer, keras.layers.AveragePooling2D):
            window = (x.shape[1], layer.pool_size[1])
            x = keras.layers.AveragePooling2D(window, dtype=layer.dtype_policy)(x)
        else:
            x = layer(x)
    return keras.Model(inputs, x)


def _optimizer(preset: Preset, rate: float, n_steps: int) -> keras.optimizers.Optimizer:
    if preset.schedule == "cosine":
        warm_up = max(1, n_steps // 20)
        rate = keras.optimizers.schedules.CosineDecay(
            rate * 0.1,
            max(1, n_steps - warm_up),
            alpha=0.01,
            warmup_target=rate,
            warmup_steps=warm_up,
        )
    return keras.optimizers.Adam(
        rate, use_ema=preset.average > 0, ema_momentum=preset.average or None
    )


def _compile(model: Model, optimizer: keras.optimizers.Optimizer, loss: keras.losses.Loss) -> None:
    right = keras.metrics.MeanMetricWrapper(_is_right, name="accuracy")
    model.compile(optimizer=optimizer, loss=loss, metrics=[right])


def _is_right(targets: Any, logits: Any) -> Any:
    """Whether the largest logit is that of the largest target; targets may be smoothed."""
    if targets.shape[-1] == 1:
        return keras.ops.equal(targets[..., 0] > 0.5, logits[..., 0] > 0)
    return keras.ops.equal(keras.ops.argmax(targets, -1), keras.ops.argmax(logits, -1))


def _averaged(model: Model, optimizer: keras.optimizers.Optimizer) -> Weights:
    """Return the moving averages of a model's weights, or the weights where there are none."""
    if not optimizer.use_ema or int(optimizer.iterations) == 0:
        return list(model.get_weights())
    averages = [v.numpy() for v in optimizer.variables if v.name.endswith("_average")]
    if len(averages) != len(model.trainable_variables):
        raise RuntimeError(f"expected an average of each weight, got {len(averages)}")
    return averages


# ---------------------------------------------------------------------- scores


def _scores(reader: Model, corpus: Corpus, targets: FloatArray) -> dict[str, float]:
    batches = RecordedNotes(corpus)
    parts = [np.asarray(reader(batches[k][0], training=False)) for k in range(len(batches))]
    logits = np.concatenate(parts).astype(np.float64)
    if targets.shape[1] == 1:
        z, truth = logits[:, 0], (targets[:, 0] > 0.5).astype(np.intp)
        named = (z > 0).astype(np.intp)
        loss = np.logaddexp(0.0, np.where(truth, -z, z))
    else:
        truth, named = targets.argmax(axis=1), logits.argmax(axis=1)
        peak = logits.max(axis=1, keepdims=True)
        total = peak[:, 0] + np.log(np.exp(logits - peak).sum(axis=1))
        loss = total - logits[np.arange(len(logits)), truth]
    right = named == truth
    recalls = [right[truth == one].mean() for one in np.unique(truth)]
    return {
        "val_loss": float(loss.mean()),
        "val_accuracy": float(right.mean()),
        SCORE: float(np.mean(recalls)),
    }


def _best_epoch(history: History) -> int:
    return int(np.argmax(history[SCORE])) if history.get(SCORE) else -1


def _is_over(history: History, preset: Preset) -> bool:
    """Whether the last better epoch is as long ago as the preset has patience."""
    best, n_done = _best_epoch(history), len(history.get(SCORE, ()))
    return bool(preset.patience) and best >= 0 and n_done - 1 - best >= preset.patience


# ------------------------------------------------------------------ kept epochs


def _keep(model: Model, optimizer: keras.optimizers.Optimizer, state: _State, stage: Stage) -> None:
    if stage.key is None:
        return
    parts = {
        "weights": model.get_weights(),
        "optimizer": [variable.numpy() for variable in optimizer.variables],
        "best": state.best or [],
    }
    arrays = {f"{part}_{k}": array for part, some in parts.items() for k, array in enumerate(some)}
    history = np.frombuffer(json.dumps(state.history).encode(), np.uint8)
    store.write_cached(stage.key, {**arrays, "history": history})


def _resumed(model: Model, optimizer: keras.optimizers.Optimizer, stage: Stage) -> _State:
    """Restore model and optimizer from the last kept epoch."""
    kept = store.read_cached(stage.key) if stage.key is not None else None
    if kept is None:
        return _State({})
    history: History = json.loads(kept["history"].tobytes())

    def part(name: str) -> Weights:
        n = sum(one.startswith(f"{name}_") for one in kept)
        return [kept[f"{name}_{k}"] for k in range(n)]

    model.set_weights(part("weights"))
    for variable, value in zip(optimizer.variables, part("optimizer"), strict=True):
        variable.assign(value)
    return _State(history, n_done=len(history["loss"]), best=part("best") or None)
