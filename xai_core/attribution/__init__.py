"""Integrated Gradients, Grad-CAM, feature maps, and what a map says, in NumPy alone.

Conventions
-----------
The model arrives as a callable or as arrays, so nothing here knows a framework.
Attributions are raw and signed, in units of the model's output.
"""

from xai_core.attribution.evidence import Evidence, find_evidence
from xai_core.attribution.evidence_words import evidence_sentence
from xai_core.attribution.feature_maps import choose_filters
from xai_core.attribution.grad_cam import grad_cam, resize_bilinear
from xai_core.attribution.integrated_gradients import (
    PathIntegral,
    integrated_gradients,
    refine_integrated_gradients,
)
from xai_core.attribution.quadrature import RULES, quadrature

__all__ = [
    "RULES",
    "Evidence",
    "PathIntegral",
    "choose_filters",
    "evidence_sentence",
    "find_evidence",
    "grad_cam",
    "integrated_gradients",
    "quadrature",
    "refine_integrated_gradients",
    "resize_bilinear",
]
