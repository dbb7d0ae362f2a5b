"""Claims, read from one paper's file, and verdicts on them, with the rules in words.

Conventions
-----------
Claims are data, one row each of a file (:data:`CHEN_2024` or another): CSV in UTF-8
with the columns id, section, type, metric, relation, families and claim. Lines before
the heading that begin with ``#`` name the source of the statements. Several types or
families are joined by ``;``; families may be "all" or "most", which name all ten. The
metric "all" stands for the paper's four.

A relation is a phrase of a fixed list, such as "lowest", or a form with a number
or a type in it, such as "lower than tonnetz". It stands for one or more tests,
which must all hold.

Of the numbers that a verdict was reached on, a rank counts from the highest, and a
share is of the resamples of the instruments.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.paper import check_paper_type
from xai_core.errors import InputError
from xai_core.replication.relations import (
    TOLERANCE,
    BestTypes,
    Extreme,
    InThird,
    LowerThan,
    MedianIn,
    Near,
    NotLow,
    OnMost,
    Relation,
)
from xai_core.values import FAMILIES, check_family

__all__ = [
    "CHEN_2024",
    "FAILS_TO",
    "HOLDS_FROM",
    "OUTCOMES",
    "RULES",
    "Claim",
    "Number",
    "Outcome",
    "Tally",
    "Verdict",
    "outcomes_sentence",
    "parse_relation",
    "read_claims",
    "tally",
]

CHEN_2024 = Path(__file__).with_name("chen2024.csv")
COLUMNS = ("id", "section", "type", "metric", "relation", "families", "claim")
SCORES = ("accuracy", "precision")
EVERY = ("all", "most")  # of the families
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
class Claim:
    """One statement of a paper.

    Parameters
    ----------
    id, section : str
        Its name, and where it stands.
    types, families : tuple of str
        What it names; all families for "all" and "most".
    metric : str
        One of the distances, "all" of the paper's four, "precision" or "accuracy".
    relation : str
        What it says of them, as in the file.
    tests : tuple of Relation
        The same, to be tested; all must hold.
    text : str
        The statement in words.
    """

    id: str
    section: str
    types: tuple[str, ...]
    metric: str
    relation: str
    families: tuple[str, ...]
    tests: tuple[Relation, ...]
    text: str


def read_claims(path: Path = CHEN_2024) -> tuple[Claim, ...]:
    """Return the claims of a file.

    Parameters
    ----------
    path : path, optional
        By default those of Chen, Ghobakhlou and Narayanan 2024.

    Raises
    ------
    InputError
        If the file cannot be read, lacks a column, names what is unknown, or
        gives two claims one name.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the claims in {path} cannot be read ({error})") from error
    while lines and lines[0].startswith("#"):
        lines.pop(0)
    rows = csv.DictReader(lines)
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise InputError(f"expected claims with the columns {', '.join(missing)} in {path}")
    claims = tuple(_claim(row) for row in rows)
    names = [claim.id for claim in claims]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"expected one claim a name in {path}, got several {', '.join(twice)}")
    return claims


def _claim(row: dict[str, str]) -> Claim:
    try:
        if row["metric"] not in (*METRICS, *SCORES, "all"):
            raise InputError(f"unknown metric {row['metric']!r}")
        return Claim(
            id=row["id"],
            section=row["section"],
            types=tuple(check_paper_type(name) for name in _names(row["type"])),
            metric=row["metric"],
            relation=row["relation"],
            families=_families(_names(row["families"])),
            tests=parse_relation(row["relation"]),
            text=row["claim"],
        )
    except InputError as error:
        raise InputError(f"claim {row['id']}: {error}") from error


def _families(names: Sequence[str]) -> tuple[str, ...]:
    if len(names) == 1 and names[0] in EVERY:
        return FAMILIES
    return tuple(check_family(name) for name in names)


def _names(cell: str) -> list[str]:
    return [name.strip() for name in (cell or "").split(";")]


