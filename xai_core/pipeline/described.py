"""What decided an analysis, in a form that JSON holds: models, notes, methods, versions."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from xai_core import __version__
from xai_core.analysis import METRIC_COLUMNS
from xai_core.metrics.divergence import EPSILON
from xai_core.metrics.transport import MAX_BINS
from xai_core.pipeline.planning import Cards, Chosen
from xai_core.pipeline.settings import Settings

__all__ = ["describe_analysis"]

METRIC_SETTINGS = {
    "names": list(METRIC_COLUMNS),
    "kl_divergence_epsilon": EPSILON,
    "emd_ground": "cityblock",
    "emd_pooled_to_at_most": [MAX_BINS, MAX_BINS],
}
PACKAGES = ("numpy", "scipy", "numba", "POT", "librosa", "keras", "pandas", "pyarrow")


def describe_analysis(
    cards: Cards,
    settings: Mapping[str, Settings],
    chosen: Chosen,
    *,
    models: str,
    data_sets: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Return models, notes, methods and versions as JSON has them.

    Parameters
    ----------
    cards : mapping
        ``{type: {family: Card}}`` of the models that are explained.
    settings : mapping
        ``{method: Settings}``.
    chosen : mapping
        ``{family: notes}``.
    models : str
        Name of the set.
    data_sets : sequence of mapping
        Where the notes are from.
    """
    digests = {
        type: {family: card.sha256 for family, card in of_type.items()}
        for type, of_type in cards.items()
    }
    return {
        "types": list(cards),
        "families": list(chosen),
        "methods": list(settings),
        "presets": {method: one.as_dict() for method, one in settings.items()},
        "models": {"name": models, "sha256": digests},
        "data": [dict(one) for one in data_sets],
        "notes": {
            family: {note.record.note: note.sha256 for note in notes}
            for family, notes in chosen.items()
        },
        "metrics": METRIC_SETTINGS,
        "versions": {
            "timbrelens": __version__,
            "python": platform.python_version(),
            "tensorflow": _version_of_tensorflow(),
            **{package: version(package) for package in PACKAGES},
        },
    }


def _version_of_tensorflow() -> str:
    with suppress(PackageNotFoundError):  # its name where there is a build without CUDA
        return version("tensorflow-cpu")
    return version("tensorflow")
