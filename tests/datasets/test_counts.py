"""Counts of a collection that can be counted by hand."""

from __future__ import annotations

from pathlib import Path

from xai_core.datasets.counts import count_families, count_instruments, count_sources
from xai_core.datasets.notes import NoteRecord


def record(
    note: str,
    family: str,
    instrument: str,
    source: str,
    pitch: int | None = None,
    velocity: int | None = None,
    *,
    collection: str = "c",
    group: str = "",
) -> NoteRecord:
    return NoteRecord(
        *(note, Path(note), family, instrument, pitch, velocity, source),
        collection=collection,
        group=group,
    )


NOTES = [
    record("1", "reed", "oboe", "x", 60, 100, group="g"),
    record("2", "reed", "oboe", "x", 60, 50, group="g"),
    record("3", "reed", "oboe", "y", 50, 50, collection="d", group="g"),
    record("4", "reed", "shawm", "y", None, None, group="g"),
    record("5", "bass", "upright", "y", 30, 127),
]


def test_families_in_their_order_with_everything_counted() -> None:
    bass, reed = count_families(NOTES)
    assert (bass.family, reed.family) == ("bass", "reed")
    assert (bass.n_notes, bass.n_instruments, bass.n_independent) == (1, 1, 1)
    assert (reed.n_notes, reed.n_instruments, reed.n_independent) == (4, 2, 1)
    assert reed.notes_by_source == {"x": 2, "y": 2}
    assert reed.instruments_by_source == {"x": 1, "y": 2}
    assert list(reed.notes_by_pitch.items()) == [(50, 1), (60, 2)]
    assert list(reed.notes_by_velocity.items()) == [(50, 2), (100, 1)]
    assert (reed.n_without_pitch, reed.n_without_velocity) == (1, 1)


def test_instruments_by_family_the_largest_first_with_their_shares() -> None:
    told = [
        (one.family, one.instrument, one.n_notes, one.share) for one in count_instruments(NOTES)
    ]
    assert told == [
        ("bass", "upright", 1, 1.0),
        ("reed", "oboe", 3, 0.75),
        ("reed", "shawm", 1, 0.25),
    ]


def test_sources_the_largest_first() -> None:
    y, x = count_sources(NOTES)
    assert (y.source, y.n_notes, y.n_instruments) == ("y", 3, 3)
    assert y.collections == ("c", "d")
    assert list(y.notes_by_family.items()) == [("bass", 1), ("reed", 2)]
    assert (x.source, x.n_notes, x.n_instruments, x.notes_by_family) == ("x", 2, 1, {"reed": 2})


def test_one_name_in_two_families_is_two_instruments() -> None:
    twice = [record("1", "reed", "a", "x"), record("2", "bass", "a", "x")]
    assert [(one.family, one.share) for one in count_instruments(twice)] == [
        ("bass", 1.0),
        ("reed", 1.0),
    ]
