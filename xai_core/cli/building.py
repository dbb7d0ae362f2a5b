"""``python -m xai_core dataset build``: a data set from a recipe."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from xai_core.datasets.build import BuildReport, build_dataset
from xai_core.datasets.collection import LeftOut, read_collection
from xai_core.datasets.notes import NoteRecord
from xai_core.datasets.recipe import read_recipe, shipped_recipes
from xai_core.errors import InputError
from xai_core.places import cache_folder, samples_folder
from xai_core.values import FAMILIES

__all__ = ["build"]

SHOWN = 12  # of a long list


def build(
    recipe: Annotated[
        str, typer.Argument(help=f"A TOML file, or a name: {', '.join(shipped_recipes())}.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the data set.")],
    data: Annotated[
        Path | None, typer.Option(help="Folder that the recipe's own paths are below.")
    ] = None,
) -> None:
    """Build a data set from a recipe: fetch, render, compare, index.

    A build that was stopped goes on where it was. What is damaged is named and
    left out; instruments that share recordings are found and kept together by
    every split.

    Example: python -m xai_core dataset build starter --data ../shared/data --out notes
    """
    found = read_recipe(recipe)
    samples = read_collection(samples_folder()) if found.apart_from_samples else []
    console = Console()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(found.name, total=None)
        report = build_dataset(
            found,
            out,
            downloads=cache_folder() / "downloads",
            data=data,
            samples=samples,
            progress=lambda what, done, total: bar.update(
                task, description=what, completed=done, total=total
            ),
        )
    _say(report, out, console)
    if report.short:
        raise InputError(
            "the data set is there, but smaller than wanted: " + "; ".join(report.short)
        )


def _say(report: BuildReport, out: Path, console: Console) -> None:
    def say(sentence: str) -> None:  # names are no markup, and are not cut into lines
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)

    for one in report.left_out[:SHOWN]:
        say(f"left out: {_name(one)} ({one.reason})")
    if len(report.left_out) > SHOWN:
        say(f"... and {len(report.left_out) - SHOWN} more, in {out / 'dataset.json'}")
    for twins in report.twins[:SHOWN]:
        say(f"kept together: {twins.a} and {twins.b} (likeness {twins.likeness:.2f})")
    if len(report.twins) > SHOWN:
        say(f"... and {len(report.twins) - SHOWN} more pairs")
    console.print(_table(report.records))
    say(
        f"{len(report.records)} notes of {len({r.instrument for r in report.records})} instruments "
        f"in {out}; licences in {out / 'ATTRIBUTION.md'}"
    )


def _name(one: LeftOut) -> str:
    """Return a name that tells the note from those of other instruments."""
    if not one.note or one.note.startswith(one.instrument):
        return one.note or one.instrument
    return f"{one.note} of {one.instrument}"


def _table(records: Sequence[NoteRecord]) -> Table:
    """Return notes and instruments by family and source."""
    sources = list(dict.fromkeys(record.collection for record in records))
    notes: Counter[tuple[str, str]] = Counter((r.family, r.collection) for r in records)
    names: dict[str, set[str]] = defaultdict(set)
    independent: dict[str, set[str]] = defaultdict(set)
    for record in records:
        names[record.family].add(record.instrument)
        independent[record.family].add(record.group or record.instrument)
    table = Table(title="Notes by source", show_edge=False)
    table.add_column("Family", no_wrap=True, min_width=max(map(len, FAMILIES)))
    for heading in (*sources, "All", "Instru- ments", "Inde- pendent"):
        table.add_column(heading, justify="right", overflow="fold")
    for family in FAMILIES:
        row = [notes[family, source] for source in sources]
        counts = (*row, sum(row), len(names[family]), len(independent[family]))
        table.add_row(family, *map(str, counts))
    return table
