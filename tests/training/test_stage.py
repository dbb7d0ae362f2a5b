"""A stage: what precision touches, when it stops, and that it goes on where it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.training.small_corpus import easy_corpus
from xai_core import store
from xai_core.networks.cnn import (
    CONV_LAYERS,
    build_cnn,
)
from xai_core.training import PRESETS, Preset, fit_binary, fit_trunk
from xai_core.training.stage import training_copy
from xai_core.values import OnProgress, Progress

TINY = replace(
    PRESETS["quick"], name="tiny", batch_size=8, trunk_epochs=3, binary_epochs=3, by_type={}
)
KEY = store.training_key(what="a stage of this test")


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path))


@pytest.fixture
def eager() -> Iterator[None]:
    """Run a few steps as they are: tracing them would take the longest."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


class _KilledError(Exception):
    """Stands for a kill: thrown after an epoch."""


def _killed_after(epoch: int, seen: list[int]) -> OnProgress:
    def on_progress(event: Progress) -> None:
        if event.kind == "epoch":
            seen.append(event.done)
            if event.done == epoch:
                raise _KilledError

    return on_progress


@pytest.mark.slow
@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    "changes",
    [
        {"patience": 3, "average": 0.5},
        {"pooled_axes": "time", "crop_frames": 63, "whole_epochs": 2},
        {"head": "flatten", "draw": "every_note", "average": 0.0, "schedule": "constant"},
    ],
)
def test_a_run_that_was_killed_ends_as_if_it_had_not_been(changes: dict[str, object]) -> None:
    preset = replace(TINY, **changes)  # type: ignore[arg-type]
    corpus, validation = easy_corpus(5), easy_corpus(2, seed=1)  # two steps an epoch
    given = {"seed": 0, "validation": validation}
    whole, expected = fit_binary(corpus, "flute", preset, **given)

    seen: list[int] = []
    for epoch in (1, 2):
        with pytest.raises(_KilledError):
            fit_binary(
                corpus, "flute", preset, key=KEY, on_progress=_killed_after(epoch, seen), **given
            )
    model, history = fit_binary(
        corpus, "flute", preset, key=KEY, on_progress=_killed_after(9, seen), **given
    )
    assert seen == [1, 2, 3]  # no epoch was done twice
    assert set(history) == set(expected)
    for name in expected:
        np.testing.assert_allclose(history[name], expected[name], rtol=1e-4)
    for a, b in zip(whole.get_weights(), model.get_weights(), strict=True):
        # on several threads sums may be split differently; then rounded to halves
        np.testing.assert_allclose(a, b, atol=1e-3)


@pytest.mark.usefixtures("eager")
def test_a_damaged_checkpoint_costs_time_not_the_result(tmp_path: Path) -> None:
    corpus = easy_corpus(4)
    fit_trunk(corpus, replace(TINY, trunk_epochs=1), seed=0, key=KEY)
    (path,) = tmp_path.glob("*.cache")
    path.write_bytes(path.read_bytes()[:-100])
    done: list[int] = []
    _, history = fit_trunk(
        corpus, TINY, seed=0, key=KEY, on_progress=lambda event: done.append(event.done)
    )
    assert done == [1, 2, 3]
    assert len(history["loss"]) == 3


@pytest.mark.usefixtures("eager")
def test_patience_stops_and_keeps_the_best_epoch() -> None:
    preset = replace(TINY, binary_epochs=30, patience=2, average=0.0, binary_rate=3e-3)
    corpus, validation = easy_corpus(16), easy_corpus(8, seed=1)
    told: list[tuple[int, int]] = []
    model, history = fit_binary(
        corpus,
        "flute",
        preset,
        seed=0,
        validation=validation,
        on_progress=lambda event: told.append((event.done, event.total)),
    )
    scores = history["val_balanced_accuracy"]
    best = int(np.argmax(scores))
    assert len(scores) == best + 3 < 30
    assert told[-1] == (30, 30)  # the stage is over, and says so
    x, positive = validation.clean(), validation.family == 2
    said = np.asarray(model(x))[:, 0] > 0.5
    recall = (said[positive].mean() + (~said[~positive]).mean()) / 2
    assert recall == pytest.approx(scores[best])  # weights are those of the best epoch
    again, _ = fit_binary(
        corpus, "flute", replace(preset, patience=0, binary_epochs=0), seed=0, trunk=None
    )
    assert np.abs(again.get_weights()[0] - model.get_weights()[0]).max() > 0  # it did learn


