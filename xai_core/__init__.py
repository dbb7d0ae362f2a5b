"""TimbreLens: which time-frequency bins drive a CNN's decision about an instrument.

Most users need two functions, :func:`predict` and :func:`explain`, and the two
vocabularies :data:`FAMILIES` and :data:`SPECTROGRAM_TYPES`. TensorFlow is
loaded by the first call, not by the import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xai_core.values import FAMILIES, SPECTROGRAM_TYPES

if TYPE_CHECKING:
    from xai_core.explanations import explain, predict

__all__ = ["FAMILIES", "SPECTROGRAM_TYPES", "__version__", "explain", "predict"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in ("explain", "predict"):
        from xai_core import explanations

        return getattr(explanations, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
