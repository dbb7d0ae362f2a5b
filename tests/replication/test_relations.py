"""Each relation on a table of two types by ten families whose answers are plain to see."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.replication.relations import (
    At,
    BestTypes,
    Extreme,
    InThird,
    LowerThan,
    MedianIn,
    Near,
    NotLow,
    OnMost,
    Relation,
    rank_from,
)

RISING = np.arange(10.0)
TABLE = np.stack([RISING, RISING + 0.5, *(RISING + 20 - k for k in range(4))])[None]
FIRST = (0,)


def _holds(relation: Relation, families: tuple[int, ...], types: tuple[int, ...] = FIRST) -> bool:
    (found,) = relation.holds(TABLE, At(types, families))
    return bool(found)


@pytest.mark.parametrize(
    ("relation", "holds", "fails"),
    [
        (InThird("low"), [(0,), (2,), (0, 1, 2), (0, 1, 2, 3)], [(3,), (0, 3), (0, 1, 2, 4)]),
        (InThird("middle"), [(3,), (6,), (3, 4, 5, 6)], [(2,), (7,), (3, 7)]),
        (InThird("high"), [(7,), (9,), (7, 8, 9)], [(6,), (9, 6), (5, 7, 8, 9)]),
        (NotLow(), [(3,), (9,)], [(2,), (0, 9)]),
        (Extreme("low"), [(0,), (0, 1), tuple(range(5))], [(1,), (0, 2)]),
        (Extreme("high"), [(9,), (8, 9)], [(8,), (7, 9)]),
    ],
)
def test_among_families(
    relation: Relation, holds: list[tuple[int, ...]], fails: list[tuple[int, ...]]
) -> None:
    assert all(_holds(relation, families) for families in holds)
    assert not any(_holds(relation, families) for families in fails)


def test_among_types() -> None:
    # from the lowest: 0, 1, then 5, 4, 3, 2, on every family
    assert _holds(BestTypes(), (0, 4), (2,))
    assert _holds(BestTypes(), (0,), (2, 3))
    assert not _holds(BestTypes(), (0,), (3,))
    assert _holds(OnMost("low"), (0,), (1,))
    assert not _holds(OnMost("low"), (0,), (5,))
    assert _holds(OnMost("high"), (0,), (3,))
    assert _holds(LowerThan("stft"), (0, 9), (0,)) is False  # not below itself
    assert _holds(LowerThan("log_mel"), (0, 9), (0,))
    assert not _holds(LowerThan("log_mel"), (0, 9), (0, 2))


def test_most_families_and_most_others() -> None:
    table = np.zeros((1, 6, 10))
    table[0, 0, :5] = 1.0  # highest on five of ten, which is not most
    table[0, 1, 5:] = 1.0
    assert not OnMost("high").holds(table, At((0,), (0,))).any()
    table[0, :2, 5] = 1.0, 0.0
    assert OnMost("high").holds(table, At((0,), (0,))).all()
    # of the nine others, five remain
    assert OnMost("high", others=True).holds(table, At((0,), (0,))).all()
    table[0, :2, 5] = 0.0, 1.0
    assert not OnMost("high", others=True).holds(table, At((0,), (0,))).any()


def test_ranges_and_stated_values() -> None:
    every = tuple(range(10))
    assert _holds(MedianIn(0.0, 5.0), every)  # six of ten
    assert not _holds(MedianIn(0.0, 4.0), every)  # five of ten
    np.testing.assert_array_equal(MedianIn(0.0, 4.0).count(TABLE, At(FIRST, every)), [5.0])
    assert _holds(Near(3.05), (3,))
    assert not _holds(Near(3.06), (3,))


@pytest.mark.parametrize(
    ("relation", "named", "types"),
    [
        (InThird("middle"), (2, 5), (1,)),
        (Extreme("low"), (3,), (0,)),
        (Extreme("high"), (3, 4, 8, 9), (0, 2)),
        (MedianIn(0.2, 0.6), tuple(range(10)), (4,)),
        (BestTypes(), (7,), (3,)),
        (BestTypes(), (1, 2), (0, 1, 5)),
        (OnMost("high"), (4,), (2,)),
        (OnMost("low", others=True), (4,), (2,)),
        (LowerThan("stft"), (1,), (3,)),
        (Near(0.5), (6,), (2,)),
    ],
)
def test_what_a_relation_implies_is_true_wherever_it_is(
    relation: Relation, named: tuple[int, ...], types: tuple[int, ...]
) -> None:
    at = At(types, named)
    table = np.random.default_rng(0).random((20_000, 6, 10))
    # half of the tables have what is said to be high or low a good deal higher or lower
    table[::2, types[0], list(named)] += -0.5 if getattr(relation, "end", "high") == "low" else 0.5
    holds = relation.holds(table, at)
    assert holds.any()
    for weaker in relation.implied():
        assert weaker.parts(table, at)[holds].all()
        assert weaker.parts(table, at).mean() >= 0.25  # chance does not miss it as a rule


def test_equals_help_nobody() -> None:
    same = np.ones((1, 6, 10))
    at = At((0,), (0,))
    for relation in (InThird("low"), InThird("high"), Extreme("low"), Extreme("high"), BestTypes()):
        assert not relation.holds(same, at).any()
    assert InThird("middle").holds(same, at).all()
    np.testing.assert_array_equal(rank_from("high", np.array([2.0, 1.0, 2.0]), axis=0), [2, 3, 2])


def test_what_a_relation_needs() -> None:
    at = At((1,), (2, 3))
    shape = (6, 10)
    whole_row, named = np.zeros(shape, bool), np.zeros(shape, bool)
    whole_row[1] = True
    named[1, 2:4] = True
    np.testing.assert_array_equal(Extreme("low").needs(at, shape), whole_row)
    np.testing.assert_array_equal(Near(0.5).needs(at, shape), named)
    columns = np.zeros(shape, bool)
    columns[:, 2:4] = True
    np.testing.assert_array_equal(BestTypes().needs(at, shape), columns)
    named[0, 2:4] = True
    np.testing.assert_array_equal(LowerThan("stft").needs(at, shape), named)
    assert OnMost("high").needs(at, shape).all()
