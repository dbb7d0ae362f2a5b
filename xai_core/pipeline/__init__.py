"""Composition: what a page or a command calls, each in one function."""

from xai_core.pipeline.analysing import analyse
from xai_core.pipeline.comparing import Comparison, compare
from xai_core.pipeline.doubts import doubted_families
from xai_core.pipeline.explaining import (
    explain,
    explain_progressively,
    feature_maps,
    load_gradients,
    predict,
)
from xai_core.pipeline.settings import Settings, resolve_settings

__all__ = [
    "Comparison",
    "Settings",
    "analyse",
    "compare",
    "doubted_families",
    "explain",
    "explain_progressively",
    "feature_maps",
    "load_gradients",
    "predict",
    "resolve_settings",
]
