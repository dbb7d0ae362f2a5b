"""The paper's statements on other maps than its own: null maps, spectrograms, other views.

Conventions
-----------
A statement on distances is *told from a random network* if it is true of the maps of the
models as measured, and not of the null maps. Statements on scores have no maps: they are
counted among all, and never judged here. Methods are those that the paper's choice is
judged on; spectrograms have none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from xai_core.catalogue.compared import ABSOLUTE, MODEL, NULL, SPECTROGRAM, Compared
from xai_core.catalogue.methods import map_kind
from xai_core.catalogue.metrics import METRICS
from xai_core.figures.scores.parts import short_name
from xai_core.metrics.statistics import N_RESAMPLES, draw_instruments, within_families
from xai_core.pair_tables import Analysis
from xai_core.replication.claims import OUTCOMES, Claim, Verdict, read_claims, tally
from xai_core.replication.evidence import gather_evidence
from xai_core.replication.findings import Table
from xai_core.replication.judging import judge
from xai_core.study.beside import BesideTables

__all__ = [
    "Judged",
    "ToldApart",
    "judge_other_maps",
    "judged_table",
    "mantel_tables",
    "median_difference_tables",
    "on_other_maps",
    "told_apart",
    "told_apart_sentence",
]

NOTHING = "–"


@dataclass(frozen=True)
class Judged:
    """The statements on distances, judged on some maps.

    Parameters
    ----------
    compared : Compared
    verdicts : tuple of Verdict
    """

    compared: Compared
    verdicts: tuple[Verdict, ...]

    @property
    def measured(self) -> dict[str, bool]:
        """Which statements are true as measured, of those that could be tested, by their id."""
        return {
            verdict.claim.id: bool(verdict.as_measured)
            for verdict in self.verdicts
            if verdict.is_tested
        }


@dataclass(frozen=True)
class ToldApart:
    """How many statements can be told from a random network.

    Parameters
    ----------
    n_statements : int
        All of the paper's.
    n_tested : int
        Those on distances that could be tested on the models' maps and on null maps.
    n_true : int
        Of these, true as measured on the models' maps.
    n_alike : int
        Of the true ones, just as true on null maps.
    n_true_of_null : int
        Of those tested, true on null maps.
    expected : float
        How many of the tested that are about order would be true of numbers in random
        order.
    """

    n_statements: int
    n_tested: int
    n_true: int
    n_alike: int
    n_true_of_null: int
    expected: float

    @property
    def n_told_apart(self) -> int:
        """Statements that are true on the models' maps and not on null maps."""
        return self.n_true - self.n_alike


def judge_other_maps(
    analysis: Analysis,
    *,
    method: str,
    verdicts: Sequence[Verdict],
    claims: Sequence[Claim] | None = None,
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
) -> tuple[Judged, ...]:
    """Judge the statements on distances on each of the maps that an analysis compares.

    Parameters
    ----------
    analysis : Analysis
    method : str
        The one whose distances the statements are judged on.
    verdicts : sequence of Verdict
        Those on the pairs of the analysis itself.
    claims : sequence of Claim, optional
        By default those of Chen, Ghobakhlou and Narayanan 2024.
    rng : numpy.random.Generator
    n_resamples : int

    Returns
    -------
    tuple of Judged
        The analysis' own first; that one alone where nothing stands beside.
    """
    about_distances = [one for one in claims or read_claims() if _is_on_distances(one)]
    ids = {claim.id for claim in about_distances}
    own = tuple(one for one in verdicts if one.claim.id in ids)
    out = [Judged(analysis.compared, own)]
    for compared in _beside(analysis):
        pairs = analysis.pairs_of(compared.maps, compared.view)
        of_method = "" if compared.maps == SPECTROGRAM else method
        found = _verdicts(pairs, of_method, about_distances, rng, n_resamples)
        out.append(Judged(compared, found))
    return tuple(out)


