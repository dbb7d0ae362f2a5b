"""The spectrogram types: one entry each, with everything that is known of it.

Conventions
-----------
A type is an entry here and a function in :mod:`xai_core.features` that computes
its values. The order of the entries is the order in which types are listed
everywhere. Costs are milliseconds on two cores; they serve estimates of the
time that is left and decide no result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from xai_core.errors import InputError

__all__ = [
    "PITCH_CLASSES",
    "TOP_DB",
    "TYPES",
    "BinAxis",
    "Limits",
    "SpectrogramType",
    "ValueScale",
    "spectrogram_type",
]

TOP_DB = 80.0  # dB below the note's peak that still count
PITCH_CLASSES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")

Limits = Literal["level", "share", "from_zero", "centred", "range"]


@dataclass(frozen=True)
class BinAxis:
    """The axis of the bins, and how a sentence speaks of places on it.

    Parameters
    ----------
    name : str
        What the axis measures, as a figure prints it ("Pitch class").
    unit : str
        "Hz", or "" for numbered or named bins.
    labels : tuple of str
        Name of each bin, where bins have names that do not follow from the
        settings of the transform; the function of the type gives the others.
    one, several : str
        Words before the name of one bin, and before a few ("in pitch classes").
    whole : str
        The whole axis in words ("all pitch classes").
    """

    name: str
    unit: str = ""
    labels: tuple[str, ...] = ()
    one: str = "in"
    several: str = "in"
    whole: str = "everything"


@dataclass(frozen=True)
class ValueScale:
    """What the values measure, and how a figure shows them.

    Parameters
    ----------
    made_from : str
        How the values are scaled, as in the card of a model.
    limits : {"level", "share", "from_zero", "centred", "range"}
        Ends of the colours. "level": values are dB below the note's peak, -80
        dB or less being 0 and the peak 1, shown from -80 to 0 dB. "share": 0
        to 1. "from_zero": from 0, or the smallest below it, to the largest.
        "centred": as far below 0 as above. "range": smallest to largest.
    unit : str
        Unit that is shown ("dB"), or "".
    unit_per_value : float
        What a value of 1 stands for in that unit; not of "level".
    caption : str
        One line beneath the colour bar: the quantity that is measured.
    first_is_level : bool
        Whether bin 0 is the overall level, many times larger than the others:
        it is off the scale of colours and left out of sentences.
    """

    made_from: str
    limits: Limits = "range"
    unit: str = ""
    unit_per_value: float = 1.0
    caption: str = "value"
    first_is_level: bool = False


@dataclass(frozen=True)
class SpectrogramType:
    """All that is known of one spectrogram type.

    Parameters
    ----------
    name : str
        As in addresses, on the command line and in the folders of models.
    label : str
        In lists, legends and headings ("Log-mel").
    title : str
        As the title of a figure and at the head of a sentence ("Log-mel
        spectrogram").
    colour : str
        In figures of scores; at least 3 to 1 on white and on near-black.
    n_bins : int
    axis : BinAxis
    scale : ValueScale
    says : str
        What a spectrogram shows, with ``{bin}`` for its strongest bin and
        ``{when}`` for the time at which most of it lies.
    shows : str
        What the type keeps of a note and what it loses, in Markdown, after its
        label and a colon.
    kept : str
        What the sound of a map's bins is worth, in a sentence, where it is not worth more than
        that of as many bins with the most power: measured with the models that come with the
        program (`docs/benchmarks.md`). "" where it is, or where nothing was measured.
    step_ms : int
        ms of a training step for one note, with the pooled head.
    path_map_ms, layer_map_ms : int
        ms of one map by a method that takes gradients along a path, and by one
        that takes those of a layer once.
    training : mapping
        ``{preset: {field: value}}`` where the type differs from a preset of
        training.
    """

    name: str
    label: str
    title: str
    colour: str
    n_bins: int
    axis: BinAxis
    scale: ValueScale
    shows: str
    step_ms: int
    says: str = "most energy lies around {bin} {when}"
    kept: str = ""
    path_map_ms: int = 200
    layer_map_ms: int = 30
    training: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


_FREQUENCY = BinAxis("Frequency", "Hz", one="around", several="at", whole="all frequencies")

_ENTRIES = (
    SpectrogramType(
        "stft",
        label="STFT",
        title="STFT spectrogram",
        colour="#0072B2",
        n_bins=1025,
        axis=_FREQUENCY,
        scale=ValueScale(
            "-80 dB below the note's peak or less: 0, peak: 1",
            limits="level",
            unit="dB",
            caption="dB below the note's peak",
        ),
        shows="how strong each of 1025 frequencies is, every 32 ms. Each bright line is a "
        "partial of the note. It keeps nearly everything, and is the largest picture.",
        step_ms=100,
        path_map_ms=12_000,
        layer_map_ms=600,
        training={
            "standard": {
                "trunk_epochs": 30,
                "trunk_rate": 1.5e-3,
                "crop_frames": 42,
                "whole_epochs": 1,
            },
            "quick": {"epoch_notes": 500, "crop_frames": 32},
        },
    ),
    SpectrogramType(
        "log_mel",
        label="Log-mel",
        title="Log-mel spectrogram",
        colour="#D55E00",
        n_bins=128,
        axis=_FREQUENCY,
        scale=ValueScale(
            "mel power, -80 dB below the note's peak or less: 0, peak: 1",
            limits="level",
            unit="dB",
            caption="dB below the note's peak",
        ),
        shows="the same in 128 bands that are narrow at low and wide at high frequencies, about "
        "as an ear sorts them.",
        step_ms=14,
        path_map_ms=1_500,
        layer_map_ms=80,
        training={"standard": {"trunk_epochs": 22, "trunk_rate": 1.5e-3, "n_augmented": 7}},
    ),
    SpectrogramType(
        "mfcc",
        label="MFCC",
        title="MFCC",
        colour="#009E73",
        n_bins=40,
        axis=BinAxis(
            "Coefficient",
            one="in coefficient",
            several="in coefficients",
            whole="all coefficients",
        ),
        scale=ValueScale("orthonormal DCT-II of log_mel", first_is_level=True),
        says="apart from the overall level, {bin} is the largest, mostly {when}",
        shows="40 numbers that describe the *shape* of a log-mel column, from its overall level "
        "(0) to its finest ripples (39). Pitch matters less, timbre more.",
        kept="Over many notes the model misses these bins more than as many with the most power; "
        "that alone they keep more of its answer is shown for up to half of the evidence.",
        step_ms=5,
        path_map_ms=500,
        layer_map_ms=40,
        training={"standard": {"trunk_epochs": 36, "n_augmented": 7}},
    ),
    SpectrogramType(
        "chroma",
        label="Chroma",
        title="Chroma",
        colour="#AA4499",
        n_bins=12,
        axis=BinAxis(
            "Pitch class",
            labels=PITCH_CLASSES,
            one="in pitch class",
            several="in pitch classes",
            whole="all pitch classes",
        ),
        scale=ValueScale(
            "largest of a frame: 1", limits="share", caption="relative to the strongest class"
        ),
        says="the strongest pitch class is {bin}, mostly {when}",
        shows="only which of the twelve pitch classes sounds, whatever the octave. What tells a "
        "flute from a guitar is mostly gone.",
        kept="Over many notes the model misses these bins more than as many with the most power, "
        "but by themselves they do not keep its answer better.",
        step_ms=3,
        training={"standard": {"trunk_rate": 1e-3}},  # twice as much and nothing is learnt
    ),
    SpectrogramType(
        "spectral_contrast",
        label="Spectral contrast",
        title="Spectral contrast",
        colour="#997700",
        n_bins=7,
        axis=BinAxis(
            "Octave band",
            one="in the octave band",
            several="in the octave bands",
            whole="all octave bands",
        ),
        scale=ValueScale(
            "dB / 80",
            limits="from_zero",
            unit="dB",
            unit_per_value=TOP_DB,
            caption="dB from valley to peak",
        ),
        says="peaks stand out most from valleys in {bin}, mostly {when}",
        shows="in each of seven octave bands, how far peaks stand above the valleys between them: "
        "clear tones are high, noise is low.",
        kept="Over many notes these bins keep more of the answer than as many with the most power; "
        "at half of the evidence that is not shown.",
        step_ms=2,
        training={"standard": {"trunk_rate": 1e-3}},
    ),
    SpectrogramType(
        "tonnetz",
        label="Tonnetz",
        title="Tonnetz",
        colour="#7A8794",
        n_bins=6,
        axis=BinAxis(
            "Tonal dimension",
            labels=(
                "fifths x",
                "fifths y",
                "minor thirds x",
                "minor thirds y",
                "major thirds x",
                "major thirds y",
            ),
            one="along the",
            several="along the",
            whole="all tonal dimensions",
        ),
        scale=ValueScale("coordinates in [-1, 1]", limits="centred", caption="coordinate"),
        says="the tonal centre is furthest from the middle along {bin}, mostly {when}",
        shows="six coordinates of the sounding pitch classes on the circles of fifths, minor and "
        "major thirds. Made for harmony; a single note hardly moves in it.",
        kept="Over many notes as many bins with the most power keep the answer better than these, "
        "from 30 % of the evidence on.",
        step_ms=2,
        training={"standard": {"trunk_rate": 1e-3}},
    ),
)

TYPES: dict[str, SpectrogramType] = {entry.name: entry for entry in _ENTRIES}


def spectrogram_type(name: str) -> SpectrogramType:
    """Return the entry of a type.

    Parameters
    ----------
    name : str
        One of :data:`TYPES`.

    Raises
    ------
    InputError
        If the type is unknown.

    Examples
    --------
    >>> spectrogram_type("log_mel").n_bins
    128
    """
    if name not in TYPES:
        raise InputError(f"unknown spectrogram type {name!r}: choose one of {', '.join(TYPES)}")
    return TYPES[name]
