"""Maps of the notes of a family by the model of that family, and distances of blocks of pairs.

Conventions
-----------
A map is the raw attribution in single precision. A block holds the pairs of one type
and method whose notes are of one family, or of one and another; a pair with a map
that is zero everywhere has no distances. Maps and the distances of a block are kept
in ``cache/`` under a key of everything that decides them, as soon as they are
computed; a job looks there first and so does nothing twice. A process holds the maps
of the last two families that it used.

What is kept of a note is its map as it is. A view (:mod:`xai_core.catalogue.compared`)
is taken when maps are compared: absolute values; the positive and the negative part;
or the mean gradient, which is the attribution divided by x - x0, and 0 where that is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_core import store
from xai_core.audio import load_note
from xai_core.catalogue.compared import (
    MEAN_GRADIENT,
    MODEL,
    NULL,
    PAPER_CHOICE,
    SIGNED,
    SPECTROGRAM,
    Compared,
    has_view,
    without_view,
)
from xai_core.catalogue.metrics import METRICS
from xai_core.errors import InputError, ModelError, TimbreLensError
from xai_core.explanations.explain import baseline_values, explain
from xai_core.explanations.loaded_models import spectrogram_of
from xai_core.explanations.null_maps import null_map
from xai_core.explanations.settings import Settings
from xai_core.metrics import Prepared, comparable, distances, prepare
from xai_core.pair_tables import METRIC_COLUMNS
from xai_core.study.notes import ChosenNote, Pairs
from xai_core.values import FloatArray, OnProgress, Progress, count_steps

__all__ = [
    "Block",
    "BlockResult",
    "FamilyMaps",
    "compare_block",
    "explain_some",
    "maps_of",
    "read_block",
]


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
    compared : Compared
        Whose maps they are, and what of them is compared; spectrograms depend on the
        type and the notes alone.
    """

    type: str
    family: str
    settings: Settings
    models: str
    model_sha256: str
    notes: tuple[ChosenNote, ...]
    compared: Compared = PAPER_CHOICE

    def __post_init__(self) -> None:
        if not has_view(self.settings.method, self.compared.view):
            raise without_view(self.settings.method, self.compared.view)
        if self.settings.as_dict().get("baseline") == "note":
            raise InputError(
                "many notes cannot be explained with another note as baseline: choose silence, "
                "dataset_mean or noise"
            )
        self.settings.changes()  # what cannot be handed on is refused before the work

    def key_of(self, note: ChosenNote) -> str:
        """Return the key in the cache of the map of one note, whatever the view."""
        if self.compared.maps == SPECTROGRAM:
            return store.map_key(kind="size of bins", type=self.type, note=note.sha256)
        anew = {"null_seed": self.compared.seed} if self.compared.maps == NULL else {}
        return store.map_key(
            kind="map of a note",
            type=self.type,
            family=self.family,
            settings=self.settings.as_dict(),
            model=self.model_sha256,
            note=note.sha256,
            **anew,
        )

    @property
    def method(self) -> str:
        """Whose maps they are; "" for spectrograms."""
        return "" if self.compared.maps == SPECTROGRAM else self.settings.method

    @property
    def name(self) -> str:
        """What they are, without the view: "mfcc grad_cam flute", "mfcc flute spectrogram"."""
        source = "" if self.compared.maps == MODEL else self.compared.maps
        return " ".join(filter(None, (self.type, self.method, self.family, source)))


