"""Layer-wise relevance propagation (LRP): the score goes back layer by layer, bin by bin.

Conventions
-----------
How relevance passes through a layer is known to the model, whose layers it takes
(:mod:`xai_core.networks.relevance`). Relevance is in units of the model's output, and is
counted from zero, which is silence. It adds up to the output, less what the biases keep
and what epsilon takes away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from xai_core.attribution.methods import Estimate, ModelFunctions
from xai_core.errors import InputError
from xai_core.values import FloatArray

__all__ = ["estimates", "lrp"]


def lrp(
    relevances: Callable[[FloatArray, float, float], FloatArray],
    x: FloatArray,
    *,
    gamma: float = 0.1,
    epsilon: float = 0.01,
) -> FloatArray:
    """Return the relevance of each bin.

    Parameters
    ----------
    relevances : callable
        Maps points, shape (n, *x.shape), gamma and epsilon to relevances, shape of the
        points.
    x : ndarray
    gamma : float
        How much more contributions of the sign of their sum count in a convolution; 0
        and more.
    epsilon : float
        What dense layers add to the size of a sum that is shared out, as a share of the
        layer's root mean square; 0 and more.

    Returns
    -------
    ndarray, shape of `x`, float64
        Signed, in units of the output. With 0 and 0, gradient times input of a network of
        ReLU layers.

    Raises
    ------
    InputError
        If a number is below 0, or the model has a layer without a rule.

    References
    ----------
    Bach et al. 2015, "On pixel-wise explanations for non-linear classifier decisions by
    layer-wise relevance propagation"; Montavon et al. 2019, "Layer-wise relevance
    propagation: an overview".

    Examples
    --------
    >>> def of_one_layer(points, gamma, epsilon):  # 3 a - b, by the gamma rule
    ...     shares = points * [3.0 * (1.0 + gamma), -1.0]
    ...     return shares / shares.sum() * (points @ [3.0, -1.0])
    >>> lrp(of_one_layer, np.array([1.0, 1.0]), gamma=0.0).tolist()
    [3.0, -1.0]
    >>> lrp(of_one_layer, np.array([1.0, 1.0]), gamma=1.0).tolist()
    [2.4, -0.4]
    """
    if not (0.0 <= gamma < np.inf and 0.0 <= epsilon < np.inf):
        raise InputError(f"expected gamma and epsilon of at least 0, got {gamma} and {epsilon}")
    return np.asarray(relevances(np.asarray(x)[np.newaxis], gamma, epsilon)[0], np.float64)


def estimates(
    model: ModelFunctions, x: FloatArray, baseline: FloatArray, settings: Mapping[str, Any]
) -> Iterator[Estimate]:
    """Yield the relevance of each bin.

    Parameters
    ----------
    model, x, baseline
        As :func:`xai_core.attribution.methods.estimates_by`.
    settings : mapping
        ``gamma`` and ``epsilon``.
    """
    gamma, epsilon = settings["gamma"], settings["epsilon"]
    yield Estimate(lrp(model.relevances, x, gamma=gamma, epsilon=epsilon))
