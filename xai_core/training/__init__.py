"""Training one binary CNN, or the ten of a spectrogram type from a shared trunk.

``augment`` changes waveforms, ``corpus`` turns notes into balanced batches of
spectrograms, ``fit`` trains. Scores and saving belong to the floors above.
"""

from xai_core.training.corpus import Corpus, build_corpus
from xai_core.training.fit import PRESETS, Preset, fit_binary, fit_trunk

__all__ = ["PRESETS", "Corpus", "Preset", "build_corpus", "fit_binary", "fit_trunk"]
