"""Attribution methods in NumPy: gradients, paths, relevance, class activation, occlusion.

Conventions
-----------
The model is a callable or is given as arrays, so nothing here depends on a
framework. Attributions are raw and signed, in units of the model's output.
"""

from xai_core.attribution.grad_cam import (
    choose_filters,
    grad_cam,
    grad_cam_plus_plus,
    hires_cam,
    layer_cam,
    resize_bilinear,
    score_cam,
)
from xai_core.attribution.gradient import (
    expected_gradients,
    gradient,
    guided_ig,
    input_x_gradient,
    smooth_grad,
)
from xai_core.attribution.integrated_gradients import (
    RULES,
    PathIntegral,
    integrated_gradients,
    quadrature,
    refine_integrated_gradients,
)
from xai_core.attribution.lrp import lrp
from xai_core.attribution.methods import METHODS, Estimate, ModelFunctions, estimates_by
from xai_core.attribution.occlusion import occlusion

__all__ = [
    "METHODS",
    "RULES",
    "Estimate",
    "ModelFunctions",
    "PathIntegral",
    "choose_filters",
    "estimates_by",
    "expected_gradients",
    "grad_cam",
    "grad_cam_plus_plus",
    "gradient",
    "guided_ig",
    "hires_cam",
    "input_x_gradient",
    "integrated_gradients",
    "layer_cam",
    "lrp",
    "occlusion",
    "quadrature",
    "refine_integrated_gradients",
    "resize_bilinear",
    "score_cam",
    "smooth_grad",
]
