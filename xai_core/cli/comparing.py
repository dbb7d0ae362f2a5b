"""``python -m xai_core compare``: how far apart the maps of two notes are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from xai_core.catalogue.methods import DEFAULT_METHOD, METHODS, listed
from xai_core.catalogue.metrics import METRICS
from xai_core.cli.console import plain_console, quiet_start
from xai_core.cli.explaining import write_files
from xai_core.places import check_writable, readable_name

if TYPE_CHECKING:
    from xai_core.explanations import Comparison

__all__ = ["compare"]


def compare(
    file_a: Annotated[Path, typer.Argument(help="A recording: WAV, FLAC, MP3, M4A and others.")],
    file_b: Annotated[Path, typer.Argument(help="The other note; may be the same file.")],
    type: Annotated[str, typer.Option("--type", "-t", help="Spectrogram type.")],
    family: Annotated[str, typer.Option("--family", "-f", help="Whose model is explained.")],
    other_family: Annotated[
        str | None,
        typer.Option(help="Whose model is explained for the other note, if another."),
    ] = None,
    method: Annotated[
        str, typer.Option("--method", help=f"{listed(METHODS, 'or')}.")
    ] = DEFAULT_METHOD,
    preset: Annotated[str, typer.Option(help="default or paper.")] = "default",
    models: Annotated[str, typer.Option(help="Name of the model set.")] = "starter",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for PNG, SVG, NPZ, JSON and WAV.")
    ] = None,
) -> None:
    """Explain two notes in one way and say how far apart their maps are.

    With --out both maps and their difference (a - b) are written as pictures
    and NPZ, the distances and settings as JSON, both notes as WAV.

    Example: python -m xai_core compare flute.wav organ.wav -t mfcc -f flute --other-family organ
    """
    if out is not None:
        check_writable(out)
    with quiet_start():
        from xai_core.explanations import compare as compare_notes
        from xai_core.results.files import comparison_files
        from xai_core.results.records import comparison_record

    with plain_console(stderr=True).status("Explaining two notes …"):
        result = compare_notes(
            file_a,
            file_b,
            type=type,
            family=family,
            other_family=other_family,
            method=method,
            preset=preset,
            models=models,
        )
    notes = (readable_name(file_a.stem), readable_name(file_b.stem))
    written = [] if out is None else write_files(comparison_files(result, notes=notes), out)
    if as_json:
        print(json.dumps(comparison_record(result, notes=notes), indent=1))
        return
    console = plain_console(soft_wrap=True)
    for file, one in ((file_a, result.a), (file_b, result.b)):
        console.print(
            f"{file.name}: probability of {one.family} by its {type} model {one.probability:.1%}.",
            highlight=False,
        )
        for note in one.notes:
            console.print(note, highlight=False)
    console.print(_table(result))
    for note in result.notes:
        console.print(note, highlight=False)
    for path in written:
        console.print(f"Wrote {path}", highlight=False)


def _table(result: Comparison) -> Table:
    table = Table(show_edge=False)
    table.add_column("Distance")
    table.add_column("Value", justify="right")
    table.add_column("What it is")
    for metric in METRICS.values():
        for name, direction in metric.directions.items():
            if name in result.scores:
                table.add_row(name, f"{result.scores[name]:.6g}", direction.formula)
    return table
