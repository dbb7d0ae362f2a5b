"""The JSON of a result: numbers, every setting that decided them, and versions.

Conventions
-----------
``settings`` are those of :class:`xai_core.explanations.settings.Settings` that have an
effect, with the SHA-256 of model, note and baseline; digests of arrays are those
of 32-bit floats. :mod:`xai_core.results.rerun` reads an explanation back.
"""

from __future__ import annotations

import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from xai_core import __version__, store
from xai_core.attribution.salient_regions import find_salient_regions
from xai_core.explanations.loaded_models import array_digest
from xai_core.values import Explanation, Prediction

if TYPE_CHECKING:
    from xai_core.explanations.comparison import Comparison

__all__ = [
    "MAKER",
    "comparison_record",
    "explanation_record",
    "model_digests",
    "prediction_record",
    "versions_here",
]

MAKER = "TimbreLens"  # in every JSON of ours
PACKAGES = ("numpy", "librosa", "keras")
TENSORFLOWS = ("tensorflow", "tensorflow-cpu", "tensorflow-macos")  # names of one package


def explanation_record(
    explanation: Explanation, *, note: str, start: float = 0.0
) -> dict[str, Any]:
    """Return what the JSON of an explanation holds.

    Parameters
    ----------
    explanation, note, start
        As :func:`explanation_files`.

    Returns
    -------
    dict
        JSON-serialisable. ``settings`` decide the map, with the SHA-256 of
        model, note and baseline; ``attribution_sha256`` is that of the map;
        ``evidence`` are its strongest regions.
    """
    completeness = explanation.completeness
    return {
        **_made_by("explanation"),
        "note": note,
        "start": start,
        "audio": list(explanation.waveform.edits),
        "family": explanation.family,
        "probability": explanation.probability,
        "logit": explanation.logit,
        "completeness": None
        if completeness is None
        else {**asdict(completeness), "error": completeness.error},
        "settings": explanation.settings,
        "evidence": asdict(find_salient_regions(explanation.attribution)),
        "attribution_sha256": array_digest(explanation.attribution.values),
        "notes": list(explanation.notes),
    }


def comparison_record(comparison: Comparison, *, notes: tuple[str, str]) -> dict[str, Any]:
    """Return what the JSON of a comparison holds: distances, and both explanations."""
    return {
        **_made_by("comparison"),
        "scores": dict(comparison.scores),
        "unit": comparison.difference.target,
        "a": explanation_record(comparison.a, note=notes[0]),
        "b": explanation_record(comparison.b, note=notes[1]),
        "notes": list(comparison.notes),
    }


def prediction_record(prediction: Prediction, *, note: str, start: float = 0.0) -> dict[str, Any]:
    """Return what the JSON of all models' answers holds, with the SHA-256 of note and models."""
    return {
        **_made_by("prediction"),
        "note": note,
        "start": start,
        "audio": list(prediction.waveform.edits),
        "note_sha256": array_digest(prediction.waveform.y),
        "probabilities": prediction.by_type(),
        "verdict": prediction.verdict(),
        "weights": dict(prediction.weights),
        "models": prediction.models,
        "model_sha256": model_digests(prediction),
    }


def model_digests(prediction: Prediction) -> dict[str, dict[str, str]]:
    """Return the SHA-256 of the models that answered, ``{type: {family: digest}}``."""
    return {
        type: {
            family: store.read_card(type, family, models=prediction.models).sha256 for family in row
        }
        for type, row in prediction.probabilities.items()
    }


def versions_here() -> dict[str, str]:
    """Return the versions of Python and of the packages that a map depends on."""
    tensorflow = next((found for name in TENSORFLOWS if (found := _version(name))), "")
    here = {"python": platform.python_version(), "xai_core": __version__}
    return {**here, **{name: _version(name) for name in PACKAGES}, "tensorflow": tensorflow}


# ----------------------------------------------------------------------- private


def _made_by(kind: str) -> dict[str, Any]:
    return {
        "made_by": MAKER,
        "kind": kind,
        "version": __version__,
        "versions": versions_here(),
        "code_sha256": store.explaining_code(),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
