"""A note in, the probability of every family out.

Conventions
-----------
What a model said of a note is remembered, under the digests of both, for as
long as the process runs: a note that is looked at again is not asked about.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence

import numpy as np

from xai_core import store
from xai_core.audio import load_note
from xai_core.features import extract
from xai_core.pipeline.loading import Audio, load_gradients
from xai_core.values import FAMILIES, FloatArray, Prediction, check_type

__all__ = ["predict"]

ANSWERS_KEPT = 60_000  # a thousand notes by a whole zoo, about 20 MB

_Key = tuple[str, str, bytes]  # type, digests of the model and of the samples
_answers: OrderedDict[_Key, float] = OrderedDict()
_remembering = threading.Lock()


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
    digest = hashlib.sha256(note.y.tobytes()).digest()
    probabilities: dict[str, dict[str, float]] = {}
    for type, families in available.items():
        spectrogram: FloatArray | None = None
        probabilities[type] = {}
        for family in families:
            if (type, family) in without:
                continue
            gradients, card = load_gradients(type, family, models=models)
            key = (type, card.sha256, digest)
            answer = _recall(key)
            if answer is None:
                if spectrogram is None:
                    spectrogram = extract(note, type).values
                answer = float(gradients.outputs(spectrogram[np.newaxis], target="probability")[0])
                _remember(key, answer)
            probabilities[type][family] = answer
    return Prediction(probabilities, note, models)


def _recall(key: _Key) -> float | None:
    with _remembering:
        if key in _answers:
            _answers.move_to_end(key)
        return _answers.get(key)


def _remember(key: _Key, answer: float) -> None:
    with _remembering:
        _answers[key] = answer
        if len(_answers) > ANSWERS_KEPT:
            _answers.popitem(last=False)
