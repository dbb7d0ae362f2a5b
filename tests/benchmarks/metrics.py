"""All pairs of 50 real heatmaps: `pairwise` against loops over scipy and POT.

Explains 50 of the sample notes on log-mel (Integrated Gradients, preset
``default``, each by the model of its own family; results come from the cache
the second time), then times ``pairwise`` and the peer's loop in turn:

- KL: ``scipy.stats.entropy`` of the smoothed maps, both orders of every pair;
- JS: ``scipy.spatial.distance.jensenshannon`` squared, every pair;
- Difference Mean: ``numpy.mean(numpy.abs(a - b))``, every pair;
- EMD: POT's dense solver ``ot.emd2`` on the pooled 32 x 32 maps, cost matrix
  made beforehand. It takes minutes for all 1,225 pairs, so a random part of
  them is timed, the same part is compared, and the time is scaled up: said so.

``--memory 2000`` measures instead the memory that ``pairwise`` takes for so many
maps of the size of STFT, given in single precision, for each metric: each in a
process of its own, until a few blocks are done, since the last ones take no more
than the first.

Last, how the time of ``pairwise`` grows with the number of maps and, for EMD,
with the bins of an axis.

Run it from the top folder: ``python -m tests.benchmarks.metrics``.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import ot
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from tests.benchmarks.reporting import conditions, pick_notes, watch_other_work
from xai_core import explain
from xai_core.metrics import METRICS, pairwise
from xai_core.metrics.binwise import EPSILON, smoothed
from xai_core.metrics.transport import least_cost, pool, whole_units

STFT_SHAPE = (126, 1025)
ENOUGH_PAIRS = 10_000
AIMS = {"kl_divergence": 20.0, "js_divergence": 5.0, "emd": 20.0}

Map = np.ndarray[Any, Any]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def _exactly_one(values: Map) -> Map:
    """Return a heatmap in double precision that sums to 1, so that all start from one input."""
    doubled = np.asarray(values, np.float64)
    return doubled / doubled.sum()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--maps", type=int, default=50, help="heatmaps compared")
    parser.add_argument("--emd-pairs", type=int, default=60, help="pairs that POT is timed on")
    parser.add_argument("--growth", type=int, default=200, help="most maps in the table of growth")
    parser.add_argument("--memory", type=int, default=0, help="STFT maps; memory instead of time")
    parser.add_argument("--metric", help="with --memory: in this process, this metric alone")
    options = parser.parse_args()
    if options.memory:
        _memory(options.memory, options.metric)
        return

    print(conditions(["numpy", "scipy", "numba", "POT"]))
    print(f"load average {os.getloadavg()[0]:.1f} at the start", flush=True)
    explained = [
        explain(record.path, type="log_mel", family=record.family)
        for record in pick_notes(options.maps)
    ]
    raw = [one.attribution.values for one in explained]
    maps = [_exactly_one(one.heatmap.values) for one in explained]
    pairs = list(itertools.combinations(range(len(maps)), 2))
    print(f"n: {len(maps)} heatmaps of {maps[0].shape}, {len(pairs)} pairs\n")
    print(f"{'metric':<17}{'pairwise s':>11}{'loop s':>9}{'ratio':>9}  largest difference")
    with watch_other_work():
        pairwise(maps[:2], "emd")  # compiled, or loaded from Numba's cache
        pairwise(maps[:2], "js_divergence")
        _compare("difference_mean", raw, pairs, lambda a, b: float(np.mean(np.abs(a - b))))
        both = [*pairs, *((j, i) for i, j in pairs)]
        soft = [smoothed(one, EPSILON).ravel() for one in maps]
        _compare("kl_divergence", maps, both, lambda p, q: float(entropy(p, q)), given=soft)
        flat = [one.ravel() for one in maps]
        _compare(
            "js_divergence", maps, pairs, lambda p, q: float(jensenshannon(p, q)) ** 2, given=flat
        )
        _compare_emd(maps, pairs, options.emd_pairs)
        _growth(maps, options.growth)


def _compare(
    metric: str,
    maps: list[Map],
    pairs: list[tuple[int, int]],
    peer: Callable[[Any, Any], float],
    *,
    given: list[Map] | None = None,
) -> None:
    inputs = maps if given is None else given
    ours, theirs = [], []
    for _ in range(3):
        took, matrix = timed(lambda: pairwise(maps, metric))
        ours.append(took)
        took, values = timed(lambda: [peer(inputs[i], inputs[j]) for i, j in pairs])
        theirs.append(took)
    found = np.array([matrix[i, j] for i, j in pairs])
    _line(metric, float(np.median(ours)), float(np.median(theirs)), found, np.array(values))


def _compare_emd(maps: list[Map], pairs: list[tuple[int, int]], count: int) -> None:
    pooled = [pool(one) for one in maps]
    n_rows, n_cols = pooled[0].shape
    row, col = np.divmod(np.arange(n_rows * n_cols), n_cols)
    points = np.stack([row / (n_rows - 1), col / (n_cols - 1)], axis=1)
    cost = ot.dist(points, points, metric="cityblock")
    part = [pairs[k] for k in np.random.default_rng(0).permutation(len(pairs))[:count]]
    ours = float(np.median([timed(lambda: pairwise(maps, "emd"))[0] for _ in range(3)]))
    matrix = pairwise(maps, "emd")
    took, values = timed(
        lambda: [
            ot.emd2(pooled[i].ravel(), pooled[j].ravel(), cost, numItermax=10**7) for i, j in part
        ]
    )
    scaled = took * len(pairs) / len(part)
    _line("emd", ours, scaled, np.array([matrix[i, j] for i, j in part]), np.array(values))
    print(f"{'':<17}POT: {1000 * took / len(part):.0f} ms a pair, from {len(part)} pairs")


def _line(metric: str, ours: float, theirs: float, found: Map, values: Map) -> None:
    ratio = theirs / ours
    aim = AIMS.get(metric)
    said = "" if aim is None else f"  aim {aim:.0f}x {'reached' if ratio >= aim else 'MISSED'}"
    difference = float(np.max(np.abs(found - values)))
    print(f"{metric:<17}{ours:>11.3f}{theirs:>9.2f}{ratio:>8.1f}x  {difference:.1e}{said}")


def _growth(maps: list[Map], most: int) -> None:
    print("\ntime of pairwise, s, by number of maps (of more than there are, mixed by twos)")
    counts = (most // 8, most // 4, most // 2, most)
    rng = np.random.default_rng(0)
    while len(maps) < max(counts):
        i, j = rng.integers(len(maps), size=2)
        maps = [*maps, _exactly_one(0.5 * maps[i] + np.roll(maps[j], 5, axis=1))]
    print(f"{'':<17}" + "".join(f"{count:>9}" for count in counts))
    for metric in ("difference_mean", "kl_divergence", "js_divergence", "emd", "emd_values"):
        times = [timed(partial(pairwise, maps[:count], metric))[0] for count in counts]
        print(f"{metric:<17}" + "".join(f"{one:>9.2f}" for one in times))
    print("\nms of one EMD by bins of an axis")
    for max_bins in (8, 16, 32, 64):
        pooled = [pool(one, max_bins=max_bins) for one in maps[:12]]
        units = [whole_units(one) for one in pooled]
        took = [
            timed(partial(least_cost, units[i] - units[j], *pooled[0].shape))[0]
            for i, j in itertools.combinations(range(len(units)), 2)
        ]
        print(
            f"  {len(pooled[0]):>3} x {pooled[0].shape[1]:<3} {1000 * float(np.median(took)):8.2f}"
        )


def _memory(n: int, metric: str | None) -> None:
    if metric is None:
        print(conditions(["numpy", "scipy", "numba"]))
        print(f"n: {n} maps of {STFT_SHAPE}, {n * np.prod(STFT_SHAPE) * 4 / 1e9:.2f} GB as given")
        for name in METRICS:
            words = ["--memory", str(n), "--metric", name]
            subprocess.run([sys.executable, "-m", "tests.benchmarks.metrics", *words], check=True)
        return
    maps = np.random.default_rng(0).random((n, *STFT_SHAPE), np.float32)
    before = _peak()

    def enough(done: int, total: int) -> None:
        if done >= min(total, ENOUGH_PAIRS):
            raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        pairwise(maps, metric, progress=enough)
    print(f"{metric:<17}peak of the process {_peak():5.2f} GB, {before:5.2f} GB before", flush=True)


def _peak() -> float:
    """Return the most memory that this process has held, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


if __name__ == "__main__":
    main()
