"""Which method finds a planted cue: maps of the shipped networks against the bins where it lies.

For each network of the set ``planted`` its cue is planted in notes of ``samples/``, some of each
family, and every method explains those that the network takes for its family. Mass: share of the
positive attribution in the cue's mask; rank: share of the K strongest bins in a mask of K bins;
pointing: whether the strongest bin is in it; false alarm: share of the absolute attribution
where a hum lies that is in every note and says nothing of the family. What a map that knows nothing
would have is the mask's share of the bins. Means over instruments, 95 % intervals by a bootstrap
over instruments.

Run it from the top folder: ``python -m tests.benchmarks.planted --notes 2``. With ``--keep FILE`` a
run that was stopped goes on where it was; ``--only-print`` prints what is kept. ``--reasons SET``
prints, for the networks of a set that were trained with the preset reasons, balanced accuracy with
and without the cue and the evidence of Integrated Gradients in its mask, beside those of the set.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from tests.benchmarks.resumable import Line, Lines, mean_and_interval, notes_in_turn
from xai_core.audio import load_note
from xai_core.catalogue.methods import DEFAULT_METHOD, METHODS
from xai_core.explanations.loaded_models import load_gradients
from xai_core.explanations.planted import PlantedModel, planted_models, score_maps
from xai_core.training.planted import planted_note

SCORES = ("mass", "rank", "pointing")


def main() -> None:
    """Measure what is not kept yet, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", default="planted")
    parser.add_argument("--notes", type=int, default=2, help="of each family")
    parser.add_argument("--methods", nargs="+", default=list(METHODS))
    parser.add_argument("--keep", type=Path, help="file of the lines that are known")
    parser.add_argument("--only-print", action="store_true", help="measure nothing")
    parser.add_argument("--reasons", help="set of the networks trained with the preset reasons")
    asked = parser.parse_args()
    lines = Lines(asked.keep, "models", "cue", "note", "method")
    sets = [asked.models, *([asked.reasons] if asked.reasons else [])]
    for models in sets if not asked.only_print else ():
        methods = asked.methods if models == asked.models else [DEFAULT_METHOD]
        for model in planted_models(models):
            only_named = models == asked.models
            measure(model, models, methods, asked.notes, lines, only_named=only_named)
    for model in planted_models(asked.models):
        print_table(model, lines.where(models=asked.models, cue=model.cue))
    if asked.reasons:
        print_reasons(asked.models, asked.reasons, lines)


def measure(
    model: PlantedModel,
    models: str,
    methods: list[str],
    n_notes: int,
    lines: Lines,
    *,
    only_named: bool,
) -> None:
    """Add what is not known of one network."""
    network, _ = load_gradients(model.type, model.family, models=models)
    for record in notes_in_turn(n_notes):
        left = [m for m in methods if (models, model.cue, record.note, m) not in lines]
        if not left:
            continue
        note = planted_note(load_note(record.path), model.cue, model.type)
        batch = (note.spectrogram.values[np.newaxis],)
        says_yes = bool(network.outputs(batch)[0, 0] > 0)
        found = {}
        if says_yes or not only_named:
            found = {
                one.method: vars(one)
                for one in score_maps(record.path, model, methods=left, models=models)
            }
        for method in left:
            line = {
                "models": models,
                "cue": model.cue,
                "note": record.note,
                "instrument": record.instrument,
                "method": method,
                "yes": says_yes,
            }
            lines.add(line | found.get(method, {}))


def print_table(model: PlantedModel, lines: list[Line]) -> None:
    """Print the scores of the methods on one network."""
    some = [line for line in lines if "mass" in line]
    notes = {line["note"] for line in some}
    asked = {line["note"] for line in lines}
    if not some:
        return
    share = np.mean([line["share"] for line in some])
    print(
        f"\n{model.cue} ({model.type}, {model.family}): balanced accuracy {model.with_cue:.2f} "
        f"with the cue, {model.without_cue:.2f} without. {len(notes)} of {len(asked)} notes; the "
        f"mask has {share:.1%} of the bins\n"
    )
    names = [*SCORES, *(["false_alarm"] if any(one["false_alarm"] for one in some) else [])]
    print(f"| method | {' | '.join(names)} |")
    print(f"| --- | {' | '.join('---' for _ in names)} |")
    for method in METHODS:
        of_method = [line for line in some if line["method"] == method]
        if of_method:
            print(f"| {method} | {' | '.join(cell(of_method, name) for name in names)} |")


def cell(lines: list[Line], name: str) -> str:
    """Return the mean over instruments with its interval."""
    found: dict[str, list[float]] = {}
    for line in lines:
        if line[name] is not None:
            found.setdefault(line["instrument"], []).append(float(line[name]))
    if not found:
        return "–"
    mean, low, high = mean_and_interval([np.mean(some) for some in found.values()])
    return f"{mean:.2f} [{low:.2f}, {high:.2f}]"


def print_reasons(before: str, after: str, lines: Lines) -> None:
    """Print networks before and after evidence in the mask was punished."""
    print("\n| cue | preset | accuracy with the cue | without | evidence in the mask |")
    print("| --- | --- | --- | --- | --- |")
    punished = {model.cue: model for model in planted_models(after)}
    for model in planted_models(before):
        if model.cue not in punished:
            continue
        for name, one, models in (
            ("planted", model, before),
            ("reasons", punished[model.cue], after),
        ):
            some = [
                line
                for line in lines.where(models=models, cue=model.cue, method=DEFAULT_METHOD)
                if "mass" in line
            ]
            mass = cell(some, "mass") if some else "–"
            print(f"| {model.cue} | {name} | {one.with_cue:.2f} | {one.without_cue:.2f} | {mass} |")


if __name__ == "__main__":
    main()