@pytest.mark.usefixtures("eager")
def test_validation_scores_are_those_of_the_kept_weights() -> None:
    validation = easy_corpus(5, seed=1)
    preset = replace(TINY, trunk_epochs=2)
    model, history = fit_trunk(easy_corpus(6), preset, seed=0, validation=validation)
    logits = np.asarray(
        keras.Model(model.input, model.get_layer("logit").output)(validation.clean()), np.float64
    )
    truth = validation.family
    loss = keras.losses.sparse_categorical_crossentropy(truth, logits, from_logits=True)
    assert history["val_loss"][-1] == pytest.approx(float(np.mean(loss)), rel=1e-5)
    right = logits.argmax(axis=1) == truth
    assert history["val_accuracy"][-1] == pytest.approx(right.mean())
    recalls = [right[truth == k].mean() for k in range(3)]
    assert history["val_balanced_accuracy"][-1] == pytest.approx(np.mean(recalls))


def test_precision_is_of_the_hidden_layers_only() -> None:
    policy = keras.config.dtype_policy().name
    model = build_cnn((126, 6), head="pooled", n_outputs=10)
    preset = replace(TINY, precision="mixed_bfloat16")
    copy = training_copy(model, preset)
    for name in CONV_LAYERS:
        assert copy.get_layer(name).compute_dtype == "bfloat16"
        assert copy.get_layer(name).variable_dtype == "float32"
    for name in ("average_pooling2d", "dense", "dropout_dense", "logit"):
        assert copy.get_layer(name).compute_dtype == "float32"
    assert keras.config.dtype_policy().name == policy == "float32"
    for a, b in zip(model.get_weights(), copy.get_weights(), strict=True):
        assert np.array_equal(a, b)
    x = np.random.default_rng(0).random((4, 126, 6, 1)).astype(np.float32)
    plain = keras.Model(model.input, model.get_layer("logit").output)
    full, half = np.asarray(plain(x)), np.asarray(copy(x))
    assert half.dtype == np.float32
    # bfloat16 has 8 bits: six layers of it are a few percent off, and not exactly right
    scale = np.abs(full).max()
    np.testing.assert_allclose(half, full, atol=0.05 * scale)
    assert not np.array_equal(half, full)


@pytest.mark.slow
@pytest.mark.parametrize("head", ["pooled", "flatten"])
def test_training_in_half_precision_learns_a_model_in_single(head: str) -> None:
    preset: Preset = replace(
        TINY, precision="mixed_bfloat16", binary_epochs=8, binary_rate=3e-3, head=head
    )
    # few frames: where bfloat16 is emulated it takes ten times as long
    model, history = fit_binary(easy_corpus(16, n_frames=24), "flute", preset, seed=0)
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}
    assert not model.compiled


def test_loss_and_accuracy_of_an_epoch_are_means_over_its_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    numbers = iter(range(100))

    def train_on_batch(self: keras.Model, x: object, y: object, **_: object) -> dict[str, float]:
        k = next(numbers)
        return {"loss": float(k), "accuracy": k / 100}

    monkeypatch.setattr(keras.Model, "train_on_batch", train_on_batch)
    _, history = fit_binary(
        easy_corpus(8), "bass", replace(TINY, binary_epochs=2, average=0.0), seed=0
    )
    n = next(numbers) // 2
    assert n > 1
    assert history["loss"] == pytest.approx([(n - 1) / 2, n + (n - 1) / 2])
    assert history["accuracy"] == pytest.approx([x / 100 for x in history["loss"]])
