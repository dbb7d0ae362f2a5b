"""Which method stands up for which model: the tests of maps over sixty models and all methods.

For each model of the starter set, notes of ``samples/``: some of its own family and as many of
others. Each method makes its map by the default preset; its order of bins is then tested by
deletion and insertion (gain over energy and over random order, as a share of the span of the
curves), by mu-fidelity, and the map by fresh random weights in all layers (rank correlation of
absolute and of signed values on bins that are not silent, less is better), by the next likeliest
family (overlap of the strongest tenth of the bins, 0.1 by chance, less is better) and by small
changes of the note (relative change of the map, less is better). Means are over instruments;
their 95 % intervals are a bootstrap over instruments, and differences to Integrated Gradients from
silence are taken note by note.

Run it from the top folder: ``python -m tests.benchmarks.methods --keep FILE``. A run that was
stopped goes on where it was; ``--only-print`` prints what is kept, and ``--write`` writes it
beside the models, where the page Models finds it. Maps that a test makes anew take fixed steps
where the method takes steps: 8 on STFT, 16 on log-mel, else 32.
"""

from __future__ import annotations

import argparse
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.resumable import Line, Lines, mean_and_interval, notes_in_turn
from xai_core import store
from xai_core.audio import load_note
from xai_core.catalogue.methods import METHODS
from xai_core.datasets.notes import NoteRecord
from xai_core.errors import EmptyMapError
from xai_core.explanations import predict
from xai_core.explanations.explain import explain_progressively, map_of_input
from xai_core.explanations.loaded_models import load_gradients, resolve_layer
from xai_core.explanations.settings import resolve_settings
from xai_core.features import extract
from xai_core.model_sets.method_tests import TESTS, models_digest
from xai_core.networks.contract import Model, PackedModel
from xai_core.networks.randomising import randomised_cascade
from xai_core.trust import (
    Curve,
    deletion,
    insertion,
    max_sensitivity,
    mu_fidelity,
    overlap_of_strongest,
    random_curve,
    rank_correlation,
)
from xai_core.values import FAMILIES, SPECTROGRAM_TYPES, FloatArray

BASE = "integrated_gradients"
FROM_MEAN = f"{BASE} from the mean note"  # beside the methods of the catalogue
STEPS = {"stft": 8, "log_mel": 16}  # of a map that a test makes anew; else 32
SIGNS = {"better": " ▲", "worse": " ▼", "": ""}
SHARE = 0.1  # of the bins, that are the strongest
SMALLEST = 0.05  # logits, of the span of the curves
SUBSETS = {"stft": 40}  # of mu-fidelity; else 100
SAMPLES = {"stft": 1}  # changed notes; else 2
SCORES = {  # heading
    "over_energy": "over energy, %",
    "over_random": "over random, %",
    "fidelity": "fidelity",
    "absolute": "random weights, absolute",
    "signed": "random weights, signed",
    "overlap": "two families, %",
    "sensitivity": "sensitivity",
    "seconds": "seconds",
}


