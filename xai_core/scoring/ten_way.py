"""Scores of the ten models of a type together, and of several types together.

Conventions
-----------
The family that is named is the one whose model gives the largest of the ten
probabilities. All families weigh the same, however many notes they have;
chance is 0.1. Several types are combined by :func:`xai_core.scores.combine_types`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, recall_score

from xai_core.errors import InputError
from xai_core.scoring.bootstrap import (
    Resamples,
    interval,
)
from xai_core.values import FAMILIES, FloatArray

__all__ = ["confusion_counts", "ten_way_scores"]


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
