"""``python -m xai_core train`` and ``analyse``: runs that can be stopped and taken up again."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.table import Table

from xai_core.catalogue.compared import ABSOLUTE, VIEWS, check_view
from xai_core.catalogue.methods import METHODS, PAPER_METHODS, listed
from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.paper import PAPER_TYPES
from xai_core.cli.console import Families, JobsProgress, Types, plain_console, quiet_start
from xai_core.datasets.collection import describe_collection, read_collections
from xai_core.errors import InputError
from xai_core.pair_tables import distances
from xai_core.places import check_writable
from xai_core.values import FAMILIES, SPECTROGRAM_TYPES, Progress, check_family, check_type

if TYPE_CHECKING:
    from xai_core.pair_tables import Analysis
    from xai_core.study.beside import BesideTables

__all__ = ["analyse", "train"]

ALL_TYPES = "all"
NoteFolders = Annotated[
    list[Path],
    typer.Option(help="Folder of notes (NSynth layout, or one folder a family); repeatable."),
]


def train(
    data: NoteFolders,
    type: Annotated[
        list[str] | None,
        typer.Option(
            "--type",
            "--types",
            "-t",
            help="Spectrogram type; repeatable. All by default; with the preset paper, its six.",
        ),
    ] = None,
    family: Annotated[
        list[str] | None, typer.Option(help="Family; repeatable. All ten by default.")
    ] = None,
    models: Annotated[str, typer.Option(help="Name of the model set to write.")] = "mine",
    preset: Annotated[str, typer.Option(help="standard, quick or paper.")] = "standard",
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Epochs of the ten-way trunk, or of each binary model where the preset has no "
            "trunk; the preset's if not given.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides split, augmentation and training.")] = 0,
    start: Annotated[
        str | None,
        typer.Option(
            help="Name of a set to start from: its networks' weights, and what it holds out is "
            "held out again; fresh weights if not given."
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            help="Address of a Dask scheduler, tcp://host:port, that you trust; by default the "
            "jobs run here, one after the other on all cores."
        ),
    ] = None,
) -> None:
    """Train ten-way and binary CNNs, calibrate and score them, and save them with their cards.

    A run that is killed goes on where it was when the same command is given
    again, and loses at most the epoch that was running. A model that fails is
    reported, the others go on, and the exit status is 1 at the end.

    With --cluster the same jobs go to Dask workers. These are processes of
    their own, here or on other machines, that must see the notes under the same
    path and share the folders of models and cache (TIMBRELENS_MODELS,
    TIMBRELENS_CACHE): `dask scheduler`, then `dask worker tcp://host:8786
    --nthreads 1` in this folder for each. The job of a worker that dies is
    done by another.

    Example: python -m xai_core train --data notes/nsynth -t mfcc --preset quick
    """
    with quiet_start():
        from xai_core.model_sets.train import train_models
        from xai_core.training import PRESETS
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of each model it traces

    if preset not in PRESETS:
        raise InputError(f"unknown preset {preset!r}: choose one of {', '.join(PRESETS)}")
    chosen = PRESETS[preset] if epochs is None else PRESETS[preset].with_epochs(epochs)
    named = type or [ALL_TYPES]
    every = PAPER_TYPES if preset == "paper" else SPECTROGRAM_TYPES
    types = every if ALL_TYPES in named else [check_type(name) for name in named]
    families = [check_family(name) for name in family or FAMILIES]
    folders = [folder.resolve() for folder in data]
    records = read_collections(folders)
    with JobsProgress() as bars:
        train_models(
            records,
            types=list(dict.fromkeys(types)),
            families=list(dict.fromkeys(families)),
            models=models,
            preset=chosen,
            seed=seed,
            start=start,
            data_sets=[describe_collection(folder) for folder in folders],
            cluster=cluster,
            on_progress=bars.show,
        )


def analyse(
    data: NoteFolders,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the tables and the settings.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Folder for the replication report: one HTML file, and its tables."),
    ] = None,
    type: Types = None,
    family: Families = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            help=f"{listed(METHODS, 'or')}; repeatable. By default {listed(PAPER_METHODS)}."
        ),
    ] = None,
    notes: Annotated[
        int, typer.Option(min=2, help="Most notes of a family; its instruments take turns.")
    ] = 20,
    between: Annotated[int, typer.Option(min=0, help="Most pairs of notes of two families.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Decides which notes and which pairs.")] = 0,
    models: Annotated[str, typer.Option(help="Name of the model set.")] = "starter",
    preset: Annotated[
        str, typer.Option(help="Of the explanations: default, paper or precise.")
    ] = "default",
    view: Annotated[
        list[str] | None,
        typer.Option(
            help=f"What of the maps is compared: {listed(VIEWS, 'or')}; repeatable. The tables "
            "of pairs are of the first; by default absolute, as in the paper."
        ),
    ] = None,
    null: Annotated[
        bool,
        typer.Option(
            "--null/--no-null",
            help="Compare the same notes by maps of random networks and by their spectrograms.",
        ),
    ] = False,
    null_seed: Annotated[
        int, typer.Option(min=0, help="Decides the weights of the random networks.")
    ] = 0,
    cluster: Annotated[
        str | None,
        typer.Option(
            help="Address of a Dask scheduler, tcp://host:port, that you trust; by default the "
            "work is done here, on all cores."
        ),
    ] = None,
) -> None:
    """Compare the heatmaps of notes within families and between them.

    Each note is explained by the model of its own family. All pairs of notes of
    a family are compared, and some drawn pairs of each two families. The folder
    gets pairs and notes as Parquet and CSV, and settings.json. With --report, the
    paper's section 4 is repeated on these notes: its figures, statistics with
    intervals, and which of its statements hold.

    With --null the same distances between null maps (of the same networks with all
    weights drawn anew) and between the spectrograms stand beside: in beside.csv, and
    how alike they are in beside_mantel.csv, beside_medians.csv and beside.json. The
    report then says which statements can be told from a random network.

    Maps and distances are kept in the cache as soon as they are there: a run that
    is killed goes on where it was when the same command is given again. With
    --cluster the workers must see the notes under the same path and share the
    folders of models and cache.

    Example: python -m xai_core analyse --data samples -t mfcc --notes 6 --null --report report
    """
    views = list(dict.fromkeys(check_view(one) for one in view or [ABSOLUTE]))
    if out is None and report is None:
        raise InputError("expected --out or --report: a folder for what is found")
    for folder, what in ((out, "the analysis"), (report, "the report")):
        if folder is not None:
            check_writable(folder, what=what)
    folders = [folder.resolve() for folder in data]
    records = read_collections(folders)
    with quiet_start():
        from xai_core.study.beside import analyse_beside, beside_tables
        from xai_core.study.tables import left_out_sentence, write_analysis, write_beside
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of each model it traces

    with JobsProgress() as bars:
        analysis = analyse_beside(
            records,
            views=views,
            null=null,
            null_seed=null_seed,
            types=type,
            families=family,
            methods=method or None,
            notes_per_family=notes,
            between_pairs=between,
            seed=seed,
            models=models,
            preset=preset,
            data_sets=[describe_collection(folder) for folder in folders],
            cluster=cluster,
            on_progress=lambda event: _show(bars, event),
        )
    tables = beside_tables(analysis, rng=np.random.default_rng(seed)) if null else None
    paths = [] if out is None else write_analysis(analysis, out)
    if out is not None and tables is not None:
        paths += write_beside(tables, out)
    if report is not None:
        from xai_core.replication.report import write_report

        paths.append(write_report(analysis, report, models=models, beside=tables))
    console = plain_console(soft_wrap=True)
    for table in _tables(analysis):
        console.print(table)
    if tables is not None:
        for table in _mantel_tables(tables):
            console.print(table)
    if sentence := left_out_sentence(analysis):
        console.print(sentence, highlight=False)
    for path in paths:
        console.print(f"Wrote {path}", highlight=False)


def _show(bars: JobsProgress, event: Progress) -> None:
    if event.total > 1:  # not the blocks of pairs: one step each, fifty a type and method
        bars.show(event)


def _tables(analysis: Analysis) -> list[Table]:
    """Return a table of medians within families for each type and method."""
    tables = []
    for (type, method), pairs in analysis.within.groupby(["type", "method"], sort=False):
        table = Table(title=f"{type}, {method}: medians of pairs within families", show_edge=False)
        table.add_column("Family")
        for heading in ("Pairs", *(one.narrow_heading for one in METRICS.values())):
            table.add_column(heading, justify="right")
        for family, of_family in pairs.groupby("family", sort=False):
            medians = (distances(of_family, name)["value"].median() for name in METRICS)
            cells = (f"{median:.3g}" for median in medians)
            table.add_row(str(family), f"{len(of_family):,}", *cells)
        tables.append(table)
    return tables


def _mantel_tables(tables: BesideTables) -> list[Table]:
    """Return rank correlations with null maps and spectrograms for each type and method."""
    out = []
    for (type, method), of_one in tables.mantel.groupby(["type", "method"], sort=False):
        table = Table(title=f"{type}, {method}: rank correlation of distances", show_edge=False)
        table.add_column("With")
        for one in METRICS.values():
            table.add_column(one.narrow_heading, justify="right")
        for (view, beside), rows in of_one.groupby(["view", "beside"], sort=False):
            by_metric = rows.set_index("metric")["correlation"]
            found = (float(by_metric[name]) for name in METRICS)
            cells = ("–" if np.isnan(one) else f"{one:+.2f}" for one in found)
            table.add_row(f"{beside}, {view}", *cells)
        out.append(table)
    return out
