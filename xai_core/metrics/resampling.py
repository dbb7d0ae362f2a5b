"""Bootstrap of distances between notes: instruments are drawn, never pairs.

Conventions
-----------
A note stands in many pairs and an instrument in many notes, so pairs are not
independent; what differs from one collection to the next is the instruments. A
resample draws, in each family by itself, as many instruments as there are, with
replacement. A pair of notes of two instruments then weighs as much as the product
of how often these were drawn; a pair of notes of one instrument as often as it
was, since what is drawn twice stands for two instruments that are alike, and
these are not paired with each other. A note is never paired with itself, so a
resample that leaves no pair is left out: its row is NaN.

Draws are made once for all spectrogram types, methods and metrics: a resample
is one imagined collection, in which families and types can be compared.

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

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from xai_core.errors import InputError
from xai_core.scores import LEVEL

__all__ = ["N_RESAMPLES", "Draws", "draw_instruments", "interval"]

N_RESAMPLES = 1000

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


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
        As in :class:`xai_core.analysis.Analysis`.
    rng : numpy.random.Generator
    n_resamples : int

    Returns
    -------
    Draws

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
