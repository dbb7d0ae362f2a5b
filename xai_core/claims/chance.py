"""How often a claim would be true of numbers in random order.

Conventions
-----------
Every cell of a table of six types by ten families is drawn by itself, evenly.
Relations between ranks depend on the order alone, so it does not matter from
what. What a number has to be, not where it ranks, has no such chance.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from xai_core.claims.relations import At, MedianIn, Near, Relation
from xai_core.values import FAMILIES, SPECTROGRAM_TYPES

__all__ = ["chance_of"]

N_DRAWS = 4_000  # 0.05 is known to within 0.007


@lru_cache(maxsize=256)
def chance_of(tests: tuple[Relation, ...], at: At) -> float | None:
    """Return the share of random orders in which all tests hold.

    Parameters
    ----------
    tests : tuple of Relation
        Those of one quantity see the same numbers.
    at : At
        What the claim names.

    Returns
    -------
    float or None
        In [0, 1]; None where a stated number or range is tested.

    Examples
    --------
    >>> from xai_core.claims.relations import Extreme
    >>> round(chance_of((Extreme("low"),), At((0,), (3,))), 1)
    0.1
    """
    if any(isinstance(test, MedianIn | Near) for test in tests):
        return None
    rng = np.random.default_rng(0)
    shape = (N_DRAWS, len(SPECTROGRAM_TYPES), len(FAMILIES))
    drawn = {quantity: rng.random(shape) for quantity in ("level", "spread")}
    holds = [test.holds(drawn[test.quantity], at) for test in tests]
    return float(np.mean(np.all(holds, axis=0)))
