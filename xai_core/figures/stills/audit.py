"""What a collection of notes holds, as one PNG without a browser.

Conventions
-----------
Values, order, colours and words are those of :mod:`xai_core.figures.audit`. Only
Matplotlib's object interface is used, which is safe under threads.
"""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

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
from xai_core.figures.stills.maps import legible

__all__ = ["audit_png"]

WIDTH_INCHES = 14.0
DPI = 110
ROW_INCHES = 0.27
PANEL_INCHES = 1.3  # title, axis and gap of a panel


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
    heights = [ROW_INCHES * n + PANEL_INCHES for n in rows]
    figure = Figure(figsize=(WIDTH_INCHES, sum(heights) + 0.6), dpi=DPI, layout="constrained")
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
