"""The frozen values that travel through TimbreLens, and the names they are checked against.

Conventions
-----------
Maps are ``(n_frames, n_bins)``, time first. Arrays are read-only copies, so a
value can be cached and shared between visitors. Attributions are raw and
signed, in units of the model's output; heatmaps are absolute values scaled to
sum to 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import log2
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from xai_core.catalogue.families import FAMILIES, check_family
from xai_core.catalogue.types import PITCH_CLASSES, TYPES, spectrogram_type
from xai_core.errors import AudioError, EmptyMapError, GridMismatchError, InputError
from xai_core.scores import combine_classes, combine_types

if TYPE_CHECKING:
    from xai_core.figures import Figure

__all__ = [
    "FAMILIES",
    "NOTE_SAMPLES",
    "PITCH_CLASSES",
    "POSITIVE_SHARE",
    "SAMPLE_RATE",
    "SHARE",
    "SPECTROGRAM_TYPES",
    "Attribution",
    "Axis",
    "Completeness",
    "Evidence",
    "Explanation",
    "FeatureMaps",
    "FloatArray",
    "Heatmap",
    "OnProgress",
    "Prediction",
    "Progress",
    "Spectrogram",
    "Waveform",
    "check_family",
    "check_type",
    "count_steps",
    "note_name",
    "pitch_frequency",
    "pitch_name",
]

FloatArray = npt.NDArray[np.floating[Any]]

SPECTROGRAM_TYPES: tuple[str, ...] = tuple(TYPES)

SAMPLE_RATE = 16_000  # Hz, of every note
NOTE_SAMPLES = 64_000  # 4.0 s, the length of every note

SHARE = "share of the map"  # target of a map that is scaled to sum to 1
POSITIVE_SHARE = "share of what speaks for it"  # the same of positive values alone
PIANO = (26.7, 4310.0)  # Hz, half a semitone around A0 to C8: where notes have names
SEMITONE = 2.0 ** (1 / 12)  # ratio

DELTA_FLOOR = 0.05  # smallest |f(x) - f(x0)| that a completeness error is divided by


def check_type(type: str) -> str:
    """Return `type` if it is one of :data:`SPECTROGRAM_TYPES`, else raise InputError."""
    return spectrogram_type(type).name


def _frozen(values: npt.ArrayLike, dtype: npt.DTypeLike = np.float32) -> FloatArray:
    array = np.array(values, dtype=dtype, copy=True)
    array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False)
class Waveform:
    """Mono audio.

    Parameters
    ----------
    y : ndarray, shape (n_samples,)
        Samples, full scale at -1 and 1.
    sr : int
        Sample rate in Hz.
    edits : tuple of str
        What was done to the audio on its way here, one plain phrase each.

    Raises
    ------
    AudioError
        If `y` is not one-dimensional, is empty or holds NaN or infinity, or
        `sr` is not positive.
    """

    y: FloatArray
    sr: int
    edits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        y = _frozen(self.y)
        if y.ndim != 1:
            raise AudioError(f"expected mono samples of shape (n,), got shape {y.shape}")
        if y.size == 0:
            raise AudioError("expected audio, got 0 samples: is the file empty?")
        if not np.isfinite(y).all():
            count = int(y.size - np.isfinite(y).sum())
            raise AudioError(
                f"expected finite samples, got {count} that are NaN or infinite: "
                "was the file written by a program that divided by zero?"
            )
        if self.sr <= 0:
            raise AudioError(f"expected a sample rate above 0 Hz, got {self.sr}")
        object.__setattr__(self, "y", y)

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.y.size / self.sr


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis of a map: where each bin lies, in a unit people know.

    Parameters
    ----------
    name : str
        What the axis measures, as a figure prints it ("Frequency").
    unit : str
        Unit of `values` ("Hz", "s"), or "" for an axis of named bins.
    values : ndarray, shape (n,)
        Position of each bin: its centre, or its number on a named axis.
    labels : tuple of str
        Name of each bin on a named axis (pitch classes), else empty.
    """

    name: str
    unit: str
    values: FloatArray
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _frozen(self.values, np.float64))
        if self.labels and len(self.labels) != self.values.size:
            raise InputError(
                f"expected {self.values.size} labels on axis {self.name}, got {len(self.labels)}"
            )

    def matches(self, other: Axis) -> bool:
        """Whether two axes place the same bins at the same positions."""
        return (
            self.name == other.name
            and self.unit == other.unit
            and self.labels == other.labels
            and self.values.shape == other.values.shape
            and bool(np.allclose(self.values, other.values))
        )


