"""Training a set of models: notes in, scored and calibrated models with cards out.

Conventions
-----------
Notes are split by instrument: *train*, *calibration* (Platt scaling, and
validation curves where the preset keeps no *validation* notes of its own) and
*test* (the scores on the cards). Notes whose audio cannot be used are left out
first, with a warning. A model that is already there and was decided by the
same notes, preset, seed and code is left as it is, and so are the epochs of
one that is half trained: a killed run resumes.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from xai_core import store
from xai_core.catalogue.types import spectrogram_type
from xai_core.datasets.notes import NoteRecord, skipped_sentence, usable_notes
from xai_core.datasets.splits import split_by_instrument
from xai_core.errors import InputError, ModelError
from xai_core.grid import Job, run_jobs
from xai_core.model_sets.held_out import instruments_of
from xai_core.model_sets.jobs import (
    Config,
    Plan,
    finish_type,
    is_done,
    is_finished,
    make_spectrograms,
    train_family,
    train_trunk,
)
from xai_core.model_sets.ten_way import is_ten_way_done, learn_verdict, train_ten_way
from xai_core.places import check_writable
from xai_core.training import PRESETS, Preset, notes_digest
from xai_core.values import FAMILIES, OnProgress, count_steps

__all__ = ["split_notes", "train_models"]

_LOG = logging.getLogger(__name__)

TEST_FRACTION = 0.2  # of a family's instruments
CALIBRATION_FRACTION = 0.1
NOTE_COST = 8  # ms to make the spectrogram of a note

Parts = Mapping[str, Sequence[NoteRecord]]


def train_models(
    records: Sequence[NoteRecord],
    *,
    types: Sequence[str],
    families: Sequence[str] = FAMILIES,
    models: str,
    preset: Preset = PRESETS["standard"],
    seed: int = 0,
    start: str | None = None,
    data_sets: Sequence[Mapping[str, str]] = (),
    cluster: str | None = None,
    on_progress: OnProgress = lambda event: None,
) -> None:
    """Train, calibrate, score and save the ten-way network and binary models of some types.

    Parameters
    ----------
    records : sequence of NoteRecord
        Notes of all ten families; each of `families` is the positive class of one model.
    types, families : sequence of str
        Which models.
    models : str
        Name of the set they are written to.
    preset : Preset
        One of ``training.PRESETS``, or one of them with changes.
    seed : int
        Decides the split, the augmentation and the training.
    start : str, optional
        Name of the set whose networks training starts from, and whose held-out
        instruments are held out again; fresh weights if not given.
    data_sets : sequence of mapping
        Origin of the notes, for the cards, from
        :func:`xai_core.datasets.collection.describe_collection`.
    cluster : str, optional
        Address of a Dask scheduler whose workers share ``models/``, ``cache/``
        and the notes with this process; by default one model after the other
        is trained here.
    on_progress : callable
        Called with a :class:`xai_core.values.Progress`; events of kind ``run`` are
        of the whole run, in milliseconds of work.

    Raises
    ------
    InputError
        If the set cannot have its name or its folder cannot be written to, a family has too few
        instruments to train, calibrate and score on, or there is no cluster at
        the address.
    JobsFailedError
        At the end, if the training of some models failed.
    """
    if preset.penalty:
        raise InputError(
            f"the preset {preset.name} needs notes whose cue is known: use the command plant with "
            f"--preset {preset.name}"
        )
    check_writable(store.set_folder(models), what="the models")
    records, skipped = usable_notes(records, on_progress=count_steps(on_progress, "checking notes"))
    if skipped:
        _LOG.warning(skipped_sentence(skipped, total=len(records) + len(skipped)))
    cards = {} if start is None else {type: _cards_of(type, start) for type in types}
    parts = split_notes(
        records, seed, preset.validation_fraction, earlier=_seen(cards) if start else None
    )
    for family in families:
        _check_enough(family, records, parts)
    digests = {part: notes_digest(notes) for part, notes in parts.items()}
    plans = []
    for type in types:
        of_type = preset.for_type(type)
        config = Config(
            preset=of_type.as_dict(),
            seed=seed,
            split=_split_settings(seed, preset.validation_fraction),
            notes=digests,
            code=store.training_code(),
            start={"models": start, "sha256": [one.sha256 for one in cards[type]]} if start else {},
            data_sets=tuple(dict(one) for one in data_sets),
        )
        notes = {part: tuple(some) for part, some in parts.items()}
        plans.append(Plan(type, models, of_type, config, notes))
    jobs = [job for plan in plans for job in _jobs(plan, families)]
    try:
        run_jobs(jobs, cluster=cluster, on_progress=on_progress, on_failure=_LOG.error)
    finally:
        learn_verdict(plans, on_progress=on_progress)
    for plan in plans:
        _check_written(plan, families)


def _cards_of(type: str, models: str) -> list[store.Card]:
    """Return the cards of the networks of a type that training may start from."""
    name = store.ten_way_name(type)
    if name in store.named_models(models):
        return [store.read_card(name=name, models=models)]
    return [store.read_card(type, family, models=models) for family in FAMILIES]


def _seen(cards: Mapping[str, Sequence[store.Card]]) -> dict[str, set[str]]:
    """Return the instruments of each part of the split of some models, all types together."""
    every = [card for some in cards.values() for card in some]
    seen = {
        part: set().union(*(instruments_of(card, part) for card in every))
        for part in ("train", "calibration", "test")
    }
    seen["test"] -= seen["train"] | seen["calibration"]
    seen["calibration"] -= seen["train"]
    return seen


def split_notes(
    records: Sequence[NoteRecord],
    seed: int,
    validation_fraction: float = 0.0,
    *,
    earlier: Mapping[str, Collection[str]] | None = None,
) -> dict[str, list[NoteRecord]]:
    """Divide notes by instrument into the parts of a training run.

    Parameters
    ----------
    records : sequence of NoteRecord
    seed : int
    validation_fraction : float
        Share of the instruments of the training notes that is kept apart; 0: none.
    earlier : mapping, optional
        ``{part: instruments}`` of the models that training starts from: what they
        hold out is held out again, and what they have seen is not scored.

    Returns
    -------
    dict
        ``{part: notes}`` of train, calibration, test and, if its share is not 0, validation.
    """
    of = earlier or {"train": (), "calibration": (), "test": ()}
    held_in, test = split_by_instrument(
        records,
        test_fraction=TEST_FRACTION,
        rng=np.random.default_rng(seed),
        first=of["test"],
        never={*of["train"], *of["calibration"]},
    )
    train, calibration = split_by_instrument(
        held_in,
        test_fraction=CALIBRATION_FRACTION,
        rng=np.random.default_rng(seed + 1),
        first=of["calibration"],
        never=of["train"],
    )
    if not validation_fraction:
        return {"train": train, "calibration": calibration, "test": test}
    train, validation = split_by_instrument(
        train, test_fraction=validation_fraction, rng=np.random.default_rng(seed + 2)
    )
    return {"train": train, "validation": validation, "calibration": calibration, "test": test}


def _split_settings(seed: int, validation_fraction: float) -> dict[str, Any]:
    fractions = {"test": TEST_FRACTION, "calibration": CALIBRATION_FRACTION}
    if validation_fraction:
        fractions["validation"] = validation_fraction
    return {"by": "instrument", "fractions": fractions, "seed": seed}


def _check_enough(family: str, records: Sequence[NoteRecord], parts: Parts) -> None:
    for part in parts.values():
        of_family = sum(record.family == family for record in part)
        if of_family == 0:
            names = {record.instrument for record in records if record.family == family}
            raise InputError(
                f"expected at least {len(parts)} instruments of {family} that share no recording, "
                f"one each for {_listed(parts)}, got {len(names)}"
            )
        if of_family == len(part):
            raise InputError(f"expected notes of other families beside {family}, got none")


def _listed(parts: Parts) -> str:
    purposes = {"train": "training", "test": "scores"}
    *first, last = [purposes.get(part, part) for part in parts]
    return f"{', '.join(first)} and {last}"


def _jobs(plan: Plan, families: Sequence[str]) -> list[Job]:
    """Return what is left to do for one type."""
    type, preset = plan.type, plan.preset
    missing = [family for family in families if not is_done(plan, family)]
    wants_ten_way = bool(preset.trunk_epochs) and not is_ten_way_done(plan)
    if not missing and not wants_ten_way and is_finished(plan):
        return []
    n_notes = len(plan.parts["train"])
    epoch = spectrogram_type(type).step_ms * n_notes
    jobs = [
        Job(
            f"{type} spectrograms",
            make_spectrograms,
            (plan,),
            cost=NOTE_COST * n_notes * (1 + preset.n_augmented),
        )
    ]
    if (missing or wants_ten_way) and preset.trunk_epochs:
        jobs.append(
            Job(
                f"{type} trunk",
                train_trunk,
                (plan,),
                needs=(jobs[-1].name,),
                cost=epoch * preset.trunk_epochs,
                counted="epoch",
            )
        )
        jobs.append(
            Job(f"{type} ten-way", train_ten_way, (plan,), needs=(jobs[-1].name,), cost=epoch // 2)
        )
    jobs += [
        Job(
            f"{type} {family}",
            train_family,
            (plan, family),
            needs=(jobs[-1].name,),
            cost=(epoch // 2 if preset.draw == "balanced" else epoch) * preset.binary_epochs,
            counted="epoch",
        )
        for family in missing
    ]
    trained = tuple(f"{type} {family}" for family in missing)
    return [
        *jobs,
        Job(
            f"{type} calibration",
            finish_type,
            (plan,),
            needs=trained or (jobs[-1].name,),
            anyway=True,
            cost=epoch,
        ),
    ]


def _check_written(plan: Plan, families: Sequence[str]) -> None:
    """Raise ModelError if a model that was trained is not in this process's folder."""
    for family in families:
        if not is_done(plan, family):
            raise ModelError(
                f"the {plan.type} model of {family} was trained but is not in the set "
                f"{plan.models!r} here: do the workers share the folder of models?"
            )
