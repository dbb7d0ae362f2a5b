"""What ``python -m xai_core evaluate --out`` writes: tables, JSON and figures.

Conventions
-----------
``scores.csv`` is tidy: one row for each model and metric, then for each type
(several averaged are named ``a+b``), collection ("" for all notes) and family.
Scores are fractions; an interval that cannot be told is empty.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xai_core.errors import InputError
from xai_core.scores import Reliability, Score
from xai_core.values import FAMILIES

if TYPE_CHECKING:
    from xai_core.pipeline.evaluated import Evaluation

__all__ = ["ten_ways", "write_scores"]

METRICS = ("precision", "recall", "f1", "balanced_accuracy", "roc_auc", "ece", "brier")
COLUMNS = (
    *("models", "type", "family", "collection", "metric", "value", "low", "high"),
    *("n_notes", "n_positive", "n_instruments"),
)

Row = dict[str, Any]


def write_scores(evaluation: Evaluation, out: Path) -> list[Path]:
    """Write two CSV files, a JSON file and figure 4 as a page and as a picture.

    Returns
    -------
    list of Path

    Raises
    ------
    InputError
        If the folder cannot be written to.
    """
    from xai_core import __version__
    from xai_core.figures.audit_page import audit_html
    from xai_core.figures.score_stills import score_bars_png

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
    from xai_core.figures.score_words import short_name

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
