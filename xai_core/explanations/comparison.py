"""Two notes explained, and how far apart their maps are.

Conventions
-----------
The difference is ``a - b``, signed, in units of the target: the subtraction of
the paper's figure 3. Maps of two methods have two units, so there the heatmaps
are subtracted, each of which sums to 1. Maps of two spectrogram types have two grids
and their models two units: both are carried to the canvas, hertz and seconds, and
their heatmaps subtracted there. Of two methods of which one shows no evidence against
the family, such as Integrated Gradients and Grad-CAM, only the positive values of both
count, unless absolute values are asked for. Distances are those of
:mod:`xai_core.metrics`; the divergence that is not symmetric is given in both directions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from xai_core.canvas import on_canvas
from xai_core.catalogue.methods import DEFAULT_METHOD, map_kind
from xai_core.catalogue.metrics import METRICS
from xai_core.errors import GridMismatchError, InputError
from xai_core.explanations.explain import Audio, explain
from xai_core.metrics import comparable, function_of
from xai_core.values import POSITIVE_SHARE, SHARE, Attribution, Explanation, FloatArray

__all__ = [
    "ABSOLUTE",
    "EVIDENCE",
    "POSITIVE",
    "Comparison",
    "are_unlike",
    "compare",
    "compare_explanations",
]

POSITIVE, ABSOLUTE = "positive", "absolute"
EVIDENCE = {POSITIVE: "positive evidence", ABSOLUTE: "absolute values"}  # what shares are of
ONLY_POSITIVE = (
    "Only what speaks for the family counts, on both sides: shares are of the positive values."
)

ON_ATTRIBUTIONS = [one.label for one in METRICS.values() if one.on == "attributions"]
OF_TWO_METHODS = (
    "Two methods measure in two units, so both maps are shown as shares of their sum, and there is "
    f"no {' and no '.join(ON_ATTRIBUTIONS)}."
)
EMPTY = "is zero everywhere", "are zero everywhere"  # of one map, of both
NOTHING_FOR = "has nothing that speaks for the family", "have nothing that speaks for the family"
OF_TWO_TYPES = (
    "Two spectrogram types have two grids, and their models two units, so both maps are carried to "
    "hertz and seconds and shown as shares of their sum, and there is no "
    f"{' and no '.join(ON_ATTRIBUTIONS)}."
)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two explanations, their difference and their distances.

    Parameters
    ----------
    a, b : Explanation
        Each on its own grid.
    maps : tuple of two Attribution
        What is subtracted: the attributions of `a` and `b`, or their heatmaps
        (zero where an attribution is) if the methods differ; the heatmaps of both in
        hertz and seconds if the spectrogram types differ.
    difference : Attribution
        The first of `maps` less the second, in their unit.
    evidence : {'positive', 'absolute'} or None
        What the shares are of, where `maps` are shares; None where they are not.
    scores : mapping of str to float
        By the names of :data:`xai_core.pair_tables.METRIC_COLUMNS`:
        ``kl_divergence`` is KL(a || b), ``kl_divergence_reversed`` KL(b || a).
        Without those on heatmaps where a map is zero everywhere, and without
        those on attributions where the methods or the types differ.
    notes : tuple of str
        What a reader must know, one plain sentence each.
    """

    a: Explanation
    b: Explanation
    maps: tuple[Attribution, Attribution]
    difference: Attribution
    scores: Mapping[str, float]
    notes: tuple[str, ...] = ()
    evidence: str | None = None

    @property
    def across_types(self) -> bool:
        """Whether the two explanations have two spectrogram types."""
        return self.a.attribution.type != self.b.attribution.type


def compare(
    audio_a: Audio,
    audio_b: Audio,
    *,
    type: str,
    family: str,
    other_type: str | None = None,
    other_family: str | None = None,
    method: str = DEFAULT_METHOD,
    other_method: str | None = None,
    evidence: str | None = None,
    preset: str = "default",
    models: str = "starter",
) -> Comparison:
    """Explain two notes and compare the maps.

    Parameters
    ----------
    audio_a, audio_b : path, bytes or Waveform
        The same note twice compares what two models see in it.
    type : str
        Spectrogram type, for `audio_a`, and for `audio_b` too unless `other_type` is
        given.
    family : str
        Whose model is explained for `audio_a`, and for `audio_b` too unless
        `other_family` is given.
    other_type : str, optional
        Spectrogram type for `audio_b`. Two types are compared in hertz and seconds.
    other_family : str, optional
        Whose model is explained for `audio_b`.
    method : str
        Of :data:`xai_core.catalogue.methods.METHODS`. For `audio_a`, and for
        `audio_b` too unless `other_method` is given.
    other_method : str, optional
    evidence : {'positive', 'absolute'}, optional
        As of :func:`compare_explanations`.
    preset : {'default', 'paper', 'precise'}
    models : str
        Name of the model set.

    Raises
    ------
    AudioError, ModelError, InputError
        One plain sentence each.
    """
    first, second = method, other_method or method
    a, b = (
        explain(audio, type=by, family=whose, method=how, preset=preset, models=models)
        for audio, by, whose, how in (
            (audio_a, type, family, first),
            (audio_b, other_type or type, other_family or family, second),
        )
    )
    return compare_explanations(a, b, evidence=evidence)


