"""One metric at a time: rows, and both directions of the divergence that has two."""

from __future__ import annotations

import pytest

from tests.made_pairs import notes_of, pairs_of
from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.paper import PAPER_METRICS
from xai_core.errors import InputError
from xai_core.pair_tables import distances, within

NOTES = notes_of({"bass": 1, "brass": 1}, each=2)
PAIRS = pairs_of(NOTES, lambda a, b, metric: 2.0 if metric == "kl_divergence_reversed" else 1.0)


def test_a_pair_is_one_row_and_two_of_the_directed_divergence() -> None:
    for metric in METRICS:
        found = distances(PAIRS, metric)
        assert len(found) == (12 if metric == "kl_divergence" else 6)
    assert sorted(distances(PAIRS, "kl_divergence")["value"]) == [1.0] * 6 + [2.0] * 6


def test_the_reversed_direction_swaps_notes_instruments_and_families() -> None:
    found = distances(PAIRS, "kl_divergence")
    ahead, back = found[found["value"] == 1.0], found[found["value"] == 2.0]
    for one, other in (("note_a", "note_b"), ("family", "other_family")):
        assert ahead[one].tolist() == back[other].tolist()
        assert ahead[other].tolist() == back[one].tolist()
    assert ahead["instrument_a"].tolist() == back["instrument_b"].tolist()


def test_within_keeps_pairs_of_one_family() -> None:
    assert within(PAIRS)[["note_a", "note_b"]].to_numpy().tolist() == [
        ["bass_0-000", "bass_0-001"],
        ["brass_0-000", "brass_0-001"],
    ]


def test_the_papers_metrics_come_first_and_another_is_refused() -> None:
    assert tuple(METRICS)[: len(PAPER_METRICS)] == PAPER_METRICS
    with pytest.raises(InputError, match="unknown metric 'cosine': choose one of difference_mean"):
        distances(PAIRS, "cosine")


@pytest.mark.parametrize("column", ["emd", "kl_divergence_reversed"])
def test_a_pair_without_a_distance_is_refused(column: str) -> None:
    """What counts weights takes equal neighbours together, and NaN equals nothing."""
    holed = PAIRS.assign(**{column: PAIRS[column].where(PAIRS.index > 1)})
    metric = column.removesuffix("_reversed")
    with pytest.raises(InputError, match=f"a {metric} for each of 6 pairs .* none for 2"):
        distances(holed, metric)
    assert len(distances(holed, "js_divergence")) == 6
