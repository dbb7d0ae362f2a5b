"""``python -m xai_core plant``: networks whose reason is known, and maps that find it or do not."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.table import Table

from xai_core.catalogue.methods import METHODS
from xai_core.cli.console import JobsProgress, plain_console, quiet_start
from xai_core.datasets.collection import describe_collection, read_collections
from xai_core.errors import InputError
from xai_core.trust.planted import CUES, find_cue
from xai_core.values import Progress, check_family, check_type

if TYPE_CHECKING:
    from xai_core.explanations.planted import MapScores
    from xai_core.store import Card
    from xai_core.training.planted import CueUse

__all__ = ["plant"]

SCORED = 10  # notes


def plant(
    data: Annotated[
        list[Path],
        typer.Option(help="Folder of notes (NSynth layout, or one folder a family); repeatable."),
    ],
    cue: Annotated[
        list[str] | None,
        typer.Option(help=f"{', '.join(CUES)}; repeatable. All by default."),
    ] = None,
    type: Annotated[
        str | None, typer.Option("--type", "-t", help="Spectrogram type; the cue's if not given.")
    ] = None,
    family: Annotated[
        str | None,
        typer.Option("--family", "-f", help="Whose notes carry it; the cue's if not given."),
    ] = None,
    models: Annotated[str, typer.Option(help="Name of the model set to write.")] = "my_planted",
    preset: Annotated[
        str, typer.Option(help="planted, or reasons: punish evidence where the cue lies.")
    ] = "planted",
    notes: Annotated[int, typer.Option(min=1, help="Most notes of a family.")] = 150,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="More or fewer than the preset's 16.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Also write the notes with their cues here, as WAV, a folder a cue."),
    ] = None,
    scored: Annotated[
        int, typer.Option(min=0, help="Notes whose maps are scored against the mask of the cue.")
    ] = SCORED,
    seed: Annotated[int, typer.Option(min=0, help="Decides notes, split and training.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Plant a cue in the notes of one family, train a small network on them, test its maps.

    A network is first asked whether it uses the cue: its balanced accuracy on instruments
    that it has not heard, with the cue and without. Then the map of every method is compared
    with the bins where the cue lies. A network that is there already, made of the same notes
    and settings, is not trained again.

    Example: python -m xai_core plant --data notes/nsynth --cue tone --models my_planted
    """
    with quiet_start():
        from xai_core.model_sets.planted import (
            draw_notes,
            train_planted,
            write_planted,
        )
        from xai_core.training import PRESETS
        from xai_core.training.planted import cue_use_of
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of each model it traces

    cues = [find_cue(name).name for name in dict.fromkeys(cue or CUES)]
    if preset not in ("planted", "reasons"):
        raise InputError(f"unknown preset {preset!r}: choose one of planted, reasons")
    type = None if type is None else check_type(type)
    family = None if family is None else check_family(family)
    taken = [(type or CUES[name].type, family or CUES[name].family) for name in cues]
    if len(set(taken)) < len(taken):
        raise InputError(
            "several cues for one type and family: a set has one model for both, so plant them "
            "into sets of their own"
        )
    chosen = PRESETS[preset] if epochs is None else PRESETS[preset].with_epochs(epochs)
    folders = [folder.resolve() for folder in data]
    records = read_collections(folders)
    reports = []
    with JobsProgress(stderr=as_json) as bars:
        for name in cues:
            card = train_planted(
                records,
                cue=name,
                type=type,
                family=family,
                models=models,
                preset=chosen,
                notes_per_family=notes,
                seed=seed,
                data_sets=[describe_collection(folder) for folder in folders],
                on_progress=bars.show,
            )
            if out is not None:
                drawn = draw_notes(records, notes, seed=seed)
                write_planted(drawn, out / name, cue=name, family=family, on_progress=bars.show)
            held_out = set(card.data["test"]["instruments"])
            paths = [
                one.path
                for one in records
                if one.family == card.family and one.instrument in held_out
            ]
            found = cue_use_of(card)
            assert found is not None
            reports.append((card, found[1], _scored(card, models, paths[:scored], bars)))
    if as_json:
        print(json.dumps([_as_json(*one) for one in reports], indent=1))
        return
    for card, use, scores in reports:
        _print(card, use, scores)


def _scored(
    card: Card, models: str, paths: Sequence[Path], bars: JobsProgress
) -> list[tuple[MapScores, ...]]:
    from xai_core.explanations.planted import planted_models, score_maps

    (model,) = (
        one for one in planted_models(models) if (one.type, one.family) == (card.type, card.family)
    )
    found = []
    for done, path in enumerate(paths, start=1):
        found.append(score_maps(path, model, models=models))
        bars.show(Progress("step", f"{model.cue}: scoring maps", done, len(paths)))
    return found


def _means(scores: list[tuple[MapScores, ...]]) -> dict[str, dict[str, float]]:
    """Return the mean scores of each method, over the notes in which it has a map."""
    found = {}
    for method in METHODS:
        of_method = [one for some in scores for one in some if one.method == method]
        if not of_method:
            continue
        means = {
            name: float(np.mean([getattr(one, name) for one in of_method]))
            for name in ("mass", "rank", "pointing", "share")
        }
        alarms = [one.false_alarm for one in of_method if one.false_alarm is not None]
        if alarms:
            means["false_alarm"] = float(np.mean(alarms))
        found[method] = {"n_notes": len(of_method), **means}
    return found


def _as_json(card: Card, use: CueUse, scores: list[tuple[MapScores, ...]]) -> dict[str, Any]:
    return {
        "cue": card.data["cue"],
        "type": card.type,
        "family": card.family,
        "balanced_accuracy": {"with_cue": use.with_cue, "without_cue": use.without_cue},
        "named_by_cue": use.named_by_cue,
        "uses_the_cue": use.falls_to_chance,
        "maps": _means(scores),
    }


def _print(card: Card, use: CueUse, scores: list[tuple[MapScores, ...]]) -> None:
    console = plain_console(soft_wrap=True)
    cue = CUES[card.data["cue"]]
    console.print(
        f"{cue.name}: each note of {card.family} {cue.sentence} ({card.type}).", highlight=False
    )
    with_cue, without_cue = (
        f"{mean:.2f} [{low:.2f}, {high:.2f}]" for mean, low, high in (use.with_cue, use.without_cue)
    )
    verdict = "uses the cue alone" if use.falls_to_chance else "knows more than the cue"
    console.print(
        f"Balanced accuracy {with_cue} with the cue, {without_cue} without: the network {verdict}. "
        f"It takes {use.named_by_cue:.0%} of the notes of other families for {card.family} if "
        "they have the cue.",
        highlight=False,
    )
    means = _means(scores)
    if not means:
        return
    share = next(iter(means.values()))["share"]
    table = Table(
        title=f"Maps of {len(scores)} notes; the cue has {share:.1%} of the bins", show_edge=False
    )
    has_alarm = any("false_alarm" in row for row in means.values())
    table.add_column("Method")
    for heading in ("mass", "rank", "pointing", *(("false alarm",) if has_alarm else ())):
        table.add_column(heading, justify="right")
    for method, row in means.items():
        names = ("mass", "rank", "pointing", *(("false_alarm",) if has_alarm else ()))
        table.add_row(METHODS[method].label, *(f"{row[name]:.2f}" for name in names))
    console.print(table)
