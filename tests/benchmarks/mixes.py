"""Two notes at once: whether the evidence for a family lies where its note is the louder.

Mixes of two notes of different families of ``samples/``, as loud as each other, drawn with a
fixed seed; every family is the first one equally often. The model of the first family
explains the mix by Integrated Gradients; on the canvas, which share of its positive
evidence lies where the first note has more power than the second, and which share of the power
of the mix does. The difference is taken mix by mix; its 95 % interval is a bootstrap over
mixes.

Run it from the top folder: ``python -m tests.benchmarks.mixes``. ``--keep FILE`` and
``--only-print`` as for ``tests.benchmarks.canvas``.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from tests.benchmarks.canvas import MOST_STEPS
from tests.benchmarks.resumable import Line, Lines, mean_and_interval, notes_in_turn
from xai_core.audio import load_note
from xai_core.canvas import to_canvas
from xai_core.datasets.notes import NoteRecord
from xai_core.explanations import explain
from xai_core.features import power_spectrogram
from xai_core.listening import mix
from xai_core.values import FAMILIES

LEVEL = 0.0  # dB, of the second note
TYPES = ("log_mel", "mfcc", "chroma")


def main() -> None:
    """Measure what is not kept yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mixes", type=int, default=40)
    parser.add_argument("--types", nargs="+", default=list(TYPES))
    parser.add_argument("--keep", type=Path, help="file of the lines that are known")
    parser.add_argument("--only-print", action="store_true", help="measure nothing")
    asked = parser.parse_args()
    lines = Lines(asked.keep, "type", "first", "second")
    for type in asked.types if not asked.only_print else ():
        for first, second in pairs(asked.mixes):
            if (type, first.note, second.note) not in lines:
                begun = time.perf_counter()
                line = measured(first, second, type)
                lines.add(line | {"seconds": round(time.perf_counter() - begun, 1)})
    print("| type | mixes | evidence there | power there | bins there | evidence less power |")
    print("| --- | --- | --- | --- | --- | --- |")
    for type in asked.types:
        if some := [line for line in lines.where(type=type) if line["evidence"] is not None]:
            evidence, power, bins = (
                100 * np.array([line[name] for line in some])
                for name in ("evidence", "power", "bins")
            )
            means = " | ".join(f"{one.mean():.1f} %" for one in (evidence, power, bins))
            apart = "{:+.1f} [{:+.1f}, {:+.1f}]".format(*mean_and_interval(evidence - power))
            print(f"| {type} | {len(some)} | {means} | {apart} |")


def pairs(n: int) -> list[tuple[NoteRecord, NoteRecord]]:
    """Return so many pairs of notes of two families."""
    notes = notes_in_turn(16)
    rng = np.random.default_rng(20)
    found = []
    for number in range(n):
        family = FAMILIES[number % len(FAMILIES)]
        first, second = (
            some[rng.integers(len(some))]
            for some in (
                [one for one in notes if one.family == family],
                [one for one in notes if one.family != family],
            )
        )
        found.append((first, second))
    return found


def measured(first: NoteRecord, second: NoteRecord, type: str) -> Line:
    """Return the shares of one mix that lie where the first note is the louder."""
    mixed, louder = mix(load_note(first.path), load_note(second.path), level=LEVEL)
    found = explain(mixed, type=type, family=first.family, max_steps=MOST_STEPS.get(type))
    evidence = np.maximum(to_canvas(found), 0.0)
    power = power_spectrogram(mixed)
    total = evidence.sum()
    return {
        "type": type,
        "first": first.note,
        "second": second.note,
        "families": [first.family, second.family],
        "probability": found.probability,
        "evidence": float(evidence[louder].sum() / total) if total > 0 else None,
        "power": float(power[louder].sum() / power.sum()),
        "bins": float(louder.mean()),
    }


if __name__ == "__main__":
    main()
