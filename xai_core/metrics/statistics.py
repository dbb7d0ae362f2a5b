"""Statistics of an analysis: how far apart heatmaps lie, within and between families.

Conventions
-----------
A group is the pairs of one spectrogram type, method and metric within one
family. Every interval is a 95 % percentile bootstrap, missing where a family has
fewer than two instruments. Both directions of the Kullback-Leibler divergence
count, pairs are counted once.

The bootstrap draws instruments, never pairs: a note is in many pairs and an
instrument in many notes, so pairs are not independent; what differs from one
collection to the next is the instruments. A resample draws, in each family by
itself, as many instruments as there are, with replacement. A pair of notes of two
instruments is weighted by the product of their counts; a pair of notes of one
instrument by its count, since an instrument drawn twice stands for two similar
instruments, which are not paired with each other. A note is never paired with
itself. A resample that leaves no pair is left out: its row is NaN. The draws are
shared by all types, methods and metrics: a resample is one imagined collection,
in which families and types can be compared.

Notes
-----
With the plain product, an instrument that is drawn twice would bring the pairs
of its own notes four times over, and these lie closer than others. In a
simulation of 1,500 sets of points in space the 95 % interval of the median
covered the truth in 93 % for seven instruments of two notes or of three, and in
94 % for twenty of two.

References
----------
Davison and Hinkley 1997, "Bootstrap methods and their application", section 3.8
(hierarchical data). Snijders and Borgatti 1999, "Non-parametric standard errors
and tests for network statistics", Connections 22: units are drawn, and the
pairs follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from xai_core.catalogue.metrics import METRICS
from xai_core.errors import InputError
from xai_core.metrics.weighted import Floats, Integers, contrasts, dominances, quartiles
from xai_core.pair_tables import distances, within
from xai_core.scores import LEVEL
from xai_core.values import FAMILIES, SPECTROGRAM_TYPES

__all__ = [
    "N_RESAMPLES",
    "Draws",
    "FamilyQuartiles",
    "against_the_rest",
    "draw_instruments",
    "interval",
    "within_against_between",
    "within_families",
]

ENOUGH = 2  # instruments; one alone shows no variation between instruments
GROUP = ["type", "method", "metric", "family"]
NAMES = ("q1", "median", "q3")


@dataclass(frozen=True, eq=False)
class FamilyQuartiles:
    """Quartiles of the distances within each family, and of their resamples.

    Parameters
    ----------
    groups : DataFrame
        One row a group: type, method, metric, family, n_notes, n_instruments,
        n_pairs, q1, median, q3. Types and families stand in the fixed orders.
    resamples : ndarray, shape (n_groups, n_resamples, 3)
        First quartile, median and third quartile; NaN in a resample that left
        no pair.
    """

    groups: pd.DataFrame
    resamples: npt.NDArray[np.float64]

    def table(self) -> pd.DataFrame:
        """Return the groups with the ends of the intervals of their quartiles.

        Returns
        -------
        DataFrame
            Further columns q1_low, q1_high, ..., q3_high, and n_left_out: the
            number of resamples without a pair.
        """
        out = self.groups.copy()
        ends = interval(np.moveaxis(self.resamples, 1, 0))  # (2, n_groups, 3)
        ends[:, (out["n_instruments"] < ENOUGH).to_numpy()] = np.nan
        for k, name in enumerate(NAMES):
            out[f"{name}_low"], out[f"{name}_high"] = ends[0, :, k], ends[1, :, k]
        out["n_left_out"] = np.isnan(self.resamples[:, :, 1]).sum(axis=1)
        return out


def within_families(pairs: pd.DataFrame, draws: Draws) -> FamilyQuartiles:
    """Return the quartiles of the distances within each family.

    Parameters
    ----------
    pairs : DataFrame
        As in :class:`xai_core.pair_tables.Analysis`.
    draws : Draws
        Of the same instruments.
    """
    rows, resamples = [], []
    for about, group in _groups(within(pairs), draws):
        values, a, b = _columns(group)
        plain = quartiles(values, a, b, np.ones_like(draws.counts[:1]))
        rows.append({**about, **_counts(group), **dict(zip(NAMES, plain[0], strict=True))})
        resamples.append(quartiles(values, a, b, draws.counts))
    columns = [*GROUP, "n_notes", "n_instruments", "n_pairs", *NAMES]
    shape = (0, draws.counts.shape[0], 3)
    return FamilyQuartiles(
        pd.DataFrame(rows, columns=columns), np.stack(resamples) if rows else np.zeros(shape)
    )


def within_against_between(pairs: pd.DataFrame, draws: Draws) -> pd.DataFrame:
    """Compare, for each family, distances to other families with those inside it.

    Returns
    -------
    DataFrame
        One row a group that has both kinds: n_pairs within, n_other_pairs to
        other families; `difference`, the median between less the median within;
        `delta`, Cliff's delta, above 0 where distances between families are the
        larger; and the ends of their intervals.
    """
    rows = []
    for type, method, metric, of_one in _by_metric(pairs, draws):
        inside = (of_one["family"] == of_one["other_family"]).to_numpy()
        for family in FAMILIES:
            touches = ((of_one["family"] == family) | (of_one["other_family"] == family)).to_numpy()
            about = {"type": type, "method": method, "metric": metric, "family": family}
            rows += _contrast(about, of_one[touches], ~inside[touches], draws)
    return pd.DataFrame(rows, columns=_CONTRAST)


def against_the_rest(pairs: pd.DataFrame, draws: Draws) -> pd.DataFrame:
    """Compare the distances within each family with those within all other families.

    Returns
    -------
    DataFrame
        One row a group: n_pairs, n_other_pairs, `delta` (Cliff's, above 0 where
        the family's own distances are the larger) and the ends of its interval.
    """
    rows = []
    for type, method, metric, of_one in _by_metric(within(pairs), draws):
        present = [family for family in FAMILIES if (of_one["family"] == family).any()]
        if len(present) < 2:
            continue
        group = of_one["family"].map({f: k for k, f in enumerate(present)}).to_numpy(np.int64)
        values, a, b = _columns(of_one)
        plain = dominances(values, group, a, b, np.ones_like(draws.counts[:1]))[0]
        low, high = interval(dominances(values, group, a, b, draws.counts))
        n_pairs = [_counts(of_one[group == k]) for k in range(len(present))]
        for k, family in enumerate(present):
            sure = n_pairs[k]["n_instruments"] >= ENOUGH
            rows.append(
                {
                    "type": type,
                    "method": method,
                    "metric": metric,
                    "family": family,
                    "n_pairs": n_pairs[k]["n_pairs"],
                    "n_other_pairs": sum(one["n_pairs"] for one in n_pairs) - n_pairs[k]["n_pairs"],
                    "delta": plain[k],
                    "delta_low": low[k] if sure else np.nan,
                    "delta_high": high[k] if sure else np.nan,
                }
            )
    return pd.DataFrame(rows, columns=[*GROUP, "n_pairs", "n_other_pairs", *_DELTA])


_DELTA = ("delta", "delta_low", "delta_high")
_CONTRAST = (
    *(*GROUP, "n_pairs", "n_other_pairs"),
    *("difference", "difference_low", "difference_high", *_DELTA),
)


def _contrast(
    about: dict[str, str], group: pd.DataFrame, second: npt.NDArray[np.bool_], draws: Draws
) -> list[dict[str, object]]:
    """Return the row of a family, or none where one of the two sets is empty."""
    if not second.any() or second.all():
        return []
    own, whole = _counts(group[~second]), _counts(group)
    values, a, b = _columns(group)
    plain = contrasts(values, second, a, b, np.ones_like(draws.counts[:1]))[0]
    low, high = interval(contrasts(values, second, a, b, draws.counts))
    if own["n_instruments"] < ENOUGH:
        low[:], high[:] = np.nan, np.nan
    return [
        {
            **about,
            "n_pairs": own["n_pairs"],
            "n_other_pairs": whole["n_pairs"] - own["n_pairs"],
            "difference": plain[0],
            "difference_low": low[0],
            "difference_high": high[0],
            "delta": plain[1],
            "delta_low": low[1],
            "delta_high": high[1],
        }
    ]


def _by_metric(pairs: pd.DataFrame, draws: Draws) -> Iterator[tuple[str, str, str, pd.DataFrame]]:
    """Yield type, method, metric and distances, types in the fixed order.

    Notes are numbers, and instruments their columns in `draws`, which is much
    faster than names.
    """
    for type in SPECTROGRAM_TYPES:
        of_type = pairs[pairs["type"] == type]
        for method in of_type["method"].unique():
            of_method = of_type[of_type["method"] == method]
            notes, _ = pd.factorize(pd.concat([of_method["note_a"], of_method["note_b"]]))
            a, b = draws.columns(of_method)
            coded = of_method.assign(
                note_a=notes[: len(of_method)],
                note_b=notes[len(of_method) :],
                instrument_a=a,
                instrument_b=b,
            )
            for metric in METRICS:
                yield type, str(method), metric, distances(coded, metric)


def _groups(pairs: pd.DataFrame, draws: Draws) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    for type, method, metric, found in _by_metric(pairs, draws):
        for family in FAMILIES:
            group = found[found["family"] == family]
            if len(group):
                yield {"type": type, "method": method, "metric": metric, "family": family}, group


def _columns(group: pd.DataFrame) -> tuple[Floats, Integers, Integers]:
    """Return distances, and the columns of the draws that their two notes belong to."""
    return (
        group["value"].to_numpy(np.float64),
        group["instrument_a"].to_numpy(np.int64),
        group["instrument_b"].to_numpy(np.int64),
    )


def _counts(group: pd.DataFrame) -> dict[str, int]:
    """Return the numbers of notes, instruments and pairs that distances are of."""
    notes = group[["note_a", "note_b"]].to_numpy(np.int64)
    ends = np.sort(notes, axis=1)  # a pair is one whichever note comes first
    return {
        "n_notes": np.unique(notes).size,
        "n_instruments": np.unique(group[["instrument_a", "instrument_b"]].to_numpy()).size,
        "n_pairs": np.unique(ends[:, 0] * (notes.max() + 1) + ends[:, 1]).size if len(ends) else 0,
    }


N_RESAMPLES = 1000


@dataclass(frozen=True, eq=False)
class Draws:
    """How often each instrument is drawn in each resample.

    Parameters
    ----------
    instruments : pandas.MultiIndex
        Of family and instrument; one that plays in two families is two.
    counts : ndarray of int, shape (n_resamples, n_instruments)
    """

    instruments: pd.MultiIndex
    counts: Integers

    def columns(self, distances: pd.DataFrame) -> tuple[Integers, Integers]:
        """Return the columns of `counts` that the two notes of each row belong to."""
        return (
            self._columns(distances["family"], distances["instrument_a"]),
            self._columns(distances["other_family"], distances["instrument_b"]),
        )

    def _columns(self, family: pd.Series, instrument: pd.Series) -> Integers:
        found = self.instruments.get_indexer(pd.MultiIndex.from_arrays([family, instrument]))
        if (found < 0).any():
            raise InputError("expected distances of the instruments drawn, got others")
        return np.asarray(found, np.int64)


def draw_instruments(
    pairs: pd.DataFrame, *, rng: np.random.Generator, n_resamples: int = N_RESAMPLES
) -> Draws:
    """Draw the instruments of an analysis with replacement, family by family.

    Parameters
    ----------
    pairs : DataFrame
        As in :class:`xai_core.pair_tables.Analysis`.
    rng : numpy.random.Generator
    n_resamples : int

    Raises
    ------
    InputError
        If there are no pairs, or fewer than one resample is wanted.
    """
    if pairs.empty:
        raise InputError("expected pairs of notes, got none")
    if n_resamples < 1:
        raise InputError(f"expected at least 1 resample, got {n_resamples}")
    ends = [
        pairs[["family", "instrument_a"]].set_axis(["family", "instrument"], axis=1),
        pairs[["other_family", "instrument_b"]].set_axis(["family", "instrument"], axis=1),
    ]
    instruments = pd.MultiIndex.from_frame(pd.concat(ends).drop_duplicates()).sort_values()
    families = instruments.get_level_values("family").to_numpy()
    counts = np.zeros((n_resamples, len(instruments)), np.int64)
    for family in np.unique(families):
        members = np.flatnonzero(families == family)
        odds = np.full(members.size, 1.0 / members.size)
        counts[:, members] = rng.multinomial(members.size, odds, size=n_resamples)
    return Draws(instruments, counts)


def interval(resamples: Floats) -> Floats:
    """Return the central 95 % of resamples along axis 0, those that are NaN left out.

    Returns
    -------
    ndarray, shape (2, ...)
        Low and high ends (percentile bootstrap); NaN where all are left out.
    """
    tail = (1.0 - LEVEL) / 2.0
    known = ~np.isnan(resamples).all(axis=0)
    out = np.full((2, *resamples.shape[1:]), np.nan)
    if known.any():
        out[:, known] = np.nanquantile(resamples[:, known], [tail, 1.0 - tail], axis=0)
    return out
