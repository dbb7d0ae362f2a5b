"""The ten-way network of a type as a model of the set, and the verdict over several types.

Conventions
-----------
``<type>/ten_way`` is a model with the ten families as classes, a softmax with one
temperature; its card has the ten-way scores on the held-out notes. ``verdict.json``
of a set holds what each type is worth in the verdict, learnt on the calibration
notes of the networks, and the scores of that verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xai_core import store
from xai_core.datasets.notes import NoteRecord
from xai_core.datasets.splits import group_instruments
from xai_core.errors import ModelError
from xai_core.features import describe
from xai_core.model_sets.held_out import independent_instruments
from xai_core.model_sets.jobs import Plan, corpora_of, counts_of, trunk_of
from xai_core.scores import combine_classes
from xai_core.scoring import (
    Resamples,
    confidence_error,
    learn_weights,
    resample_instruments,
    ten_way_scores,
)
from xai_core.training import (
    Corpus,
    calibrate_ten_way,
    class_probabilities_of,
)
from xai_core.values import FAMILIES, FloatArray, OnProgress

__all__ = ["is_ten_way_done", "learn_verdict", "train_ten_way"]

METHOD = "temperature, families weighing the same"


def train_ten_way(plan: Plan, *, on_progress: OnProgress) -> None:
    """Train the ten-way network of a type, calibrate, score and save it."""
    if is_ten_way_done(plan):
        return
    corpora = corpora_of(plan, on_progress)
    trunk, history = trunk_of(plan, on_progress)
    model, scale = calibrate_ten_way(trunk, corpora["calibration"])
    train, test = corpora["train"], corpora["test"]
    about = {
        "inputs": (plan.type,),
        "classes": FAMILIES,
        "architecture": {
            "network": "three blocks of two 3x3 convolutions (32, 64, 128), dense 256, softmax",
            "head": plan.preset.head,
            "pooled_axes": plan.preset.pooled_axes if plan.preset.head == "pooled" else None,
            "input_shape": list(train.spectrograms.shape),
            "n_weights": int(model.count_params()),
        },
        "features": {
            **describe(plan.type),
            "mean_spectrum": [round(float(v), 6) for v in train.mean_spectrum],
        },
        "training": {
            **plan.config.as_dict(),
            "calibration": {"method": METHOD, "scale": scale},
            "history": history,
        },
        "data": {part: counts_of(corpus) for part, corpus in corpora.items()},
        "scores": _scores(
            class_probabilities_of(model, test), test, _resamples(plan.parts["test"], test, plan)
        ),
    }
    store.save_model(model, models=plan.models, name=store.ten_way_name(plan.type), about=about)


def is_ten_way_done(plan: Plan) -> bool:
    """Whether a ten-way network is there that the same plan decided."""
    try:
        name = store.ten_way_name(plan.type)
        training = store.read_card(name=name, models=plan.models).training
    except ModelError:
        return False
    return all(training.get(key) == value for key, value in plan.config.deciding().items())


def learn_verdict(plans: Sequence[Plan], *, on_progress: OnProgress) -> None:
    """Learn and write what each type of a set is worth, of those whose network is there."""
    plans = [plan for plan in plans if is_ten_way_done(plan)]
    if not plans:
        return
    models = plans[0].models
    digests = {
        plan.type: store.read_card(name=store.ten_way_name(plan.type), models=models).sha256
        for plan in plans
    }
    written = store.read_verdict(models)
    if written is not None and written["sha256"] == digests:
        return
    answers: dict[str, list[FloatArray]] = {"calibration": [], "test": []}
    corpora: Mapping[str, Corpus] = {}
    for plan in plans:
        corpora = corpora_of(plan, on_progress)
        model, _ = store.load_model(name=store.ten_way_name(plan.type), models=models)
        for part, rows in answers.items():
            rows.append(class_probabilities_of(model, corpora[part]))
    weights = learn_weights(answers["calibration"], corpora["calibration"].family)
    test = corpora["test"]
    verdict = {
        "weights": dict(zip(digests, (round(float(w), 6) for w in weights), strict=True)),
        "sha256": digests,
        "n_calibration_notes": int(corpora["calibration"].family.size),
        "scores": _scores(
            combine_classes(answers["test"], weights.tolist()),
            test,
            _resamples(plans[0].parts["test"], test, plans[0]),
        ),
    }
    store.write_verdict(verdict, models=models)


def _resamples(records: Sequence[NoteRecord], test: Corpus, plan: Plan) -> Resamples:
    return resample_instruments(
        test.family,
        independent_instruments(records, group_instruments(records)),
        rng=np.random.default_rng(plan.config.seed),
    )


def _scores(probabilities: FloatArray, test: Corpus, resamples: Resamples) -> dict[str, Any]:
    parts = {str(name): test.collection == name for name in np.unique(test.collection)}
    return {
        **ten_way_scores(probabilities, test.family, resamples=resamples),
        "ece": confidence_error(probabilities, test.family),
        "by_collection": {
            name: ten_way_scores(probabilities[part], test.family[part])
            for name, part in parts.items()
        },
    }
