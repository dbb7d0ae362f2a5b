"""``python -m xai_core listen``: a note changed, mixed or reduced, as sound, and asked again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal, cast

import typer
from rich.table import Table

from xai_core.catalogue.types import spectrogram_type
from xai_core.cli.console import plain_console, quiet_start
from xai_core.cli.explaining import ModelSet, Start
from xai_core.errors import InputError
from xai_core.places import check_writable, readable_name
from xai_core.values import Prediction, Waveform

__all__ = ["listen"]

PARTS = ("for", "against", "rest")
KEEP = 80.0  # percent of the evidence


def listen(
    file: Annotated[Path, typer.Argument(help="A recording: WAV, FLAC, MP3, M4A and others.")],
    box: Annotated[
        list[str] | None,
        typer.Option(help="Seconds and hertz, from and to: 0.1,0.5,900,1100. May be repeated."),
    ] = None,
    harmonics: Annotated[bool, typer.Option(help="Boxes have their multiples too.")] = False,
    mute: Annotated[bool, typer.Option("--mute", help="Silence the boxes.")] = False,
    solo: Annotated[bool, typer.Option("--solo", help="Silence all but the boxes.")] = False,
    gain: Annotated[
        float | None, typer.Option(help="Change the boxes by so many dB, -24 to 12.")
    ] = None,
    second: Annotated[
        Path | None, typer.Option("--with", help="A second note, played at the same time.")
    ] = None,
    level: Annotated[
        float | None,
        typer.Option(help="Of the second note in dB, -30 to 10, with --with.", show_default="0"),
    ] = None,
    second_start: Annotated[
        float | None,
        typer.Option(help="Seconds at which the second begins, with --with.", show_default="0"),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(help="Keep what a map says speaks for the family, against it, or the rest."),
    ] = None,
    keep: Annotated[
        float | None,
        typer.Option(help="Percent of that evidence, with --part.", show_default="80"),
    ] = None,
    type: Annotated[
        str | None, typer.Option("--type", "-t", help="Spectrogram type, with --part.")
    ] = None,
    family: Annotated[
        str | None, typer.Option("--family", "-f", help="Whose model is explained, with --part.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for the WAV.")] = None,
    models: ModelSet = "starter",
    start: Start = 0.0,
) -> None:
    """Change a note, hear it, and read what the models say before and after.

    Example: python -m xai_core listen flute.wav --box 0.1,0.5,900,1100 --mute --out result
    """
    action = _action(box or [], mute=mute, solo=solo, gain=gain)
    if part is not None and action is not None:
        raise InputError("--part and --box choose bins in two ways: give one of them")
    if action is None and second is None and part is None:
        raise InputError("nothing to change: give --box, --with or --part")
    _check_effect("--with", second, {"--level": level, "--second-start": second_start})
    _check_effect("--part", part, {"--keep": keep, "--type": type, "--family": family})
    if out is not None:
        check_writable(out)
    boxes = [_box(text) for text in box or []]
    with quiet_start():
        from xai_core.audio import load_note, to_exact_wav
        from xai_core.explanations import predict
        from xai_core.listening import Edit, apply_mask, edits_mask, mix

    note = load_note(file, start=start)
    changed = note
    if second is not None:
        changed, _ = mix(note, load_note(second), level=level or 0.0, start=second_start or 0.0)
    if action is not None:
        edits = [Edit(*one, action, gain or 0.0, harmonics) for one in boxes]
        changed = apply_mask(changed, edits_mask(edits))
    if part is not None:
        changed = _kept(changed, part, KEEP if keep is None else keep, type, family, models)
    before, after = (predict(one, models=models) for one in (note, changed))
    written = None
    if out is not None:
        written = out / f"{readable_name(file.stem)}_changed.wav"
        try:
            out.mkdir(parents=True, exist_ok=True)
            written.write_bytes(to_exact_wav(changed))
        except OSError as error:
            raise InputError(f"the sound cannot be written to {out}: {error.strerror}") from error
    if as_json:
        print(json.dumps({"before": _record(before), "after": _record(after)}, indent=1))
        return
    console = plain_console(soft_wrap=True)
    console.print(_table(before, after))
    if written is not None:
        console.print(f"Wrote {written}", markup=False, highlight=False)


def _action(
    boxes: list[str], *, mute: bool, solo: bool, gain: float | None
) -> Literal["mute", "solo", "gain"] | None:
    """Return what becomes of the boxes, or None where there are none."""
    given = [
        name
        for name, is_on in (("mute", mute), ("solo", solo), ("gain", gain is not None))
        if is_on
    ]
    if not boxes and not given:
        return None
    if not boxes:
        raise InputError(f"--{given[0]} needs a --box to change")
    if len(given) != 1:
        raise InputError("expected one of --mute, --solo and --gain for the boxes")
    return cast(Literal["mute", "solo", "gain"], given[0])


def _check_effect(option: str, given: object, others: dict[str, object]) -> None:
    """Refuse options that have an effect only beside another one that is not given."""
    for name, value in others.items():
        if given is None and value is not None:
            raise InputError(f"{name} has an effect only with {option}: give that too")


def _box(text: str) -> tuple[float, float, float, float]:
    try:
        start, end, low, high = (float(word) for word in text.split(","))
    except ValueError:
        raise InputError(
            f"expected a box as seconds and hertz, such as 0.1,0.5,900,1100, got {text!r}"
        ) from None
    return start, end, low, high


def _kept(
    note: Waveform, part: str, keep: float, type: str | None, family: str | None, models: str
) -> Waveform:
    from xai_core.explanations import explain
    from xai_core.explanations.hearing import Part, hear

    if part not in PARTS:
        raise InputError(f"unknown part {part!r}: choose one of {', '.join(PARTS)}")
    for option, value in (("--type", type), ("--family", family)):
        if value is None:
            raise InputError(f"--part needs {option}: whose map says what drives the answer?")
    explanation = explain(note, type=str(type), family=str(family), models=models)
    return hear(explanation, part=cast(Part, part), share=keep / 100).sound


def _record(prediction: Prediction) -> dict[str, dict[str, float]]:
    return {**prediction.by_type(), "verdict": prediction.verdict()}


def _table(before: Prediction, after: Prediction) -> Table:
    """Return one row a family: the probability before and after, by type and together."""
    columns = {
        spectrogram_type(type).label: (row, after.probabilities[type])
        for type, row in before.probabilities.items()
    }
    columns["together"] = (before.verdict(), after.verdict())
    table = Table("family", *columns, title="Percent before and after")
    for family in dict.fromkeys(name for row, _ in columns.values() for name in row):
        cells = [
            f"{100 * old[family]:.0f} → {100 * new[family]:.0f}" if family in old else ""
            for old, new in columns.values()
        ]
        table.add_row(family, *cells)
    return table
