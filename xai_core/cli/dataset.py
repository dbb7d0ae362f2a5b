"""``python -m xai_core dataset``: notes to learn from and to explain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from xai_core.cli.audit import audit_command
from xai_core.cli.building import build
from xai_core.datasets.collection import read_collection
from xai_core.datasets.instruments import FIRST_NUMBER
from xai_core.datasets.notes import NoteRecord
from xai_core.datasets.render import VELOCITIES, render_notes
from xai_core.errors import InputError
from xai_core.values import FAMILIES

__all__ = ["app"]

app = typer.Typer(help="Render notes from SoundFonts; say what a collection holds.")


@app.callback()
def _dataset() -> None:
    """Render notes from SoundFonts; say what a collection holds."""


app.command()(build)
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
    console = Console()
    columns = (TextColumn("Rendering"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
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
            progress=lambda done, total: bar.update(task, completed=done, total=total),
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
    records = [record for folder in folders for record in read_collection(folder)]
    console = Console()
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
            escape(source),
            str(len({record.instrument for record in row})),
            str(len(row)),
            f"{min(pitches)}-{max(pitches)}" if pitches else "?",
            " ".join(map(str, velocities)) or "?",
        )
    return table
