"""The regions of a map that an answer is due to, of an explanation and its note.

Conventions
-----------
As in :mod:`xai_core.attribution.salient_regions`. What is found is kept in memory, by map and
note: a visitor returns to a note.
"""

from __future__ import annotations

from xai_core.attribution.salient_regions import (
    SalientRegions,
    find_salient_regions,
    salient_regions_sentence,
)
from xai_core.explanations.loaded_models import LRUCache, array_digest
from xai_core.features import extract
from xai_core.values import Explanation, Spectrogram

__all__ = ["regions_of", "regions_sentence", "says_yes"]

YES = 0.5  # probability from which a model says yes
KEPT = 256  # maps
_found: LRUCache[tuple[str, str, str, str, float | None], SalientRegions] = LRUCache(KEPT)


def regions_of(explanation: Explanation, *, pitch: float | None = None) -> SalientRegions:
    """Return the bands of a map with the largest net evidence.

    Parameters
    ----------
    explanation : Explanation
    pitch : float, optional
        Hz, where it is known: regions at its multiples are marked as harmonics.

    Returns
    -------
    SalientRegions
        At most four for the family and four against it.
    """
    one = explanation.attribution
    digests = array_digest(one.values), array_digest(explanation.waveform.y)
    return _found.get(
        (one.type, one.method, *digests, pitch),
        lambda: find_salient_regions(one, _stft(explanation), pitch=pitch),
    )


def regions_sentence(explanation: Explanation, *, pitch: float | None = None) -> str:
    """Say which regions an answer is due to: those against the family first, if it is a no.

    Parameters
    ----------
    explanation, pitch
        As of :func:`regions_of`.
    """
    return salient_regions_sentence(
        regions_of(explanation, pitch=pitch),
        explanation.attribution,
        family=explanation.family,
        says_yes=says_yes(explanation),
    )


def says_yes(explanation: Explanation) -> bool:
    """Return whether the model says that the note is of its family."""
    return explanation.probability >= YES


def _stft(explanation: Explanation) -> Spectrogram:
    shown = explanation.spectrogram
    return shown if shown.type == "stft" else extract(explanation.waveform, "stft")
