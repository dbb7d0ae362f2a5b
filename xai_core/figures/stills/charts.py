"""Scores and boxplots without a browser: the paper's figures 4 and 5 to 10 as PNG.

Conventions
-----------
Values, order, colours and words are those of :mod:`xai_core.figures.scores.bars` and
:mod:`xai_core.figures.distances.boxplots`. Only Matplotlib's object interface is
used, which is safe under threads.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from xai_core.catalogue.methods import map_kind
from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.paper import PAPER_METRICS
from xai_core.catalogue.types import spectrogram_type
from xai_core.figures.distances.boxplots import (
    BOX_WIDTH,
    COLUMNS,
    FAMILY_COLOURS,
    Box,
    boxes_of,
    of_type_and_method,
)
from xai_core.figures.scores.bars import GROUP
from xai_core.figures.scores.parts import (
    FAINT,
    GUESS,
    OTHER,
    Unproven,
    families_of,
    interval_words,
    series_colour,
    short_name,
)
from xai_core.scores import Score
from xai_core.values import FAMILIES

__all__ = ["distance_boxplots_png", "score_bars_png"]

SIZE_INCHES = (11.0, 4.2)
DPI = 150
WIDTH_INCHES = 11.0
ROW_INCHES = 3.2


def score_bars_png(
    scores: Mapping[str, Mapping[str, Score]],
    *,
    metric: str = "Precision",
    chance: Mapping[str, float] | None = None,
    unproven: Unproven = (),
) -> bytes:
    """Draw what :func:`xai_core.figures.scores.bars.score_bars` draws.

    Returns
    -------
    bytes
        A PNG of 1650 x 630 pixels.
    """
    families = families_of(scores)
    figure = Figure(figsize=SIZE_INCHES, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    width = GROUP / len(scores)
    for number, (type, row) in enumerate(scores.items()):
        colour = series_colour(type)
        shown = [place for place, family in enumerate(families) if family in row]
        found = [row[families[place]] for place in shown]
        centre = np.array(shown) - GROUP / 2 + width * (number + 0.5)
        bars = axes.bar(
            centre,
            [100 * score.value for score in found],
            width * 0.92,
            color=(colour, FAINT),
            edgecolor=colour,
            label=short_name(type),
        )
        for bar, place in zip(bars, shown, strict=True):
            if (type, families[place]) in unproven:
                bar.set_facecolor("none")
                bar.set_hatch("///")
        known = [k for k, score in enumerate(found) if score.low is not None]
        axes.vlines(
            centre[known],
            [100 * (found[k].low or 0.0) for k in known],
            [100 * (found[k].high or 0.0) for k in known],
            color=colour,
            linewidth=2,
        )
    if chance:
        places = [place for place, family in enumerate(families) if family in chance]
        axes.hlines(
            [100 * chance[families[place]] for place in places],
            [place - GROUP / 2 for place in places],
            [place + GROUP / 2 for place in places],
            color=OTHER,
            linestyle="dotted",
            linewidth=1.5,
            label=GUESS,
        )
    axes.set_xticks(range(len(families)), families)
    axes.set_xlim(-0.5, len(families) - 0.5)
    axes.set_ylim(0, 101)
    axes.set_ylabel(f"{metric} (%)")
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    hatched = " Hatched: not shown to be better than chance." if unproven else ""
    axes.set_title(f"{metric} by family. {interval_words()}{hatched}", fontsize=9, loc="left")
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda k: labels[k] == GUESS)  # last
    figure.legend(
        [handles[k] for k in order],
        [labels[k] for k in order],
        ncols=len(labels),
        loc="outside lower left",
        fontsize=9,
        frameon=False,
    )
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def distance_boxplots_png(
    pairs: pd.DataFrame, *, type: str, method: str, metrics: Sequence[str] = PAPER_METRICS
) -> bytes:
    """Draw what :func:`xai_core.figures.distances.boxplots.distance_boxplots` draws.

    Returns
    -------
    bytes
        A PNG 1650 pixels wide.
    """
    chosen = of_type_and_method(pairs, type=type, method=method)
    rows, columns = -(-len(metrics) // COLUMNS), min(len(metrics), COLUMNS)
    figure = Figure(figsize=(WIDTH_INCHES, ROW_INCHES * rows), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, metric in zip(panels, metrics, strict=False):
        _draw(axes, boxes_of(chosen, metric), metric)
    for axes in panels[len(metrics) :]:
        axes.set_axis_off()
    name = map_kind(method).label
    figure.suptitle(
        f"{spectrogram_type(type).label}, {name}: distances between the heatmaps of two notes of "
        "a family",
        fontsize=10,
    )
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _draw(axes: Axes, boxes: Sequence[Box], metric: str) -> None:
    drawn = axes.bxp(
        [
            {"med": b.median, "q1": b.q1, "q3": b.q3, "whislo": b.low, "whishi": b.high}
            for b in boxes
        ],
        positions=[FAMILIES.index(box.family) for box in boxes],
        widths=BOX_WIDTH,
        showfliers=False,
        patch_artist=True,
        manage_ticks=False,
    )
    for number, box in enumerate(boxes):
        colour = FAMILY_COLOURS[box.family]
        drawn["boxes"][number].set(facecolor=(colour, FAINT), edgecolor=colour)
        drawn["medians"][number].set_color(colour)
        for part in ("whiskers", "caps"):
            for line in drawn[part][2 * number : 2 * number + 2]:
                line.set_color(colour)
    axes.set_xticks(range(len(FAMILIES)), FAMILIES, rotation=35, ha="right", fontsize=8)
    axes.set_xlim(-0.6, len(FAMILIES) - 0.4)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(METRICS[metric].axis, fontsize=8)
    axes.set_title(METRICS[metric].label, fontsize=9, loc="left")
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
