"""Where the bins of an axis lie in a figure, and what a colour stands for.

Conventions
-----------
An axis of evenly spaced bins (STFT in Hz, MFCC in coefficients) is drawn in its
own unit, so that Plotly refines its ticks when the visitor zooms. Any other
axis is drawn on bins of equal height, a bin's coordinate being its index: its
ticks carry the true position, which may fall between two bins (1 kHz between
mel bands 41 and 42). Time is drawn in seconds.

Viridis is for what the model receives and computes (spectrograms, feature maps),
cividis for how much a bin matters (unsigned attributions, Grad-CAM, heatmaps),
blue-white-red centred on zero for signed attributions: red raises the score.
A limit that clips is marked on its colour bar with a "≥" or a "≤".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from xai_core.catalogue.methods import map_kind
from xai_core.catalogue.types import TOP_DB, spectrogram_type
from xai_core.errors import InputError
from xai_core.values import (
    POSITIVE_SHARE,
    SHARE,
    Attribution,
    Axis,
    FeatureMaps,
    FloatArray,
    Heatmap,
    Spectrogram,
    note_name,
    pitch_frequency,
    pitch_name,
)

__all__ = [
    "PERCENTILE",
    "Scale",
    "Sign",
    "Ticks",
    "axis_title",
    "bin_edges",
    "bin_names",
    "bin_positions",
    "bin_ticks",
    "block_names",
    "has_notes",
    "is_even",
    "limits",
    "note_names",
    "number_text",
    "numbers_text",
    "outer_edges",
    "shared_sign",
    "sign_of",
]

ROUND_HZ = (100, 250, 500, 750, 1000, 1500, 2000, 3000, 4000, 6000, 8000)
OCTAVES = tuple(range(24, 109, 12))  # MIDI numbers of C1 to C8
NOTES_APART = 1 / 28  # of an axis, at least, between two note names: a line of text
MAX_NAMED = 16  # bins; a longer axis of named bins skips names
Sign = Literal["signed", "unsigned"]
PERCENTILE = 99.5  # of the absolute values; stronger ones take the end colour
VIRIDIS = "viridis"
CIVIDIS = "cividis"
DIVERGING = "RdBu_r"  # blue below zero, white at zero, red above


@dataclass(frozen=True)
class Ticks:
    """Coordinates, which may fall between two bins, and the text at each."""

    positions: tuple[float, ...]
    texts: tuple[str, ...]


def bin_ticks(axis: Axis, *, notes: bool = False) -> Ticks:
    """Return ticks at true positions, only as dense as a panel can print.

    Parameters
    ----------
    axis : Axis
        Bin axis of a map.
    notes : bool
        Whether an axis in Hz has the names of notes, C1 to C8, in place of frequencies.

    Returns
    -------
    Ticks
        Round frequencies for an axis in Hz, each name of an axis of a few
        named bins, round bin numbers otherwise.

    Examples
    --------
    >>> bin_ticks(Axis("Frequency", "Hz", np.arange(0, 8001, 500.0))).texts[:3]
    ('0', '1k', '2k')
    """
    n = axis.values.size
    if axis.labels:
        step = -(-n // MAX_NAMED)
        unit = _shared_unit(axis)
        texts = tuple(label.removesuffix(f" {unit}") for label in axis.labels[::step])
        return Ticks(tuple(float(i) for i in range(0, n, step)), texts)
    if n < 2:
        return Ticks((), ())
    if notes and has_notes(axis):
        return _octaves(axis)
    low, high = float(axis.values[0]), float(axis.values[-1])
    if is_even(axis):
        numbers = _round_numbers(low, high)
        return Ticks(numbers, tuple(_short(v) for v in numbers))
    wanted = [float(v) for v in ROUND_HZ if low <= v <= high]
    positions = np.interp(wanted, axis.values, np.arange(n))
    return Ticks(tuple(float(p) for p in positions), tuple(_short(v) for v in wanted))


def has_notes(axis: Axis) -> bool:
    """Whether the bins of an axis are frequencies, so that notes lie on it."""
    return axis.unit == "Hz" and not axis.labels and axis.values.size > 1


def note_names(axis: Axis) -> tuple[str, ...]:
    """Return the note nearest to each bin of an axis in Hz, "" where there is none.

    Where bins are farther apart than semitones, and outside the keys of a piano, a bin has
    no note.

    Examples
    --------
    >>> note_names(Axis("Frequency", "Hz", np.array([100.0, 440.0, 450.0])))
    ('', '', 'A4')
    """
    apart = np.gradient(axis.values)
    return tuple(
        note_name(float(value), width=float(width))
        for value, width in zip(axis.values, apart, strict=True)
    )


def is_even(axis: Axis) -> bool:
    """Whether an axis is drawn in its own unit: unnamed bins at equal distances."""
    if axis.labels or axis.values.size < 2:
        return False
    steps = np.diff(axis.values)
    return bool(np.allclose(steps, steps[0]))


def bin_positions(axis: Axis) -> FloatArray:
    """Return the coordinate at which a figure draws the centre of each bin."""
    return axis.values if is_even(axis) else np.arange(axis.values.size, dtype=np.float64)


def bin_edges(axis: Axis) -> tuple[float, float]:
    """Return the coordinates of the outer edges of the first and the last bin."""
    return _edges(bin_positions(axis))


def outer_edges(time: Axis) -> tuple[float, float]:
    """Return the outer edges in seconds of the first and the last frame."""
    return _edges(time.values)


def bin_names(axis: Axis) -> tuple[str, ...]:
    """Return the name of each bin as hovering prints it, no two alike.

    Examples
    --------
    >>> bin_names(Axis("Coefficient", "", np.arange(2)))
    ('coefficient 0', 'coefficient 1')
    """
    if axis.labels:
        return axis.labels
    if axis.unit:
        rounded = [f"{value:.0f} {axis.unit}" for value in axis.values]
        exact = [f"{value:.1f} {axis.unit}" for value in axis.values]
        return tuple(rounded if len(set(rounded)) == len(rounded) else exact)
    word = axis.name.lower() or "bin"
    return tuple(f"{word} {value:g}" for value in axis.values)


def block_names(axis: Axis, n_blocks: int) -> tuple[str, ...]:
    """Return names for `n_blocks` equal stretches that cover the whole axis."""
    names = bin_names(axis)
    edges = np.linspace(0, len(names), n_blocks + 1)
    first = np.minimum(np.floor(edges[:-1] + 1e-9).astype(int), len(names) - 1)
    last = np.maximum(np.ceil(edges[1:] - 1e-9).astype(int) - 1, first)
    return tuple(
        names[a] if a == b else f"{_without_unit(names[a], axis)} to {names[b]}"
        for a, b in zip(first, last, strict=True)
    )


def axis_title(axis: Axis, *, notes: bool = False) -> str:
    """Return the title of an axis with its unit: ``Frequency (Hz)``, or ``Frequency (note)``."""
    if notes and has_notes(axis):
        return f"{axis.name} (note)"
    unit = axis.unit or _shared_unit(axis)
    return f"{axis.name} ({unit})" if unit else axis.name


@dataclass(frozen=True, eq=False)
class Scale:
    """Values in the unit that is shown, and the colours they take.

    Parameters
    ----------
    values : ndarray
        What is drawn, in `unit`, on the grid of the map it came from.
    low, high : float
        Values that take the first and the last colour.
    colours : str
        A name that Plotly and Matplotlib share.
    unit : str
        Short, for hovering ("dB"); may be "".
    caption : str
        One line beneath the colour bar that says what is measured.
    """

    values: FloatArray
    low: float
    high: float
    colours: str
    unit: str
    caption: str

    @property
    def ticks(self) -> tuple[tuple[float, str], ...]:
        """The ends of the scale and what lies between them, with their texts."""
        inner = (self.low + self.high) / 2
        if self.unit == "dB" and self.high - self.low == TOP_DB:
            between = [(v, number_text(v)) for v in np.linspace(self.low, self.high, 5)[1:-1]]
        elif self.low < 0 < self.high:
            between = [(0.0, "0")]
        else:
            between = [(inner, number_text(inner))]
        below = "≤ " if self.values.size and self.values.min() < self.low else ""
        above = "≥ " if self.values.size and self.values.max() > self.high else ""
        return (
            (self.low, below + number_text(self.low)),
            *between,
            (self.high, above + number_text(self.high)),
        )


def limits(
    *maps: Attribution | Heatmap, sign: Sign = "signed", percentile: float = PERCENTILE
) -> tuple[float, float]:
    """Return the colour limits that one map, or several to be compared, share.

    Parameters
    ----------
    *maps : Attribution or Heatmap
        Maps drawn with the same colours.
    sign : {"signed", "unsigned"}
        Whether the colours run from -limit to limit or from 0 to limit.
    percentile : float
        Share of the absolute values, in percent, that the limit covers; 100
        clips nothing.

    Returns
    -------
    tuple of float
        Symmetric about zero when signed. Maps that are zero everywhere get 1
        as their limit.

    Raises
    ------
    InputError
        If no map is given or `percentile` is not in (0, 100].
    """
    if not maps:
        raise InputError("expected at least one map to find colour limits for, got none")
    return _limits([np.abs(one.values) for one in maps], sign, percentile)


def sign_of(attribution: Attribution, sign: Sign) -> Sign:
    """Return how a map is drawn that is to be drawn with a sign, if it has any."""
    return sign if map_kind(attribution.method).signed else "unsigned"


def shared_sign(a: Attribution, b: Attribution) -> Sign:
    """Return how two maps are drawn side by side: two methods, or shares, as absolute values."""
    in_one_unit = a.method == b.method and not {SHARE, POSITIVE_SHARE} & {a.target, b.target}
    return sign_of(a, "signed") if in_one_unit else "unsigned"


def number_text(value: float) -> str:
    """Return two significant digits with a true minus sign: ``−2.1×10⁻⁵``."""
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e4:
        text = f"{float(f'{value:.2g}'):g}" if abs(value) < 100 else f"{value:.0f}"
    else:
        digits, exponent = f"{value:.1e}".split("e")
        text = f"{digits}×10{str(int(exponent)).translate(_SUPERSCRIPT)}"
    return text.replace("-", "−")


def numbers_text(*values: float) -> tuple[str, ...]:
    """Return numbers that are set against each other, rounded at one place.

    Two significant digits of the smallest, but at most four of the largest; what lies below
    0.001 or from 10,000 on is written as by :func:`number_text`.

    Examples
    --------
    >>> numbers_text(0.27, -2.43, -2.16), numbers_text(10.17, 0.0003, 10.17)
    (('0.27', '−2.43', '−2.16'), ('10.17', '0.00', '10.17'))
    """
    sizes = [abs(value) for value in values if value]
    if not sizes or not 1e-3 <= max(sizes) < 1e4:
        return tuple(number_text(value) for value in values)
    wanted, most = 1 - int(np.floor(np.log10(min(sizes)))), 3 - int(np.floor(np.log10(max(sizes))))
    places = max(0, min(wanted, most))
    texts = (f"{value:.{places}f}" for value in values)
    return tuple(
        text.replace("-", "−" if float(text) else "") if value else "0"
        for text, value in zip(texts, values, strict=True)
    )


def spectrogram_scale(spectrogram: Spectrogram) -> Scale:
    """Return a spectrogram in the unit, and with the limits, of its type's entry.

    Notes
    -----
    Where bin 0 is the overall level (MFCC), many times larger than the others,
    the colours are spread over the others, and it is off the scale.
    """
    scale, values = spectrogram_type(spectrogram.type).scale, spectrogram.values
    if scale.limits == "level":
        shown = (values - 1) * TOP_DB
        return Scale(shown, -TOP_DB, 0.0, VIRIDIS, scale.unit, scale.caption)
    caption = scale.caption
    shown = values if scale.unit_per_value == 1.0 else values * scale.unit_per_value
    spread = shown[:, 1:] if scale.first_is_level and shown.shape[1] > 1 else shown
    low, high = _span(spread)
    if scale.first_is_level and (shown[:, 0].max() > high or shown[:, 0].min() < low):
        caption = f"{caption}<br>({bin_names(spectrogram.bins)[0]} is off the scale)"
    if scale.limits == "share":
        low, high = 0.0, 1.0
    elif scale.limits == "from_zero":
        low = min(low, 0.0)
    elif scale.limits == "centred":
        high = max(abs(low), abs(high))
        low = -high
    return Scale(shown, low, high, VIRIDIS, scale.unit, caption)


def attribution_scale(
    attribution: Attribution,
    sign: Sign,
    limits: tuple[float, float] | None,
    percentile: float,
) -> Scale:
    """Return an attribution signed, or as absolute values, with its colours."""
    values = attribution.values if sign == "signed" else np.abs(attribution.values)
    low, high = limits or _limits([np.abs(values)], sign, percentile)
    unit = attribution.target
    caption = map_kind(attribution.method).unit.format(target=unit)
    if limits is None:
        caption = _clipped(caption, values, high, percentile)
    return Scale(values, low, high, DIVERGING if sign == "signed" else CIVIDIS, unit, caption)


def feature_maps_scale(feature_maps: FeatureMaps, percentile: float) -> Scale:
    """Return the activations of all filters on one scale from 0."""
    values = feature_maps.values
    low, high = _limits([np.abs(values)], "unsigned", percentile)
    return Scale(values, low, high, VIRIDIS, "", _clipped("activation", values, high, percentile))


def _octaves(axis: Axis) -> Ticks:
    """Return the Cs of an axis in Hz, from above, as near to each other as can be read."""
    positions = bin_positions(axis)
    extent = float(positions[-1] - positions[0])
    ticks: list[tuple[float, str]] = []
    for pitch in reversed(OCTAVES):
        frequency = pitch_frequency(pitch)
        if not axis.values[0] <= frequency <= axis.values[-1]:
            continue
        position = float(np.interp(frequency, axis.values, positions))
        if not ticks or ticks[-1][0] - position >= NOTES_APART * extent:
            ticks.append((position, pitch_name(pitch)))
    return Ticks(*map(tuple, zip(*reversed(ticks), strict=True))) if ticks else Ticks((), ())


def _edges(centres: FloatArray) -> tuple[float, float]:
    first, last = float(centres[0]), float(centres[-1])
    half = (last - first) / (centres.size - 1) / 2 if centres.size > 1 else 0.5
    return first - half, last + half


def _shared_unit(axis: Axis) -> str:
    return "Hz" if axis.labels and all(label.endswith(" Hz") for label in axis.labels) else ""


def _without_unit(name: str, axis: Axis) -> str:
    return name.removesuffix(f" {axis.unit or _shared_unit(axis)}")


def _round_numbers(low: float, high: float) -> tuple[float, ...]:
    """Return 3 to 9 multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / 8
    power = 10.0 ** np.floor(np.log10(rough)) if rough > 0 else 1.0
    step = next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= rough)
    first = int(np.ceil(low / step - 1e-9))
    last = int(np.floor(high / step + 1e-9))
    return tuple(k * step for k in range(first, last + 1))


def _short(value: float) -> str:
    return f"{value / 1000:g}k" if abs(value) >= 1000 else f"{value:g}"


_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _limits(magnitudes: list[FloatArray], sign: Sign, percentile: float) -> tuple[float, float]:
    if not 0 < percentile <= 100:
        raise InputError(f"expected a percentile above 0 and at most 100, got {percentile}")
    together = np.concatenate([one.ravel() for one in magnitudes])
    limit = float(np.percentile(together, percentile)) if together.size else 0.0
    if limit == 0.0 and together.size:
        limit = float(together.max())  # a map with fewer bins that matter than are clipped
    if limit == 0.0:
        limit = 1.0
    return (-limit if sign == "signed" else 0.0), limit


def _span(values: FloatArray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low, low + 1.0)


def _clipped(caption: str, values: FloatArray, high: float, percentile: float) -> str:
    if percentile == 100 or not values.size or np.abs(values).max() <= high:
        return caption
    return f"{caption}<br>strongest {100 - percentile:g} % clipped"
