"""``python -m xai_core dataset audit``: what a collection holds, and what to know of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from xai_core.cli.console import plain_column, plain_console
from xai_core.datasets.audit import Audit, audit
from xai_core.datasets.collection import read_collections
from xai_core.datasets.findings import Finding
from xai_core.errors import InputError
from xai_core.places import check_writable, readable_name

__all__ = ["audit_command"]

SHOWN_NAMES = 3  # of a finding
SHOWN_SOURCES = 20
NUMBERS_WIDTH = 56  # letters, of all columns but the first of the table of sources
FIGURE_SUFFIXES = (".html", ".png")


def audit_command(
    folders: Annotated[list[Path], typer.Argument(help="Collections of notes.")],
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write everything to this file, for a program.")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option("--figure", help="Draw it to this file, HTML or PNG.")
    ] = None,
) -> None:
    """Say what a collection holds, and what to know before training on it.

    Counts notes by family, instrument, source, pitch and velocity; finds copies,
    silence, noise, clipping, DC offset, surprising lengths and rates; measures
    whether the recording source tells the family. Nothing is changed, and what
    is found is no error: the exit status is 0.

    Example: python -m xai_core dataset audit notes samples --figure audit.html
    """
    if figure is not None and figure.suffix.lower() not in FIGURE_SUFFIXES:
        raise InputError(f"expected --figure to end in .html or .png, got {figure.name!r}")
    for path in (json_file, figure):
        if path is not None:
            _check_place(path)
    records = read_collections(folders)
    console = plain_console()
    columns = (plain_column("Listening"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("audit", total=len(records))
        result = audit(
            records, on_progress=lambda done, total: bar.update(task, completed=done, total=total)
        )
    _say(result, console)
    if json_file is not None:
        text = json.dumps(result.as_dict(), indent=1, allow_nan=False, ensure_ascii=False)
        _write(json_file, f"{text}\n".encode())
        console.print(f"Wrote {json_file}", soft_wrap=True)
    if figure is not None:
        _write(figure, _picture(result, title=_title(folders), suffix=figure.suffix.lower()))
        console.print(f"Wrote {figure}", soft_wrap=True)


def _say(result: Audit, console: Console) -> None:
    console.print(_family_table(result))
    console.print(_source_table(result, width=console.width))
    console.print(_give_away_table(result))
    for one in result.confounding:
        if one.n_values > 1 or one.label == "source":
            console.print(one.sentence, highlight=False)
    console.print()
    if result.findings:
        console.print(_finding_table(result.findings))
    notes = f"{result.n_notes:,} notes of {result.n_instruments:,} instruments"
    found = len(result.findings)
    kinds = f"{found} kind{'' if found == 1 else 's'} of findings" if found else "nothing was found"
    console.print(f"{notes}; {kinds}.", highlight=False)


def _family_table(result: Audit) -> Table:
    table = Table("Family", title="Notes by family", box=SIMPLE_HEAD)
    for heading in ("Notes", "Instruments", "Sources", "Pitches", "Velocities"):
        table.add_column(heading, justify="right")
    table.add_column("Largest instrument", justify="right")
    for family in result.families:
        own = [one for one in result.instruments if one.family == family.family]
        table.add_row(
            family.family,
            f"{family.n_notes:,}",
            f"{family.n_instruments:,}",
            str(len(family.notes_by_source)),
            _span(family.notes_by_pitch),
            _span(family.notes_by_velocity),
            f"{own[0].n_notes:,} ({100 * own[0].share:.0f} %)",
        )
    return table


def _source_table(result: Audit, *, width: int) -> Table:
    table = Table(title="Notes and medians by source", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("Source", no_wrap=True, max_width=max(20, width - NUMBERS_WIDTH))
    table.add_column("Notes", justify="right")
    table.add_column("Fami- lies", justify="right", width=5)
    for give in result.give_aways:
        table.add_column(f"{give.name} {give.unit}", justify="right", width=7)
    for source in result.sources[:SHOWN_SOURCES]:
        medians = (give.median_by_source.get(source.source) for give in result.give_aways)
        table.add_row(
            source.source,
            f"{source.n_notes:,}",
            str(len(source.notes_by_family)),
            *("–" if median is None else f"{median:.1f}" for median in medians),
        )
    left = len(result.sources) - SHOWN_SOURCES
    if left > 0:
        table.caption = f"and {left} smaller {'source' if left == 1 else 'sources'}, see --json"
    return table


def _give_away_table(result: Audit) -> Table:
    table = Table("What tells nothing of an instrument", box=SIMPLE_HEAD)
    table.title = "What accounts for the differences between notes"
    for heading in ("the source", "the family"):
        table.add_column(heading, justify="right")
    for give in result.give_aways:
        shares = (give.explained_by_source, give.explained_by_family)
        table.add_row(give.name, *(f"{100 * share:.0f} %" for share in shares))
    return table


def _finding_table(findings: tuple[Finding, ...]) -> Table:
    table = Table(title="What was found", box=SIMPLE_HEAD, show_lines=True)
    table.add_column("Finding", min_width=20)
    table.add_column("Why it matters, and the clearest cases")
    for one in findings:
        examples = [
            found.detail if one.unit == "labels" else f"{found.name}: {found.detail}"
            for found in one.found[:SHOWN_NAMES]
        ]
        more = one.count - SHOWN_NAMES
        if more > 0:
            examples.append(f"and {more:,} more")
        table.add_row(
            Text.assemble((one.title, "bold"), f"\n{one.count:,} of {one.total:,} {one.unit}"),
            Text.assemble(f"{one.why}\n", ("\n".join(examples), "dim")),
        )
    return table


def _span(numbers: Iterable[int]) -> str:
    known = list(numbers)
    if not known:
        return "?"
    low, high = min(known), max(known)
    return str(low) if low == high else f"{low}-{high}"


def _title(folders: list[Path]) -> str:
    return f"Audit of {', '.join(readable_name(folder.resolve().name) for folder in folders)}"


def _picture(result: Audit, *, title: str, suffix: str) -> bytes:
    notes = {one.family: one.notes_by_source for one in result.families}
    pitches = {one.family: one.notes_by_pitch for one in result.families}
    findings = {
        one.title: (one.count, one.total, one.unit)
        for one in result.findings
        if one.unit != "labels"  # those have a sentence
    }
    said = next((one.sentence for one in result.confounding if one.label == "source"), "")
    give_aways = {f"{one.name} ({one.unit})": one.median_by_source for one in result.give_aways}
    if suffix == ".png":
        from xai_core.figures.stills.audit import audit_png

        return audit_png(notes, pitches, findings, give_aways, title=title, said=said)

    from xai_core.figures import audit as figures
    from xai_core.figures.html import audit_html

    drawn = {
        "Notes by family and source": figures.source_bars(notes, said=said),
        "Notes by family and pitch": figures.pitch_map(pitches),
        "Findings": figures.finding_bars(findings),
        "Medians by source: what tells nothing of an instrument": figures.give_away_dots(
            give_aways
        ),
    }
    return audit_html(drawn, title=title).encode()


def _check_place(path: Path) -> None:
    """Raise InputError where a file cannot be written, before minutes are spent on it."""
    if path.is_dir():
        raise InputError(f"expected a file to write to, got the folder {path}")
    if not path.parent.is_dir():
        raise InputError(f"{path} cannot be written: there is no folder {path.parent}")
    check_writable(path.parent, what=readable_name(path.name))


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
