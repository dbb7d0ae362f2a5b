"""The tests of one note's map: against their definitions, in steps, and as a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import keras
import numpy as np
import pytest
from scipy.stats import spearmanr

from tests.model_sets.tiny_models import write_models, write_notes
from xai_core import explain, store
from xai_core.audio import load_note
from xai_core.catalogue.methods import METHODS
from xai_core.errors import InputError
from xai_core.explanations import explain_progressively, predict, trust
from xai_core.explanations.loaded_models import load_gradients
from xai_core.explanations.settings import Settings
from xai_core.explanations.trust import (
    N_ORDERS,
    ON_DEAR_TYPES,
    USUAL,
    Removal,
    Stage,
    TrustScores,
    trust_progressively,
    trust_scores,
    trust_sentence,
)
from xai_core.networks.cnn import CONV_LAYERS
from xai_core.trust import Curve, deletion, insertion, overlap_of_strongest
from xai_core.values import Explanation, Waveform

PAIR = ("flute", "organ")
TYPE = "tonnetz"
ABOUT = {"type": TYPE, "family": "flute", "models": "tiny"}


@pytest.fixture(scope="module")
def note(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Waveform]:
    """Return a flute's note; models of two families stay for the file."""
    folder = tmp_path_factory.mktemp("trust")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_MODELS", str(folder / "models"))
        patch.setenv("TIMBRELENS_CACHE", str(folder / "cache"))
        records = write_notes(folder / "notes", families=PAIR)
        write_models(records, TYPE, families=PAIR)
        yield load_note(records[0].path)


@pytest.fixture(scope="module")
def explanation(note: Waveform) -> Explanation:
    return explain(note, **ABOUT)


@pytest.fixture(scope="module")
def steps(explanation: Explanation) -> list[TrustScores]:
    return list(trust_progressively(explanation))


@pytest.fixture(scope="module")
def scores(steps: list[TrustScores]) -> TrustScores:
    return steps[-1]


def spearman(a: np.ndarray, b: np.ndarray, where: np.ndarray) -> float:
    return float(spearmanr(a[where], b[where]).statistic)


# ------------------------------------------------------------------- the tests themselves


def test_the_first_figure_comes_at_once_and_the_last_step_has_all(
    steps: list[TrustScores],
) -> None:
    first, last = steps[0], steps[-1]
    assert first.deletion is not None
    assert first.insertion is first.agreement is first.sensitivity is None
    assert first.cascade == ()
    assert trust_sentence(first) == ""
    assert [one.done for one in steps] == list(range(1, last.total + 1))
    assert last.cascade_done
    for name in ("deletion", "insertion", "sensitivity", "class_overlap", "agreement"):
        assert getattr(last, name) is not None


def test_curves_are_those_of_the_map_and_of_the_size_of_the_bins(
    explanation: Explanation, scores: TrustScores
) -> None:
    model, _ = load_gradients(TYPE, "flute", models="tiny")
    outputs = lambda batch: model.outputs((batch,))[:, 0]  # noqa: E731
    x, values = explanation.spectrogram.values, explanation.attribution.values
    for test, found in ((deletion, scores.deletion), (insertion, scores.insertion)):
        for order, curve in ((values, found.by_map), (np.abs(x), found.by_energy)):
            expected = test(outputs, x, order)
            np.testing.assert_allclose(curve.outputs, expected.outputs, atol=1e-6)
        random = found.at_random
        ends = found.by_map.outputs[[0, -1]]
        np.testing.assert_allclose(random.outputs[[0, -1]], ends, atol=1e-6)
        assert random.fractions.tolist() == pytest.approx(np.linspace(0, 1, 11), abs=1e-3)
    assert scores.deletion.at_random.area == pytest.approx(scores.insertion.at_random.area)
    assert N_ORDERS == 5  # as docs/pages.md says


def test_on_a_dear_type_less_is_taken_and_that_is_said(
    explanation: Explanation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "DEAR", 0)
    found = trust_scores(explanation, seed=9)
    assert (found.deletion.by_map.fractions.size, found.insertion.at_random.outputs.size) == (11, 6)
    few = explain(explanation.waveform, **ABOUT, n_steps=ON_DEAR_TYPES.map_steps, rule="midpoint")
    np.testing.assert_allclose(found.cascade[0].map.values, few.attribution.values, atol=1e-7)
    said = " ".join(found.notes)
    assert "Tonnetz takes long, so curves have 11 points" in said
    assert "take 4 steps, where those of other spectrograms take 8." in said


