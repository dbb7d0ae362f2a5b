"""``python -m xai_core trust``: whether the map of a note is about the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from xai_core.catalogue.methods import DEFAULT_METHOD, METHODS, listed
from xai_core.cli.console import counting_bar, plain_console, quiet_start
from xai_core.cli.explaining import ModelSet, Start
from xai_core.places import readable_name

if TYPE_CHECKING:
    from xai_core.explanations.trust import TrustScores

__all__ = ["trust"]


def trust(
    file: Annotated[Path, typer.Argument(help="A recording: WAV, FLAC, MP3, M4A and others.")],
    type: Annotated[str, typer.Option("--type", "-t", help="Spectrogram type.")],
    family: Annotated[str, typer.Option("--family", "-f", help="Whose model is explained.")],
    method: Annotated[
        str, typer.Option("--method", help=f"{listed(METHODS, 'or')}.")
    ] = DEFAULT_METHOD,
    seed: Annotated[
        int, typer.Option(min=0, help="Of random orders, fresh weights and changes of the note.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
    models: ModelSet = "starter",
    start: Start = 0.0,
) -> None:
    """Test whether a map is about the model or only about the note.

    The map is made with the settings of the preset default and explains the logit.
    Deletion and insertion curves are set beside those by energy and in random order;
    layers get random weights from the output down, and the map is made again after
    each. Maps that a test makes anew take 8 fixed steps, where the method takes
    steps; what takes too long is left out and named.

    Example: python -m xai_core trust flute.wav --type mfcc --family flute --json
    """
    with quiet_start():
        from xai_core.explanations import explain
        from xai_core.explanations.trust import trust_progressively
        from xai_core.results.trust import trust_record

    errors = plain_console(stderr=True)
    with errors.status("Explaining …"):
        explanation = explain(
            file, type=type, family=family, method=method, models=models, start=start
        )
    with counting_bar(errors) as bar:
        task = bar.add_task("Testing the map", total=None)
        for scores in trust_progressively(explanation, seed=seed):
            bar.update(task, completed=scores.done, total=scores.total)
    if as_json:
        print(json.dumps(trust_record(scores, note=readable_name(file.stem)), indent=1))
        return
    _print(scores)


def _print(scores: TrustScores) -> None:
    from xai_core.explanations.trust import trust_sentence

    console = plain_console(soft_wrap=True)
    explanation = scores.explanation
    console.print(
        f"Probability of {explanation.family} by its {explanation.settings['type']} model: "
        f"{explanation.probability:.1%}.",
        highlight=False,
    )
    console.print(trust_sentence(scores), highlight=False)
    console.print(_areas(scores))
    console.print(_numbers(scores))
    console.print(_cascade(scores))
    if scores.agreement is not None and len(scores.agreement.methods) > 1:
        console.print(_agreement(scores))
    for note in (*explanation.notes, *scores.notes):
        console.print(note, highlight=False)


def _areas(scores: TrustScores) -> Table:
    table = Table(title="Mean logit of the curve", show_edge=False)
    table.add_column("bins in order")
    table.add_column("deletion (small is good)", justify="right")
    table.add_column("insertion (large is good)", justify="right")
    for name, label in (
        ("by_map", "of the map"),
        ("by_energy", "of energy"),
        ("at_random", "random, mean of 5"),
    ):
        curves = [getattr(one, name) for one in (scores.deletion, scores.insertion)]
        table.add_row(label, *(f"{one.area:.3f}" for one in curves))
    return table


def _numbers(scores: TrustScores) -> Table:
    table = Table(show_edge=False)
    table.add_column("Number")
    table.add_column("Value", justify="right")
    table.add_column("What it is")
    rows: list[tuple[str, float | None, str]] = [
        (
            "over energy",
            scores.over_energy,
            "mean gain of both areas, as a share of the range of the logit",
        ),
        ("over random", scores.over_random, "the same against random order"),
        (
            "sensitivity",
            scores.sensitivity,
            "largest change of the map if each bin changes by up to 0.02",
        ),
    ]
    if (classes := scores.class_overlap) is not None:
        both = " and ".join(classes.families)
        rows.append(("two families", classes.overlap, f"strongest bins shared by {both}"))
    if (completeness := scores.explanation.completeness) is not None:
        rows.append(("completeness", completeness.error, "how far the map is from adding up"))
        if completeness.map_error is not None:
            rows.append(("map error", completeness.map_error, "how far it is from the exact map"))
    for name, value, meaning in rows:
        table.add_row(name, "–" if value is None else f"{value:.1%}", meaning)
    return table


def _cascade(scores: TrustScores) -> Table:
    table = Table(title="Rank correlation with random weights from the output to", show_edge=False)
    table.add_column("layer")
    for name in ("absolute map", "with signs", "with the spectrogram"):
        table.add_column(name, justify="right")
    for stage in scores.cascade:
        values = (stage.absolute, stage.signed, stage.with_spectrogram)
        table.add_row(stage.layer or "(none)", *(f"{value:.2f}" for value in values))
    return table


def _agreement(scores: TrustScores) -> Table:
    agreement = scores.agreement
    assert agreement is not None
    table = Table(title="Rank correlation with the maps of other methods", show_edge=False)
    table.add_column("method")
    table.add_column("with signs", justify="right")
    others = zip(agreement.methods[1:], agreement.correlations[0, 1:], strict=True)
    for name, value in others:
        table.add_row(METHODS[name].label, "–" if value != value else f"{value:.2f}")
    return table
