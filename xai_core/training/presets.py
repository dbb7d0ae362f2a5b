"""What decides a training result, beside the data and the seed, in one table.

Conventions
-----------
A preset is one frozen value that JSON can hold and that is written to the card of
every model. Values that differ between spectrogram types stand in ``by_type``, in
the presets of this table from the types' entries in the catalogue;
:meth:`Preset.for_type` returns what holds for one type, which is what the card
says.

Precision: bfloat16 has the range of float32 with 8 significant bits instead of 24.
It is twice as fast as float32 where the processor multiplies it (AVX512-BF16, AMX,
ARM's bf16), and ten times as slow where that is emulated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

from xai_core.catalogue.types import TYPES
from xai_core.errors import InputError
from xai_core.networks.cnn import DENSE_UNITS, FILTERS, Head, PooledAxes
from xai_core.training.augment import STANDARD, Augmentation
from xai_core.values import check_type

__all__ = ["FASTEST", "PRESETS", "Draw", "Precision", "Preset", "Schedule", "fastest_precision"]

Precision = Literal["float32", "mixed_bfloat16"]

CPUINFO = Path("/proc/cpuinfo")
FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}  # as Linux names them on x86 and on ARM


def fastest_precision(cpuinfo: Path = CPUINFO) -> Precision:
    """Return ``mixed_bfloat16`` if the processor multiplies in it, else ``float32``.

    Parameters
    ----------
    cpuinfo : path
        Linux's description of the processor; without it, the result is float32.
    """
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "float32"
    found = re.search(r"^(?:flags|Features)\s*:(.*)$", text, re.MULTILINE)
    has_it = found is not None and bool(FLAGS & set(found[1].split()))
    return "mixed_bfloat16" if has_it else "float32"


FASTEST: Final = "fastest"  # precision: the fastest of this machine

Schedule = Literal["constant", "cosine"]
Draw = Literal["balanced", "every_note"]

_CHOICES = {"precision": Literal[Precision, "fastest"], "schedule": Schedule, "draw": Draw}
_SHARES = ("label_smoothing", "average", "validation_fraction")
_AT_LEAST_ONE = ("filters", "dense_units")
_COUNTS = ("trunk_epochs", "binary_epochs", "n_augmented", "epoch_notes", "patience")


@dataclass(frozen=True)
class Preset:
    """Everything that decides a training result, beside the data and the seed.

    Parameters
    ----------
    name : str
        Which preset it is, or started from.
    head, pooled_axes, filters, dense_units
        As in :func:`xai_core.networks.cnn.build_cnn`.
    trunk_epochs, binary_epochs : int
        Epochs of the ten-way trunk (0: binary models start from random
        weights) and of each binary model.
    n_augmented : int
        Augmented variants of each note.
    batch_size : int
        Notes a step.
    trunk_rate, binary_rate : float
        Largest learning rates of Adam.
    schedule : {'cosine', 'constant'}
        ``cosine`` warms up over a twentieth of the steps, then falls to a
        hundredth.
    average : float
        The weights kept are their exponential moving average with this
        momentum; 0: the last ones.
    precision : {'fastest', 'float32', 'mixed_bfloat16'}
        Of the hidden layers while they are trained. Weights, logits and loss
        are in single precision either way, and so is the saved model.
        ``fastest`` becomes one of the others, by what the processor has, when
        the preset is taken for a type.
    draw : {'balanced', 'every_note'}
        Draw families (of a binary model: yes and no) at equal odds, with
        replacement; or take every note once an epoch.
    epoch_notes : int
        With ``balanced``: most notes that an epoch draws, so that a run takes
        as long however many there are; 0: as many as there are.
    balance : float
        With ``balanced``: 0, every note of a family weighs the same; 1, every
        instrument of it does.
    crop_frames : int
        Frames of a stretch that is cut out of each note at random, 0 for whole
        notes. Only for the pooled head, which averages over time.
    whole_epochs : int
        Last epochs of a stage, which see whole notes nevertheless.
    label_smoothing : float
        Share of a target of the trunk that is spread over all ten families.
    patience : int
        Stop a stage after so many epochs without a better balanced accuracy on
        the validation notes, and keep the best epoch; 0: never.
    validation_fraction : float
        Share of the instruments of the training set that is kept for
        validation; 0: validation curves are of the calibration notes.
    augmentation : Augmentation
        Odds and ranges of what happens to the augmented variants.
    penalty : float
        Weight of the evidence where a planted cue lies, in the loss; 0: none. It is
        known only of notes of :mod:`xai_core.training.planted`.
    by_type : mapping
        ``{type: {field: value}}`` where a type differs.

    Raises
    ------
    InputError
        If a value is out of its range.
    """

    name: str
    head: Head
    pooled_axes: PooledAxes
    trunk_epochs: int
    binary_epochs: int
    n_augmented: int
    batch_size: int = 32
    trunk_rate: float = 1e-3
    binary_rate: float = 2e-4
    schedule: Schedule = "cosine"
    average: float = 0.99
    precision: Literal["fastest", "float32", "mixed_bfloat16"] = "float32"
    draw: Draw = "balanced"
    epoch_notes: int = 0
    balance: float = 0.7
    crop_frames: int = 0
    whole_epochs: int = 0
    label_smoothing: float = 0.0
    patience: int = 0
    validation_fraction: float = 0.0
    augmentation: Augmentation = STANDARD
    filters: int = FILTERS
    dense_units: int = DENSE_UNITS
    penalty: float = 0.0
    by_type: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in get_args(choices):
                raise InputError(
                    f"expected {name} to be one of {', '.join(get_args(choices))}, got {value!r}"
                )
        for name in _SHARES:
            if not 0.0 <= getattr(self, name) < 1.0:
                raise InputError(f"expected {name} from 0 to below 1, got {getattr(self, name)}")
        for name in _COUNTS:
            if getattr(self, name) < 0:
                raise InputError(f"expected {name} of at least 0, got {getattr(self, name)}")
        for name in _AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise InputError(f"expected {name} of at least 1, got {getattr(self, name)}")
        if not self.penalty >= 0.0:
            raise InputError(f"expected a penalty of at least 0, got {self.penalty}")
        if self.crop_frames and (self.head != "pooled" or self.crop_frames < 8):
            raise InputError(
                "expected crop_frames 0, or at least 8 with the pooled head, got "
                f"{self.crop_frames} with head {self.head!r}"
            )
        for type in self.by_type:
            check_type(type)
            self.for_type(type)  # refuses what a type cannot have

    def for_type(self, type: str) -> Preset:
        """Return the preset as it holds for one spectrogram type on this machine."""
        changes: dict[str, Any] = {**self.by_type.get(check_type(type), {}), "by_type": {}}
        found = replace(self, **changes)
        if found.precision == FASTEST:
            return replace(found, precision=fastest_precision())
        return found

    def with_epochs(self, n_epochs: int) -> Preset:
        """Return the preset with other epochs of its longest stage, for every type.

        That is the trunk, or the binary models where there is none.
        """
        name = "trunk_epochs" if self.trunk_epochs else "binary_epochs"
        by_type = {
            type: {key: value for key, value in changes.items() if key != name}
            for type, changes in self.by_type.items()
        }
        changed: dict[str, Any] = {name: n_epochs, "by_type": by_type}
        return replace(self, **changed)

    def as_dict(self) -> dict[str, Any]:
        """Return the preset as JSON has it, for the card."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        by_type = {type: dict(changes) for type, changes in self.by_type.items()}
        return {**values, "augmentation": self.augmentation.as_dict(), "by_type": by_type}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Preset:
        """Return what :meth:`as_dict` was made of."""
        return cls(**{**values, "augmentation": Augmentation.from_dict(values["augmentation"])})


