"""Integrated Gradients at equal completeness: ours against Captum on PyTorch.

Both explain the logit of the same network with the same weights (copied to
PyTorch; equal logits are checked first) from the zero baseline, until the
completeness error, ``|sum - (f(x) - f(0))| / max(|f(x) - f(0)|, 0.05)``, is at
most 1 %, with at most 512 steps.

Ours is ``refine_integrated_gradients`` over ``ModelGradients``, as the product
runs it, without the cache. Captum has fixed steps, so it climbs the ladder
8, 16, 32, 50, 64, 128, 256, 512. Two times are given for it: of the smallest
number of steps that suffices, *alone*, as if one had known it beforehand, and
of the whole climb, which is what a user pays who does not know it. Its
internal batch size is the fastest of those tried, for each type.

Besides, ``map error`` says how far the maps are from a midpoint sum of very
many steps: sum of absolute differences over sum of absolute values. The line
below it says how far Captum's would be with as many steps as ours took.

PyTorch is no requirement of TimbreLens: make another environment, install
requirements.txt, torch==2.13.0 and captum==0.9.0 there, and run with its
Python ``python -m tests.benchmarks.integrated_gradients`` from the top folder.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from xai_core.cli.console import quiet_start

with quiet_start():
    import keras
    import tensorflow as tf

from tests.benchmarks.reporting import (
    conditions,
    pick_notes,
    seconds,
    spread,
    watch_other_work,
    waveform,
)
from xai_core import store
from xai_core.attribution import integrated_gradients, refine_integrated_gradients
from xai_core.datasets.notes import NoteRecord
from xai_core.features import axes, extract, n_bins
from xai_core.networks.cnn import build_cnn
from xai_core.networks.contract import PackedModel
from xai_core.networks.gradients import ModelGradients
from xai_core.values import DELTA_FLOOR, FAMILIES, FloatArray

try:
    import torch

    from tests.benchmarks.captum_peer import CaptumPeer
except ImportError:
    sys.exit(
        "this benchmark compares with Captum, which is not installed here: make another "
        "environment and run `pip install -r requirements.txt torch==2.13.0 captum==0.9.0` in it"
    )

LADDER = (8, 16, 32, 50, 64, 128, 256, 512)
TOLERANCE = 0.01
LOGITS_EQUAL = 1e-4
BATCH_SIZES = (8, 16, 32)  # tried for Captum
BATCH_TRIAL = 32  # steps
DEFAULT_NOTES = {"stft": 4, "log_mel": 12, "mfcc": 20}
DEFAULT_REFERENCES = {"stft": 1, "log_mel": 6, "mfcc": 12}  # notes whose map error is measured
SETTLE = 0.05  # s, after which the other framework's threads no longer spin
AIM = 3.0


@dataclass
class _Run:
    """What one tool needed for each explanation."""

    times: list[float] = field(default_factory=list)  # s
    climbs: list[float] = field(default_factory=list)  # s, failed tries included
    steps: list[int] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    map_errors: list[float] = field(default_factory=list)

    def distance(self, values: FloatArray, reference: FloatArray) -> None:
        """Note how far a map is from the reference."""
        self.map_errors.append(float(np.abs(values - reference).sum() / np.abs(reference).sum()))

    @property
    def converged(self) -> NDArray[np.bool_]:
        return np.array(self.errors) <= TOLERANCE


def main() -> None:
    """Measure each type and print its figures."""
    asked = _arguments()
    torch.set_num_threads(asked.threads)
    tf.config.threading.set_intra_op_parallelism_threads(asked.threads)
    print(conditions(("numpy", "tensorflow-cpu", "keras", "torch", "captum")))
    print(f"threads: {asked.threads} for TensorFlow, {asked.threads} for PyTorch, in one process")
    print(f"Captum: method {asked.method}, zero baseline, target logit, tolerance {TOLERANCE:.0%}")
    for type in asked.types:
        n_notes = asked.notes or DEFAULT_NOTES.get(type, 12)
        n_references = min(asked.references or DEFAULT_REFERENCES.get(type, 3), n_notes)
        with watch_other_work():
            _measure(type, pick_notes(n_notes), n_references, asked)


def _measure(
    type: str, notes: list[NoteRecord], n_references: int, asked: argparse.Namespace
) -> None:
    jobs = [
        (extract(waveform(note), type).values, family)
        for number, note in enumerate(notes)
        for family in _explained(note, number)
    ]
    print(f"\n{type}: {len(jobs)} explanations, {len(notes)} sample notes x 2 models")
    print(f"  models: {_origin(type, asked.models)}")
    batch_size = _best_batch_size(_peer(type, jobs[0][1], asked), jobs[0][0])
    ours, theirs, same_steps = _Run(), _Run(), _Run()
    for number, (x, family) in enumerate(jobs):
        gradients, peer = _gradients(type, family, asked.models), _peer(type, family, asked)
        _check_same_network(gradients, peer, x)
        delta = float(np.diff(gradients.outputs(np.stack([np.zeros_like(x), x])))[0])
        maps = [
            _explain_ours(gradients, x, ours),
            _explain_captum(peer, x, delta, batch_size, theirs),
        ]
        if number % 2 == 0 and number // 2 < n_references:
            reference = _reference(gradients, x, asked.reference_steps)
            for run, values in zip((ours, theirs), maps, strict=True):
                run.distance(values, reference)
            values, _ = peer.attribute(x, n_steps=ours.steps[-1], batch_size=batch_size)
            same_steps.distance(values, reference)
        if asked.verbose:
            print(
                f"  {number + 1:3d} {family:<9} delta {delta:+7.2f}"
                f"  ours {ours.steps[-1]:3d} steps {ours.times[-1]:7.3f} s"
                f"  Captum {theirs.steps[-1]:3d} steps {theirs.times[-1]:7.3f} s",
                flush=True,
            )
    _print(ours, theirs, same_steps, batch_size)


def _print(ours: _Run, theirs: _Run, same_steps: _Run, batch_size: int) -> None:
    both = ours.converged & theirs.converged
    print(f"  {'':<22}{'ours':>30}{'Captum':>30}   (batch size {batch_size})")
    rows = {
        "time": [seconds(run.times) for run in (ours, theirs)],
        "time, climb included": [seconds(run.climbs) for run in (ours, theirs)],
        "steps": [spread(run.steps, digits=0) for run in (ours, theirs)],
        "ms a step": [f"{1e3 * sum(run.times) / sum(run.steps):.2f}" for run in (ours, theirs)],
        "within 1 % by 512": [
            f"{run.converged.sum()} of {run.converged.size}" for run in (ours, theirs)
        ],
        "completeness error": [f"median {np.median(run.errors):.2%}" for run in (ours, theirs)],
        f"map error, {len(ours.map_errors)} notes": [
            f"mean {np.mean(run.map_errors):.1%}, worst {np.max(run.map_errors):.1%}"
            for run in (ours, theirs)
        ],
        "  with our steps": [
            "",
            f"mean {np.mean(same_steps.map_errors):.1%}, worst {np.max(same_steps.map_errors):.1%}",
        ],
    }
    for name, (mine, peer) in rows.items():
        print(f"  {name:<22}{mine:>30}{peer:>30}")
    if not both.any():
        print("  no explanation on which both came within 1 %: no ratio")
        return
    mine = np.array(ours.times)[both]
    alone, climb = np.array(theirs.times)[both], np.array(theirs.climbs)[both]
    ratio = alone.sum() / mine.sum()
    print(
        f"  ratio of totals over the {both.sum()} on which both came within 1 %: {ratio:.1f}x, "
        f"climb included {climb.sum() / mine.sum():.1f}x"
    )
    print(
        f"  ratio of each: {spread(alone / mine, digits=1)}; "
        f"aim {AIM:.0f}x {'reached' if ratio >= AIM else 'MISSED'}"
    )


# ------------------------------------------------------------------ the two tools


def _explain_ours(gradients: PackedModel, x: FloatArray, run: _Run) -> FloatArray:
    time.sleep(SETTLE)
    began = time.perf_counter()
    *_, last = refine_integrated_gradients(
        gradients.evaluate,
        x,
        np.zeros_like(x),
        tolerance=TOLERANCE,
        max_steps=LADDER[-1],
    )
    run.times.append(time.perf_counter() - began)
    run.climbs.append(run.times[-1])
    run.steps.append(last.n_steps)
    run.errors.append(_error(last.attributions, last.output - last.baseline_output))
    return last.attributions


def _explain_captum(
    peer: CaptumPeer, x: FloatArray, delta: float, batch_size: int, run: _Run
) -> FloatArray:
    time.sleep(SETTLE)
    climb = 0.0
    for n_steps in LADDER:
        values, took = peer.attribute(x, n_steps=n_steps, batch_size=batch_size)
        climb += took
        if _error(values, delta) <= TOLERANCE:
            break
    run.times.append(took)
    run.climbs.append(climb)
    run.steps.append(n_steps)
    run.errors.append(_error(values, delta))
    return values


def _best_batch_size(peer: CaptumPeer, x: FloatArray) -> int:
    times = {}
    for batch_size in BATCH_SIZES:
        peer.attribute(x, n_steps=batch_size, batch_size=batch_size)  # warms up
        tries = [peer.attribute(x, n_steps=BATCH_TRIAL, batch_size=batch_size)[1] for _ in range(3)]
        times[batch_size] = min(tries)
    tried = ", ".join(f"{size}: {1e3 * took / BATCH_TRIAL:.2f}" for size, took in times.items())
    print(f"  Captum's ms a step by internal batch size: {tried}")
    return min(times, key=lambda size: times[size])


def _error(values: FloatArray, delta: float) -> float:
    return abs(float(values.sum(dtype=np.float64)) - delta) / max(abs(delta), DELTA_FLOOR)


def _reference(gradients: PackedModel, x: FloatArray, n_steps: int) -> FloatArray:
    return integrated_gradients(
        gradients.gradients,
        x,
        np.zeros_like(x),
        rule="midpoint",
        n_steps=n_steps,
    )


# --------------------------------------------------------------------- the models


def _explained(note: NoteRecord, number: int) -> tuple[str, str]:
    """Families whose models are asked: the note's own, and another one in turn."""
    own = FAMILIES.index(str(note.family))
    return FAMILIES[own], FAMILIES[(own + 1 + number % (len(FAMILIES) - 1)) % len(FAMILIES)]


