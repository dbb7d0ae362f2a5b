"""Scores of binary models: of one, of the ten of a type, and of several types together.

Conventions
-----------
Scores are taken on instruments that training never saw. A model predicts its
family from a probability of 0.5. "Balanced" numbers weigh both classes the same:
notes of the family weigh one half together, the others the other half. Ten bins
of equal width cover the probabilities of a reliability curve; the last includes 1.
scikit-learn computes what it can; what it cannot is the same formula for a
thousand resamples at once.

Of ten models, the family that is named is the one whose model gives the largest
probability. All families weigh the same, however many notes they have; chance is
0.1. Several types are combined by :func:`xai_core.scores.combine_types`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import (
    balanced_accuracy_score,
    brier_score_loss,
    confusion_matrix,
    precision_recall_fscore_support,
    recall_score,
    roc_auc_score,
)

from xai_core.errors import InputError
from xai_core.scores import Reliability
from xai_core.scoring.bootstrap import Resamples, interval
from xai_core.values import FAMILIES, FloatArray

__all__ = [
    "THRESHOLD",
    "binary_scores",
    "confidence_error",
    "confusion_counts",
    "expected_calibration_error",
    "reliability_curve",
    "resampled_scores",
    "ten_way_scores",
]

THRESHOLD = 0.5  # probability from which a model predicts its family
CHANCE = 0.5  # balanced accuracy of a model that guesses


def binary_scores(
    probabilities: FloatArray,
    positive: npt.NDArray[np.bool_],
    *,
    resamples: Resamples | None = None,
) -> dict[str, Any]:
    """Return the scores of one binary model.

    Parameters
    ----------
    probabilities : ndarray, shape (n_notes,)
    positive : ndarray of bool, shape (n_notes,)
        Whether a note is of the model's family.
    resamples : Resamples, optional
        Draws of the notes' instruments, for the intervals.

    Returns
    -------
    dict
        ``n_notes, n_positive, balanced_accuracy, precision, recall, f1,
        roc_auc, brier``; all but the counts in [0, 1]. 0.5 is chance for
        balanced accuracy and ROC AUC; 0 is best for the Brier score. A model
        that never predicts its family has precision 0.

        With `resamples` also ``threshold``; ``ece``, the expected calibration
        error; ``reliability``, the bins it comes from; ``n_instruments`` and
        ``n_positive_instruments``; ``intervals``, ``{metric: [low, high]}``, or
        None where the family, or all others together, have one instrument;
        and ``better_than_chance``: whether the interval of the balanced
        accuracy lies above 0.5, which without an interval is not shown.

    Raises
    ------
    InputError
        If the notes are all of the family, or none is.

    Examples
    --------
    >>> binary_scores(np.array([0.9, 0.6, 0.2]), np.array([True, False, False]))["roc_auc"]
    1.0
    """
    n_positive = int(positive.sum())
    n_negative = positive.size - n_positive
    if n_positive == 0 or n_negative == 0:
        raise InputError(
            f"expected notes of a family and of others, got {n_positive} and {n_negative}: "
            "has every family instruments to be tested on?"
        )
    predicted = probabilities >= THRESHOLD
    precision, recall, f1, _ = precision_recall_fscore_support(
        positive, predicted, average="binary", zero_division=0.0
    )
    scores = {
        "n_notes": int(positive.size),
        "n_positive": n_positive,
        "balanced_accuracy": float(balanced_accuracy_score(positive, predicted)),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
        "roc_auc": float(roc_auc_score(positive, probabilities)),
        "brier": float(brier_score_loss(positive, probabilities)),
    }
    if resamples is None:
        return scores
    return scores | _with_instruments(probabilities, positive, resamples)


def resampled_scores(
    probabilities: FloatArray, positive: npt.NDArray[np.bool_], resamples: Resamples
) -> dict[str, FloatArray]:
    """Return each score for each resample, all of shape (n_resamples,).

    Parameters
    ----------
    probabilities, positive
        As in :func:`binary_scores`.
    resamples : Resamples

    Returns
    -------
    dict
        ``balanced_accuracy, precision, recall, f1, roc_auc, brier, ece``. The
        mean of a resampled ``ece`` lies above the score itself: a resample has
        fewer instruments, whose chance deviations add to the error.
    """
    predicted = probabilities >= THRESHOLD
    columns = np.stack(
        [
            positive,
            ~positive,
            positive & predicted,
            ~positive & predicted,
            (probabilities - positive) ** 2,
        ],
        axis=1,
    )
    n_positive, n_negative, hits, alarms, error = resamples.sums(columns.astype(np.float64)).T
    recall, yes = hits / n_positive, hits + alarms
    return {
        "balanced_accuracy": (recall + 1.0 - alarms / n_negative) / 2.0,
        "precision": np.divide(hits, yes, out=np.zeros_like(yes), where=yes > 0),
        "recall": recall,
        "f1": 2.0 * hits / (n_positive + yes),
        "roc_auc": _pairs_won(probabilities, positive, resamples) / (n_positive * n_negative),
        "brier": error / (n_positive + n_negative),
        "ece": _calibration_errors(probabilities, positive, resamples, n_positive, n_negative),
    }


def _with_instruments(
    probabilities: FloatArray, positive: npt.NDArray[np.bool_], resamples: Resamples
) -> dict[str, Any]:
    reliability = reliability_curve(probabilities, positive)
    intervals = None
    if resamples.are_enough(positive) and resamples.are_enough(~positive):
        resampled = resampled_scores(probabilities, positive, resamples)
        intervals = {metric: interval(values) for metric, values in resampled.items()}
    return {
        "threshold": THRESHOLD,
        "ece": reliability.expected_calibration_error,
        "reliability": reliability.as_dict(),
        "n_instruments": resamples.n_instruments,
        "n_positive_instruments": resamples.count(positive),
        "intervals": intervals,
        "better_than_chance": intervals is not None and intervals["balanced_accuracy"][0] > CHANCE,
    }


def _pairs_won(
    probabilities: FloatArray, positive: npt.NDArray[np.bool_], resamples: Resamples
) -> FloatArray:
    """Return, for each resample, the pairs in which a note of the family scores higher.

    A tie counts one half. The pairs are counted once for every two instruments.
    """
    n = resamples.n_instruments
    won = np.zeros((n, n))  # (instrument of the family, instrument of another)
    of_family = probabilities[positive]
    for other in np.unique(resamples.instrument[~positive]):
        rivals = np.sort(probabilities[~positive & (resamples.instrument == other)])
        below = np.searchsorted(rivals, of_family, "left")
        up_to = np.searchsorted(rivals, of_family, "right")
        won[:, other] = np.bincount(resamples.instrument[positive], (below + up_to) / 2.0, n)
    return np.asarray(((resamples.draws @ won) * resamples.draws).sum(axis=1))


def _calibration_errors(
    probabilities: FloatArray,
    positive: npt.NDArray[np.bool_],
    resamples: Resamples,
    n_positive: FloatArray,
    n_negative: FloatArray,
) -> FloatArray:
    """Return the expected calibration error of each resample, its classes weighed anew."""
    in_bin = np.eye(N_BINS)[bin_numbers(probabilities)]  # (n_notes, n_bins)
    gap = (positive - probabilities)[:, np.newaxis] * in_bin
    of_family = resamples.sums(gap * positive[:, np.newaxis]) / n_positive[:, np.newaxis]
    of_others = resamples.sums(gap * ~positive[:, np.newaxis]) / n_negative[:, np.newaxis]
    return np.asarray(0.5 * np.abs(of_family + of_others).sum(axis=1))


N_BINS = 10


def reliability_curve(probabilities: FloatArray, positive: npt.NDArray[np.bool_]) -> Reliability:
    """Return the frequency of the family among notes of about the same probability.

    Parameters
    ----------
    probabilities : ndarray, shape (n_notes,)
    positive : ndarray of bool, shape (n_notes,)
        Of both classes at least one note.
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
        width, in [0, 1]; 0 where probabilities are those of the notes.

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


