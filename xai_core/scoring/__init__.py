"""Scores of models on notes of instruments that they were not trained on.

``model_scores`` scores one model, the ten of a type and several types together,
``verdict`` learns what each type is worth, and ``bootstrap`` gives the intervals.
"""

from xai_core.scoring.bootstrap import N_RESAMPLES, Resamples, interval, resample_instruments
from xai_core.scoring.model_scores import (
    THRESHOLD,
    binary_scores,
    confidence_error,
    confusion_counts,
    expected_calibration_error,
    reliability_curve,
    ten_way_scores,
)
from xai_core.scoring.verdict import learn_weights

__all__ = [
    "N_RESAMPLES",
    "THRESHOLD",
    "Resamples",
    "binary_scores",
    "confidence_error",
    "confusion_counts",
    "expected_calibration_error",
    "interval",
    "learn_weights",
    "reliability_curve",
    "resample_instruments",
    "ten_way_scores",
]
