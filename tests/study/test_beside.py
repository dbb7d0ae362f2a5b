"""What stands beside an analysis: correlations with null maps, and medians in one unit."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from tests.made_pairs import Note, analysis_of, notes_of, pairs_of
from xai_core.catalogue.metrics import METRICS
from xai_core.errors import InputError
from xai_core.pair_tables import PAIR_COLUMNS, Analysis, as_table
from xai_core.study import beside as module
from xai_core.study.beside import (
    BesideTables,
    analyse_beside,
    beside_tables,
    correlation_of_pairs,
    joined,
    usual_methods,
    values_of,
)

FAMILIES = ("bass", "flute", "organ")
NOTES = notes_of(FAMILIES, each=2)


def at(notes: list[Note], seed: int, *, family: float = 0.0) -> dict[str, np.ndarray]:
    """Return a place for each note; families lie `family` apart."""
    rng = np.random.default_rng(seed)
    return {
        note[2]: rng.random(2) + family * FAMILIES.index(note[0]) * np.array([1.0, 0.0])
        for note in notes
    }


def pairs_at(places: dict[str, np.ndarray], *, scale: float = 1.0) -> pd.DataFrame:
    def distance(a: Note, b: Note, metric: str) -> float:
        return scale * float(np.linalg.norm(places[a[2]] - places[b[2]]))

    return pairs_of(NOTES, distance)


def with_beside(pairs: pd.DataFrame, view: str = "absolute", **others: pd.DataFrame) -> Analysis:
    tables = [
        table.assign(maps=maps, view=view if maps == "random" else "absolute")
        for maps, table in others.items()
    ]
    made = analysis_of(pairs)
    return Analysis(made.pairs, made.notes, made.settings, beside=pd.concat(tables))


def tables(analysis: Analysis, *, n_permutations: int = 19) -> BesideTables:
    rng = np.random.default_rng(0)
    return beside_tables(analysis, rng=rng, n_resamples=60, n_permutations=n_permutations)


def of(found: pd.DataFrame, **chosen: str) -> pd.DataFrame:
    for name, value in chosen.items():
        found = found[found[name] == value]
    return found


def test_a_study_beside_itself_has_correlation_1_and_no_differences() -> None:
    pairs = pairs_at(at(NOTES, 0))
    found = tables(with_beside(pairs, random=pairs_at(at(NOTES, 0), scale=7.0)))
    assert len(found.mantel) == len(METRICS)
    rows = found.mantel
    np.testing.assert_allclose(rows["correlation"], 1.0)
    np.testing.assert_allclose(rows[["correlation_low", "correlation_high"]], 1.0)
    np.testing.assert_allclose(rows["p"], 1 / 20)
    np.testing.assert_allclose(rows["families_beyond"], 0.0, atol=1e-9)  # nothing is left
    assert set(found.medians["family"]) == set(FAMILIES)
    np.testing.assert_allclose(found.medians["model"], found.medians["null"])  # another unit
    np.testing.assert_allclose(
        found.medians[["difference", "difference_low", "difference_high"]], 0.0, atol=1e-12
    )


def test_unrelated_maps_have_correlations_near_0() -> None:
    found = tables(with_beside(pairs_at(at(NOTES, 0)), random=pairs_at(at(NOTES, 1))))
    row = of(found.mantel, metric="emd").iloc[0]
    assert abs(row["correlation"]) < 0.3  # 24 notes
    assert row["correlation_low"] < row["correlation"] < row["correlation_high"]
    assert row["p"] > 0.05
    assert (row["n_notes"], row["n_pairs"]) == (24, 276)


def test_the_correlation_is_spearmans_over_the_pairs_that_both_have() -> None:
    a, b = pairs_at(at(NOTES, 0)), pairs_at(at(NOTES, 1))
    some = b.sample(frac=0.7, random_state=0)  # in another order
    left, right = joined(a, some)
    assert len(left) == len(right) == len(some)
    assert left[["note_a", "note_b"]].equals(right[["note_a", "note_b"]])
    expected = spearmanr(left["emd"], right["emd"]).statistic
    assert correlation_of_pairs(left, right, "emd") == pytest.approx(expected)
    found = tables(with_beside(a, random=some))
    assert of(found.mantel, metric="emd")["correlation"].iloc[0] == pytest.approx(expected)
    assert np.isnan(correlation_of_pairs(left[:3], right[:3], "emd"))


def test_the_distance_of_a_metric_with_two_directions_is_their_mean() -> None:
    pairs = pairs_at(at(NOTES, 0))
    pairs["kl_divergence_reversed"] = 3 * pairs["kl_divergence"]
    np.testing.assert_allclose(values_of(pairs, "kl_divergence"), 2 * pairs["kl_divergence"])
    np.testing.assert_allclose(values_of(pairs, "emd"), pairs["emd"])


def test_what_families_explain_beyond_the_null() -> None:
    """Families lie apart in the models' maps; so they do in the null maps, or they do not."""
    notes = at(NOTES, 0)
    apart = at(NOTES, 2, family=3.0)
    same = {name: apart[name] + 0.05 * notes[name] for name in apart}
    beyond = of(tables(with_beside(pairs_at(apart), random=pairs_at(notes))).mantel, metric="emd")
    owed = of(tables(with_beside(pairs_at(apart), random=pairs_at(same))).mantel, metric="emd")
    assert beyond["families"].iloc[0] == owed["families"].iloc[0] > 0.7
    assert beyond["families_beyond"].iloc[0] > 0.7
    assert beyond["families_beyond_p"].iloc[0] == pytest.approx(1 / 20)
    assert abs(owed["families_beyond"].iloc[0]) < 0.3


