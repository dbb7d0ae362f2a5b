"""Where the bins of an axis lie in a figure, and what they are called.

Conventions
-----------
An axis of evenly spaced bins (STFT in Hz, MFCC in coefficients) is drawn in its
own unit, so that Plotly refines its ticks when the visitor zooms. Any other
axis is drawn on bins of equal height, a bin's coordinate being its index: its
ticks carry the true position, which may fall between two bins (1 kHz between
mel bands 41 and 42). Time is drawn in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xai_core.values import Axis, FloatArray

__all__ = [
    "Ticks",
    "axis_title",
    "bin_edges",
    "bin_names",
    "bin_positions",
    "bin_ticks",
    "block_names",
    "is_even",
    "outer_edges",
]

ROUND_HZ = (100, 250, 500, 750, 1000, 1500, 2000, 3000, 4000, 6000, 8000)
MAX_NAMED = 16  # bins; a longer axis of named bins skips names


@dataclass(frozen=True)
class Ticks:
    """Coordinates, which may fall between two bins, and the text at each."""

    positions: tuple[float, ...]
    texts: tuple[str, ...]


def bin_ticks(axis: Axis) -> Ticks:
    """Return ticks at true positions, only as dense as a panel can print.

    Parameters
    ----------
    axis : Axis
        Bin axis of a map.

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
    low, high = float(axis.values[0]), float(axis.values[-1])
    if is_even(axis):
        numbers = _round_numbers(low, high)
        return Ticks(numbers, tuple(_short(v) for v in numbers))
    wanted = [float(v) for v in ROUND_HZ if low <= v <= high]
    positions = np.interp(wanted, axis.values, np.arange(n))
    return Ticks(tuple(float(p) for p in positions), tuple(_short(v) for v in wanted))


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


def axis_title(axis: Axis) -> str:
    """Return the title of an axis with its unit: ``Frequency (Hz)``."""
    unit = axis.unit or _shared_unit(axis)
    return f"{axis.name} ({unit})" if unit else axis.name


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
