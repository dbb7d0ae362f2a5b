"""``python -m xai_core predict``, ``explain`` and ``compare``: answers, maps, distances."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from xai_core.catalogue.methods import DEFAULT_METHOD, METHODS, labels_of, listed
from xai_core.catalogue.metrics import METRICS
from xai_core.cli.console import plain_console, quiet_start
from xai_core.errors import InputError
from xai_core.places import check_writable, readable_name
from xai_core.values import FAMILIES, Explanation, Prediction

if TYPE_CHECKING:
    from xai_core.explanations import Comparison
    from xai_core.results.files import ExportFile

__all__ = ["compare", "explain", "predict"]

METHOD, PRESET, MODELS, START = DEFAULT_METHOD, "default", "starter", 0.0
Start = Annotated[float, typer.Option(help="Seconds into the recording at which the note begins.")]
ModelSet = Annotated[str, typer.Option(help="Name of the model set.")]


def predict(
    files: Annotated[
        list[Path], typer.Argument(help="A recording: WAV, FLAC, MP3, M4A and others.")
    ],
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
        from xai_core.explanations import predict as predict_note

    results: dict[str, Prediction] = {}
    faults: dict[str, str] = {}
    for file in track(
        files,
        "Listening",
        console=plain_console(stderr=True),
        transient=True,
        disable=len(files) < 2,
    ):
        try:
            results[readable_name(file)] = predict_note(file, models=models, start=start)
        except InputError as error:
            faults[readable_name(file)] = str(error)
    if as_json:
        report = {name: _prediction_json(result) for name, result in results.items()}
        print(
            json.dumps(report | {name: {"error": text} for name, text in faults.items()}, indent=1)
        )
    else:
        for name, result in results.items():
            plain_console().print(_prediction_table(name, result))
    if faults:
        raise InputError("; ".join(f"{name}: {text}" for name, text in faults.items()))


def explain(
    file: Annotated[Path, typer.Argument(help="A recording: WAV, FLAC, MP3, M4A and others.")],
    type: Annotated[str | None, typer.Option("--type", "-t", help="Spectrogram type.")] = None,
    family: Annotated[
        str | None, typer.Option("--family", "-f", help="Whose model is explained.")
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(
            help="JSON of an earlier explanation: type, family, start and the rest of it."
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option("--method", help=f"{listed(METHODS, 'or')}.", show_default=METHOD),
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="default, paper or precise.", show_default=PRESET)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for PNG, SVG, NPZ, JSON and WAV.")
    ] = None,
    models: Annotated[
        str | None, typer.Option(help="Name of the model set.", show_default=MODELS)
    ] = None,
    start: Annotated[
        float | None,
        typer.Option(
            help="Seconds into the recording at which the note begins.", show_default=f"{START}"
        ),
    ] = None,
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
    layer: Annotated[
        str | None, typer.Option(help=f"Convolution layer of {labels_of(taking='layer')}.")
    ] = None,
    gamma: Annotated[
        float | None,
        typer.Option(help="Of LRP: how much more contributions of the right sign count."),
    ] = None,
    epsilon: Annotated[
        float | None,
        typer.Option(help="Of LRP: what dense layers take away from weak contributions."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="Name of a model of the set with other inputs or classes, as fused/two: --type is "
            "then the input whose map is shown, --family the class."
        ),
    ] = None,
    partials: Annotated[
        bool,
        typer.Option(
            "--partials", help="Find the pitch, and say which partials and part of the note it is."
        ),
    ] = False,
) -> None:
    """Show which time-frequency bins of a note drive the model of a family.

    With --settings the map of an earlier result is computed again, from its
    recording or from the WAV that was saved with it.

    Example: python -m xai_core explain flute.wav -t log_mel -f flute --out result
    """
    if out is not None:
        check_writable(out)
    named: dict[str, Any] = {
        "method": method,
        "preset": preset,
        "models": models,
        "target": target,
        "baseline": baseline,
        "noise_level": noise_level,
        "rule": rule,
        "n_steps": steps,
        "layer": layer,
        "gamma": gamma,
        "epsilon": epsilon,
        "model": model,
    }
    agreement = ""
    if settings is not None:
        beside = {"type": type, "family": family, "start": start, **named}
        result, start, agreement = _explain_again(file, settings, beside, baseline_audio)
    else:
        start = START if start is None else start
        result = _explain_anew(file, type, family, start, baseline_audio, named)
    whose, what = result.family, result.settings["type"]
    console = plain_console(soft_wrap=True)
    for edit in result.waveform.edits:
        console.print(f"Audio: {edit}.")
    by = result.settings.get("model")
    model_of = f"the model {by}, map of {what}" if by else f"its {what} model"
    console.print(f"Probability of {whose} by {model_of}: {result.probability:.1%}.")
    if (sums := result.completeness) is not None:
        known = "" if sums.map_error is None else f", map error about {sums.map_error:.2%},"
        console.print(f"Completeness error {sums.error:.2%}{known} after {sums.n_steps} steps.")
    from xai_core.explanations.regions import regions_sentence

    pitch = _find_pitch(result) if partials else None
    console.print(regions_sentence(result, pitch=pitch))
    if partials:
        _say_partials(console, result, pitch)
    for note in (*result.notes, *filter(None, [agreement])):
        console.print(note)
    if out is not None:
        from xai_core.results.files import explanation_files

        name = readable_name(file.stem)
        for path in write_files(
            explanation_files(result, note=name, start=start, pitch=pitch), out
        ):
            console.print(f"Wrote {path}")


def _find_pitch(result: Explanation) -> float | None:
    """Return the pitch of the note in Hz, or None of one that has none."""
    from xai_core.explanations.partials import pitch_of

    with plain_console(stderr=True).status("Looking for a pitch …"):
        return pitch_of(result.waveform)


def _say_partials(console: Console, result: Explanation, pitch: float | None) -> None:
    """Print which partials and parts of the note drive the answer."""
    from xai_core.explanations.partials import NO_PITCH, break_down, breakdown_sentence

    said = NO_PITCH if pitch is None else f"Pitch: {pitch:.1f} Hz."
    console.print(said, breakdown_sentence(break_down(result, pitch=pitch), result))


def write_files(files: Iterable[ExportFile], out: Path) -> list[Path]:
    """Write files of a result to a folder, which is made if need be.

    Raises
    ------
    InputError
        If the folder cannot be written to.
    """
    paths = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        for file in files:
            paths.append(out / file.name)
            paths[-1].write_bytes(file.make())
    except OSError as error:
        raise InputError(f"the results cannot be written to {out}: {error.strerror}") from error
    return paths


def compare(
    file_a: Annotated[Path, typer.Argument(help="A recording: WAV, FLAC, MP3, M4A and others.")],
    file_b: Annotated[Path, typer.Argument(help="The other note; may be the same file.")],
    type: Annotated[str, typer.Option("--type", "-t", help="Spectrogram type.")],
    family: Annotated[str, typer.Option("--family", "-f", help="Whose model is explained.")],
    other_type: Annotated[
        str | None,
        typer.Option(help="Spectrogram type for the other note, if another: in hertz and seconds."),
    ] = None,
    other_family: Annotated[
        str | None,
        typer.Option(help="Whose model is explained for the other note, if another."),
    ] = None,
    method: Annotated[
        str, typer.Option("--method", help=f"{listed(METHODS, 'or')}.")
    ] = DEFAULT_METHOD,
    preset: Annotated[str, typer.Option(help="default, paper or precise.")] = "default",
    models: Annotated[str, typer.Option(help="Name of the model set.")] = "starter",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for PNG, SVG, NPZ, JSON and WAV.")
    ] = None,
) -> None:
    """Explain two notes in one way, or by two types, and say how far apart their maps are.

    With --out both maps and their difference (a - b) are written as pictures
    and NPZ, the distances and settings as JSON, both notes as WAV.

    Example: python -m xai_core compare flute.wav organ.wav -t mfcc -f flute --other-family organ
    """
    if out is not None:
        check_writable(out)
    with quiet_start():
        from xai_core.explanations import compare as compare_notes
        from xai_core.results.files import comparison_files
        from xai_core.results.records import comparison_record

    with plain_console(stderr=True).status("Explaining two notes …"):
        result = compare_notes(
            file_a,
            file_b,
            type=type,
            family=family,
            other_type=other_type,
            other_family=other_family,
            method=method,
            preset=preset,
            models=models,
        )
    notes = (readable_name(file_a.stem), readable_name(file_b.stem))
    written = [] if out is None else write_files(comparison_files(result, notes=notes), out)
    if as_json:
        print(json.dumps(comparison_record(result, notes=notes), indent=1))
        return
    console = plain_console(soft_wrap=True)
    for file, by, one in (
        (file_a, type, result.a),
        (file_b, other_type or type, result.b),
    ):
        console.print(
            f"{file.name}: probability of {one.family} by its {by} model {one.probability:.1%}.",
            highlight=False,
        )
        for note in one.notes:
            console.print(note, highlight=False)
    console.print(_table(result))
    for note in result.notes:
        console.print(note, highlight=False)
    for path in written:
        console.print(f"Wrote {path}", highlight=False)


def _explain_anew(
    file: Path,
    type: str | None,
    family: str | None,
    start: float,
    baseline_audio: Path | None,
    named: dict[str, Any],
) -> Explanation:
    for option, value in (("--type", type), ("--family", family)):
        if value is None:
            raise InputError(f"Missing option '{option}': name one, or give --settings")
    with quiet_start():
        from xai_core.explanations import explain as explain_note

    defaults = {"method": METHOD, "preset": PRESET, "models": MODELS}
    chosen = {name: value for name, value in named.items() if value is not None}
    with plain_console(stderr=True).status("Explaining …"):
        return explain_note(
            file,
            type=str(type),
            family=str(family),
            start=start,
            baseline_audio=baseline_audio,
            **{**defaults, **chosen},
        )


def _explain_again(
    file: Path, settings: Path, beside: dict[str, Any], baseline_audio: Path | None
) -> tuple[Explanation, float, str]:
    """Return the explanation that a JSON describes, the start of its note, and their agreement."""
    with quiet_start():
        from xai_core.results.records import explain_as_recalled, read_recalled, sameness

    recalled = read_recalled(settings)
    recalled.check_beside(beside)
    with plain_console(stderr=True).status("Explaining …"):
        result = explain_as_recalled(file, recalled, baseline_audio=baseline_audio)
    return result, recalled.start, sameness(recalled, result)


def _prediction_json(result: Prediction) -> dict[str, Any]:
    return {
        "probabilities": result.by_type(),
        "best": {type: result.best(type)[0] for type in result.probabilities},
        "audio": list(result.waveform.edits),
        "models": result.models,
    }


def _prediction_table(name: str, result: Prediction) -> Table:
    from xai_core.explanations import weak_families

    doubted = {type: weak_families(type, models=result.models) for type in result.probabilities}
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
            cells.append(Text(cell, style="bold" if family == result.best(type)[0] else ""))
        table.add_row(family, *cells)
    return table


def _table(result: Comparison) -> Table:
    table = Table(show_edge=False)
    table.add_column("Distance")
    table.add_column("Value", justify="right")
    table.add_column("What it is")
    for metric in METRICS.values():
        for name, direction in metric.directions.items():
            if name in result.scores:
                table.add_row(name, f"{result.scores[name]:.6g}", direction.formula)
    return table
