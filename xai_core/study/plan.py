"""What an analysis will do: models, notes, blocks of pairs, jobs, and its settings as a record.

Conventions
-----------
Types and families come in their fixed orders. Blocks are ordered so that each can
start as early as possible: a family by itself, then with each family before it.
:func:`describe_analysis` returns everything that decides the result (models,
notes, methods, versions) as a dict that JSON can hold.
"""

from __future__ import annotations

import itertools
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from xai_core import __version__, store
from xai_core.catalogue.compared import NULL, PAPER_CHOICE, SPECTROGRAM, Compared
from xai_core.catalogue.methods import METHODS
from xai_core.datasets.note_names import named_apart
from xai_core.datasets.notes import NoteRecord
from xai_core.errors import InputError, ModelError
from xai_core.explanations import layers_of
from xai_core.explanations.settings import Settings
from xai_core.grid import Job
from xai_core.metrics import metric_settings
from xai_core.pair_tables import METRIC_COLUMNS
from xai_core.study.notes import ChosenNote, choose_notes, pairs_between, pairs_within
from xai_core.study.pairs import Block, FamilyMaps, compare_block, explain_some
from xai_core.study.tables import LeftOut
from xai_core.values import (
    FAMILIES,
    SPECTROGRAM_TYPES,
    OnProgress,
    Progress,
    check_family,
    check_type,
)

__all__ = [
    "Cards",
    "Chosen",
    "blocks_of",
    "cards_of",
    "choose_by_family",
    "describe_analysis",
    "jobs_of",
]

NOTES_PER_JOB = 8
PAIR_COST = 2  # ms for all metrics of a pair
NULL_COST = 0.4  # of a map's: a random network's gradients change little along a path
SPECTROGRAM_COST = 20  # ms

Cards = Mapping[str, Mapping[str, store.Card]]  # by type and family
Chosen = Mapping[str, tuple[ChosenNote, ...]]  # by family


def cards_of(
    types: Sequence[str] | None, families: Sequence[str] | None, models: str
) -> dict[str, dict[str, store.Card]]:
    """Return the cards of the chosen models, in the fixed orders."""
    available = store.available_models(models)
    wanted = set(available) if types is None else {check_type(type) for type in types}
    named = {check_family(family) for family in families or ()}
    return {
        type: {
            family: store.read_card(type, family, models=models)
            for family in FAMILIES
            if (family in named if named else family in available.get(type, FAMILIES))
        }
        for type in SPECTROGRAM_TYPES
        if type in wanted
    }


def choose_by_family(
    records: Sequence[NoteRecord],
    cards: Cards,
    families: Sequence[str] | None,
    *,
    n: int,
    seed: int,
    on_progress: OnProgress,
) -> tuple[dict[str, tuple[ChosenNote, ...]], list[LeftOut]]:
    """Return the notes of each family that has a model and two notes, and those passed over.

    Raises
    ------
    InputError
        If a chosen family has not two notes, or none has.
    """
    records = named_apart(records)  # of several collections
    with_model = [one for one in FAMILIES if any(one in of_type for of_type in cards.values())]
    chosen: dict[str, tuple[ChosenNote, ...]] = {}
    left_out: list[LeftOut] = []
    for done, family in enumerate(with_model, start=1):
        notes, refused = choose_notes(records, family, n=n, seed=seed)
        left_out += [
            {
                "type": "",
                "method": "",
                "family": family,
                "note": one.record.note,
                "reason": one.reason,
            }
            for one in refused
        ]
        if len(notes) >= 2:
            chosen[family] = tuple(notes)
        elif families is not None:
            raise InputError(
                f"expected at least 2 notes of {family} to compare, found {len(notes)} that can be "
                f"used among {len(records):,} notes"
            )
        on_progress(Progress("step", "choosing notes", done, len(with_model)))
    if not chosen:
        raise InputError(
            f"no family has 2 notes to compare among these {len(records):,}: is it the right "
            "folder?"
        )
    return chosen, left_out


