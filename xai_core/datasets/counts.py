"""How many notes there are of what.

Conventions
-----------
Every note of a collection counts, damaged ones too: counts are of labels, not
of audio. Families are in their usual order, those without notes left out;
sources and instruments come with the most notes first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xai_core.datasets.notes import NoteRecord
from xai_core.values import FAMILIES

__all__ = [
    "FamilyCount",
    "InstrumentCount",
    "SourceCount",
    "count_families",
    "count_instruments",
    "count_sources",
]


@dataclass(frozen=True)
class FamilyCount:
    """The notes of one family.

    Parameters
    ----------
    family : str
    n_notes, n_instruments : int
    n_independent : int
        Instruments, counting a group that shares recordings once.
    notes_by_source, instruments_by_source : dict of str to int
    notes_by_pitch, notes_by_velocity : dict of int to int
        By MIDI number, ascending.
    n_without_pitch, n_without_velocity : int
        Notes for which the collection has no value.
    """

    family: str
    n_notes: int
    n_instruments: int
    n_independent: int
    notes_by_source: dict[str, int]
    instruments_by_source: dict[str, int]
    notes_by_pitch: dict[int, int]
    notes_by_velocity: dict[int, int]
    n_without_pitch: int
    n_without_velocity: int


@dataclass(frozen=True)
class InstrumentCount:
    """The notes of one instrument, and their share of those of its family."""

    instrument: str
    family: str
    n_notes: int
    share: float


@dataclass(frozen=True)
class SourceCount:
    """The notes of one source.

    Parameters
    ----------
    source : str
    collections : tuple of str
        Folders that hold notes of it.
    n_notes, n_instruments : int
    notes_by_family : dict of str to int
    """

    source: str
    collections: tuple[str, ...]
    n_notes: int
    n_instruments: int
    notes_by_family: dict[str, int]


def count_families(records: Sequence[NoteRecord]) -> tuple[FamilyCount, ...]:
    """Return the counts of every family that has notes."""
    members = _groups(records, lambda record: record.family)
    return tuple(_family(family, members[family]) for family in FAMILIES if family in members)


def count_instruments(records: Sequence[NoteRecord]) -> tuple[InstrumentCount, ...]:
    """Return the counts of every instrument, family by family, the largest first."""
    families = Counter(record.family for record in records)
    counts = Counter((record.family, record.instrument) for record in records)
    ordered = sorted(counts, key=lambda key: (FAMILIES.index(key[0]), -counts[key], key[1]))
    return tuple(
        InstrumentCount(name, family, counts[family, name], counts[family, name] / families[family])
        for family, name in ordered
    )


def count_sources(records: Sequence[NoteRecord]) -> tuple[SourceCount, ...]:
    """Return the counts of every source, the largest first."""
    members = _groups(records, lambda record: record.source)
    found = [
        SourceCount(
            source=source,
            collections=tuple(sorted({record.collection for record in notes})),
            n_notes=len(notes),
            n_instruments=len({record.instrument for record in notes}),
            notes_by_family=_by_family(notes),
        )
        for source, notes in members.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.n_notes, one.source)))


def _family(family: str, notes: Sequence[NoteRecord]) -> FamilyCount:
    by_source = Counter(record.source for record in notes)
    pitches = Counter(record.pitch for record in notes if record.pitch is not None)
    velocities = Counter(record.velocity for record in notes if record.velocity is not None)
    played = {(record.source, record.instrument) for record in notes}
    return FamilyCount(
        family=family,
        n_notes=len(notes),
        n_instruments=len({record.instrument for record in notes}),
        n_independent=len({record.group or record.instrument for record in notes}),
        notes_by_source=dict(by_source.most_common()),
        instruments_by_source=dict(Counter(source for source, _ in played).most_common()),
        notes_by_pitch=dict(sorted(pitches.items())),
        notes_by_velocity=dict(sorted(velocities.items())),
        n_without_pitch=len(notes) - pitches.total(),
        n_without_velocity=len(notes) - velocities.total(),
    )


def _by_family(notes: Sequence[NoteRecord]) -> dict[str, int]:
    counts = Counter(record.family for record in notes)
    return {family: counts[family] for family in FAMILIES if counts[family]}


def _groups(
    records: Sequence[NoteRecord], key: Callable[[NoteRecord], str]
) -> dict[str, list[NoteRecord]]:
    groups: dict[str, list[NoteRecord]] = defaultdict(list)
    for record in records:
        groups[key(record)].append(record)
    return groups
