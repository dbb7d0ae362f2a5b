"""Verdicts on made notes and made scores for which the answer is known."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.made_pairs import METHOD, Note, levels, notes_of, pairs_of
from xai_core.metrics.statistics import against_the_rest, draw_instruments, within_families
from xai_core.replication.claims import Verdict, read_claims
from xai_core.replication.evidence import Evidence, Quantity, gather_evidence
from xai_core.replication.judging import judge
from xai_core.scores import Score
from xai_core.values import FAMILIES, SPECTROGRAM_TYPES

LEVEL = {family: 0.05 * (1 + k) for k, family in enumerate(FAMILIES)}  # bass lowest, vocal highest
N = 100


def _evidence(
    level: Mapping[str, float] = LEVEL,
    *,
    counts: Mapping[str, int] | None = None,
    precision: Mapping[str, Mapping[str, Score]] | None = None,
    accuracy: Mapping[str, Score] | None = None,
) -> Evidence:
    notes = notes_of(counts or dict.fromkeys(level, 3), each=2)
    pairs = pairs_of(notes, levels(level))
    rng = np.random.default_rng(0)
    draws = draw_instruments(pairs, rng=rng, n_resamples=N)
    return gather_evidence(
        within_families(pairs, draws),
        method=METHOD,
        precision=precision or {},
        accuracy=accuracy or {},
        rng=rng,
        effects=against_the_rest(pairs, draws) if level is LEVEL else None,
    )


@cache
def _plain() -> Evidence:
    return _evidence(LEVEL)


def _verdict(
    tmp_path: Path,
    evidence: Evidence,
    relation: str,
    families: str,
    *,
    metric: str = "emd",
    type: str = "mfcc",
) -> Verdict:
    path = tmp_path / "claims.csv"
    heading = "id,section,type,metric,relation,families,claim"
    path.write_text(f"{heading}\nZ1,1,{type},{metric},{relation},{families},said\n")
    (claim,) = read_claims(path)
    return judge(claim, evidence)


@pytest.mark.parametrize(
    ("relation", "families", "outcome"),
    [
        ("lowest", "bass", "holds"),
        ("lowest", "bass;brass", "holds"),
        ("lowest", "guitar", "does not hold"),
        ("lowest", "bass;guitar", "does not hold"),
        ("highest", "vocal", "holds"),
        ("highest", "bass", "does not hold"),
        ("above the others", "vocal", "holds"),
        ("low", "flute", "holds"),
        ("low", "guitar", "does not hold"),
        ("middle", "guitar;organ", "holds"),
        ("middle", "reed", "does not hold"),
        ("high", "reed;string", "holds"),
        ("consistent (low)", "bass;brass", "holds"),
        ("variable (high)", "bass", "does not hold"),
    ],
)
def test_families_that_are_well_apart_are_decided(
    tmp_path: Path, relation: str, families: str, outcome: str
) -> None:
    metric = "all" if "(" in relation else "emd"
    found = _verdict(tmp_path, _plain(), relation, families, metric=metric)
    assert found.outcome == outcome
    assert found.share == (1.0 if outcome == "holds" else 0.0)
    assert found.as_measured == (outcome == "holds")
    assert found.reason == ""


def test_what_is_near_is_not_refuted(tmp_path: Path) -> None:
    """Brass is second lowest in every resample: not lowest, and not far from it."""
    for families in ("brass", "bass;flute", "brass;flute"):
        found = _verdict(tmp_path, _plain(), "lowest", families)
        assert (found.outcome, found.share, found.as_measured) == ("not decidable", 0.0, False)
        assert found.reason == "does not hold as measured, holds in 0 % of the resamples"


def test_numbers_in_random_order_refute_nothing_and_prove_nothing(tmp_path: Path) -> None:
    """Families that differ by chance alone: claims are met as often as chance says."""
    rng = np.random.default_rng(7)
    notes = notes_of(dict.fromkeys(FAMILIES, 4), each=2)
    pairs = pairs_of(notes, lambda a, b, metric: float(rng.random()))
    draws = draw_instruments(pairs, rng=rng, n_resamples=N)
    evidence = gather_evidence(
        within_families(pairs, draws), method=METHOD, precision={}, accuracy={}, rng=rng
    )
    for relation, families in (("lowest", "bass"), ("high", "flute;organ"), ("middle", "reed")):
        found = [
            _verdict(tmp_path, evidence, relation, families, metric=metric)
            for metric in ("difference_mean", "kl_divergence", "js_divergence")
        ]
        assert "holds" not in {verdict.outcome for verdict in found}
        assert "not decidable" in {verdict.outcome for verdict in found}


def test_chance_is_counted_from_the_ways_to_order_ten_families(tmp_path: Path) -> None:
    def chance(relation: str, families: str, **claim: str) -> float | None:
        return _verdict(tmp_path, _plain(), relation, families, **claim).chance

    assert chance("lowest", "bass") == pytest.approx(1 / 10, abs=0.015)
    assert chance("lowest", "bass;brass") == pytest.approx(1 / 45, abs=0.008)
    assert chance("high", "flute") == pytest.approx(3 / 10, abs=0.025)
    assert chance("middle", "bass;reed") == pytest.approx(4 * 3 / 90, abs=0.02)
    assert chance("highest and wide", "reed") == pytest.approx(0.03, abs=0.01)
    assert chance("best types for", "reed", metric="precision", type="stft;mfcc") == pytest.approx(
        1 / 15, abs=0.015
    )
    assert chance("median in 0.4..0.6", "most") is None
    assert chance("value=0.62", "all", metric="accuracy") is None


def test_the_numbers_of_a_verdict() -> None:
    (claim,) = [claim for claim in read_claims() if claim.id == "M9"]  # bass highest EMD
    bass, between_values = judge(claim, _plain()).numbers
    assert (bass.what, bass.type, bass.family) == ("median on the plane", "mfcc", "bass")
    assert between_values.what == "median between values"
    assert bass.value == pytest.approx(0.05, rel=0.01)
    assert bass.low is not None
    assert bass.high is not None
    assert bass.low <= bass.value <= bass.high
    assert (bass.rank, bass.of) == (10, 10)
    assert bass.effect == -1.0  # all its distances below all of the others


def _medians_of_all_draws() -> np.ndarray:
    """Return the median pair of every draw of four instruments k of two notes, k + k' tenths."""
    medians = []
    for draw in itertools.product(range(4), repeat=4):
        notes = [(k, turn) for turn, k in enumerate(draw) for _ in range(2)]
        pairs = itertools.combinations(notes, 2)
        medians.append(np.median([0.1 * (a + b) for (a, i), (b, j) in pairs if a != b or i == j]))
    return np.array(medians)