def ten_way_scores(
    probabilities: FloatArray,
    family: npt.NDArray[np.int_],
    *,
    resamples: Resamples | None = None,
) -> dict[str, Any]:
    """Return how often the largest of ten probabilities names the family.

    Parameters
    ----------
    probabilities : ndarray, shape (n_notes, 10)
        One column a family, in the order of FAMILIES.
    family : ndarray of int, shape (n_notes,)
        Index of the true family.
    resamples : Resamples, optional
        Draws of the notes' instruments, for the intervals.

    Returns
    -------
    dict
        ``accuracy`` (averaged over the families present; chance is 0.1),
        ``n_notes`` and ``recall`` by family.

        With `resamples` also ``confusion``, the counts of
        :func:`confusion_counts`; ``n_instruments``; and ``intervals`` with
        ``accuracy`` and ``recall`` by family, None where a family has one
        instrument (for the accuracy: where any has).

    Raises
    ------
    InputError
        If there are no notes.
    """
    if family.size == 0:
        raise InputError("expected notes to score, got none")
    named = probabilities.argmax(axis=1)
    present = np.unique(family)
    recall = recall_score(family, named, labels=present, average=None, zero_division=0.0)
    scores = {
        "n_notes": int(family.size),
        "accuracy": float(np.mean(recall)),
        "recall": {FAMILIES[k]: float(r) for k, r in zip(present, recall, strict=True)},
    }
    if resamples is None:
        return scores
    is_family = family[:, np.newaxis] == present
    right = resamples.sums(is_family & (named == family)[:, np.newaxis])
    recalls = right / resamples.sums(is_family)  # (n_resamples, n_families)
    enough = [resamples.are_enough(members) for members in is_family.T]
    return scores | {
        "n_instruments": resamples.n_instruments,
        "confusion": confusion_counts(probabilities, family).tolist(),
        "intervals": {
            "accuracy": interval(recalls.mean(axis=1)) if all(enough) else None,
            "recall": {
                FAMILIES[k]: interval(recalls[:, i]) if enough[i] else None
                for i, k in enumerate(present)
            },
        },
    }


