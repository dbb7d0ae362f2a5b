"""Scores of binary models and of the ten of a type together.

Conventions
-----------
Scores are taken on instruments that training never saw. "Balanced" numbers
weigh both classes, or all ten families, the same. scikit-learn computes what
it can.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import (
    balanced_accuracy_score,
    brier_score_loss,
    precision_recall_fscore_support,
    recall_score,
    roc_auc_score,
)

from xai_core.errors import InputError
from xai_core.values import FAMILIES, FloatArray

__all__ = ["binary_scores", "ten_way_scores"]

THRESHOLD = 0.5  # probability from which a model says yes


def binary_scores(probabilities: FloatArray, positive: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Return the scores of one binary model.

    Parameters
    ----------
    probabilities : ndarray, shape (n_notes,)
    positive : ndarray of bool, shape (n_notes,)
        Whether a note is of the model's family.

    Returns
    -------
    dict
        ``n_notes, n_positive, balanced_accuracy, precision, recall, f1,
        roc_auc, brier``; all but the counts in [0, 1]. 0.5 is chance for
        balanced accuracy and ROC AUC; 0 is best for the Brier score. A model
        that never says yes has precision 0.

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
    said = probabilities >= THRESHOLD
    precision, recall, f1, _ = precision_recall_fscore_support(
        positive, said, average="binary", zero_division=0.0
    )
    return {
        "n_notes": int(positive.size),
        "n_positive": n_positive,
        "balanced_accuracy": float(balanced_accuracy_score(positive, said)),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
        "roc_auc": float(roc_auc_score(positive, probabilities)),
        "brier": float(brier_score_loss(positive, probabilities)),
    }


def ten_way_scores(probabilities: FloatArray, family: npt.NDArray[np.int_]) -> dict[str, Any]:
    """Return how often the largest of ten probabilities names the family.

    Parameters
    ----------
    probabilities : ndarray, shape (n_notes, 10)
        One column a family, in the order of FAMILIES.
    family : ndarray of int, shape (n_notes,)
        Index of the true family.

    Returns
    -------
    dict
        ``accuracy`` (averaged over the families present; chance is 0.1),
        ``n_notes`` and ``recall`` by family.

    Raises
    ------
    InputError
        If there are no notes.
    """
    if family.size == 0:
        raise InputError("expected notes to score, got none")
    said = probabilities.argmax(axis=1)
    present = np.unique(family)
    recall = recall_score(family, said, labels=present, average=None, zero_division=0.0)
    return {
        "n_notes": int(family.size),
        "accuracy": float(np.mean(recall)),
        "recall": {FAMILIES[k]: float(r) for k, r in zip(present, recall, strict=True)},
    }