def main() -> None:
    """Measure what is not kept yet, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notes", type=int, default=2, help="of the model's family, and of others")
    parser.add_argument("--types", nargs="+", default=list(SPECTROGRAM_TYPES))
    parser.add_argument("--methods", nargs="+", default=[*METHODS, FROM_MEAN])
    parser.add_argument("--keep", type=Path, help="file of the lines that are known")
    parser.add_argument("--only-print", action="store_true", help="measure nothing")
    parser.add_argument("--write", action="store_true", help="write the tables beside the models")
    asked = parser.parse_args()
    lines = Lines(asked.keep, "type", "family", "note", "method")
    for type in asked.types if not asked.only_print else ():
        for turn in range(2 * asked.notes):
            for family in FAMILIES:
                record = note_for(family, turn)
                for method in asked.methods:
                    if (type, family, record.note, method) not in lines:
                        lines.add(measured(record, type, family, method))
    measured_types = [type for type in asked.types if lines.where(type=type)]
    for type in measured_types:
        print_table(type, lines.where(type=type))
    print_across({type: lines.where(type=type) for type in measured_types})
    if asked.write:
        known = store.read_method_tests() or {}
        new = {type: as_kept(type, lines.where(type=type)) for type in measured_types}
        store.write_method_tests(known | new, models="starter")


def note_for(family: str, turn: int) -> NoteRecord:
    """Return a note of the family in even turns, one of another in odd ones."""
    records, number = _records(), FAMILIES.index(family)
    if turn % 2 == 0:
        return [one for one in records if one.family == family][turn // 2]
    other = FAMILIES[(number + 3 + 2 * turn) % len(FAMILIES)]
    return [one for one in records if one.family == other][turn // 2]


def measured(record: NoteRecord, type: str, family: str, method: str) -> Line:
    """Return the scores of one method's map; None where a test cannot be made."""
    note = load_note(record.path)
    name, *of_mean = method.split(" from ")
    settings = resolve_settings(name, "default", baseline="dataset_mean" if of_mean else None)
    model, _ = load_gradients(type, family)
    model.outputs((extract(note, type).values[np.newaxis],))  # loading and tracing are not timed
    begun = time.perf_counter()
    *_, found = explain_progressively(
        note, type=type, family=family, settings=settings, use_cache=False
    )
    seconds = time.perf_counter() - begun
    line: Line = {
        "type": type,
        "family": family,
        "note": record.note,
        "instrument": record.instrument,
        "own": record.family == family,
        "method": method,
        "seconds": round(seconds, 3),
    }
    values, x = found.attribution.values, found.spectrogram.values
    if not np.any(values):
        return line
    outputs = PackedModel(model, family).outputs
    rng = np.random.default_rng(zlib.crc32(f"{type} {family} {record.note}".encode()))
    curves = tuple(test(outputs, x, values) for test in (deletion, insertion))
    by_energy, at_random = _references(type, family, record.path)
    line |= {
        "over_energy": gain(curves, by_energy, by_energy),
        "over_random": gain(curves, at_random, by_energy),
        "fidelity": mu_fidelity(outputs, x, values, n_subsets=SUBSETS.get(type, 100), rng=rng),
    }
    if METHODS[name].takes("n_steps"):
        settings = replace(settings, n_steps=STEPS.get(type, 32), rule="midpoint")
    if METHODS[name].takes("layer"):
        settings = replace(settings, layer=resolve_layer(model, type, None))
    baseline = found.baselines[0]
    heard = x != 0

    def again(by: Model, of: str, at: FloatArray = x) -> FloatArray:
        return map_of_input(by, at, baseline, family=of, settings=settings)

    random = again(_random(type, family), family)
    if np.ptp(random[heard]) > 0 and np.ptp(values[heard]) > 0:
        line["absolute"] = rank_correlation(np.abs(random), np.abs(values), where=heard)
        line["signed"] = rank_correlation(random, values, where=heard)
    next_family = _others(type, family, record.path)
    other = again(load_gradients(type, next_family)[0], next_family)
    if np.any(other):
        line["overlap"] = overlap_of_strongest(values, other, share=SHARE)
    with suppress(EmptyMapError):
        line["sensitivity"] = max_sensitivity(
            lambda at: again(model, family, at), x, n_samples=SAMPLES.get(type, 2), rng=rng
        )
    return line


def gain(curves: tuple[Curve, ...], others: tuple[Curve, ...], span_of: tuple[Curve, ...]) -> float:
    """Return how much better curves of deletion and insertion are, as a share of the span."""
    (less, more), (other_less, other_more) = curves, others
    outputs = np.concatenate([one.outputs for one in (*curves, *span_of)])
    span = max(float(np.ptp(outputs)), SMALLEST)
    return (other_less.area - less.area + more.area - other_more.area) / 2 / span


@cache
def _records() -> list[NoteRecord]:
    return notes_in_turn(16)


@lru_cache(maxsize=2)
def _references(type: str, family: str, path: Path) -> tuple[tuple[Curve, ...], tuple[Curve, ...]]:
    """Return deletion and insertion by energy, and in random order (mean of 3)."""
    x = extract(load_note(path), type).values
    outputs = PackedModel(load_gradients(type, family)[0], family).outputs
    energy = tuple(test(outputs, x, np.abs(x)) for test in (deletion, insertion))
    rng = np.random.default_rng(0)
    random = tuple(
        random_curve(outputs, x, n_points=11, n_orders=3, insert=insert, rng=rng)
        for insert in (False, True)
    )
    return energy, random


@lru_cache(maxsize=10)
def _random(type: str, family: str) -> Model:
    network, card = store.load_model(type, family)
    *_, (_, model) = randomised_cascade(network, inputs=card.inputs, classes=card.classes, seed=0)
    return model


@lru_cache(maxsize=2)
def _others(type: str, family: str, path: Path) -> str:
    """Return the likeliest family beside the one that is explained."""
    found = dict(predict(path, types=[type]).probabilities[type])
    return max((one for one in found if one != family), key=lambda one: found[one])


# ------------------------------------------------------------------------------ tables


