"""Calibrating the models of a type together, and scoring them together.

Conventions
-----------
One scale and one offset hold for the models of a type. Scores on cards and in
the summary are of the calibrated models, on test notes; their intervals are of
a bootstrap over instruments, and a card says whether its model is better than
chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xai_core import store
from xai_core.evaluation import Resamples, binary_scores, ten_way_scores
from xai_core.training import Corpus, calibrate, probabilities_of, restore
from xai_core.values import FAMILIES, FloatArray

__all__ = ["calibrate_models"]

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
        What the summary of the type says of the trunk: its history; what it
        said before, if not given.
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
        about["scores"] = binary_scores(
            said, test.family == FAMILIES.index(family), resamples=resamples
        )
        store.save_model(model, models=models, type=type, family=family, about=about)
    if len(families) == len(FAMILIES):
        if trunk is None:
            trunk = (store.read_summary(type, models=models) or {}).get("trunk")
        summary = {**_ten_way(np.stack(columns, axis=1), test, resamples), "trunk": trunk}
        store.write_summary(summary, models=models, type=type)


def _ten_way(probabilities: FloatArray, test: Corpus, resamples: Resamples) -> dict[str, Any]:
    parts = {str(name): test.collection == name for name in np.unique(test.collection)}
    return {
        "ten_way": ten_way_scores(probabilities, test.family, resamples=resamples),
        "by_collection": {
            name: ten_way_scores(probabilities[part], test.family[part])
            for name, part in parts.items()
        },
    }
