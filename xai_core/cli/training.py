"""``python -m xai_core train``: models of some or all types and families."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from xai_core.catalogue.paper import PAPER_TYPES
from xai_core.cli.console import JobsProgress, quiet_start
from xai_core.datasets.collection import describe_collection, read_collections
from xai_core.errors import InputError
from xai_core.values import FAMILIES, SPECTROGRAM_TYPES, check_family, check_type

__all__ = ["train"]

ALL_TYPES = "all"


def train(
    data: Annotated[
        list[Path],
        typer.Option(help="Folder of notes (NSynth layout, or one folder a family); repeatable."),
    ],
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
    cluster: Annotated[
        str | None,
        typer.Option(
            help="Address of a Dask scheduler, tcp://host:port, that you trust; by default the "
            "jobs run here, one after the other on all cores."
        ),
    ] = None,
) -> None:
    """Train binary CNNs, calibrate and score them, and save them with their cards.

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
            data_sets=[describe_collection(folder) for folder in folders],
            cluster=cluster,
            on_progress=bars.show,
        )
