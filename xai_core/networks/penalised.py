"""A training step whose loss also counts evidence in the wrong place.

Conventions
-----------
Batches are ``(n, n_frames, n_bins, 1)`` float32, the model ends in its logit. Evidence is
gradient times input, where it is positive; masks say where it is wrong.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from xai_core.values import FloatArray

__all__ = ["Step", "penalised_step"]

Step = Callable[[FloatArray, FloatArray, FloatArray], dict[str, float]]


def penalised_step(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    loss: keras.losses.Loss,
    *,
    penalty: float,
) -> Step:
    """Return a function that takes one step of training.

    Parameters
    ----------
    model : keras.Model
        Its weights are changed.
    optimizer : keras.optimizers.Optimizer
        Built for them.
    loss : keras.losses.Loss
        Of targets and logits.
    penalty : float
        Weight of the mean over the notes of the squared sum of the evidence in their masks.

    Returns
    -------
    callable
        Takes x, shape (n, n_frames, n_bins, 1), targets, shape (n, 1), and masks of 0 and 1,
        shape of x; returns the ``loss`` and the ``accuracy`` of the batch.

    References
    ----------
    Ross, Hughes and Doshi-Velez 2017, "Right for the right reasons", equation 1; there the
    squared gradient of the log-probabilities, here that of the logit times the input, so that
    evidence against a family is not punished.
    """

    def step(x: tf.Tensor, targets: tf.Tensor, masks: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            with tf.GradientTape() as of_input:
                of_input.watch(x)
                logits = model(x, training=True)
            slopes = of_input.gradient(logits, x)
            evidence = tf.reduce_sum(tf.nn.relu(slopes * x) * masks, axis=(1, 2, 3))
            total = loss(targets, logits) + penalty * tf.reduce_mean(evidence**2)
        variables = model.trainable_variables
        optimizer.apply(tape.gradient(total, variables), variables)
        right = tf.equal(targets > 0.5, logits > 0.0)
        return total, tf.reduce_mean(tf.cast(right, tf.float32))

    compiled = tf.function(step, reduce_retracing=True)

    def one(x: FloatArray, targets: FloatArray, masks: FloatArray) -> dict[str, float]:
        arrays = (tf.convert_to_tensor(part, tf.float32) for part in (x, targets, masks))
        total, right = compiled(*arrays)
        return {"loss": float(total), "accuracy": float(right)}

    return one