def told_apart(
    judged: Sequence[Judged], *, n_statements: int, view: str = ABSOLUTE
) -> ToldApart | None:
    """Count the statements that can be told from a random network; None without null maps."""
    by_maps = {(one.compared.maps, one.compared.view): one for one in judged}
    model, null = (by_maps.get((maps, view)) for maps in (MODEL, NULL))
    if model is None or null is None:
        return None
    of_model, of_null = model.measured, null.measured
    tested = of_model.keys() & of_null.keys()
    true = {name for name in tested if of_model[name]}
    return ToldApart(
        n_statements=n_statements,
        n_tested=len(tested),
        n_true=len(true),
        n_alike=sum(of_null[name] for name in true),
        n_true_of_null=sum(of_null[name] for name in tested),
        expected=tally(one for one in model.verdicts if one.claim.id in tested).expected,
    )


def told_apart_sentence(found: ToldApart) -> str:
    """Say how many statements can be told from a random network.

    Examples
    --------
    >>> told_apart_sentence(ToldApart(62, 40, 9, 6, 8, 4.2)).rpartition(": ")[2]
    '3 can be told from a random network.'
    """
    head = (
        f"Of the paper's {found.n_statements} statements, {found.n_tested} are about distances "
        "between heatmaps and could be tested on both"
    )
    if not found.n_true:
        return f"{head}; none of them is true on the maps of the models."
    verb = "is" if found.n_true == 1 else "are"
    alike = "is" if found.n_alike == 1 else "are"
    return (
        f"{head}; {found.n_true} of them {verb} true on the maps of the models, and "
        f"{found.n_alike} of the {found.n_true} {alike} just as true on the maps of random "
        f"networks: {found.n_told_apart} can be told from a random network."
    )


def on_other_maps(judged: Sequence[Judged]) -> dict[str, tuple[tuple[str, bool | None], ...]]:
    """Return ``{id of a statement: ((what is compared, whether it is true as measured), ...)}``.

    The analysis' own maps are left out; None where it could not be tested.
    """
    found: dict[str, list[tuple[str, bool | None]]] = {}
    for one in judged[1:]:
        for verdict in one.verdicts:
            measured = verdict.as_measured if verdict.is_tested else None
            found.setdefault(verdict.claim.id, []).append((one.compared.label, measured))
    return {name: tuple(row) for name, row in found.items()}


def judged_table(judged: Sequence[Judged]) -> Table:
    """Return the counts of verdicts on each of the maps that are compared."""
    own = {name for name, true in judged[0].measured.items() if true}
    rows = []
    for one in judged:
        counts = Counter(verdict.outcome for verdict in one.verdicts)
        of_order, measured = tally(one.verdicts), one.measured
        alike = sum(measured.get(name, False) for name in own)
        rows.append(
            (
                one.compared.label[:1].upper() + one.compared.label[1:],
                *(str(counts[outcome]) for outcome in OUTCOMES),
                f"{sum(measured.values())} of {len(measured)}",
                f"{of_order.true} of {of_order.n}; by chance {of_order.expected:.1f}",
                NOTHING if one is judged[0] else f"{alike} of {len(own)}",
            )
        )
    headings = (
        "Judged on",
        *(outcome.capitalize() for outcome in OUTCOMES),
        "True as measured",
        "Of those about order",
        "Of those true in the first row",
    )
    return Table("Statements on distances, by what is compared", headings, tuple(rows))


def mantel_tables(tables: BesideTables) -> tuple[Table, ...]:
    """Return, for each method, correlations with what stands beside, and families beyond it."""
    out = []
    for method, of_method in tables.mantel.groupby("method", sort=False):
        headings = ("Type", "Maps", "Beside", *(METRICS[name].short for name in METRICS))
        for column, caption in (
            ("correlation", "rank correlation of the distances"),
            ("families", "correlation of the distances with being of two families"),
            ("families_beyond", "the same, when what stands beside is taken away"),
        ):
            rows = tuple(_mantel_rows(of_method, column))
            if any(cell != NOTHING for row in rows for cell in row[3:]):
                name = f"{_method(str(method))}: {caption}"
                out.append(Table(name, headings, rows))
    return tuple(out)


