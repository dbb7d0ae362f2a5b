"""Training one binary CNN, or the ten of a spectrogram type from a shared trunk.

``effects`` and ``augment`` change waveforms, ``variants`` turns a note into
spectrograms, ``spectrograms`` stores them, ``corpus`` gathers them and draws
batches, ``presets`` holds the training settings, ``stage`` runs the epochs, ``fit``
trains trunk and models, ``calibration`` scales the logits so that probabilities
agree with frequencies. Scores and saving belong to the floors above.

Keras is loaded at the first use of a name, not by the import: the worker
processes that compute spectrograms need no TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xai_core.training.augment import Augmentation
    from xai_core.training.calibration import (
        calibrate,
        calibrate_ten_way,
        class_probabilities_of,
        probabilities_of,
        restore,
    )
    from xai_core.training.corpus import Corpus, build_corpus, notes_digest
    from xai_core.training.fit import fit_binary, fit_trunk, ten_way_of
    from xai_core.training.presets import PRESETS, Preset
    from xai_core.training.stage import History, Model

__all__ = [
    "PRESETS",
    "Augmentation",
    "Corpus",
    "History",
    "Model",
    "Preset",
    "build_corpus",
    "calibrate",
    "calibrate_ten_way",
    "class_probabilities_of",
    "fit_binary",
    "fit_trunk",
    "notes_digest",
    "probabilities_of",
    "restore",
    "ten_way_of",
]


def __getattr__(name: str) -> Any:
    if name in (
        "calibrate",
        "calibrate_ten_way",
        "class_probabilities_of",
        "probabilities_of",
        "restore",
    ):
        from xai_core.training import calibration

        return getattr(calibration, name)
    if name in ("Corpus", "build_corpus", "notes_digest"):
        from xai_core.training import corpus

        return getattr(corpus, name)
    if name in ("fit_binary", "fit_trunk", "ten_way_of"):
        from xai_core.training import fit

        return getattr(fit, name)
    if name in ("PRESETS", "Preset"):
        from xai_core.training import presets

        return getattr(presets, name)
    if name in ("History", "Model"):
        from xai_core.training import stage

        return getattr(stage, name)
    if name == "Augmentation":
        from xai_core.training import augment

        return augment.Augmentation
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
