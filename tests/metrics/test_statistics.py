"""Distances within and between families: counts, medians, effects, known answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.made_pairs import Note, levels, notes_of, pairs_of
from xai_core.metrics.statistics import (
    against_the_rest,
    draw_instruments,
    within_against_between,
    within_families,
)

GENERATOR = np.random.default_rng


def _group(table: pd.DataFrame, family: str, metric: str = "emd") -> pd.Series:
    found = table[(table["family"] == family) & (table["metric"] == metric)]
    assert len(found) == 1
    return found.iloc[0]


def test_counts_and_quartiles_of_a_family() -> None:
    notes = notes_of({"bass": 2, "vocal": 1}, each=2)  # bass: six pairs

    def distance(a: Note, b: Note, metric: str) -> float:
        return float(a[1] != b[1]) + (10.0 if metric == "kl_divergence_reversed" else 0.0)

    pairs = pairs_of(notes, distance)
    found = within_families(pairs, draw_instruments(pairs, rng=GENERATOR(0))).table()
    bass = _group(found, "bass")
    assert (bass["n_notes"], bass["n_instruments"], bass["n_pairs"]) == (4, 2, 6)
    assert (bass["q1"], bass["median"], bass["q3"]) == (0.25, 1.0, 1.0)  # of 0 0 1 1 1 1
    kl = _group(found, "bass", "kl_divergence")  # 0 0 1 1 1 1 and 10 10 11 11 11 11
    assert kl["n_pairs"] == 6
    assert kl["median"] == 5.5
    vocal = _group(found, "vocal")
    assert vocal["median"] == 0.0
    assert np.isnan([vocal["median_low"], vocal["median_high"]]).all()  # one instrument


def test_resamples_without_a_pair_are_counted() -> None:
    pairs = pairs_of(notes_of({"bass": 2}, each=1), lambda a, b, metric: 1.0)
    table = within_families(pairs, draw_instruments(pairs, rng=GENERATOR(0))).table()
    left_out = _group(table, "bass")["n_left_out"]
    assert left_out == pytest.approx(500, abs=80)  # half the draws are one note twice; 5 sigma


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    # each instrument has an offset; a distance is the mean of two offsets, so the
    # median of the distances between instruments is that of their distribution, 0
    covered = 0
    for seed in range(60):
        rng = GENERATOR(seed)
        offsets = {f"bass_{k}": rng.normal() for k in range(12)}
        pairs = pairs_of(
            notes_of({"bass": 12}, each=2),
            lambda a, b, metric, offsets=offsets: (offsets[a[1]] + offsets[b[1]]) / 2,
        )
        draws = draw_instruments(pairs, rng=rng, n_resamples=150)
        bass = _group(within_families(pairs, draws).table(), "bass")
        covered += bass["median_low"] <= 0.0 <= bass["median_high"]
    assert 49 <= covered <= 60  # 95 % of 60 is 57; five of pairs drawn alone would miss


def test_families_apart_from_all_others_have_delta_one() -> None:
    level = {"bass": 1.0, "brass": 2.0, "vocal": 4.0}
    pairs = pairs_of(notes_of(list(level)), levels(level, between=9.0))
    draws = draw_instruments(pairs, rng=GENERATOR(0), n_resamples=200)
    apart = within_against_between(pairs, draws)
    for family, middle in level.items():
        row = _group(apart, family)
        assert row["delta"] == row["delta_low"] == row["delta_high"] == 1.0
        assert row["difference"] == pytest.approx(9.0 - middle, abs=0.05)
        assert row["difference_low"] <= row["difference"] <= row["difference_high"]
        assert (row["n_pairs"], row["n_other_pairs"]) == (66, 288)  # 12 over 2; 12 x 24
    rest = against_the_rest(pairs, draws)
    assert [_group(rest, family)["delta"] for family in level] == [-1.0, 0.0, 1.0]


def test_families_that_are_alike_have_delta_near_zero() -> None:
    rng = GENERATOR(0)
    pairs = pairs_of(notes_of(["bass", "reed"]), lambda a, b, metric: rng.random())
    draws = draw_instruments(pairs, rng=rng, n_resamples=200)
    row = _group(within_against_between(pairs, draws), "bass")
    assert row["delta_low"] < 0.0 < row["delta_high"]
    # standard error sqrt((n + m + 1) / (3 n m)) with 66 and 144 pairs: 0.086
    assert abs(row["delta"]) < 0.35


def test_one_family_is_compared_with_nothing() -> None:
    pairs = pairs_of(notes_of(["bass"]), lambda a, b, metric: 1.0)
    draws = draw_instruments(pairs, rng=GENERATOR(0), n_resamples=2)
    assert within_against_between(pairs, draws).empty
    assert against_the_rest(pairs, draws).empty


def test_the_seed_decides_and_types_stand_in_order() -> None:
    notes = notes_of(["bass"])
    pairs = pd.concat(
        pairs_of(notes, levels({"bass": 1.0}), type=type) for type in ("tonnetz", "stft")
    )
    first, again, other = (
        within_families(pairs, draw_instruments(pairs, rng=GENERATOR(seed), n_resamples=50)).table()
        for seed in (0, 0, 1)
    )
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)
    assert first["type"].drop_duplicates().tolist() == ["stft", "tonnetz"]