def are_unlike(method: str, other_method: str) -> bool:
    """Whether one of two methods shows evidence against a family and the other does not.

    Examples
    --------
    >>> are_unlike("integrated_gradients", "grad_cam"), are_unlike("grad_cam", "layer_cam")
    (True, False)
    """
    return map_kind(method).signed != map_kind(other_method).signed


def compare_explanations(
    a: Explanation, b: Explanation, *, evidence: str | None = None
) -> Comparison:
    """Subtract and measure two explanations.

    Those of two spectrogram types are compared on the canvas, as shares.

    Parameters
    ----------
    a, b : Explanation
    evidence : {'positive', 'absolute'}, optional
        What the shares are of, where maps are compared as shares: positive values alone, or
        absolute values. By default positive values where the methods are unlike
        (:func:`are_unlike`), else absolute ones.

    Raises
    ------
    GridMismatchError
        If they have one type and two grids.
    InputError
        If one explains the logit and the other the probability by one method and
        type: their units cannot be subtracted. If one of two types has no rule that
        carries it to hertz.
    """
    if evidence is not None and evidence not in EVIDENCE:
        raise InputError(f"expected evidence {' or '.join(EVIDENCE)}, got {evidence!r}")
    across = a.attribution.type != b.attribution.type
    shown = tuple(on_canvas(one) if across else one for one in (a, b))
    first, second = (one.attribution for one in shown)
    if not first.same_grid(second):
        shapes = [
            f"{one.attribution.type} with {one.attribution.values.shape[1]} bins" for one in (a, b)
        ]
        raise GridMismatchError(
            f"expected two maps of one grid, got {shapes[0]} and {shapes[1]}: compare maps of one "
            "spectrogram type"
        )
    in_shares = across or first.method != second.method
    targets = (first.target, second.target)
    if not in_shares and targets[0] != targets[1]:
        raise InputError(
            f"expected two maps in one unit, got one of the {targets[0]} and one of the "
            f"{targets[1]}: explain both with the same target"
        )
    counted = None
    if in_shares:
        counted = evidence or (POSITIVE if are_unlike(first.method, second.method) else ABSOLUTE)
    maps = tuple(_shares(one, counted) if counted else one for one in (first, second))
    difference = replace(
        maps[0], values=maps[0].values.astype(np.float64) - maps[1].values.astype(np.float64)
    )
    scores, notes = _scores(
        *(one.values.astype(np.float64) for one in maps),
        in_shares=in_shares,
        reason=OF_TWO_TYPES if across else OF_TWO_METHODS,
        empty=NOTHING_FOR if counted == POSITIVE else EMPTY,
    )
    if counted == POSITIVE:
        notes = (notes[0], ONLY_POSITIVE, *notes[1:])
    added = [note for one, old in zip(shown, (a, b), strict=True) for note in _added(one, old)]
    notes = (*notes, *dict.fromkeys(added))
    return Comparison(a, b, (maps[0], maps[1]), difference, scores, notes, counted)


def _added(shown: Explanation, old: Explanation) -> tuple[str, ...]:
    """Return what carrying a map to the canvas adds to what a reader must know."""
    return tuple(note for note in shown.notes if note not in old.notes)


def _shares(attribution: Attribution, evidence: str) -> Attribution:
    """Return how much of the whole each bin is; zero where there is nothing to share."""
    if evidence == POSITIVE:
        positive = np.maximum(attribution.values, 0)
        attribution = replace(attribution, values=positive, target=POSITIVE_SHARE)
    else:
        attribution = replace(attribution, target=SHARE)
    if attribution.is_zero:
        return attribution
    return replace(attribution, values=attribution.heatmap().values)


def _scores(
    a: FloatArray,
    b: FloatArray,
    *,
    in_shares: bool = False,
    reason: str = OF_TWO_METHODS,
    empty: tuple[str, str] = EMPTY,
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
    notes = (reason,) if in_shares else ()
    if zero:
        whose = (
            f"Both maps {empty[1]}"
            if len(zero) == 2
            else f"The map of the {zero[0]} note {empty[0]}"
        )
        verb = "is" if len(ON_ATTRIBUTIONS) == 1 else "are"
        these = " and ".join(f"the {label}" for label in ON_ATTRIBUTIONS)
        left = "none is defined" if in_shares else f"only {these} {verb} defined"
        said = f"{whose}, so there are no heatmaps to compare: of the distances"
        notes = (*notes, f"{said} {left}.")
    return scores, notes
