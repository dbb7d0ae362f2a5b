"""Two notes compared: the maps are those of `explain`, the distances those of the metrics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.model_sets.tiny_models import (
    write_models,
    write_notes,
)
from xai_core import canvas
from xai_core.errors import GridMismatchError, InputError, ModelError
from xai_core.explanations import compare, compare_explanations, comparison, explain
from xai_core.features import extract, tonnetz_matrix
from xai_core.figures.base.words import zero_sentence
from xai_core.metrics import difference_mean, emd, emd_values, js_divergence, kl_divergence
from xai_core.values import Attribution, Axis, Explanation, Waveform

FAMILIES = ("flute", "organ")


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    folder = tmp_path_factory.mktemp("compare")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_MODELS", str(folder / "models"))
        patch.setenv("TIMBRELENS_CACHE", str(folder / "cache"))
        records = write_notes(folder / "notes", families=FAMILIES)
        for type in ("tonnetz", "chroma"):
            write_models(records, type, families=FAMILIES)
        yield {one.family: one.path for one in records}


def test_maps_difference_and_scores(notes: dict[str, Path]) -> None:
    about = {"type": "tonnetz", "models": "tiny"}
    found = compare(notes["flute"], notes["organ"], family="flute", other_family="organ", **about)
    a, b = (explain(notes[family], family=family, **about) for family in FAMILIES)
    first, second = (one.attribution.values.astype(np.float64) for one in (a, b))
    np.testing.assert_array_equal(found.a.attribution.values, a.attribution.values)
    np.testing.assert_array_equal(found.b.attribution.values, b.attribution.values)
    np.testing.assert_allclose(found.difference.values, first - second, rtol=1e-6, atol=1e-9)
    assert found.maps == (found.a.attribution, found.b.attribution)
    assert found.difference.same_grid(a.attribution)
    assert (found.difference.method, found.difference.target) == ("integrated_gradients", "logit")
    p, q = np.abs(first), np.abs(second)
    assert found.scores == {
        "difference_mean": difference_mean(first, second),
        "kl_divergence": kl_divergence(p, q),
        "kl_divergence_reversed": kl_divergence(q, p),
        "js_divergence": js_divergence(p, q),
        "emd": emd(p, q),
        "emd_values": emd_values(p, q),
    }
    assert found.notes == ()


def test_a_note_with_itself_has_no_distance_and_no_difference(notes: dict[str, Path]) -> None:
    found = compare(notes["flute"], notes["flute"], type="tonnetz", family="organ", models="tiny")
    assert found.b.family == "organ"
    assert not found.difference.values.any()
    assert found.scores == dict.fromkeys(found.scores, 0.0)
    assert len(found.scores) == 6


@pytest.mark.parametrize("evidence", [None, "positive", "absolute"])
def test_one_note_under_two_methods_is_compared_in_shares(
    notes: dict[str, Path], evidence: str | None
) -> None:
    about = {"type": "tonnetz", "family": "organ", "models": "tiny"}  # flute's Grad-CAM is zero
    methods = ("integrated_gradients", "grad_cam")
    found = compare(
        notes["flute"],
        notes["flute"],
        method=methods[0],
        other_method=methods[1],
        evidence=evidence,
        **about,
    )
    p, q = (
        explain(notes["flute"], method=one, **about).attribution.values.astype(np.float64)
        for one in methods
    )
    assert (p < 0).any()  # Integrated Gradients shows what speaks against, Grad-CAM does not
    assert not (q < 0).any()
    p = np.abs(p) if evidence == "absolute" else np.maximum(p, 0)
    p, q = p / p.sum(), q / q.sum()
    assert found.evidence == (evidence or "positive")
    assert [one.method for one in found.maps] == list(methods)
    np.testing.assert_allclose(found.maps[0].values, p, atol=1e-7)
    np.testing.assert_allclose(found.maps[1].values, q, atol=1e-7)
    np.testing.assert_allclose(found.difference.values, p - q, atol=1e-8)
    assert found.difference.values.sum() == pytest.approx(0, abs=1e-5)  # as much here as there
    whole = "share of the map" if evidence == "absolute" else "share of what speaks for it"
    assert found.difference.target == whole
    assert "difference_mean" not in found.scores
    assert found.scores["emd"] == pytest.approx(emd(p, q), rel=1e-4)
    assert found.scores["js_divergence"] == pytest.approx(js_divergence(p, q), rel=1e-4)
    assert "no Difference Mean" in found.notes[0]
    assert (comparison.ONLY_POSITIVE in found.notes) == (evidence != "absolute")


def test_methods_that_both_show_what_speaks_against_are_compared_by_absolute_values(
    notes: dict[str, Path],
) -> None:
    about = {"type": "tonnetz", "family": "organ", "models": "tiny"}
    methods = ("integrated_gradients", "input_x_gradient")
    a, b = (explain(notes["flute"], method=one, **about) for one in methods)
    found = compare_explanations(a, b)
    assert found.evidence == "absolute"
    np.testing.assert_array_equal(found.maps[0].values, a.heatmap.values)
    positive = compare_explanations(a, b, evidence="positive")
    values = np.maximum(a.attribution.values.astype(np.float64), 0)
    np.testing.assert_allclose(positive.maps[0].values, values / values.sum(), atol=1e-7)
    assert compare_explanations(a, a).evidence is None  # in the unit of the model, with signs
    with pytest.raises(InputError, match="expected evidence positive or absolute, got 'signed'"):
        compare_explanations(a, b, evidence="signed")


def test_a_map_without_evidence_for_the_family_is_said_to_be_so(notes: dict[str, Path]) -> None:
    about = {"type": "tonnetz", "family": "organ", "models": "tiny"}
    methods = ("integrated_gradients", "grad_cam")
    a, b = (explain(notes["flute"], method=one, **about) for one in methods)
    against = replace(a.attribution, values=-np.abs(a.attribution.values))
    found = compare_explanations(replace(a, attribution=against), b)
    assert found.scores == {}
    assert "The map of the first note has nothing that speaks for the family" in found.notes[-1]
    assert zero_sentence(found.maps[0]).startswith("Nothing in this map")


def test_two_methods_of_which_one_is_zero() -> None:
    scores, notes = comparison._scores(np.zeros((4, 6)), np.ones((4, 6)), in_shares=True)
    assert scores == {}
    assert notes[1].endswith("of the distances none is defined.")


@pytest.mark.parametrize(
    ("zero", "sentence"),
    [
        ((True, False), "The map of the first note is zero everywhere"),
        ((False, True), "The map of the second note is zero everywhere"),
        ((True, True), "Both maps are zero everywhere"),
    ],
)
def test_a_map_that_is_zero_gets_a_sentence(zero: tuple[bool, bool], sentence: str) -> None:
    a, b = (np.zeros((4, 6)) if is_zero else np.full((4, 6), -0.5) for is_zero in zero)
    scores, (note,) = comparison._scores(a, b)
    assert scores == {"difference_mean": 0.0 if all(zero) else 0.5}
    assert note.startswith(sentence)
    assert note.endswith("only the Difference Mean is defined.")


def test_what_cannot_be_compared_is_refused(notes: dict[str, Path]) -> None:
    files = notes["flute"], notes["organ"]
    with pytest.raises(InputError, match="unknown spectrogram type 'mel'"):
        compare(*files, type="mel", family="flute", models="tiny")
    with pytest.raises(InputError, match="unknown family 'lute'"):
        compare(*files, type="tonnetz", family="flute", other_family="lute", models="tiny")
    with pytest.raises(ModelError, match="has no tonnetz model of bass"):
        compare(*files, type="tonnetz", family="bass", models="tiny")


def test_maps_of_two_units_or_two_grids_are_not_subtracted(notes: dict[str, Path]) -> None:
    about = {"family": "flute", "models": "tiny"}
    logit = explain(notes["flute"], type="tonnetz", **about)
    probability = explain(notes["flute"], type="tonnetz", target="probability", **about)
    with pytest.raises(InputError, match="one of the logit and one of the probability"):
        compare_explanations(logit, probability)
    cam = explain(notes["flute"], type="tonnetz", method="grad_cam", **about)
    compare_explanations(cam, probability)  # both in shares of their sum
    attribution = logit.attribution
    other = Attribution(
        np.ones((2, 3)),
        "tonnetz",
        Axis("Time", "s", np.arange(2.0)),
        Axis("Coefficient", "", np.arange(3.0)),
        method=attribution.method,
        target=attribution.target,
    )
    with pytest.raises(GridMismatchError, match="tonnetz with 6 bins and tonnetz with 3 bins"):
        compare_explanations(logit, replace(logit, attribution=other))


# ------------------------------------------------------------- two spectrogram types


def test_two_types_are_compared_in_hertz_and_in_shares(notes: dict[str, Path]) -> None:
    about = {"family": "flute", "models": "tiny"}
    found = compare(notes["flute"], notes["flute"], type="tonnetz", other_type="chroma", **about)
    assert found.across_types
    assert (found.a.attribution.type, found.b.attribution.type) == ("tonnetz", "chroma")
    shares = []
    for one, drawn in zip((found.a, found.b), found.maps, strict=True):
        canvas = np.abs(one.canvas())
        shares.append(canvas / canvas.sum())
        np.testing.assert_allclose(drawn.values, shares[-1], rtol=1e-4, atol=1e-9)
        assert (drawn.type, drawn.target) == ("stft", "share of the map")
    np.testing.assert_allclose(found.difference.values, shares[0] - shares[1], atol=1e-7)
    assert found.scores["js_divergence"] == pytest.approx(js_divergence(*shares), rel=1e-4)
    assert found.scores["emd"] == pytest.approx(emd(*shares), rel=1e-3)
    assert "difference_mean" not in found.scores
    assert found.notes == (comparison.OF_TWO_TYPES,)


def test_one_sound_seen_alike_by_two_types_is_no_distance_away(notes: dict[str, Path]) -> None:
    # Tonnetz is linear in the normalised chroma, so the same sensitivity to pitch classes gives
    # the same evidence in hertz: here to one class, by a gradient that is the same in both
    tone = Waveform(0.3 * np.sin(2 * np.pi * 440.0 * np.arange(64_000) / 16_000), 16_000)
    g = np.array([1.0, -2.0, 0.5, 0.25, 1.5, -1.0])
    chroma, tonnetz = (extract(tone, type) for type in ("chroma", "tonnetz"))
    sums = chroma.values.astype(np.float64).sum(axis=1, keepdims=True)
    gradients = {"tonnetz": g[np.newaxis], "chroma": tonnetz_matrix() @ g / sums}
    a, b = (
        Explanation(
            one,
            Attribution(
                one.values * gradients[one.type], one.type, one.time, one.bins,
                "integrated_gradients", "logit",
            ),
            "flute", 0.5, 0.0, None, {}, tone,
        )
        for one in (tonnetz, chroma)
    )  # fmt: skip
    found = compare_explanations(a, b)
    assert found.scores["js_divergence"] < 1e-6
    assert found.scores["emd"] < 1e-4
    assert np.abs(found.difference.values).max() < 1e-4 * found.maps[0].values.max()


def test_what_carrying_costs_a_map_is_said(notes: dict[str, Path]) -> None:
    about = {"family": "organ", "models": "tiny", "method": "grad_cam"}  # flute's is zero
    found = compare(notes["flute"], notes["flute"], type="tonnetz", other_type="chroma", **about)
    assert found.notes[0] == comparison.OF_TWO_TYPES
    assert [note for note in found.notes if "spread by power" in note] == [
        "Grad-CAM says when on Tonnetz, but not at which frequency: in hertz its moments are "
        "spread by power."
    ]


def test_a_type_that_has_no_place_in_hertz_gets_one_sentence(
    notes: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(canvas._RULES, "chroma")
    about = {"family": "flute", "models": "tiny"}
    with pytest.raises(InputError, match="'chroma' has no rule that carries it to hertz"):
        compare(notes["flute"], notes["flute"], type="tonnetz", other_type="chroma", **about)
    compare(notes["flute"], notes["organ"], type="chroma", **about)  # one grid needs no rule
