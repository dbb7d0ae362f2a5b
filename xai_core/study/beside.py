"""What stands beside an analysis: null maps, spectrograms and other views, and how alike they are.

Conventions
-----------
Distances of the maps of the models are compared with those of null maps, and of
spectrograms, on the same pairs of notes: by rank (Mantel), and by how families' medians
lie. Of a metric with two directions, the distance of a pair is their mean. Spectrograms
have no method and one view, and stand beside every method and view.

Medians are divided by the median of the families' medians, so that those of a model and
of a random network are in one unit: 1 is the usual distance within a family. Intervals
are the central 95 % of resamples that draw each family's instruments with replacement,
the same for both (:mod:`xai_core.metrics.statistics`); ranks stay those of the notes as
they are.

Only beyond the null, a family's share is the partial correlation of the distances with
whether two notes are of two families, when what the null maps explain is taken away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from xai_core.catalogue.compared import (
    ABSOLUTE,
    MODEL,
    NULL,
    SOURCES,
    SPECTROGRAM,
    Compared,
    has_view,
)
from xai_core.catalogue.methods import PAPER_METHODS
from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.metrics import metric as entry_of
from xai_core.catalogue.paper import PAPER_METRICS
from xai_core.datasets.notes import NoteRecord
from xai_core.errors import InputError
from xai_core.metrics.statistics import (
    N_RESAMPLES,
    Draws,
    draw_instruments,
    interval,
    within_families,
)
from xai_core.pair_tables import BESIDE_COLUMNS, Analysis, as_table
from xai_core.study.run import analyse
from xai_core.trust import mantel, partial_mantel
from xai_core.values import FAMILIES, FloatArray

__all__ = [
    "BesideTables",
    "analyse_beside",
    "beside_tables",
    "correlation_of_pairs",
    "joined",
    "likeness_sentence",
    "usual_methods",
]

N_PERMUTATIONS = 199
DRAWS_AT_ONCE = 100  # 100 resamples of 20,000 pairs take 16 MB
LEAST_PAIRS = 6  # of four notes

MUCH, PARTLY = 0.6, 0.3  # rank correlations from which distances rank pairs alike

MANTEL_COLUMNS = (
    *("type", "method", "view", "metric", "beside", "n_notes", "n_pairs"),
    *("correlation", "correlation_low", "correlation_high", "p"),
    *("families", "families_p", "families_beyond", "families_beyond_p"),
)
MEDIAN_COLUMNS = (
    *("type", "method", "view", "metric", "family", "n_notes", "n_instruments", "n_pairs"),
    *("model", "null", "difference", "difference_low", "difference_high"),
)


@dataclass(frozen=True, eq=False)
class BesideTables:
    """How the distances of models' maps lie to those of null maps and spectrograms.

    Parameters
    ----------
    mantel : DataFrame
        One row for each type, method, view, metric, and what stands `beside` (``random``
        or ``spectrogram``): rank `correlation` of the distances with its interval and
        permutation `p`. `families` is the correlation of the models' distances with
        whether two notes are of two families, `families_beyond` the same when what
        stands beside is taken away; NaN where there are no pairs between families.
    medians : DataFrame
        One row for each type, method, view, metric and family: its median by the maps
        of the `model` and by `null` maps, each relative to the usual one, and their
        `difference` with its interval.
    """

    mantel: pd.DataFrame
    medians: pd.DataFrame


def usual_methods(views: Sequence[str]) -> list[str]:
    """Return the paper's methods that have all of some views."""
    return [one for one in PAPER_METHODS if all(has_view(one, view) for view in views)]


