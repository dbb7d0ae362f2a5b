"""Training one binary CNN, or the ten of a spectrogram type from a shared trunk.

``augment`` changes waveforms, ``corpus`` turns notes into balanced batches of
spectrograms, ``fit`` trains, ``calibration`` makes probabilities honest. Scores
and saving belong to the floors above.
"""

from xai_core.training.calibration import calibrate, probabilities_of, restore
from xai_core.training.corpus import Corpus, build_corpus
from xai_core.training.fit import PRESETS, Model, Preset, Progress, fit_binary, fit_trunk

__all__ = [
    "PRESETS",
    "Corpus",
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
