"""A data set built from a recipe: fetched, rendered, compared, and indexed.

Conventions
-----------
What is made lies in units below the data set (:mod:`xai_core.datasets.build_steps`),
so a build that was killed goes on with the first unit that is missing. Folders
of notes that exist already are read where they are. ``dataset.json`` and
``ATTRIBUTION.md`` are written last.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from xai_core.datasets.build_steps import make_parts
from xai_core.datasets.collection import (
    DATASET_FILE,
    DatasetIndex,
    LeftOut,
    describe_collection,
    read_collection,
    read_part,
)
from xai_core.datasets.duplicate_recordings import (
    Twins,
    find_twins,
    group_names,
)
from xai_core.datasets.notes import NoteRecord, audio_digest, usable_notes
from xai_core.datasets.recipe import Recipe
from xai_core.errors import InputError
from xai_core.values import FAMILIES, OnProgress, count_steps

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
        One sentence for each family that has less than the recipe requires.
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
    on_progress: OnProgress = lambda event: None,
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
        Notes to keep apart from, if the recipe requires it.
    on_progress : callable
        Called with a :class:`xai_core.values.Progress`.

    Raises
    ------
    InputError
        If a source is missing or cannot be fetched, `out` cannot be written or
        holds something else, or two sources use one instrument name.
    """
    out = Path(out)
    _check_place(recipe, out)
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
                on_progress=on_progress,
            )
        ]
        records = [record for part in parts for record in read_part(part, out)]
        _check_names(records)
        left_out, twins, groups = _choose(recipe, records, samples, out, on_progress)
        index = DatasetIndex(recipe.name, recipe.digest, tuple(parts), tuple(left_out), groups)
        _write(out / DATASET_FILE, msgspec.json.format(msgspec.json.encode(index), indent=1))
        kept = read_collection(out)
        _write(out / ATTRIBUTION_FILE, _attribution(recipe, kept).encode())
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise InputError(
            f"the data set cannot be written to {out}: {error.strerror or error}{where}"
        ) from error
    return BuildReport(tuple(kept), tuple(left_out), tuple(twins), tuple(_short(recipe, kept)))


def _check_place(recipe: Recipe, out: Path) -> None:
    """Raise InputError where files would be overwritten that are not of this data set."""
    if (out / DATASET_FILE).is_file():
        try:
            name = describe_collection(out)["name"]
        except InputError:  # a damaged index is made anew
            return
        if name != recipe.name:
            raise InputError(
                f"{out} holds the data set {name!r}, and this one is called {recipe.name!r}: "
                "choose another folder"
            )
        return
    for name in ("examples.json", "manifest.csv", ATTRIBUTION_FILE):
        if (out / name).exists():
            raise InputError(
                f"{out} holds {name}, which is not of this data set: choose another folder"
            )


# ---------------------------------------------------------------------- choosing


def _check_names(records: Sequence[NoteRecord]) -> None:
    """Refuse a name that two sources give to two instruments."""
    collections: dict[str, set[str]] = defaultdict(set)
    for record in records:
        collections[record.instrument].add(record.collection)
    for instrument, where in sorted(collections.items()):
        if len(where) > 1:
            raise InputError(
                f"instrument {instrument} comes from {' and '.join(sorted(where))}: name the same "
                "notes once only, or give a source that is made another first_number"
            )


def _choose(
    recipe: Recipe,
    records: Sequence[NoteRecord],
    samples: Sequence[NoteRecord],
    out: Path,
    on_progress: OnProgress,
) -> tuple[list[LeftOut], list[Twins], dict[str, str]]:
    owner = {record.path: record.instrument for record in records}
    usable, skipped = usable_notes(
        records, on_progress=count_steps(on_progress, "reading every note")
    )
    left_out = [
        LeftOut(owner[one.path], one.reason, one.note, os.path.relpath(one.path, out))
        for one in skipped
    ]
    # Under a name that no instrument of a recipe can have.
    apart = [replace(one, instrument=f"{one.instrument} of the samples") for one in samples]
    apart = apart if recipe.apart_from_samples else []
    shown = {record.instrument for record in apart}
    twins = find_twins(
        [*usable, *apart],
        among=None if recipe.find_twins else shown,
        on_progress=count_steps(on_progress, "looking for shared recordings"),
    )
    removed = dict(_copies(usable, apart))
    for one in twins:
        if (one.a in shown) != (one.b in shown):
            used, sample = (one.b, one.a) if one.a in shown else (one.a, one.b)
            removed.setdefault(used, f"shares a recording with {sample} ({one.likeness:.2f})")
    left_out += [LeftOut(name, reason) for name, reason in removed.items()]
    kept = [record for record in usable if record.instrument not in removed]
    among_used = [one for one in twins if not {one.a, one.b} & shown]
    joined = [*((one.a, one.b) for one in among_used), *_together(recipe, records)]
    groups = _groups(usable, joined, kept={record.instrument for record in kept})
    told_of = [one for one in among_used if not {one.a, one.b} & removed.keys()]
    return left_out, told_of, groups


def _copies(
    records: Sequence[NoteRecord], samples: Sequence[NoteRecord]
) -> Iterator[tuple[str, str]]:
    """Yield instruments that hold the very samples of a shown note, whatever its pitch."""
    shown = {audio_digest(one): one.instrument for one in samples}
    for record in records if shown else ():
        sample = shown.get(audio_digest(record))
        if sample is not None:
            yield record.instrument, f"shares a recording with {sample} (a copy)"


def _together(recipe: Recipe, records: Sequence[NoteRecord]) -> Iterator[tuple[str, str]]:
    """Yield pairs that join the instruments of each list of the recipe."""
    names = sorted({record.instrument for record in records})
    for patterns in recipe.together:
        members: set[str] = set()
        for pattern in patterns:
            found = [
                name
                for name in names
                if re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name)
            ]
            if not found:
                raise InputError(
                    f"the recipe {recipe.name!r} keeps {pattern!r} together with others, and no "
                    "instrument has that name: is it spelled as in the data?"
                )
            members.update(found)
        yield from itertools.pairwise(sorted(members))


def _groups(
    records: Sequence[NoteRecord], joined: Sequence[tuple[str, str]], *, kept: Collection[str]
) -> dict[str, str]:
    """Return the groups of instruments: those of `joined` pairs, and those notes name.

    What joins two instruments may itself be left out.
    """
    first: dict[str, str] = {}
    named = {
        (first.setdefault(record.group, record.instrument), record.instrument)
        for record in records
        if record.group
    }
    members: dict[str, list[str]] = defaultdict(list)
    for name, group in group_names([*joined, *sorted(named)]).items():
        if name in kept:
            members[group].append(name)
    return {name: names[0] for names in members.values() if len(names) > 1 for name in names}


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
        plain = (" ".join(cell.replace("|", "/").split()) for cell in cells)
        lines.append(f"| {' | '.join(plain)} |")
    return "\n".join(lines) + "\n"


def _write(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(content)
    os.replace(partial, path)
