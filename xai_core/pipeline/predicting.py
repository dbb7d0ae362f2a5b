"""A note in, the probability of every family out."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from xai_core import store
from xai_core.audio import load_note
from xai_core.pipeline.loading import Audio, digest_of, logit_of, probability_of
from xai_core.values import FAMILIES, Prediction, check_type

__all__ = ["predict"]


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
    probabilities = {
        type: {
            family: probability_of(logit_of(note, type, family, models=models, digest=digest))
            for family in families
            if (type, family) not in without
        }
        for type, families in available.items()
    }
    return Prediction(probabilities, note, models)
