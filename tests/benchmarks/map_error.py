"""The estimated error of an Integrated Gradients map against its true one.

The true error is that to a midpoint sum of many steps (2,048), the sum of absolute
differences over the sum of the absolute map, at least 0.05. Both are taken where the preset
``default`` stops, where ``precise`` stops, and after 50 midpoints, of the logit of the note's
own family, from silence. Besides: how many steps each takes, and how many it would take to stop
at completeness 1 % and an estimate of at most 3 or 5 %.

Aim: the estimate is at least the true error on 95 % of notes, and at most three times it in the
median.

References are kept in the folder ``--references`` and lines in the file ``--keep``, so that a
stopped run goes on where it was. STFT takes some minutes a note.

    nice -n 19 python -m tests.benchmarks.map_error --keep map_error.jsonl --references refs
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from tests.benchmarks.resumable import Line, Lines, notes_in_turn
from xai_core.attribution import (
    ModelFunctions,
    estimates_by,
    integrated_gradients,
    refine_integrated_gradients,
)
from xai_core.audio import load_note
from xai_core.catalogue.types import TYPES
from xai_core.datasets.notes import NoteRecord
from xai_core.explanations.loaded_models import load_gradients
from xai_core.explanations.settings import MAX_STEPS, PRECISE
from xai_core.features import extract
from xai_core.networks.contract import PackedModel
from xai_core.values import DELTA_FLOOR, FloatArray

STOPS = ("default", "precise", "50 midpoints")
OTHER_STOPS = (0.03, 0.05)  # estimates at which the default might stop


def main() -> None:
    """Measure notes of the chosen types, and print what is known."""
    asked = _arguments()
    lines = Lines(asked.keep, "type", "note")
    notes = notes_in_turn(asked.notes)
    if asked.references:
        asked.references.mkdir(parents=True, exist_ok=True)
    for number, note in enumerate(notes):
        for type in asked.types:
            if (type, note.note) in lines or number >= asked.limit.get(type, len(notes)):
                continue
            if not asked.only_kept or _reference_file(asked.references, type, note).exists():
                lines.add(_measured(type, note, asked))
    for type in (*asked.types, None):
        of_type = lines.where(**({"type": type} if type else {}))
        if of_type:
            _print(type or "all types", of_type)


def _measured(type: str, note: NoteRecord, asked: argparse.Namespace) -> Line:
    model, _ = load_gradients(type, str(note.family), models=asked.models)
    packed = PackedModel(model, str(note.family))
    x = extract(load_note(note.path), type).values
    zero = np.zeros_like(x)
    file = _reference_file(asked.references, type, note)
    if file.exists():
        reference = np.load(file)
    else:
        reference = integrated_gradients(packed.gradients, x, zero, n_steps=asked.reference_steps)
        if asked.references:
            np.save(file, reference)
    size = max(float(np.abs(reference).sum()), DELTA_FLOOR)
    found: dict[str, dict[str, float]] = {}

    def keep(name: str, values: FloatArray, estimate: float, n_steps: int) -> None:
        true = float(np.abs(values - reference).sum()) / size
        found[name] = {"estimate": estimate, "true": true, "steps": n_steps}

    *_, last = refine_integrated_gradients(packed.evaluate, x, zero, max_steps=MAX_STEPS)
    keep("default", last.attributions, last.map_error, last.n_steps)
    others: dict[str, int] = {}
    for last in refine_integrated_gradients(
        packed.evaluate, x, zero, map_tolerance=PRECISE, max_steps=MAX_STEPS
    ):
        delta = last.output - last.baseline_output
        error = abs(float(last.attributions.sum()) - delta) / max(abs(delta), DELTA_FLOOR)
        for stop in OTHER_STOPS:
            if error <= 0.01 and last.map_error <= stop:
                others.setdefault(f"{stop:g}", last.n_steps)
    keep("precise", last.attributions, last.map_error, last.n_steps)
    functions = ModelFunctions(
        packed.outputs, packed.evaluate, lambda x, layer: (x, x), packed.relevances
    )
    settings = {"n_steps": 50, "rule": "midpoint"}
    (fixed,) = estimates_by("integrated_gradients", functions, x, zero, settings)
    assert fixed.completeness is not None
    assert fixed.completeness.map_error is not None
    keep("50 midpoints", fixed.values, fixed.completeness.map_error, 50)
    return {"type": type, "note": note.note, "stops": found, "others": others}


def _print(name: str, lines: list[Line]) -> None:
    print(f"{name}: {len(lines)} notes")
    for stop in STOPS:
        estimate, true, steps = (
            np.array([line["stops"][stop][what] for line in lines])
            for what in ("estimate", "true", "steps")
        )
        ratio = estimate / true
        print(
            f"  {stop:<13} steps {np.mean(steps):6.1f}  true {np.median(true):.2%} "
            f"(worst {np.max(true):.2%})  estimate {np.median(estimate):.2%}  bounds "
            f"{np.mean(ratio >= 1.0):.0%}, ratio median {np.median(ratio):.2f}, "
            f"least {np.min(ratio):.2f}, largest {np.max(ratio):.2f}"
        )
    default = np.mean([line["stops"]["default"]["steps"] for line in lines])
    for stop in OTHER_STOPS:
        steps = np.mean([line["others"].get(f"{stop:g}", MAX_STEPS) for line in lines])
        print(f"  until the estimate is {stop:.0%}: steps {steps:6.1f}, x {steps / default:.2f}")


def _reference_file(folder: Path | None, type: str, note: NoteRecord) -> Path:
    return (folder or Path("/nonexistent")) / f"{type}-{note.note}.npy"


def _limits(text: str) -> dict[str, int]:
    return {type: int(n) for type, n in (one.split("=") for one in text.split(",") if one)}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.map_error",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--types", nargs="+", default=list(TYPES), help="spectrogram types")
    parser.add_argument("--notes", type=int, default=3, help="of each family (default 3)")
    parser.add_argument(
        "--limit",
        type=_limits,
        default={"stft": 3, "log_mel": 15},
        help="most notes of a type, as stft=3,log_mel=15 (the default)",
    )
    parser.add_argument("--reference-steps", type=int, default=2048, help="default 2048")
    parser.add_argument("--references", type=Path, help="folder for the references")
    parser.add_argument("--only-kept", action="store_true", help="only notes with a reference")
    parser.add_argument("--keep", type=Path, help="file of lines that a stopped run goes on from")
    parser.add_argument("--models", default="starter", help="model set (default starter)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
