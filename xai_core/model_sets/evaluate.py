"""Scores of a set of models on notes of instruments that none of them was trained on.

Conventions
-----------
*Held-out* notes are those of the instruments that all models of a type were
tested on; *all* notes are whatever is given, provided that none of their
instruments was used for training or calibration. Instruments that share
recordings count as one.

Scores are dicts as :mod:`xai_core.scoring` returns them and as they stand on the
cards: for each model, for each type (ten-way), and for several types averaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from xai_core import store
from xai_core.datasets.notes import NoteRecord, skipped_sentence, usable_notes
from xai_core.datasets.splits import group_instruments
from xai_core.model_sets.held_out import (
    Groups,
    choose_held_out,
    independent_instruments,
    instruments_of,
)
from xai_core.scores import combine_classes, combine_types
from xai_core.scoring import N_RESAMPLES, binary_scores, resample_instruments, ten_way_scores
from xai_core.training import Corpus, build_corpus, class_probabilities_of, probabilities_of
from xai_core.values import (
    FAMILIES,
    FloatArray,
    OnProgress,
    Progress,
    check_family,
    check_type,
    count_steps,
)

__all__ = [
    "Evaluation",
    "ModelScores",
    "Notes",
    "TypeScores",
    "TypesTogether",
    "evaluate_models",
]


@dataclass(frozen=True, eq=False)
class _Outputs:
    """The probabilities of the models of one type for the notes they are scored on."""

    type: str
    cards: Mapping[str, store.Card]
    records: Sequence[NoteRecord]
    probabilities: FloatArray  # (n_notes, n_models)
    digest: str
    classes: FloatArray | None = None  # (n_notes, 10) of the ten-way network, where there is one

    @property
    def is_complete(self) -> bool:
        return tuple(self.cards) == FAMILIES

    @property
    def ten_way(self) -> FloatArray:
        """The ten probabilities of each note whose largest names the family."""
        return self.probabilities if self.classes is None else self.classes

    @property
    def as_on_cards(self) -> bool:
        return all(
            (card.training.get("notes") or {}).get("test") == self.digest
            for card in self.cards.values()
        )


def evaluate_models(
    records: Sequence[NoteRecord],
    *,
    rng: np.random.Generator,
    types: Sequence[str] | None = None,
    families: Sequence[str] | None = None,
    models: str = "starter",
    notes: Notes = "held_out",
    n_resamples: int = N_RESAMPLES,
    on_progress: OnProgress = lambda event: None,
) -> Evaluation:
    """Score the models of a set on instruments that they were not trained on.

    Parameters
    ----------
    records : sequence of NoteRecord
        The data set that the models were trained with, or another.
    rng : numpy.random.Generator
        Draws the instruments of each resample.
    types, families : sequence of str, optional
        Which models; all that the set has, if not given. Ten-way scores need
        all ten families.
    models : str
        Name of the set.
    notes : {"held_out", "all"}
        Only the notes of the instruments that the cards hold out, or all.
    n_resamples : int
        Resamples behind each interval.
    on_progress : callable
        Called with a :class:`xai_core.values.Progress`.

    Raises
    ------
    InputError
        If there are no held-out notes, or an instrument among those to be
        scored was trained on.
    ModelError
        If a model is missing or altered, or its card names no instruments.
    """
    cards = _cards(types, families, models)
    records, skipped = usable_notes(records, on_progress=count_steps(on_progress, "checking notes"))
    remarks = []
    if skipped:
        remarks.append(f"{skipped_sentence(skipped, total=len(records) + len(skipped))}.")
    groups = group_instruments(records)
    chosen = {}
    for type, of_type in cards.items():  # a refusal comes before any work
        chosen[type], left_out = choose_held_out(
            records, of_type, groups, only_held_out=notes == "held_out", models=models
        )
        remarks += left_out
    scored, outputs = [], []
    for type, of_type in cards.items():
        one = _predict(type, of_type, chosen[type], models, on_progress)
        outputs.append(one)
        found, missing = _score(one, groups, rng, n_resamples)
        scored.append(found)
        remarks += missing
        if notes == "held_out" and not one.as_on_cards:
            remarks.append(_other_notes(one))
    together, missing = _together(
        [one for one in outputs if one.is_complete],
        models,
        groups,
        rng,
        n_resamples,
    )
    return Evaluation(models, notes, tuple(scored), together, (*remarks, *missing))


def _cards(
    types: Sequence[str] | None, families: Sequence[str] | None, models: str
) -> dict[str, dict[str, store.Card]]:
    """Return the cards of the chosen models, in the fixed orders."""
    available = store.available_models(models)
    wanted = available if types is None else [check_type(type) for type in types]
    for family in families or ():
        check_family(family)
    chosen = {
        type: [f for f in FAMILIES if f in (families or available.get(type, FAMILIES))]
        for type in dict.fromkeys(wanted)
    }
    return {
        type: {family: store.read_card(type, family, models=models) for family in of_type}
        for type, of_type in chosen.items()
    }


def _other_notes(outputs: _Outputs) -> str:
    held_out = instruments_of(next(iter(outputs.cards.values())), "test")
    names = {record.instrument for record in outputs.records}
    return (
        f"{outputs.type}: scored on {len(outputs.records):,} notes of {len(names)} of the "
        f"{len(held_out)} instruments that the cards hold out, which are not just the notes of the "
        "cards' own scores; instruments are told by their names alone."
    )


def _predict(
    type: str,
    cards: Mapping[str, store.Card],
    records: Sequence[NoteRecord],
    models: str,
    on_progress: OnProgress,
) -> _Outputs:
    corpus = build_corpus(
        records,
        type,
        n_augmented=0,
        seed=0,
        on_progress=count_steps(on_progress, f"{type}: spectrograms"),
    )
    columns = []
    for done, card in enumerate(cards.values(), start=1):
        columns.append(_probabilities(card, corpus, records, models))
        on_progress(Progress("step", f"{type}: models", done, len(cards)))
    classes = None
    if store.ten_way_name(type) in store.named_models(models):
        card = store.read_card(name=store.ten_way_name(type), models=models)
        classes = _probabilities(card, corpus, records, models)
    return _Outputs(type, cards, records, np.stack(columns, axis=1), corpus.digest, classes)


def _probabilities(
    card: store.Card, corpus: Corpus, records: Sequence[NoteRecord], models: str
) -> FloatArray:
    """Return the probabilities of one model for each note, from the cache where they are there.

    Of a binary model shape (n_notes,), of a ten-way network (n_notes, 10).
    """
    shape = (len(records),) if card.type else (len(records), len(card.classes))
    key = store.cache_key(
        kind="probabilities",
        model_sha256=card.sha256,
        spectrograms=store.spectrogram_key(type=corpus.type),
        notes=[record.note for record in records],
        audio=corpus.digest,
    )
    cached = store.read_cached(key) or {}
    if cached.get("probabilities", np.empty(0)).shape == shape:
        return cached["probabilities"]
    model, _ = store.load_model(name=card.name, models=models)
    predict = probabilities_of if card.type else class_probabilities_of
    probabilities = predict(model, corpus)
    store.write_cached(key, {"probabilities": probabilities})
    return probabilities


def _score(
    outputs: _Outputs, groups: Groups, rng: np.random.Generator, n_resamples: int
) -> tuple[TypeScores, list[str]]:
    """Return the scores of a type, and a sentence on families that cannot be scored."""
    family, instrument = (
        _families(outputs.records),
        independent_instruments(outputs.records, groups),
    )
    resamples = resample_instruments(family, instrument, rng=rng, n_resamples=n_resamples)
    scored, missing = [], []
    for column, (name, card) in enumerate(outputs.cards.items()):
        positive = family == FAMILIES.index(name)
        if not positive.any():
            missing.append(name)
            continue
        scores = binary_scores(outputs.probabilities[:, column], positive, resamples=resamples)
        scored.append(ModelScores(name, card.sha256, scores))
    ten_way, by_collection = None, {}
    if outputs.is_complete:
        ten_way = ten_way_scores(outputs.ten_way, family, resamples=resamples)
        by_collection = _by_collection(outputs.records, outputs.ten_way, groups, rng, n_resamples)
    remarks = (
        [f"{outputs.type}: no notes of {', '.join(missing)}, whose models have no scores."]
        if missing
        else []
    )
    return (
        TypeScores(
            outputs.type,
            n_notes=len(outputs.records),
            n_instruments=resamples.n_instruments,
            as_on_cards=outputs.as_on_cards,
            models=tuple(scored),
            ten_way=ten_way,
            by_collection=by_collection,
        ),
        remarks,
    )


def _together(
    outputs: Sequence[_Outputs],
    models: str,
    groups: Groups,
    rng: np.random.Generator,
    n_resamples: int,
) -> tuple[TypesTogether | None, list[str]]:
    """Return the scores of several types combined, on the notes that all of them have."""
    if len(outputs) < 2:
        return None, []
    common = set.intersection(*({record.path for record in one.records} for one in outputs))
    if not common:
        return None, ["No note is unseen by the models of all types, so none are averaged."]
    rows = [
        one.ten_way[[record.path in common for record in one.records]] for one in outputs
    ]  # the order of notes is the same in all types
    records = [record for record in outputs[0].records if record.path in common]
    family = _families(records)
    resamples = resample_instruments(
        family, independent_instruments(records, groups), rng=rng, n_resamples=n_resamples
    )
    verdict = store.read_verdict(models)
    if verdict is not None and all(one.classes is not None for one in outputs):
        weights = verdict["weights"]
        averaged = combine_classes(rows, [weights.get(one.type, 0.0) for one in outputs])
    else:
        weights = store.read_type_weights(models)
        averaged = combine_types(rows, [weights.get(one.type, 0.0) for one in outputs])
    return (
        TypesTogether(
            types=tuple(one.type for one in outputs),
            ten_way=ten_way_scores(averaged, family, resamples=resamples),
            by_collection=_by_collection(records, averaged, groups, rng, n_resamples),
            alone={
                one.type: ten_way_scores(part, family)["accuracy"]
                for one, part in zip(outputs, rows, strict=True)
            },
        ),
        [],
    )


def _by_collection(
    records: Sequence[NoteRecord],
    probabilities: FloatArray,
    groups: Groups,
    rng: np.random.Generator,
    n_resamples: int,
) -> dict[str, dict[str, Any]]:
    found = {}
    for name in sorted({record.collection for record in records}):
        part = [record for record in records if record.collection == name]
        family = _families(part)
        resamples = resample_instruments(
            family, independent_instruments(part, groups), rng=rng, n_resamples=n_resamples
        )
        rows = probabilities[[record.collection == name for record in records]]
        found[name] = ten_way_scores(rows, family, resamples=resamples)
    return found


def _families(records: Sequence[NoteRecord]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array([FAMILIES.index(record.family) for record in records], np.int64)


Notes = Literal["held_out", "all"]


@dataclass(frozen=True, eq=False)
class ModelScores:
    """Scores of one model.

    Parameters
    ----------
    family : str
    sha256 : str
        Digest of the model file.
    scores : dict
        From :func:`xai_core.scoring.binary_scores`.
    """

    family: str
    sha256: str
    scores: dict[str, Any]


@dataclass(frozen=True, eq=False)
class TypeScores:
    """Scores of the models of one spectrogram type.

    Parameters
    ----------
    type : str
    n_notes, n_instruments : int
        What was scored; instruments that share recordings count as one.
    as_on_cards : bool
        Whether these are, to the sample, the notes that the cards' own scores
        were taken on.
    models : tuple of ModelScores
    ten_way : dict or None
        From :func:`xai_core.scoring.ten_way_scores`; None without all ten
        models.
    by_collection : dict
        The same for the notes of each collection.
    """

    type: str
    n_notes: int
    n_instruments: int
    as_on_cards: bool
    models: tuple[ModelScores, ...]
    ten_way: dict[str, Any] | None
    by_collection: dict[str, dict[str, Any]]


@dataclass(frozen=True, eq=False)
class TypesTogether:
    """Ten-way scores of several types averaged, on the notes that are unseen by all.

    Parameters
    ----------
    types : tuple of str
    ten_way : dict
        Of the mean log-odds, from :func:`xai_core.scoring.ten_way_scores`.
    by_collection : dict
        The same for the notes of each collection.
    alone : dict
        ``{type: accuracy}`` of each type by itself on these very notes.
    """

    types: tuple[str, ...]
    ten_way: dict[str, Any]
    by_collection: dict[str, dict[str, Any]]
    alone: dict[str, float]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All scores of a set of models.

    Parameters
    ----------
    models : str
        Name of the set.
    notes : {"held_out", "all"}
    types : tuple of TypeScores
    together : TypesTogether or None
        None for a single type, or where no note is unseen by all.
    remarks : tuple of str
        What a reader of the scores must know, one sentence each.
    """

    models: str
    notes: Notes
    types: tuple[TypeScores, ...]
    together: TypesTogether | None
    remarks: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        return asdict(self)
