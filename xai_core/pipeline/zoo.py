"""Training a set of models: notes in, scored and calibrated models with cards out.

Conventions
-----------
Notes are split by instrument three ways: *train*, *calibration* (Platt
scaling) and *test* (the scores on the cards). Notes whose audio cannot be used
are left out first, with a warning. A model that is already there with the same
data, preset and seed is left as it is, so a killed run resumes.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from xai_core import store
from xai_core.datasets.checking import skipped_sentence, usable_notes
from xai_core.datasets.notes import NoteRecord
from xai_core.datasets.splits import split_by_instrument
from xai_core.errors import InputError, ModelError
from xai_core.evaluation import binary_scores, ten_way_scores
from xai_core.features import describe
from xai_core.training import (
    PRESETS,
    Corpus,
    Keeping,
    Model,
    Preset,
    Progress,
    build_corpus,
    calibrate,
    fit_binary,
    fit_trunk,
    probabilities_of,
    restore,
)
from xai_core.values import FAMILIES, FloatArray

__all__ = ["calibrate_models", "train_models"]

_LOG = logging.getLogger(__name__)

TEST_FRACTION = 0.2  # of a family's instruments
CALIBRATION_FRACTION = 0.1
METHOD = "Platt, one scaling for the models of a type"


def train_models(
    records: Sequence[NoteRecord],
    *,
    types: Sequence[str],
    families: Sequence[str] = FAMILIES,
    models: str,
    preset: Preset = PRESETS["standard"],
    seed: int = 0,
    keeping: Keeping = "chunked",
    progress: Progress = lambda what, done, total: None,
) -> None:
    """Train, calibrate, score and save the binary models of some types.

    Parameters
    ----------
    records : sequence of NoteRecord
        Notes of all ten families; those of `families` are the positives in turn.
    types, families : sequence of str
        Which models.
    models : str
        Name of the set they are written to.
    preset : Preset
        One of ``training.PRESETS``, or one of them with changes.
    seed : int
        Decides the split, the augmentation and the training.
    keeping : {"chunked", "on_the_fly"}
        Keep spectrograms in the cache, or compute them whenever they are asked
        for; the numbers are the same.
    progress : callable
        Told what is being done and how far it is.

    Raises
    ------
    InputError
        If a family has too few instruments to train, calibrate and score on.
    """
    records, skipped = usable_notes(
        records, progress=lambda done, total: progress("checking notes", done, total)
    )
    if skipped:
        _LOG.warning(skipped_sentence(skipped, total=len(records) + len(skipped)))
    held_in, test = split_by_instrument(
        records, test_fraction=TEST_FRACTION, rng=np.random.default_rng(seed)
    )
    train, calibration = split_by_instrument(
        held_in, test_fraction=CALIBRATION_FRACTION, rng=np.random.default_rng(seed + 1)
    )
    for family in families:
        _check_enough(family, records, train, calibration, test)
    for type in types:
        corpora = {
            part: _corpus(part, notes, type, preset, seed, keeping, progress)
            for part, notes in (("train", train), ("calibration", calibration), ("test", test))
        }
        _train_type(corpora, type, families, models, preset, seed, progress)


def _check_enough(family: str, records: Sequence[NoteRecord], *parts: Sequence[NoteRecord]) -> None:
    for part in parts:
        of_family = sum(record.family == family for record in part)
        if of_family == len(part):
            raise InputError(f"expected notes of other families beside {family}, got none")
        if of_family == 0:
            names = {record.instrument for record in records if record.family == family}
            raise InputError(
                f"expected at least 3 instruments of {family} that share no recording, one each "
                f"for training, calibration and scores, got {len(names)}"
            )


def _train_type(
    corpora: dict[str, Corpus],
    type: str,
    families: Sequence[str],
    models: str,
    preset: Preset,
    seed: int,
    progress: Progress,
) -> None:
    wanted = {
        "preset": preset.as_dict(),
        "seed": seed,
        "notes": {part: corpus.digest for part, corpus in corpora.items()},
    }
    trunk = None
    for family in families:
        if _is_done(type, family, models, wanted):
            continue
        if preset.trunk_epochs and trunk is None:
            trunk = _trunk(corpora["train"], preset, seed, wanted, progress)
        model, history = fit_binary(
            corpora["train"],
            family,
            preset,
            seed=seed,
            trunk=trunk,
            progress=progress,
        )
        index = FAMILIES.index(family)
        store.save_model(
            model,
            models=models,
            type=type,
            family=family,
            about={
                "architecture": {
                    "network": "three blocks of two 3x3 convolutions (32, 64, 128), dense 256",
                    "head": preset.head,
                    "pooled_axes": preset.pooled_axes if preset.head == "pooled" else None,
                    "input_shape": list(corpora["train"].spectrograms.shape),
                    "n_weights": int(model.count_params()),
                },
                "features": {
                    **describe(type),
                    "mean_spectrum": [round(float(v), 6) for v in corpora["train"].mean_spectrum],
                },
                "training": {
                    **wanted,
                    "calibration": None,  # until all of this run are trained
                    "history": history,
                },
                "data": {part: _counts(corpus) for part, corpus in corpora.items()},
                "scores": _scores(model, corpora["test"], index),
            },
        )
    done = [family for family in FAMILIES if _is_done(type, family, models, wanted)]
    if not _are_calibrated_together(type, done, models):
        calibrate_models(corpora["calibration"], corpora["test"], done, models=models)


def _corpus(
    part: str,
    records: Sequence[NoteRecord],
    type: str,
    preset: Preset,
    seed: int,
    keeping: Keeping,
    progress: Progress,
) -> Corpus:
    def told(done: int, total: int) -> None:
        progress(f"{type}: spectrograms ({part})", done, total)

    return build_corpus(
        records,
        type,
        n_augmented=preset.n_augmented if part == "train" else 0,
        seed=seed,
        augmentation=preset.augmentation,
        keeping=keeping,
        progress=told,
    )


def _is_done(type: str, family: str, models: str, wanted: dict[str, Any]) -> bool:
    try:
        training = store.read_card(type, family, models=models).training
    except ModelError:
        return False
    return all(training.get(key) == value for key, value in wanted.items())


def _are_calibrated_together(type: str, families: Sequence[str], models: str) -> bool:
    """Whether the cards tell of one calibration; not so after a run that was killed."""
    cards = [store.read_card(type, family, models=models) for family in families]
    found = [card.training["calibration"] for card in cards]
    return None not in found and all(one == found[0] for one in found)


def _trunk(
    corpus: Corpus, preset: Preset, seed: int, wanted: dict[str, Any], progress: Progress
) -> Model:
    spectrograms = store.spectrogram_key(type=corpus.type)  # the code that makes them
    key = store.cache_key(kind="trunk", type=corpus.type, spectrograms=spectrograms, **wanted)
    trunk = store.read_cached_model(key)
    if trunk is None:
        trunk = fit_trunk(
            corpus,
            preset,
            seed=seed,
            progress=progress,
        )
        store.write_cached_model(key, trunk)
    return trunk


def calibrate_models(
    calibration: Corpus, test: Corpus, families: Sequence[str], *, models: str
) -> None:
    """Calibrate the models of a type together, score them anew and save them.

    An earlier calibration is undone first.

    Parameters
    ----------
    calibration, test : Corpus
        Notes of one type, of instruments that no model was trained on.
    families : sequence of str
        Families whose models were trained on one split; with all ten, the
        ten-way scores of the type are written too.
    models : str
        Name of the set.
    """
    type = calibration.type
    loaded = {family: store.load_model(type, family, models=models) for family in families}
    for model, card in loaded.values():
        earlier = card.training["calibration"]
        if earlier is not None:
            restore(model, scale=earlier["scale"], offset=earlier["offset"])
    scale, offset = calibrate({family: model for family, (model, _) in loaded.items()}, calibration)
    columns = []
    for family, (model, card) in loaded.items():
        said = probabilities_of(model, test)
        columns.append(said)
        about = {name: getattr(card, name) for name in ("architecture", "features", "data")}
        about["training"] = {
            **card.training,
            "calibration": {"method": METHOD, "scale": scale, "offset": offset},
        }
        about["scores"] = binary_scores(said, test.family == FAMILIES.index(family))
        store.save_model(model, models=models, type=type, family=family, about=about)
    if len(families) == len(FAMILIES):
        store.write_summary(_ten_way(np.stack(columns, axis=1), test), models=models, type=type)


def _ten_way(probabilities: FloatArray, test: Corpus) -> dict[str, Any]:
    parts = {str(name): test.collection == name for name in np.unique(test.collection)}
    return {
        "ten_way": ten_way_scores(probabilities, test.family),
        "by_collection": {
            name: ten_way_scores(probabilities[part], test.family[part])
            for name, part in parts.items()
        },
    }


def _scores(model: Model, test: Corpus, index: int) -> dict[str, Any]:
    return binary_scores(probabilities_of(model, test), test.family == index)


def _counts(corpus: Corpus) -> dict[str, Any]:
    return {
        "n_notes": int(corpus.family.size),
        "n_instruments": int(np.unique(corpus.instrument).size),
        "notes_by_family": {
            FAMILIES[k]: n for k, n in sorted(Counter(corpus.family.tolist()).items())
        },
        "notes_by_collection": dict(sorted(Counter(corpus.collection.tolist()).items())),
        "notes_by_source": dict(sorted(Counter(corpus.source.tolist()).items())),
        "instruments": sorted({str(name) for name in corpus.instrument}),
    }
