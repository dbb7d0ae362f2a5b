"""What is the paper's: its types, metrics, method, figures and accuracies.

Statements of the paper are judged, and its figures numbered, by these lists,
never by all types or metrics that there are.

References
----------
Chen, Ghobakhlou and Narayanan 2024, "Interpreting CNN models for musical
instrument recognition using multi-spectrogram heatmap analysis", Front. Artif.
Intell. 7:1499913.
"""

from __future__ import annotations

from collections.abc import Mapping

from xai_core.errors import InputError

__all__ = [
    "DISTANCES_MEANT",
    "METRICS_WITHOUT_UNIT",
    "PAPER_ACCURACY",
    "PAPER_FIGURES",
    "PAPER_METHOD",
    "PAPER_METRICS",
    "PAPER_TYPES",
    "check_paper_type",
]

PAPER_TYPES = ("stft", "log_mel", "mfcc", "chroma", "spectral_contrast", "tonnetz")
PAPER_METRICS = ("difference_mean", "kl_divergence", "js_divergence", "emd")
# Of a metric that it does not define, what it may mean; the first is what we would mean.
DISTANCES_MEANT = {"emd": {"on the plane": "emd", "between values": "emd_values"}}
METRICS_WITHOUT_UNIT = ("js_divergence",)  # neither base of the logarithm nor root is given
PAPER_METHOD = "integrated_gradients"  # whose maps it compares
PAPER_FIGURES: Mapping[str, int] = {  # number of the figure with the distances of a type
    "stft": 5,
    "log_mel": 6,
    "mfcc": 7,
    "chroma": 8,
    "spectral_contrast": 9,
    "tonnetz": 10,
}
PAPER_ACCURACY: Mapping[str, float] = {  # ten-way, on its own notes of NSynth
    "mfcc": 0.62,
    "stft": 0.56,
    "log_mel": 0.55,
}


def check_paper_type(type: str) -> str:
    """Return `type` if it is one of :data:`PAPER_TYPES`, else raise InputError.

    Examples
    --------
    >>> check_paper_type("chroma")
    'chroma'
    """
    if type not in PAPER_TYPES:
        raise InputError(
            f"unknown spectrogram type {type!r} of the paper: choose one of "
            f"{', '.join(PAPER_TYPES)}"
        )
    return type
