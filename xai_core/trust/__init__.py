"""Is a map about the model? Tests of attributions, in NumPy and SciPy over callables.

Conventions
-----------
A model is a callable ``outputs(batch) -> (n,)``: a batch of inputs of shape
``(n, *x.shape)`` in, the explained output in float64 out; the logit unless said
otherwise. Maps have the shape of the input ``x``. A removed bin takes the value
of the baseline, which is silence (0) by default.
"""

from xai_core.trust.comparisons import (
    mantel,
    max_sensitivity,
    overlap_of_strongest,
    partial_mantel,
    rank_correlation,
    rank_correlations,
)
from xai_core.trust.concentration import (
    complexity,
    pointing,
    relevance_mass,
    relevance_rank,
    sparseness,
)
from xai_core.trust.removal import Curve, deletion, infidelity, insertion, mu_fidelity, random_curve

__all__ = [
    "Curve",
    "complexity",
    "deletion",
    "infidelity",
    "insertion",
    "mantel",
    "max_sensitivity",
    "mu_fidelity",
    "overlap_of_strongest",
    "partial_mantel",
    "pointing",
    "random_curve",
    "rank_correlation",
    "rank_correlations",
    "relevance_mass",
    "relevance_rank",
    "sparseness",
]
