"""Two notes at once: the ten answers along the level of the second, and where the evidence lies.

Conventions
-----------
Levels are decibels of the second note against the first, as in
:func:`xai_core.listening.mix`. Probabilities are those of the binary models of one
spectrogram type, (n_families, n_levels).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xai_core import store
from xai_core.errors import ModelError
from xai_core.explanations.hearing import canvas_of, evidence_inside
from xai_core.explanations.loaded_models import LRUCache, array_digest, load_gradients
from xai_core.features import extract, power_spectrogram
from xai_core.listening import LEVELS, Fades, mix
from xai_core.values import Explanation, FloatArray, Waveform, check_type

__all__ = ["MixShares", "Tip", "Tipping", "shares_of_mix", "tipping"]

STEP = 2.0  # dB between two levels
KEPT = 64  # curves of ten families and 21 levels
BATCH = 7  # notes in one call: 21 levels of the STFT at once would take a gigabyte


@dataclass(frozen=True)
class Tip:
    """Where another family becomes the most probable.

    Parameters
    ----------
    level : float
        Decibels, by a straight line between the two levels around it.
    before, after : str
        The most probable family below and above that level.
    """

    level: float
    before: str
    after: str


@dataclass(frozen=True, eq=False)
class Tipping:
    """What the models of a type answer along the level of the second note.

    Parameters
    ----------
    type : str
    levels : ndarray, shape (n_levels,)
        Rising, in dB.
    families : tuple of str
    probabilities : ndarray, shape (n_families, n_levels)
    """

    type: str
    levels: FloatArray
    families: tuple[str, ...]
    probabilities: FloatArray

    @property
    def tips(self) -> tuple[Tip, ...]:
        """Each change of the most probable family, by rising level."""
        best = self.probabilities.argmax(axis=0)
        found = []
        for k in np.flatnonzero(np.diff(best)):
            old, new = best[k], best[k + 1]
            ahead = self.probabilities[old, k : k + 2] - self.probabilities[new, k : k + 2]
            share = ahead[0] / (ahead[0] - ahead[1]) if ahead[0] > ahead[1] else 0.5
            level = self.levels[k] + share * (self.levels[k + 1] - self.levels[k])
            found.append(Tip(float(level), self.families[old], self.families[new]))
        return tuple(found)


_tippings: LRUCache[tuple[Hashable, ...], Tipping] = LRUCache(KEPT)


def tipping(
    first: Waveform,
    second: Waveform,
    *,
    type: str,
    start: float = 0.0,
    fades: tuple[Fades, Fades] = (Fades(), Fades(into=0.01)),
    levels: Sequence[float] = tuple(np.arange(LEVELS[0], LEVELS[1] + STEP / 2, STEP)),
    models: str = "starter",
    without: Collection[tuple[str, str]] = (),
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Tipping:
    """Return what the models of a type answer to two notes, along the level of the second.

    Parameters
    ----------
    first, second, start, fades
        As of :func:`xai_core.listening.mix`.
    type : str
        Spectrogram type.
    levels : sequence of float
        Decibels, rising, within -30 to 10.
    models : str
        Name of the model set.
    without : collection of (str, str)
        Types and families of models that do not predict.
    on_progress : callable
        Called with models done and models in all; not at all where the curve is kept from
        an earlier call.

    Raises
    ------
    InputError
        If a note is silent, or a level or time is out of its range.
    ModelError
        If the set has no models of the type.
    """
    available = store.available_models(models).get(check_type(type), ())
    families = tuple(family for family in available if (type, family) not in without)
    if not families:
        raise ModelError(f"the set {models!r} has no {type} models: choose another type")
    loaded = [load_gradients(type, family, models=models) for family in families]

    def compute() -> Tipping:
        mixes = (mix(first, second, level=one, start=start, fades=fades)[0] for one in levels)
        x = np.stack([extract(one, type).values for one in mixes])  # (n_levels, n_frames, n_bins)
        found = np.empty((len(families), len(x)))
        for k, (model, _) in enumerate(loaded):
            for begin in range(0, len(x), BATCH):
                part = (x[begin : begin + BATCH],)
                found[k, begin : begin + BATCH] = model.outputs(part, target="probability")[:, 0]
            on_progress(k + 1, len(families))
        return Tipping(type, np.asarray(levels, np.float64), families, found)

    of_models = tuple(card.sha256 for _, card in loaded)
    sounds = (array_digest(first.y), array_digest(second.y))
    return _tippings.get((type, *of_models, *sounds, start, fades, tuple(levels)), compute)


@dataclass(frozen=True)
class MixShares:
    """Which share lies where the first of two notes is the louder, each in [0, 1].

    Parameters
    ----------
    evidence : float
        Of the evidence for the explained family.
    energy : float
        Of the power of the mix.
    """

    evidence: float
    energy: float


def shares_of_mix(explanation: Explanation, louder: npt.ArrayLike) -> MixShares:
    """Return how much of a mix's evidence, and of its energy, lies where one note is the louder.

    Parameters
    ----------
    explanation : Explanation
        Of the mix.
    louder : array_like of bool, shape (126, 1025)
        Where the first note has more power, as :func:`xai_core.listening.mix` returns it.
    """
    power = power_spectrogram(explanation.waveform)
    evidence, _ = evidence_inside(canvas_of(explanation), louder)
    energy, _ = evidence_inside(power, louder)
    return MixShares(evidence, energy)
