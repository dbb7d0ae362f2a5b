"""A note in, the probability of every family out.

Conventions
-----------
What a model said of a note is remembered, under the digests of both, for as
long as the process runs: a note that is looked at again is not asked about.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

import numpy as np

from xai_core import store
from xai_core.audio import load_note
from xai_core.gradients import ModelGradients
from xai_core.pipeline.loading import Audio, digest_of, load_gradients, spectrogram_of
from xai_core.pipeline.recent import Recent
from xai_core.values import FAMILIES, Prediction, Waveform, check_type

__all__ = ["predict"]

ANSWERS_KEPT = 60_000  # a thousand notes by a whole zoo, about 20 MB

# by type, digest of the model, and digest of the samples
_answers: Recent[tuple[str, str, str], float] = Recent(ANSWERS_KEPT)


def predict(
    audio: Audio,
    *,
    models: str = "starter",
    types: Sequence[str] | None = None,
    start: float = 0.0,
    without: Collection[tuple[str, str]] = (),
) -> Prediction:
    """Return the probability of every family by every spectrogram type of a set.

    Parameters
    ----------
    audio : path, bytes or Waveform
        WAV, FLAC, OGG, MP3 or AIFF.
    models : str
        Name of the model set.
    types : sequence of str or None
        Only these spectrogram types; None for all that the set has.
    start : float
        Seconds into the recording at which the 4 s note begins.
    without : collection of (str, str)
        Types and families of models that are not asked, such as those of
        :func:`xai_core.store.find_faults`.

    Returns
    -------
    Prediction

    Raises
    ------
    AudioError
        If the audio cannot be read or is silent.
    ModelError
        If the set has no models, or one of them is altered.
    """
    note = load_note(audio, start=start)
    available = store.available_models(models)
    if types is not None:
        available = {check_type(t): available.get(t, FAMILIES) for t in types}
    digest = digest_of(note.y)
    probabilities: dict[str, dict[str, float]] = {}
    for type, families in available.items():
        probabilities[type] = {}
        for family in families:
            if (type, family) in without:
                continue
            gradients, card = load_gradients(type, family, models=models)
            ask = partial(_ask, gradients, note, type)
            probabilities[type][family] = _answers.get((type, card.sha256, digest), ask)
    return Prediction(probabilities, note, models)


def _ask(gradients: ModelGradients, note: Waveform, type: str) -> float:
    x = spectrogram_of(note, type).values[np.newaxis]
    return float(gradients.outputs(x, target="probability")[0])
