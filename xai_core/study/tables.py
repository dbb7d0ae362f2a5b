"""The tables of an analysis: rows from blocks of pairs, and the files they are saved in.

Conventions
-----------
A folder holds two tables, each as Parquet and as CSV, and the settings as JSON; a
third table, where other maps stand beside the analysis, and how alike they are
(:class:`xai_core.study.beside.BesideTables`) as CSV and in one JSON file.
Parquet is what is read back: it keeps column types and all digits. CSV is for
spreadsheets and other programs; a missing number is an empty field there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from xai_core.catalogue.methods import METHODS
from xai_core.errors import InputError
from xai_core.explanations import layers_of
from xai_core.pair_tables import PAIR_COLUMNS, Analysis, as_table
from xai_core.study.pairs import Block, BlockResult

if TYPE_CHECKING:
    from xai_core.study.beside import BesideTables

__all__ = [
    "LeftOut",
    "left_out_sentence",
    "note_rows",
    "pair_rows",
    "read_analysis",
    "write_analysis",
    "write_beside",
    "zero_maps",
]

LeftOut = dict[str, str]  # type, method, family, note, reason; "" where it holds for all


def pair_rows(block: Block, result: BlockResult) -> pd.DataFrame:
    """Return the rows of one block, as in :attr:`xai_core.pair_tables.Analysis.pairs`."""
    a = [block.a.notes[k].record for k in result.pairs[:, 0]]
    b = [block.b.notes[k].record for k in result.pairs[:, 1]]
    table = {
        "type": block.a.type,
        "method": block.a.method,
        "family": block.a.family,
        "other_family": block.b.family,
        "note_a": [one.note for one in a],
        "note_b": [one.note for one in b],
        "instrument_a": [one.instrument for one in a],
        "instrument_b": [one.instrument for one in b],
        "same_instrument": [x.instrument == y.instrument for x, y in zip(a, b, strict=True)],
        "pitch_distance": pd.array(
            [
                None if x.pitch is None or y.pitch is None else abs(x.pitch - y.pitch)
                for x, y in zip(a, b, strict=True)
            ],
            dtype="Int64",
        ),
        **result.distances,
    }
    return as_table(pd.DataFrame(table, index=range(len(a))), PAIR_COLUMNS)


def note_rows(within: Iterable[tuple[Block, BlockResult]]) -> list[dict[str, Any]]:
    """Return the rows of the notes that have a heatmap, from the blocks within families."""
    return [
        {
            "type": block.a.type,
            "method": block.a.method,
            "note": note.record.note,
            "family": block.a.family,
            "instrument": note.record.instrument,
            "pitch": note.record.pitch,
            "velocity": note.record.velocity,
            "collection": note.record.collection,
            "probability": float(result.probability[k]),
            "completeness_error": float(result.completeness_error[k]),
        }
        for block, result in within
        for k, note in enumerate(block.a.notes)
        if not result.is_zero[k]
    ]


def zero_maps(within: Iterable[tuple[Block, BlockResult]]) -> list[LeftOut]:
    """Return the notes whose maps are zero everywhere, with the reason."""
    return [
        {
            "type": block.a.type,
            "method": block.a.method,
            "family": block.a.family,
            "note": block.a.notes[k].record.note,
            "reason": _why_zero(block),
        }
        for block, result in within
        for k in np.flatnonzero(result.is_zero)
    ]


def left_out_sentence(analysis: Analysis) -> str:
    """Return one sentence on what an analysis left out and why, or ""."""
    left_out: list[LeftOut] = analysis.settings["left_out"]
    unusable = sum(one["type"] == "" for one in left_out)
    zero = len(left_out) - unusable
    parts = []
    if zero:
        maps = "map that is zero everywhere has" if zero == 1 else "maps that are zero have"
        parts.append(f"{zero:,} {maps} no distances (all evidence speaks against the family)")
    if unusable:
        notes = "note was" if unusable == 1 else "notes were"
        parts.append(f"{unusable:,} {notes} passed over as unusable or there twice")
    return f"{'; '.join(parts)}." if parts else ""


def _why_zero(block: Block) -> str:
    a = block.a
    reason = METHODS[a.settings.method].zero.reason or "the map is zero everywhere"
    layer = a.settings.layer
    if "{layer}" in reason and layer is None:
        layer = layers_of(a.type, a.family, models=a.models)[-1]
    return reason.format(layer=layer, family=a.family)


TABLES = ("pairs", "notes")
BESIDE = "beside"
SETTINGS_FILE = "settings.json"


def write_analysis(analysis: Analysis, folder: str | Path) -> list[Path]:
    """Write an analysis to a folder, which is made if need be.

    Parameters
    ----------
    analysis : Analysis
    folder : path
        Files of an earlier analysis there are written over.

    Returns
    -------
    list of Path
        Five files, and two of the table beside it.

    Raises
    ------
    InputError
        If the folder cannot be written to.
    """
    folder = Path(folder)
    settings = json.dumps(dict(analysis.settings), indent=1, ensure_ascii=False, allow_nan=False)
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (*TABLES, BESIDE):
            table: pd.DataFrame | None = getattr(analysis, name)
            if table is None:
                _remove_table(folder, name)
                continue
            paths += [folder / f"{name}.parquet", folder / f"{name}.csv"]
            table.to_parquet(paths[-2], index=False)
            table.to_csv(paths[-1], index=False)
        paths.append(folder / SETTINGS_FILE)
        paths[-1].write_text(settings + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"the analysis cannot be written to {folder}: {error.strerror or error}"
        ) from error
    return paths


def write_beside(tables: BesideTables, folder: str | Path) -> list[Path]:
    """Write how an analysis lies to what stands beside it: two CSV files, and both in JSON.

    Raises
    ------
    InputError
        If the folder cannot be written to.
    """
    folder = Path(folder)
    named = {"beside_mantel": tables.mantel, "beside_medians": tables.medians}
    paths = [folder / f"{name}.csv" for name in named]
    records = {
        name.removeprefix("beside_"): json.loads(table.to_json(orient="records"))
        for name, table in named.items()
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, table in zip(paths, named.values(), strict=True):
            table.to_csv(path, index=False)
        paths.append(folder / "beside.json")
        paths[-1].write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"the tables cannot be written to {folder}: {error.strerror or error}"
        ) from error
    return paths


def _remove_table(folder: Path, name: str) -> None:
    """Remove what an earlier analysis with other maps beside it left in a folder."""
    for left in (f"{name}.parquet", f"{name}.csv", f"{name}.json"):
        (folder / left).unlink(missing_ok=True)
    for part in ("mantel", "medians"):
        (folder / f"{name}_{part}.csv").unlink(missing_ok=True)


def read_analysis(folder: str | Path) -> Analysis:
    """Return the analysis that :func:`write_analysis` wrote to a folder.

    Raises
    ------
    InputError
        If a file is missing, damaged, or not one of an analysis.
    """
    folder = Path(folder)
    for name in (*(f"{table}.parquet" for table in TABLES), SETTINGS_FILE):
        if not (folder / name).is_file():
            raise InputError(
                f"expected an analysis in {folder}, found no {name}: is it a folder that "
                "`analyse --out` wrote?"
            )
    try:
        pairs, notes = (pd.read_parquet(folder / f"{name}.parquet") for name in TABLES)
        path = folder / f"{BESIDE}.parquet"
        beside = pd.read_parquet(path) if path.is_file() else None
        settings = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"the analysis in {folder} cannot be read ({error}): was the run cut short?"
        ) from error
    if not isinstance(settings, dict):
        raise InputError(f"expected settings of an analysis in {folder / SETTINGS_FILE}, got none")
    return Analysis(pairs, notes, settings, beside)
