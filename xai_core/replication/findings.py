"""What an analysis shows: statistics of its distances, and verdicts on a paper's claims; in tables.

Conventions
-----------
One seed decides all resamples and shuffles. Claims are judged on the distances
of one explanation method, Integrated Gradients where it is among them, as in the
paper, and on the scores in the models' cards.

:class:`DistanceFindings` is the part that needs distances within families only:
medians with intervals, and verdicts. The Metrics page shows it while an analysis
is still running.

Every cell of a :class:`Table` for a report is plain text, to be escaped by the
template. Numbers have three digits that count; in brackets stands the 95 % interval
over instruments.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from xai_core.catalogue.methods import map_kind
from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.paper import PAPER_METHOD
from xai_core.errors import InputError, ModelError
from xai_core.figures.distances.boxplots import three_digits
from xai_core.figures.scores.parts import short_name
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
from xai_core.replication.claims import Claim, Number, Verdict, read_claims
from xai_core.replication.evidence import gather_evidence
from xai_core.replication.judging import judge
from xai_core.scores import Score

__all__ = [
    "DistanceFindings",
    "Findings",
    "Table",
    "claim_frame",
    "compute_findings",
    "differ_tables",
    "effect_tables",
    "judge_distances",
    "median_tables",
    "numbers_in",
]

NOTHING = "–"


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


@dataclass(frozen=True)
class Table:
    """A table with a caption; the first column names the rows."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def median_tables(medians: pd.DataFrame) -> tuple[Table, ...]:
    """Return, for each type and method, medians within families with their intervals."""
    return tuple(
        Table(
            f"{name}: median distance within each family",
            ("Family", "Notes", "Instruments", "Pairs", *_headings()),
            tuple(
                (
                    family,
                    f"{group['n_notes'].iloc[0]:,}",
                    f"{group['n_instruments'].iloc[0]:,}",
                    f"{group['n_pairs'].iloc[0]:,}",
                    *_by_metric(group, "median"),
                )
                for family, group in of_one.groupby("family", sort=False)
            ),
        )
        for name, of_one in _by_type_and_method(medians)
    )


def effect_tables(effects: pd.DataFrame, *, against: str) -> tuple[Table, ...]:
    """Return, for each type and method, Cliff's delta of each family.

    Parameters
    ----------
    effects : DataFrame
        From :func:`xai_core.metrics.statistics.within_against_between` or
        :func:`~xai_core.metrics.statistics.against_the_rest`.
    against : str
        What is compared, for the caption.
    """
    return tuple(
        Table(
            f"{name}: Cliff's delta, {against}",
            ("Family", "Pairs", "Other pairs", *_headings()),
            tuple(
                (
                    family,
                    f"{group['n_pairs'].iloc[0]:,}",
                    f"{group['n_other_pairs'].iloc[0]:,}",
                    *_by_metric(group, "delta", signed=True),
                )
                for family, group in of_one.groupby("family", sort=False)
            ),
        )
        for name, of_one in _by_type_and_method(effects)
    )


def differ_tables(differ: pd.DataFrame) -> tuple[Table, ...]:
    """Return, for each method, ANOSIM's R and its corrected p by type and metric."""
    out = []
    for method, of_method in differ.groupby("method", sort=False):
        rows = [
            (
                short_name(str(type)),
                f"{group['n_instruments'].iloc[0]:,}",
                *(_separation(group[group["metric"] == metric]) for metric in METRICS),
            )
            for type, group in of_method.groupby("type", sort=False)
        ]
        caption = f"{map_kind(str(method)).label}: separation of families, R"
        headings = ("Type", "Instruments", *_headings())
        out.append(Table(caption, headings, tuple(rows)))
    return tuple(out)


def numbers_in(verdict: Verdict) -> tuple[str, ...]:
    """Return the numbers of a verdict in words, one line each.

    Examples
    --------
    ``"bass 0.512 (0.430 to 0.600), rank 1 of 10 families, delta +0.61"``.
    """
    several_types = len({number.type for number in verdict.numbers}) > 1
    several_kinds = len({number.what for number in verdict.numbers}) > 1
    return tuple(_number(one, several_types, several_kinds) for one in verdict.numbers)


def claim_frame(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """Return one row a claim, as it is written to ``claims.csv``."""
    return pd.DataFrame(
        [
            {
                "id": verdict.claim.id,
                "section": verdict.claim.section,
                "claim": verdict.claim.text,
                "type": ";".join(verdict.claim.types),
                "metric": verdict.claim.metric,
                "relation": verdict.claim.relation,
                "families": ";".join(verdict.claim.families),
                "verdict": verdict.outcome,
                "share_of_resamples": verdict.share,
                "as_measured": verdict.as_measured,
                "by_chance": verdict.chance,
                "tested": verdict.rule,
                "numbers": "; ".join(numbers_in(verdict)),
                "reason": verdict.reason,
            }
            for verdict in verdicts
        ]
    )


def _scorecards(models: str) -> Scorecards | None:
    try:
        return read_scorecards(models)
    except ModelError:  # the report has a sentence for unknown scores
        return None


def _headings() -> list[str]:
    return [one.heading for one in METRICS.values()]


def _by_type_and_method(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    for (type, method), of_one in table.groupby(["type", "method"], sort=False):
        yield f"{short_name(type)}, {map_kind(method).label}", of_one


def _by_metric(group: pd.DataFrame, column: str, *, signed: bool = False) -> Iterator[str]:
    by_metric = group.set_index("metric")
    for metric in METRICS:
        if metric in by_metric.index:
            row = by_metric.loc[metric]
            ends = (row[f"{column}_low"], row[f"{column}_high"])
            yield _with_interval(row[column], ends, signed=signed)
        else:
            yield NOTHING


def _with_interval(
    value: float, ends: tuple[float | None, float | None], *, signed: bool = False
) -> str:
    low, high = ends
    if signed:
        value_text, low_text, high_text = (
            "" if v is None or np.isnan(v) else f"{v:+.2f}" for v in (value, low, high)
        )
    else:
        value_text, low_text, high_text = (
            "" if v is None or np.isnan(v) else three_digits(v) for v in (value, low, high)
        )
    return f"{value_text} ({low_text} to {high_text})" if low_text else value_text


def _separation(row: pd.DataFrame) -> str:
    if row.empty or np.isnan(row["separation"].iloc[0]):
        return NOTHING
    p = row["p_holm"].iloc[0]
    return f"{row['separation'].iloc[0]:+.2f}, p {'< 0.001' if p < 0.001 else f'= {p:.3f}'}"


def _number(one: Number, several_types: bool, several_kinds: bool) -> str:
    if one.what in ("precision", "accuracy"):
        value, *ends = (None if v is None else f"{100 * v:.0f}" for v in _values(one))
        text = f"{value} %" if ends[0] is None else f"{value} % ({ends[0]} to {ends[1]} %)"
    elif one.what.startswith("families inside"):
        text = f"{one.value:.0f} of {one.of} {one.what}"
        return text if one.low is None else f"{text} ({one.low:.0f} to {one.high:.0f})"
    else:
        text = _with_interval(one.value, (one.low, one.high))
    name = one.family
    if several_types or not name:
        name = f"{name} ({short_name(one.type)})" if name else short_name(one.type)
    kind = f"{one.what} " if several_kinds else ""
    rank = f", rank {one.rank} of {one.of} {one.among}" if one.rank is not None else ""
    effect = "" if one.effect is None else f", delta {one.effect:+.2f}"
    return f"{name} {kind}{text}{rank}{effect}"


def _values(one: Number) -> tuple[float | None, float | None, float | None]:
    return one.value, one.low, one.high
