"""Whether a claim holds: on each resample of the instruments, and then by how many.

Conventions
-----------
A claim *holds* if it does as measured and in at least 90 % of the resamples. It
*does not hold* if it does not as measured, and in at most 10 %: a claim of many
parts is rarely met in full, so few resamples alone are no proof against it. It is
*not decidable* otherwise, or where numbers it needs are missing, or a named
family has a single instrument. Low, middle and high are thirds of the families;
see :data:`RULES`, which reports print.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from xai_core.claims.evidence import Evidence, Quantity
from xai_core.claims.reading import SCORES, Claim
from xai_core.claims.relations import TOLERANCE, At, MedianIn, Relation, rank_from
from xai_core.metrics.resampling import interval
from xai_core.values import FAMILIES, SPECTROGRAM_TYPES

__all__ = ["FAILS_TO", "HOLDS_FROM", "OUTCOMES", "RULES", "Number", "Outcome", "Verdict", "judge"]

HOLDS_FROM = 0.9  # share of the resamples
FAILS_TO = 0.1
KEPT = 0.5  # share of the resamples that must have all the numbers

Outcome = Literal["holds", "does not hold", "not decidable"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

RULES: tuple[str, ...] = (
    "A statement is tested on the notes as they are and on every resample of the instruments. It "
    f"holds if it does as measured and in at least {100 * HOLDS_FROM:.0f} % of the resamples; it "
    "does not hold if it does not as measured and in at most "
    f"{100 * FAILS_TO:.0f} %; it is not decidable otherwise.",
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
    "of the six types on more than half of the families. A stated accuracy is met to within "
    f"{TOLERANCE:g}. Scores vary as their 95 % intervals say, every model by itself.",
    "Where a paper gives JS values without base or root, nats, bits and the square roots of both "
    "are tried: it is decided only where all four agree.",
)

Floats = npt.NDArray[np.float64]
_Tests = Sequence[tuple[Relation, Quantity]]


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
    """

    claim: Claim
    outcome: Outcome
    share: float | None
    as_measured: bool | None
    numbers: tuple[Number, ...]
    rule: str
    reason: str = ""

    @property
    def is_tested(self) -> bool:
        """Whether all the numbers that it needs are there."""
        return self.as_measured is not None


def judge(claim: Claim, evidence: Evidence) -> Verdict:
    """Return whether a claim holds.

    Parameters
    ----------
    claim : Claim
    evidence : Evidence

    Returns
    -------
    Verdict
    """
    tested = [(test, _quantity(claim, test, evidence)) for test in claim.tests]
    at = _at(claim, tested[0][1])
    told = [n for test, of in tested for n in _numbers(claim, test, of, at, evidence)]
    numbers = tuple(dict.fromkeys(told))  # two tests may speak of one number
    rule = "; ".join(f"{of.name} {test.rule}" for test, of in tested)
    if doubt := _doubt(tested, at):
        return Verdict(claim, "not decidable", None, None, numbers, rule, doubt)
    readings = _READINGS if _has_readings(claim) else {"": _as_it_is}
    if _whole(tested, at).mean() < KEPT:
        reason = "most resamples leave a family without two notes"
        return Verdict(claim, "not decidable", None, None, numbers, rule, reason)
    found = {name: _tested(tested, at, change) for name, change in readings.items()}
    outcomes = {name: _outcome(share, measured) for name, (share, measured) in found.items()}
    share, as_measured = next(iter(found.values()))
    if len(set(outcomes.values())) > 1:
        said = "; ".join(f"in {name}: {outcome}" for name, outcome in outcomes.items())
        reason = f"the paper does not say in which unit ({said})"
        return Verdict(claim, "not decidable", None, as_measured, numbers, rule, reason)
    outcome = next(iter(outcomes.values()))
    reason = ""
    if outcome == "not decidable":
        measured = "holds" if as_measured else "does not hold"
        reason = f"{measured} as measured, holds in {100 * share:.0f} % of the resamples"
    return Verdict(claim, outcome, share, as_measured, numbers, rule, reason)


def _as_it_is(values: Floats) -> Floats:
    return values


_READINGS: Mapping[str, Callable[[Floats], Floats]] = {  # of a JS divergence in nats
    "nats": _as_it_is,
    "bits": lambda values: values / np.log(2.0),
    "root of nats": lambda values: np.sqrt(values),
    "root of bits": lambda values: np.sqrt(values / np.log(2.0)),
}


def _has_readings(claim: Claim) -> bool:
    ranges = any(isinstance(test, MedianIn) for test in claim.tests)
    return ranges and claim.metric == "js_divergence"


def _outcome(share: float, as_measured: bool) -> Outcome:
    if share >= HOLDS_FROM and as_measured:
        return "holds"
    if share <= FAILS_TO and not as_measured:
        return "does not hold"
    return "not decidable"


