"""The distances of an analysis, one metric at a time, as they are counted and drawn.

Conventions
-----------
The two notes of a pair have no natural order, and four of the five metrics do
not ask for one. The Kullback-Leibler divergence does: both of its directions
count, each as a distance of its own, so that no figure and no median depends on
which note of a pair was written first. A pair is counted once all the same.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from xai_core.errors import InputError

__all__ = ["METRICS", "PAPER_METRICS", "distances", "within"]

PAPER_METRICS = ("difference_mean", "kl_divergence", "js_divergence", "emd")  # its figures 5 to 10
METRICS = (*PAPER_METRICS, "emd_values")
REVERSED: Mapping[str, str] = {"kl_divergence": "kl_divergence_reversed"}

_PLAIN = ["type", "method"]
_OF_A = ["family", "note_a", "instrument_a"]
_OF_B = ["other_family", "note_b", "instrument_b"]


def distances(pairs: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the distances of one metric.

    Parameters
    ----------
    pairs : DataFrame
        As in :class:`xai_core.analysis.Analysis`.
    metric : str
        One of :data:`METRICS`.

    Returns
    -------
    DataFrame
        Columns type, method, family, note_a, instrument_a, other_family,
        note_b, instrument_b and value; one row a pair, for ``kl_divergence``
        a second one with the notes the other way round.

    Raises
    ------
    InputError
        If the metric is unknown, or a pair has no distance by it.
    """
    if metric not in METRICS:
        raise InputError(f"unknown metric {metric!r}: choose one of {', '.join(METRICS)}")
    measured = [metric, *([REVERSED[metric]] if metric in REVERSED else [])]
    if n_missing := int(pairs[measured].isna().any(axis=1).sum()):
        raise InputError(
            f"expected a {metric} for each of {len(pairs)} pairs of notes, got none for "
            f"{n_missing}: a pair that cannot be measured has no row"
        )
    names = [*_PLAIN, *_OF_A, *_OF_B]
    found = pairs[[*names, metric]].rename(columns={metric: "value"})
    if metric not in REVERSED:
        return found.reset_index(drop=True)
    swapped = dict(zip([*_OF_A, *_OF_B], [*_OF_B, *_OF_A], strict=True))
    back = pairs[[*names, REVERSED[metric]]].rename(columns={**swapped, REVERSED[metric]: "value"})
    return pd.concat([found, back[found.columns]], ignore_index=True)


def within(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose two notes are of one family."""
    return pairs[pairs["family"] == pairs["other_family"]]
