"""Maps of networks whose reason is known: a planted cue, and whether maps point to it.

Conventions
-----------
The network of a cue is the binary model of a set whose card names the cue. Masks are those of
:mod:`xai_core.training.planted`; scores inside a mask are of the positive part of a map. A share
of bins is what a map without any knowledge would have as its mass.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from xai_core import store
from xai_core.audio import load_note
from xai_core.catalogue.methods import METHODS
from xai_core.errors import InputError, ModelError
from xai_core.explanations.explain import explain
from xai_core.explanations.hearing import canvas_of, level_matched
from xai_core.explanations.loaded_models import Audio, load_gradients
from xai_core.listening import apply_mask, evidence_mask
from xai_core.training.planted import PlantedNote, cue_use_of, planted_note
from xai_core.trust import pointing, relevance_mass, relevance_rank
from xai_core.trust.planted import CUES
from xai_core.values import Explanation, FloatArray, Waveform

__all__ = [
    "PLANTED",
    "MapScores",
    "PlantedModel",
    "Trick",
    "planted_models",
    "score_maps",
    "telling_note",
    "trick",
]

PLANTED = "planted"  # the set that comes with the repository
SHARE = 0.5  # of the evidence, that the sound of a map keeps


@dataclass(frozen=True)
class PlantedModel:
    """A network that has learnt a cue.

    Parameters
    ----------
    cue, type, family : str
    with_cue, without_cue : float
        Balanced accuracy on instruments that it has not heard.
    named_by_cue : float
        Share of the notes of other families that it takes for its own if they have the cue.
    """

    cue: str
    type: str
    family: str
    with_cue: float
    without_cue: float
    named_by_cue: float


@dataclass(frozen=True, eq=False)
class Trick:
    """A note that carries a cue, the map of its network, and what is behind it.

    Parameters
    ----------
    model : PlantedModel
    note : PlantedNote
    explanation : Explanation
        Of the note with the cue.
    kept : Waveform or None
        The bins with half of what speaks for the family, as loud as the note; None if nothing
        does.
    probability, without : float
        Of the family, for the note with the cue and without it.
    """

    model: PlantedModel
    note: PlantedNote
    explanation: Explanation
    kept: Waveform | None
    probability: float
    without: float


@dataclass(frozen=True)
class MapScores:
    """How well the map of a method points to a cue.

    Parameters
    ----------
    method : str
    mass : float
        Share of the positive attribution in the cue's mask.
    rank : float
        Share of the K strongest bins in a mask of K bins.
    pointing : bool
        Whether the strongest bin is in it.
    share : float
        Of the bins, that the mask has.
    false_alarm : float or None
        Share of the absolute attribution where a distractor lies, less what lies in the cue's mask
        too; None without a distractor.
    distractor_share : float or None
        Of the bins.
    """

    method: str
    mass: float
    rank: float
    pointing: bool
    share: float
    false_alarm: float | None = None
    distractor_share: float | None = None


def planted_models(models: str = PLANTED) -> tuple[PlantedModel, ...]:
    """Return the networks of a set that have learnt a cue, in the order of the cues.

    Returns
    -------
    tuple of PlantedModel
        Empty if there is no such set.
    """
    found = []
    try:
        available = store.available_models(models)
    except ModelError:
        return ()
    for type, families in available.items():
        for family in families:
            with suppress(ModelError):  # one that cannot be read has learnt nothing to show
                known = cue_use_of(store.read_card(type, family, models=models))
                if known is not None:
                    cue, use = known
                    found.append(
                        PlantedModel(
                            cue=cue,
                            type=type,
                            family=family,
                            with_cue=use.with_cue[0],
                            without_cue=use.without_cue[0],
                            named_by_cue=use.named_by_cue,
                        )
                    )
    return tuple(sorted(found, key=lambda one: (list(CUES).index(one.cue), one.type, one.family)))


def telling_note(
    audios: Sequence[Audio], model: PlantedModel, *, models: str = PLANTED
) -> int | None:
    """Return the number of the note whose probability a cue changes most.

    Parameters
    ----------
    audios : sequence of path, bytes or Waveform
    model : PlantedModel
    models : str

    Returns
    -------
    int or None
        None of no notes.
    """
    network, _ = load_gradients(model.type, model.family, models=models)
    changes = []
    for audio in audios:
        note = planted_note(load_note(audio), model.cue, model.type)
        batch = np.stack([note.spectrogram.values, note.plain.values])
        with_cue, without = network.outputs((batch,), target="probability")[:, 0]
        changes.append(with_cue - without)
    return int(np.argmax(changes)) if changes else None


def trick(
    audio: Audio,
    model: PlantedModel,
    *,
    models: str = PLANTED,
    method: str = "integrated_gradients",
) -> Trick:
    """Plant the cue of a network in a note, and explain what the network makes of it.

    Parameters
    ----------
    audio : path, bytes or Waveform
    model : PlantedModel
        One of :func:`planted_models`.
    models : str
        Name of the set.
    method : str
    """
    note = planted_note(load_note(audio), model.cue, model.type)
    explanation = explain(
        note.carrying, type=model.type, family=model.family, method=method, models=models
    )
    mask = evidence_mask(canvas_of(explanation), SHARE)
    kept = None
    if mask.any():
        kept = level_matched(apply_mask(note.carrying, mask), note.carrying)[0]
    loaded, _ = load_gradients(model.type, model.family, models=models)
    batch = np.stack([note.spectrogram.values, note.plain.values])
    probability, without = loaded.outputs((batch,), target="probability")[:, 0]
    return Trick(model, note, explanation, kept, float(probability), float(without))


def score_maps(
    audio: Audio,
    model: PlantedModel,
    *,
    methods: Sequence[str] = tuple(METHODS),
    models: str = PLANTED,
) -> tuple[MapScores, ...]:
    """Return how well each method's map of a note with a cue points to the cue.

    Parameters
    ----------
    audio : path, bytes or Waveform
        A note, in which the cue is planted.
    model : PlantedModel
    methods : sequence of str
    models : str

    Returns
    -------
    tuple of MapScores
        Without methods whose map has nothing positive.
    """
    note = planted_note(load_note(audio), model.cue, model.type)
    found = []
    for method in methods:
        if method not in METHODS:
            raise InputError(f"unknown method {method!r}: choose one of {', '.join(METHODS)}")
        values = explain(
            note.carrying, type=model.type, family=model.family, method=method, models=models
        ).attribution.values
        if values.max() > 0:
            found.append(_scores(method, values, note))
    return tuple(found)


def _scores(method: str, values: FloatArray, note: PlantedNote) -> MapScores:
    scores = MapScores(
        method,
        mass=relevance_mass(values, note.mask),
        rank=relevance_rank(values, note.mask),
        pointing=pointing(values, note.mask),
        share=float(note.mask.mean()),
    )
    apart = None if note.distractor is None else note.distractor & ~note.mask
    if apart is None or not apart.any():
        return scores
    sizes = np.abs(values)
    return replace(
        scores,
        false_alarm=float(sizes[apart].sum() / sizes.sum()),
        distractor_share=float(apart.mean()),
    )
