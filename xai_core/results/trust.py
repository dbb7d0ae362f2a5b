"""The tests of a map as a record for JSON."""

from __future__ import annotations

import math
from typing import Any

from xai_core.explanations.trust import Removal, TrustScores, trust_sentence

__all__ = ["trust_record"]


def trust_record(scores: TrustScores, *, note: str) -> dict[str, Any]:
    """Return finished tests of a map, JSON-serialisable.

    Parameters
    ----------
    scores : TrustScores
    note : str
        Name of the note.

    Returns
    -------
    dict
        Curves with their fractions, logits and areas; a correlation that is not defined, and a
        test that could not be made, is None.
    """
    explanation = scores.explanation
    completeness, classes = explanation.completeness, scores.class_overlap
    agreement = scores.agreement
    return {
        "note": note,
        "settings": explanation.settings,
        "probability": explanation.probability,
        "sentence": trust_sentence(scores),
        "over_energy": scores.over_energy,
        "over_random": scores.over_random,
        "deletion": _removal(scores.deletion),
        "insertion": _removal(scores.insertion),
        "cascade": [
            {
                "layer": stage.layer or None,
                "absolute": stage.absolute,
                "signed": stage.signed,
                "with_spectrogram": stage.with_spectrogram,
            }
            for stage in scores.cascade
        ],
        "sensitivity": scores.sensitivity,
        "class_overlap": classes and {"families": [*classes.families], "overlap": classes.overlap},
        "completeness_error": completeness and completeness.error,
        "map_error": completeness and completeness.map_error,
        "agreement": agreement
        and {
            "methods": [*agreement.methods],
            "correlations": [
                [float(value) if math.isfinite(value) else None for value in row]
                for row in agreement.correlations
            ],
            "left_out": [*agreement.left_out],
        },
        "notes": [*explanation.notes, *scores.notes],
    }


def _removal(removal: Removal | None) -> dict[str, Any] | None:
    if removal is None:
        return None
    curves = {
        "by_map": removal.by_map,
        "by_energy": removal.by_energy,
        "at_random": removal.at_random,
    }
    return {
        name: curve
        and {
            "area": curve.area,
            "fractions": curve.fractions.tolist(),
            "outputs": curve.outputs.tolist(),
        }
        for name, curve in curves.items()
    }
