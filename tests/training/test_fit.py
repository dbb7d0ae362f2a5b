"""Training: it learns, it repeats, and binary models start from the trunk."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from tests.training.small_corpus import easy_corpus
from xai_core.errors import InputError
from xai_core.networks.cnn import build_cnn
from xai_core.training import (
    PRESETS,
    Corpus,
    fit,
    fit_binary,
    fit_trunk,
    probabilities_of,
    ten_way_of,
)
from xai_core.training.stage import Stage
from xai_core.values import FAMILIES, Progress

TINY = replace(
    PRESETS["quick"], name="tiny", batch_size=8, binary_epochs=1, trunk_epochs=1, by_type={}
)


def _logits(model: keras.Model, corpus: Corpus) -> np.ndarray:
    reader = keras.Model(model.input, model.get_layer("logit").output)
    return np.asarray(reader(corpus.clean()))


def test_a_binary_model_starts_as_its_column_of_the_trunk_against_the_others() -> None:
    corpus = easy_corpus(4)
    trunk, _ = fit_trunk(corpus, TINY, seed=0)
    columns = _logits(trunk, corpus)
    assert columns.shape == (12, 10)
    # no training at all: the model is the trunk, one logit made of ten
    model, history = fit_binary(
        corpus, "brass", replace(TINY, binary_epochs=0), seed=0, trunk=trunk
    )
    others = np.delete(columns, 1, axis=1).mean(axis=1)
    # weights are rounded to half precision on the way: 2^-11 each
    scale = np.abs(columns).max()
    np.testing.assert_allclose(
        _logits(model, corpus)[:, 0], columns[:, 1] - others, atol=5e-3 * scale
    )
    assert not any(history.values())


def test_a_binary_model_learns_and_its_weights_are_halves() -> None:
    preset = replace(TINY, binary_epochs=12, binary_rate=2e-3)
    seen: list[Progress] = []
    model, history = fit_binary(
        easy_corpus(40),
        "flute",
        preset,
        seed=0,
        on_progress=seen.append,
    )
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    unseen = easy_corpus(20, seed=1)
    p = probabilities_of(model, unseen)
    assert p[unseen.family == 2].min() > p[unseen.family != 2].max()  # told apart without error
    for weights in model.get_weights():
        assert np.array_equal(weights, weights.astype(np.float16).astype(np.float32))
    assert not model.compiled
    assert [(event.done, event.total) for event in seen] == [(k, 12) for k in range(1, 13)]
    assert {(event.kind, event.name) for event in seen} == {("epoch", "tonnetz: flute")}
    assert all(event.details.startswith("loss ") for event in seen)


def test_a_seed_decides_the_result() -> None:
    corpus = easy_corpus(8)
    preset = replace(TINY, head="flatten")
    first, _ = fit_binary(corpus, "bass", preset, seed=3)
    again, _ = fit_binary(corpus, "bass", preset, seed=3)
    other, _ = fit_binary(corpus, "bass", preset, seed=4)
    # sums may be split differently between the processor's cores, then rounded to halves
    for a, b in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3)
    assert np.abs(first.get_weights()[0] - other.get_weights()[0]).max() > 0.05
    assert first.name == "cnn_flatten"


@pytest.mark.parametrize(
    ("changes", "n_trunk", "n_binary"),
    [
        ({}, 15, 10),  # 60 notes; 40 of the family and of others
        ({"epoch_notes": 24}, 6, 6),
        ({"epoch_notes": 1000}, 15, 10),
        ({"draw": "every_note", "batch_size": 7}, 9, 9),  # the last batch has 4
    ],
)
def test_an_epoch_has_so_many_steps(
    changes: dict[str, object], n_trunk: int, n_binary: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages: list[Stage] = []

    def note(model: keras.Model, stage: Stage, on_progress: object) -> dict[str, list[float]]:
        stages.append(stage)
        return {}

    monkeypatch.setattr(fit, "learn", note)
    preset = replace(TINY, **{"batch_size": 4, **changes})  # type: ignore[arg-type]
    corpus = replace(easy_corpus(20), family=np.repeat([0, 1, 2], [10, 20, 30]))
    fit_trunk(corpus, preset, seed=0)
    fit_binary(corpus, "bass", preset, seed=0)
    assert [one.batches.n_batches for one in stages] == [n_trunk, n_binary]


def test_training_leaves_corpus_and_trunk_alone() -> None:
    corpus = easy_corpus(4)
    trunk, _ = fit_trunk(corpus, TINY, seed=0)
    weights = [w.copy() for w in trunk.get_weights()]
    x = corpus.clean()
    fit_binary(corpus, "brass", TINY, seed=0, trunk=trunk)
    assert np.array_equal(corpus.clean(), x)
    assert all(np.array_equal(a, b) for a, b in zip(weights, trunk.get_weights(), strict=True))


def test_a_ten_way_network_of_binary_models_has_their_logits() -> None:
    corpus = easy_corpus(4)
    keras.utils.set_random_seed(0)
    first = build_cnn(corpus.spectrograms.shape, head="pooled")
    models = {}
    for k, family in enumerate(FAMILIES):  # one trunk, logits of their own
        models[family] = keras.models.clone_model(first)
        *below, kernel, bias = first.get_weights()
        models[family].set_weights([*below, kernel + 0.1 * k, bias - k])
    joined = ten_way_of(models)
    expected = np.concatenate([_logits(model, corpus) for model in models.values()], axis=1)
    np.testing.assert_allclose(_logits(joined, corpus), expected, atol=1e-5)
    np.testing.assert_allclose(joined(corpus.clean()).numpy().sum(axis=1), 1.0, rtol=1e-5)
    preset = replace(TINY, trunk_epochs=0)
    started, _ = fit_trunk(corpus, preset, seed=0, start=joined)
    np.testing.assert_allclose(_logits(started, corpus), expected, atol=1e-5)
    other = replace(preset, head="flatten", pooled_axes="time")
    with pytest.raises(InputError, match="other layers than the preset"):
        fit_trunk(corpus, other, seed=0, start=joined)