def analyse_beside(
    records: Sequence[NoteRecord],
    *,
    views: Sequence[str] = (ABSOLUTE,),
    null: bool = False,
    null_seed: int = 0,
    methods: Sequence[str] | None = None,
    **settings: Any,
) -> Analysis:
    """Return an analysis with null maps, spectrograms and other views beside it.

    Parameters
    ----------
    records : sequence of NoteRecord
    views : sequence of str
        What of the maps is compared. :attr:`Analysis.pairs` are of the first, the
        others stand beside it.
    null : bool
        Whether null maps, in all views, and spectrograms stand beside it.
    null_seed : int
        Of the weights of the random networks.
    methods : sequence of str, optional
        By default the paper's that have these views.
    **settings
        As for :func:`xai_core.study.run.analyse`.
    """
    chosen = usual_methods(views) if methods is None else list(methods)
    first, *others = (Compared(MODEL, view) for view in dict.fromkeys(views))
    if null:
        others += [Compared(NULL, view, null_seed) for view in dict.fromkeys(views)]
        others.append(Compared(SPECTROGRAM))
    analysis = analyse(records, methods=chosen, compared=first, **settings)
    if not others:
        return analysis
    rest = {name: value for name, value in settings.items() if name != "on_result"}
    tables = []
    for compared in others:
        pairs = analyse(records, methods=chosen, compared=compared, **rest).pairs
        tables.append(pairs.assign(maps=compared.maps, view=compared.view))
    about = [one.as_dict() for one in others]
    return replace(
        analysis,
        beside=as_table(pd.concat(tables, ignore_index=True), BESIDE_COLUMNS),
        settings={**analysis.settings, "beside": about},
    )


def beside_tables(
    analysis: Analysis,
    *,
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
    n_permutations: int = N_PERMUTATIONS,
) -> BesideTables:
    """Compare the distances of an analysis with those of null maps and spectrograms.

    Parameters
    ----------
    analysis : Analysis
    rng : numpy.random.Generator
    n_resamples, n_permutations : int

    Raises
    ------
    InputError
        If neither stands beside the analysis.
    """
    beside = analysis.beside
    if beside is None or not set(beside["maps"]) & {NULL, SPECTROGRAM}:
        raise InputError("expected an analysis with null maps beside it, got none")
    draws = draw_instruments(analysis.pairs, rng=rng, n_resamples=n_resamples)
    views = [analysis.compared.view, *beside.loc[beside["maps"] == MODEL, "view"].unique()]
    mantel_rows: list[dict[str, Any]] = []
    median_tables: list[pd.DataFrame] = []
    for view in views:
        own, null = (analysis.pairs_of(maps, view) for maps in (MODEL, NULL))
        others = {NULL: null, SPECTROGRAM: analysis.pairs_of(SPECTROGRAM, ABSOLUTE)}
        for about, a, b in _joined_by_method(own, others, view):
            for metric in METRICS:
                row = _mantel_row(a, b, metric, draws, rng, n_permutations)
                mantel_rows.append({**about, "metric": metric, **row})
        if len(null):
            median_tables.append(_medians(own, null, draws).assign(view=view))
    medians = (
        pd.concat(median_tables, ignore_index=True)
        if median_tables
        else pd.DataFrame(columns=list(MEDIAN_COLUMNS))
    )
    return BesideTables(
        pd.DataFrame(mantel_rows, columns=list(MANTEL_COLUMNS)), medians[list(MEDIAN_COLUMNS)]
    )


