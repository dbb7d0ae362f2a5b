"""Family and label: numbers by hand, and what independence and identity must give."""

from __future__ import annotations

import math

import numpy as np
import pytest

from xai_core.datasets.confounding import confounding, explained

FOUR = ["bass", "brass", "flute", "organ"]


def test_independent_by_construction_is_zero() -> None:
    families = [family for family in FOUR for _ in range(6)]
    labels = ["a", "b", "b", "c", "c", "c"] * 4  # the same shares in every family
    found = confounding(families, labels, label="source")
    assert found.information == pytest.approx(0.0, abs=1e-12)
    assert found.guessed == found.chance == 0.25
    assert found.single == ()
    assert (found.n_notes, found.n_values) == (24, 3)


@pytest.mark.parametrize("n_labels", [1, 3])
def test_a_label_that_decides_the_family_is_one(n_labels: int) -> None:
    families = [family for family in FOUR for _ in range(6)]
    labels = [f"{family} {i % n_labels}" for i, family in enumerate(families)]
    found = confounding(families, labels, label="source")
    assert found.information == pytest.approx(1.0)
    assert found.guessed == 1.0
    assert found.chance == 0.25
    assert found.single == (tuple(FOUR) if n_labels == 1 else ())


def test_numbers_by_hand() -> None:
    # source x: 3 bass and 1 flute; source y: 4 flute
    families = ["bass"] * 3 + ["flute"] * 5
    labels = ["x"] * 4 + ["y"] * 4
    found = confounding(families, labels, label="source")
    assert found.guessed == pytest.approx(7 / 8)
    assert found.chance == pytest.approx(5 / 8)
    h_family = -(3 / 8 * math.log(3 / 8) + 5 / 8 * math.log(5 / 8))
    h_given = 0.5 * -(3 / 4 * math.log(3 / 4) + 1 / 4 * math.log(1 / 4))  # y leaves no doubt
    assert found.information == pytest.approx(1 - h_given / h_family)
    assert found.single == ("bass",)
    assert found.sentence == (
        "Knowing the source alone names the family in 88 % of 8 notes (chance by the largest "
        "family 62 %); it holds 57 % of the information on the family."
    )


@pytest.mark.parametrize(
    ("families", "labels"), [(["reed"] * 3, ["a", "b", "b"]), (["reed", "bass"], ["a", "a"])]
)
def test_one_family_or_one_label_tells_nothing(families: list[str], labels: list[str]) -> None:
    found = confounding(families, labels, label="instrument_source")
    assert found.information == 0.0
    assert found.guessed == found.chance


def test_one_label_is_said_to_show_nothing() -> None:
    found = confounding(["reed", "bass"], ["a", "a"], label="instrument_source")
    assert found.single == ()
    assert found.sentence.startswith("All notes have one instrument source")


def test_information_does_not_depend_on_order_or_names() -> None:
    rng = np.random.default_rng(5)
    families = [FOUR[i] for i in rng.integers(0, 4, 200)]
    labels = [f"s{i}" for i in rng.integers(0, 6, 200)]
    one = confounding(families, labels, label="source").information
    order = rng.permutation(200)
    shuffled = confounding(
        [families[i] for i in order], [f"x{labels[i]}" for i in order], label="source"
    )
    assert shuffled.information == pytest.approx(one)
    assert 0.0 < one < 0.15  # by chance alone


# ----------------------------------------------------------------------- give-aways


def test_groups_that_do_not_differ_account_for_nothing() -> None:
    rng = np.random.default_rng(6)
    values = rng.normal(size=1000).tolist()
    groups = [f"g{i}" for i in rng.integers(0, 20, 1000)]
    assert explained(values, groups) < 0.03
    assert explained([1.0] * 6, list("aabbcc")) == 0.0


def test_groups_that_decide_the_value_account_for_all_of_it() -> None:
    assert explained([1, 1, 5, 5, 9, 9], list("aabbcc")) == pytest.approx(1.0)
    assert explained([-math.inf, -math.inf, 0.0, 0.0], list("aabb")) == pytest.approx(1.0)


def test_share_is_that_of_kruskal_and_wallis() -> None:
    values = [2.9, 3.0, 2.5, 2.6, 3.2, 3.8, 2.7, 4.0, 2.4, 2.8, 3.4, 3.7, 2.2, 2.0]
    groups = list("aaaaabbbbccccc")
    # H = 0.7714 in Hollander and Wolfe (1973), p. 116; the effect size is (H - k + 1) / (n - k)
    assert explained(values, groups) == 0.0
    # three pairs, ranks 1 2 | 3 5 | 4 6: H = 12 / 42 * (9 + 64 + 100) / 2 - 21 = 3.714
    assert explained([1, 2, 3, 5, 4, 6], list("aabbcc")) == pytest.approx((26 / 7 - 2) / 3)


def test_share_depends_on_order_alone() -> None:
    rng = np.random.default_rng(7)
    values = rng.normal(size=60) + np.repeat([0.0, 1.0, 2.0], 20)
    groups = [name for name in "abc" for _ in range(20)]
    one = explained(values.tolist(), groups)
    assert 0.2 < one < 0.9
    assert explained(np.exp(5 * values).tolist(), groups) == pytest.approx(one)


@pytest.mark.parametrize(("values", "groups"), [([], []), ([1.0], ["a"]), ([1.0, 2.0], ["a", "b"])])
def test_too_few_notes_account_for_nothing(values: list[float], groups: list[str]) -> None:
    assert explained(values, groups) == 0.0
