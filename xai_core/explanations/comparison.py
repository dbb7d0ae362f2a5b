"""Two notes explained, and how far apart their maps are.

Conventions
-----------
The difference is ``a - b``, signed, in units of the target: the subtraction of
the paper's figure 3. Maps of two methods have two units, so there the heatmaps
are subtracted, each of which sums to 1. Distances are those of :mod:`xai_core.metrics`; the
divergence that is not symmetric is given in both directions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from xai_core.catalogue.methods import DEFAULT_METHOD
from xai_core.catalogue.metrics import METRICS
from xai_core.errors import GridMismatchError, InputError
from xai_core.explanations.explain import Audio, explain
from xai_core.metrics import comparable, function_of
from xai_core.values import Attribution, Explanation, FloatArray

__all__ = ["Comparison", "compare", "compare_explanations"]

SHARE = "share of the map"  # unit of maps of two methods
ON_ATTRIBUTIONS = [one.label for one in METRICS.values() if one.on == "attributions"]
OF_TWO_METHODS = (
    "Two methods measure in two units, so both maps are shown as shares of their sum, and there is "
    f"no {' and no '.join(ON_ATTRIBUTIONS)}."
)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two explanations of one type, their difference and their distances.

    Parameters
    ----------
    a, b : Explanation
    maps : tuple of two Attribution
        What is subtracted: the attributions of `a` and `b`, or their heatmaps
        (zero where an attribution is) if the methods differ.
    difference : Attribution
        The first of `maps` less the second, in their unit.
    scores : mapping of str to float
        By the names of :data:`xai_core.pair_tables.METRIC_COLUMNS`:
        ``kl_divergence`` is KL(a || b), ``kl_divergence_reversed`` KL(b || a).
        Without those on heatmaps where a map is zero everywhere, and without
        those on attributions where the methods differ.
    notes : tuple of str
        What a reader must know, one plain sentence each.
    """

    a: Explanation
    b: Explanation
    maps: tuple[Attribution, Attribution]
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
    method: str = DEFAULT_METHOD,
    other_method: str | None = None,
    preset: str = "default",
    models: str = "starter",
) -> Comparison:
    """Explain two notes and compare the maps.

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
    method : str
        Of :data:`xai_core.catalogue.methods.METHODS`. For `audio_a`, and for
        `audio_b` too unless `other_method` is given.
    other_method : str, optional
    preset : {'default', 'paper'}
    models : str
        Name of the model set.

    Raises
    ------
    AudioError, ModelError, InputError
        One plain sentence each.
    """
    first, second = method, other_method or method
    a, b = (
        explain(audio, type=type, family=whose, method=how, preset=preset, models=models)
        for audio, whose, how in (
            (audio_a, family, first),
            (audio_b, other_family or family, second),
        )
    )
    return compare_explanations(a, b)


def compare_explanations(a: Explanation, b: Explanation) -> Comparison:
    """Subtract and measure two explanations of one spectrogram type.

    Raises
    ------
    GridMismatchError
        If their grids differ.
    InputError
        If one explains the logit and the other the probability by one method:
        their units cannot be subtracted.
    """
    if not a.attribution.same_grid(b.attribution):
        shapes = [
            f"{one.attribution.type} with {one.attribution.values.shape[1]} bins" for one in (a, b)
        ]
        raise GridMismatchError(
            f"expected two maps of one grid, got {shapes[0]} and {shapes[1]}: compare maps of one "
            "spectrogram type"
        )
    in_shares = a.attribution.method != b.attribution.method
    targets = (a.attribution.target, b.attribution.target)
    if not in_shares and targets[0] != targets[1]:
        raise InputError(
            f"expected two maps in one unit, got one of the {targets[0]} and one of the "
            f"{targets[1]}: explain both with the same target"
        )
    maps = tuple(_shares(one.attribution) if in_shares else one.attribution for one in (a, b))
    difference = replace(
        maps[0], values=maps[0].values.astype(np.float64) - maps[1].values.astype(np.float64)
    )
    scores, notes = _scores(*(one.values.astype(np.float64) for one in maps), in_shares=in_shares)
    return Comparison(a, b, (maps[0], maps[1]), difference, scores, notes)


def _shares(attribution: Attribution) -> Attribution:
    """Return how much of the whole each bin is, either way; zero if the map is zero."""
    values = attribution.values if attribution.is_zero else attribution.heatmap().values
    return replace(attribution, values=values, target=SHARE)


def _scores(
    a: FloatArray, b: FloatArray, *, in_shares: bool = False
) -> tuple[dict[str, float], tuple[str, ...]]:
    """Return every metric that is defined, and why others are not."""
    zero = [name for name, one in (("first", a), ("second", b)) if not np.any(one)]
    scores: dict[str, float] = {}
    for name, metric in METRICS.items():
        if in_shares if metric.on == "attributions" else zero:
            continue
        maps = comparable(a, name), comparable(b, name)
        for column, ends in zip(metric.directions, (maps, maps[::-1]), strict=False):
            scores[column] = function_of(name)(*ends)
    notes = (OF_TWO_METHODS,) if in_shares else ()
    if zero:
        whose = "Both maps are" if len(zero) == 2 else f"The map of the {zero[0]} note is"
        verb = "is" if len(ON_ATTRIBUTIONS) == 1 else "are"
        these = " and ".join(f"the {label}" for label in ON_ATTRIBUTIONS)
        left = "none is defined" if in_shares else f"only {these} {verb} defined"
        said = f"{whose} zero everywhere, so there are no heatmaps to compare: of the distances"
        notes = (*notes, f"{said} {left}.")
    return scores, notes