@cache
def _model(type: str, family: str, models: str) -> keras.Model:
    if _is_in_set(type, models):
        return store.load_model(type, family, models=models)[0]
    return _stand_in(type, family, models)


@cache
def _gradients(type: str, family: str, models: str) -> PackedModel:
    gradients = PackedModel(ModelGradients(_model(type, family, models)), "0")
    for n in (1, 8):  # traces, and lets the kernels for both sizes be made
        gradients.evaluate(np.zeros((n, *gradients.model.input_shapes[0]), np.float32))
    return gradients


def _peer(type: str, family: str, asked: argparse.Namespace) -> CaptumPeer:
    return _peers(type, family, asked.models, asked.method)


@cache
def _peers(type: str, family: str, models: str, method: str) -> CaptumPeer:
    return CaptumPeer(_model(type, family, models), method=method)


def _check_same_network(gradients: PackedModel, peer: CaptumPeer, x: FloatArray) -> None:
    points = np.stack([np.zeros_like(x), 0.5 * x, x])
    difference = np.abs(gradients.outputs(points) - peer.logits(points)).max()
    if difference > LOGITS_EQUAL:
        raise AssertionError(f"expected the same logits to {LOGITS_EQUAL}, got {difference:.1e}")


def _is_in_set(type: str, models: str) -> bool:
    return len(store.available_models(models).get(type, ())) == len(FAMILIES)