@dataclass(frozen=True, eq=False)
class NoteMap:
    """The map of one note, and the output of its model.

    Parameters
    ----------
    values : ndarray, shape (n_frames, n_bins)
    probability : float
        NaN where no model is explained: of a random network, or a spectrogram.
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
    """Return the maps of all notes of a family, from the cache where they are there.

    They are signed, whatever the view; mean gradients in place of attributions where
    these are compared.
    """
    maps = tuple(_map_of(of, note) for note in of.notes)
    if of.compared.view != MEAN_GRADIENT:
        return maps
    return tuple(
        replace(one, values=_mean_gradient(of, note, one.values))
        for one, note in zip(maps, of.notes, strict=True)
    )


@dataclass(frozen=True, eq=False)
class Block:
    """Pairs of notes of two families, or of one.

    Parameters
    ----------
    name : str
        Good in a sentence: "mfcc grad_cam flute, organ".
    a, b : FamilyMaps
        Of one type and method; the same for pairs within a family.
    pairs : ndarray of int64, shape (n_pairs, 2)
        Note of `a`, note of `b`.
    key : str
        In the cache.
    """

    name: str
    a: FamilyMaps
    b: FamilyMaps
    pairs: Pairs
    key: str

    @classmethod
    def of(cls, a: FamilyMaps, b: FamilyMaps, pairs: Pairs) -> Block:
        """Return a block with the name and the key that its content gives it."""
        families = a.family if a is b else f"{a.family}, {b.family}"
        compared = a.compared.as_dict()
        view: dict[str, Any] = {"view": compared["view"]} if "view" in compared else {}
        key = store.comparison_key(
            kind="block of pairs",
            maps=[[one.key_of(note) for note in one.notes] for one in (a, b)],
            pairs=pairs.tolist(),
            metrics={name: metric.on for name, metric in METRICS.items()},
            **view,
        )
        what = " ".join(filter(None, (a.type, a.method, families)))
        if compared:
            what = f"{what} ({a.compared.label})"
        return cls(what, a, b, pairs, key)


@dataclass(frozen=True, eq=False)
class BlockResult:
    """Distances of a block.

    Parameters
    ----------
    pairs : ndarray of int64, shape (n_pairs, 2)
        Those with two heatmaps.
    distances : dict of ndarray, shape (n_pairs,)
        By the names of :data:`xai_core.pair_tables.METRIC_COLUMNS`.
    probability, completeness_error : ndarray, shape (n_notes_a,)
        Of the notes of the block's first family.
    is_zero : ndarray of bool, shape (n_notes_a,)
        Whether their maps are zero everywhere.
    """

    pairs: Pairs
    distances: dict[str, FloatArray]
    probability: FloatArray
    completeness_error: FloatArray
    is_zero: npt.NDArray[np.bool_]


def explain_some(of: FamilyMaps, notes: tuple[ChosenNote, ...], *, on_progress: OnProgress) -> None:
    """Make the maps of some notes of a family."""
    explain_notes(of, notes, on_progress=count_steps(on_progress, _heading(of)))


def compare_block(block: Block, *, on_progress: OnProgress) -> None:
    """Compute the distances of a block and keep them."""
    if read_block(block) is None:
        result = _compared(block)
        arrays = {
            **result.distances,
            "pairs": result.pairs,
            "probability": result.probability,
            "completeness_error": result.completeness_error,
            "is_zero": result.is_zero,
        }
        if not store.write_cached(block.key, arrays):
            raise TimbreLensError("the distances cannot be kept: is the folder of the cache full?")
    on_progress(Progress("block", block.name, 1, 1))


def read_block(block: Block) -> BlockResult | None:
    """Return the distances of a block, or None if they are not there yet."""
    kept = store.read_cached(block.key)
    if kept is None:
        return None
    try:
        found = {name: kept.pop(name) for name in METRIC_COLUMNS}
        return BlockResult(distances=found, **kept)
    except (KeyError, TypeError):  # of another version that had the same key by a miracle
        return None


def _map_of(of: FamilyMaps, note: ChosenNote) -> NoteMap:
    key = of.key_of(note)
    kept = store.read_cached(key)
    if kept is not None and {"values", "said"} <= kept.keys():
        return NoteMap(kept["values"], *map(float, kept["said"]))
    if of.compared.maps in (NULL, SPECTROGRAM):
        values = _without_model(of, note)
        said = np.full(2, np.nan)
        store.write_cached(key, {"values": values, "said": said})
        return NoteMap(values, float(said[0]), float(said[1]))
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


def _heading(of: FamilyMaps) -> str:
    """Return what a bar is called: "mfcc grad_cam: flute"."""
    what = " ".join(filter(None, (of.type, of.method)))
    return f"{what}: {of.family}" + ("" if of.compared.maps == MODEL else f" ({of.compared.label})")


def _without_model(of: FamilyMaps, note: ChosenNote) -> FloatArray:
    """Return the map of a random network, or the size of the bins of the spectrogram."""
    if of.compared.maps == SPECTROGRAM:
        return np.abs(spectrogram_of(load_note(note.record.path), of.type).values)
    values = null_map(
        note.record.path,
        type=of.type,
        family=of.family,
        settings=of.settings,
        models=of.models,
        seed=of.compared.seed,
    )
    return values.astype(np.float32, copy=False)


def _mean_gradient(of: FamilyMaps, note: ChosenNote, values: FloatArray) -> FloatArray:
    """Return attribution / (x - x0), and 0 where the note does not differ from the baseline."""
    spectrogram = spectrogram_of(load_note(note.record.path), of.type)
    card = store.read_card(of.type, of.family, models=of.models)
    x0 = baseline_values(of.settings, spectrogram, card, None)
    way = spectrogram.values.astype(np.float64) - x0
    found = np.divide(values, way, out=np.zeros(values.shape), where=way != 0)
    return found.astype(np.float32)


def _compared(block: Block) -> BlockResult:
    a, b = maps_of(block.a), maps_of(block.b)
    has_heatmap = [np.array([not one.is_zero for one in maps], bool) for maps in (a, b)]
    pairs = block.pairs[has_heatmap[0][block.pairs[:, 0]] & has_heatmap[1][block.pairs[:, 1]]]
    return BlockResult(
        pairs=pairs,
        distances=_distances(a, b, pairs, by_sign=block.a.compared.view == SIGNED),
        probability=np.array([one.probability for one in a]),
        completeness_error=np.array([one.completeness_error for one in a]),
        is_zero=~has_heatmap[0],
    )


def _distances(
    a: tuple[NoteMap, ...], b: tuple[NoteMap, ...], pairs: Pairs, *, by_sign: bool
) -> dict[str, FloatArray]:
    """Return every metric of the pairs; maps that are in none are not made ready."""
    if len(pairs) == 0:
        return {name: np.empty(0) for name in METRIC_COLUMNS}
    out: dict[str, FloatArray] = {}
    in_a, in_b = np.unique(pairs[:, 0]), np.unique(pairs[:, 1])
    if a is b:
        in_a = in_b = np.union1d(in_a, in_b)
    places = np.stack(
        [np.searchsorted(in_a, pairs[:, 0]), np.searchsorted(in_b, pairs[:, 1])], axis=1
    )
    for name, metric in METRICS.items():
        first = _prepared([a[k] for k in in_a], name, by_sign)
        second = first if a is b else _prepared([b[k] for k in in_b], name, by_sign)
        ends = (first, second, places), (second, first, places[:, ::-1])
        for column, (one, other, pairs_of) in zip(metric.directions, ends, strict=False):
            out[column] = distances(one, other, pairs_of)
    return out


def _prepared(maps: list[NoteMap], metric: str, by_sign: bool) -> Prepared:
    return prepare([comparable(one.values, metric, by_sign=by_sign) for one in maps], metric)
