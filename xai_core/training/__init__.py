"""Training one binary CNN, or the ten of a spectrogram type from a shared trunk.

``effects`` and ``augment`` change waveforms, ``variants`` turns a note into
spectrograms, ``spectrograms`` keeps them, ``corpus`` draws balanced batches of
them, ``fit`` trains, ``calibration`` makes probabilities honest. Scores and
saving belong to the floors above.

Keras is loaded when a name is asked for, not by the import: the worker
processes that compute spectrograms need no TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xai_core.training.augment import Augmentation
    from xai_core.training.calibration import calibrate, probabilities_of, restore
    from xai_core.training.corpus import Corpus, build_corpus
    from xai_core.training.fit import PRESETS, Model, Preset, Progress, fit_binary, fit_trunk
    from xai_core.training.spectrograms import Keeping

__all__ = [
    "PRESETS",
    "Augmentation",
    "Corpus",
    "Keeping",
    "Model",
    "Preset",
    "Progress",
    "build_corpus",
    "calibrate",
    "fit_binary",
    "fit_trunk",
    "probabilities_of",
    "restore",
]


def __getattr__(name: str) -> Any:
    if name in ("calibrate", "probabilities_of", "restore"):
        from xai_core.training import calibration

        return getattr(calibration, name)
    if name in ("Corpus", "build_corpus"):
        from xai_core.training import corpus

        return getattr(corpus, name)
    if name in ("PRESETS", "Model", "Preset", "Progress", "fit_binary", "fit_trunk"):
        from xai_core.training import fit

        return getattr(fit, name)
    if name == "Augmentation":
        from xai_core.training import augment

        return augment.Augmentation
    if name == "Keeping":
        from xai_core.training import spectrograms

        return spectrograms.Keeping
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
