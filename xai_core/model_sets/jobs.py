"""The jobs of a training run: spectrograms, trunk, ten binary models, calibration.

Conventions
-----------
A :class:`Plan` holds what decides the models of one spectrogram type, and goes to
other processes. A job looks for its result in ``models/`` and ``cache/`` first and
computes it only if it is missing. After each epoch of a model that is not finished
its state is in ``cache/``, so a job that was killed resumes there.

Calibration is one scale and one offset of the logit for all models of a type.
The scores on the cards and in the summary are of the calibrated models on the
test notes; their 95 % intervals are a bootstrap over instruments, and a card says
whether its model is better than chance.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from xai_core import store
from xai_core.datasets.collection import read_collection
from xai_core.datasets.notes import NoteRecord
from xai_core.datasets.splits import group_instruments
from xai_core.errors import ModelError
from xai_core.features import describe
from xai_core.model_sets.held_out import independent_instruments
from xai_core.networks.cnn import CONV_LAYERS
from xai_core.networks.distances import gram_matrix, linear_cka, relative_difference
from xai_core.places import samples_folder
from xai_core.scoring import Resamples, binary_scores, resample_instruments, ten_way_scores
from xai_core.training import (
    Corpus,
    History,
    Model,
    Preset,
    build_corpus,
    calibrate,
    fit_binary,
    fit_trunk,
    probabilities_of,
    restore,
    ten_way_of,
)
from xai_core.values import FAMILIES, FloatArray, OnProgress, count_steps

__all__ = [
    "Config",
    "Plan",
    "calibrate_models",
    "corpora_of",
    "counts_of",
    "finish_type",
    "is_done",
    "is_finished",
    "make_spectrograms",
    "train_family",
    "train_trunk",
    "trunk_of",
]

ONLY_OF_BINARY = ("name", "binary_epochs", "binary_rate")  # of a preset: no matter to the trunk


@dataclass(frozen=True)
class Config:
    """Everything that decides the models of one type: JSON in their cards.

    Parameters
    ----------
    preset : dict
        As it holds for the type, from :meth:`xai_core.training.Preset.as_dict`.
    seed : int
    split : dict
        How notes are divided: by what, share of each part, seed.
    notes : dict
        ``{part: digest}`` of the names and the audio of its notes.
    code : str
        Digest of the sources that decide what is learnt.
    start : dict
        Name of the set whose networks training starts from, and the digests of
        those of the type; empty for fresh weights.
    data_sets : tuple of dict
        Name of each data set and, where it was built, its recipe's digest; for
        people, since `notes` decides.
    """

    preset: dict[str, Any]
    seed: int
    split: dict[str, Any]
    notes: dict[str, str]
    code: str
    start: dict[str, Any] = field(default_factory=dict)
    data_sets: tuple[dict[str, str], ...] = ()

    def deciding(self) -> dict[str, Any]:
        """Return what decides a result, as JSON has it."""
        return {
            "preset": self.preset,
            "seed": self.seed,
            "split": self.split,
            "notes": self.notes,
            "code": self.code,
            **({"start": self.start} if self.start else {}),
        }

    def as_dict(self) -> dict[str, Any]:
        """Return all of it, as JSON has it."""
        return {**self.deciding(), "data_sets": [dict(one) for one in self.data_sets]}


@dataclass(frozen=True, eq=False)
class Plan:
    """What the jobs of one type share.

    Parameters
    ----------
    type : str
    models : str
        Name of the set they are written to.
    preset : Preset
        As it holds for the type.
    config : Config
    parts : mapping
        ``{part: notes}`` of train, calibration, test and, if the preset
        has it, validation.
    """

    type: str
    models: str
    preset: Preset
    config: Config
    parts: Mapping[str, tuple[NoteRecord, ...]]

    def key(self, *what: str) -> str:
        """Return the key in the cache of something that this plan decides."""
        made_by = store.spectrogram_key(type=self.type)  # the code that makes the spectrograms
        about = {"what": what, "type": self.type, "spectrograms": made_by}
        return store.training_key(**about, **self.config.deciding())

    def trunk_key(self) -> str:
        """Return the key of the trunk: not all of the plan matters to it."""
        deciding = self.config.deciding()
        preset = {k: v for k, v in deciding["preset"].items() if k not in ONLY_OF_BINARY}
        notes = {part: deciding["notes"][part] for part in ("train", self.validation)}
        made_by = store.spectrogram_key(type=self.type)
        return store.training_key(
            what=["trunk"],
            type=self.type,
            spectrograms=made_by,
            preset=preset,
            notes=notes,
            seed=self.config.seed,
            code=self.config.code,
            start=self.config.start,
        )

    @property
    def validation(self) -> str:
        """Name of the part that is scored after each epoch."""
        return "validation" if "validation" in self.parts else "calibration"


def make_spectrograms(plan: Plan, *, on_progress: OnProgress) -> None:
    """Compute the spectrograms that the other jobs of a type read."""
    corpora_of(plan, on_progress)


def train_trunk(plan: Plan, *, on_progress: OnProgress) -> None:
    """Train the ten-way trunk of a type."""
    trunk_of(plan, on_progress)


def train_family(plan: Plan, family: str, *, on_progress: OnProgress) -> None:
    """Train the binary model of a family and save it, not yet calibrated and scored."""
    key = plan.key("binary", family)
    if not is_done(plan, family):
        corpora = corpora_of(plan, on_progress)
        trunk = trunk_of(plan, on_progress)[0] if plan.preset.trunk_epochs else None
        model, history = fit_binary(
            corpora["train"],
            family,
            plan.preset,
            seed=plan.config.seed,
            trunk=trunk,
            validation=corpora[plan.validation],
            key=key,
            on_progress=on_progress,
        )
        store.save_model(
            model,
            models=plan.models,
            type=plan.type,
            family=family,
            about=_about(plan, corpora, model, history),
        )
    store.remove_cached(key)


def finish_type(plan: Plan, *, on_progress: OnProgress) -> None:
    """Calibrate the models of a type that are there, and score them together."""
    done = [family for family in FAMILIES if is_done(plan, family)]
    if done and not _are_calibrated_together(plan, done):
        corpora = corpora_of(plan, on_progress)
        history = _trunk_history(plan)
        records = plan.parts["test"]
        resamples = resample_instruments(
            corpora["test"].family,
            independent_instruments(records, group_instruments(records)),
            rng=np.random.default_rng(plan.config.seed),
        )
        calibrate_models(
            corpora["calibration"],
            corpora["test"],
            done,
            models=plan.models,
            resamples=resamples,
            trunk=None if history is None else {"history": history},
        )


def is_done(plan: Plan, family: str) -> bool:
    """Whether a model is there that the same plan decided."""
    try:
        training = store.read_card(plan.type, family, models=plan.models).training
    except ModelError:
        return False
    return all(training.get(key) == value for key, value in plan.config.deciding().items())


def is_finished(plan: Plan) -> bool:
    """Whether the models of a type that are there are calibrated together."""
    return _are_calibrated_together(plan, [one for one in FAMILIES if is_done(plan, one)])


def _are_calibrated_together(plan: Plan, families: list[str]) -> bool:
    """Whether the cards have one calibration and all scores.

    They do not after a run that was killed, or one by a version without intervals.
    """
    cards = [store.read_card(plan.type, family, models=plan.models) for family in families]
    found = [card.training.get("calibration") for card in cards]
    together = None not in found and all(one == found[0] for one in found)
    together = together and all("better_than_chance" in card.scores for card in cards)
    if len(families) < len(FAMILIES):
        return together
    return together and store.read_summary(plan.type, models=plan.models) is not None


@dataclass
class _Kept:
    """The last value of each kind, kept by a process from one job to the next."""

    values: dict[str, tuple[str, Any]] = field(default_factory=dict)

    def find(self, kind: str, key: str) -> Any:
        found = self.values.get(kind)
        return found[1] if found is not None and found[0] == key else None

    def keep(self, kind: str, key: str, value: Any) -> None:
        self.values[kind] = (key, value)


_kept = _Kept()


def corpora_of(plan: Plan, on_progress: OnProgress) -> dict[str, Corpus]:
    """Return the spectrograms of each part of a plan, ``{part: corpus}``."""
    key = plan.key("corpora")
    found: dict[str, Corpus] | None = _kept.find("corpora", key)
    if found is None:
        found = {part: _corpus(plan, part, on_progress) for part in plan.parts}
        _kept.keep("corpora", key, found)
    return found


def _corpus(plan: Plan, part: str, on_progress: OnProgress) -> Corpus:
    return build_corpus(
        plan.parts[part],
        plan.type,
        n_augmented=plan.preset.n_augmented if part == "train" else 0,
        seed=plan.config.seed,
        augmentation=plan.preset.augmentation,
        on_progress=count_steps(on_progress, f"{plan.type}: spectrograms ({part})"),
    )


def trunk_of(plan: Plan, on_progress: OnProgress) -> tuple[Model, History]:
    """Return the trunk with its history, from memory, from the cache, or trained now.

    It is the ten-way network before its calibration.
    """
    key = plan.trunk_key()
    found: tuple[Model, History] | None = _kept.find("trunk", key)
    if found is None:
        trunk, history = store.read_cached_model(key), _trunk_history(plan)
        if trunk is None or history is None:
            corpora = corpora_of(plan, on_progress)
            trunk, history = fit_trunk(
                corpora["train"],
                plan.preset,
                seed=plan.config.seed,
                start=_start_of(plan),
                validation=corpora[plan.validation],
                key=_epochs_of(key),
                on_progress=on_progress,
            )
            text = np.frombuffer(json.dumps(history).encode(), np.uint8)
            store.write_cached(key, {"history": text})
            store.write_cached_model(key, trunk)
        store.remove_cached(_epochs_of(key))
        found = trunk, history
        _kept.keep("trunk", key, found)
    return found


def _start_of(plan: Plan) -> Model | None:
    """Return the ten-way network that training starts from, if a set is named for it."""
    models = plan.config.start.get("models")
    if not models:
        return None
    if store.ten_way_name(plan.type) in store.named_models(models):
        return store.load_model(name=store.ten_way_name(plan.type), models=models)[0]
    return ten_way_of(
        {family: store.load_model(plan.type, family, models=models)[0] for family in FAMILIES}
    )


def _epochs_of(key: str) -> str:
    return store.training_key(what="epochs", of=key)


def _trunk_history(plan: Plan) -> History | None:
    kept = store.read_cached(plan.trunk_key())
    if kept is None:
        return None
    history: History = json.loads(kept["history"].tobytes())
    return history


def _about(
    plan: Plan, corpora: dict[str, Corpus], model: Model, history: History
) -> dict[str, Any]:
    """Return the card of a model that is not calibrated and scored yet."""
    train = corpora["train"]
    return {
        "architecture": {
            "network": "three blocks of two 3x3 convolutions (32, 64, 128), dense 256",
            "head": plan.preset.head,
            "pooled_axes": plan.preset.pooled_axes if plan.preset.head == "pooled" else None,
            "input_shape": list(train.spectrograms.shape),
            "n_weights": int(model.count_params()),
        },
        "features": {
            **describe(plan.type),
            "mean_spectrum": [round(float(v), 6) for v in train.mean_spectrum],
        },
        "training": {**plan.config.as_dict(), "calibration": None, "history": history},
        "data": {part: counts_of(corpus) for part, corpus in corpora.items()},
        "scores": {},
    }


def counts_of(corpus: Corpus) -> dict[str, Any]:
    """Return what a card says of the notes of one part."""
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


METHOD = "Platt, one scaling for the models of a type"


def calibrate_models(
    calibration: Corpus,
    test: Corpus,
    families: Sequence[str],
    *,
    models: str,
    resamples: Resamples,
    trunk: Mapping[str, Any] | None = None,
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
    resamples : Resamples
        Draws of the instruments of the test notes, for the intervals.
    trunk : mapping, optional
        Entry of the trunk in the summary of the type: its history; the present
        entry if not given.
    """
    type = calibration.type
    loaded = {family: store.load_model(type, family, models=models) for family in families}
    for model, card in loaded.values():
        earlier = card.training.get("calibration")
        if earlier is not None:
            restore(model, scale=earlier["scale"], offset=earlier["offset"])
    scale, offset = calibrate({family: model for family, (model, _) in loaded.items()}, calibration)
    distances = _distances({family: model for family, (model, _) in loaded.items()}, type)
    columns = []
    for family, (model, card) in loaded.items():
        probabilities = probabilities_of(model, test)
        columns.append(probabilities)
        about = {name: getattr(card, name) for name in ("features", "data")}
        about["architecture"] = {**card.architecture, "distances": distances[family]}
        about["training"] = {
            **card.training,
            "calibration": {"method": METHOD, "scale": scale, "offset": offset},
        }
        about["scores"] = binary_scores(
            probabilities, test.family == FAMILIES.index(family), resamples=resamples
        )
        store.save_model(model, models=models, type=type, family=family, about=about)
    if len(families) == len(FAMILIES):
        if trunk is None:
            trunk = (store.read_summary(type, models=models) or {}).get("trunk")
        summary = {
            **_ten_way(np.stack(columns, axis=1), test, resamples),
            "trunk": trunk,
            "distances": distances,
        }
        store.write_summary(summary, models=models, type=type)


def _distances(models: Mapping[str, Model], type: str) -> dict[str, dict[str, dict[str, float]]]:
    """Return how far each model lies from the others, by family, measure and other family.

    Relative differences are of all convolution kernels; the linear CKA is of the
    last convolution on the notes in ``samples/``.
    """
    shown = build_corpus(read_collection(samples_folder()), type, n_augmented=0, seed=0)
    x = shown.clean()[..., 0]
    cka = linear_cka([gram_matrix(model, CONV_LAYERS[-1], x) for model in models.values()])
    return {
        a: {
            "relative": {
                b: round(relative_difference(models[a], models[b]), 6) for b in models if b != a
            },
            "cka": {b: round(float(cka[i, j]), 6) for j, b in enumerate(models) if b != a},
        }
        for i, a in enumerate(models)
    }


def _ten_way(probabilities: FloatArray, test: Corpus, resamples: Resamples) -> dict[str, Any]:
    parts = {str(name): test.collection == name for name in np.unique(test.collection)}
    return {
        "ten_way": ten_way_scores(probabilities, test.family, resamples=resamples),
        "by_collection": {
            name: ten_way_scores(probabilities[part], test.family[part])
            for name, part in parts.items()
        },
    }
