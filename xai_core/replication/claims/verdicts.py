"""What becomes of a claim, with the numbers it was judged on and the rules in words.

Conventions
-----------
A rank counts from the highest. A share is of the resamples of the instruments.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from xai_core.replication.claims.reading import Claim
from xai_core.replication.claims.relations import TOLERANCE

__all__ = [
    "FAILS_TO",
    "HOLDS_FROM",
    "OUTCOMES",
    "RULES",
    "Number",
    "Outcome",
    "Tally",
    "Verdict",
    "tally",
]

HOLDS_FROM = 0.9  # share of the resamples
FAILS_TO = 0.1

Outcome = Literal["holds", "does not hold", "not decidable"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

RULES: tuple[str, ...] = (
    "A statement is tested on the notes as they are and on every resample of the instruments. It "
    f"holds if it does as measured and in at least {100 * HOLDS_FROM:.0f} % of the resamples.",
    "It does not hold if it does not as measured and one of the families that it names is far from "
    f"where it should be: in at most {100 * FAILS_TO:.0f} % of the resamples in the third that it "
    "is said to be in, or, said to be lowest or highest, in the third at that end. (The statement "
    "as a whole is seldom true of numbers in random order; that alone would prove nothing.) "
    "Otherwise it is not decidable.",
    "It is not decidable either where a number that it needs is missing (a rank is one among all "
    "ten families), or where a family that it names has a single instrument, so that nothing is "
    "known of how instruments differ.",
    "Low and high: among the three of ten families with the smallest or largest medians, or among "
    "as many as are named if more are named; middle: neither. Lowest and highest: no family "
    "that is not named lies among those that are. Of equals, none is ahead.",
    "Wide: the same with interquartile ranges in place of medians. Consistent and variable: low "
    "and high mean rank over Difference Mean, KL, JS and EMD.",
    "Precision is ranked among the families of a type in the same way; decent is not among the "
    "three lowest; high on most, and low on the others, is to be among the two highest or lowest "
    "of the six types on more than half of the families (far from it: on a third at most). A "
    f"stated accuracy is met to within {TOLERANCE:g}. Scores vary as their 95 % intervals say, "
    "every model by itself.",
    "Where a paper gives JS values without base or root, nats, bits and the square roots of both "
    "are tried; where it says Earth Mover's Distance, that on the plane and that between values: "
    "it is decided only where all agree.",
    "By chance: how often the statement would be true of numbers in random order.",
)


@dataclass(frozen=True)
class Number:
    """A number of ours that a claim speaks of.

    Parameters
    ----------
    what : str
        "median", "precision", "families inside, in nats".
    type, family : str
        Empty where it is of no one family.
    value : float
    low, high : float or None
        Its interval, where it has one.
    rank, of : int or None
        Rank from the highest, among how many.
    among : str
        What they are: "families" or "types".
    effect : float or None
        Cliff's delta of the family's distances against those within others.
    """

    what: str
    type: str
    family: str
    value: float
    low: float | None = None
    high: float | None = None
    rank: int | None = None
    of: int | None = None
    among: str = ""
    effect: float | None = None


@dataclass(frozen=True)
class Verdict:
    """What became of a claim.

    Parameters
    ----------
    claim : Claim
    outcome : {"holds", "does not hold", "not decidable"}
    share : float or None
        Of the resamples in which it holds; None where none could be tested, or
        where readings differ.
    as_measured : bool or None
        Whether it holds on the notes as they are, without resampling (in the
        first reading, where there are several); None where it is not tested.
    numbers : tuple of Number
    rule : str
        What was tested.
    reason : str
        Why it is not decidable; empty otherwise.
    chance : float or None
        How often it would be true of numbers in random order; None where it is
        not about order.
    """

    claim: Claim
    outcome: Outcome
    share: float | None
    as_measured: bool | None
    numbers: tuple[Number, ...]
    rule: str
    reason: str = ""
    chance: float | None = None

    @property
    def is_tested(self) -> bool:
        """Whether all the numbers that it needs are there."""
        return self.as_measured is not None


@dataclass(frozen=True)
class Tally:
    """How many statements about order are true as measured, and would be by chance.

    Parameters
    ----------
    n : int
        Statements about order that could be tested.
    true : int
        Of these, true as measured.
    expected : float
        How many would be, of numbers in random order.
    """

    n: int
    true: int
    expected: float


def tally(verdicts: Iterable[Verdict]) -> Tally:
    """Count the statements about order that are true as measured, against chance."""
    found = [(one.as_measured, one.chance) for one in verdicts if one.is_tested]
    pairs = [(bool(measured), chance) for measured, chance in found if chance is not None]
    return Tally(len(pairs), sum(true for true, _ in pairs), sum(chance for _, chance in pairs))
