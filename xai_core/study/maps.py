"""Maps of the notes of a family by the model of that family, kept to be compared.

Conventions
-----------
A map is the raw attribution in single precision. Each is kept in ``cache/`` by
itself, under a key of everything that decides it, as soon as it is computed. A
process holds the maps of the last two families that it used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from xai_core import store
from xai_core.errors import InputError, ModelError
from xai_core.explanations.explain import explain
from xai_core.explanations.settings import Settings
from xai_core.study.notes import ChosenNote
from xai_core.values import FloatArray

__all__ = ["FamilyMaps", "NoteMap", "explain_notes", "maps_of"]


@dataclass(frozen=True)
class FamilyMaps:
    """What decides the maps of the notes of one family.

    Parameters
    ----------
    type, family : str
    settings : Settings
        Every one of them is in the key of a map and is handed on to `explain`.
    models : str
        Name of the model set.
    model_sha256 : str
    notes : tuple of ChosenNote
    """

    type: str
    family: str
    settings: Settings
    models: str
    model_sha256: str
    notes: tuple[ChosenNote, ...]

    def __post_init__(self) -> None:
        if self.settings.as_dict().get("baseline") == "note":
            raise InputError(
                "many notes cannot be explained with another note as baseline: choose silence, "
                "dataset_mean or noise"
            )
        self.settings.changes()  # what cannot be handed on is refused before the work

    def key_of(self, note: ChosenNote) -> str:
        """Return the key in the cache of the map of one note."""
        return store.map_key(
            kind="map of a note",
            type=self.type,
            family=self.family,
            settings=self.settings.as_dict(),
            model=self.model_sha256,
            note=note.sha256,
        )


@dataclass(frozen=True, eq=False)
class NoteMap:
    """The map of one note, and the output of its model.

    Parameters
    ----------
    values : ndarray, shape (n_frames, n_bins)
    probability : float
    completeness_error : float
        NaN for a method that promises no sum.
    """

    values: FloatArray
    probability: float
    completeness_error: float

    @property
    def is_zero(self) -> bool:
        """Whether there is no heatmap."""
        return not np.any(self.values)


def explain_notes(
    of: FamilyMaps,
    notes: tuple[ChosenNote, ...],
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Make and keep the maps of some notes of a family that are not there yet."""
    for done, note in enumerate(notes, start=1):
        _map_of(of, note)
        on_progress(done, len(notes))


@lru_cache(maxsize=2)
def maps_of(of: FamilyMaps) -> tuple[NoteMap, ...]:
    """Return the maps of all notes of a family, from the cache where they are there."""
    return tuple(_map_of(of, note) for note in of.notes)


def _map_of(of: FamilyMaps, note: ChosenNote) -> NoteMap:
    key = of.key_of(note)
    kept = store.read_cached(key)
    if kept is not None and {"values", "said"} <= kept.keys():
        return NoteMap(kept["values"], *map(float, kept["said"]))
    settings = of.settings
    found = explain(
        note.record.path,
        type=of.type,
        family=of.family,
        method=settings.method,
        preset=settings.preset,
        models=of.models,
        **settings.changes(),
    )
    if found.settings["model_sha256"] != of.model_sha256:
        raise ModelError(
            f"the {of.type} model of {of.family} is another one than at the start: was it trained "
            "anew meanwhile? The same command begins again with the new one"
        )
    error = np.nan if found.completeness is None else found.completeness.error
    values = found.attribution.values
    said = np.array([found.probability, error])
    store.write_cached(key, {"values": values, "said": said})
    return NoteMap(values, float(said[0]), float(said[1]))
