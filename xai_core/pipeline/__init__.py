"""Composition: what a page or a command calls, each in one function.

What compares notes is loaded when it is asked for: its libraries take a second,
which one who explains a note need not wait for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xai_core.pipeline.doubts import doubted_families
from xai_core.pipeline.explaining import explain, explain_progressively
from xai_core.pipeline.loading import load_gradients
from xai_core.pipeline.map_values import feature_maps
from xai_core.pipeline.predicting import predict
from xai_core.pipeline.settings import Settings, resolve_settings

if TYPE_CHECKING:
    from xai_core.pipeline.analysing import analyse
    from xai_core.pipeline.comparing import Comparison, compare, compare_explanations

__all__ = [
    "Comparison",
    "Settings",
    "analyse",
    "compare",
    "compare_explanations",
    "doubted_families",
    "explain",
    "explain_progressively",
    "feature_maps",
    "load_gradients",
    "predict",
    "resolve_settings",
]


def __getattr__(name: str) -> Any:
    if name == "analyse":
        from xai_core.pipeline import analysing

        return analysing.analyse
    if name in ("Comparison", "compare", "compare_explanations"):
        from xai_core.pipeline import comparing

        return getattr(comparing, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
