"""Pictures of an explanation or of a comparison, as PNG and as SVG, without a browser.

Conventions
-----------
Values, axes, colours and limits are those of the interactive figures. A
comparison is drawn as on the Compare page: A and B share one scale, and the
difference is drawn on it from blue to red. Only Matplotlib's object interface is
used, which is safe under threads.

DejaVu Sans, which comes with Matplotlib, has no Chinese, Japanese or Korean letters,
nor many others. A name with such letters is drawn with the first installed font
that has them (:func:`legible`); a letter that no font here has is left out, and a
warning says so once. ``$`` is a letter, not the beginning of a formula.
"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font

from xai_core.catalogue.methods import map_kind
from xai_core.catalogue.types import spectrogram_type
from xai_core.errors import GridMismatchError
from xai_core.figures.base.scales import (
    PERCENTILE,
    Scale,
    Sign,
    attribution_scale,
    axis_title,
    bin_edges,
    bin_ticks,
    limits,
    outer_edges,
    shared_sign,
    sign_of,
    spectrogram_scale,
)
from xai_core.figures.base.words import IN_HERTZ, RECEIVES, meaning_of, percent_text, zero_sentence
from xai_core.values import Attribution, Axis, Explanation

__all__ = [
    "Legible",
    "comparison_png",
    "comparison_svg",
    "explanation_png",
    "explanation_svg",
    "legible",
]

SIZE_INCHES = (11.0, 4.6)
DPI = 150
_LOG = logging.getLogger(__name__)
USUAL = "DejaVu Sans"
PREFERRED = (  # of the fonts that hold many letters
    *("Noto Sans CJK JP", "Noto Sans JP", "Hiragino Sans", "Yu Gothic", "Meiryo", "MS Gothic"),
    *("IPAexGothic", "IPAGothic", "TakaoGothic", "VL Gothic", "WenQuanYi Zen Hei"),
    *("Microsoft YaHei", "PingFang SC", "SimHei", "Malgun Gothic", "Apple SD Gothic Neo"),
    *("Noto Sans", "Arial Unicode MS", "Segoe UI", "FreeSans", "Unifont"),
)
OTHER_WEIGHT = "findfont: Failed to find font weight"  # what Matplotlib logs of a family
UNFIT = ("lastresort", "last resort", "emoji", "adobe blank")  # boxes, or pictures in colour


def explanation_png(
    explanation: Explanation,
    *,
    sign: Sign = "signed",
    limits: tuple[float, float] | None = None,
    percentile: float = PERCENTILE,
) -> bytes:
    """Draw a spectrogram and the map that explains it, side by side.

    Parameters
    ----------
    explanation : Explanation
    sign : {"signed", "unsigned"}
        How a map with a sign is drawn; Grad-CAM is never negative.
    limits : tuple of float or None
        Colour limits of the map; by default its own.
    percentile : float
        Share of the absolute values, in percent, that own limits cover.

    Returns
    -------
    bytes
        A PNG of 1650 x 690 pixels.
    """
    return saved(_figure(explanation, sign, limits, percentile), "png")


def explanation_svg(
    explanation: Explanation,
    *,
    sign: Sign = "signed",
    limits: tuple[float, float] | None = None,
    percentile: float = PERCENTILE,
) -> bytes:
    """Draw the same as :func:`explanation_png` as an SVG, for print.

    Letters and lines are curves; each map is a picture among them.
    """
    return saved(_figure(explanation, sign, limits, percentile), "svg")


def saved(figure: Figure, format: str) -> bytes:
    """Return a figure as a file: ``png`` or ``svg``, without the time of day."""
    buffer = io.BytesIO()
    without_clock = {"Date": None} if format == "svg" else None
    figure.savefig(buffer, format=format, metadata=without_clock)
    return buffer.getvalue()


def draw_map(axes: Axes, bar: Axes, scale: Scale, time: Axis, bins: Axis) -> None:
    """Draw one map in its panel, and its colours in the bar beneath."""
    image = axes.imshow(
        np.asarray(scale.values).T,  # rows are bins in a picture
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(*outer_edges(time), *bin_edges(bins)),
        cmap=scale.colours,
        vmin=scale.low,
        vmax=scale.high,
    )
    ticks = bin_ticks(bins)
    axes.set_yticks(ticks.positions, ticks.texts)
    axes.set_xlabel("Time (s)")
    axes.figure.colorbar(image, cax=bar, orientation="horizontal")
    bar.set_xticks([value for value, _ in scale.ticks], [text for _, text in scale.ticks])
    bar.set_xlabel(scale.caption.replace("<br>", ", "))


def _figure(
    explanation: Explanation,
    sign: Sign,
    limits: tuple[float, float] | None,
    percentile: float,
) -> Figure:
    spectrogram, attribution = explanation.spectrogram, explanation.attribution
    kind, drawn = map_kind(attribution.method), sign_of(attribution, sign)
    figure = Figure(figsize=SIZE_INCHES, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    (left, right), bars = figure.subplots(2, 2, height_ratios=(20, 1))
    figure.suptitle(_title(explanation), fontsize=11)
    time, bins = spectrogram.time, spectrogram.bins
    left.set_ylabel(axis_title(bins))
    right.tick_params(labelleft=False)
    shows = RECEIVES if spectrogram.type == _explained_type(explanation) else IN_HERTZ
    left.set_title(f"{spectrogram_type(spectrogram.type).title}: {_lower(shows)}", fontsize=9)
    meaning = meaning_of(attribution.method, drawn).replace("<br>", " ")
    right.set_title(f"{kind.label}: {_lower(meaning)}", fontsize=9)
    draw_map(left, bars[0], spectrogram_scale(spectrogram), time, bins)
    # a map that is zero everywhere still needs its axes, and a sentence in place of colours
    draw_map(right, bars[1], attribution_scale(attribution, drawn, limits, percentile), time, bins)
    if attribution.is_zero:
        right.images[0].remove()
        bars[1].clear()
        bars[1].set_axis_off()
        sentence = zero_sentence(attribution).replace("<br>", "\n")
        right.text(0.5, 0.5, sentence, ha="center", va="center", transform=right.transAxes)
    return figure


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _explained_type(explanation: Explanation) -> str:
    """Return the type that the model receives, which is another one than a map's in hertz."""
    return str(explanation.settings.get("type", explanation.spectrogram.type))


