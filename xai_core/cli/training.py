"""``python -m xai_core train``: the models of one or more spectrogram types."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from xai_core.cli.quiet import quiet_start
from xai_core.datasets.collection import read_collection
from xai_core.errors import InputError
from xai_core.values import FAMILIES, check_family, check_type

__all__ = ["train"]


def train(
    data: Annotated[
        list[Path],
        typer.Option(help="Folder of notes (NSynth layout, or one folder a family); repeatable."),
    ],
    type: Annotated[list[str], typer.Option("--type", "-t", help="Spectrogram type; repeatable.")],
    family: Annotated[
        list[str] | None, typer.Option(help="Family; repeatable. All ten by default.")
    ] = None,
    models: Annotated[str, typer.Option(help="Name of the model set to write.")] = "mine",
    preset: Annotated[str, typer.Option(help="standard, quick or paper.")] = "standard",
    trunk_epochs: Annotated[
        int | None,
        typer.Option(min=0, help="Epochs of the ten-way trunk; the preset's if not given."),
    ] = None,
    binary_epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Epochs of each binary model; the preset's if not given."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides split, augmentation and training.")] = 0,
) -> None:
    """Train binary CNNs, calibrate and score them, and save them with their cards.

    A killed run resumes: models that are there already are kept.

    Example: python -m xai_core train --data notes/nsynth -t mfcc --preset quick
    """
    with quiet_start():
        from xai_core.pipeline.zoo import train_models
        from xai_core.training import PRESETS

    if preset not in PRESETS:
        raise InputError(f"unknown preset {preset!r}: choose one of {', '.join(PRESETS)}")
    chosen = PRESETS[preset]
    if trunk_epochs is not None:
        chosen = replace(chosen, trunk_epochs=trunk_epochs)
    if binary_epochs is not None:
        chosen = replace(chosen, binary_epochs=binary_epochs)
    types = [check_type(name) for name in type]
    families = [check_family(name) for name in family or FAMILIES]
    records = [record for folder in data for record in read_collection(folder)]
    with TrainingProgress() as progress:
        train_models(
            records,
            types=types,
            families=families,
            models=models,
            preset=chosen,
            seed=seed,
            progress=progress,
        )


class TrainingProgress:
    """A bar for each stage on a terminal; a line for each epoch in a log file."""

    def __init__(self) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total}"),
            TimeRemainingColumn(),
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> TrainingProgress:
        if self._bars.console.is_terminal:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Report that `done` of `total` steps of a stage are through."""
        if not self._bars.console.is_terminal:
            if "loss" in what or done == total:
                print(f"{what} {done}/{total}", flush=True)
            return
        stage = what.partition(" (loss")[0].partition(" (accuracy")[0]
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(what, total=total)
        self._bars.update(self._tasks[stage], description=what, completed=done)