def test_instruments_that_disagree_leave_a_claim_undecided(tmp_path: Path) -> None:
    """Bass and brass have the same four instruments: which is lower is a toss, ties to bass."""
    notes = notes_of(FAMILIES, each=2)

    def distance(a: Note, b: Note, metric: str) -> float:
        if a[0] not in ("bass", "brass"):
            return 5.0
        tenths = 0.1 * (int(a[1][-1]) + int(b[1][-1]))  # by the number of the instrument
        return tenths + (0.001 if a[0] == "brass" else 0.0)

    pairs = pairs_of(notes, distance)
    rng = np.random.default_rng(0)
    quartiles = within_families(pairs, draw_instruments(pairs, rng=rng, n_resamples=1000))
    evidence = gather_evidence(quartiles, method=METHOD, precision={}, accuracy={}, rng=rng)
    found = _verdict(tmp_path, evidence, "lowest", "bass")
    assert found.outcome == "not decidable"
    assert found.as_measured is True
    medians = _medians_of_all_draws()
    ties_to_bass = np.mean(medians[:, None] < medians + 0.001)
    assert ties_to_bass == pytest.approx(0.66, abs=0.001)
    assert found.share == pytest.approx(ties_to_bass, abs=0.05)
    assert found.reason == f"holds as measured, holds in {100 * found.share:.0f} % of the resamples"
    assert _verdict(tmp_path, evidence, "lowest", "bass;brass").outcome == "holds"


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    nine = {family: LEVEL[family] for family in FAMILIES if family != "organ"}
    found = _verdict(tmp_path, _evidence(nine), "lowest", "bass")
    assert (found.outcome, found.share) == ("not decidable", None)
    assert found.reason == "no pairs within organ on mfcc"
    assert [number.of for number in found.numbers] == [9, 9]  # on the plane, between values
    other = _verdict(tmp_path, _plain(), "lowest", "bass", type="stft")
    assert (other.reason, other.numbers) == ("no pairs on stft", ())


