"""Probabilities that mean what they say: Platt scaling folded into the last layer.

Conventions
-----------
Both classes weigh the same: 50 % says "as likely this family as not" among
notes of which half are of the family. Calibration notes are of instruments
that the model was not trained on.
"""

from __future__ import annotations

import keras
import numpy as np
import numpy.typing as npt

from xai_core.network import LOGIT_LAYER
from xai_core.training.corpus import Corpus
from xai_core.values import FAMILIES, FloatArray

__all__ = ["calibrate", "platt_scaling", "probabilities_of"]

PULL = 0.05  # towards scale 1 and offset 0: calibration notes come from few instruments
LEAST_SCALE = 0.05
CERTAIN = 1e-7  # probabilities are kept this far from 0 and 1 before their logit is taken


def calibrate(model: keras.Model, corpus: Corpus, family: str) -> tuple[float, float]:
    """Make a model's logit ``scale * logit + offset``, by its own last layer.

    Parameters
    ----------
    model : keras.Model
        One that was just trained; changed in place.
    corpus : Corpus
        Notes it was not trained on.
    family : str
        What the model was trained for.

    Returns
    -------
    scale, offset : float
    """
    p = np.clip(probabilities_of(model, corpus), CERTAIN, 1.0 - CERTAIN)
    logits = np.log(p) - np.log1p(-p)
    scale, offset = platt_scaling(logits, corpus.family == FAMILIES.index(family))
    layer = model.get_layer(LOGIT_LAYER)
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel * scale, bias * scale + offset])
    return scale, offset


def platt_scaling(logits: FloatArray, positive: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Fit a logistic regression on one logit, both classes weighing the same.

    Parameters
    ----------
    logits : ndarray, shape (n_notes,)
    positive : ndarray of bool, shape (n_notes,)

    Returns
    -------
    scale, offset : float
        The probability is ``sigmoid(scale * logit + offset)``.

    References
    ----------
    Platt 1999, "Probabilistic outputs for support vector machines".
    """
    weight = np.where(positive, 0.5 / max(positive.sum(), 1), 0.5 / max((~positive).sum(), 1))
    design = np.stack([logits, np.ones_like(logits)])  # (2, n_notes)
    start = np.array([1.0, 0.0])
    parameters = start
    for _ in range(50):  # Newton's method on a convex loss
        p = 1.0 / (1.0 + np.exp(-np.clip(parameters @ design, -30.0, 30.0)))
        slope = design @ (weight * (p - positive)) + PULL * (parameters - start)
        curvature = (design * (weight * p * (1.0 - p))) @ design.T + PULL * np.eye(2)
        step = np.linalg.solve(curvature, slope)
        parameters = parameters - np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-9:
            break
    return max(float(parameters[0]), LEAST_SCALE), float(parameters[1])


def probabilities_of(model: keras.Model, corpus: Corpus) -> FloatArray:
    """Return a model's probability for each note of a corpus, shape (n_notes,), float64."""
    said = model.predict(corpus.clean(), batch_size=64, verbose=0)
    return np.asarray(said[:, 0], np.float64)
