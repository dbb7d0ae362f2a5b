"""Predict, explain, compare: what a page or a command calls, in one function each.

Conventions
-----------
Comparing is loaded on first use: its libraries take a second to import, which
explaining one note does not need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xai_core.explanations.explain import explain, explain_progressively, feature_maps
from xai_core.explanations.loaded_models import layers_of, load_gradients, weak_families
from xai_core.explanations.predict import predict
from xai_core.explanations.settings import Settings, resolve_settings

if TYPE_CHECKING:
    from xai_core.explanations.comparison import Comparison, compare, compare_explanations

__all__ = [
    "Comparison",
    "Settings",
    "compare",
    "compare_explanations",
    "explain",
    "explain_progressively",
    "feature_maps",
    "layers_of",
    "load_gradients",
    "predict",
    "resolve_settings",
    "weak_families",
]


def __getattr__(name: str) -> Any:
    if name in ("Comparison", "compare", "compare_explanations"):
        from xai_core.explanations import comparison

        return getattr(comparison, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
