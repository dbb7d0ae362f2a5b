"""Weights that are read alone are those that Keras reads."""

from __future__ import annotations

import hashlib
import json
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from xai_core import store
from xai_core.errors import ModelError
from xai_core.networks.cnn import build_cnn
from xai_core.store import weights as reading

ABOUT = {"architecture": {}, "features": {}, "training": {}, "data": {}, "scores": {}}
SHAPE = (16, 6)


def _normalised() -> keras.Model:
    """Return a network with weights that are not trained, and two of one shape."""
    given = keras.Input((*SHAPE, 1))
    x = keras.layers.Conv2D(4, 3)(given)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.SeparableConv2D(4, 3, activation="relu")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(given, keras.layers.Dense(1, activation="sigmoid")(x))


NETWORKS: dict[str, Callable[[], keras.Model]] = {
    "pooled": lambda: build_cnn(SHAPE, head="pooled"),
    "normalised": _normalised,
    "sequential": lambda: keras.Sequential(
        [
            keras.Input((*SHAPE, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
            keras.layers.Dense(3),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    ),
}


@pytest.fixture
def loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the models that Keras loads."""
    monkeypatch.setenv("TIMBRELENS_MODELS", str(tmp_path))
    monkeypatch.setattr(reading, "_networks", weakref.WeakValueDictionary())
    found: list[str] = []
    load_model = reading.load_model

    def counted(**asked: Any) -> Any:
        found.append(asked["name"])
        return load_model(**asked)

    monkeypatch.setattr(reading, "load_model", counted)
    return found


def _save(network: keras.Model, family: str) -> list[np.ndarray]:
    rng = np.random.default_rng(len(family))
    network.set_weights([rng.random(one.shape) for one in network.weights])
    store.save_model(network, models="tiny", type="mfcc", family=family, about=ABOUT)
    return network.get_weights()


@pytest.mark.parametrize("kind", NETWORKS)
def test_models_of_one_architecture_are_built_once(kind: str, loads: list[str]) -> None:
    network = NETWORKS[kind]()
    families = ("bass", "flute", "keyboard")
    saved = [_save(network, family) for family in families]
    kept = []
    for family, expected in zip(families, saved, strict=True):
        shared, weights, card = store.load_network("mfcc", family, models="tiny")
        kept.append(shared)
        assert card.family == family
        assert [one.dtype.name for one in weights] == [one.dtype for one in shared.weights]
        for ours, theirs in zip(weights, expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert loads == ["mfcc/bass"]
    assert all(one is kept[0] for one in kept)


def test_another_architecture_is_built_by_itself(loads: list[str]) -> None:
    saved = [
        _save(NETWORKS[kind](), family)
        for kind, family in zip(NETWORKS, ("bass", "flute", "organ"), strict=True)
    ]
    kept = []
    for family, expected in zip(("bass", "flute", "organ"), saved, strict=True):
        network, weights, _ = store.load_network("mfcc", family, models="tiny")
        kept.append(network)
        for ours, theirs in zip(weights, expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert len(loads) == 3


def test_a_file_with_other_weights_than_its_configuration_goes_to_keras(
    loads: list[str], tmp_path: Path
) -> None:
    network = NETWORKS["sequential"]()
    _save(network, "bass")
    _save(network, "flute")
    first = store.load_network("mfcc", "bass", models="tiny")
    folder = tmp_path / "tiny" / "mfcc" / "flute"
    (folder / "model.keras").write_bytes(b"no archive")
    card = json.loads((folder / "card.json").read_text())
    card["sha256"] = hashlib.sha256(b"no archive").hexdigest()
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match="cannot be loaded"):
        store.load_network("mfcc", "flute", models="tiny")
    assert loads == ["mfcc/bass", "mfcc/flute"]
    assert len(first[1]) == 6


def test_an_altered_file_is_refused(loads: list[str], tmp_path: Path) -> None:
    network = NETWORKS["pooled"]()
    _save(network, "bass")
    _save(network, "flute")
    kept = store.load_network("mfcc", "bass", models="tiny")
    file = tmp_path / "tiny" / "mfcc" / "flute" / "model.keras"
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(ModelError, match="is not the file on its card"):
        store.load_network("mfcc", "flute", models="tiny")
    assert loads == ["mfcc/bass"]
    assert kept[2].family == "bass"