def test_the_cascade_goes_from_the_network_as_it_is_to_one_without_what_it_learnt(
    explanation: Explanation, scores: TrustScores
) -> None:
    layers = [stage.layer for stage in scores.cascade]
    assert layers == ["", "logit", "dense", *reversed(CONV_LAYERS)]
    x, values = explanation.spectrogram.values, explanation.attribution.values
    heard = x != 0
    for stage in scores.cascade:
        own = stage.map.values
        assert stage.signed == pytest.approx(spearman(own, values, heard))
        assert stage.absolute == pytest.approx(spearman(abs(own), abs(values), heard))
        assert stage.with_spectrogram == pytest.approx(spearman(abs(own), abs(x), heard))
    few = explain(explanation.waveform, **ABOUT, n_steps=USUAL.map_steps, rule="midpoint")
    np.testing.assert_allclose(scores.cascade[0].map.values, few.attribution.values, atol=1e-7)
    assert scores.cascade[0].absolute > 0.9  # only the steps differ
    assert not np.allclose(scores.cascade[1].map.values, values)


def test_a_map_of_a_linear_model_does_not_hang_on_the_number_of_steps(
    note: Waveform, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = keras.Input((126, 6, 1))
    logit = keras.layers.Dense(1, name="logit")(keras.layers.Flatten()(x))
    keras.utils.set_random_seed(1)
    network = keras.Model(x, keras.layers.Activation("sigmoid")(logit))
    about = {"architecture": {}, "features": {}, "training": {}, "data": {}, "scores": {}}
    store.save_model(network, models="linear", type=TYPE, family="flute", about=about)
    tested = explain(note, type=TYPE, family="flute", models="linear")
    found = trust_scores(tested)
    as_it_is, without = found.cascade
    assert (as_it_is.layer, without.layer) == ("", "logit")
    assert as_it_is.absolute == pytest.approx(1.0)
    assert as_it_is.signed == pytest.approx(1.0)
    assert abs(without.signed) < 0.2  # of 756 bins with other weights
    kernel = network.get_layer("logit").get_weights()[0].reshape(126, 6)
    np.testing.assert_allclose(
        tested.attribution.values, kernel * tested.spectrogram.values, atol=1e-6
    )
    # the map names the bins by what each adds: no other order is better
    assert found.deletion.by_map.area <= found.deletion.by_energy.area
    assert found.over_random > 0.1
    # one family alone has no second
    assert found.class_overlap is None
    assert "There are no two families with a map to compare." in found.notes


def test_classes_are_the_two_likeliest(explanation: Explanation, scores: TrustScores) -> None:
    said = predict(explanation.waveform, types=[TYPE], models="tiny").probabilities[TYPE]
    first, second = scores.class_overlap.families
    assert said[first] >= said[second]
    maps = [
        explain(
            explanation.waveform, type=TYPE, family=one, models="tiny", n_steps=USUAL.map_steps
        ).attribution.values
        for one in (first, second)
    ]
    assert scores.class_overlap.overlap == overlap_of_strongest(*maps, share=0.1)


def test_agreement_is_over_the_catalogue(explanation: Explanation, scores: TrustScores) -> None:
    found = scores.agreement
    assert found.methods[0] == "integrated_gradients"
    assert {*found.methods, *found.left_out} == set(METHODS)
    np.testing.assert_array_equal(found.correlations, found.correlations.T)
    heard = explanation.spectrogram.values != 0
    maps = [
        explain(explanation.waveform, **ABOUT, method=one).attribution.values
        for one in ("integrated_gradients", "grad_cam")
    ]
    places = [found.methods.index(one) for one in ("integrated_gradients", "grad_cam")]
    flat = np.ptp(maps[1][heard]) == 0
    expected = np.nan if flat else spearman(*maps, heard)
    assert found.correlations[places[0], places[1]] == pytest.approx(expected, nan_ok=True)
    assert found.correlations[0, 0] == pytest.approx(1.0)
    assert np.isnan(found.correlations[places[1], places[1]]) == flat


def test_methods_that_are_too_dear_are_left_out_and_named(
    explanation: Explanation, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_layer = replace(METHODS["grad_cam"], function="grad_cam:estimates")
    dear = replace(of_layer, name="dear", label="Dear", times=1e4)
    cheap = replace(of_layer, name="cheap", label="Cheap", times=0.1)
    for one in (dear, cheap):
        monkeypatch.setitem(METHODS, one.name, one)
    found = trust_scores(explanation, seed=5)
    assert "cheap" in found.agreement.methods
    assert "dear" in found.agreement.left_out
    assert "cheap" not in found.agreement.left_out
    (said,) = (one for one in found.notes if "left out of the matrix: too dear here." in one)
    assert "Dear" in said
    assert "Cheap" not in said


def test_a_dear_method_has_fewer_layers_and_samples(
    note: Waveform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "_cost", lambda method, type: 175.0)
    tested = explain(note, **ABOUT, method="grad_cam")
    if tested.attribution.is_zero:
        tested = explain(note, **{**ABOUT, "family": "organ"}, method="grad_cam")
    found = trust_scores(tested, seed=6)
    layers = [stage.layer for stage in found.cascade]
    assert layers[0] == ""
    assert layers[-1] == "conv2d"  # all of them
    assert len(layers) == 4  # 700 ms
    assert any(
        one == "Grad-CAM takes long, so the cascade has only 3 of 8 steps." for one in found.notes
    )
    monkeypatch.setattr(trust, "_cost", lambda method, type: 5000.0)
    found = trust_scores(tested, seed=7)
    assert found.sensitivity is None
    assert len(found.cascade) == 2
    assert "Sensitivity is left out: Grad-CAM takes too long." in found.notes


def test_layers_of_grad_cam_are_randomised_too(note: Waveform) -> None:
    """A map of activations that are kept would not change with the weights."""
    for family in PAIR:
        tested = explain(note, **{**ABOUT, "family": family}, method="grad_cam")
        if tested.attribution.is_zero:
            continue
        stages = trust_scores(tested).cascade
        np.testing.assert_array_equal(stages[0].map.values, tested.attribution.values)
        assert stages[0].absolute == pytest.approx(1.0)
        for a, b in pairwise(stages):
            assert a.map.is_zero or not np.array_equal(a.map.values, b.map.values)
        return
    pytest.fail("expected a map of Grad-CAM that is not zero")


def test_results_are_kept_by_note_settings_and_seed(
    explanation: Explanation, scores: TrustScores, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("computed again")

    with monkeypatch.context() as patch:
        for name in ("deletion", "insertion", "random_curve", "map_of_input", "randomised_cascade"):
            patch.setattr(trust, name, refuse)
        again = trust_scores(explanation)
    assert again.cascade == scores.cascade
    assert again.deletion.by_map is scores.deletion.by_map
    other = trust_scores(explanation, seed=1)
    assert other.deletion.by_map.area == pytest.approx(scores.deletion.by_map.area)
    assert not np.allclose(other.cascade[-1].map.values, scores.cascade[-1].map.values)


# ---------------------------------------------------------------------------- refusals


def test_what_cannot_be_tested_is_refused(explanation: Explanation) -> None:
    zero = replace(explanation.attribution, values=np.zeros_like(explanation.attribution.values))
    with pytest.raises(InputError, match="map of flute is zero everywhere"):
        trust_scores(replace(explanation, attribution=zero))
    of_probability = replace(explanation.attribution, target="probability")
    with pytest.raises(InputError, match="of the logit"):
        trust_scores(replace(explanation, attribution=of_probability))
    two = (explanation.spectrogram, explanation.spectrogram)
    with pytest.raises(InputError, match="models with one input"):
        trust_scores(replace(explanation, spectrograms=two))


def test_a_baseline_of_the_explanation_is_that_of_the_curves(note: Waveform) -> None:
    settings = Settings(baseline="noise", noise_level=0.3)
    *_, tested = explain_progressively(note, **ABOUT, settings=settings)
    found = next(iter(trust_progressively(tested)))
    model, _ = load_gradients(TYPE, "flute", models="tiny")
    at_baseline = model.outputs((tested.baselines[0][np.newaxis],))[0, 0]
    assert found.deletion.by_map.outputs[-1] == pytest.approx(at_baseline, abs=1e-6)


# ------------------------------------------------------------------------- the sentence


def made(
    explanation: Explanation, *, energy: float, chance: float, absolute: float | None
) -> TrustScores:
    """Return scores whose map is so much better than energy and random order."""
    x = np.array([0.0, 0.5, 1.0])
    first = max(0.0, -4 * energy)  # in the middle of the curve by the map, which spans 2
    middles = (first, first + 4 * energy, first + 4 * chance)
    less = Removal(*(Curve(x, np.array([2.0, middle, 0.0])) for middle in middles))
    more = Removal(*(Curve(x, np.array([0.0, 2.0 - middle, 2.0])) for middle in middles))
    scores = TrustScores(explanation, deletion=less, insertion=more)
    if absolute is None:
        return scores
    stage = Stage("conv2d", explanation.attribution, absolute, 0.0, 0.0)
    return replace(scores, cascade=(stage,), cascade_done=True)


@pytest.mark.parametrize(
    ("energy", "chance", "absolute", "said"),
    [
        (0.051, 0.5, None, "is better than energy at naming what the model needs."),
        (0.049, 0.5, None, "is no better than energy at naming"),
        (-0.049, 0.5, None, "is no better than energy at naming"),
        (-0.051, 0.5, None, "is worse than energy at naming"),
        (0.5, 0.049, None, "is no better than random order at naming"),
        (0.5, 0.051, None, "is better than energy at naming"),
        (0.5, 0.5, 0.401, "absolute part would look much the same with random weights."),
        (0.5, 0.5, 0.399, "absolute part would look partly the same with random weights."),
        (0.5, 0.5, 0.201, "absolute part would look partly the same with random weights."),
        (0.5, 0.5, 0.199, "absolute part would look different with random weights."),
    ],
)
def test_the_sentence_keeps_to_its_thresholds(
    explanation: Explanation, energy: float, chance: float, absolute: float | None, said: str
) -> None:
    scores = made(explanation, energy=energy, chance=chance, absolute=absolute)
    assert scores.span == pytest.approx(2.0)
    assert scores.over_energy == pytest.approx(energy)
    assert scores.over_random == pytest.approx(chance)
    assert said in trust_sentence(scores)
    assert ";" in trust_sentence(scores) or absolute is None