def joined(a: pd.DataFrame, b: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the pairs of notes that are in two tables of one type and method, row by row.

    Parameters
    ----------
    a, b : DataFrame
        As :attr:`xai_core.pair_tables.Analysis.pairs`.
    """
    key = ["note_a", "note_b"]
    places = pd.Series(np.arange(len(b)), index=pd.MultiIndex.from_frame(b[key]))
    found = places.reindex(pd.MultiIndex.from_frame(a[key])).to_numpy()
    known = ~np.isnan(found)
    return (
        a[known].reset_index(drop=True),
        b.iloc[found[known].astype(np.int64)].reset_index(drop=True),
    )


def correlation_of_pairs(a: pd.DataFrame, b: pd.DataFrame, metric: str) -> float:
    """Return the rank correlation of the distances of the same pairs in two tables.

    Parameters
    ----------
    a, b : DataFrame
        From :func:`joined`.
    metric : str

    Returns
    -------
    float
        In [-1, 1]; NaN for fewer than six pairs, 0 where all distances are equal.
    """
    if len(a) < LEAST_PAIRS:
        return float("nan")
    x, y = (_ranks(values_of(one, metric)) for one in (a, b))
    return float(_weighted(x, y, np.ones((1, len(x))))[0])


def likeness_sentence(pairs: pd.DataFrame, others: Mapping[str, pd.DataFrame]) -> str:
    """Say in one sentence whether other maps rank the pairs of notes as the models' do.

    Parameters
    ----------
    pairs : DataFrame
        Of the models, of one type and method.
    others : mapping
        ``{maps: pairs}`` of ``random`` and ``spectrogram``.

    Returns
    -------
    str
        With the rank correlation by each of the paper's metrics, "much as" if their
        median is at least 0.6, "partly as" from 0.3; "" where nothing can be compared.
    """
    parts = []
    for maps, table in others.items():
        a, b = joined(pairs, table)
        by_metric = {name: correlation_of_pairs(a, b, name) for name in PAPER_METRICS}
        found = [value for value in by_metric.values() if not np.isnan(value)]
        if not found:
            continue
        middle = float(np.median(found))
        word = "much" if middle >= MUCH else "partly" if middle >= PARTLY else "hardly"
        numbers = ", ".join(f"{METRICS[name].short} {by_metric[name]:.2f}" for name in by_metric)
        parts.append((maps, word, numbers))
    if not parts:
        return ""
    (maps, word, numbers), *rest = parts
    said = (
        f"The distances between {SOURCES[maps].label} rank the pairs {word} as the models' do "
        f"({numbers}; 1 would be the same order)"
    )
    for maps, word, numbers in rest:
        said += f", those between {SOURCES[maps].label} {word} so ({numbers})"
    return f"{said}."


def values_of(pairs: pd.DataFrame, metric: str) -> FloatArray:
    """Return one distance a pair: of a metric with two directions their mean."""
    return np.asarray(pairs[list(entry_of(metric).directions)].mean(axis=1), np.float64)


# ----------------------------------------------------------------------- private


def _joined_by_method(
    own: pd.DataFrame, others: Mapping[str, pd.DataFrame], view: str
) -> Iterator[tuple[dict[str, str], pd.DataFrame, pd.DataFrame]]:
    for (type, method), of_one in own.groupby(["type", "method"], sort=False):
        for maps, table in others.items():
            chosen = table[table["type"] == type]
            if maps == NULL:
                chosen = chosen[chosen["method"] == method]
            if len(chosen):
                about = {"type": str(type), "method": str(method), "view": view, "beside": maps}
                yield about, *joined(of_one, chosen)


def _mantel_row(
    a: pd.DataFrame,
    b: pd.DataFrame,
    metric: str,
    draws: Draws,
    rng: np.random.Generator,
    n_permutations: int,
) -> dict[str, Any]:
    notes, places = _places(a)
    row: dict[str, Any] = {"n_notes": len(notes), "n_pairs": len(a)}
    if len(a) < LEAST_PAIRS:
        return row
    own, beside = (_square(values_of(one, metric), places, len(notes)) for one in (a, b))
    low, high = _ends(a, b, metric, draws)
    found = mantel(own, beside, rng=rng, n_permutations=n_permutations)
    row |= {
        "correlation": found.correlation,
        "correlation_low": low,
        "correlation_high": high,
        "p": found.p,
    }
    other = np.asarray(notes.get_level_values(0))
    apart = (other[:, None] != other[None, :]).astype(np.float64)
    if not (a["family"] != a["other_family"]).any():
        return row
    plain = mantel(own, apart, rng=rng, n_permutations=n_permutations)
    beyond = partial_mantel(own, apart, beside, rng=rng, n_permutations=n_permutations)
    return row | {
        "families": plain.correlation,
        "families_p": plain.p,
        "families_beyond": beyond.correlation,
        "families_beyond_p": beyond.p,
    }


def _places(pairs: pd.DataFrame) -> tuple[pd.MultiIndex, npt.NDArray[np.int64]]:
    """Return the notes of pairs, with their families, and where each pair's two stand."""
    ends = [
        pairs[[family, note]].set_axis(["family", "note"], axis=1)
        for family, note in (("family", "note_a"), ("other_family", "note_b"))
    ]
    notes = pd.MultiIndex.from_frame(pd.concat(ends).drop_duplicates())
    found = [notes.get_indexer(pd.MultiIndex.from_frame(one)) for one in ends]
    return notes, np.stack(found, axis=1).astype(np.int64)


def _square(values: FloatArray, places: npt.NDArray[np.int64], n: int) -> FloatArray:
    """Return distances as a matrix, NaN where a pair is not among them."""
    out = np.full((n, n), np.nan)
    out[places[:, 0], places[:, 1]] = values
    out[places[:, 1], places[:, 0]] = values
    return out


def _ends(a: pd.DataFrame, b: pd.DataFrame, metric: str, draws: Draws) -> tuple[float, float]:
    """Return the interval of the rank correlation over instruments."""
    x, y = (_ranks(values_of(one, metric)) for one in (a, b))
    first, second = draws.columns(a)
    same = first == second
    found = []
    for start in range(0, len(draws.counts), DRAWS_AT_ONCE):
        counts = draws.counts[start : start + DRAWS_AT_ONCE]
        weights = np.where(same, counts[:, first], counts[:, first] * counts[:, second])
        found.append(_weighted(x, y, weights.astype(np.float64)))
    low, high = interval(np.concatenate(found))
    return float(low), float(high)


def _ranks(values: FloatArray) -> FloatArray:
    return np.asarray(pd.Series(values).rank(), np.float64)


def _weighted(x: FloatArray, y: FloatArray, weights: FloatArray) -> FloatArray:
    """Return Pearson's correlation of two lists for each row of weights; NaN without weight."""
    x, y = x - x.mean(), y - y.mean()
    total = weights.sum(axis=1)
    parts = np.stack([x, y, x * x, y * y, x * y], axis=1)
    mean_x, mean_y, *squares, product = (weights @ parts / np.maximum(total, 1)[:, None]).T
    spread = (squares[0] - mean_x**2) * (squares[1] - mean_y**2)
    scale = np.sqrt(np.maximum(spread, 0.0))
    together = product - mean_x * mean_y
    found = np.divide(together, scale, out=np.zeros(len(total)), where=scale > 0)
    return np.asarray(np.where(total > 0, np.clip(found, -1.0, 1.0), np.nan))


def _medians(own: pd.DataFrame, null: pd.DataFrame, draws: Draws) -> pd.DataFrame:
    """Return the relative medians of both, and how far they lie apart."""
    tables = [within_families(one, draws) for one in (own, null)]
    columns = ["type", "method", "metric", "family"]
    places = [
        {tuple(row): k for k, row in enumerate(one.groups[columns].to_numpy())} for one in tables
    ]
    rows = []
    groups = tables[0].groups
    for (type, method, metric), of_one in groups.groupby(columns[:3], sort=False):
        families = [
            family
            for family in FAMILIES
            if all((type, method, metric, family) in one for one in places)
        ]
        if not families:
            continue
        at = [[one[type, method, metric, family] for family in families] for one in places]
        plain, drawn = [], []
        for table, place in zip(tables, at, strict=True):
            middle = table.groups["median"].to_numpy(np.float64)[place]
            plain.append(_relative(middle[None])[0])
            drawn.append(_relative(table.resamples[:, :, 1][place].T))
        low, high = interval(drawn[0] - drawn[1])
        by_family = of_one.set_index("family")
        for k, family in enumerate(families):
            about = by_family.loc[family]
            sure = about["n_instruments"] > 1
            rows.append(
                {
                    "type": type,
                    "method": method,
                    "metric": metric,
                    "family": family,
                    **{name: int(about[name]) for name in ("n_notes", "n_instruments", "n_pairs")},
                    "model": plain[0][k],
                    "null": plain[1][k],
                    "difference": plain[0][k] - plain[1][k],
                    "difference_low": low[k] if sure else np.nan,
                    "difference_high": high[k] if sure else np.nan,
                }
            )
    return pd.DataFrame(rows, columns=[name for name in MEDIAN_COLUMNS if name != "view"])


def _relative(medians: FloatArray) -> FloatArray:
    """Divide families' medians by the median of each row; NaN where that is 0 or unknown."""
    with np.errstate(invalid="ignore", divide="ignore"):
        known = ~np.isnan(medians).all(axis=1)
        usual = np.full(len(medians), np.nan)
        usual[known] = np.nanmedian(medians[known], axis=1)
        usual[usual == 0] = np.nan
        return np.asarray(medians / usual[:, None])