@dataclass(frozen=True, eq=False)
class _Map:
    values: FloatArray
    type: str
    time: Axis
    bins: Axis

    def __post_init__(self) -> None:
        values = _frozen(self.values)
        expected = (self.time.values.size, self.bins.values.size)
        if values.shape != expected:
            raise GridMismatchError(
                f"expected values of shape {expected} for these axes, got {values.shape}"
            )
        object.__setattr__(self, "values", values)
        check_type(self.type)

    def same_grid(self, other: _Map) -> bool:
        """Whether two maps have the same type and the same axes."""
        return (
            self.type == other.type
            and self.time.matches(other.time)
            and self.bins.matches(other.bins)
        )


@dataclass(frozen=True, eq=False)
class Spectrogram(_Map):
    """One time-frequency view of a note, as the CNN receives it.

    ``values`` has shape (n_frames, n_bins); ``time`` is in seconds; ``bins``
    is in Hz or names its bins. Zero is silence, whatever the type.
    """


@dataclass(frozen=True, eq=False)
class Attribution(_Map):
    """Raw signed attributions on the grid of the spectrogram they explain.

    Parameters
    ----------
    method : str
        One of :data:`xai_core.catalogue.methods.METHODS`.
    target : str
        ``logit`` or ``probability``: the output whose units the values have; or
        :data:`SHARE`.
    """

    method: str
    target: str

    @property
    def is_zero(self) -> bool:
        """Whether no bin has any attribution (all evidence was negative)."""
        return not np.any(self.values)

    def heatmap(self) -> Heatmap:
        """Return absolute values scaled to sum to 1.

        Raises
        ------
        EmptyMapError
            If every bin is zero, so that there is nothing to scale.
        """
        magnitude = np.abs(self.values.astype(np.float64))
        total = magnitude.sum()
        if total == 0.0:
            raise EmptyMapError(
                "this map is zero everywhere, so it has no heatmap: all its evidence is "
                "negative, or the note is silent"
            )
        return Heatmap(magnitude / total, self.type, self.time, self.bins)


@dataclass(frozen=True, eq=False)
class Heatmap(_Map):
    """A non-negative map that sums to 1, comparable between notes and models."""


@dataclass(frozen=True)
class Completeness:
    """How well the map of a complete method, such as Integrated Gradients, adds up.

    Parameters
    ----------
    output : float
        f(x), the model's output for the note, in units of the target.
    baseline_output : float
        f(x0), its output for the baseline.
    attributed : float
        Sum of the attributions; equals ``output - baseline_output`` when complete.
    n_steps : int
        Gradient evaluations spent.
    converged : bool
        Whether the errors reached the tolerances (always True for a fixed number of
        steps, which has none).
    map_error : float or None
        Estimated error of the map itself, where there is an estimate: the sum of absolute
        differences to the exact map, over the sum of the absolute map, at least 0.05.
        Gaps of opposite sign cancel in the sum of a map, not in the map.
    """

    output: float
    baseline_output: float
    attributed: float
    n_steps: int
    converged: bool
    map_error: float | None = None

    @property
    def delta(self) -> float:
        """f(x) - f(x0), what the attributions should sum to."""
        return self.output - self.baseline_output

    @property
    def error(self) -> float:
        """``|attributed - delta| / max(|delta|, 0.05)``, 0 when complete."""
        return abs(self.attributed - self.delta) / max(abs(self.delta), DELTA_FLOOR)


@dataclass(frozen=True)
class Evidence:
    """What lies in one part of a map.

    Parameters
    ----------
    name : str
        Of the part: ``partial 2``, ``between partials``, ``attack``.
    speaks_for, speaks_against : float
        Sum of the positive and of the negative attributions, the latter at most 0.
    """

    name: str
    speaks_for: float
    speaks_against: float

    @property
    def net(self) -> float:
        """Sum of both."""
        return self.speaks_for + self.speaks_against


