"""``python -m xai_core evaluate``: how good the models of a set are.

Conventions
-----------
``--out`` writes tables, JSON and figures. ``scores.csv`` is tidy: one row for each
model and metric, then for each type (several averaged are named ``a+b``),
collection ("" for all notes) and family. Scores are fractions in [0, 1]; an
interval that cannot be computed is empty.
"""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.table import Table

from xai_core.cli.console import Families, Types, counting_bar, plain_console, quiet_start
from xai_core.datasets.collection import read_collections
from xai_core.errors import InputError
from xai_core.places import check_writable
from xai_core.scores import Reliability, Score
from xai_core.values import FAMILIES, check_family, check_type

if TYPE_CHECKING:
    from xai_core.model_sets.evaluate import Evaluation, TypeScores
__all__ = ["evaluate"]


def evaluate(
    data: Annotated[
        list[Path],
        typer.Option(help="Folder of notes: the data set of the models; repeatable."),
    ],
    models: Annotated[str, typer.Option(help="Name of the model set.")] = "starter",
    type: Types = None,
    family: Families = None,
    every_note: Annotated[
        bool,
        typer.Option("--all", help="Score all notes, not only those that the cards hold out."),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for CSV, JSON and figure 4.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides the resamples of the intervals.")] = 0,
) -> None:
    """Score models on instruments that they were not trained on, with 95 % intervals.

    The notes are those that the models' cards hold out, found in the data set by
    the names of their instruments. What was trained on is never scored. The
    intervals say how scores vary with the instruments that are tested on.

    Example: python -m xai_core evaluate --data notes --models starter --out scores
    """
    if out is not None:
        check_writable(out, what="the scores")
    types = None if type is None else [check_type(name) for name in type]
    families = None if family is None else [check_family(name) for name in family]
    records = read_collections(data)
    with quiet_start():
        from xai_core.model_sets.evaluate import evaluate_models
    # each model is traced once, which TensorFlow takes for one model traced again and again
    logging.getLogger("tensorflow").setLevel(logging.ERROR)

    console = plain_console()
    with counting_bar(plain_console(stderr=True)) as bar:
        task = bar.add_task("evaluate", total=None)
        evaluation = evaluate_models(
            records,
            rng=np.random.default_rng(seed),
            types=types,
            families=families,
            models=models,
            notes="all" if every_note else "held_out",
            on_progress=lambda event: bar.update(
                task, description=event.label, completed=event.done, total=event.total
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
    from xai_core.catalogue.paper import PAPER_ACCURACY

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


METRICS = ("precision", "recall", "f1", "balanced_accuracy", "roc_auc", "ece", "brier")
COLUMNS = (
    *("models", "type", "family", "collection", "metric", "value", "low", "high"),
    *("n_notes", "n_positive", "n_instruments"),
)

Row = dict[str, Any]


def write_scores(evaluation: Evaluation, out: Path) -> list[Path]:
    """Write two CSV files, a JSON file and figure 4 as a page and as a picture.

    Raises
    ------
    InputError
        If the folder cannot be written to.
    """
    from xai_core import __version__
    from xai_core.figures.html import audit_html
    from xai_core.figures.stills.charts import score_bars_png

    names = ("scores.csv", "confusion.csv", "scores.json", "figure4.html", "figure4.png")
    paths = [out / name for name in names]
    bars = _bars(evaluation)
    try:
        out.mkdir(parents=True, exist_ok=True)
        _write_csv(paths[0], COLUMNS, _score_rows(evaluation))
        _write_csv(
            paths[1], ("type", "true", "named", "n_notes", "share"), _confusion_rows(evaluation)
        )
        content = {**evaluation.as_dict(), "families": FAMILIES, "version": __version__}
        paths[2].write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", "utf-8")
        paths[3].write_text(
            audit_html(_figures(evaluation, bars), title=f"Scores of {evaluation.models}"), "utf-8"
        )
        paths[4].write_bytes(score_bars_png(**bars))
    except OSError as error:
        raise InputError(f"the scores cannot be written to {out}: {error.strerror}") from error
    return paths


def ten_ways(
    evaluation: Evaluation,
) -> Iterator[tuple[str, Mapping[str, Mapping[str, Any]], Mapping[str, Any]]]:
    """Yield name, scores by collection and scores of each type, then of all averaged."""
    for scores in evaluation.types:
        if scores.ten_way is not None:
            yield scores.type, scores.by_collection, scores.ten_way
    together = evaluation.together
    if together is not None:
        yield "+".join(together.types), together.by_collection, together.ten_way


def _write_csv(path: Path, columns: Sequence[str], rows: Iterator[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _score_rows(evaluation: Evaluation) -> Iterator[Row]:
    """Yield a row for each model and metric, then for each type, family and collection."""
    for scores in evaluation.types:
        for model in scores.models:
            found = model.scores
            about = {
                "models": evaluation.models,
                "type": scores.type,
                "family": model.family,
                "n_notes": found["n_notes"],
                "n_positive": found["n_positive"],
                "n_instruments": found["n_positive_instruments"],
            }
            for metric in METRICS:
                yield {**about, "metric": metric, **_values(Score.of(found, metric))}
            yield {**about, "metric": "threshold", "value": found["threshold"]}
            better = int(found["better_than_chance"])
            yield {**about, "metric": "better_than_chance", "value": better}
    for name, by_collection, whole in ten_ways(evaluation):
        for collection, ten_way in ("", whole), *by_collection.items():
            about = {
                "models": evaluation.models,
                "type": name,
                "collection": collection,
                "n_notes": ten_way["n_notes"],
                "n_instruments": ten_way["n_instruments"],
            }
            score = Score.of(ten_way, "accuracy")
            yield {**about, "metric": "ten_way_accuracy", **_values(score)}
            recall = {**ten_way["recall"], "intervals": ten_way["intervals"]["recall"]}
            for family in ten_way["recall"]:
                score = Score.of(recall, family)
                yield {**about, "family": family, "metric": "ten_way_recall", **_values(score)}


def _values(score: Score) -> Row:
    return {"value": score.value, "low": score.low, "high": score.high}


def _confusion_rows(evaluation: Evaluation) -> Iterator[Row]:
    for name, _, ten_way in ten_ways(evaluation):
        for true, row in zip(FAMILIES, ten_way["confusion"], strict=True):
            for named, count in zip(FAMILIES, row, strict=True):
                share = count / sum(row) if sum(row) else None
                yield {
                    "type": name,
                    "true": true,
                    "named": named,
                    "n_notes": count,
                    "share": share,
                }


# ----------------------------------------------------------------------- figures


def _bars(evaluation: Evaluation) -> dict[str, Any]:
    """Return what figure 4 is drawn from: precisions, a guess's, and doubtful models."""
    counts: dict[str, list[tuple[int, int]]] = {}
    for scores in evaluation.types:
        for model in scores.models:
            pair = (model.scores["n_positive"], model.scores["n_notes"])
            counts.setdefault(model.family, []).append(pair)
    return {
        "scores": {
            scores.type: {
                model.family: Score.of(model.scores, "precision") for model in scores.models
            }
            for scores in evaluation.types
        },
        "chance": {
            family: sum(n for n, _ in pairs) / sum(total for _, total in pairs)
            for family, pairs in counts.items()
        },
        "unproven": {
            (scores.type, model.family)
            for scores in evaluation.types
            for model in scores.models
            if not model.scores["better_than_chance"]
        },
    }


def _figures(evaluation: Evaluation, bars: dict[str, Any]) -> dict[str, Any]:
    from xai_core.figures import accuracy_bars, confusion_map, reliability_curves, score_bars
    from xai_core.figures.scores.parts import short_name

    by_name = {name: ten_way for name, _, ten_way in ten_ways(evaluation)}
    figures = {"Precision by family (the paper's figure 4)": score_bars(**bars)}
    if by_name:
        together = evaluation.together
        averaged = "+".join(together.types) if together else ""
        figures["Ten-way accuracy"] = accuracy_bars(
            {
                "averaged" if name == averaged else name: Score.of(ten_way, "accuracy")
                for name, ten_way in by_name.items()
            }
        )
    for name, ten_way in by_name.items():
        title = " + ".join(short_name(type) for type in name.split("+"))
        figures[f"{title}: named families"] = confusion_map(ten_way["confusion"])
    for scores in evaluation.types:
        curves = {
            model.family: Reliability.from_dict(model.scores["reliability"])
            for model in scores.models
        }
        figures[f"{short_name(scores.type)}: reliability"] = reliability_curves(curves)
    return figures
