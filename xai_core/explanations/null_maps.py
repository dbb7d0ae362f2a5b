"""Null maps: what a heatmap owes to the note and the method alone.

Conventions
-----------
A null map is the map of the same note and settings by the same network with all
weights drawn anew. Each network of a model set is drawn by itself, from the seed, its
type and its family: two families' random networks differ as their models do.
"""

from __future__ import annotations

from dataclasses import replace

from xai_core import store
from xai_core.audio import load_note
from xai_core.catalogue.methods import METHODS
from xai_core.errors import ModelError
from xai_core.explanations.explain import baseline_values, map_of_input
from xai_core.explanations.loaded_models import Audio, LRUCache, resolve_layer, spectrogram_of
from xai_core.explanations.settings import Settings
from xai_core.networks.contract import Model
from xai_core.networks.randomising import randomised
from xai_core.values import FloatArray

__all__ = ["null_map", "random_network"]

NETWORKS_KEPT = 10  # of one type: a visitor's choice of families goes back and forth
_networks: LRUCache[tuple[str, str, str, int], Model] = LRUCache(NETWORKS_KEPT)


def null_map(
    audio: Audio, *, type: str, family: str, settings: Settings, models: str, seed: int = 0
) -> FloatArray:
    """Return the map of a note by the model of a family with all weights drawn anew.

    Parameters
    ----------
    audio : path, bytes or Waveform
    type, family : str
        Of the binary model.
    settings : Settings
        All but another note as baseline.
    models : str
        Name of the model set.
    seed : int
        Of the weights; 0 or more.

    Returns
    -------
    ndarray, shape (n_frames, n_bins)
        In units of the random network's output. Nothing is stored.
    """
    network, card = random_network(type, family, models=models, seed=seed)
    spectrogram = spectrogram_of(load_note(audio), type)
    if METHODS[settings.method].takes("layer"):
        settings = replace(settings, layer=resolve_layer(network, type, settings.layer))
    baseline = baseline_values(settings, spectrogram, card, None)
    return map_of_input(network, spectrogram.values, baseline, family=family, settings=settings)


def random_network(
    type: str, family: str, *, models: str, seed: int = 0
) -> tuple[Model, store.Card]:
    """Return the network of a binary model with all weights drawn anew, and the model's card.

    Parameters
    ----------
    type, family, models : str
    seed : int
        0 or more.

    Raises
    ------
    ModelError
        If the set has no such model, or its file is not the one of its card.
    """
    card = store.read_card(type, family, models=models)

    def draw() -> Model:
        model, loaded = store.load_model(name=card.name, models=models)
        if loaded.sha256 != card.sha256:
            raise ModelError(f"{card.described} was trained anew meanwhile: begin again")
        seeds = (seed, *f"{type} {family}".encode())
        return randomised(model, inputs=loaded.inputs, classes=loaded.classes, seed=seeds)

    return _networks.get((models, card.name, card.sha256, seed), draw), card
