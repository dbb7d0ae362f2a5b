"""Pictures without a browser: what the command line writes as PNG.

Conventions
-----------
Values, axes, colours and limits are those of the interactive figures. Only
Matplotlib's object interface is used, which is safe under threads.
"""

from __future__ import annotations

import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from xai_core.figures.axes import axis_title, bin_ticks, time_range
from xai_core.figures.scales import (
    PERCENTILE,
    Scale,
    Sign,
    attribution_scale,
    spectrogram_scale,
)
from xai_core.figures.sentences import METHOD_NAMES, TYPE_NAMES, zero_sentence
from xai_core.values import Axis, Explanation

__all__ = ["explanation_png"]

SIZE_INCHES = (11.0, 4.6)
DPI = 150


def explanation_png(explanation: Explanation, *, sign: Sign = "signed") -> bytes:
    """Draw a spectrogram and the map that explains it, side by side.

    Parameters
    ----------
    explanation : Explanation
    sign : {"signed", "unsigned"}
        How Integrated Gradients are drawn; Grad-CAM is never negative.

    Returns
    -------
    bytes
        A PNG of 1650 x 690 pixels.
    """
    spectrogram, attribution = explanation.spectrogram, explanation.attribution
    drawn: Sign = "unsigned" if attribution.method == "grad_cam" else sign
    figure = Figure(figsize=SIZE_INCHES, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    figure.suptitle(_title(explanation), fontsize=11)
    time, bins = spectrogram.time, spectrogram.bins
    _draw(left, spectrogram_scale(spectrogram), time, bins)
    left.set_title(TYPE_NAMES[spectrogram.type], fontsize=10)
    left.set_ylabel(axis_title(bins))
    right.set_title(METHOD_NAMES[attribution.method], fontsize=10)
    if attribution.is_zero:
        sentence = zero_sentence(attribution).replace("<br>", "\n")
        right.text(0.5, 0.5, sentence, ha="center", va="center", transform=right.transAxes)
        right.set_xlabel("Time (s)")
    else:
        _draw(right, attribution_scale(attribution, drawn, None, PERCENTILE), time, bins)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _draw(axes: Axes, scale: Scale, time: Axis, bins: Axis) -> None:
    start, end = time_range(time)
    image = axes.imshow(
        np.asarray(scale.values).T,  # rows are bins in a picture
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(start, end, -0.5, bins.values.size - 0.5),
        cmap=scale.colours,
        vmin=scale.low,
        vmax=scale.high,
    )
    ticks = bin_ticks(bins)
    axes.set_yticks(ticks.positions, ticks.texts)
    axes.set_xlabel("Time (s)")
    bar = axes.figure.colorbar(image, ax=axes, ticks=[value for value, _ in scale.ticks])
    bar.ax.set_yticklabels([text for _, text in scale.ticks])
    bar.set_label(scale.caption.replace("<br>", ", "))


def _title(explanation: Explanation) -> str:
    title = (
        f"{explanation.family} model on {TYPE_NAMES[explanation.spectrogram.type]}: "
        f"{explanation.probability:.1%} {explanation.family}"
    )
    completeness = explanation.completeness
    if completeness is None:
        return title
    return (
        f"{title}; completeness error {completeness.error:.2%} after {completeness.n_steps} steps"
    )
