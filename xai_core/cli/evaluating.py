"""``python -m xai_core evaluate``: how good the models of a set are."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from xai_core.cli.quiet import quiet_start
from xai_core.cli.score_files import ten_ways, write_scores
from xai_core.datasets.collection import read_collection
from xai_core.scores import Score
from xai_core.values import check_family, check_type

if TYPE_CHECKING:
    from xai_core.pipeline.evaluated import Evaluation, TypeScores

__all__ = ["evaluate"]


def evaluate(
    data: Annotated[
        list[Path],
        typer.Option(help="Folder of notes: the data set of the models; repeatable."),
    ],
    models: Annotated[str, typer.Option(help="Name of the model set.")] = "starter",
    type: Annotated[
        list[str] | None,
        typer.Option("--type", "-t", help="Spectrogram type; repeatable. All by default."),
    ] = None,
    family: Annotated[
        list[str] | None, typer.Option(help="Family; repeatable. All by default.")
    ] = None,
    every_note: Annotated[
        bool,
        typer.Option("--all", help="Score all notes, not only those that the cards hold out."),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for CSV, JSON and figure 4.")] = None,
    seed: Annotated[int, typer.Option(help="Decides the resamples of the intervals.")] = 0,
) -> None:
    """Score models on instruments that they were not trained on, with 95 % intervals.

    The notes are those that the models' cards hold out, found in the data set by
    the names of their instruments. What was trained on is never scored. The
    intervals say how scores vary with the instruments that are tested on.

    Example: python -m xai_core evaluate --data notes --models starter --out scores
    """
    types = None if type is None else [check_type(name) for name in type]
    families = None if family is None else [check_family(name) for name in family]
    records = [record for folder in data for record in read_collection(folder)]
    with quiet_start():
        from xai_core.pipeline.evaluating import evaluate_models
    # each model is traced once, which TensorFlow takes for one model traced again and again
    logging.getLogger("tensorflow").setLevel(logging.ERROR)

    console = Console()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("evaluate", total=None)
        evaluation = evaluate_models(
            records,
            rng=np.random.default_rng(seed),
            types=types,
            families=families,
            models=models,
            notes="all" if every_note else "held_out",
            progress=lambda what, done, total: bar.update(
                task, description=what, completed=done, total=total
            ),
        )
    for scores in evaluation.types:
        console.print(_table(scores))
    if any(scores.ten_way for scores in evaluation.types):
        console.print(_ten_way_table(evaluation))
    for remark in evaluation.remarks:
        console.print(remark, highlight=False, soft_wrap=True)
    if out is not None:
        for path in write_scores(evaluation, out):
            console.print(f"Wrote {path}", highlight=False, soft_wrap=True)


# ------------------------------------------------------------------------ tables


def _table(scores: TypeScores) -> Table:
    whose = "the notes of the cards" if scores.as_on_cards else "unseen notes"
    weak = any(not model.scores["better_than_chance"] for model in scores.models)
    table = Table(
        title=f"{scores.type}: {scores.n_notes:,} notes of {scores.n_instruments} instruments, "
        f"{whose}",
        caption="* not shown to be better than chance on unseen instruments" if weak else None,
        show_edge=False,
        padding=(0, 0),
    )
    table.add_column("Family")
    for heading in ("Instr.", "Precision", "Recall", "F1", "Balanced accuracy", "AUC", "ECE"):
        table.add_column(heading, justify="right")
    for model in scores.models:
        found = model.scores
        table.add_row(
            model.family + ("" if found["better_than_chance"] else " *"),
            str(found["n_positive_instruments"]),
            _with_interval(Score.of(found, "precision")),
            f"{found['recall']:.2f}",
            f"{found['f1']:.2f}",
            _with_interval(Score.of(found, "balanced_accuracy")),
            f"{found['roc_auc']:.2f}",
            f"{found['ece']:.2f}",
        )
    return table


def _ten_way_table(evaluation: Evaluation) -> Table:
    from xai_core.figures.score_words import PAPER_ACCURACY

    table = Table(title="Ten-way accuracy, averaged over families", show_edge=False)
    table.add_column("Type")
    for heading in ("Notes", "Accuracy", "Paper"):
        table.add_column(heading, justify="right")
    for name, _, ten_way in ten_ways(evaluation):
        paper = PAPER_ACCURACY.get(name)
        table.add_row(
            name.replace("+", " + "),
            f"{ten_way['n_notes']:,}",
            _with_interval(Score.of(ten_way, "accuracy")),
            "" if paper is None else f"{paper:.2f}",
        )
    return table


def _with_interval(score: Score) -> str:
    if score.low is None or score.high is None:
        return f"{score.value:.2f}"
    return f"{score.value:.2f} ({score.low:.2f}-{score.high:.2f})"