@dataclass(frozen=True, eq=False)
class FeatureMaps:
    """Activations of a few filters of one convolution layer.

    Parameters
    ----------
    values : ndarray, shape (n_filters, n_rows, n_columns)
        ReLU activations, time down the rows as in every map.
    layer : str
        Name of the convolution layer.
    filters : tuple of int
        Which filters these are, counted from 0.
    time, bins : Axis
        Axes of the spectrogram that the maps were computed from; each map
        covers the whole of both.
    """

    values: FloatArray
    layer: str
    filters: tuple[int, ...]
    time: Axis
    bins: Axis

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _frozen(self.values))
        if self.values.ndim != 3 or self.values.shape[0] != len(self.filters):
            raise GridMismatchError(
                f"expected one map for each of {len(self.filters)} filters, "
                f"got shape {self.values.shape}"
            )


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the models of a set say of one note.

    Parameters
    ----------
    probabilities : dict of dict
        ``{type: {family: probability}}``, each from its own binary CNN, so
        that the ten of one type do not sum to 1.
    waveform : Waveform
        The 4 s note that was judged, with what was done to it.
    models : str
        Name of the model set.
    weights : mapping
        ``{type: weight}``, what each type is worth in the verdict; empty for all
        the same. Those of the ten-way networks where there are some.
    ten_way : mapping
        ``{type: {family: probability}}`` of the ten-way network of each type that
        has one; the ten of one type sum to 1.
    """

    probabilities: dict[str, dict[str, float]]
    waveform: Waveform
    models: str
    weights: Mapping[str, float] = field(default_factory=dict)
    ten_way: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def by_type(self) -> dict[str, dict[str, float]]:
        """Return ``{type: {family: probability}}`` as a new dict."""
        return {type: dict(row) for type, row in self.probabilities.items()}

    def best(self, type: str) -> tuple[str, float]:
        """Return the family with the largest probability of one type."""
        row = self.probabilities[check_type(type)]
        family = max(row, key=lambda name: row[name])
        return family, row[family]

    def verdict(self) -> dict[str, float]:
        """Return ``{family: probability}`` over all types that answer.

        Of ten-way networks the logarithms are summed with :attr:`weights`
        (:func:`xai_core.scores.combine_classes`), and the probabilities sum to 1.
        Without any, the log-odds of the binary models are averaged
        (:func:`xai_core.scores.combine_types`), of the families that every type
        answers for; they do not sum to 1. Empty where there is no type.
        """
        if self.ten_way:
            table = [[row[family] for family in FAMILIES] for row in self.ten_way.values()]
            shares = [self.weights.get(type, 0.0) for type in self.ten_way]
            if not any(shares):
                shares = [1.0 / len(table)] * len(table)
            together = combine_classes(table, shares)
            return {family: float(p) for family, p in zip(FAMILIES, together, strict=True)}
        rows = self.probabilities
        families = [
            family for family in FAMILIES if rows and all(family in row for row in rows.values())
        ]
        if not families:
            return {}
        table = [[row[family] for family in families] for row in rows.values()]
        weights = [self.weights.get(type, 0.0) for type in rows] if self.weights else None
        combined = combine_types(table, weights)
        return {family: float(p) for family, p in zip(families, combined, strict=True)}


@dataclass(frozen=True, eq=False)
class Explanation:
    """One attribution of one model for one note, with what vouches for it.

    Parameters
    ----------
    spectrogram : Spectrogram
        The tensor the model received.
    attribution : Attribution
        The map, on the grid of `spectrogram`.
    family : str
        Family of the model that is explained.
    probability, logit : float
        That model's output for the note.
    completeness : Completeness or None
        Of a complete method; None of one that promises no sum, such as Grad-CAM.
    settings : dict
        Every parameter that decides the map, JSON-serialisable.
    notes : tuple of str
        What a reader must know, one plain sentence each.
    attributions : tuple of Attribution
        One an input of the model, `attribution` among them; of a method that
        looks at a layer of one input only that one.
    spectrograms : tuple of Spectrogram
        What each input received.
    baselines : tuple of ndarray
        What each is compared with, of the shapes of `spectrograms`; empty for
        silence, zero in every bin.
    """

    spectrogram: Spectrogram
    attribution: Attribution
    family: str
    probability: float
    logit: float
    completeness: Completeness | None
    settings: dict[str, Any]
    waveform: Waveform
    notes: tuple[str, ...] = field(default=())
    attributions: tuple[Attribution, ...] = ()
    spectrograms: tuple[Spectrogram, ...] = ()
    baselines: tuple[FloatArray, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "attributions", self.attributions or (self.attribution,))
        object.__setattr__(self, "spectrograms", self.spectrograms or (self.spectrogram,))

    @property
    def heatmap(self) -> Heatmap:
        """The attribution made comparable; EmptyMapError if it is all zero."""
        return self.attribution.heatmap()

    def canvas(self) -> FloatArray:
        """Return the evidence in hertz and seconds (:func:`xai_core.canvas.to_canvas`)."""
        from xai_core.canvas import to_canvas

        return to_canvas(self)

    def plot(self, *, in_hertz: bool = False) -> Figure:
        """Return the map as an interactive figure, as the dashboard draws it.

        Parameters
        ----------
        in_hertz : bool
            Whether it is in hertz and seconds (:func:`xai_core.canvas.on_canvas`); else
            on the bins of its spectrogram.

        Returns
        -------
        plotly.graph_objects.Figure
            Of :func:`xai_core.figures.attribution_figure`; ``.show()`` opens it.

        Raises
        ------
        InputError
            If it is to be in hertz, and a type has no place there.
        """
        from xai_core.canvas import on_canvas
        from xai_core.figures import attribution_figure

        shown = on_canvas(self) if in_hertz else self
        return attribution_figure(shown.attribution)


@dataclass(frozen=True)
class Progress:
    """How far a long piece of work is.

    Parameters
    ----------
    kind : {"run", "epoch", "block", "step"}
        ``run``: all jobs of a run together, in milliseconds of work; ``epoch``:
        an epoch of training has ended; ``block``: a block of pairs of notes is
        compared; ``step``: anything else.
    name : str
        What is being done: "mfcc: trunk".
    done, total : int
        Steps done and steps in all.
    details : str
        Loss and scores of an epoch: "loss 0.312, accuracy 0.885".
    """

    kind: Literal["run", "epoch", "block", "step"]
    name: str
    done: int
    total: int
    details: str = ""

    @property
    def label(self) -> str:
        """Name and details: "mfcc: trunk (loss 0.312)"."""
        return f"{self.name} ({self.details})" if self.details else self.name


OnProgress = Callable[[Progress], None]


def count_steps(on_progress: OnProgress, name: str) -> Callable[[int, int], None]:
    """Return a callback of (done, total) that reports steps of this name."""
    return lambda done, total: on_progress(Progress("step", name, done, total))


def pitch_name(pitch: int) -> str:
    """Return the name of a MIDI note number.

    Examples
    --------
    >>> pitch_name(60), pitch_name(70)
    ('C4', 'A♯4')
    """
    return f"{PITCH_CLASSES[pitch % 12]}{pitch // 12 - 1}"


def pitch_frequency(pitch: int) -> float:
    """Return the frequency of a MIDI note number in Hz, at A4 = 440 Hz.

    Examples
    --------
    >>> pitch_frequency(69), round(pitch_frequency(60), 2)
    (440.0, 261.63)
    """
    return float(440.0 * 2.0 ** ((pitch - 69) / 12))


def note_name(frequency: float, *, width: float = 0.0) -> str:
    """Return the note nearest to a frequency, at A4 = 440 Hz, or "".

    Parameters
    ----------
    frequency : float
        In Hz.
    width : float
        How far apart the bins are there, in Hz.

    Returns
    -------
    str
        "" outside the keys of a piano, and where a bin is wider than a semitone.

    Examples
    --------
    >>> note_name(440.0), note_name(5000.0), note_name(110.0, width=23.0)
    ('A4', '', '')
    """
    if not PIANO[0] <= frequency <= PIANO[1] or width > (SEMITONE - 1) * frequency:
        return ""
    return pitch_name(round(69 + 12 * log2(frequency / 440.0)))
