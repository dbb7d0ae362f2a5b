"""Whether a claim holds: the test on each resample of the instruments, the verdict, the chance.

Conventions
-----------
A claim *holds* if it does as measured and in at least 90 % of the resamples. It
*does not hold* if it does not as measured, and something that it implies
(:meth:`xai_core.replication.relations.Relation.implied`) is true of one of the cells
that it names in at most 10 %. That the claim as a whole is seldom met does not
refute it: of numbers in random order a claim of one family in ten is met one
time in ten, and a claim of several less often. It is *not decidable* otherwise,
or where numbers it needs are missing, or a named family has a single instrument,
or where readings of an ambiguous claim differ. Low, middle and high are thirds of
the families; reports print :data:`xai_core.replication.claims.RULES`.

The *chance* of a claim is how often it would be true if every cell of the table
of types by families were drawn independently from a uniform distribution.
Relations between ranks depend on the order alone, so the distribution does not
matter. A claim about the size of a number, not its rank, has no such chance
(None).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from xai_core.catalogue.paper import DISTANCES_MEANT, METRICS_WITHOUT_UNIT, PAPER_TYPES
from xai_core.metrics.statistics import interval
from xai_core.replication.claims import (
    FAILS_TO,
    HOLDS_FROM,
    SCORES,
    Claim,
    Number,
    Outcome,
    Verdict,
)
from xai_core.replication.evidence import Evidence, Quantity
from xai_core.replication.relations import At, MedianIn, Near, Relation, rank_from
from xai_core.values import FAMILIES

__all__ = ["judge"]

KEPT = 0.5  # share of the resamples that must have all the numbers

Floats = npt.NDArray[np.float64]
_Tests = Sequence[tuple[Relation, Quantity]]


def judge(claim: Claim, evidence: Evidence) -> Verdict:
    """Return whether a claim holds.

    Parameters
    ----------
    claim : Claim
    evidence : Evidence
    """
    readings = _readings(claim, evidence)
    tested = readings[0].tested
    at = _at(claim, tested[0][1])
    told = [number for one in readings for number in _told(claim, one, at, evidence)]
    about = _About(
        claim,
        tuple(dict.fromkeys(told)),  # two tests may speak of one number
        "; ".join(f"{of.name} {test.rule}" for test, of in tested),
        chance_of(claim.tests, at),
    )
    if doubt := _doubt(tested, at):
        return about.verdict("not decidable", reason=doubt, lacks=_lacking(tested, at))
    if _whole(tested, at).mean() < KEPT:
        reason = "most resamples leave a family without two notes"
        return about.verdict("not decidable", reason=reason)
    found = {one.name: _tested(one, at) for one in readings}
    outcomes = {name: _outcome(*one) for name, one in found.items()}
    share, as_measured, _ = next(iter(found.values()))
    if len(set(outcomes.values())) > 1:
        said = "; ".join(f"{name}: {outcome}" for name, outcome in outcomes.items())
        which = "distance" if claim.metric in DISTANCES_MEANT else "unit"
        reason = f"the paper does not say which {which} ({said})"
        return about.verdict("not decidable", as_measured=as_measured, reason=reason)
    outcome = next(iter(outcomes.values()))
    reason = ""
    if outcome == "not decidable":
        measured = "holds" if as_measured else "does not hold"
        reason = f"{measured} as measured, holds in {100 * share:.0f} % of the resamples"
    return about.verdict(outcome, share=share, as_measured=as_measured, reason=reason)


@dataclass(frozen=True)
class _About:
    """The parts of a verdict that do not depend on its outcome."""

    claim: Claim
    numbers: tuple[Number, ...]
    rule: str
    chance: float | None

    def verdict(
        self,
        outcome: Outcome,
        *,
        share: float | None = None,
        as_measured: bool | None = None,
        reason: str = "",
        lacks: tuple[str, ...] = (),
    ) -> Verdict:
        return Verdict(
            self.claim,
            outcome,
            share,
            as_measured,
            self.numbers,
            self.rule,
            reason,
            self.chance,
            lacks,
        )


def _as_it_is(values: Floats) -> Floats:
    return values


_UNITS: Mapping[str, Callable[[Floats], Floats]] = {  # of a JS divergence in nats
    "in nats": _as_it_is,
    "in bits": lambda values: values / np.log(2.0),
    "in root of nats": lambda values: np.sqrt(values),
    "in root of bits": lambda values: np.sqrt(values / np.log(2.0)),
}


@dataclass(frozen=True, eq=False)
class _Reading:
    """One thing that a claim may mean: its name, what is tested, and in which unit."""

    name: str
    metric: str
    tested: _Tests
    change: Callable[[Floats], Floats] = _as_it_is


def _readings(claim: Claim, evidence: Evidence) -> list[_Reading]:
    """Return what a claim may mean, the first being what we would mean."""

    def tested(metric: str) -> _Tests:
        return [(test, _quantity(metric, test, evidence)) for test in claim.tests]

    if claim.metric in DISTANCES_MEANT:
        meant = DISTANCES_MEANT[claim.metric]
        return [_Reading(name, metric, tested(metric)) for name, metric in meant.items()]
    of_ranges = any(isinstance(test, MedianIn) for test in claim.tests)
    if of_ranges and claim.metric in METRICS_WITHOUT_UNIT:
        found = tested(claim.metric)
        return [_Reading(name, claim.metric, found, change) for name, change in _UNITS.items()]
    return [_Reading("", claim.metric, tested(claim.metric))]


def _outcome(share: float, as_measured: bool, worst_part: float) -> Outcome:
    if share >= HOLDS_FROM and as_measured:
        return "holds"
    if worst_part <= FAILS_TO and not as_measured:
        return "does not hold"
    return "not decidable"


def _quantity(metric: str, test: Relation, evidence: Evidence) -> Quantity:
    if metric in SCORES:
        return evidence.scores[metric]
    return (evidence.spreads if test.quantity == "spread" else evidence.medians)[metric]


def _at(claim: Claim, quantity: Quantity) -> At:
    columns = tuple(quantity.columns.index(f) for f in claim.families if f in quantity.columns)
    return At(
        tuple(PAPER_TYPES.index(type) for type in claim.types),
        columns or tuple(range(len(quantity.columns))),
    )


def _whole(tested: _Tests, at: At) -> npt.NDArray[np.bool_]:
    """Return which resamples have all the numbers that are needed."""
    known = [
        ~np.isnan(of.resamples[:, test.needs(at, of.values.shape)]).any(axis=1)
        for test, of in tested
    ]
    return np.asarray(np.all(known, axis=0))


def _tested(reading: _Reading, at: At) -> tuple[float, bool, float]:
    """Test a reading.

    Returns
    -------
    share : float
        Of the resamples in which it holds.
    measured : bool
        Whether it holds as measured.
    worst_part : float
        Share of the resamples that meet what is met least of all that it implies.
    """
    whole = _whole(reading.tested, at)
    resamples = [(test, reading.change(of.resamples[whole])) for test, of in reading.tested]
    share = np.all([test.holds(drawn, at) for test, drawn in resamples], axis=0).mean()
    measured = all(
        test.holds(reading.change(of.values[None]), at).all() for test, of in reading.tested
    )
    worst = min(
        weaker.parts(drawn, at).mean(axis=0).min()
        for test, drawn in resamples
        for weaker in test.implied()
    )
    return float(share), measured, float(worst)


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


def _lacking(tested: _Tests, at: At) -> tuple[str, ...]:
    """Return the families of the needed cells that have no number, in the fixed order."""
    without = {
        of.columns[column]
        for test, of in tested
        for column in np.flatnonzero(
            (test.needs(at, of.values.shape) & np.isnan(of.values)).any(axis=0)
        )
    }
    return tuple(family for family in FAMILIES if family in without)


def _named(at: At, of: Quantity) -> npt.NDArray[np.bool_]:
    out = np.zeros(of.values.shape, np.bool_)
    out[np.ix_(at.types, at.families)] = True
    return out


def _cells_in_words(cells: npt.NDArray[np.bool_], of: Quantity) -> str:
    """Name cells of a table: types, and families where not all of them are meant."""
    by_families: dict[tuple[str, ...], list[str]] = {}
    for type, row in zip(PAPER_TYPES, cells, strict=True):
        names = tuple(name for name, one in zip(of.columns, row, strict=True) if one)
        if names:
            by_families.setdefault(names if not row.all() else (), []).append(type)
    return "; ".join(
        f"{of.made_of} {', '.join(names)} on {', '.join(types)}"
        if names
        else f"{of.made_of.split()[0]} on {', '.join(types)}"
        for names, types in by_families.items()
    )


def _told(claim: Claim, reading: _Reading, at: At, evidence: Evidence) -> Iterator[Number]:
    """Give the numbers that a reading of a claim speaks of."""
    for test, of in reading.tested:
        if isinstance(test, MedianIn):
            if not np.isnan(of.values[test.needs(at, of.values.shape)]).any():
                yield _count(test, of, at, reading.name, reading.change)
        else:
            yield from _numbers(reading, test, of, at, evidence)


def _numbers(
    reading: _Reading, test: Relation, of: Quantity, at: At, evidence: Evidence
) -> Iterator[Number]:
    what = f"{of.name} {reading.name}".strip()
    along = {"families": -1, "types": -2}[test.ranked]
    ranks = rank_from("high", np.where(np.isnan(of.values), -np.inf, of.values), axis=along)
    low, high = interval(of.resamples)
    of_how_many = (~np.isnan(of.values)).sum(axis=along)
    for row in at.types:
        for column in at.families:
            value = float(of.values[row, column])
            if np.isnan(value):
                continue
            type, family = PAPER_TYPES[row], of.columns[column]
            sure = bool(of.varies[row, column])
            yield Number(
                what=what,
                type=type,
                family=family if family in FAMILIES else "",
                value=value,
                low=float(low[row, column]) if sure else None,
                high=float(high[row, column]) if sure else None,
                rank=int(ranks[row, column]),
                of=int(of_how_many[row if along == -1 else column]),
                among=test.ranked,
                effect=evidence.effects.get((type, reading.metric, family))
                if test.quantity == "level"
                else None,
            )


def _count(
    test: MedianIn, of: Quantity, at: At, reading: str, change: Callable[[Floats], Floats]
) -> Number:
    counts = test.count(change(of.resamples), at)
    low, high = interval(counts)
    return Number(
        what="families inside" + (f", {reading}" if reading else ""),
        type=", ".join(PAPER_TYPES[row] for row in at.types),
        family="",
        value=float(test.count(change(of.values[None]), at)[0]),
        low=float(low),
        high=float(high),
        of=len(of.columns),
    )


N_DRAWS = 4_000  # 0.05 is known to within 0.007


@lru_cache(maxsize=256)
def chance_of(tests: tuple[Relation, ...], at: At) -> float | None:
    """Return the share of random orders in which all tests hold.

    Parameters
    ----------
    tests : tuple of Relation
        Those of one quantity see the same numbers.
    at : At
        What the claim names.

    Returns
    -------
    float or None
        In [0, 1]; None where a stated number or range is tested.

    Examples
    --------
    >>> from xai_core.replication.relations import Extreme
    >>> round(chance_of((Extreme("low"),), At((0,), (3,))), 1)
    0.1
    """
    if any(isinstance(test, MedianIn | Near) for test in tests):
        return None
    rng = np.random.default_rng(0)
    shape = (N_DRAWS, len(PAPER_TYPES), len(FAMILIES))
    drawn = {quantity: rng.random(shape) for quantity in ("level", "spread")}
    holds = [test.holds(drawn[test.quantity], at) for test in tests]
    return float(np.mean(np.all(holds, axis=0)))
