"""Statistics and verdicts as tables of words and numbers, for a report.

Conventions
-----------
Every cell is plain text, to be escaped by the template. Numbers have three digits
that count; in brackets stands the 95 % interval over instruments.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from xai_core.catalogue.methods import map_kind
from xai_core.catalogue.metrics import METRICS
from xai_core.figures.distances.boxplots import three_digits
from xai_core.figures.scores.parts import short_name
from xai_core.replication.claims import Number, Verdict

__all__ = [
    "Table",
    "claim_frame",
    "differ_tables",
    "effect_tables",
    "median_tables",
    "numbers_in",
]

NOTHING = "–"


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
