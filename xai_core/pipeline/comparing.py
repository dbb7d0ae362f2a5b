"""Two notes explained in one way, and how far apart their maps are.

Conventions
-----------
The difference is ``a - b``, signed, in units of the target: the subtraction of
the paper's figure 3. Distances are those of :mod:`xai_core.metrics`; the
divergence that is not symmetric is given in both directions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from xai_core.analysis import METRIC_COLUMNS
from xai_core.metrics import METRICS
from xai_core.pipeline.explaining import Audio, explain
from xai_core.values import Attribution, Explanation, FloatArray

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two explanations of one type and method, their difference and their distances.

    Parameters
    ----------
    a, b : Explanation
    difference : Attribution
        ``a - b`` on the axes of both, in units of the target.
    scores : mapping of str to float
        By the names of :data:`xai_core.analysis.METRIC_COLUMNS`:
        ``kl_divergence`` is KL(a || b), ``kl_divergence_reversed`` KL(b || a).
        Without those on heatmaps where a map is zero everywhere.
    notes : tuple of str
        What a reader must know, one plain sentence each.
    """

    a: Explanation
    b: Explanation
    difference: Attribution
    scores: Mapping[str, float]
    notes: tuple[str, ...] = ()


def compare(
    audio_a: Audio,
    audio_b: Audio,
    *,
    type: str,
    family: str,
    other_family: str | None = None,
    method: str = "integrated_gradients",
    preset: str = "default",
    models: str = "starter",
) -> Comparison:
    """Explain two notes in one way and compare the maps.

    Parameters
    ----------
    audio_a, audio_b : path, bytes or Waveform
        The same note twice compares what two models see in it.
    type : str
        Spectrogram type of both.
    family : str
        Whose model is explained for `audio_a`, and for `audio_b` too unless
        `other_family` is given.
    other_family : str, optional
        Whose model is explained for `audio_b`.
    method : {'integrated_gradients', 'grad_cam'}
    preset : {'default', 'paper'}
    models : str
        Name of the model set.

    Returns
    -------
    Comparison

    Raises
    ------
    AudioError, ModelError, InputError
        One plain sentence each.
    """
    a, b = (
        explain(audio, type=type, family=whose, method=method, preset=preset, models=models)
        for audio, whose in ((audio_a, family), (audio_b, other_family or family))
    )
    first, second = (one.attribution.values.astype(np.float64) for one in (a, b))
    difference = Attribution(
        first - second,
        type,
        a.attribution.time,
        a.attribution.bins,
        method=method,
        target=a.attribution.target,
    )
    scores, notes = _scores(first, second)
    return Comparison(a, b, difference, scores, notes)


def _scores(a: FloatArray, b: FloatArray) -> tuple[dict[str, float], tuple[str, ...]]:
    scores = {"difference_mean": METRICS["difference_mean"](a, b)}
    zero = [name for name, one in (("first", a), ("second", b)) if not np.any(one)]
    if zero:
        whose = "Both maps are" if len(zero) == 2 else f"The map of the {zero[0]} note is"
        return scores, (
            f"{whose} zero everywhere, so there are no heatmaps to compare: of the distances "
            "only the Difference Mean is defined.",
        )
    p, q = np.abs(a), np.abs(b)
    for name in METRIC_COLUMNS[1:]:
        metric = METRICS[name.removesuffix("_reversed")]
        scores[name] = metric(q, p) if name.endswith("_reversed") else metric(p, q)
    return scores, ()
