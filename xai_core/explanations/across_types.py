"""The maps of one note by several spectrogram types, and how far apart they are.

Conventions
-----------
Maps are carried to the canvas, hertz and seconds, and compared there as heatmaps: the
units of two models differ. Row i, column j is the distance from the map of type i to
that of type j. A map that is zero everywhere has no heatmap, and NaN as distances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xai_core.canvas import is_carried, on_canvas
from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.metrics import metric as entry_of
from xai_core.catalogue.types import spectrogram_type
from xai_core.errors import InputError
from xai_core.explanations.loaded_models import LRUCache, array_digest
from xai_core.metrics import pairwise
from xai_core.values import Explanation, FloatArray

__all__ = ["ON_HEATMAPS", "AcrossTypes", "distances_across_types"]

ON_HEATMAPS = tuple(name for name, one in METRICS.items() if one.on == "heatmaps")
KEPT = 64  # matrices of at most 6 x 6
_matrices: LRUCache[tuple[str, ...], FloatArray] = LRUCache(KEPT)


@dataclass(frozen=True, eq=False)
class AcrossTypes:
    """Distances between the maps of one note by several spectrogram types.

    Parameters
    ----------
    types : tuple of str
    metric : str
    distances : ndarray, shape (n_types, n_types)
        From the map of the row to that of the column; NaN where either is zero.
    notes : tuple of str
        What a reader must know, one plain sentence each.
    """

    types: tuple[str, ...]
    metric: str
    distances: FloatArray
    notes: tuple[str, ...] = ()


def distances_across_types(explanations: Sequence[Explanation], metric: str) -> AcrossTypes:
    """Measure the maps of one note by several types against each other.

    Parameters
    ----------
    explanations : sequence of Explanation
        Of one note and family, one a type. A type without a rule that carries it to
        hertz is left out, which is said.
    metric : str
        One of :data:`ON_HEATMAPS`.

    Raises
    ------
    InputError
        If the metric is unknown or compares attributions, whose units differ, or fewer
        than two types have a place in hertz.
    """
    if entry_of(metric).on != "heatmaps":
        raise InputError(
            f"{metric} compares maps in one unit, which those of two spectrogram types have not: "
            f"choose one of {', '.join(ON_HEATMAPS)}"
        )
    carried = [one for one in explanations if is_carried(one.attribution.type)]
    if len(carried) < 2:
        raise InputError(
            f"expected maps of at least two spectrogram types that have a place in hertz, got "
            f"{len(carried)}"
        )
    left_out = [one.attribution.type for one in explanations if one not in carried]
    shown = [on_canvas(one) for one in carried]
    types = tuple(one.attribution.type for one in carried)
    key = (metric, *(array_digest(one.attribution.values) for one in shown))
    distances = _matrices.get(
        key, lambda: _matrix([one.attribution.values for one in shown], metric)
    )
    zero = [type for type, one in zip(types, shown, strict=True) if one.attribution.is_zero]
    notes = [
        *(f"{_label(type)} has no place in hertz, so it is left out." for type in left_out),
        *(
            f"The {_label(type)} map is zero everywhere, so it has no distance to the others."
            for type in zero
        ),
        *(
            note
            for one, old in zip(shown, carried, strict=True)
            for note in one.notes
            if note not in old.notes
        ),
    ]
    return AcrossTypes(types, metric, distances, tuple(dict.fromkeys(notes)))


def _matrix(maps: Sequence[FloatArray], metric: str) -> FloatArray:
    """Return the distances between canvases, NaN in rows and columns of those that are zero."""
    found = np.full((len(maps), len(maps)), np.nan)
    present = [k for k, one in enumerate(maps) if np.any(one)]
    if present:
        found[np.ix_(present, present)] = pairwise([np.abs(maps[k]) for k in present], metric)
    found.setflags(write=False)
    return found


def _label(type: str) -> str:
    return spectrogram_type(type).label
