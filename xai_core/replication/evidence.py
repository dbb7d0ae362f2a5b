"""The numbers that claims are judged on: medians, spreads and scores, each with resamples.

Conventions
-----------
A quantity is a table, the paper's spectrogram types by families in the fixed
orders, NaN where nothing is known, and the same table for each resample of the instruments.
Row r of every quantity of distances belongs to one draw of instruments, so
families, types and metrics may be compared within a resample.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pandas as pd

from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.paper import PAPER_METRICS, PAPER_TYPES
from xai_core.metrics.statistics import ENOUGH, FamilyQuartiles
from xai_core.scores import LEVEL, Score
from xai_core.values import FAMILIES

__all__ = ["Evidence", "Quantity", "gather_evidence"]

NORMAL_END = NormalDist().inv_cdf((1.0 + LEVEL) / 2.0)  # 1.96 standard deviations

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Quantity:
    """A table of numbers, and the same for each resample.

    Parameters
    ----------
    name : str
        What the numbers are: "median", "precision".
    made_of : str
        What is missing where a number is, before a family: "pairs within",
        "precision of".
    columns : tuple of str
        The families, or "all".
    values : ndarray, shape (n_types, n_columns)
        NaN where nothing is known.
    resamples : ndarray, shape (n_resamples, n_types, n_columns)
    varies : ndarray of bool, shape (n_types, n_columns)
        Where it is known how the number varies with the instruments.
    """

    name: str
    made_of: str
    columns: tuple[str, ...]
    values: Floats
    resamples: Floats
    varies: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of the families' heatmaps and models.

    Parameters
    ----------
    medians, spreads : mapping of str to Quantity
        By metric: medians and interquartile ranges of the distances within
        each family. "all" is the mean rank over the paper's four metrics, 1
        being the smallest.
    scores : mapping of str to Quantity
        "precision" of each model, and "accuracy" of each type, whose table has
        one column.
    effects : mapping of tuple to float
        ``{(type, metric, family): Cliff's delta}`` of its distances against
        those within all other families.
    """

    medians: Mapping[str, Quantity]
    spreads: Mapping[str, Quantity]
    scores: Mapping[str, Quantity]
    effects: Mapping[tuple[str, str, str], float] = field(default_factory=dict)


def gather_evidence(
    quartiles: FamilyQuartiles,
    *,
    method: str,
    precision: Mapping[str, Mapping[str, Score]],
    accuracy: Mapping[str, Score],
    rng: np.random.Generator,
    effects: pd.DataFrame | None = None,
) -> Evidence:
    """Bring distances and scores into the form that claims are judged on.

    Parameters
    ----------
    quartiles : FamilyQuartiles
    method : str
        The explanation method whose distances count.
    precision : mapping
        ``{type: {family: Score}}``, as on the models' cards.
    accuracy : mapping
        ``{type: Score}``: ten-way accuracy.
    rng : numpy.random.Generator
    effects : DataFrame, optional
        From :func:`xai_core.metrics.statistics.against_the_rest`.

    Notes
    -----
    Of a score, only its 95 % interval is known. Its resamples are drawn from
    two half normals that meet at the score and have 2.5 % of a normal beyond
    each end, every model by itself, and clipped to [0, 1].
    """
    n_resamples = quartiles.resamples.shape[1]
    medians = {metric: _medians(quartiles, method, metric) for metric in METRICS}
    spreads = {metric: _spreads(quartiles, method, metric) for metric in METRICS}
    for of_all in (medians, spreads):
        of_all["all"] = _mean_rank([of_all[metric] for metric in PAPER_METRICS])
    column = {type: {"all": score} for type, score in accuracy.items()}
    scores = {
        "precision": _scores("precision", precision, FAMILIES, rng, n_resamples),
        "accuracy": _scores("accuracy", column, ("all",), rng, n_resamples),
    }
    found = {}
    if effects is not None:
        of_method = effects[effects["method"] == method]
        found = {
            (row["type"], row["metric"], row["family"]): float(row["delta"])
            for row in of_method.to_dict("records")
        }
    return Evidence(medians, spreads, scores, found)


def _medians(quartiles: FamilyQuartiles, method: str, metric: str) -> Quantity:
    medians = quartiles.groups["median"].to_numpy()
    return _of_groups("median", quartiles, method, metric, medians, quartiles.resamples[:, :, 1])


def _spreads(quartiles: FamilyQuartiles, method: str, metric: str) -> Quantity:
    ranges = (quartiles.groups["q3"] - quartiles.groups["q1"]).to_numpy()
    resamples = quartiles.resamples[:, :, 2] - quartiles.resamples[:, :, 0]
    return _of_groups("interquartile range", quartiles, method, metric, ranges, resamples)


def _of_groups(
    name: str,
    quartiles: FamilyQuartiles,
    method: str,
    metric: str,
    values: Floats,
    resamples: Floats,
) -> Quantity:
    out = _nothing(name, "pairs within", FAMILIES, resamples.shape[1])
    groups = quartiles.groups
    chosen = np.flatnonzero((groups["method"] == method) & (groups["metric"] == metric))
    for k in chosen:
        group = groups.iloc[k]
        if group["type"] not in PAPER_TYPES:
            continue
        cell = PAPER_TYPES.index(group["type"]), FAMILIES.index(group["family"])
        out.values[cell] = values[k]
        out.resamples[:, cell[0], cell[1]] = resamples[k]
        out.varies[cell] = group["n_instruments"] >= ENOUGH
    return out


def _mean_rank(quantities: list[Quantity]) -> Quantity:
    first = quantities[0]
    return Quantity(
        f"mean rank of the {first.name}",
        first.made_of,
        first.columns,
        np.mean([_ranks(one.values) for one in quantities], axis=0),
        np.mean([_ranks(one.resamples) for one in quantities], axis=0),
        np.all([one.varies for one in quantities], axis=0),
    )


def _ranks(values: Floats) -> Floats:
    """Return ranks along the last axis from 1, equals sharing theirs; NaN stays NaN."""
    below = (values[..., None, :] < values[..., :, None]).sum(axis=-1)
    equal = (values[..., None, :] == values[..., :, None]).sum(axis=-1)
    return np.asarray(np.where(np.isnan(values), np.nan, below + (equal + 1) / 2))


def _scores(
    name: str,
    scores: Mapping[str, Mapping[str, Score]],
    columns: tuple[str, ...],
    rng: np.random.Generator,
    n_resamples: int,
) -> Quantity:
    out = _nothing(name, f"{name} of", columns, n_resamples)
    for row, type in enumerate(PAPER_TYPES):
        for column, family in enumerate(columns):
            score = scores.get(type, {}).get(family)
            if score is None:
                continue
            out.values[row, column] = score.value
            if score.low is not None and score.high is not None:
                steps = rng.standard_normal(n_resamples) / NORMAL_END
                reach = np.where(steps < 0, score.value - score.low, score.high - score.value)
                drawn = score.value + steps * np.maximum(reach, 0.0)
                out.resamples[:, row, column] = np.clip(drawn, 0.0, 1.0)
                out.varies[row, column] = True
    return out


def _nothing(name: str, made_of: str, columns: tuple[str, ...], n_resamples: int) -> Quantity:
    shape = (len(PAPER_TYPES), len(columns))
    return Quantity(
        name,
        made_of,
        columns,
        np.full(shape, np.nan),
        np.full((n_resamples, *shape), np.nan),
        np.zeros(shape, np.bool_),
    )
