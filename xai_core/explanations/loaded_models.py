"""Models in memory, loaded and compiled once; their logits; which of them are weak.

Conventions
-----------
Models, spectrograms and logits are in LRU caches that live as long as the
process and that all threads share. Keys hold the SHA-256 of the model and of the
samples, so an equal note is not computed twice.

A model is *weak* if its card says that the 95 % interval of its balanced
accuracy, on instruments it was not trained on, includes 0.5. A card without
that entry (not scored yet, or of another program) does not count as weak.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np

from xai_core import store
from xai_core.errors import InputError, ModelError
from xai_core.features import extract
from xai_core.networks.contract import Model, class_index
from xai_core.networks.gradients import ModelGradients
from xai_core.values import FloatArray, Spectrogram, Waveform

__all__ = [
    "Audio",
    "LRUCache",
    "Loaded",
    "answer_of",
    "array_digest",
    "layers_of",
    "load_gradients",
    "logit_of",
    "probability_of",
    "resolve_layer",
    "spectrogram_of",
    "weak_families",
    "weakness_sentence",
]

Audio = str | os.PathLike[str] | bytes | Waveform

MODELS_KEPT = 60  # in memory; a whole model set
SPECTROGRAMS_KEPT = 12  # at most 2 MB each: the six views of two notes
LOGITS_KEPT = 60_000  # a thousand notes by a whole model set, about 20 MB

Key = TypeVar("Key")
Value = TypeVar("Value")


class LRUCache(Generic[Key, Value]):
    """A cache that discards the least recently used value, shared by all threads.

    ``functools.lru_cache`` does not fit: the arguments that a value is computed
    from, a model and a spectrogram, are not its key.

    Parameters
    ----------
    limit : int
        Most values that are kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Key, compute: Callable[[], Value]) -> Value:
        """Return the value of a key, computed if it is not kept.

        Two threads that need the same key at once both compute its value: neither
        waits for the other.
        """
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = compute()
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._limit:
                self._values.popitem(last=False)
        return value


Loaded = tuple[ModelGradients, store.Card]
_loaded: LRUCache[tuple[str, str, str, tuple[str, ...], tuple[str, ...]], Loaded] = LRUCache(
    MODELS_KEPT
)
_loading = threading.Lock()
_spectrograms: LRUCache[tuple[str, int, str], Spectrogram] = LRUCache(SPECTROGRAMS_KEPT)

# by type, digest of the model, and digest of the samples
_logits: LRUCache[tuple[str, str, str], float] = LRUCache(LOGITS_KEPT)


def load_gradients(
    type: str = "", family: str = "", *, name: str = "", models: str = "starter"
) -> Loaded:
    """Return the compiled functions of a model and its card, loaded once.

    At most 60 models stay in memory, the least recently used going first. A model
    that was trained anew meanwhile has another card, and is loaded again.

    Parameters
    ----------
    type, family, name, models : str
        As for :func:`xai_core.store.read_card`.
    """
    card = store.read_card(type, family, name=name, models=models)
    key = (models, card.name, card.sha256, card.inputs, card.classes)

    def load() -> Loaded:
        network, weights, loaded = store.load_network(name=card.name, models=models)
        return ModelGradients(network, loaded.inputs, loaded.classes, weights=weights), loaded

    with _loading:  # threads that need the same model load it once
        return _loaded.get(key, load)


def layers_of(type: str, family: str, *, models: str = "starter") -> tuple[str, ...]:
    """Return the convolution layers of a binary model, from input to output."""
    return load_gradients(type, family, models=models)[0].convolution_layers[type]


