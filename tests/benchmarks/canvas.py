"""The canvas: how well sums are kept, and whether what a map keeps is what the model needs.

For notes of ``samples/`` and the model of their own family, of each type: the largest
difference between a frame of the canvas and the frame of the map, as a share of
the map's absolute sum; and what the model makes of the sound of a few bins and of the
sound without them, where bins are chosen by Integrated Gradients on the canvas, by
Grad-CAM on the canvas, by power, and at random, all as many as Integrated Gradients
needs for a share of its positive evidence. Drop, increase, gain and faithfulness are
those of :class:`xai_core.listening.Kept`, means over notes.

Run it from the top folder: ``python -m tests.benchmarks.canvas --notes 4``.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

import numpy as np

from xai_core.audio import load_note
from xai_core.canvas import to_canvas
from xai_core.datasets.collection import read_collection
from xai_core.explanations import explain
from xai_core.explanations.loaded_models import answer_of, load_gradients
from xai_core.features import power_spectrogram
from xai_core.listening import Kept, apply_mask, evidence_mask
from xai_core.places import samples_folder
from xai_core.values import FAMILIES, SPECTROGRAM_TYPES, FloatArray

SHARES = (0.1, 0.3, 0.5, 0.8)
BY = ("Integrated Gradients", "Grad-CAM", "power", "random")


def main() -> None:
    """Measure and print one table of sums and one of what is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notes", type=int, default=2, help="of each family")
    parser.add_argument("--types", nargs="+", default=list(SPECTROGRAM_TYPES))
    asked = parser.parse_args()
    records = read_collection(samples_folder())
    chosen = [r for f in FAMILIES for r in [r for r in records if r.family == f][: asked.notes]]
    print(f"{len(chosen)} notes, the model of their own family\n")
    print("| type | by | share of the evidence | bins | drop | increase | gain | faithfulness |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    worst: dict[str, float] = {}
    for type in asked.types:
        found: dict[tuple[float, str], list[tuple[float, ...]]] = defaultdict(list)
        for number, record in enumerate(chosen):
            note = load_note(record.path)
            model, card = load_gradients(type, record.family)
            maps = {}
            for method in ("integrated_gradients", "grad_cam"):
                explanation = explain(note, type=type, family=record.family, method=method)
                values = explanation.attribution.values.astype(np.float64)
                maps[method] = canvas = to_canvas(explanation)
                size = max(np.abs(values).sum(), 1e-12)
                left = np.abs(canvas.sum(axis=1) - values.sum(axis=1)).sum() / size
                worst[type] = max(worst.get(type, 0.0), float(left))
            orders = (
                maps["integrated_gradients"],
                maps["grad_cam"],
                power_spectrogram(note),
                np.random.default_rng(number).random(canvas.shape),
            )
            for share in SHARES:
                n = int(evidence_mask(orders[0], share).sum())
                for by, order in zip(BY, orders, strict=True):
                    mask = strongest(order, n)
                    sounds = (note, apply_mask(note, mask), apply_mask(note, 1 - mask))
                    answers = [answer_of(one, model, card, record.family)[1] for one in sounds]
                    kept = Kept(*answers)
                    found[share, by].append(
                        (n / mask.size, kept.drop, kept.increase, kept.gain, kept.faithfulness)
                    )
        for (share, by), rows in found.items():
            means = np.mean(rows, axis=0)
            cells = " | ".join(f"{100 * mean:.1f} %" for mean in means[:4])
            print(f"| {type} | {by} | {share:.0%} | {cells} | {means[4]:.3f} |", flush=True)
    print("\n| type | largest difference of frames, as a share of the map's absolute sum |")
    print("| --- | --- |")
    for type, left in worst.items():
        print(f"| {type} | {left:.1e} |")


def strongest(order: FloatArray, n: int) -> FloatArray:
    """Return a mask of the n bins with the largest values."""
    mask = np.zeros(order.size)
    mask[np.argsort(-order, axis=None, kind="stable")[:n]] = 1.0
    return mask.reshape(order.shape)


if __name__ == "__main__":
    main()
