"""Notes per second on the way to training: on the fly, augmented, and from the chunked store.

For each of the six types the same files go four ways to the network's tensor in
single precision: ours from the file (``variants.compute``); that with one augmented copy
more; in batches of 32 from chunks that were made before and are in the system's
memory (``Chunked``, warm); and as a reader would do it with plain librosa,
``librosa.load`` and the librosa calls of ``tests.benchmarks.features``. The
ways that read files take turns note by note, so that other work on the machine
slows all alike. One core: one process, one thread.

Then the chunks of STFT are made with all cores, writing included, and from that
rate follows how long the whole of NSynth takes on 1 to 16 such machines. Notes
do not depend on each other and each machine keeps its own, so n machines are
taken to be n times as fast; that was not measured.

Run it from the top folder: ``python -m tests.benchmarks.throughput``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import joblib
import librosa
import numpy as np
import threadpoolctl
from joblib.externals.loky import get_reusable_executor
from numpy.typing import NDArray

from tests.benchmarks.features import PLAIN
from tests.benchmarks.reporting import conditions, pick_notes, watch_other_work
from xai_core.datasets.notes import NoteRecord
from xai_core.training import spectrograms
from xai_core.training.augment import STANDARD
from xai_core.training.spectrograms import Chunked
from xai_core.training.variants import Recipe, choose_others, compute
from xai_core.values import NOTE_SAMPLES, SAMPLE_RATE, SPECTROGRAM_TYPES

NSYNTH = 289_205  # notes of the training set
MACHINES = (1, 2, 4, 8, 16)
BATCH = 32  # notes
KEPT = 640  # notes in the warm chunks, the samples over and over: 330 MB of STFT with their copies


def main() -> None:
    """Measure each type and print one line for it, then the whole of NSynth."""
    asked = _arguments()
    records = pick_notes(asked.notes)
    with tempfile.TemporaryDirectory() as folder, watch_other_work():
        os.environ["TIMBRELENS_CACHE"] = folder
        print(conditions(("numpy", "scipy", "librosa", "soundfile", "soxr", "joblib")))
        print(f"load average {os.getloadavg()[0]:.1f} at the start; cache on {_disk(folder)}")
        with threadpoolctl.threadpool_limits(1):
            _print_types(records, asked.repeats)
        _print_nsynth(records, asked.build)


def _print_types(records: list[NoteRecord], n_repeats: int) -> None:
    print(f"\nn: {len(records)} sample notes x {n_repeats} times, 4 s each; one core")
    print(
        f"{'notes/s':<18}{'librosa':>10}{'on the fly':>18}{'and 1 augmented':>18}"
        f"{'chunked, warm':>18}{'largest difference':>20}"
    )
    for type in SPECTROGRAM_TYPES:
        rates, difference = _rates(type, records, n_repeats)
        plain = rates.pop("librosa")
        cells = "".join(f"{rate:>10.0f} {rate / plain:>6.1f}x" for rate in rates.values())
        print(f"{type:<18}{plain:>10.0f}{cells}{difference:>20.1e}")
    print(
        "of medians; x: against librosa in the same run. A note and its augmented copy are two\n"
        "spectrograms. Largest difference: on the fly, in half precision, to librosa."
    )


def _rates(type: str, records: list[NoteRecord], n_repeats: int) -> tuple[dict[str, float], float]:
    """Return notes per second of each way, and how far ours is from librosa."""
    others = choose_others(records, [""] * len(records), n_augmented=1, seed=0)
    recipes = [
        Recipe(record, tuple(records[k] for k in chosen), type, STANDARD, 0)
        for record, chosen in zip(records, others, strict=True)
    ]
    ways: dict[str, Callable[[int], NDArray[np.floating]]] = {
        "librosa": lambda k: _by_librosa(records[k], type),
        "live": lambda k: compute(recipes[k], [0]).astype(np.float32),
        "augmented": lambda k: np.concatenate(
            [compute(recipes[k], [variant]) for variant in (0, 1)]  # the file is read for each
        ).astype(np.float32),
    }
    for way in ways.values():
        way(0)  # builds matrices, loads lazy modules
    times: dict[str, list[float]] = {name: [] for name in ways}
    difference = 0.0
    rng = np.random.default_rng(0)
    for _ in range(n_repeats):
        for k in range(len(records)):
            values = {}
            for name in rng.permutation(list(ways)):
                began = time.perf_counter()
                values[name] = ways[name](k)
                times[name].append(time.perf_counter() - began)
            difference = max(difference, float(np.abs(values["live"] - values["librosa"]).max()))
    rates = {name: float(1 / np.median(taken)) for name, taken in times.items()}
    return {**rates, "chunked": _warm(recipes, n_repeats)}, difference


def _warm(recipes: list[Recipe], n_repeats: int) -> float:
    """Return notes per second taken at random from chunks in the system's memory."""
    many = [recipes[k % len(recipes)] for k in range(KEPT)]
    source = Chunked(many, [f"{k} {recipe.record.note}" for k, recipe in enumerate(many)], 2)
    source.prepare()
    rng = np.random.default_rng(0)
    times = []
    for _ in range(4 + 20 * n_repeats):
        variants, notes = rng.integers(0, 2, BATCH), rng.integers(0, KEPT, BATCH)
        began = time.perf_counter()
        source.take(variants, notes).astype(np.float32)
        times.append(time.perf_counter() - began)
    return float(BATCH / np.median(times[4:]))  # the first open and verify the chunks


def _by_librosa(record: NoteRecord, type: str) -> NDArray[np.floating]:
    y, _ = librosa.load(record.path, sr=SAMPLE_RATE, mono=True, duration=NOTE_SAMPLES / SAMPLE_RATE)
    return PLAIN[type](librosa.util.fix_length(y, size=NOTE_SAMPLES)).T


def _print_nsynth(records: list[NoteRecord], n_notes: int) -> None:
    many = [records[k % len(records)] for k in range(n_notes)]
    n_cores = joblib.cpu_count()
    spectrograms.WORTH_WORKERS = 0  # workers, however few the notes
    done: list[tuple[int, float]] = []
    recipes = [Recipe(record, (), "stft", STANDARD, 0) for record in many]
    source = Chunked(recipes, [str(k) for k in range(n_notes)], 1)
    source.prepare(lambda n, total: done.append((n, time.perf_counter())))
    get_reusable_executor().shutdown(wait=True)  # so that its work counts as ours
    skipped = min(2 * n_cores, len(done) // 2) - 1  # chunks made while the workers start
    (n_first, began), (n_last, ended) = done[skipped], done[-1]
    rate = (n_last - n_first) / (ended - began)
    gigabytes = NSYNTH * np.prod(source.shape) * 2 / 1e9
    print(
        f"\nSTFT into chunks, {n_cores} cores: {rate:.0f} notes/s, reading and writing included "
        f"({n_last - n_first} notes)\nNSynth, {NSYNTH:,} notes as recorded, {gigabytes:.0f} GB:"
    )
    for n in MACHINES:
        print(f"  n = {n:>2} machines of {n_cores} cores: {NSYNTH / rate / n / 3600:.2f} h")


def _disk(folder: str) -> str:
    free = os.statvfs(Path(folder))
    return f"a disk with {free.f_bavail * free.f_frsize / 1e9:.0f} GB free"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.throughput",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--notes", type=int, default=60, help="sample notes (default 60)")
    parser.add_argument("--repeats", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--build", type=int, default=1920, help="notes chunked (default 1920)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
