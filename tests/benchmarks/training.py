"""Milliseconds to learn from one note, for each type, head and precision, and what presets take.

A step is one batch of 32 notes forwards, backwards and through Adam, of the
networks and in the precisions that ``train`` uses, on random input that is in
memory. Beside the time on the clock stands the processor time over all cores,
which other work on the machine lengthens much less. From the medians of the
latter follows what the presets take for all ten families of each type on so
many training notes, if nothing else runs; scoring between epochs is left out.
A preset counts with what it sets for a type: epochs, stretches, precision.

The time on a GPU is computed, not measured: the multiplications and additions
of all steps (three times those of the forward pass) at a stated rate.

Run it from the top folder: ``python -m tests.benchmarks.training``.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import replace

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from tests.benchmarks.reporting import conditions, watch_other_work
from xai_core.features import N_FRAMES, n_bins
from xai_core.networks.cnn import build_cnn
from xai_core.training import PRESETS, Preset
from xai_core.training.stage import training_copy
from xai_core.values import FAMILIES, SPECTROGRAM_TYPES

BATCH = 32  # notes
WARM_UP = 2  # steps: the first is traced
POSITIVE_SHARE = 0.4  # of the notes, in a balanced epoch of one binary model out of ten
HEADS = ("pooled", "flatten")
PRECISIONS = ("float32", "mixed_bfloat16")


def main() -> None:
    """Measure the steps, then print what the presets take."""
    asked = _arguments()
    with watch_other_work():
        print(conditions(("numpy", "tensorflow-cpu", "keras")))
        print(f"load average {os.getloadavg()[0]:.1f} at the start; batches of {BATCH} notes")
        print(
            f"\nms for a note and step, medians of {asked.steps} steps: "
            f"on the clock / processor time over {os.cpu_count()} cores"
        )
        heads = [f"{head} {precision}" for head in HEADS for precision in PRECISIONS]
        print(f"{'':<18}" + "".join(f"{name:>24}" for name in heads) + f"{'GFLOP a note':>16}")
        measured: dict[tuple[str, str, str], float] = {}
        for type in asked.types:
            cells = ""
            for head in HEADS:
                for precision in PRECISIONS:
                    clock, processor = _steps(type, head, precision, asked.steps)
                    measured[type, head, precision] = processor
                    cells += f"{clock:>14.2f} /{processor:>8.2f}"
            pooled, flatten = (_gigaflops(type, head) for head in HEADS)
            print(f"{type:<18}{cells}{pooled:>8.2f}{flatten:>8.2f}", flush=True)
        _print_presets(measured, asked)


def _steps(type: str, head: str, precision: str, n_steps: int) -> tuple[float, float]:
    """Return the median milliseconds for a note, on the clock and of all cores at work."""
    rng = np.random.default_rng(0)
    x = rng.random((BATCH, N_FRAMES, n_bins(type), 1), np.float32)
    targets = np.eye(len(FAMILIES), dtype=np.float32)[np.arange(BATCH) % len(FAMILIES)]
    preset = replace(PRESETS["quick"].for_type(type), crop_frames=0, head=head, precision=precision)
    whole = build_cnn(x.shape[1:], head=preset.head, pooled_axes="time", n_outputs=len(FAMILIES))
    model = training_copy(whole, preset)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(use_ema=head == "pooled"), loss=loss)
    clock, processor = [], []
    for _ in range(WARM_UP + n_steps):
        began, worked = time.perf_counter(), time.process_time()
        model.train_on_batch(x, targets)
        clock.append(time.perf_counter() - began)
        processor.append((time.process_time() - worked) / (os.cpu_count() or 1))
    scale = 1000 / BATCH
    return (
        scale * float(np.median(clock[WARM_UP:])),
        scale * float(np.median(processor[WARM_UP:])),
    )


def _gigaflops(type: str, head: str) -> float:
    """Return additions and multiplications of one note in one step, in 10^9."""
    model = build_cnn((N_FRAMES, n_bins(type)), head=head)
    products = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            places = layer.output.shape[1] * layer.output.shape[2]
            products += places * int(np.prod(layer.kernel.shape))
        elif isinstance(layer, keras.layers.Dense):
            products += int(np.prod(layer.kernel.shape))
    return 3 * 2 * products / 1e9  # forwards, and twice as many backwards


def _print_presets(measured: dict[tuple[str, str, str], float], asked: argparse.Namespace) -> None:
    print(
        f"\nten models of a type, {asked.notes} training notes: hours here (from the processor "
        f"time above) /\nhours on a GPU that sustains {asked.teraflops:g} TFLOP/s (computed, not "
        "measured)"
    )
    names = list(PRESETS)
    print(f"{'':<18}" + "".join(f"{name:>20}" for name in names))
    totals = {name: np.zeros(2) for name in names}
    for type in asked.types:
        cells = ""
        for name in names:
            preset = PRESETS[name].for_type(type)
            n_learnt = _learnt(preset, asked.notes)
            here = n_learnt * measured[type, preset.head, preset.precision] / 3.6e6
            gpu = n_learnt * _gigaflops(type, preset.head) / (asked.teraflops * 1e3) / 3600
            totals[name] += (here, gpu)
            cells += f"{here:>11.2f} / {gpu:>6.2f}"
        print(f"{type:<18}{cells}")
    ends = "".join(f"{here:>11.1f} / {gpu:>6.2f}" for here, gpu in totals.values())
    print(f"{'together':<18}{ends}")


def _learnt(preset: Preset, n_notes: int) -> float:
    """Return how many notes the ten models of a type and their trunk learn from, as whole notes."""
    most = preset.epoch_notes or n_notes
    share = 1.0 if preset.draw == "every_note" else POSITIVE_SHARE
    trunk = min(n_notes, most) * _whole(preset, preset.trunk_epochs)
    binary = min(share * n_notes, most) * _whole(preset, preset.binary_epochs)
    return trunk + len(FAMILIES) * binary


def _whole(preset: Preset, n_epochs: int) -> float:
    """Return how many epochs of whole notes some epochs, in part of stretches, are worth."""
    if not preset.crop_frames:
        return n_epochs
    n_cropped = max(0, n_epochs - preset.whole_epochs)
    return n_epochs - n_cropped * (1 - preset.crop_frames / N_FRAMES)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--steps", type=int, default=8, help="of each network (default 8)")
    parser.add_argument("--notes", type=int, default=5000, help="training notes (default 5000)")
    parser.add_argument(
        "--teraflops",
        type=float,
        default=10.0,
        help="sustained by the GPU; 10 is half of what an NVIDIA A100 can do in single precision "
        "(default 10)",
    )
    parser.add_argument(
        "--types", nargs="+", choices=SPECTROGRAM_TYPES, default=SPECTROGRAM_TYPES, metavar="TYPE"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