def parse_relation(text: str) -> tuple[Relation, ...]:
    """Return the tests that a relation stands for; all of them must hold.

    Parameters
    ----------
    text : str
        A phrase such as "highest", "middle", "lower than tonnetz" or "median in
        0.4..0.6".

    Raises
    ------
    InputError
        If the phrase is not of the language.

    Examples
    --------
    >>> parse_relation("lowest")
    (Extreme(end='low', quantity='level'),)
    """
    phrase = " ".join(text.split())
    if phrase in _PHRASES:
        return _PHRASES[phrase]
    for pattern, build in _PATTERNS:
        if match := re.fullmatch(pattern, phrase):
            return build(match)
    known = (*_PHRASES, *_FORMS)
    raise InputError(f"unknown relation {text!r} in a claim: known are {'; '.join(known)}")


_PHRASES: dict[str, tuple[Relation, ...]] = {
    "low": (InThird("low"),),
    "middle": (InThird("middle"),),
    "high": (InThird("high"),),
    "consistent (low)": (InThird("low"),),
    "variable (high)": (InThird("high"),),
    "decent": (NotLow(),),
    "lowest": (Extreme("low"),),
    "highest": (Extreme("high"),),
    "above the others": (Extreme("high"),),
    "wide": (InThird("high", "spread"),),
    "highest and wide": (Extreme("high"), InThird("high", "spread")),
    "best type for": (BestTypes(),),
    "best types for": (BestTypes(),),
    "high on most; top": (OnMost("high"), Extreme("high")),
    "high on this one; low on the others": (InThird("high"), OnMost("low", others=True)),
}


_NUMBER = r"(\d+(?:\.\d+)?)"


_FORMS = ("value=NUMBER", "median in LOW..HIGH", "lower than TYPE")


_PATTERNS: tuple[tuple[str, Callable[[re.Match[str]], tuple[Relation, ...]]], ...] = (
    (f"value={_NUMBER}", lambda found: (Near(float(found[1])),)),
    (
        f"value={_NUMBER} and highest of the types",
        lambda found: (Near(float(found[1])), BestTypes()),
    ),
    (
        rf"median in {_NUMBER}\.\.{_NUMBER}",
        lambda found: (MedianIn(float(found[1]), float(found[2])),),
    ),
    (r"lower than (\w+)", lambda found: (LowerThan(check_paper_type(found[1])),)),
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
    lacks : tuple of str
        Of what it needs, the families that have no number; empty where it has all.
    """

    claim: Claim
    outcome: Outcome
    share: float | None
    as_measured: bool | None
    numbers: tuple[Number, ...]
    rule: str
    reason: str = ""
    chance: float | None = None
    lacks: tuple[str, ...] = ()

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


def outcomes_sentence(verdicts: Sequence[Verdict]) -> str:
    """Say how many statements are decided, and how.

    Examples
    --------
    >>> outcomes_sentence([])
    'None of 0 statements is decided.'
    """
    counts = {outcome: sum(one.outcome == outcome for one in verdicts) for outcome in OUTCOMES}
    open_ones = counts.pop("not decidable")
    n_decided = sum(counts.values())
    if not n_decided:
        return f"None of {len(verdicts)} statements is decided."
    holds, fails = counts["holds"], counts["does not hold"]
    return (
        f"Of {len(verdicts)} statements {n_decided} {'is' if n_decided == 1 else 'are'} decided: "
        f"{holds} {'holds' if holds == 1 else 'hold'}, "
        f"{fails} {'does' if fails == 1 else 'do'} not; {open_ones} "
        f"{'is' if open_ones == 1 else 'are'} not decidable."
    )


def tally(verdicts: Iterable[Verdict]) -> Tally:
    """Count the statements about order that are true as measured, against chance."""
    found = [(one.as_measured, one.chance) for one in verdicts if one.is_tested]
    pairs = [(bool(measured), chance) for measured, chance in found if chance is not None]
    return Tally(len(pairs), sum(true for true, _ in pairs), sum(chance for _, chance in pairs))
