"""Scores, boxplots and the audit of a collection without a browser, as PNG.

Conventions
-----------
Values, order, colours and words are those of :mod:`xai_core.figures.scores.bars`,
:mod:`xai_core.figures.distances.boxplots` and :mod:`xai_core.figures.audit`. Only
Matplotlib's object interface is used, which is safe under threads.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from xai_core.catalogue.compared import NULL, SPECTROGRAM
from xai_core.catalogue.methods import map_kind
from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.paper import PAPER_METRICS
from xai_core.catalogue.types import spectrogram_type
from xai_core.figures.audit import (
    OTHERS,
    SOURCE_COLOURS,
    TICKS,
    Counts,
    Findings,
    GiveAways,
    Pitches,
    ascii_pitch_name,
    drawn_sources,
    families_of,
    finding_text,
    main_sources,
    pitch_grid,
    shortened,
)
from xai_core.figures.distances.beside import ALONE, IN_A_ROW, NAMES, boxes_beside, chosen_of
from xai_core.figures.distances.boxes import FAMILY_COLOURS, Box, boxes_of, of_type_and_method
from xai_core.figures.distances.boxplots import COLUMNS
from xai_core.figures.scores.bars import GROUP
from xai_core.figures.scores.parts import (
    FAINT,
    GUESS,
    OTHER,
    Unproven,
    interval_words,
    scored_families,
    series_colour,
    short_name,
)
from xai_core.figures.stills.maps import legible
from xai_core.scores import Score
from xai_core.values import FAMILIES

__all__ = ["audit_png", "distance_boxplots_png", "score_bars_png"]

SCORES_INCHES = (11.0, 4.2)
DPI = 150
BOXES_WIDTH = 11.0
BOXES_ROW = 3.2
AUDIT_WIDTH = 14.0
AUDIT_DPI = 110
AUDIT_ROW = 0.27
AUDIT_PANEL = 1.3  # title, axis and gap of a panel


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
    families = scored_families(scores)
    figure = Figure(figsize=SCORES_INCHES, dpi=DPI, layout="constrained")
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
    pairs: pd.DataFrame,
    *,
    type: str,
    method: str,
    metrics: Sequence[str] = PAPER_METRICS,
    beside: Mapping[str, pd.DataFrame] | None = None,
) -> bytes:
    """Draw what :func:`xai_core.figures.distances.boxplots.distance_boxplots` draws.

    Returns
    -------
    bytes
        A PNG 1650 pixels wide.
    """
    chosen = of_type_and_method(pairs, type=type, method=method)
    others = chosen_of(beside or {}, type=type, method=method)
    rows, columns = -(-len(metrics) // COLUMNS), min(len(metrics), COLUMNS)
    figure = Figure(figsize=(BOXES_WIDTH, BOXES_ROW * rows), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, metric in zip(panels, metrics, strict=False):
        _draw(axes, boxes_of(chosen, metric), metric, others)
    for axes in panels[len(metrics) :]:
        axes.set_axis_off()
    name = map_kind(method).label
    figure.suptitle(
        f"{spectrogram_type(type).label}, {name}: distances between the heatmaps of two notes of "
        f"a family{_narrower(others)}",
        fontsize=10,
    )
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def audit_png(
    notes: Counts,
    pitches: Pitches,
    findings: Findings,
    give_aways: GiveAways,
    *,
    title: str,
    said: str = "",
) -> bytes:
    """Draw the four figures of an audit in one picture.

    Parameters
    ----------
    notes, pitches, findings, give_aways : mapping
        As :mod:`xai_core.figures.audit` takes them.
    title : str
    said : str
        One sentence under the title: whether the source tells the family.

    Returns
    -------
    bytes
        A PNG of 1540 pixels' width.
    """
    sources = drawn_sources(give_aways)
    rows = (len(notes) + 3, max(len(findings), 1), max(len(sources), 1))
    heights = [AUDIT_ROW * n + AUDIT_PANEL for n in rows]
    figure = Figure(figsize=(AUDIT_WIDTH, sum(heights) + 0.6), dpi=AUDIT_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    heading = legible(f"{title}\n{said}".strip())
    figure.suptitle(heading.texts[0], fontsize=11, fontfamily=heading.family)
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=heights, squeeze=False)[:, 0]
    left, right = top.subplots(1, 2, width_ratios=(5, 6))
    _draw_sources(left, notes)
    _draw_pitches(right, pitches)
    _draw_findings(middle.subplots(), findings)
    bottom.suptitle("Medians by source: what tells nothing of an instrument", fontsize=10)
    panels = bottom.subplots(1, max(len(give_aways), 1), squeeze=False)[0]
    for number, (axes, measure) in enumerate(zip(panels, give_aways, strict=False)):
        _draw_medians(axes, measure, give_aways[measure], sources, named=number == 0)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _narrower(others: Mapping[str, pd.DataFrame]) -> str:
    look = {NULL: "hollow", SPECTROGRAM: "grey"}
    said = [f"{NAMES[maps]}s ({look[maps]})" for maps in others]
    return f"\nNarrower boxes: {' and '.join(said)}" if said else ""


def _draw(
    axes: Axes, boxes: Sequence[Box], metric: str, others: Mapping[str, pd.DataFrame]
) -> None:
    standing = IN_A_ROW if others else ALONE
    _draw_boxes(axes, boxes, at=standing.model, width=standing.width)
    for maps, some in boxes_beside(boxes, others, metric).items():
        at, width = standing.beside[maps]
        grey = OTHERS if maps == SPECTROGRAM else None
        _draw_boxes(axes, some, at=at, width=width, colour=grey, opacity=FAINT if grey else 0.0)
    axes.set_xticks(range(len(FAMILIES)), FAMILIES, rotation=35, ha="right", fontsize=8)
    axes.set_xlim(-0.6, len(FAMILIES) - 0.4)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(METRICS[metric].axis, fontsize=8)
    axes.set_title(METRICS[metric].label, fontsize=9, loc="left")
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_boxes(
    axes: Axes,
    boxes: Sequence[Box],
    *,
    at: float,
    width: float,
    colour: str | None = None,
    opacity: float = FAINT,
) -> None:
    """Draw boxes `at` some distance from the middle of their family, in its colour or another."""
    drawn = axes.bxp(
        [
            {"med": b.median, "q1": b.q1, "q3": b.q3, "whislo": b.low, "whishi": b.high}
            for b in boxes
        ],
        positions=[FAMILIES.index(box.family) + at for box in boxes],
        widths=width,
        showfliers=False,
        patch_artist=True,
        manage_ticks=False,
    )
    for number, box in enumerate(boxes):
        edge = colour or FAMILY_COLOURS[box.family]
        drawn["boxes"][number].set(facecolor=(edge, opacity), edgecolor=edge)
        drawn["medians"][number].set_color(edge)
        for part in ("whiskers", "caps"):
            for line in drawn[part][2 * number : 2 * number + 2]:
                line.set_color(edge)


def _draw_sources(axes: Axes, notes: Counts) -> None:
    families = families_of(notes)
    named, rest = main_sources(notes)
    parts = [([source], shortened(source)) for source in named]
    if rest:
        parts.append((rest, f"other sources ({len(rest)})"))
    names = legible(*(name for _, name in parts))
    start = np.zeros(len(families))
    for (sources, _), name, colour in zip(
        parts, names.texts, (*SOURCE_COLOURS, OTHERS), strict=False
    ):
        widths = [sum(notes[family].get(s, 0) for s in sources) for family in families]
        colour = OTHERS if sources is rest else colour
        axes.barh(families, widths, left=start, color=colour, height=0.7, label=name)
        start += widths
    for row, total in enumerate(start):
        axes.text(total, row, f" {total:,.0f}", va="center", fontsize=8)
    axes.set_title("Notes by family and source", fontsize=10)
    axes.set_xlabel("Notes")
    axes.margins(x=0.1)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    if parts:
        axes.legend(
            loc="upper center",
            bbox_to_anchor=(0.45, -0.16),
            ncols=2,
            prop={"size": 7, "family": names.family},
            frameon=False,
        )


def _draw_pitches(axes: Axes, pitches: Pitches) -> None:
    families = families_of(pitches)
    grid, low = pitch_grid(pitches)
    high = low + grid.shape[1] - 1
    axes.set_title("Notes by family and pitch", fontsize=10)
    axes.set_xlabel("Pitch (MIDI number)")
    if not np.isfinite(grid).any():
        axes.text(0.5, 0.5, "No pitch is known.", ha="center", transform=axes.transAxes)
        return
    image = axes.imshow(
        grid,
        aspect="auto",
        interpolation="nearest",
        extent=(low - 0.5, high + 0.5, len(families) - 0.5, -0.5),
        cmap="viridis",
        vmin=0,
    )
    axes.set_yticks(range(len(families)), families)
    inside = [pitch for pitch in TICKS if low <= pitch <= high]
    axes.set_xticks(inside, [f"{pitch}\n{ascii_pitch_name(pitch)}" for pitch in inside])
    axes.figure.colorbar(
        image, ax=axes, label="Notes", pad=0.01, ticks=MaxNLocator(5, integer=True)
    )


def _draw_findings(axes: Axes, findings: Findings) -> None:
    axes.set_title("Findings", fontsize=10)
    axes.set_xlim(0, 118)  # room for the text of a bar at 100 %
    axes.set_xlabel("Share of all (%)")
    axes.spines[["top", "right"]].set_visible(False)
    if not findings:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "Nothing was found.", ha="center", transform=axes.transAxes)
        return
    shares = [100 * count / max(total, 1) for count, total, _ in findings.values()]
    axes.barh(legible(*findings).texts, shares, color=SOURCE_COLOURS[0], height=0.6)
    for row, (share, one) in enumerate(zip(shares, findings.values(), strict=True)):
        axes.text(share, row, f"  {finding_text(*one)}", va="center", fontsize=8)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.invert_yaxis()


def _draw_medians(
    axes: Axes, measure: str, medians: Mapping[str, float], sources: list[str], *, named: bool
) -> None:
    shown = [source for source in sources if source in medians]
    axes.plot([medians[s] for s in shown], [sources.index(s) for s in shown], "o", ms=6)
    names = legible(*map(shortened, sources))
    axes.set_yticks(range(len(sources)), names.texts, fontsize=8, fontfamily=names.family)
    axes.tick_params(labelleft=named)
    axes.set_ylim(max(len(sources), 1) - 0.5, -0.5)
    axes.set_xlabel(legible(measure).texts[0])
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
