"""The canvas: how well sums are kept, and whether what a map keeps is what the model needs.

For notes of ``samples/`` and the model of their own family, of each type: how far the canvas is
from the map it is made of, frame by frame and as a whole; and what the model makes of the sound of
a few bins and of the sound without them, where bins are chosen by Integrated Gradients on the
canvas, by Grad-CAM on the canvas, by power, and at random, all as many as Integrated
Gradients needs for a share of its positive evidence. Drop, increase, gain and faithfulness are
those of :class:`xai_core.listening.Kept`, means over notes. The difference of Integrated Gradients
to power is taken note by note; its 95 % interval is a bootstrap over notes.

Run it from the top folder: ``python -m tests.benchmarks.canvas --notes 4``. With ``--keep FILE``
a line is kept for each note and type, and a run that was stopped goes on where it was;
``--only-print`` prints what is kept. Integrated Gradients has at most 64 steps on STFT, else as
many as the default preset takes.
"""

from __future__ import annotations

import argparse
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.benchmarks.resumable import Line, Lines, mean_and_interval, notes_in_turn
from xai_core.audio import load_note
from xai_core.canvas import to_canvas
from xai_core.datasets.notes import NoteRecord
from xai_core.explanations import explain
from xai_core.explanations.loaded_models import load_gradients
from xai_core.features import extract, power_spectrogram
from xai_core.listening import Kept, apply_mask, evidence_mask
from xai_core.values import SPECTROGRAM_TYPES, Explanation, FloatArray

SHARES = (0.1, 0.3, 0.5, 0.8)
BY = ("Integrated Gradients", "Grad-CAM", "power", "random")
METHODS = ("integrated_gradients", "grad_cam")  # those with a map
MOST_STEPS = {"stft": 64}  # of Integrated Gradients, where the default preset takes minutes
ALL = 16  # notes of a family, at most


