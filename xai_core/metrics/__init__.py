"""Distances between two maps of one spectrogram type, and between all pairs of many.

Conventions
-----------
Two 2-D arrays of one shape, frames by bins, in; one number out. Metrics on
attributions compare them in the units of the model's output; those on heatmaps
scale both maps to sum to 1 first. What each is called and means is in
:mod:`xai_core.catalogue.metrics`.
"""

from xai_core.catalogue.metrics import METRICS as _CATALOGUE
from xai_core.metrics.binwise import difference_mean, js_divergence, kl_divergence
from xai_core.metrics.pairwise import (
    comparable,
    distances,
    pairwise,
    parts_by_sign,
    prepare,
)
from xai_core.metrics.registry import Function, Prepared, function_of, metric_settings
from xai_core.metrics.transport import emd, emd_values

__all__ = [
    "METRICS",
    "Prepared",
    "comparable",
    "difference_mean",
    "distances",
    "emd",
    "emd_values",
    "function_of",
    "js_divergence",
    "kl_divergence",
    "metric_settings",
    "pairwise",
    "parts_by_sign",
    "prepare",
]

METRICS: dict[str, Function] = {name: function_of(name) for name in _CATALOGUE}
