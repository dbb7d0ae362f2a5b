"""What an analysis has found so far, from the cache alone: nothing is explained or compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from xai_core.analysis import PAIR_COLUMNS, as_table
from xai_core.datasets.notes import NoteRecord
from xai_core.pipeline.blocks import read_block
from xai_core.pipeline.described import describe_analysis
from xai_core.pipeline.planning import blocks_of, cards_of, choose_by_family
from xai_core.pipeline.settings import resolve_settings
from xai_core.pipeline.tables import pair_rows

__all__ = ["SoFar", "analysis_so_far"]


@dataclass(frozen=True, eq=False)
class SoFar:
    """The finished blocks of an analysis.

    Parameters
    ----------
    pairs : pandas.DataFrame
        As in :attr:`xai_core.analysis.Analysis.pairs`; empty where nothing is
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

    def cleared(self) -> SoFar:
        """Return the same before any block was finished."""
        return replace(self, pairs=self.pairs.iloc[:0], n_done=0)

    def with_block(self, rows: pd.DataFrame) -> SoFar:
        """Return the same with one more block of pairs."""
        pairs = rows if self.pairs.empty else pd.concat([self.pairs, rows], ignore_index=True)
        return replace(self, pairs=pairs, n_done=self.n_done + 1)


def analysis_so_far(
    records: Sequence[NoteRecord],
    *,
    types: Sequence[str],
    methods: Sequence[str],
    notes_per_family: int,
    between_pairs: int = 0,
    seed: int = 0,
    models: str = "starter",
    preset: str = "default",
) -> SoFar:
    """Return what :func:`xai_core.pipeline.analyse` with these settings would find in the cache.

    Parameters
    ----------
    records, types, methods, notes_per_family, between_pairs, seed, models, preset
        As for :func:`xai_core.pipeline.analyse`.

    Returns
    -------
    SoFar
    """
    settings = {method: resolve_settings(method, preset) for method in dict.fromkeys(methods)}
    cards = cards_of(types, None, models)
    chosen, _ = choose_by_family(
        records, cards, None, n=notes_per_family, seed=seed, progress=lambda what, done, total: None
    )
    blocks = blocks_of(cards, settings, chosen, models, between=between_pairs, seed=seed)
    done = [(block, result) for block in blocks if (result := read_block(block)) is not None]
    tables = [pair_rows(block, result) for block, result in done]
    pairs = pd.concat(tables, ignore_index=True) if tables else as_table([], PAIR_COLUMNS)
    described = {
        "seed": seed,
        "notes_per_family": notes_per_family,
        "between_pairs": between_pairs,
        **describe_analysis(cards, settings, chosen, models=models),
    }
    return SoFar(pairs, len(done), len(blocks), described)