def main() -> None:
    """Measure what is not kept yet, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notes", type=int, default=2, help=f"of each family, up to {ALL}")
    parser.add_argument("--types", nargs="+", default=list(SPECTROGRAM_TYPES))
    parser.add_argument("--keep", type=Path, help="file of the lines that are known")
    parser.add_argument("--only-print", action="store_true", help="measure nothing")
    asked = parser.parse_args()
    lines = Lines(asked.keep, "type", "note")
    for type in asked.types if not asked.only_print else ():
        for record in notes_in_turn(asked.notes):
            if (type, record.note) not in lines:
                begun = time.perf_counter()
                line = measured(record, type)
                lines.add(line | {"seconds": round(time.perf_counter() - begun, 1)})
    of_types = {type: lines.where(type=type) for type in asked.types}
    print_tables({type: rows for type, rows in of_types.items() if rows})


def measured(record: NoteRecord, type: str) -> Line:
    """Return how well the sums of a note are kept, and what the model makes of its parts."""
    note = load_note(record.path)
    canvases, sums = {}, {}
    for method in METHODS:
        limit = MOST_STEPS.get(type) if method == "integrated_gradients" else None
        found = explain(note, type=type, family=record.family, method=method, max_steps=limit)
        canvases[method] = to_canvas(found)
        sums[method] = errors(found, canvases[method])
    orders = (
        *canvases.values(),
        power_spectrogram(note),
        np.random.default_rng(zlib.crc32(record.note.encode())).random(canvases["grad_cam"].shape),
    )
    counts = [int(evidence_mask(orders[0], share).sum()) for share in SHARES]
    falling = [np.argsort(-order, axis=None, kind="stable") for order in orders]
    masks = [strongest(bins, n, orders[0].shape) for n in counts for bins in falling]
    sounds = [note, *(apply_mask(note, one) for mask in masks for one in (mask, 1 - mask))]
    batch = np.stack([extract(one, type).values for one in sounds])
    model, _ = load_gradients(type, record.family)
    whole, *others = model.outputs((batch,), target="probability")[:, 0]
    parts = np.reshape(others, (len(SHARES), len(BY), 2))
    return {
        "type": type,
        "note": record.note,
        "family": record.family,
        "bins": counts,
        "n_bins": int(orders[0].size),
        "whole": float(whole),
        "parts": parts.tolist(),  # by share, by choice: the kept bins, the rest
        "sums": sums,
    }


def errors(explanation: Explanation, canvas: FloatArray) -> list[float]:
    """Return the largest relative error of a frame, and that of the whole sum."""
    values = explanation.attribution.values.astype(np.float64)
    sizes = np.abs(values).sum(axis=1)
    if not sizes.any():
        return [float(np.abs(canvas).max())] * 2  # nothing may come from nothing
    left = np.abs(canvas.sum(axis=1) - values.sum(axis=1))
    of_frames = np.divide(left, sizes, out=left / sizes.max(), where=sizes > 0)
    whole = abs(canvas.sum() - values.sum()) / abs(values.sum())
    return [float(of_frames.max()), float(whole)]


def strongest(falling: npt.NDArray[np.intp], n: int, shape: tuple[int, ...]) -> FloatArray:
    """Return a mask of the first n of the bins in falling order."""
    mask = np.zeros(falling.size)
    mask[falling[:n]] = 1.0
    return mask.reshape(shape)


# ------------------------------------------------------------------------------ tables


def print_tables(of_types: dict[str, list[Line]]) -> None:
    """Print means, paired differences and how well sums are kept."""
    print("Means over notes, of bins chosen by Integrated Gradients / Grad-CAM / power / random\n")
    print("| type | notes | share | bins | drop, % | increase, % | gain, % | faithfulness |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for type, lines in of_types.items():
        for number, share in enumerate(SHARES):
            some, bins = with_evidence(lines, number)
            means = np.array(
                [
                    np.mean([scores(line, number, by) for line in some], axis=0)
                    for by in range(len(BY))
                ]
            )
            cells = [" / ".join(f"{100 * x:.0f}" for x in column) for column in means.T[:3]]
            cells.append(" / ".join(f"{x:.2f}" for x in means[:, 3]))
            start = f"| {type} | {len(some)} | {share:.0%} | {100 * bins:.2f} %"
            print(f"{start} | {' | '.join(cells)} |")
    print("\nIntegrated Gradients less power, note by note (less drop and more faithfulness is")
    print("better), with 95 % intervals; faith.: faithfulness\n")
    print("| type | notes | share | drop, points | faith. | keeps more | is missed more |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for type, lines in of_types.items():
        for number, share in enumerate(SHARES):
            some, _ = with_evidence(lines, number)
            pairs = [[scores(line, number, by) for by in (0, 2)] for line in some]
            apart = np.subtract(*np.swapaxes(pairs, 0, 1))
            drop, faith = mean_and_interval(100 * apart[:, 0]), mean_and_interval(apart[:, 3])
            cells = [
                "{:+.1f} [{:+.1f}, {:+.1f}]".format(*drop),
                "{:+.3f} [{:+.3f}, {:+.3f}]".format(*faith),
                judged(-drop[2], -drop[1]),
                judged(*faith[1:]),
            ]
            print(f"| {type} | {len(some)} | {share:.0%} | {' | '.join(cells)} |")
    print("\n| type | notes | method | largest error of a frame | of the whole sum |")
    print("| --- | --- | --- | --- | --- |")
    for type, lines in of_types.items():
        for method in METHODS:
            worst = np.max([line["sums"][method] for line in lines], axis=0)
            print(f"| {type} | {len(lines)} | {method} | {worst[0]:.1e} | {worst[1]:.1e} |")


def with_evidence(lines: list[Line], number: int) -> tuple[list[Line], float]:
    """Return the notes of which something speaks for their family, and their mean share of bins."""
    some = [line for line in lines if line["bins"][number]]
    return some, float(np.mean([line["bins"][number] / line["n_bins"] for line in some]))


def scores(line: Line, number: int, by: int) -> tuple[Any, ...]:
    """Return drop, increase, gain and faithfulness."""
    kept = Kept(line["whole"], *line["parts"][number][by])
    return kept.drop, kept.increase, kept.gain, kept.faithfulness


def judged(low: float, high: float) -> str:
    """Return what an interval of a difference says, above 0 being better."""
    return "yes" if low > 0 else "no, power does" if high < 0 else "not shown"


if __name__ == "__main__":
    main()