def _by_type(preset: str) -> dict[str, Mapping[str, Any]]:
    """Return what the entries of the types change in a preset."""
    return {
        name: entry.training[preset] for name, entry in TYPES.items() if preset in entry.training
    }


PLANTED = Preset(
    "planted",
    head="pooled",
    pooled_axes="time",
    trunk_epochs=0,
    binary_epochs=16,
    n_augmented=0,
    binary_rate=2e-3,
    epoch_notes=1500,
    filters=8,
    dense_units=32,
)

PRESETS = {
    "standard": Preset(
        "standard",
        head="pooled",
        pooled_axes="bands",
        trunk_epochs=30,
        binary_epochs=3,
        n_augmented=3,
        trunk_rate=2e-3,
        binary_rate=1e-3,
        patience=10,
        precision=FASTEST,
        label_smoothing=0.05,
        by_type=_by_type("standard"),
    ),
    "quick": Preset(
        "quick",
        head="pooled",
        pooled_axes="both",
        trunk_epochs=2,
        binary_epochs=1,
        n_augmented=0,
        epoch_notes=1000,
        label_smoothing=0.05,
        by_type=_by_type("quick"),
    ),
    "paper": Preset(
        "paper",
        head="flatten",
        pooled_axes="time",
        trunk_epochs=0,
        binary_epochs=200,
        n_augmented=0,
        binary_rate=1e-3,
        schedule="constant",
        average=0.0,
        draw="every_note",
        validation_fraction=0.2,
    ),
    "planted": PLANTED,
    "reasons": replace(PLANTED, name="reasons", penalty=1.0),
}
