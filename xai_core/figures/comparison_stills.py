"""Pictures of a comparison without a browser: both maps and their difference, as PNG and SVG.

Conventions
-----------
Order, colours, limits and words are those of the Compare page: A and B share
one scale, the difference is drawn on it blue to red. Only Matplotlib's object
interface is used, which is safe under threads.
"""

from __future__ import annotations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from xai_core.errors import GridMismatchError
from xai_core.figures.axes import axis_title
from xai_core.figures.scales import PERCENTILE, Sign, attribution_scale, limits
from xai_core.figures.sentences import METHOD_NAMES, TYPE_NAMES
from xai_core.figures.stills import draw_map, saved
from xai_core.values import Attribution

__all__ = ["comparison_png", "comparison_svg"]

SIZE_INCHES = (14.0, 4.6)
DPI = 150
SAME = "The two maps\nare the same."


def comparison_png(
    a: Attribution, b: Attribution, difference: Attribution, *, names: tuple[str, str]
) -> bytes:
    """Draw two maps and what the first has that the second has not, side by side.

    Parameters
    ----------
    a, b : Attribution
        On one grid and in one unit.
    difference : Attribution
        ``a - b``, signed.
    names : tuple of str
        What the two maps explain, "flute model, note x" for instance.

    Returns
    -------
    bytes
        A PNG of 2100 x 690 pixels.

    Raises
    ------
    GridMismatchError
        If the three maps are not on one grid.
    """
    return saved(_figure(a, b, difference, names), "png")


def comparison_svg(
    a: Attribution, b: Attribution, difference: Attribution, *, names: tuple[str, str]
) -> bytes:
    """Draw the same as :func:`comparison_png` as an SVG, for print."""
    return saved(_figure(a, b, difference, names), "svg")


def _figure(
    a: Attribution, b: Attribution, difference: Attribution, names: tuple[str, str]
) -> Figure:
    if not (a.same_grid(b) and a.same_grid(difference)):
        raise GridMismatchError("expected two maps and their difference on one grid, got several")
    unsigned = a.method != b.method or a.method == "grad_cam"
    sign: Sign = "unsigned" if unsigned else "signed"
    shared = limits(a, b, sign=sign)
    figure = Figure(figsize=SIZE_INCHES, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    panels, bars = figure.subplots(2, 3, height_ratios=(20, 1))
    figure.suptitle(f"A: {names[0]}   B: {names[1]}   ({TYPE_NAMES[a.type]})", fontsize=11)
    of_both = (-shared[1], shared[1])
    for axes, bar, one, title, scale in (
        (panels[0], bars[0], a, f"A: {METHOD_NAMES[a.method]}", (sign, shared)),
        (panels[1], bars[1], b, f"B: {METHOD_NAMES[b.method]}", (sign, shared)),
        (panels[2], bars[2], difference, "A − B (red: more in A; blue: more in B)", None),
    ):
        drawn, ends = scale or ("signed", of_both)
        axes.set_title(title, fontsize=9)
        draw_map(axes, bar, attribution_scale(one, drawn, ends, PERCENTILE), one.time, one.bins)
    panels[0].set_ylabel(axis_title(a.bins))
    for axes in panels[1:]:
        axes.tick_params(labelleft=False)
    if difference.is_zero:
        panels[2].text(0.5, 0.5, SAME, ha="center", va="center", transform=panels[2].transAxes)
    return figure
