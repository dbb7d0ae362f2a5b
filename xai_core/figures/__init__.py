"""Values to figures: pure functions, one figure each, in Plotly and (``stills``) Matplotlib.

Conventions
-----------
Time in seconds on x, frequency (or whatever the bins are) upward on y. Maps are
sent as float32 arrays, backgrounds are transparent, heights are fixed. Each
figure carries its alternative text, which :func:`alt_text` returns. A bin's
coordinate on y is :func:`bin_positions`: its value on an axis of evenly spaced
bins, else its index.
"""

from plotly.graph_objects import Figure

from xai_core.figures.base.drawing import enlarged
from xai_core.figures.base.narrowing import narrowed
from xai_core.figures.base.scales import bin_positions, limits
from xai_core.figures.base.words import alt_text
from xai_core.figures.distances.boxplots import distance_boxplots
from xai_core.figures.distances.medians import medians_map
from xai_core.figures.maps.answers import probability_bars
from xai_core.figures.maps.four_panels import explore_panels
from xai_core.figures.maps.maps import attribution_figure, feature_maps_figure, spectrogram_figure
from xai_core.figures.scores.bars import accuracy_bars, confusion_map, score_bars
from xai_core.figures.scores.curves import reliability_curves, training_curves

__all__ = [
    "Figure",
    "accuracy_bars",
    "alt_text",
    "attribution_figure",
    "bin_positions",
    "confusion_map",
    "distance_boxplots",
    "enlarged",
    "explore_panels",
    "feature_maps_figure",
    "limits",
    "medians_map",
    "narrowed",
    "probability_bars",
    "reliability_curves",
    "score_bars",
    "spectrogram_figure",
    "training_curves",
]
