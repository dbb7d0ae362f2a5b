"""The statements of claims on families and types, as tests of a table of numbers.

Conventions
-----------
A relation is tested on a table of numbers, the paper's spectrogram types by families, once
for each resample: ``holds(values, at)`` takes ``(n_resamples, n_types,
n_families)`` and returns ``(n_resamples,)``. `at` says which rows and columns
the claim names. Ties never help a claim: a family is among the lowest only if
few others are as low or lower.

A *third* of n is n // 3: three of ten families, two of six types.

What a relation implies (:meth:`Relation.implied`) is weaker than it: chance meets
it about one time in three or more, so that seldom meeting it says something.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from xai_core.catalogue.paper import PAPER_TYPES

__all__ = [
    "TOLERANCE",
    "At",
    "BestTypes",
    "Bounded",
    "Extreme",
    "InThird",
    "LowerThan",
    "MedianIn",
    "Near",
    "NotLow",
    "OnMost",
    "Relation",
    "rank_from",
]

TOLERANCE = 0.05  # of an accuracy that a paper states
MOST = 0.5  # more than this share is most
ROUNDING = 1e-12
MANY = 1 / 3  # what most implies, and chance meets about one time in two

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
End = Literal["low", "high"]
Quantity = Literal["level", "spread"]


@dataclass(frozen=True)
class At:
    """What a claim names: rows (types) and columns (families) of a table."""

    types: tuple[int, ...]
    families: tuple[int, ...]


class Relation(ABC):
    """A statement on named families and types: true or false of a table of numbers.

    Attributes
    ----------
    quantity : {"level", "spread"}
        Whether medians are meant (or scores), or interquartile ranges.
    ranked : {"families", "types"}
        What is compared, and so among what a number is ranked.
    """

    quantity: Quantity
    ranked: Literal["families", "types"]

    @property
    def rule(self) -> str:
        """What is tested, in words that follow the name of the quantity."""
        return self._words()

    def needs(self, at: At, shape: tuple[int, ...]) -> Flags:
        """Return the cells, shape (n_types, n_families), without which it cannot be tested."""
        types, families = range(shape[0]), range(shape[1])
        if self.ranked == "families":
            return _cells(shape, at.types, families)
        return _cells(shape, types, at.families)

    def holds(self, values: Floats, at: At) -> Flags:
        """Return whether it holds of all that is named, shape (n_resamples,)."""
        return np.asarray(self.parts(values, at).all(axis=(-2, -1)))

    def parts(self, values: Floats, at: At) -> Flags:
        """Return of which named cells it holds, shape (n_resamples, n named types, n families)."""
        return np.asarray(self._inside(values, at)[..., at.types, :][..., at.families])

    def implied(self) -> tuple[Relation, ...]:
        """Return weaker relations, all of which hold of every named cell where this one does."""
        return (self,)

    @abstractmethod
    def _words(self) -> str: ...

    @abstractmethod
    def _inside(self, values: Floats, at: At) -> Flags:
        """Return of which cells it holds, shape (n_resamples, n_types, n_families)."""


@dataclass(frozen=True)
class InThird(Relation):
    """Each named family is in the lowest, middle or highest third of the families.

    Where more families are named than a third holds, in as many as are named.
    """

    part: Literal["low", "middle", "high"]
    quantity: Quantity = "level"
    ranked = "families"

    def _words(self) -> str:
        name = {"low": "lowest", "middle": "middle", "high": "highest"}[self.part]
        return f"in the {name} third of the families"

    def _inside(self, values: Floats, at: At) -> Flags:
        third = values.shape[-1] // 3
        if self.part == "middle":
            above = rank_from("low", values, axis=-1) > third
            return np.asarray(above & (rank_from("high", values, axis=-1) > third))
        return np.asarray(rank_from(self.part, values, axis=-1) <= max(third, len(at.families)))


@dataclass(frozen=True)
class NotLow(Relation):
    """No named family is in the lowest third of the families."""

    quantity: Quantity = "level"
    ranked = "families"

    def _words(self) -> str:
        return "not in the lowest third of the families"

    def _inside(self, values: Floats, at: At) -> Flags:
        return np.asarray(rank_from("low", values, axis=-1) > values.shape[-1] // 3)


@dataclass(frozen=True)
class Extreme(Relation):
    """The named families are the lowest, or the highest, of all: no other lies among them."""

    end: End
    quantity: Quantity = "level"
    ranked = "families"

    def implied(self) -> tuple[Relation, ...]:
        """Return that each is in the third at that end."""
        return (InThird(self.end, self.quantity),)

    def _words(self) -> str:
        return f"{'below' if self.end == 'low' else 'above'} all families that are not named"

    def _inside(self, values: Floats, at: At) -> Flags:
        return rank_from(self.end, values, axis=-1) <= len(at.families)


@dataclass(frozen=True)
class MedianIn(Relation):
    """The medians of more than a share of the families lie in a range."""

    low: float
    high: float
    share: float = MOST
    quantity: Quantity = "level"
    ranked = "families"

    def count(self, values: Floats, at: At) -> Floats:
        """Return how many families lie in the range, the fewest over the named types."""
        return np.asarray(self._counts(values)[..., at.types].min(axis=-1), np.float64)

    def implied(self) -> tuple[Relation, ...]:
        """Return that those of more than a third do."""
        return (replace(self, share=MANY),)

    def _words(self) -> str:
        return f"between {self.low:g} and {self.high:g} in more than half of the families"

    def _inside(self, values: Floats, at: At) -> Flags:
        most = self._counts(values) > values.shape[-1] * self.share
        return np.broadcast_to(most[..., None], values.shape)

    def _counts(self, values: Floats) -> npt.NDArray[np.int64]:
        return np.asarray(((values >= self.low) & (values <= self.high)).sum(axis=-1))


@dataclass(frozen=True)
class BestTypes(Relation):
    """On each named family, the named types are the highest of all types.

    Parameters
    ----------
    in_third : bool
        Whether each need only be in the highest third.
    """

    in_third: bool = False
    quantity: Quantity = "level"
    ranked = "types"

    def implied(self) -> tuple[Relation, ...]:
        """Return that each is in the highest third of the types."""
        return (replace(self, in_third=True),)

    def _words(self) -> str:
        return "above that of all types that are not named"

    def _inside(self, values: Floats, at: At) -> Flags:
        wide = values.shape[-2] // 3 if self.in_third else 0
        return rank_from("high", values, axis=-2) <= max(wide, len(at.types))


@dataclass(frozen=True)
class OnMost(Relation):
    """On most families, each named type is in the lowest or highest third of the types.

    Parameters
    ----------
    end : {"low", "high"}
    others : bool
        Whether only the families that are not named count.
    share : float
        On more than which share of the families.
    """

    end: End
    others: bool = False
    share: float = MOST
    quantity: Quantity = "level"
    ranked = "types"

    def needs(self, at: At, shape: tuple[int, ...]) -> Flags:
        """Return all cells."""
        return np.ones(shape, np.bool_)

    def implied(self) -> tuple[Relation, ...]:
        """Return that it is so on more than a third of the families."""
        return (replace(self, share=MANY),)

    def _words(self) -> str:
        which = "other families" if self.others else "families"
        return f"in the {self.end}est third of the types on more than half of the {which}"

    def _inside(self, values: Floats, at: At) -> Flags:
        inside = rank_from(self.end, values, axis=-2) <= values.shape[-2] // 3
        counted = np.delete(inside, at.families, axis=-1) if self.others else inside
        most = counted.mean(axis=-1) > self.share
        return np.broadcast_to(most[..., None], values.shape)


@dataclass(frozen=True)
class LowerThan(Relation):
    """On each named family, the named types are below another type."""

    other: str
    quantity: Quantity = "level"
    ranked = "types"

    def needs(self, at: At, shape: tuple[int, ...]) -> Flags:
        """Return the cells of the named types and of the other."""
        return _cells(shape, (*at.types, PAPER_TYPES.index(self.other)), at.families)

    def _words(self) -> str:
        return f"below that of {self.other} on each family"

    def _inside(self, values: Floats, at: At) -> Flags:
        other = values[..., PAPER_TYPES.index(self.other), None, :]
        return np.asarray(values < other)


@dataclass(frozen=True)
class Near(Relation):
    """A score is what the paper found, to within :data:`TOLERANCE`."""

    value: float
    quantity: Quantity = "level"
    ranked = "types"

    def needs(self, at: At, shape: tuple[int, ...]) -> Flags:
        """Return the named cells."""
        return _cells(shape, at.types, at.families)

    def implied(self) -> tuple[Relation, ...]:
        """Return that it is not too low, and that it is not too high."""
        return (Bounded(self.value - TOLERANCE, "low"), Bounded(self.value + TOLERANCE, "high"))

    def _words(self) -> str:
        return f"within {TOLERANCE:g} of the paper's {self.value:g}"

    def _inside(self, values: Floats, at: At) -> Flags:
        return np.abs(values - self.value) <= TOLERANCE + ROUNDING  # 0.67 is within 0.05 of 0.62


@dataclass(frozen=True)
class Bounded(Relation):
    """A score is not beyond a bound: not below a low one, not above a high one."""

    bound: float
    end: End
    quantity: Quantity = "level"
    ranked = "types"

    def needs(self, at: At, shape: tuple[int, ...]) -> Flags:
        """Return the named cells."""
        return _cells(shape, at.types, at.families)

    def _words(self) -> str:
        return f"{'at least' if self.end == 'low' else 'at most'} {self.bound:g}"

    def _inside(self, values: Floats, at: At) -> Flags:
        if self.end == "low":
            return np.asarray(values >= self.bound - ROUNDING)
        return np.asarray(values <= self.bound + ROUNDING)


def rank_from(end: End, values: Floats, *, axis: int) -> npt.NDArray[np.int64]:
    """Return ranks from the lowest or highest, 1 being first; of equals, all are last.

    Examples
    --------
    >>> rank_from("low", np.array([0.1, 0.3, 0.3]), axis=0)
    array([1, 3, 3])
    """
    moved = np.moveaxis(values if end == "low" else -values, axis, -1)
    found = (moved[..., None, :] <= moved[..., :, None]).sum(axis=-1)
    return np.moveaxis(found, -1, axis)


def _cells(shape: tuple[int, ...], types: Iterable[int], families: Iterable[int]) -> Flags:
    out = np.zeros(shape, np.bool_)
    out[np.ix_(list(types), list(families))] = True
    return out