def confidence_error(probabilities: FloatArray, family: npt.NDArray[np.int_]) -> float:
    """Return how far the largest probability lies from how often it names the family.

    Parameters
    ----------
    probabilities : ndarray, shape (n_notes, 10)
        Each row sums to 1.
    family : ndarray of int, shape (n_notes,)

    Returns
    -------
    float
        Expected calibration error over ten bins of equal width, in [0, 1], all
        families weighing the same.

    References
    ----------
    Guo et al. 2017, "On calibration of modern neural networks", equation 3.
    """
    _, inverse, counts = np.unique(family, return_inverse=True, return_counts=True)
    weight = 1.0 / (counts[inverse] * counts.size)
    gap = weight * ((probabilities.argmax(axis=1) == family) - probabilities.max(axis=1))
    bins = np.digitize(probabilities.max(axis=1), np.arange(1, N_BINS) / N_BINS)
    return float(np.abs(np.bincount(bins, gap, N_BINS)).sum())


def confusion_counts(
    probabilities: FloatArray, family: npt.NDArray[np.int_]
) -> npt.NDArray[np.int64]:
    """Return how many notes of each family are taken for each family.

    Returns
    -------
    ndarray of int, shape (10, 10)
        Row: the true family; column: the one that is named; in the order of
        FAMILIES. Sums to the number of notes.
    """
    labels = np.arange(len(FAMILIES))
    return np.asarray(confusion_matrix(family, probabilities.argmax(axis=1), labels=labels))
