"""The notes that none of the models of a type was trained on, by their cards.

Conventions
-----------
A card names the instruments of each part of its split. An instrument counts as
trained on if any model of the type was trained or calibrated on it, or on one that it
shares recordings with.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from xai_core.datasets.notes import NoteRecord
from xai_core.errors import InputError, ModelError
from xai_core.store import Card

__all__ = ["Groups", "choose_held_out", "independent_instruments", "instruments_of"]

Groups = Mapping[str, frozenset[str]]  # of instruments that share recordings

SHOWN = 5  # names in one sentence


def instruments_of(card: Card, part: str) -> set[str]:
    """Return the instruments of one part of a card's split: train, calibration or test."""
    try:
        return set(card.data[part]["instruments"])
    except (KeyError, TypeError) as error:
        raise ModelError(
            f"the card of the {card.type} model of {card.family} does not name the instruments of "
            f"its {part} notes, so nobody can say which ones it has not seen: was it made by "
            "another program?"
        ) from error


def independent_instruments(records: Sequence[NoteRecord], groups: Groups) -> list[str]:
    """Return the instrument of each note, one name for all that share recordings."""
    return [min(groups[record.instrument]) for record in records]


def choose_held_out(
    records: Sequence[NoteRecord],
    cards: Mapping[str, Card],
    groups: Groups,
    *,
    only_held_out: bool,
    models: str,
) -> tuple[list[NoteRecord], list[str]]:
    """Return the notes that the models of one type are to be scored on.

    Parameters
    ----------
    records : sequence of NoteRecord
        Notes of any collections.
    cards : mapping of str to Card
        Of the models, by family.
    groups : mapping
        ``{instrument: all that share recordings with it}``, from
        :func:`xai_core.datasets.splits.group_instruments`.
    only_held_out : bool
        Choose the instruments that all cards hold out; else take every note.
    models : str
        Name of the set, for sentences.

    Returns
    -------
    chosen : list of NoteRecord
        In the order of `records`.
    remarks : list of str
        What was left out and why, one sentence each.

    Raises
    ------
    InputError
        If none is held out, or one that would be scored was trained on.
    ModelError
        If a card names no instruments.
    """
    type = next(iter(cards.values())).type
    trained = set().union(
        *(
            instruments_of(card, part)
            for card in cards.values()
            for part in ("train", "calibration")
        )
    )
    present = {record.instrument for record in records}
    wanted, remarks = present, []
    if only_held_out:
        held_out = set.intersection(*(instruments_of(card, "test") for card in cards.values()))
        wanted = present & held_out
        if not wanted:
            raise InputError(
                f"none of the {len(held_out)} instruments that the {type} models of {models!r} "
                f"hold out is among these {len(records):,} notes of {len(present)} instruments: "
                "is it the data set they were trained with? Other notes are scored with --all"
            )
        related = {name for name in wanted - trained if groups[name] & trained}
        wanted = wanted - related
        if related:
            remarks.append(
                f"{type}: {len(related)} of {len(wanted) + len(related)} held-out instruments "
                f"share recordings with ones that were trained on and are left out: "
                f"{_named(related)}."
            )
    found = {name for name in wanted if groups[name] & trained}
    if found:
        raise InputError(_trained_sentence(found, wanted, trained, type, models))
    if not wanted:
        raise InputError(
            f"no held-out instrument is left to score the {type} models of {models!r} on: all of "
            "them share recordings with ones that were trained on"
        )
    return [record for record in records if record.instrument in wanted], remarks


def _trained_sentence(
    found: set[str], wanted: set[str], trained: set[str], type: str, models: str
) -> str:
    how = "was" if len(found) == 1 else "were"
    shares = "" if found <= trained else ", or share recordings with instruments that were"
    return (
        f"{len(found)} of {len(wanted)} instruments {how} trained on by the {type} models of "
        f"{models!r}{shares}: {_named(found)}; a score on them says nothing about unseen "
        "instruments, so leave them out"
    )


def _named(names: Collection[str]) -> str:
    shown = sorted(names)[:SHOWN]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