def resolve_layer(model: Model, type: str, layer: str | None) -> str:
    """Return the convolution layer of a model that a map of one input is made at.

    Parameters
    ----------
    model : Model
    type : str
        The input whose map is made.
    layer : str or None
        Name of a layer; None for the last of that input.

    Raises
    ------
    InputError
        If the model has no such layer for that input.
    """
    by_input = model.convolution_layers
    own = by_input[type]
    if layer is None and own:
        return own[-1]
    if layer in own:
        return layer
    of = f" for the {type} input" if len(by_input) > 1 else ""
    choices = f"choose one of {', '.join(own)}" if own else f"the model has no convolution{of}"
    other = next((name for name, layers in by_input.items() if layer in layers), "")
    if other:
        raise InputError(f"layer {layer!r} belongs to the {other} input: {choices}, or that type")
    raise InputError(
        f"unknown layer {layer!r}{of}: {choices}"
        if layer
        else f"{choices}: choose a method that needs none"
    )


def array_digest(values: FloatArray) -> str:
    """Return the SHA-256 of an array in single precision."""
    return hashlib.sha256(np.ascontiguousarray(values, np.float32).data).hexdigest()


def spectrogram_of(note: Waveform, type: str) -> Spectrogram:
    """Return the spectrogram of a note, as :func:`xai_core.features.extract` does.

    The last spectrograms are kept: a page needs one three times.
    """
    return _spectrograms.get((array_digest(note.y), note.sr, type), lambda: extract(note, type))


def logit_of(
    note: Waveform, type: str, family: str, *, models: str = "starter", digest: str | None = None
) -> float:
    """Return the logit of the model of a family for 4 s.

    `digest` is that of the samples, if it is known: ten models predict for one note.
    """
    gradients, card = load_gradients(type, family, models=models)

    def compute() -> float:
        return float(gradients.outputs((spectrogram_of(note, type).values[np.newaxis],))[0, 0])

    return _logits.get((type, card.sha256, digest or array_digest(note.y)), compute)


# of the models that are not binary, by model, inputs, classes and digest of the samples
_answers: LRUCache[
    tuple[str, tuple[str, ...], tuple[str, ...], str], tuple[FloatArray, FloatArray]
] = LRUCache(1000)


def answer_of(
    note: Waveform, model: Model, card: store.Card, class_name: str, *, models: str = "starter"
) -> tuple[float, float]:
    """Return the logit and the probability that a model gives a class, of 4 s."""
    if card.type:
        logit = logit_of(note, card.type, card.family, models=models)
        return logit, probability_of(logit)
    column = class_index(card.classes, class_name)

    def compute() -> tuple[FloatArray, FloatArray]:
        xs = tuple(spectrogram_of(note, type).values[np.newaxis] for type in card.inputs)
        return model.outputs(xs)[0], model.outputs(xs, target="probability")[0]

    key = (card.sha256, card.inputs, card.classes, array_digest(note.y))
    logits, probabilities = _answers.get(key, compute)
    return float(logits[column]), float(probabilities[column])


def probability_of(logit: float) -> float:
    """Return the probability that a logit stands for."""
    return float(np.exp(-np.logaddexp(0.0, -logit)))


def weak_families(type: str, *, models: str = "starter") -> tuple[str, ...]:
    """Return the families whose models are not shown to be better than chance.

    Parameters
    ----------
    type : str
        Spectrogram type.
    models : str
        Name of the model set.

    Returns
    -------
    tuple of str
        In the order of FAMILIES. A model whose card cannot be read is not among
        them: loading it raises the reason.
    """
    found = []
    for family in store.available_models(models).get(type, ()):
        try:
            card = store.read_card(type, family, models=models)
        except ModelError:
            continue
        if card.is_weak:
            found.append(family)
    return tuple(found)


def weakness_sentence(card: store.Card) -> str:
    """Return what a reader of this model's explanations must know, or ""."""
    if not card.is_weak:
        return ""
    accuracy = card.scores.get("balanced_accuracy")
    score = "not on its card" if accuracy is None else f"{accuracy:.0%}"
    described = card.described
    return (
        f"{described[0].upper()}{described[1:]} is not shown to be better than chance on "
        f"instruments it never heard (balanced accuracy {score}; guessing gives 50%), so its maps "
        "tell little about the instrument."
    )