def print_table(type: str, lines: list[Line]) -> None:
    """Print a type's means over instruments, and differences to Integrated Gradients."""
    methods = list(dict.fromkeys(line["method"] for line in lines))
    n_models = len({line["family"] for line in lines})
    print(f"\n{type}: {n_models} models, means over instruments with 95 % intervals\n")
    print(f"| method | maps | {' | '.join(SCORES.values())} |")
    print(f"| --- | --- | {' | '.join('---' for _ in SCORES)} |")
    for method in methods:
        some = [line for line in lines if line["method"] == method]
        cells = [_cell(some, name) for name in SCORES]
        print(f"| {method} | {len(some)} | {' | '.join(cells)} |")
    print(f"\n{type}: less Integrated Gradients from silence, note by note\n")
    names = [name for name in SCORES if name != "seconds"]
    print(f"| method | {' | '.join(SCORES[name] for name in names)} |")
    print(f"| --- | {' | '.join('---' for _ in names)} |")
    for method in methods:
        if method == BASE:
            continue
        cells = []
        for name in names:
            apart = differences(lines, method, name)
            cells.append(f"{_cell(apart, name, sign='+')} {_judged(apart, name)}".strip())
        print(f"| {method} | {' | '.join(cells)} |")


def print_across(lines: Mapping[str, list[Line]]) -> None:
    """Print one table a score: methods by types, ▲ and ▼ as :func:`_judged` says."""
    methods = list(dict.fromkeys(line["method"] for some in lines.values() for line in some))
    for name, heading in SCORES.items():
        print(f"\n{heading}\n\n| method | {' | '.join(lines)} |")
        print(f"| --- | {' | '.join('---' for _ in lines)} |")
        for method in methods:
            cells = []
            for some in lines.values():
                sign = SIGNS[_judged(differences(some, method, name), name)]
                own = [line for line in some if line["method"] == method]
                cells.append(_cell(own, name) + (sign if name != "seconds" else ""))
            print(f"| {method} | {' | '.join(cells)} |")


def as_kept(type: str, lines: list[Line]) -> dict[str, Any]:
    """Return a type's means as :mod:`xai_core.model_sets.method_tests` reads them."""
    rows = []
    for method in dict.fromkeys(line["method"] for line in lines):
        some = [line for line in lines if line["method"] == method]
        scores = {}
        for name in SCORES:
            found = _of_instruments(some, name)
            if found is not None:
                mean, low, high = (round(x, 4) for x in found)
                judged = (
                    "" if name == "seconds" else _judged(differences(lines, method, name), name)
                )
                scores[name] = [mean, low, high, judged]
        of, *of_mean = method.split(" from ")
        baseline = "dataset_mean" if of_mean else ""
        rows.append({"method": of, "baseline": baseline, "scores": scores})
    return {
        "models": models_digest(type),
        "n_models": len({line["family"] for line in lines}),
        "n_maps": sum(line["method"] == BASE for line in lines),
        "n_instruments": len({line["instrument"] for line in lines}),
        "methods": rows,
    }


def differences(lines: list[Line], method: str, name: str) -> list[Line]:
    """Return a method's lines less those of Integrated Gradients from silence of the same notes."""
    base = {(one["family"], one["note"]): one for one in lines if one["method"] == BASE}
    apart = []
    for line in lines:
        other = base.get((line["family"], line["note"]), {})
        if line["method"] == method and name in line and name in other:
            apart.append({**line, name: line[name] - other[name]})
    return apart


def _of_instruments(lines: list[Line], name: str) -> tuple[float, float, float] | None:
    found: dict[str, list[float]] = {}
    for line in lines:
        if name in line:
            found.setdefault(line["instrument"], []).append(line[name])
    return mean_and_interval([np.mean(some) for some in found.values()]) if found else None


def _cell(lines: list[Line], name: str, sign: str = "") -> str:
    found = _of_instruments(lines, name)
    if found is None:
        return "–"
    if name == "seconds":
        return f"{found[0]:.2f}"
    scale, form = (100, f"{sign}z.0f") if name.startswith("over") else (1, f"{sign}z.2f")
    mean, low, high = (format(scale * x, form) for x in found)
    return f"{mean} [{low}, {high}]"


def _judged(lines: list[Line], name: str) -> str:
    """Return whether an interval of a difference is wholly better or worse."""
    found = _of_instruments(lines, name)
    if found is None:
        return ""
    _, low, high = found
    more = TESTS[name]
    if low > 0:
        return "better" if more else "worse"
    if high < 0:
        return "worse" if more else "better"
    return ""


if __name__ == "__main__":
    main()
