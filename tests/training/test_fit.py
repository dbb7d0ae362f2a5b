"""Training: it learns, it repeats, and binary models start from the trunk."""

from __future__ import annotations

import json
from dataclasses import replace

import keras
import numpy as np

from xai_core.features import N_FRAMES
from xai_core.training import PRESETS, Corpus, Preset, fit_binary, fit_trunk, probabilities_of
from xai_core.training.augment import Augmentation
from xai_core.training.spectrograms import Held
from xai_core.values import FAMILIES

BINS = 6
TINY = replace(PRESETS["quick"], name="tiny", batch_size=8, binary_epochs=1, trunk_epochs=1)


def _corpus(n_each: int, seed: int = 0) -> Corpus:
    """Return notes of three families, each loud in two bins of its own."""
    rng = np.random.default_rng(seed)
    family = np.repeat([0, 1, 2], n_each)
    x = 0.2 * rng.random((1, family.size, N_FRAMES, BINS))
    for k, f in enumerate(family):
        x[0, k, :, 2 * f : 2 * f + 2] += 0.6
    names = np.array([f"{FAMILIES[f]}_{k % 4}" for k, f in enumerate(family)])
    none = np.array([""] * family.size)
    return Corpus("tonnetz", Held(x.astype(np.float16)), family, names, none, none, "")


def _logits(model: keras.Model, corpus: Corpus) -> np.ndarray:
    reader = keras.Model(model.input, model.get_layer("logit").output)
    return np.asarray(reader(corpus.clean()))


def test_presets_are_complete_and_go_into_a_card() -> None:
    assert {"standard", "quick", "paper"} <= set(PRESETS)
    for name, preset in PRESETS.items():
        values = preset.as_dict()
        assert values["name"] == name
        assert Preset.from_dict(json.loads(json.dumps(values))) == preset
        assert json.loads(json.dumps(values)) == values  # so a card can be compared with it
    louder = replace(PRESETS["standard"], augmentation=Augmentation(level_db=(-6.0, 0.0)))
    assert louder.as_dict() != PRESETS["standard"].as_dict()
    assert Preset.from_dict(louder.as_dict()) == louder
    paper = PRESETS["paper"]
    assert (paper.head, paper.trunk_epochs, paper.n_augmented) == ("flatten", 0, 0)


def test_a_binary_model_starts_as_its_column_of_the_trunk_against_the_others() -> None:
    corpus = _corpus(4)
    trunk = fit_trunk(corpus, TINY, seed=0)
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
    seen: list[tuple[str, int, int]] = []
    model, history = fit_binary(
        _corpus(40),
        "flute",
        preset,
        seed=0,
        progress=lambda what, done, total: seen.append((what, done, total)),
    )
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    unseen = _corpus(20, seed=1)
    p = probabilities_of(model, unseen)
    assert p[unseen.family == 2].min() > p[unseen.family != 2].max()  # told apart without error
    for weights in model.get_weights():
        assert np.array_equal(weights, weights.astype(np.float16).astype(np.float32))
    assert not model.compiled
    assert [(done, total) for _, done, total in seen] == [(k, 12) for k in range(1, 13)]
    assert all(what.startswith("tonnetz: flute (") and "loss" in what for what, _, _ in seen)


def test_a_seed_decides_the_result() -> None:
    corpus = _corpus(8)
    preset = replace(TINY, head="flatten")
    first, _ = fit_binary(corpus, "bass", preset, seed=3)
    again, _ = fit_binary(corpus, "bass", preset, seed=3)
    other, _ = fit_binary(corpus, "bass", preset, seed=4)
    # sums may be split differently between the processor's cores, then rounded to halves
    for a, b in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3)
    assert np.abs(first.get_weights()[0] - other.get_weights()[0]).max() > 0.05
    assert first.name == "cnn_flatten"


def test_training_leaves_corpus_and_trunk_alone() -> None:
    corpus = _corpus(4)
    trunk = fit_trunk(corpus, TINY, seed=0)
    weights = [w.copy() for w in trunk.get_weights()]
    x = corpus.clean()
    fit_binary(corpus, "brass", TINY, seed=0, trunk=trunk)
    assert np.array_equal(corpus.clean(), x)
    assert all(np.array_equal(a, b) for a, b in zip(weights, trunk.get_weights(), strict=True))