def _title(explanation: Explanation) -> str:
    title = (
        f"The {explanation.family} model gives {percent_text(explanation.probability)} "
        f"to this note ({_explained_type(explanation)})"
    )
    completeness = explanation.completeness
    if completeness is None:
        return title
    error = f"{100 * completeness.error:.2g} %"
    if completeness.map_error is not None:
        error += f", map error {100 * completeness.map_error:.2g} %,"
    return f"{title}; completeness error {error} after {completeness.n_steps} steps"


COMPARISON_INCHES = (14.0, 4.6)


SAME = "The two maps\nare the same."


def comparison_png(
    a: Attribution,
    b: Attribution,
    difference: Attribution,
    *,
    names: tuple[str, str],
    grid: str | None = None,
    evidence: str | None = None,
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
    grid : str, optional
        What the heading calls the grid; by default the spectrogram type.
    evidence : str, optional
        What shares are of, where the maps are shares, for the heading.

    Returns
    -------
    bytes
        A PNG of 2100 x 690 pixels.

    Raises
    ------
    GridMismatchError
        If the three maps are not on one grid.
    """
    return saved(_comparison_figure(a, b, difference, names, grid, evidence), "png")


def comparison_svg(
    a: Attribution,
    b: Attribution,
    difference: Attribution,
    *,
    names: tuple[str, str],
    grid: str | None = None,
    evidence: str | None = None,
) -> bytes:
    """Draw the same as :func:`comparison_png` as an SVG, for print."""
    return saved(_comparison_figure(a, b, difference, names, grid, evidence), "svg")


def _comparison_figure(
    a: Attribution,
    b: Attribution,
    difference: Attribution,
    names: tuple[str, str],
    grid: str | None,
    evidence: str | None,
) -> Figure:
    if not (a.same_grid(b) and a.same_grid(difference)):
        raise GridMismatchError("expected two maps and their difference on one grid, got several")
    sign = shared_sign(a, b)
    shared = limits(a, b, sign=sign)
    figure = Figure(figsize=COMPARISON_INCHES, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    panels, bars = figure.subplots(2, 3, height_ratios=(20, 1))
    shown = grid or spectrogram_type(a.type).title
    if evidence:
        shown = f"{shown}; {evidence}"
    heading = legible(f"A: {names[0]}   B: {names[1]}   ({shown})")
    figure.suptitle(heading.texts[0], fontsize=11, fontfamily=heading.family)
    of_both = (-shared[1], shared[1])
    for axes, bar, one, title, scale in (
        (panels[0], bars[0], a, f"A: {map_kind(a.method).label}", (sign, shared)),
        (panels[1], bars[1], b, f"B: {map_kind(b.method).label}", (sign, shared)),
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


@dataclass(frozen=True)
class Legible:
    """Texts as they are drawn, and what they are drawn with.

    Parameters
    ----------
    texts : tuple of str
        In which no letter is missing and nothing is a formula.
    fonts : tuple of str or None
        Families, the usual one first; None where it is enough.
    """

    texts: tuple[str, ...]
    fonts: tuple[str, ...] | None

    @property
    def family(self) -> list[str] | None:
        """What Matplotlib takes as ``fontfamily``."""
        return None if self.fonts is None else list(self.fonts)


@lru_cache(maxsize=256)
def legible(*texts: str) -> Legible:
    r"""Return texts without the letters that no font here has, and the fonts for the others.

    Examples
    --------
    >>> legible("a $5 flute")
    Legible(texts=('a \\$5 flute',), fonts=None)
    """
    missing = {c for text in texts for c in text if c != "\n"} - _letters_of(_path_of(USUAL))
    fonts: list[str] = []
    for name in _other_fonts() if missing else ():
        found = missing & _letters_of(_path_of(name))
        if found:
            fonts.append(name)
            missing -= found
        if not missing:
            break
    if missing:
        _LOG.warning(
            "no font here has %s: left out of the picture; a font such as Noto Sans CJK has them",
            "".join(sorted(c for c in missing if c.isprintable())) or "some control characters",
        )
    kept = ("".join(c for c in text if c not in missing) for text in texts)
    return Legible(tuple(map(_plain, kept)), (USUAL, *fonts) if fonts else None)


def _no_other_weight(record: logging.LogRecord) -> bool:
    """Leave out of the log that a family has no regular weight: it is drawn in what it has."""
    return not record.getMessage().startswith(OTHER_WEIGHT)


logging.getLogger(font_manager.__name__).addFilter(_no_other_weight)


def _plain(text: str) -> str:
    """Return a text in which Matplotlib sees neither a formula nor a name to be left out."""
    text = text.replace("$", r"\$")
    return f"\u200b{text}" if text.startswith("_") else text


def _path_of(name: str) -> str:
    """Return the file that Matplotlib draws a family with, or "" where it is gone."""
    try:
        return str(font_manager.findfont(name, fallback_to_default=False))
    except ValueError:
        return ""


def _other_fonts() -> list[str]:
    """Return the families that are installed beside the usual one, the preferred first."""
    order = {name: place for place, name in enumerate(PREFERRED)}
    names = {entry.name for entry in font_manager.fontManager.ttflist} - {USUAL}
    fit = [name for name in names if not any(word in name.lower() for word in UNFIT)]
    return sorted(fit, key=lambda name: (order.get(name, len(order)), name))


@lru_cache(maxsize=512)
def _letters_of(path: str) -> frozenset[str]:
    try:
        return frozenset(map(chr, FT2Font(path).get_charmap()))
    except (OSError, RuntimeError, ValueError):  # a font that FreeType does not read
        return frozenset()
