"""What an analysis shows: statistics of its distances, and verdicts on a paper's claims.

Conventions
-----------
One seed decides all resamples and shuffles. Claims are judged on the distances
of one explanation method, Integrated Gradients where it is among them, as in the
paper, and on the scores in the models' cards.

:class:`DistanceFindings` is the part that needs distances within families only:
medians with intervals, and verdicts. The Metrics page shows it while an analysis
is still running.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.paper import PAPER_METHOD
from xai_core.errors import InputError, ModelError
from xai_core.metrics.permutation import N_PERMUTATIONS, families_differ
from xai_core.metrics.statistics import (
    N_RESAMPLES,
    against_the_rest,
    draw_instruments,
    within_against_between,
    within_families,
)
from xai_core.model_sets.scorecards import Scorecards, read_scorecards
from xai_core.pair_tables import Analysis
from xai_core.replication.claims import Claim, Verdict, gather_evidence, judge, read_claims
from xai_core.scores import Score

__all__ = [
    "DistanceFindings",
    "Findings",
    "compute_findings",
    "judge_distances",
]


@dataclass(frozen=True, eq=False)
class Findings:
    """Statistics and verdicts of one analysis.

    Parameters
    ----------
    medians : DataFrame
        Quartiles within families with their intervals, from
        :meth:`xai_core.metrics.statistics.FamilyQuartiles.table`.
    apart, rest : DataFrame
        Each family's distances to other families, and within all other
        families, against those inside it.
    differ : DataFrame
        Whether families set heatmaps apart.
    verdicts : tuple of Verdict
    method : str
        The one whose distances claims are judged on.
    scorecards : Scorecards or None
        Scores of the models; None where no card can be read.
    n_resamples, n_permutations : int
    """

    medians: pd.DataFrame
    apart: pd.DataFrame
    rest: pd.DataFrame
    differ: pd.DataFrame
    verdicts: tuple[Verdict, ...]
    method: str
    scorecards: Scorecards | None
    n_resamples: int
    n_permutations: int


def compute_findings(
    analysis: Analysis,
    *,
    models: str = "starter",
    claims: Sequence[Claim] | None = None,
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
    n_permutations: int = N_PERMUTATIONS,
) -> Findings:
    """Compute the statistics of an analysis and judge claims by them.

    Parameters
    ----------
    analysis : Analysis
    models : str
        Name of the model set whose cards have precision and accuracy.
    claims : sequence of Claim, optional
        By default those of Chen, Ghobakhlou and Narayanan 2024.
    rng : numpy.random.Generator
    n_resamples, n_permutations : int

    Raises
    ------
    InputError
        If there are no pairs.
    """
    pairs = analysis.pairs
    if pairs.empty:
        raise InputError("expected an analysis with pairs of notes, got none")
    methods = pairs["method"].unique()
    method = PAPER_METHOD if PAPER_METHOD in methods else str(methods[0])
    draws = draw_instruments(pairs, rng=rng, n_resamples=n_resamples)
    quartiles = within_families(pairs, draws)
    rest = against_the_rest(pairs, draws)
    scorecards = _scorecards(models)
    evidence = gather_evidence(
        quartiles,
        method=method,
        precision={} if scorecards is None else scorecards.scores("precision"),
        accuracy={} if scorecards is None else scorecards.accuracy(),
        rng=rng,
        effects=rest,
    )
    return Findings(
        medians=quartiles.table(),
        apart=within_against_between(pairs, draws),
        rest=rest,
        differ=families_differ(pairs, rng=rng, n_permutations=n_permutations),
        verdicts=tuple(judge(claim, evidence) for claim in claims or read_claims()),
        method=method,
        scorecards=scorecards,
        n_resamples=n_resamples,
        n_permutations=n_permutations,
    )


def _scorecards(models: str) -> Scorecards | None:
    try:
        return read_scorecards(models)
    except ModelError:  # the report has a sentence for unknown scores
        return None


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
    """Return the medians within families, and verdicts on the statements of a paper on them.

    Parameters
    ----------
    pairs : DataFrame
        As :attr:`xai_core.pair_tables.Analysis.pairs`.
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