def _quantity(claim: Claim, test: Relation, evidence: Evidence) -> Quantity:
    if claim.metric in SCORES:
        return evidence.scores[claim.metric]
    return (evidence.spreads if test.quantity == "spread" else evidence.medians)[claim.metric]


def _at(claim: Claim, quantity: Quantity) -> At:
    columns = tuple(quantity.columns.index(f) for f in claim.families if f in quantity.columns)
    return At(
        tuple(SPECTROGRAM_TYPES.index(type) for type in claim.types),
        columns or tuple(range(len(quantity.columns))),
    )


def _whole(tested: _Tests, at: At) -> npt.NDArray[np.bool_]:
    """Return which resamples have all the numbers that are needed."""
    known = [
        ~np.isnan(of.resamples[:, test.needs(at, of.values.shape)]).any(axis=1)
        for test, of in tested
    ]
    return np.asarray(np.all(known, axis=0))


def _tested(tested: _Tests, at: At, change: Callable[[Floats], Floats]) -> tuple[float, bool]:
    """Return the share of resamples in which all tests hold, and whether they do as measured."""
    holds = np.all([test.holds(change(of.resamples), at) for test, of in tested], axis=0)
    measured = all(test.holds(change(of.values[None]), at).all() for test, of in tested)
    return float(holds[_whole(tested, at)].mean()), measured


def _doubt(tested: _Tests, at: At) -> str:
    """Return why a claim cannot be tested, or nothing."""
    for test, of in tested:
        needed = test.needs(at, of.values.shape)
        if missing := _cells_in_words(needed & np.isnan(of.values), of):
            return f"no {missing}"
        known = of.varies | ~needed
        if not all(known[type, family] for type in at.types for family in at.families):
            unsure = _cells_in_words(~known & _named(at, of), of)
            return f"too few instruments for an interval: {unsure}"
        if np.isnan(of.resamples[:, needed]).all(axis=0).any():
            unknown = needed & np.isnan(of.resamples).all(axis=0)
            return f"no interval: {_cells_in_words(unknown, of)}"
    return ""


def _named(at: At, of: Quantity) -> npt.NDArray[np.bool_]:
    out = np.zeros(of.values.shape, np.bool_)
    out[np.ix_(at.types, at.families)] = True
    return out


def _cells_in_words(cells: npt.NDArray[np.bool_], of: Quantity) -> str:
    """Name cells of a table: types, and families where not all of them are meant."""
    by_families: dict[tuple[str, ...], list[str]] = {}
    for type, row in zip(SPECTROGRAM_TYPES, cells, strict=True):
        names = tuple(name for name, one in zip(of.columns, row, strict=True) if one)
        if names:
            by_families.setdefault(names if not row.all() else (), []).append(type)
    return "; ".join(
        f"{of.made_of} {', '.join(names)} on {', '.join(types)}"
        if names
        else f"{of.made_of.split()[0]} on {', '.join(types)}"
        for names, types in by_families.items()
    )


def _numbers(
    claim: Claim, test: Relation, of: Quantity, at: At, evidence: Evidence
) -> Iterator[Number]:
    if isinstance(test, MedianIn):
        if np.isnan(of.values[test.needs(at, of.values.shape)]).any():
            return
        readings = _READINGS if _has_readings(claim) else {"": _as_it_is}
        for name, change in readings.items():
            yield _count(test, of, at, name, change)
        return
    along = {"families": -1, "types": -2}[test.ranked]
    ranks = rank_from("high", np.where(np.isnan(of.values), -np.inf, of.values), axis=along)
    low, high = interval(of.resamples)
    of_how_many = (~np.isnan(of.values)).sum(axis=along)
    for row in at.types:
        for column in at.families:
            value = float(of.values[row, column])
            if np.isnan(value):
                continue
            type, family = SPECTROGRAM_TYPES[row], of.columns[column]
            sure = bool(of.varies[row, column])
            yield Number(
                what=of.name,
                type=type,
                family=family if family in FAMILIES else "",
                value=value,
                low=float(low[row, column]) if sure else None,
                high=float(high[row, column]) if sure else None,
                rank=int(ranks[row, column]),
                of=int(of_how_many[row if along == -1 else column]),
                among=test.ranked,
                effect=evidence.effects.get((type, claim.metric, family))
                if test.quantity == "level"
                else None,
            )


def _count(
    test: MedianIn, of: Quantity, at: At, reading: str, change: Callable[[Floats], Floats]
) -> Number:
    counts = test.count(change(of.resamples), at)
    low, high = interval(counts)
    return Number(
        what="families inside" + (f", in {reading}" if reading else ""),
        type=", ".join(SPECTROGRAM_TYPES[row] for row in at.types),
        family="",
        value=float(test.count(change(of.values[None]), at)[0]),
        low=float(low),
        high=float(high),
        of=len(of.columns),
    )
