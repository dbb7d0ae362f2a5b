"""What decides the models of one spectrogram type, and what their jobs share.

Conventions
-----------
A :class:`Plan` goes to other processes. Its keys name what is kept in ``cache/``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xai_core import store
from xai_core.datasets.notes import NoteRecord
from xai_core.training import Preset

__all__ = ["Config", "Plan"]

ONLY_OF_BINARY = ("name", "binary_epochs", "binary_rate")  # of a preset: no matter to the trunk


@dataclass(frozen=True)
class Config:
    """Everything that decides the models of one type: JSON in their cards.

    Parameters
    ----------
    preset : dict
        As it holds for the type, from :meth:`xai_core.training.Preset.as_dict`.
    seed : int
    split : dict
        How notes are divided: by what, share of each part, seed.
    notes : dict
        ``{part: digest}`` of the names and the audio of its notes.
    code : str
        Digest of the sources that decide what is learnt.
    data_sets : tuple of dict
        Name of each data set and, where it was built, its recipe's digest; for
        people, since `notes` decides.
    """

    preset: dict[str, Any]
    seed: int
    split: dict[str, Any]
    notes: dict[str, str]
    code: str
    data_sets: tuple[dict[str, str], ...] = ()

    def deciding(self) -> dict[str, Any]:
        """Return what decides a result, as JSON has it."""
        return {
            "preset": self.preset,
            "seed": self.seed,
            "split": self.split,
            "notes": self.notes,
            "code": self.code,
        }

    def as_dict(self) -> dict[str, Any]:
        """Return all of it, as JSON has it."""
        return {**self.deciding(), "data_sets": [dict(one) for one in self.data_sets]}


@dataclass(frozen=True, eq=False)
class Plan:
    """What the jobs of one type share.

    Parameters
    ----------
    type : str
    models : str
        Name of the set they are written to.
    preset : Preset
        As it holds for the type.
    config : Config
    parts : mapping
        ``{part: notes}`` of train, calibration, test and, if the preset
        has it, validation.
    """

    type: str
    models: str
    preset: Preset
    config: Config
    parts: Mapping[str, tuple[NoteRecord, ...]]

    def key(self, *what: str) -> str:
        """Return the key in the cache of something that this plan decides."""
        made_by = store.spectrogram_key(type=self.type)  # the code that makes the spectrograms
        about = {"what": what, "type": self.type, "spectrograms": made_by}
        return store.training_key(**about, **self.config.deciding())

    def trunk_key(self) -> str:
        """Return the key of the trunk: not all of the plan matters to it."""
        deciding = self.config.deciding()
        preset = {k: v for k, v in deciding["preset"].items() if k not in ONLY_OF_BINARY}
        notes = {part: deciding["notes"][part] for part in ("train", self.validation)}
        made_by = store.spectrogram_key(type=self.type)
        return store.training_key(
            what=["trunk"],
            type=self.type,
            spectrograms=made_by,
            preset=preset,
            notes=notes,
            seed=self.config.seed,
            code=self.config.code,
        )

    @property
    def validation(self) -> str:
        """Name of the part that is scored after each epoch."""
        return "validation" if "validation" in self.parts else "calibration"
