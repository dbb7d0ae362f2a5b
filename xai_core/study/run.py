"""Distances between the heatmaps of pairs of notes, for families, types and methods.

Conventions
-----------
The paper's algorithm 2: each note is explained by the model of its own family,
and the maps of one type and method are compared pair by pair: all pairs within
a family and some drawn pairs between two families. Maps and blocks of pairs are
written to ``cache/`` as soon as they are computed, so a run that was killed
resumes. Jobs run here or on a cluster that shares ``cache/``.

:func:`read_partial_results` reads only ``cache/``: it returns the rows that a run has
already produced and computes no explanation and no distance.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd

from xai_core import store
from xai_core.catalogue.compared import PAPER_CHOICE, Compared
from xai_core.catalogue.methods import METHODS, PAPER_METHODS
from xai_core.datasets.notes import NoteRecord
from xai_core.errors import InputError, TimbreLensError
from xai_core.explanations.settings import resolve_settings
from xai_core.grid import run_jobs
from xai_core.pair_tables import NOTE_COLUMNS, PAIR_COLUMNS, Analysis, as_table
from xai_core.places import cache_folder
from xai_core.study.pairs import Block, BlockResult, maps_of, read_block
from xai_core.study.plan import blocks_of, cards_of, choose_by_family, describe_analysis, jobs_of
from xai_core.study.tables import note_rows, pair_rows, zero_maps
from xai_core.values import FAMILIES, SPECTROGRAM_TYPES, OnProgress, Progress

__all__ = [
    "PartialResults",
    "analyse",
    "read_partial_results",
]

_LOG = logging.getLogger(__name__)

NOTES_PER_FAMILY = 20
BETWEEN_PAIRS = 100  # of each two families

OnResult = Callable[[str, str, str, pd.DataFrame], None]


def analyse(
    records: Sequence[NoteRecord],
    *,
    types: Sequence[str] | None = None,
    families: Sequence[str] | None = None,
    methods: Sequence[str] = PAPER_METHODS,
    notes_per_family: int = NOTES_PER_FAMILY,
    between_pairs: int = BETWEEN_PAIRS,
    seed: int = 0,
    models: str = "starter",
    preset: str = "default",
    compared: Compared = PAPER_CHOICE,
    data_sets: Sequence[Mapping[str, str]] = (),
    cluster: str | None = None,
    on_result: OnResult = lambda type, method, family, rows: None,
    on_progress: OnProgress = lambda event: None,
) -> Analysis:
    """Compare the heatmaps of notes, within families and between them.

    Parameters
    ----------
    records : sequence of NoteRecord
        Notes of any collections.
    types : sequence of str, optional
        Spectrogram types; all that the set has models of, if not given.
    families : sequence of str, optional
        All that have a model and two notes, if not given.
    methods : sequence of str
        Of :data:`xai_core.catalogue.methods.METHODS`; the two of the paper, if
        not given.
    notes_per_family : int
        Most notes of a family, at least 2; drawn round-robin from its instruments.
    between_pairs : int
        Most pairs of notes of each two families; 0 for none.
    seed : int
        Decides which notes and which pairs between families.
    models : str
        Name of the model set.
    preset : {'default', 'paper', 'precise'}
        Of the explanations.
    compared : Compared
        Whose maps, and what of them; the absolute maps of the models, as in the paper,
        if not given. Rows of spectrograms have no method: it is "".
    data_sets : sequence of mapping
        What the settings say of where the notes are from, from
        :func:`xai_core.datasets.collection.describe_collection`.
    cluster : str, optional
        Address of a Dask scheduler whose workers share ``models/``, ``cache/``
        and the notes with this process; by default the work is done here.
    on_result : callable
        Given (type, method, family, rows) as soon as a block of pairs is done,
        or found in the cache: rows as in :attr:`Analysis.pairs`, whose
        ``other_family`` separates within from between. With a cluster it may be
        called from another thread.
    on_progress : callable
        Called with a :class:`xai_core.values.Progress`; events of kind ``run`` are
        of the whole run, in milliseconds of work.

    Returns
    -------
    Analysis
        Rows by type, method, family and other family in the fixed orders.

    Raises
    ------
    InputError
        If a name is unknown, a chosen family has not two notes, no
        family has, or the cache cannot be written to.
    ModelError
        If a chosen model is missing or altered.
    JobsFailedError
        At the end, if some jobs failed; what is done is kept.

    References
    ----------
    Chen, Ghobakhlou and Narayanan 2024, algorithm 2.
    """
    _check_numbers(notes_per_family, between_pairs)
    settings = {method: resolve_settings(method, preset) for method in dict.fromkeys(methods)}
    cards = cards_of(types, families, models)
    chosen, left_out = choose_by_family(
        records, cards, families, n=notes_per_family, seed=seed, on_progress=on_progress
    )
    _check_cache()
    blocks = blocks_of(
        cards, settings, chosen, models, between=between_pairs, seed=seed, compared=compared
    )
    results = _Results(blocks, on_result)
    try:
        run_jobs(
            jobs_of([block for block in blocks if block.name not in results.found]),
            cluster=cluster,
            on_progress=lambda event: results.receive(event, on_progress),
            on_failure=_LOG.error,
        )
        results.read_rest()
    finally:
        maps_of.cache_clear()
    done = [(block, results.found[block.name]) for block in sorted(blocks, key=_place)]
    within = [(block, result) for block, result in done if block.a is block.b]
    tables = [pair_rows(block, result) for block, result in done]
    return Analysis(
        pairs=pd.concat(tables, ignore_index=True),
        notes=as_table(note_rows(within), NOTE_COLUMNS),
        settings={
            "seed": seed,
            "notes_per_family": notes_per_family,
            "between_pairs": between_pairs,
            **compared.as_dict(),
            **describe_analysis(cards, settings, chosen, models=models, data_sets=data_sets),
            "left_out": [*left_out, *zero_maps(within)],
        },
    )


# ----------------------------------------------------------------------- private


def _check_numbers(notes_per_family: int, between_pairs: int) -> None:
    if notes_per_family < 2:
        raise InputError(f"expected at least 2 notes of a family, got {notes_per_family}")
    if between_pairs < 0:
        raise InputError(f"expected 0 or more pairs of two families, got {between_pairs}")


def _check_cache() -> None:
    key = store.comparison_key(kind="probe")
    if not store.write_cached(key, {"probe": np.empty(0)}):
        raise InputError(
            f"an analysis keeps what is done in {cache_folder()}, which cannot be written to: "
            "set TIMBRELENS_CACHE to another folder"
        )
    store.remove_cached(key)


def _place(block: Block) -> tuple[int, int, int, int]:
    """Return where a block's rows stand."""
    return (
        SPECTROGRAM_TYPES.index(block.a.type),
        list(METHODS).index(block.a.settings.method),
        FAMILIES.index(block.a.family),
        FAMILIES.index(block.b.family),
    )


