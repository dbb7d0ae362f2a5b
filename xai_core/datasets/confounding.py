"""Confounding: how well labels other than the sound predict a note's family.

Conventions
-----------
A label is whatever is known of a note beside its family: its source, its
collection. Shares are in [0, 1]. Information is counted over notes, so an
instrument with many notes weighs more than one with few; among few notes a
label seems to carry a little information even where it carries none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xai_core.values import FAMILIES

__all__ = ["Confounding", "confounding", "explained"]


@dataclass(frozen=True)
class Confounding:
    """The information that a label carries about the family.

    Parameters
    ----------
    label : str
        What is known: ``source``, ``collection``, ``instrument_source``.
    n_notes : int
        Notes whose label is known.
    n_values : int
        How many different values it has.
    information : float
        Mutual information of family and label over the entropy of the family,
        in [0, 1]: 0 where they are independent, 1 where the label decides the
        family.
    guessed : float
        Share of notes whose family is guessed right by naming the most
        frequent family of their label.
    chance : float
        The same without the label: the share of the largest family.
    single : tuple of str
        Families whose notes all have one and the same value, where there are
        several values.
    """

    label: str
    n_notes: int
    n_values: int
    information: float
    guessed: float
    chance: float
    single: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What the numbers say, in plain words."""
        name = self.label.replace("_", " ")
        if self.n_values < 2:
            return f"All notes have one {name}: what a model learns of it cannot be seen here."
        return (
            f"Knowing the {name} alone names the family in {100 * self.guessed:.0f} % of "
            f"{self.n_notes:,} notes (chance by the largest family {100 * self.chance:.0f} %); it "
            f"holds {100 * self.information:.0f} % of the information on the family."
        )


def confounding(families: Sequence[str], labels: Sequence[str], *, label: str) -> Confounding:
    """Return how much the labels of notes say of their families.

    Parameters
    ----------
    families, labels : sequence of str
        One of each for every note.
    label : str
        What the labels are.

    Returns
    -------
    Confounding

    References
    ----------
    Theil, H. (1970), On the estimation of relationships involving qualitative
    variables, Am. J. Sociol. 76: the uncertainty coefficient U(family | label).

    Examples
    --------
    >>> confounding(["bass", "flute"], ["a", "b"], label="source").information
    1.0
    """
    rows, columns = sorted(set(families)), sorted(set(labels))
    table = np.zeros((len(rows), len(columns)))
    for (family, value), count in Counter(zip(families, labels, strict=True)).items():
        table[rows.index(family), columns.index(value)] = count
    n_notes = len(families)
    values: dict[str, set[str]] = defaultdict(set)
    for family, value in zip(families, labels, strict=True):
        values[family].add(value)
    return Confounding(
        label=label,
        n_notes=n_notes,
        n_values=len(columns),
        information=_information(table),
        guessed=float(table.max(axis=0).sum()) / n_notes if n_notes else 0.0,
        chance=float(table.sum(axis=1).max()) / n_notes if n_notes else 0.0,
        single=tuple(f for f in FAMILIES if len(values[f]) == 1) if len(columns) > 1 else (),
    )


def explained(values: Sequence[float], groups: Sequence[str]) -> float:
    """Return the share of the differences in a measure that a grouping accounts for.

    The measure counts by its rank, so that neither its scale nor a few extreme
    notes matter, and what groups explain by chance is taken off.

    Parameters
    ----------
    values : sequence of float
        One for every note; infinities are allowed.
    groups : sequence of str
        One for every note.

    Returns
    -------
    float
        In [0, 1]: 0 where groups do not differ, 1 where all notes of a group
        are alike and groups differ.

    Notes
    -----
    The effect size of the Kruskal-Wallis test: 1 - (1 - b) (n - 1) / (n - k)
    for n notes in k groups, where b is the sum of squares of ranks between
    groups over that of all.
    """
    ranks = _ranks(values)
    names, member = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    n, k = ranks.size, names.size
    deviations = ranks - ranks.mean() if n else ranks
    total = float(deviations @ deviations)
    if total == 0.0 or n <= k:
        return 0.0
    sums = np.bincount(member, deviations, minlength=k)
    between = float(np.sum(sums**2 / np.bincount(member, minlength=k))) / total
    return float(np.clip(1 - (1 - between) * (n - 1) / (n - k), 0.0, 1.0))


def _information(table: npt.NDArray[np.float64]) -> float:
    """Return I(row; column) / H(row), 0 where all notes lie in one row."""
    total = table.sum()
    rows = table.sum(axis=1)
    uncertain = _entropy(rows / total) if total else 0.0
    if uncertain == 0.0:
        return 0.0
    joint = _entropy(table.ravel() / total)
    shared = uncertain + _entropy(table.sum(axis=0) / total) - joint
    return float(np.clip(shared / uncertain, 0.0, 1.0))


def _entropy(shares: npt.NDArray[np.float64]) -> float:
    some = shares[shares > 0]
    return float(-np.sum(some * np.log(some)))


def _ranks(values: Sequence[float]) -> npt.NDArray[np.float64]:
    """Return the rank of each value, equal ones sharing the mean of theirs."""
    _, place, count = np.unique(
        np.asarray(values, dtype=np.float64), return_inverse=True, return_counts=True
    )
    means = np.cumsum(count) - (count - 1) / 2
    return np.asarray(means[place], np.float64)
