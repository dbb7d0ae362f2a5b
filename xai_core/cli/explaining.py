"""``python -m xai_core predict`` and ``explain``: what the models say, and why."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from xai_core.cli.quiet import quiet_start
from xai_core.errors import InputError
from xai_core.values import FAMILIES, Explanation, Prediction

__all__ = ["explain", "predict"]

Start = Annotated[float, typer.Option(help="Seconds into the recording at which the note begins.")]
ModelSet = Annotated[str, typer.Option(help="Name of the model set.")]


def predict(
    files: Annotated[list[Path], typer.Argument(help="WAV, FLAC, OGG, MP3 or AIFF.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
    models: ModelSet = "starter",
    start: Start = 0.0,
) -> None:
    """Say how probable each instrument family is, by every spectrogram type.

    A file that cannot be used is named, the others are judged all the same,
    and the exit status is 2.

    Example: python -m xai_core predict flute.wav --json
    """
    with quiet_start():
        from xai_core.pipeline import predict as predict_note

    results: dict[str, Prediction] = {}
    faults: dict[str, str] = {}
    for file in track(
        files, "Listening", console=Console(stderr=True), transient=True, disable=len(files) < 2
    ):
        try:
            results[str(file)] = predict_note(file, models=models, start=start)
        except InputError as error:
            faults[str(file)] = str(error)
    if as_json:
        report = {name: _prediction_json(result) for name, result in results.items()}
        print(
            json.dumps(report | {name: {"error": text} for name, text in faults.items()}, indent=1)
        )
    else:
        for name, result in results.items():
            Console().print(_prediction_table(name, result))
    if faults:
        raise InputError("; ".join(f"{name}: {text}" for name, text in faults.items()))


def explain(
    file: Annotated[Path, typer.Argument(help="WAV, FLAC, OGG, MP3 or AIFF.")],
    type: Annotated[str, typer.Option("--type", "-t", help="Spectrogram type.")],
    family: Annotated[str, typer.Option("--family", "-f", help="Whose model is explained.")],
    method: Annotated[
        str, typer.Option("--method", help="integrated_gradients or grad_cam.")
    ] = "integrated_gradients",
    preset: Annotated[str, typer.Option(help="default or paper.")] = "default",
    out: Annotated[Path | None, typer.Option(help="Folder for PNG, NPZ and JSON.")] = None,
    models: ModelSet = "starter",
    start: Start = 0.0,
    target: Annotated[str | None, typer.Option(help="logit or probability.")] = None,
    baseline: Annotated[
        str | None, typer.Option(help="silence, dataset_mean, noise or note.")
    ] = None,
    baseline_audio: Annotated[
        Path | None, typer.Option(help="The other note, for --baseline note.")
    ] = None,
    noise_level: Annotated[float | None, typer.Option(help="Of the noise baseline.")] = None,
    rule: Annotated[
        str | None, typer.Option(help="midpoint, trapezoid or gauss_legendre, with --steps.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Fixed number of steps; as many as needed without it.")
    ] = None,
    layer: Annotated[str | None, typer.Option(help="Convolution layer of Grad-CAM.")] = None,
) -> None:
    """Show which time-frequency bins of a note drive the model of a family.

    Example: python -m xai_core explain flute.wav -t log_mel -f flute --out result
    """
    with quiet_start():
        from xai_core.pipeline import explain as explain_note

    with Console(stderr=True).status("Explaining …"):
        result = explain_note(
            file,
            type=type,
            family=family,
            method=method,
            preset=preset,
            models=models,
            start=start,
            baseline_audio=baseline_audio,
            target=target,
            baseline=baseline,
            noise_level=noise_level,
            rule=rule,
            n_steps=steps,
            layer=layer,
        )
    console = Console(soft_wrap=True)
    for edit in result.waveform.edits:
        console.print(f"Audio: {edit}.")
    console.print(f"Probability of {family} by its {type} model: {result.probability:.1%}.")
    if result.completeness is not None:
        console.print(
            f"Completeness error {result.completeness.error:.2%} after "
            f"{result.completeness.n_steps} steps."
        )
    for note in result.notes:
        console.print(note)
    if out is not None:
        for path in _write(result, out, f"{file.stem}_{type}_{family}_{method}_{_digest(result)}"):
            console.print(f"Wrote {path}")


def _digest(result: Explanation) -> str:
    """Eight digits that differ between settings, so that no result overwrites another."""
    text = json.dumps(result.settings, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _write(result: Explanation, out: Path, stem: str) -> list[Path]:
    from xai_core.figures.stills import explanation_png

    spectrogram, attribution = result.spectrogram, result.attribution
    try:
        out.mkdir(parents=True, exist_ok=True)
        paths = [out / f"{stem}.{suffix}" for suffix in ("png", "npz", "json")]
        paths[0].write_bytes(explanation_png(result))
        np.savez_compressed(
            paths[1],
            spectrogram=spectrogram.values,
            attribution=attribution.values,
            time=spectrogram.time.values,
            bins=spectrogram.bins.values,
        )
        paths[2].write_text(json.dumps(_explanation_json(result), indent=1) + "\n", "utf-8")
    except OSError as error:
        raise InputError(f"the results cannot be written to {out}: {error.strerror}") from error
    return paths


def _explanation_json(result: Explanation) -> dict[str, Any]:
    from xai_core import __version__

    completeness = result.completeness
    return {
        "probability": result.probability,
        "logit": result.logit,
        "completeness": None
        if completeness is None
        else {**asdict(completeness), "error": completeness.error},
        "settings": result.settings,
        "audio": list(result.waveform.edits),
        "notes": list(result.notes),
        "version": __version__,
    }


def _prediction_json(result: Prediction) -> dict[str, Any]:
    return {
        "probabilities": result.by_type(),
        "best": {type: result.best(type)[0] for type in result.probabilities},
        "audio": list(result.waveform.edits),
        "models": result.models,
    }


def _prediction_table(name: str, result: Prediction) -> Table:
    from xai_core.pipeline import doubted_families

    doubted = {type: doubted_families(type, models=result.models) for type in result.probabilities}
    remarks = list(result.waveform.edits)
    if any(doubted.values()):
        remarks.append("* not shown to be better than chance on unseen instruments")
    table = Table(title=name, caption="; ".join(remarks) or None)
    table.add_column("family")
    for type in result.probabilities:
        table.add_column(type, justify="right")
    for family in FAMILIES:
        cells = []
        for type, row in result.probabilities.items():
            cell = f"{row[family]:.1%}" if family in row else "–"
            cell += " *" if family in doubted[type] else ""
            cells.append(f"[bold]{cell}[/bold]" if family == result.best(type)[0] else cell)
        table.add_row(family, *cells)
    return table
