"""Training and test sets that share no instrument and no note.

Conventions
-----------
A split moves whole instruments. Instruments that share a byte-identical note
or a group, or are known to be the same one under two names, move together.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np

from xai_core.datasets.notes import NoteRecord, audio_digest
from xai_core.errors import InputError
from xai_core.values import FAMILIES

__all__ = ["KNOWN_TWINS", "group_instruments", "split_by_instrument"]

# Instruments that are one and the same under several names.
KNOWN_TWINS: tuple[tuple[str, ...], ...] = (
    ("mallet_acoustic_000", "mallet_acoustic_047"),  # NSynth: shared audio
    # One physical instrument each, bowed and plucked:
    ("double_bass_arco_otto_rubner_1958", "double_bass_pizz_otto_rubner_1958"),
    ("ergo_electric_upright_arco", "ergo_electric_upright_pizz"),
)

ENOUGH_FOR_TWO = 6  # instruments of a family from which two go to the test side


def split_by_instrument(
    records: Sequence[NoteRecord],
    *,
    test_fraction: float,
    rng: np.random.Generator,
    first: Collection[str] = (),
    never: Collection[str] = (),
) -> tuple[list[NoteRecord], list[NoteRecord]]:
    """Split notes into training and test sets by instrument, family by family.

    Every family with at least two independent instruments gives at least one
    to the test set, from six on at least two, and keeps at least one for
    training. Test instruments are taken round-robin from the collections, and
    inside a collection round-robin from its sources.

    Parameters
    ----------
    records : sequence of NoteRecord
        Notes of any collections.
    test_fraction : float
        Share of a family's instruments wanted in the test set, in (0, 1).
    rng : numpy.random.Generator
        Decides which instruments; the same state gives the same split,
        whatever the order of `records`.
    first : collection of str
        Instruments that go to the test set before any other, all of them.
    never : collection of str
        Instruments that stay in the training set, with all that must stay with them.

    Returns
    -------
    train, test : list of NoteRecord
        Each in the order of `records`.

    Raises
    ------
    InputError
        If `test_fraction` is not between 0 and 1.
    AudioError
        If a note's audio is missing or damaged.
    """
    if not 0.0 < test_fraction < 1.0:
        raise InputError(f"expected a test fraction between 0 and 1, got {test_fraction}")
    groups = group_instruments(records)
    instruments = _instruments_by_family(records)
    test: set[str] = set()
    for family in FAMILIES:
        members = instruments[family]
        wanted = _wanted(len(members), test_fraction)
        in_turn = list(_in_turn(records, family, groups, rng))
        for group in sorted(in_turn, key=lambda group: not group & set(first)):
            if len(members & test) >= wanted and not group & set(first):
                break
            if group & set(never):
                continue
            chosen = test | group
            if all(names - chosen for names in instruments.values() if names & group):
                test = chosen
    return (
        [record for record in records if record.instrument not in test],
        [record for record in records if record.instrument in test],
    )


def group_instruments(records: Sequence[NoteRecord]) -> dict[str, frozenset[str]]:
    """Return, for every instrument, the instruments that must stay with it.

    Instruments are joined when one note of theirs has the same samples, when
    their notes name the same group, or when :data:`KNOWN_TWINS` has it that they
    are one.

    Returns
    -------
    dict
        ``{instrument: its group}``, the instrument itself included.

    Raises
    ------
    AudioError
        If a note's audio is missing or damaged.
    """
    parent = {record.instrument: record.instrument for record in records}

    def find(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    def join(names: Iterable[str]) -> None:
        present = [name for name in names if name in parent]
        for name in present[1:]:
            parent[find(name)] = find(present[0])

    for twins in KNOWN_TWINS:
        join(twins)
    first: dict[str, str] = {}
    first_of_group: dict[str, str] = {}
    for record in records:
        join((first.setdefault(audio_digest(record), record.instrument), record.instrument))
        if record.group:
            join((first_of_group.setdefault(record.group, record.instrument), record.instrument))

    members: dict[str, set[str]] = defaultdict(set)
    for name in parent:
        members[find(name)].add(name)
    return {name: frozenset(members[find(name)]) for name in parent}


def _instruments_by_family(records: Sequence[NoteRecord]) -> dict[str, set[str]]:
    instruments: dict[str, set[str]] = {family: set() for family in FAMILIES}
    for record in records:
        instruments[record.family].add(record.instrument)
    return instruments


def _wanted(n_instruments: int, test_fraction: float) -> int:
    if n_instruments < 2:
        return 0
    least = 2 if n_instruments >= ENOUGH_FOR_TWO else 1
    return min(max(least, round(test_fraction * n_instruments)), n_instruments - 1)


def _in_turn(
    records: Sequence[NoteRecord],
    family: str,
    groups: dict[str, frozenset[str]],
    rng: np.random.Generator,
) -> Iterator[frozenset[str]]:
    """Yield the groups of a family, one from each collection and source, round-robin."""
    counts: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for record in records:
        if record.family == family:
            origin = (record.collection or record.source, record.source)
            counts[record.instrument][origin] += 1
    tree: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name in sorted(counts):
        collection, source = max(sorted(counts[name]), key=lambda key: counts[name][key])
        tree[collection][source].append(name)

    queues = [
        _round_robin([_shuffled(tree[collection][source], rng) for source in sources])
        for collection in _shuffled(sorted(tree), rng)
        for sources in [_shuffled(sorted(tree[collection]), rng)]
    ]
    seen: set[frozenset[str]] = set()
    for name in _round_robin(queues):
        if groups[name] not in seen:
            seen.add(groups[name])
            yield groups[name]


def _shuffled(items: Sequence[str], rng: np.random.Generator) -> list[str]:
    return [items[i] for i in rng.permutation(len(items))]


def _round_robin(queues: Sequence[Sequence[str]]) -> list[str]:
    longest = max((len(queue) for queue in queues), default=0)
    return [queue[i] for i in range(longest) for queue in queues if i < len(queue)]
