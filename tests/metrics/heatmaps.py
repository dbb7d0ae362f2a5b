"""Maps for the tests of metrics."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

SHAPES = [(126, 128), (126, 40), (126, 12), (126, 6), (5, 7), (1, 9), (9, 1)]


def sparse_heatmap(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Return a heatmap that decays in time, has partials and is zero in half of its bins."""
    decay = np.exp(-np.arange(shape[0]) / (0.1 * shape[0]))[:, np.newaxis]
    values = rng.gamma(0.3, size=shape) * decay * rng.gamma(0.5, size=shape[1])
    values *= rng.random(shape) < 0.5
    values[0, 0] += 1e-3
    return values / values.sum()


def one_hot(shape: tuple[int, int], place: tuple[int, int]) -> np.ndarray:
    """Return a map that is 1 in one bin."""
    out = np.zeros(shape)
    out[place] = 1.0
    return out


small_maps = arrays(np.int64, (4, 6), elements=st.integers(0, 9)).filter(lambda map: map.any())
