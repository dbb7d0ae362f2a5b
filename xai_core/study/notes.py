"""Which notes are compared, and which pairs of them.

Conventions
-----------
What is chosen depends on the seed, the family and its notes alone: neither on
the order of the notes nor on what else is compared, so that all types and
methods compare the same notes. Instruments are drawn round-robin, so that none with many
notes outweighs the others.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xai_core.audio import load_note
from xai_core.datasets.notes import NoteRecord
from xai_core.errors import AudioError
from xai_core.values import FAMILIES

__all__ = ["ChosenNote", "NotChosen", "Pairs", "choose_notes", "pairs_between", "pairs_within"]

DIGESTS_KEPT = 10_000  # in memory; a hundred bytes each

Pairs = npt.NDArray[np.int64]  # (n_pairs, 2), indices into the notes of two families


@dataclass(frozen=True)
class ChosenNote:
    """A note that is compared.

    Parameters
    ----------
    record : NoteRecord
    sha256 : str
        Of the 4 s at 16 kHz that are explained.
    """

    record: NoteRecord
    sha256: str


@dataclass(frozen=True)
class NotChosen:
    """A note that was drawn and cannot be used, and why."""

    record: NoteRecord
    reason: str


def choose_notes(
    records: Sequence[NoteRecord], family: str, *, n: int, seed: int
) -> tuple[list[ChosenNote], list[NotChosen]]:
    """Return notes of a family, drawn round-robin from its instruments.

    Parameters
    ----------
    records : sequence of NoteRecord
        Notes of any families.
    family : str
    n : int
        Most notes to choose.
    seed : int

    Returns
    -------
    chosen : list of ChosenNote
        Fewer than `n` where the family has no more that can be used.
    refused : list of NotChosen
        Notes that cannot be read, are silent, or have the samples of another.
    """
    rng = np.random.default_rng([seed, FAMILIES.index(family)])
    chosen: list[ChosenNote] = []
    refused: list[NotChosen] = []
    seen: set[str] = set()
    for record in _round_robin([one for one in records if one.family == family], rng):
        if len(chosen) == n:
            break
        try:
            note = ChosenNote(record, _digest(record.path))
        except AudioError as error:
            refused.append(NotChosen(record, str(error)))
            continue
        if note.sha256 in seen:
            refused.append(NotChosen(record, "it has the samples of another note"))
            continue
        seen.add(note.sha256)
        chosen.append(note)
    return chosen, refused


def pairs_within(n: int) -> Pairs:
    """Return all unordered pairs of the notes of a family, the first index the smaller."""
    return np.stack(np.triu_indices(n, 1), axis=1).astype(np.int64)


def pairs_between(
    families: tuple[str, str], sizes: tuple[int, int], *, most: int, seed: int
) -> Pairs:
    """Return pairs of a note of one family and a note of another, none twice.

    Parameters
    ----------
    families : tuple of str
    sizes : tuple of int
        Notes of each.
    most : int
        Pairs drawn; all of them where there are no more.
    seed : int

    Returns
    -------
    ndarray of int64, shape (n_pairs, 2)
        In order.
    """
    n = sizes[0] * sizes[1]
    rng = np.random.default_rng([seed, *(FAMILIES.index(family) for family in families)])
    drawn = np.sort(rng.choice(n, size=min(most, n), replace=False)) if n else np.empty(0, np.int64)
    return np.stack(np.divmod(drawn, max(sizes[1], 1)), axis=1).astype(np.int64)


def _digest(path: Path) -> str:
    """Return the SHA-256 of the 4 s of a note that are explained."""
    try:
        about = path.stat()
    except OSError:
        return _digest_of(path, 0, 0)  # which raises the reason
    return _digest_of(path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=DIGESTS_KEPT)
def _digest_of(path: Path, mtime_ns: int, n_bytes: int) -> str:
    """Return the digest of a file that is decoded once, as long as it is not written to."""
    return hashlib.sha256(np.ascontiguousarray(load_note(path).y).tobytes()).hexdigest()


def _place(record: NoteRecord) -> tuple[str, str, str, str]:
    return record.instrument, record.note, record.collection, str(record.path)


def _round_robin(records: Sequence[NoteRecord], rng: np.random.Generator) -> list[NoteRecord]:
    """Return notes in round-robin order of shuffled instruments."""
    by_instrument: dict[str, list[NoteRecord]] = defaultdict(list)
    for record in sorted(records, key=_place):
        by_instrument[record.instrument].append(record)
    instruments = list(by_instrument.values())
    shuffled = [instruments[k] for k in rng.permutation(len(instruments))]
    queues = [[notes[k] for k in rng.permutation(len(notes))] for notes in shuffled]
    longest = max(map(len, queues), default=0)
    return [queue[k] for k in range(longest) for queue in queues if k < len(queue)]
