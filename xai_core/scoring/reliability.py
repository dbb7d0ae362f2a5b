"""How far probabilities can be taken at their word.

Conventions
-----------
Ten bins of equal width cover [0, 1]; the last includes 1. Both classes weigh
the same, which is what the probabilities mean here: notes of the family weigh
one half together, the others the other half.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xai_core.scores import Reliability
from xai_core.values import FloatArray

__all__ = ["N_BINS", "expected_calibration_error", "reliability_curve"]

N_BINS = 10


def reliability_curve(probabilities: FloatArray, positive: npt.NDArray[np.bool_]) -> Reliability:
    """Return what becomes of the notes that a model gives about the same probability.

    Parameters
    ----------
    probabilities : ndarray, shape (n_notes,)
    positive : ndarray of bool, shape (n_notes,)
        Of both classes at least one note.

    Returns
    -------
    Reliability
    """
    bins = bin_numbers(probabilities)
    weight = class_weights(positive)
    in_bin = np.asarray(np.bincount(bins, weight, N_BINS), np.float64)
    with np.errstate(invalid="ignore"):  # an empty bin has neither
        probability = np.bincount(bins, weight * probabilities, N_BINS) / in_bin
        frequency = np.bincount(bins, weight * positive, N_BINS) / in_bin
    return Reliability(
        n_notes=np.bincount(bins, minlength=N_BINS),
        n_positive=np.bincount(bins[positive], minlength=N_BINS),
        weight=in_bin,
        probability=probability,
        frequency=frequency,
    )


def expected_calibration_error(probabilities: FloatArray, positive: npt.NDArray[np.bool_]) -> float:
    """Return the mean distance between predicted probability and observed frequency.

    Returns
    -------
    float
        ``sum_b w_b |frequency_b - probability_b|`` over ten bins of equal
        width, in [0, 1]; 0 where probabilities can be taken at their word.

    References
    ----------
    Naeini, Cooper and Hauskrecht 2015, "Obtaining well calibrated
    probabilities using Bayesian binning", with weights for the classes.

    Examples
    --------
    >>> round(expected_calibration_error(np.full(4, 0.9), np.array([1, 0, 1, 0], bool)), 9)
    0.4
    """
    return reliability_curve(probabilities, positive).expected_calibration_error


def bin_numbers(probabilities: FloatArray) -> npt.NDArray[np.int64]:
    """Return the bin of each probability, 0 to 9."""
    return np.digitize(probabilities, np.arange(1, N_BINS) / N_BINS)


def class_weights(positive: npt.NDArray[np.bool_]) -> FloatArray:
    """Return a weight for each note, so that each class weighs one half."""
    n_positive = int(positive.sum())
    return np.where(positive, 0.5 / n_positive, 0.5 / (positive.size - n_positive))