def median_difference_tables(tables: BesideTables) -> tuple[Table, ...]:
    """Return, for each type, method and view, how families' relative medians lie to the null's."""
    out = []
    names = ["type", "method", "view"]
    for (type, method, view), rows in tables.medians.groupby(names, sort=False):
        body = []
        for family, group in rows.groupby("family", sort=False):
            by_metric = {row["metric"]: row for row in group.to_dict("records")}
            cells = [
                _difference(by_metric[metric]) if metric in by_metric else NOTHING
                for metric in METRICS
            ]
            body.append((str(family), *cells))
        view_words = "" if view == ABSOLUTE else f", {view}"
        out.append(
            Table(
                f"{short_name(str(type))}, {_method(str(method))}{view_words}: median by the model "
                "less median by random networks, each in units of its usual one",
                ("Family", *(METRICS[name].short for name in METRICS)),
                tuple(body),
            )
        )
    return tuple(out)


# ----------------------------------------------------------------------- private


def _is_on_distances(claim: Claim) -> bool:
    return claim.metric in (*METRICS, "all")


def _beside(analysis: Analysis) -> Iterator[Compared]:
    if analysis.beside is None:
        return
    seeds = {
        (one.get("maps", MODEL), one.get("view", ABSOLUTE)): one.get("null_seed", 0)
        for one in analysis.settings.get("beside", ())
    }
    found = analysis.beside[["maps", "view"]].drop_duplicates()
    for maps, view in found.itertuples(index=False):
        yield Compared(maps, view, seeds.get((maps, view), 0))


def _verdicts(
    pairs: pd.DataFrame,
    method: str,
    claims: Sequence[Claim],
    rng: np.random.Generator,
    n_resamples: int,
) -> tuple[Verdict, ...]:
    pairs = pairs[pairs["method"] == method]
    if pairs.empty:
        return ()
    draws = draw_instruments(pairs, rng=rng, n_resamples=n_resamples)
    quartiles = within_families(pairs, draws)
    evidence = gather_evidence(quartiles, method=method, precision={}, accuracy={}, rng=rng)
    return tuple(judge(claim, evidence) for claim in claims)


def _mantel_rows(mantel: pd.DataFrame, column: str) -> Iterator[tuple[str, ...]]:
    names = ["type", "view", "beside"]
    for (type, view, beside), rows in mantel.groupby(names, sort=False):
        if column == "families" and beside != mantel["beside"].iloc[0]:
            continue  # it does not depend on what stands beside
        by_metric = {row["metric"]: row for row in rows.to_dict("records")}
        cells = tuple(_correlation(by_metric.get(metric, {}), column) for metric in METRICS)
        yield short_name(str(type)), str(view), str(beside), *cells


def _correlation(row: Mapping[str, float], column: str) -> str:
    value = row.get(column, np.nan)
    if np.isnan(value):
        return NOTHING
    low, high = (row.get(f"{column}_{end}", np.nan) for end in ("low", "high"))
    if np.isnan(low):
        p = row.get(f"{column}_p", np.nan)
        return f"{value:+.2f} (p = {p:.3f})"
    return f"{value:+.2f} ({low:+.2f} to {high:+.2f})"


def _difference(row: Mapping[str, float]) -> str:
    if np.isnan(row["difference"]):
        return NOTHING
    if np.isnan(row["difference_low"]):
        return f"{row['difference']:+.2f}"
    ends = f"{row['difference_low']:+.2f} to {row['difference_high']:+.2f}"
    return f"{row['difference']:+.2f} ({ends})"


def _method(name: str) -> str:
    return map_kind(name).label
