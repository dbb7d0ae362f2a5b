"""How long the statistics of a whole analysis take: ten families, six types, five metrics.

Made distances between made notes: by default 20 notes of seven instruments a
family, all pairs within families and 100 of every two families. Prints the
seconds of each step for one explanation method: 1,000 resamples of the
instruments of each of 300 groups, and a permutation test for each type and
metric. Aim: seconds.

Run it from the top folder: ``python -m tests.benchmarks.statistics``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pandas as pd

from tests.benchmarks.reporting import conditions, watch_other_work
from xai_core.metrics.permutation import N_PERMUTATIONS, families_differ
from xai_core.metrics.statistics import (
    N_RESAMPLES,
    against_the_rest,
    draw_instruments,
    within_against_between,
    within_families,
)
from xai_core.pair_tables import (
    METRIC_COLUMNS,
    PAIR_COLUMNS,
    as_table,
)
from xai_core.values import FAMILIES, SPECTROGRAM_TYPES

N_INSTRUMENTS = 7  # of a family, as many as of most in samples/
T = TypeVar("T")


def made_pairs(n_notes: int, n_between: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return pairs of all types with random distances."""
    family = np.repeat(FAMILIES, n_notes)
    number = np.tile(np.arange(n_notes), len(FAMILIES))
    note = np.char.add(np.char.add(family, "-"), number.astype(str))
    instrument = np.char.add(np.char.add(family, "_"), (number % N_INSTRUMENTS).astype(str))
    a, b = np.triu_indices(note.size, 1)
    kept = (family[a] == family[b]) | (rng.random(a.size) < n_between / n_notes**2)
    a, b = a[kept], b[kept]
    tables = [
        pd.DataFrame(
            {
                "type": type,
                "method": "integrated_gradients",
                "family": family[a],
                "other_family": family[b],
                "note_a": note[a],
                "note_b": note[b],
                "instrument_a": instrument[a],
                "instrument_b": instrument[b],
                "same_instrument": instrument[a] == instrument[b],
                "pitch_distance": 0,
                **{metric: rng.random(a.size) for metric in METRIC_COLUMNS},
            }
        )
        for type in SPECTROGRAM_TYPES
    ]
    return as_table(pd.concat(tables), PAIR_COLUMNS)


def timed(name: str, work: Callable[[], T]) -> T:
    """Print how long some work takes, and return what it gives."""
    began = time.perf_counter()
    result = work()
    print(f"{name:<42}{time.perf_counter() - began:7.2f} s")
    return result


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--notes", type=int, default=20, help="notes of a family")
    parser.add_argument("--between", type=int, default=100, help="pairs of two families, about")
    parser.add_argument("--resamples", type=int, default=N_RESAMPLES)
    parser.add_argument("--permutations", type=int, default=N_PERMUTATIONS)
    asked = parser.parse_args()
    print(conditions(["numpy", "scipy", "pandas", "numba"]))
    rng = np.random.default_rng(0)
    warm = made_pairs(4, 4, rng)
    draws = draw_instruments(warm, rng=rng, n_resamples=2)
    for compiled in (within_families, within_against_between, against_the_rest):
        compiled(warm, draws)
    pairs = made_pairs(asked.notes, asked.between, rng)
    print(f"{len(pairs):,} pairs, {asked.resamples:,} resamples\n")
    with watch_other_work():
        draws = timed(
            "draws of instruments",
            lambda: draw_instruments(pairs, rng=rng, n_resamples=asked.resamples),
        )
        timed("quartiles within families, with intervals", lambda: within_families(pairs, draws))
        timed("between families against within", lambda: within_against_between(pairs, draws))
        timed("each family against all others", lambda: against_the_rest(pairs, draws))
        timed(
            f"permutation tests, {asked.permutations:,} shuffles",
            lambda: families_differ(pairs, rng=rng, n_permutations=asked.permutations),
        )


if __name__ == "__main__":
    main()
