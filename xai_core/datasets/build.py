"""A data set built from a recipe: fetched, rendered, compared, and indexed.

Conventions
-----------
What is made lies in units below the data set (:mod:`xai_core.datasets.units`),
so a build that was killed goes on with the first unit that is missing. Folders
of notes that exist already are read where they are. ``dataset.json`` and
``ATTRIBUTION.md`` are written last.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from xai_core.datasets.checking import usable_notes
from xai_core.datasets.collection import (
    DATASET_FILE,
    DatasetIndex,
    LeftOut,
    read_collection,
    read_part,
)
from xai_core.datasets.notes import NoteRecord
from xai_core.datasets.recipe import Recipe
from xai_core.datasets.twins import Twins, find_twins, group_names
from xai_core.datasets.units import Progress, make_parts
from xai_core.errors import InputError
from xai_core.values import FAMILIES

__all__ = ["BuildReport", "build_dataset"]

ATTRIBUTION_FILE = "ATTRIBUTION.md"


@dataclass(frozen=True)
class BuildReport:
    """What a data set holds and what it lacks.

    Parameters
    ----------
    records : tuple of NoteRecord
    left_out : tuple of LeftOut
    twins : tuple of Twins
        Instruments that share recordings and are grouped.
    short : tuple of str
        One sentence for each family that has less than the recipe wants.
    """

    records: tuple[NoteRecord, ...]
    left_out: tuple[LeftOut, ...]
    twins: tuple[Twins, ...]
    short: tuple[str, ...]


def build_dataset(
    recipe: Recipe,
    out: str | Path,
    *,
    downloads: str | Path,
    data: str | Path | None = None,
    samples: Sequence[NoteRecord] = (),
    progress: Progress = lambda what, done, total: None,
) -> BuildReport:
    """Build what a recipe names, or go on with a build that was stopped.

    Parameters
    ----------
    recipe : Recipe
    out : path
        Folder of the data set.
    downloads : path
        Where fetched packages are kept for the next time.
    data : path, optional
        Folder that the recipe's own paths are below.
    samples : sequence of NoteRecord
        Notes to keep apart from, if the recipe says so.
    progress : callable
        Told what is being done and how far it is.

    Raises
    ------
    InputError
        If a source is missing or cannot be fetched, `out` cannot be written,
        or two sources use one instrument name.
    """
    out = Path(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for debris in out.glob("*/.part-*"):
            shutil.rmtree(debris)
        parts = [
            part
            for source in recipe.source
            for part in make_parts(
                source,
                out,
                downloads=Path(downloads),
                data=None if data is None else Path(data),
                progress=progress,
            )
        ]
        records = [record for part in parts for record in read_part(part, out)]
        _check_names(records)
        records, left_out, twins = _choose(recipe, records, samples, out, progress)
        groups = group_names([(one.a, one.b) for one in twins])
        index = DatasetIndex(recipe.name, recipe.digest, tuple(parts), tuple(left_out), groups)
        _write(out / DATASET_FILE, msgspec.json.format(msgspec.json.encode(index), indent=1))
        kept = read_collection(out)
        _write(out / ATTRIBUTION_FILE, _attribution(recipe, kept).encode())
    except OSError as error:
        raise InputError(
            f"the data set cannot be written to {out}: {error.strerror or error}"
        ) from error
    return BuildReport(tuple(kept), tuple(left_out), tuple(twins), tuple(_short(recipe, kept)))


# ---------------------------------------------------------------------- choosing


def _check_names(records: Sequence[NoteRecord]) -> None:
    """Refuse a name that two sources give to two instruments."""
    collections: dict[str, set[str]] = defaultdict(set)
    for record in records:
        collections[record.instrument].add(record.collection)
    for instrument, where in sorted(collections.items()):
        if len(where) > 1:
            raise InputError(
                f"instrument {instrument} comes from {' and '.join(sorted(where))}: give one of "
                "them another first_number in the recipe"
            )


def _choose(
    recipe: Recipe,
    records: Sequence[NoteRecord],
    samples: Sequence[NoteRecord],
    out: Path,
    progress: Progress,
) -> tuple[list[NoteRecord], list[LeftOut], list[Twins]]:
    def told(what: str) -> Callable[[int, int], None]:
        return lambda done, total: progress(what, done, total)

    owner = {record.path: record.instrument for record in records}
    usable, skipped = usable_notes(records, progress=told("reading every note"))
    left_out = [
        LeftOut(owner[one.path], one.reason, one.note, os.path.relpath(one.path, out))
        for one in skipped
    ]
    if not recipe.find_twins:
        return usable, left_out, []
    shown = {record.instrument for record in samples} if recipe.apart_from_samples else set()
    apart = list(samples) if recipe.apart_from_samples else []
    twins = find_twins([*usable, *apart], progress=told("looking for shared recordings"))
    removed: set[str] = set()
    for one in twins:
        if (one.a in shown) != (one.b in shown):
            used, sample = (one.b, one.a) if one.a in shown else (one.a, one.b)
            if used not in removed:
                reason = f"shares a recording with {sample} of the samples ({one.likeness:.2f})"
                left_out.append(LeftOut(used, reason))
            removed.add(used)
    gone = removed | shown
    kept = [record for record in usable if record.instrument not in gone]
    return kept, left_out, [one for one in twins if not {one.a, one.b} & gone]


def _short(recipe: Recipe, records: Sequence[NoteRecord]) -> Iterator[str]:
    notes = Counter(record.family for record in records)
    for family in FAMILIES:
        # Instruments of one group count once: they cannot stand on both sides of a split.
        names = {r.group or r.instrument for r in records if r.family == family}
        for what, count, least in (
            ("instruments", len(names), recipe.wanted.instruments),
            ("notes", notes[family], recipe.wanted.notes),
        ):
            if count < least:
                yield f"{family} has {count} {what}, {least} are wanted"


def _attribution(recipe: Recipe, records: Sequence[NoteRecord]) -> str:
    lines = [
        f"# Where the notes of {recipe.name} come from",
        "",
        "| source | instrument | notes | licence | attribution |",
        "| --- | --- | --- | --- | --- |",
    ]
    rows = Counter(
        (
            record.collection,
            record.instrument_name or record.instrument,
            record.licence,
            record.attribution,
        )
        for record in records
    )
    for (source, name, licence, attribution), count in sorted(rows.items()):
        cells = (source, name, str(count), licence or "unknown", attribution or "unknown")
        lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _write(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(content)
    os.replace(partial, path)