def test_a_single_instrument_proves_nothing(tmp_path: Path) -> None:
    counts = {**dict.fromkeys(FAMILIES, 3), "bass": 1}
    found = _verdict(tmp_path, _evidence(counts=counts), "lowest", "bass")
    assert found.outcome == "not decidable"
    assert found.reason == "too few instruments for an interval: pairs within bass on mfcc"
    assert found.numbers[0].low is None
    assert _verdict(tmp_path, _evidence(counts=counts), "highest", "vocal").outcome == "holds"


def test_most_resamples_must_keep_a_pair(tmp_path: Path) -> None:
    """Two instruments of one note: half of all draws of a family leave none, of ten most."""
    notes = notes_of(dict.fromkeys(FAMILIES, 2), each=1)
    pairs = pairs_of(notes, levels(LEVEL))
    rng = np.random.default_rng(0)
    quartiles = within_families(pairs, draw_instruments(pairs, rng=rng, n_resamples=N))
    evidence = gather_evidence(quartiles, method=METHOD, precision={}, accuracy={}, rng=rng)
    found = _verdict(tmp_path, evidence, "lowest", "bass")
    assert found.outcome == "not decidable"
    assert found.reason == "most resamples leave a family without two notes"


def test_spread_is_the_range_between_quartiles(tmp_path: Path) -> None:
    wide = dict.fromkeys(FAMILIES, 0.01)
    wide["string"] = 0.5

    rng = np.random.default_rng(1)

    def distance(a: Note, b: Note, metric: str) -> float:
        return float(1.0 + wide[a[0]] * rng.random()) if a[0] == b[0] else 9.0

    pairs = pairs_of(notes_of(FAMILIES, each=4), distance)
    draws = draw_instruments(pairs, rng=rng, n_resamples=N)
    evidence = gather_evidence(
        within_families(pairs, draws), method=METHOD, precision={}, accuracy={}, rng=rng
    )
    found = _verdict(tmp_path, evidence, "wide", "string")
    assert found.outcome == "holds"
    assert found.numbers[0].what == "interquartile range on the plane"
    assert found.numbers[0].value == pytest.approx(0.25, abs=0.08)  # of a uniform of width 1/2
    both = _verdict(tmp_path, evidence, "highest and wide", "string")
    assert both.outcome == "holds"
    assert [number.what for number in both.numbers[:2]] == [
        "median on the plane",
        "interquartile range on the plane",
    ]


def test_a_range_of_js_is_decided_only_where_all_units_agree(tmp_path: Path) -> None:
    def said(level: float) -> Verdict:
        evidence = _evidence(dict.fromkeys(FAMILIES, level))
        return _verdict(tmp_path, evidence, "median in 0.4..0.6", "most", metric="js_divergence")

    # 0.3 nats are 0.43 bits, and their roots are 0.55 and 0.66
    found = said(0.3)
    assert found.outcome == "not decidable"
    assert "in nats: does not hold; in bits: holds" in found.reason
    assert [number.value for number in found.numbers] == [0.0, 10.0, 10.0, 0.0]
    assert found.numbers[1].what == "families inside, in bits"
    assert said(0.01).outcome == "does not hold"  # 0.1 and 0.12 at the most
    assert said(0.01).chance is None
    emd = _verdict(tmp_path, _evidence(dict.fromkeys(FAMILIES, 0.5)), "median in 0.4..0.6", "most")
    assert emd.outcome == "holds"


def test_an_earth_movers_distance_is_decided_only_where_both_agree(tmp_path: Path) -> None:
    level = levels(LEVEL)

    def distance(a: Note, b: Note, metric: str) -> float:  # between values the order is turned
        return 1.0 - level(a, b, metric) if metric == "emd_values" else level(a, b, metric)

    pairs = pairs_of(notes_of(FAMILIES, each=2), distance)
    rng = np.random.default_rng(0)
    quartiles = within_families(pairs, draw_instruments(pairs, rng=rng, n_resamples=N))
    evidence = gather_evidence(quartiles, method=METHOD, precision={}, accuracy={}, rng=rng)
    found = _verdict(tmp_path, evidence, "lowest", "bass")
    assert found.outcome == "not decidable"
    assert found.as_measured is True
    assert found.reason == (
        "the paper does not say which distance (on the plane: holds; between values: does not hold)"
    )
    assert [number.rank for number in found.numbers] == [10, 1]


