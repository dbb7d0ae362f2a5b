"""Scores without a browser: the paper's figure 4 as PNG.

Conventions
-----------
Values, order, colours and words are those of :mod:`xai_core.figures.scores.bars`.
Only Matplotlib's object interface is used, which is safe under threads.
"""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from xai_core.figures.scores.bars import GROUP
from xai_core.figures.scores.parts import (
    FAINT,
    GUESS,
    OTHER,
    series_colour,
)
from xai_core.figures.scores.words import (
    Unproven,
    families_of,
    interval_words,
    short_name,
)
from xai_core.scores import Score

__all__ = ["score_bars_png"]

SIZE_INCHES = (11.0, 4.2)
DPI = 150


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