def _donor(models: str) -> str:
    """Return the trained type that lends its convolutions: log_mel looks most like an STFT."""
    return "log_mel" if _is_in_set("log_mel", models) else "mfcc"


def _origin(type: str, models: str) -> str:
    if _is_in_set(type, models):
        return f"the set {models!r}"
    return (
        f"the set {models!r} has none of {type}; stand-ins: convolutions of its {_donor(models)} "
        "models,\n          head pooled over both axes, fitted to the sample notes"
    )


def _stand_in(type: str, family: str, models: str) -> keras.Model:
    """Return a model of a type that the set lacks, with trained kinks and a logit that decides.

    The convolutions, which do not depend on the number of bins, are those of a
    trained model of another type; the head is fitted to the sample notes.
    """
    model = build_cnn((axes(type)[0].values.size, n_bins(type)), head="pooled", pooled_axes="both")
    donor = store.load_model(_donor(models), family, models=models)[0]
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            layer.set_weights(donor.get_layer(layer.name).get_weights())
    notes = pick_notes(len(FAMILIES) * 6)
    x = np.stack([extract(waveform(note), type).values for note in notes])
    pooled = _pooled(model, x)
    keras.utils.set_random_seed(0)
    head = keras.Sequential([keras.layers.Dense(256, "relu"), keras.layers.Dense(1, "sigmoid")])
    head.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy")
    scale = pooled.std() + 1e-6
    head.fit(
        pooled / scale,
        np.array([note.family == family for note in notes], np.float32),
        epochs=60,
        batch_size=16,
        verbose=0,
    )
    (kernel, bias), last = head.layers[0].get_weights(), head.layers[1].get_weights()
    model.get_layer("dense").set_weights([kernel / scale, bias])
    model.get_layer("logit").set_weights(last)
    return model


def _pooled(model: keras.Model, x: FloatArray) -> FloatArray:
    trunk = keras.Model(model.inputs, model.get_layer("flatten").output)
    return np.asarray(trunk.predict(x[..., np.newaxis], batch_size=2, verbose=0))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.integrated_gradients",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--types", nargs="+", default=["mfcc", "log_mel", "stft"], help="spectrogram types"
    )
    parser.add_argument("--notes", type=int, help="sample notes; default 4, 12 or 20 by type")
    parser.add_argument("--references", type=int, help="notes whose map error is measured")
    parser.add_argument("--reference-steps", type=int, default=2048, help="default 2048")
    parser.add_argument("--models", default="starter", help="model set (default starter)")
    parser.add_argument("--threads", type=int, default=2, help="of each framework (default 2)")
    parser.add_argument(
        "--method",
        default="riemann_middle",
        choices=("riemann_middle", "gausslegendre"),
        help="Captum's rule; gausslegendre is its own default",
    )
    parser.add_argument("--verbose", action="store_true", help="a line for each explanation")
    return parser.parse_args()


if __name__ == "__main__":
    main()
