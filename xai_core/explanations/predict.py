"""The probability of every family, for one note or along a whole recording.

Conventions
-----------
A scan cuts a recording into windows of 4 s that begin every `hop` seconds, and
predicts each window by itself, as a note. A window of silence has no probability
(NaN).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from xai_core import store
from xai_core.audio import NOTE_SECONDS, load, load_note
from xai_core.errors import AudioError, InputError, ModelError
from xai_core.explanations.loaded_models import (
    Audio,
    answer_of,
    array_digest,
    load_gradients,
    logit_of,
    probability_of,
)
from xai_core.features import extract
from xai_core.values import FAMILIES, FloatArray, Prediction, Waveform, check_type

__all__ = [
    "MAX_WINDOWS",
    "Scan",
    "predict",
    "scan",
]


def predict(
    audio: Audio,
    *,
    models: str = "starter",
    types: Sequence[str] | None = None,
    start: float = 0.0,
    without: Collection[tuple[str, str]] = (),
) -> Prediction:
    """Return the probability of every family by every spectrogram type of a set.

    Of its binary models, that is, and of the ten-way networks ``<type>/ten_way``,
    from which the verdict comes; a model of several inputs has no place in these
    tables and is explained by its name.

    Parameters
    ----------
    audio : path, bytes or Waveform
        WAV, FLAC, OGG, MP3, AIFF, M4A, MP4, WebM or WMA.
    models : str
        Name of the model set.
    types : sequence of str or None
        Only these spectrogram types; None for all that the set has.
    start : float
        Seconds into the recording at which the 4 s note begins.
    without : collection of (str, str)
        Types and families of models that do not predict, such as those of
        :func:`xai_core.store.find_faults`.

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
    digest = array_digest(note.y)
    probabilities = {
        type: {
            family: probability_of(logit_of(note, type, family, models=models, digest=digest))
            for family in families
            if (type, family) not in without
        }
        for type, families in available.items()
    }
    named = store.named_models(models)
    ten_way = {
        type: _classes(note, store.ten_way_name(type), models)
        for type in available
        if store.ten_way_name(type) in named
    }
    verdict = store.read_verdict(models) if ten_way else None
    weights = store.read_type_weights(models) if verdict is None else verdict["weights"]
    return Prediction(probabilities, note, models, weights, ten_way)


def _classes(note: Waveform, name: str, models: str) -> dict[str, float]:
    """Return the probability of every class of a model."""
    model, card = load_gradients(name=name, models=models)
    return {one: answer_of(note, model, card, one, models=models)[1] for one in card.classes}


MAX_WINDOWS = 600


@dataclass(frozen=True, eq=False)
class Scan:
    """Probabilities along a recording.

    Parameters
    ----------
    type : str
    starts : ndarray, shape (n_windows,)
        Where each window begins, in seconds.
    families : tuple of str
    probabilities : ndarray, shape (n_families, n_windows)
        NaN where the window is silent.
    """

    type: str
    starts: FloatArray
    families: tuple[str, ...]
    probabilities: FloatArray


def scan(
    audio: Audio,
    *,
    type: str,
    hop: float = 1.0,
    models: str = "starter",
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Scan:
    """Return the probabilities of the models of a type along a recording.

    Parameters
    ----------
    audio : path, bytes or Waveform
    type : str
    hop : float
        Seconds from one window to the next; made longer where there would be
        more than :data:`MAX_WINDOWS`.
    models : str
    on_progress : callable
        Called with windows done and windows in all.

    Raises
    ------
    AudioError
        If the audio cannot be read.
    InputError
        If `hop` is not positive.
    ModelError
        If the set has no models of the type.
    """
    check_type(type)
    if not hop > 0:
        raise InputError(f"expected a hop above 0 s, got {hop}")
    families = store.available_models(models).get(type)
    if not families:
        raise ModelError(f"the set {models!r} has no {type} models: choose another type")
    recording = audio if isinstance(audio, Waveform) else load(audio)
    last = max(0.0, recording.duration - NOTE_SECONDS)
    n = min(int(last / hop) + 1, MAX_WINDOWS)
    starts = np.linspace(0.0, last, n) if n == MAX_WINDOWS else hop * np.arange(n)
    found = np.full((len(families), n), np.nan)
    gradients = [load_gradients(type, family, models=models)[0] for family in families]
    for k, start in enumerate(starts):
        try:
            x = extract(load_note(recording, start=float(start)), type).values[np.newaxis]
        except AudioError:  # a silent window; faults of the file are raised by load
            continue
        finally:
            on_progress(k + 1, n)
        found[:, k] = [one.outputs((x,), target="probability")[0, 0] for one in gradients]
    return Scan(type, starts, families, found)
