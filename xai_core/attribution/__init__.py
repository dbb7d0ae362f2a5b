"""Attribution methods in NumPy: Integrated Gradients, Grad-CAM, feature maps, salient regions.

Conventions
-----------
The model is a callable or is given as arrays, so nothing here depends on a
framework. Attributions are raw and signed, in units of the model's output.
"""

from xai_core.attribution.feature_maps import choose_filters
from xai_core.attribution.grad_cam import grad_cam, resize_bilinear
from xai_core.attribution.integrated_gradients import (
    RULES,
    PathIntegral,
    integrated_gradients,
    quadrature,
    refine_integrated_gradients,
)

__all__ = [
    "RULES",
    "PathIntegral",
    "choose_filters",
    "grad_cam",
    "integrated_gradients",
    "quadrature",
    "refine_integrated_gradients",
    "resize_bilinear",
]
