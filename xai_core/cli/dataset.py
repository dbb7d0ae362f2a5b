"""``python -m xai_core dataset``: build, render, summarise and audit notes to learn from.

Conventions
-----------
``build`` makes a data set from a recipe, ``render`` from one SoundFont; ``summary``
counts the notes of a folder, and ``audit`` says what to know before training on it.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from xai_core.cli.console import counting_bar, plain_console
from xai_core.datasets.audit import Audit, audit
from xai_core.datasets.build import BuildReport, build_dataset
from xai_core.datasets.collection import LeftOut, read_collection, read_collections
from xai_core.datasets.findings import Finding
from xai_core.datasets.instruments import FIRST_NUMBER
from xai_core.datasets.notes import NoteRecord
from xai_core.datasets.recipe import read_recipe, shipped_recipes
from xai_core.datasets.render import VELOCITIES, render_notes
from xai_core.errors import InputError
from xai_core.places import cache_folder, check_writable, readable_name, samples_folder
from xai_core.values import FAMILIES

__all__ = ["app"]

SHOWN_NAMES = 3  # of a finding
SHOWN_SOURCES = 20
NUMBERS_WIDTH = 56  # letters, of all columns but the first of the table of sources
FIGURE_SUFFIXES = (".html", ".png")
app = typer.Typer(help="Render notes from SoundFonts; say what a collection holds.")


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
    with counting_bar(console, "Listening") as bar:
        task = bar.add_task("audit", total=len(records))
        result = audit(
            records, on_progress=lambda done, total: bar.update(task, completed=done, total=total)
        )
    _say_audit(result, console)
    if json_file is not None:
        text = json.dumps(result.as_dict(), indent=1, allow_nan=False, ensure_ascii=False)
        _write(json_file, f"{text}\n".encode())
        console.print(f"Wrote {json_file}", soft_wrap=True)
    if figure is not None:
        _write(figure, _picture(result, title=_audit_title(folders), suffix=figure.suffix.lower()))
        console.print(f"Wrote {figure}", soft_wrap=True)


def _say_audit(result: Audit, console: Console) -> None:
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


def _audit_title(folders: list[Path]) -> str:
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
        from xai_core.figures.stills.charts import audit_png

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
    with counting_bar(console, "Rendering") as bar:
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
    with counting_bar(console) as bar:
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
