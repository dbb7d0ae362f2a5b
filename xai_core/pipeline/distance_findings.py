"""What the distances of some types show: medians with intervals, and verdicts on claims.

Conventions
-----------
As :mod:`xai_core.pipeline.findings`, for a page that shows them while an
analysis grows: only what can be told from distances alone, within families.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from xai_core.claims import Verdict, gather_evidence, judge, read_claims
from xai_core.distances import METRICS
from xai_core.errors import InputError
from xai_core.metrics.resampling import N_RESAMPLES, draw_instruments
from xai_core.metrics.statistics import within_families
from xai_core.scores import Score

__all__ = ["DistanceFindings", "judge_distances"]


@dataclass(frozen=True, eq=False)
class DistanceFindings:
    """Medians within families, and what becomes of a paper's claims on them.

    Parameters
    ----------
    table : DataFrame
        From :meth:`xai_core.metrics.statistics.FamilyQuartiles.table`.
    verdicts : tuple of Verdict
        On the claims about distances of the types that are there.
    """

    table: pd.DataFrame
    verdicts: tuple[Verdict, ...]

    def medians(self, metric: str) -> dict[str, Score]:
        """Return ``{family: median with its interval}`` of the first type."""
        of_type = self.table[self.table["type"] == self.table["type"].iloc[0]]
        rows = of_type[of_type["metric"] == metric].to_dict("records")
        return {
            row["family"]: Score(row["median"])
            if np.isnan(row["median_low"])
            else Score(row["median"], row["median_low"], row["median_high"])
            for row in rows
        }


def judge_distances(
    pairs: pd.DataFrame,
    *,
    method: str,
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
) -> DistanceFindings:
    """Return the medians within families, and verdicts on what a paper says of them.

    Parameters
    ----------
    pairs : DataFrame
        As :attr:`xai_core.analysis.Analysis.pairs`.
    method : str
        Explanation method that the claims are judged on.
    rng : numpy.random.Generator
    n_resamples : int

    Raises
    ------
    InputError
        If there are no pairs.
    """
    if pairs.empty:
        raise InputError("expected pairs of notes, got none")
    draws = draw_instruments(pairs, rng=rng, n_resamples=n_resamples)
    quartiles = within_families(pairs, draws)
    evidence = gather_evidence(quartiles, method=method, precision={}, accuracy={}, rng=rng)
    there = set(pairs["type"])
    claims = [
        claim
        for claim in read_claims()
        if claim.metric in (*METRICS, "all") and set(claim.types) <= there
    ]
    return DistanceFindings(quartiles.table(), tuple(judge(claim, evidence) for claim in claims))
