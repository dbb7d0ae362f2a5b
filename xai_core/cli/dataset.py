"""``python -m xai_core dataset``: build, render and summarise notes to learn from.

Conventions
-----------
``build`` makes a data set from a recipe, ``render`` from one SoundFont;
``summary`` counts the notes of a folder. ``audit`` is in :mod:`xai_core.cli.audit`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table

from xai_core.cli.audit import audit_command
from xai_core.cli.console import plain_column, plain_console
from xai_core.datasets.build import BuildReport, build_dataset
from xai_core.datasets.collection import LeftOut, read_collection, read_collections
from xai_core.datasets.instruments import FIRST_NUMBER
from xai_core.datasets.notes import NoteRecord
from xai_core.datasets.recipe import read_recipe, shipped_recipes
from xai_core.datasets.render import VELOCITIES, render_notes
from xai_core.errors import InputError
from xai_core.places import cache_folder, samples_folder
from xai_core.values import FAMILIES

__all__ = [
    "app",
    "build",
]

app = typer.Typer(help="Render notes from SoundFonts; say what a collection holds.")


@app.callback()
def _dataset() -> None:
    """Render notes from SoundFonts; say what a collection holds."""


app.command("audit")(audit_command)


@app.command()
def render(
    fonts: Annotated[list[Path], typer.Argument(help="SoundFonts, SF2 or SF3.")],
    out: Annotated[Path, typer.Option(help="Folder for examples.json and audio/.")],
    per_family: Annotated[
        int | None, typer.Option(min=1, help="At most so many notes of each family.")
    ] = None,
    instruments_per_family: Annotated[
        int | None, typer.Option(min=1, help="At most so many presets of each family.")
    ] = None,
    pitches_per_instrument: Annotated[
        int | None, typer.Option(min=1, help="Pitches of each preset; default its whole range.")
    ] = None,
    velocities: Annotated[
        str, typer.Option(help="MIDI velocities, separated by commas.")
    ] = ",".join(map(str, VELOCITIES)),
    families: Annotated[
        str, typer.Option(help="Families to render, separated by commas.")
    ] = ",".join(FAMILIES),
    exclude_programs: Annotated[
        str, typer.Option(help="General MIDI programs to leave out, counted from 0.")
    ] = "",
    first_number: Annotated[
        int, typer.Option(min=0, max=999, help="Number of the first instrument.")
    ] = FIRST_NUMBER,
    seed: Annotated[int, typer.Option(min=0, help="Decides which pitches are drawn.")] = 0,
) -> None:
    """Render single notes from SoundFonts in the layout of NSynth.

    Each note is held 3 s and released 1 s, 16 kHz mono. Drums, silent and
    clipped notes are left out. The same command gives the same files.

    Example: python -m xai_core dataset render FluidR3_GM.sf2 --out notes
    --per-family 12 --pitches-per-instrument 3
    """
    console = plain_console()
    columns = (plain_column("Rendering"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("render", total=None)
        report = render_notes(
            fonts,
            out,
            rng=np.random.default_rng(seed),
            families=_words(families),
            exclude_programs=_numbers(exclude_programs, "programs"),
            velocities=_numbers(velocities, "velocities"),
            pitches_per_instrument=pitches_per_instrument,
            instruments_per_family=instruments_per_family,
            per_family=per_family,
            first_number=first_number,
            on_progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    console.print(_table(report.records))
    console.print(
        f"{len(report.records)} notes in {out}; left out: {report.n_silent} silent, "
        f"{report.n_clipped} clipped, {report.n_same} presets that sound like another"
    )


@app.command()
def summary(
    folders: Annotated[list[Path], typer.Argument(help="Collections of notes.")],
) -> None:
    """Count notes and instruments by family and source.

    Example: python -m xai_core dataset summary samples
    """
    records = read_collections(folders)
    console = plain_console()
    console.print(_table(records))
    console.print(f"{len(records)} notes of {len({r.instrument for r in records})} instruments")


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _numbers(text: str, what: str) -> list[int]:
    try:
        return [int(word) for word in _words(text)]
    except ValueError as error:
        raise InputError(
            f"expected {what} as whole numbers separated by commas, got {text!r}"
        ) from error


def _table(records: Sequence[NoteRecord]) -> Table:
    table = Table("Family", "Source", title="Notes", show_edge=False)
    for heading in ("Instruments", "Notes", "Pitches", "Velocities"):
        table.add_column(heading, justify="right")
    rows: dict[tuple[int, str], list[NoteRecord]] = defaultdict(list)
    for record in records:
        rows[FAMILIES.index(record.family), record.source].append(record)
    for (family, source), row in sorted(rows.items()):
        pitches = [record.pitch for record in row if record.pitch is not None]
        velocities = sorted({record.velocity for record in row if record.velocity is not None})
        table.add_row(
            FAMILIES[family],
            source,
            str(len({record.instrument for record in row})),
            str(len(row)),
            f"{min(pitches)}-{max(pitches)}" if pitches else "?",
            " ".join(map(str, velocities)) or "?",
        )
    return table


SHOWN = 12  # of a long list


@app.command()
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
    console = plain_console()
    columns = (
        plain_column("{task.description}"),
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
            on_progress=lambda event: bar.update(
                task, description=event.label, completed=event.done, total=event.total
            ),
        )
    _say(report, out, console)
    if report.short:
        raise InputError(
            "the data set is there, but smaller than wanted: " + "; ".join(report.short)
        )


def _say(report: BuildReport, out: Path, console: Console) -> None:
    def say(sentence: str) -> None:  # names are no markup, and are not cut into lines
        console.print(sentence, highlight=False, soft_wrap=True)

    for one in report.left_out[:SHOWN]:
        say(f"left out: {_name(one)} ({one.reason})")
    if len(report.left_out) > SHOWN:
        say(f"... and {len(report.left_out) - SHOWN} more, in {out / 'dataset.json'}")
    for twins in report.twins[:SHOWN]:
        say(f"kept together: {twins.a} and {twins.b} (likeness {twins.likeness:.2f})")
    if len(report.twins) > SHOWN:
        say(f"... and {len(report.twins) - SHOWN} more pairs")
    console.print(_table_by_source(report.records))
    say(
        f"{len(report.records)} notes of {len({r.instrument for r in report.records})} instruments "
        f"in {out}; licences in {out / 'ATTRIBUTION.md'}"
    )


def _name(one: LeftOut) -> str:
    """Return a name of the note that no note of another instrument has."""
    if not one.note or one.note.startswith(one.instrument):
        return one.note or one.instrument
    return f"{one.note} of {one.instrument}"


def _table_by_source(records: Sequence[NoteRecord]) -> Table:
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
