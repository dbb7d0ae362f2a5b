"""Distances between two maps of one spectrogram type, and between all pairs of many.

Conventions
-----------
Two 2-D arrays of one shape, frames by bins, in; one number out. Difference Mean
compares attributions, in the units of the model's output; the other four
compare heatmaps, which are scaled to sum to 1 first.
"""

from xai_core.metrics.binwise import (
    difference_mean,
    js_divergence,
    kl_divergence,
)
from xai_core.metrics.pairwise import METRICS, SYMMETRIC, cross, distances, pairwise
from xai_core.metrics.prepared import Prepared, prepare
from xai_core.metrics.transport import emd, emd_values

__all__ = [
    "METRICS",
    "SYMMETRIC",
    "Prepared",
    "cross",
    "difference_mean",
    "distances",
    "emd",
    "emd_values",
    "js_divergence",
    "kl_divergence",
    "pairwise",
    "prepare",
]
