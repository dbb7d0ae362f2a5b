"""What each spectrogram type is worth beside the others, learnt on calibration notes.

Conventions
-----------
The verdict over several ten-way networks is the softmax of the weighted sum of
their log-probabilities (:func:`xai_core.scores.combine_classes`). The weights are
at least 0 and need not sum to 1: types that err together count for less than their
number. All families weigh the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from xai_core.scores import certain_logs
from xai_core.values import FloatArray

__all__ = ["learn_weights"]

PULL = 0.01  # ridge towards equal weights that sum to 1


def learn_weights(
    probabilities: Sequence[FloatArray], family: npt.NDArray[np.int_]
) -> npt.NDArray[np.float64]:
    """Return the weights at which the verdict is likeliest to be right.

    Parameters
    ----------
    probabilities : sequence of ndarray, each of shape (n_notes, n_classes)
        One a type, of notes that no network was trained on; each row sums to 1.
    family : ndarray of int, shape (n_notes,)
        Column of the true class.

    Returns
    -------
    ndarray, shape (n_types,)
        Each at least 0.
    """
    logs = np.stack([certain_logs(p) for p in probabilities])  # (n_types, n_notes, n_classes)
    _, inverse, counts = np.unique(family, return_inverse=True, return_counts=True)
    note_weight = 1.0 / (counts[inverse] * counts.size)
    true = logs[:, np.arange(family.size), family]  # (n_types, n_notes)
    equal = np.full(len(logs), 1.0 / len(logs))

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        z = np.tensordot(weights, logs, axes=1)
        value = note_weight @ (logsumexp(z, axis=1) - weights @ true)
        expected = np.einsum("tnc,nc->tn", logs, softmax(z, axis=1))
        slope = (expected - true) @ note_weight
        pull = weights - equal
        return float(value + 0.5 * PULL * pull @ pull), np.asarray(slope + PULL * pull)

    found = minimize(loss, equal, jac=True, bounds=[(0.0, None)] * len(logs), method="L-BFGS-B")
    return np.asarray(found.x, np.float64)