def _scores(values: Mapping[str, float], half_width: float = 0.02) -> dict[str, Score]:
    return {name: Score(v, v - half_width, v + half_width) for name, v in values.items()}


def _of_all_types(high: Mapping[str, float]) -> dict[str, dict[str, Score]]:
    return {
        type: _scores({family: high.get(type, 0.3) + 0.01 * k for k, family in enumerate(FAMILIES)})
        for type in SPECTROGRAM_TYPES
    }


def test_precision_is_ranked_among_families_and_types(tmp_path: Path) -> None:
    evidence = _evidence(precision=_of_all_types({"mfcc": 0.8, "log_mel": 0.6, "tonnetz": 0.05}))

    def outcome(relation: str, families: str, type: str) -> str:
        return _verdict(
            tmp_path, evidence, relation, families, metric="precision", type=type
        ).outcome

    assert outcome("best type for", "vocal", "mfcc") == "holds"
    assert outcome("best types for", "reed", "mfcc;log_mel") == "holds"
    assert outcome("best type for", "vocal", "log_mel") == "not decidable"  # second is near
    assert outcome("best type for", "vocal", "tonnetz") == "does not hold"
    assert outcome("lower than mfcc", "brass;reed", "stft") == "holds"
    assert outcome("lower than stft", "brass;reed", "mfcc") == "does not hold"
    assert outcome("decent", "vocal", "mfcc") == "holds"
    assert outcome("high", "bass", "mfcc") == "does not hold"
    assert outcome("highest", "vocal", "mfcc") == "not decidable"  # 0.01 ahead, 0.02 unsure
    assert outcome("high on most; top", "bass", "mfcc") == "does not hold"


def test_accuracy_is_met_to_within_five_points(tmp_path: Path) -> None:
    values = dict.fromkeys(SPECTROGRAM_TYPES, 0.5) | {"mfcc": 0.64}
    evidence = _evidence(accuracy=_scores(values))

    def outcome(relation: str) -> str:
        found = _verdict(tmp_path, evidence, relation, "all", metric="accuracy")
        assert found.numbers[0].what == "accuracy"
        assert found.numbers[0].family == ""
        return found.outcome

    assert outcome("value=0.62") == "holds"
    assert outcome("value=0.62 and highest of the types") == "holds"
    assert outcome("value=0.8") == "does not hold"
    assert outcome("value=0.59") == "not decidable"  # exactly five points off


def test_a_score_without_an_interval_decides_nothing(tmp_path: Path) -> None:
    bare = {"mfcc": {family: Score(0.1 * k) for k, family in enumerate(FAMILIES)}}
    found = _verdict(tmp_path, _evidence(precision=bare), "highest", "vocal", metric="precision")
    assert found.outcome == "not decidable"
    assert found.reason == "too few instruments for an interval: precision of vocal on mfcc"


def test_resampled_scores_have_the_interval_of_the_card() -> None:
    precision = {"mfcc": {"bass": Score(0.5, 0.3, 0.6)}}
    evidence = gather_evidence(
        within_families(
            pairs := pairs_of(notes_of(["bass"]), levels(LEVEL)),
            draw_instruments(pairs, rng=np.random.default_rng(0), n_resamples=20_000),
        ),
        method=METHOD,
        precision=precision,
        accuracy={},
        rng=np.random.default_rng(0),
    )
    drawn = evidence.scores["precision"].resamples[:, SPECTROGRAM_TYPES.index("mfcc"), 0]
    found = np.quantile(drawn, [0.025, 0.5, 0.975])
    np.testing.assert_allclose(found, [0.3, 0.5, 0.6], atol=0.01)


def test_all_sixty_two_are_judged_on_a_small_analysis() -> None:
    evidence = _plain()
    verdicts = [judge(claim, evidence) for claim in read_claims()]
    assert len(verdicts) == 62
    decided = [v for v in verdicts if v.outcome != "not decidable"]
    assert {v.claim.types for v in decided} == {("mfcc",)}
    assert all(v.reason for v in verdicts if v.outcome == "not decidable")
    assert all(isinstance(q, Quantity) for q in evidence.medians.values())