class _Results:
    """Blocks that are done; `on_result` is called once for each."""

    def __init__(self, blocks: Sequence[Block], on_result: OnResult) -> None:
        self._blocks = {block.name: block for block in blocks}
        self._on_result = on_result
        self._one_at_a_time = Lock()  # events of a cluster come from another thread
        self.found: dict[str, BlockResult] = {}
        for block in blocks:
            self._look(block)

    def receive(self, event: Progress, on_progress: OnProgress) -> None:
        """Read the block that an event reports as done, and pass the event on."""
        if event.kind == "block" and event.name not in self.found:
            self._look(self._blocks[event.name])
        on_progress(event)

    def read_rest(self) -> None:
        """Read the blocks of which no event came."""
        for name, block in self._blocks.items():
            if name not in self.found and not self._look(block):
                raise TimbreLensError(
                    f"{name} was compared but is not in {cache_folder()}: do the workers share "
                    "the folder of the cache?"
                )

    def _look(self, block: Block) -> bool:
        with self._one_at_a_time:
            if block.name in self.found:
                return True
            result = read_block(block)
            if result is None:
                return False
            self.found[block.name] = result
            a = block.a
            self._on_result(a.type, a.method, a.family, pair_rows(block, result))
            return True


@dataclass(frozen=True, eq=False)
class PartialResults:
    """The finished blocks of an analysis.

    Parameters
    ----------
    pairs : pandas.DataFrame
        As in :attr:`xai_core.pair_tables.Analysis.pairs`; empty where nothing is
        done.
    n_done, n_blocks : int
        Blocks of pairs that are finished, and in all.
    settings : mapping
        What decides the pairs: models, notes, methods, versions, as JSON has it.
    """

    pairs: pd.DataFrame
    n_done: int
    n_blocks: int
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.n_done == self.n_blocks

    def cleared(self) -> PartialResults:
        """Return the same before any block was finished."""
        return replace(self, pairs=self.pairs.iloc[:0], n_done=0)

    def with_block(self, rows: pd.DataFrame) -> PartialResults:
        """Return the same with one more block of pairs."""
        pairs = rows if self.pairs.empty else pd.concat([self.pairs, rows], ignore_index=True)
        return replace(self, pairs=pairs, n_done=self.n_done + 1)


def read_partial_results(
    records: Sequence[NoteRecord],
    *,
    types: Sequence[str],
    methods: Sequence[str],
    notes_per_family: int,
    between_pairs: int = 0,
    seed: int = 0,
    models: str = "starter",
    preset: str = "default",
    compared: Compared = PAPER_CHOICE,
) -> PartialResults:
    """Return what :func:`analyse` with these settings would find in the cache.

    Parameters
    ----------
    records, types, methods, notes_per_family, between_pairs, seed, models, preset, compared
        As for :func:`xai_core.explanations.analyse`.
    """
    settings = {method: resolve_settings(method, preset) for method in dict.fromkeys(methods)}
    cards = cards_of(types, None, models)
    chosen, _ = choose_by_family(
        records, cards, None, n=notes_per_family, seed=seed, on_progress=lambda event: None
    )
    blocks = blocks_of(
        cards, settings, chosen, models, between=between_pairs, seed=seed, compared=compared
    )
    done = [(block, result) for block in blocks if (result := read_block(block)) is not None]
    tables = [pair_rows(block, result) for block, result in done]
    pairs = pd.concat(tables, ignore_index=True) if tables else as_table([], PAIR_COLUMNS)
    analysis_settings = {
        "seed": seed,
        "notes_per_family": notes_per_family,
        "between_pairs": between_pairs,
        **compared.as_dict(),
        **describe_analysis(cards, settings, chosen, models=models),
    }
    return PartialResults(pairs, len(done), len(blocks), analysis_settings)
