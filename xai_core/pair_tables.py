"""Distances between the heatmaps of pairs of notes, as one value that is stored and drawn.

Conventions
-----------
Two tables and the settings that decided them. In `pairs` a row is one unordered
pair of notes of one spectrogram type and one explanation method; it is *within*
a family where ``family == other_family``, and *between* families otherwise,
which then stand in the order of FAMILIES. Each note is explained by the model
of its own family. In `notes` a row is one note of one type and method.

All metrics but the Kullback-Leibler divergence are symmetric. Statistics and
figures use both of its directions, each as a distance of its own, so that no
result depends on which note of a pair comes first; counts of pairs count such a
pair once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from xai_core.catalogue.compared import Compared
from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.metrics import metric as entry_of
from xai_core.errors import InputError

__all__ = [
    "BESIDE_COLUMNS",
    "METRIC_COLUMNS",
    "NOTE_COLUMNS",
    "PAIR_COLUMNS",
    "Analysis",
    "as_table",
    "distances",
    "within",
]

METRIC_COLUMNS = tuple(  # of pairs; a metric that is not symmetric has two
    column for one in METRICS.values() for column in one.directions
)
PAIR_COLUMNS: Mapping[str, str] = {  # and their dtypes
    "type": "str",
    "method": "str",
    "family": "str",
    "other_family": "str",
    "note_a": "str",
    "note_b": "str",
    "instrument_a": "str",
    "instrument_b": "str",
    "same_instrument": "bool",
    "pitch_distance": "Int64",  # semitones; missing where a pitch is unknown
    **dict.fromkeys(METRIC_COLUMNS, "float64"),
}
BESIDE_COLUMNS: Mapping[str, str] = {**PAIR_COLUMNS, "maps": "str", "view": "str"}
NOTE_COLUMNS: Mapping[str, str] = {
    "type": "str",
    "method": "str",
    "note": "str",
    "family": "str",
    "instrument": "str",
    "pitch": "Int64",  # MIDI number, missing where unknown
    "velocity": "Int64",
    "collection": "str",
    "probability": "float64",  # by the model of its own family
    "completeness_error": "float64",  # missing for Grad-CAM, which promises no sum
}


@dataclass(frozen=True, eq=False)
class Analysis:
    """Distances between the heatmaps of pairs of notes: the paper's algorithm 2 on any notes.

    Parameters
    ----------
    pairs : pandas.DataFrame
        Columns and dtypes as in :data:`PAIR_COLUMNS`. ``kl_divergence`` is
        that of b from a, KL(a || b), and ``kl_divergence_reversed`` KL(b || a);
        ``difference_mean`` is in units of the method's target.
    notes : pandas.DataFrame
        Columns and dtypes as in :data:`NOTE_COLUMNS`.
    settings : mapping
        JSON: what decided the numbers and how they can be made again.
    beside : pandas.DataFrame or None
        The same pairs by other maps than `pairs`: of random networks, spectrograms,
        other views. Columns and dtypes as in :data:`BESIDE_COLUMNS`; the method of
        spectrograms is "". None where nothing stands beside.

    Raises
    ------
    InputError
        If a table lacks a column.

    References
    ----------
    Chen, Ghobakhlou and Narayanan 2024, algorithm 2.
    """

    pairs: pd.DataFrame
    notes: pd.DataFrame
    settings: Mapping[str, Any]
    beside: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "pairs", as_table(self.pairs, PAIR_COLUMNS))
        object.__setattr__(self, "notes", as_table(self.notes, NOTE_COLUMNS))
        if self.beside is not None:
            object.__setattr__(self, "beside", as_table(self.beside, BESIDE_COLUMNS))

    @property
    def compared(self) -> Compared:
        """What maps `pairs` are of."""
        chosen = {name: self.settings[name] for name in ("maps", "view") if name in self.settings}
        return Compared(**chosen, seed=self.settings.get("null_seed", 0))

    def pairs_of(self, maps: str, view: str) -> pd.DataFrame:
        """Return the pairs of some maps, as :attr:`pairs`; none where they are not there."""
        own = self.compared
        if (own.maps, own.view) == (maps, view):
            return self.pairs
        if self.beside is None:
            return self.pairs.iloc[:0]
        chosen = (self.beside["maps"] == maps) & (self.beside["view"] == view)
        return as_table(self.beside[chosen], PAIR_COLUMNS)

    @property
    def within(self) -> pd.DataFrame:
        """The pairs whose notes are of one family."""
        return self.pairs[self.pairs["family"] == self.pairs["other_family"]]

    @property
    def between(self) -> pd.DataFrame:
        """The pairs whose notes are of two families."""
        return self.pairs[self.pairs["family"] != self.pairs["other_family"]]


def as_table(rows: Any, columns: Mapping[str, str]) -> pd.DataFrame:
    """Return rows as a table with just these columns, in their order and dtypes.

    Parameters
    ----------
    rows : DataFrame, or sequence of mapping
        May have more columns; may have no rows.
    columns : mapping
        ``{name: dtype}``.

    Returns
    -------
    DataFrame
        A new one, rows counted from 0.

    Raises
    ------
    InputError
        If a column is missing, or a value is not of its kind.
    """
    table = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    if table.empty and not len(table.columns):
        table = pd.DataFrame(columns=list(columns))
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise InputError(f"expected a table with the columns {', '.join(missing)}, got none such")
    try:
        return table[list(columns)].astype(dict(columns)).reset_index(drop=True)
    except (TypeError, ValueError) as error:
        raise InputError(f"a table of an analysis has a value of another kind ({error})") from error


_PLAIN = ["type", "method"]
_OF_A = ["family", "note_a", "instrument_a"]
_OF_B = ["other_family", "note_b", "instrument_b"]


def distances(pairs: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the distances of one metric.

    Parameters
    ----------
    pairs : DataFrame
        As in :class:`xai_core.pair_tables.Analysis`.
    metric : str
        One of :data:`xai_core.catalogue.metrics.METRICS`.

    Returns
    -------
    DataFrame
        Columns type, method, family, note_a, instrument_a, other_family,
        note_b, instrument_b and value; one row a pair, for a metric that is
        not symmetric a second one with the notes the other way round.

    Raises
    ------
    InputError
        If the metric is unknown, or a pair has no distance by it.
    """
    measured = list(entry_of(metric).directions)
    if n_missing := int(pairs[measured].isna().any(axis=1).sum()):
        raise InputError(
            f"expected a {metric} for each of {len(pairs)} pairs of notes, got none for "
            f"{n_missing}: a pair that cannot be measured has no row"
        )
    names = [*_PLAIN, *_OF_A, *_OF_B]
    found = pairs[[*names, metric]].rename(columns={metric: "value"})
    if len(measured) == 1:
        return found.reset_index(drop=True)
    swapped = dict(zip([*_OF_A, *_OF_B], [*_OF_B, *_OF_A], strict=True))
    back = pairs[[*names, measured[1]]].rename(columns={**swapped, measured[1]: "value"})
    return pd.concat([found, back[found.columns]], ignore_index=True)


def within(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose two notes are of one family."""
    return pairs[pairs["family"] == pairs["other_family"]]