def blocks_of(
    cards: Cards,
    settings: Mapping[str, Settings],
    chosen: Chosen,
    models: str,
    *,
    between: int,
    seed: int,
    compared: Compared = PAPER_CHOICE,
) -> list[Block]:
    """Return all blocks; each family is compared with those before it as soon as it can be.

    Spectrograms have one set of blocks, whatever the methods.
    """
    blocks: list[Block] = []
    methods = list(settings)[:1] if compared.maps == SPECTROGRAM else list(settings)
    for (type, of_type), method in itertools.product(cards.items(), methods):
        groups: list[FamilyMaps] = []
        for family, notes in chosen.items():
            if family not in of_type:
                continue
            sha256 = of_type[family].sha256
            new = FamilyMaps(type, family, settings[method], models, sha256, notes, compared)
            blocks.append(Block.of(new, new, pairs_within(len(notes))))
            for old in groups if between else ():
                families, sizes = (old.family, family), (len(old.notes), len(notes))
                pairs = pairs_between(families, sizes, most=between, seed=seed)
                blocks.append(Block.of(old, new, pairs))
            groups.append(new)
    return blocks


def jobs_of(blocks: Sequence[Block]) -> list[Job]:
    """Return the jobs of blocks that are not done yet, in an order in which results come early."""
    jobs: list[Job] = []
    explained: dict[str, tuple[str, ...]] = {}
    for block in blocks:
        for of in (block.a, block.b):
            if of.name not in explained:
                parts = _explaining(of)
                jobs += parts
                explained[of.name] = tuple(job.name for job in parts)
        needs = {name for of in (block.a, block.b) for name in explained[of.name]}
        cost = PAIR_COST * (len(block.pairs) + 10)
        jobs.append(Job(block.name, compare_block, (block,), tuple(sorted(needs)), cost=cost))
    return jobs


def _explaining(of: FamilyMaps) -> list[Job]:
    cost = METHODS[of.settings.method].cost_of(of.type)
    if of.compared.maps == NULL:
        cost = max(1, round(NULL_COST * cost))
    elif of.compared.maps == SPECTROGRAM:
        cost = SPECTROGRAM_COST
    return [
        Job(
            f"{of.name} maps {start + 1} to {start + len(notes)}",
            explain_some,
            (of, notes),
            cost=cost * len(notes),
        )
        for start in range(0, len(of.notes), NOTES_PER_JOB)
        for notes in [of.notes[start : start + NOTES_PER_JOB]]
    ]


def _presets(
    settings: Mapping[str, Settings], cards: Cards, models: str
) -> dict[str, dict[str, Any]]:
    """Return the settings of each method, with the last layer by its name.

    Where that of one type is called otherwise than that of another, ``layer`` is
    a table by type. The models of one type are taken to have the same layers.
    """
    presets = {method: one.as_dict() for method, one in settings.items()}
    for preset in presets.values():
        if preset.get("layer", "") is None:
            last = {}
            for type, of_type in cards.items():
                for family in list(of_type)[:1]:
                    with suppress(ModelError):  # one that cannot be loaded explains nothing
                        last[type] = layers_of(type, family, models=models)[-1]
            names = set(last.values())
            preset["layer"] = names.pop() if len(names) == 1 else last
    return presets


METRIC_SETTINGS = {
    "names": list(METRIC_COLUMNS),
    **metric_settings(),
}
PACKAGES = ("tensorflow", "numpy", "scipy", "numba", "POT", "librosa", "keras", "pandas", "pyarrow")


def describe_analysis(
    cards: Cards,
    settings: Mapping[str, Settings],
    chosen: Chosen,
    *,
    models: str,
    data_sets: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Return models, notes, methods and versions as JSON has them.

    Parameters
    ----------
    cards : mapping
        ``{type: {family: Card}}`` of the models that are explained.
    settings : mapping
        ``{method: Settings}``.
    chosen : mapping
        ``{family: notes}``.
    models : str
        Name of the set.
    data_sets : sequence of mapping
        Where the notes are from.
    """
    digests = {
        type: {family: card.sha256 for family, card in of_type.items()}
        for type, of_type in cards.items()
    }
    return {
        "types": list(cards),
        "families": list(chosen),
        "methods": list(settings),
        "presets": _presets(settings, cards, models),
        "models": {"name": models, "sha256": digests},
        "data": [dict(one) for one in data_sets],
        "notes": {
            family: {note.record.note: note.sha256 for note in notes}
            for family, notes in chosen.items()
        },
        "metrics": METRIC_SETTINGS,
        "versions": {
            "timbrelens": __version__,
            "python": platform.python_version(),
            **{package: store.package_version(package) for package in PACKAGES},
        },
    }