def test_without_pairs_between_families_nothing_is_said_of_them() -> None:
    pairs = pairs_at(at(NOTES, 0))
    inside = pairs[pairs["family"] == pairs["other_family"]]
    found = tables(with_beside(inside, random=inside)).mantel
    np.testing.assert_allclose(found["correlation"], 1.0)
    assert found[["families", "families_p", "families_beyond"]].isna().all(axis=None)


def test_medians_are_relative_to_the_usual_one() -> None:
    """Bass 1, flute 2, organ 4 by the model; 3, 3, 6 by null maps: in units of 2 and 3."""
    model, null = (
        pairs_of(NOTES, lambda a, b, metric, level=level: level.get(a[0] + b[0], 9.0))
        for level in (
            {"bassbass": 1.0, "fluteflute": 2.0, "organorgan": 4.0},
            {"bassbass": 3.0, "fluteflute": 3.0, "organorgan": 6.0},
        )
    )
    found = of(tables(with_beside(model, random=null)).medians, metric="js_divergence")
    assert found["family"].tolist() == ["bass", "flute", "organ"]
    assert found["model"].tolist() == [0.5, 1.0, 2.0]
    assert found["null"].tolist() == [1.0, 1.0, 2.0]
    assert found["difference"].tolist() == [-0.5, 0.0, 0.0]
    assert found["difference_low"].tolist() == found["difference_high"].tolist() == [-0.5, 0, 0]
    assert found["n_pairs"].tolist() == [28, 28, 28]


def test_intervals_are_those_of_the_weights_written_out() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.random(40), rng.random(40)
    weights = rng.integers(0, 4, (3, 40))
    found = module._weighted(x, y, weights.astype(float))
    expected = [np.corrcoef(np.repeat(x, w), np.repeat(y, w))[0, 1] for w in weights]
    np.testing.assert_allclose(found, expected)
    assert np.isnan(module._weighted(x, y, np.zeros((1, 40))))[0]
    assert module._weighted(np.ones(40), y, np.ones((1, 40)))[0] == 0.0


def test_spectrograms_stand_beside_every_method_and_view() -> None:
    pairs, spectrogram = pairs_at(at(NOTES, 0)), pairs_at(at(NOTES, 1)).assign(method="")
    both = pd.concat([pairs, pairs.assign(method="grad_cam")])
    signed = pairs.assign(maps="model", view="signed")
    beside = pd.concat([signed, spectrogram.assign(maps="spectrogram", view="absolute")])
    made = analysis_of(both)
    found = tables(Analysis(made.pairs, made.notes, made.settings, beside=beside))
    assert set(found.mantel["beside"]) == {"spectrogram"}
    views = found.mantel[["method", "view"]].drop_duplicates().to_numpy().tolist()
    assert views == [
        ["integrated_gradients", "absolute"],
        ["grad_cam", "absolute"],
        ["integrated_gradients", "signed"],
    ]
    assert found.medians.empty


def test_an_analysis_knows_the_pairs_of_its_maps() -> None:
    pairs = pairs_at(at(NOTES, 0))
    null = pairs_at(at(NOTES, 1))
    made = with_beside(pairs, random=null)
    assert made.pairs_of("model", "absolute") is made.pairs
    assert made.pairs_of("random", "absolute").equals(as_table(null, PAIR_COLUMNS))
    assert made.pairs_of("random", "signed").empty
    assert analysis_of(pairs).pairs_of("random", "absolute").empty
    with pytest.raises(InputError, match="null maps beside it, got none"):
        tables(analysis_of(pairs))


def test_each_choice_is_analysed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, int]] = []
    pairs = pairs_at(at(NOTES, 0))

    def recorded(records: list[object], **about: object) -> Analysis:
        compared = about["compared"]
        asked.append((compared.maps, compared.view, compared.seed))  # type: ignore[attr-defined]
        assert about["methods"] == ["integrated_gradients"]
        assert ("on_result" in about) == (len(asked) == 1)
        return analysis_of(pairs, **compared.as_dict())  # type: ignore[attr-defined]

    monkeypatch.setattr(module, "analyse", recorded)
    result: Callable[..., None] = lambda *found: None  # noqa: E731
    found = analyse_beside(
        [], views=["signed", "mean_gradient"], null=True, null_seed=4, on_result=result
    )
    assert asked == [
        ("model", "signed", 0),
        ("model", "mean_gradient", 0),
        ("random", "signed", 4),
        ("random", "mean_gradient", 4),
        ("spectrogram", "absolute", 0),
    ]
    assert found.beside is not None
    assert len(found.beside) == 4 * len(pairs)
    assert found.settings["beside"][1] == {"maps": "random", "view": "signed", "null_seed": 4}
    asked.clear()
    plain = analyse_beside([], methods=["integrated_gradients"], on_result=result)
    assert plain.beside is None
    assert "beside" not in plain.settings
    assert usual_methods(["absolute", "signed"]) == ["integrated_gradients", "grad_cam"]
    assert usual_methods(["mean_gradient"]) == ["integrated_gradients"]


def test_all_pairs_of_the_toys_are_there() -> None:
    assert len(pairs_at(at(NOTES, 0))) == len(list(combinations(NOTES, 2)))
