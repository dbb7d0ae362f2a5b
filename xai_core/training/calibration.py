"""Platt scaling and temperature, folded into the last layer of each model.

Conventions
-----------
Both classes weigh the same: a probability of 50 % means that the family is as
likely as not among notes of which half are of it. Calibration notes are of instruments
that the models were not trained on. The models of a type share one scale and
one offset: a family has two or three such instruments, too few for its own,
and what is shared leaves the order of the ten probabilities alone. A ten-way network
has one temperature, for families that weigh the same.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, logsumexp

from xai_core.networks.cnn import LOGIT_LAYER
from xai_core.training.corpus import Corpus, RecordedNotes
from xai_core.values import FAMILIES, FloatArray

__all__ = [
    "calibrate",
    "calibrate_ten_way",
    "class_probabilities_of",
    "platt_scaling",
    "probabilities_of",
    "rescale",
    "restore",
    "temperature_scale",
]

PULL = 0.01  # ridge towards scale 1 and offset 0, so that perfect separation stays finite
LEAST_SCALE = 0.05
CERTAIN = 1e-7  # probabilities are kept this far from 0 and 1 before their logit is taken


def calibrate(models: Mapping[str, keras.Model], corpus: Corpus) -> tuple[float, float]:
    """Make the logit of each model ``scale * logit + offset``, by its own last layer.

    Parameters
    ----------
    models : mapping of str to keras.Model
        ``{family: model}`` of one type; changed in place.
    corpus : Corpus
        Notes they were not trained on.

    Returns
    -------
    scale, offset : float
        The same for all of them.
    """
    logits, positive = [], []
    for family, model in models.items():
        p = np.clip(probabilities_of(model, corpus), CERTAIN, 1.0 - CERTAIN)
        logits.append(np.log(p) - np.log1p(-p))
        positive.append(corpus.family == FAMILIES.index(family))
    scale, offset = platt_scaling(np.stack(logits, axis=1), np.stack(positive, axis=1))
    for model in models.values():
        rescale(model, scale=scale, offset=offset)
    return scale, offset


def calibrate_ten_way(trunk: keras.Model, corpus: Corpus) -> tuple[keras.Model, float]:
    """Return a ten-way network whose logits are ``scale * logits``, by its own last layer.

    Parameters
    ----------
    trunk : keras.Model
        Ends in a softmax over FAMILIES; left as it is.
    corpus : Corpus
        Notes it was not trained on.

    Returns
    -------
    model : keras.Model
        Weights rounded to half precision, then scaled.
    scale : float
        1 / temperature.
    """
    model = keras.models.clone_model(trunk)
    model.set_weights([w.astype(np.float16).astype(np.float32) for w in trunk.get_weights()])
    p = np.clip(class_probabilities_of(model, corpus), CERTAIN, None)
    scale = temperature_scale(np.log(p), corpus.family)
    rescale(model, scale=scale, offset=0.0)
    return model, scale


def temperature_scale(log_p: FloatArray, family: npt.NDArray[np.int64]) -> float:
    """Return the scale of logits at which the true families are likeliest.

    Parameters
    ----------
    log_p : ndarray, shape (n_notes, n_classes)
        Logits, or log-probabilities, which differ from them by a constant a note.
    family : ndarray of int, shape (n_notes,)
        Column of the true class; all classes present weigh the same.

    References
    ----------
    Guo et al. 2017, "On calibration of modern neural networks", section 4.2.
    """
    _, inverse, counts = np.unique(family, return_inverse=True, return_counts=True)
    weight = 1.0 / (counts[inverse] * counts.size)
    true = log_p[np.arange(family.size), family]

    def loss(log_scale: float) -> float:
        scale = np.exp(log_scale)
        surprise = logsumexp(scale * log_p, axis=1) - scale * true
        return float(weight @ surprise + 0.5 * PULL * log_scale**2)

    limits = (np.log(LEAST_SCALE), -np.log(LEAST_SCALE))
    return float(np.exp(minimize_scalar(loss, bounds=limits, method="bounded").x))


def class_probabilities_of(model: keras.Model, corpus: Corpus) -> FloatArray:
    """Return the probabilities of all classes, shape (n_notes, n_classes), float64."""
    return np.asarray(model.predict(RecordedNotes(corpus), verbose=0), np.float64)


def rescale(model: keras.Model, *, scale: float, offset: float) -> None:
    """Fold ``scale * logit + offset`` into a model's last layer, in place."""
    layer = model.get_layer(LOGIT_LAYER)
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel * scale, bias * scale + offset])


def restore(model: keras.Model, *, scale: float, offset: float) -> None:
    """Undo :func:`rescale` in place: trained weights are halves, so rounding finds them again."""
    layer = model.get_layer(LOGIT_LAYER)
    kernel, bias = layer.get_weights()
    trained = [kernel / scale, (bias - offset) / scale]
    layer.set_weights([weights.astype(np.float16).astype(np.float32) for weights in trained])


def platt_scaling(logits: FloatArray, positive: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Fit a logistic regression on one logit, both classes weighing the same.

    Parameters
    ----------
    logits : ndarray, shape (n_notes,) or (n_notes, n_models)
        Several models share the scaling that is found, and weigh the same.
    positive : ndarray of bool, shape of `logits`

    Returns
    -------
    scale, offset : float
        The probability is ``sigmoid(scale * logit + offset)``.

    References
    ----------
    Platt 1999, "Probabilistic outputs for support vector machines".
    """
    columns = logits.reshape(len(logits), -1)
    labels = positive.reshape(columns.shape)
    n_positive, n_negative = labels.sum(axis=0), (~labels).sum(axis=0)
    weight = np.where(labels, 0.5 / np.maximum(n_positive, 1), 0.5 / np.maximum(n_negative, 1))
    weight = weight.ravel() / columns.shape[1]
    target = labels.ravel().astype(np.float64)
    design = np.stack([columns.ravel(), np.ones(columns.size)])  # (2, n_notes * n_models)
    start = np.array([1.0, 0.0])

    def loss(parameters: FloatArray) -> float:
        z = parameters @ design
        pull = 0.5 * PULL * np.sum((parameters - start) ** 2)
        return float(weight @ (np.logaddexp(0.0, z) - target * z) + pull)

    def gradient(parameters: FloatArray) -> FloatArray:
        error = expit(parameters @ design) - target
        return np.asarray(design @ (weight * error) + PULL * (parameters - start))

    def hessian(parameters: FloatArray) -> FloatArray:
        p = expit(parameters @ design)
        return np.asarray((design * (weight * p * (1.0 - p))) @ design.T + PULL * np.eye(2))

    found = minimize(
        loss, start, jac=gradient, hess=hessian, method="trust-exact", options={"gtol": 1e-10}
    )
    scale, offset = found.x
    return max(float(scale), LEAST_SCALE), float(offset)


def probabilities_of(model: keras.Model, corpus: Corpus) -> FloatArray:
    """Return a model's probability for each note of a corpus, shape (n_notes,), float64."""
    outputs = model.predict(RecordedNotes(corpus), verbose=0)
    return np.asarray(outputs[:, 0], np.float64)
