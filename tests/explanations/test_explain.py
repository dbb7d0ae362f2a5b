"""A note in, probabilities and explanations out: against arithmetic by hand, with a cache."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import scipy.ndimage
import soundfile

import xai_core
from tests.cnn_by_hand import CnnByHand, wake
from xai_core import store
from xai_core.attribution import integrated_gradients
from xai_core.errors import AudioError, EmptyMapError, InputError, ModelError
from xai_core.explanations import (
    explain,
    explain_progressively,
    feature_maps,
    load_gradients,
    predict,
    resolve_settings,
)
from xai_core.explanations import (
    loaded_models as loading,
)
from xai_core.explanations.loaded_models import LRUCache
from xai_core.features import extract, n_bins
from xai_core.networks.cnn import build_cnn
from xai_core.networks.contract import PackedModel
from xai_core.networks.gradients import ModelGradients
from xai_core.values import Explanation, Waveform

ROOT = Path(__file__).resolve().parents[2]
SR = 16_000  # Hz
MODELS = {("mfcc", "flute"): 1, ("tonnetz", "flute"): 2, ("tonnetz", "bass"): 3}  # and their seeds
MEAN = 0.1  # of every bin, as the cards say


def _note(frequency: float = 440.0, seed: int = 0) -> Waveform:
    t = np.arange(64_000) / SR
    y = np.sin(2 * np.pi * frequency * t) + 0.5 * np.sin(2 * np.pi * 3 * frequency * t)
    y = y * np.exp(-t) + 0.01 * np.random.default_rng(seed).standard_normal(t.size)
    return Waveform(0.3 * y, SR)


NOTE = _note()


def _about(type: str) -> dict[str, Any]:
    return {
        "architecture": {},
        "features": {"mean_spectrum": [MEAN] * n_bins(type)},
        "training": {},
        "data": {},
        "scores": {},
    }


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, str], CnnByHand]]:
    """Save three untrained models as the set "tiny"; return their arithmetic by hand."""
    by_hand = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_MODELS", str(tmp_path_factory.mktemp("models")))
        patch.setattr(loading, "_loaded", LRUCache(loading.MODELS_KEPT))
        for (name, family), seed in MODELS.items():
            keras.utils.set_random_seed(seed)
            model = wake(build_cnn((126, n_bins(name)), head="pooled"), seed)
            about = _about(name)
            store.save_model(model, models="tiny", type=name, family=family, about=about)
            by_hand[name, family] = CnnByHand(model, pooling="time")
        yield by_hand


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _sigmoid(z: float) -> float:
    return float(1 / (1 + np.exp(-z)))


# ------------------------------------------------------------------------- predict


def test_probabilities_are_those_of_the_arithmetic_by_hand(
    tiny: dict[tuple[str, str], CnnByHand],
) -> None:
    prediction = predict(NOTE, models="tiny")
    table = prediction.by_type()
    assert list(table) == ["mfcc", "tonnetz"]
    assert list(table["tonnetz"]) == ["bass", "flute"]
    for (type, family), model in tiny.items():
        x = extract(NOTE, type).values
        assert table[type][family] == pytest.approx(_sigmoid(model.logit(x)), abs=1e-5)
    assert len({p for row in table.values() for p in row.values()}) == 3
    assert prediction.models == "tiny"


def test_a_note_is_asked_about_once(tiny: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_logits", LRUCache(4))
    asked = []
    outputs = ModelGradients.outputs

    def told(self: ModelGradients, x: Any, **about: Any) -> Any:
        asked.append(x)
        return outputs(self, x, **about)

    monkeypatch.setattr(ModelGradients, "outputs", told)
    first, other = (_note(frequency, seed=9) for frequency in (500.0, 600.0))
    said = predict(first, models="tiny").by_type()
    assert len(asked) == 3
    assert predict(Waveform(first.y, SR), models="tiny").by_type() == said
    assert len(asked) == 3
    assert predict(other, models="tiny").by_type() != said
    assert len(asked) == 6
    assert len(loading._logits) == 4  # two of the first note's had to go
    assert predict(first, models="tiny").by_type() == said


def test_types_can_be_chosen_and_missing_ones_are_named(tiny: object) -> None:
    assert list(predict(NOTE, models="tiny", types=["tonnetz"]).by_type()) == ["tonnetz"]
    with pytest.raises(ModelError, match="set 'tiny' has no chroma model of bass"):
        predict(NOTE, models="tiny", types=["chroma"])
    with pytest.raises(InputError, match="unknown spectrogram type 'mel'"):
        predict(NOTE, models="tiny", types=["mel"])


def test_path_bytes_and_waveform_give_the_same(tiny: object, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    soundfile.write(buffer, NOTE.y, SR, format="WAV", subtype="FLOAT")
    path = tmp_path / "note.wav"
    path.write_bytes(buffer.getvalue())
    expected = predict(NOTE, models="tiny").by_type()
    for audio in (path, str(path), buffer.getvalue()):
        assert predict(audio, models="tiny").by_type() == expected


def test_start_chooses_the_four_seconds_and_edits_are_kept(tiny: object) -> None:
    two = Waveform(np.concatenate([NOTE.y, _note(880.0).y]), SR)
    second = predict(two, models="tiny", start=4.0)
    assert second.by_type() == predict(_note(880.0), models="tiny").by_type()
    assert second.waveform.edits == ("took 4.00 to 8.00 s",)
    explanation = explain(
        two, type="tonnetz", family="bass", method="grad_cam", models="tiny", start=4.0
    )
    assert np.array_equal(explanation.waveform.y, _note(880.0).y)


# ------------------------------------------------------------- integrated gradients


def test_the_default_adds_up_to_the_change_of_the_logit(
    tiny: dict[tuple[str, str], CnnByHand],
) -> None:
    for (type, family), model in tiny.items():
        explanation = explain(NOTE, type=type, family=family, models="tiny")
        x = extract(NOTE, type).values
        change = model.logit(x) - model.logit(np.zeros_like(x))
        assert abs(change) > 0.05  # so that the floor of the error plays no part
        total = explanation.attribution.values.sum(dtype=np.float64)
        # 1 % by promise, and single precision of the logits
        assert total == pytest.approx(change, abs=0.01 * abs(change) + 1e-4)
        completeness = explanation.completeness
        assert completeness is not None
        assert completeness.converged
        assert completeness.error <= 0.01
        assert completeness.delta == pytest.approx(change, abs=1e-4)
        assert completeness.attributed == pytest.approx(total, abs=1e-5)
        assert explanation.logit == pytest.approx(model.logit(x), abs=1e-4)
        assert explanation.probability == pytest.approx(_sigmoid(explanation.logit), abs=1e-12)
        assert np.array_equal(explanation.spectrogram.values, x)
        assert explanation.attribution.same_grid(explanation.spectrogram)
        assert explanation.notes == ()


def test_the_papers_preset_is_fifty_midpoints_of_the_probability(tiny: object) -> None:
    explanation = explain(NOTE, type="tonnetz", family="flute", preset="paper", models="tiny")
    x = extract(NOTE, "tonnetz").values.astype(np.float64)
    gradients, _ = load_gradients("tonnetz", "flute", models="tiny")
    total = np.zeros_like(x)
    for k in range(50):
        point = (k + 0.5) / 50 * x[np.newaxis]
        total += gradients.input_gradients((point,), "flute", target="probability")[1][0][0]
    expected = x * total / 50
    got = explanation.attribution.values
    # one step of 50 may fall on the other side of a ReLU's kink when batches round differently
    np.testing.assert_allclose(got, expected, atol=0.02 * np.abs(expected).max())
    assert np.linalg.norm(got - expected) < 0.01 * np.linalg.norm(expected)
    completeness = explanation.completeness
    assert completeness is not None
    assert (completeness.n_steps, completeness.converged) == (50, True)
    assert completeness.output == pytest.approx(explanation.probability, abs=1e-7)
    assert explanation.attribution.target == "probability"


def test_both_targets_agree_where_the_sigmoid_is_straight(tiny: object) -> None:
    # d p = p (1 - p) d z: at every point of the path the two gradients differ by that factor
    logit = explain(NOTE, type="tonnetz", family="flute", models="tiny", n_steps=200)
    probability = explain(
        NOTE, type="tonnetz", family="flute", models="tiny", n_steps=200, target="probability"
    )
    ends = [logit.completeness, probability.completeness]
    assert ends[0] is not None
    assert ends[1] is not None
    assert ends[1].output == pytest.approx(_sigmoid(ends[0].output), abs=1e-9)
    assert ends[1].baseline_output == pytest.approx(_sigmoid(ends[0].baseline_output), abs=1e-9)
    # 200 midpoints are within 1 % for both
    assert ends[0].error < 0.01
    assert ends[1].error < 0.01


@pytest.mark.parametrize("rule", ["midpoint", "trapezoid", "gauss_legendre"])
def test_fixed_steps_are_as_many_as_asked_for(tiny: object, rule: str) -> None:
    explanation = explain(
        NOTE, type="tonnetz", family="flute", models="tiny", rule=rule, n_steps=33
    )
    assert explanation.completeness is not None
    assert explanation.completeness.n_steps == 33
    assert explanation.settings["rule"] == rule


def test_baselines_are_where_the_path_begins(tiny: dict[tuple[str, str], CnnByHand]) -> None:
    model, x = tiny["tonnetz", "flute"], extract(NOTE, "tonnetz").values
    other = _note(660.0)
    expected = {
        "silence": np.zeros_like(x),
        "dataset_mean": np.full_like(x, MEAN),
        "note": extract(other, "tonnetz").values,
    }
    for baseline, start in expected.items():
        explanation = explain(
            NOTE,
            type="tonnetz",
            family="flute",
            models="tiny",
            baseline=baseline,
            baseline_audio=other if baseline == "note" else None,
        )
        completeness = explanation.completeness
        assert completeness is not None
        assert completeness.baseline_output == pytest.approx(model.logit(start), abs=1e-4)
        # a bin that does not change along the path has no part in the change
        assert not explanation.attribution.values[x == start].any()


def test_noise_is_of_the_stated_level_and_repeats_with_its_seed(tiny: object) -> None:
    def sums(**changes: Any) -> tuple[float, np.ndarray]:
        explanation = explain(
            NOTE,
            type="tonnetz",
            family="flute",
            models="tiny",
            baseline="noise",
            n_steps=4,
            **changes,
        )
        assert explanation.completeness is not None
        return explanation.completeness.baseline_output, explanation.attribution.values

    start, values = sums(noise_level=0.2, seed=5)
    again, same = sums(noise_level=0.2, seed=5)
    assert start == again
    assert np.array_equal(values, same)
    assert sums(noise_level=0.2, seed=6)[0] != start
    silent, _ = sums(noise_level=0.0, seed=5)
    silence = explain(NOTE, type="tonnetz", family="flute", models="tiny", n_steps=4).completeness
    assert silence is not None
    assert silent == pytest.approx(silence.baseline_output, abs=1e-6)


def test_a_note_as_its_own_baseline_has_a_map_of_zeros(tiny: object) -> None:
    explanation = explain(
        NOTE, type="tonnetz", family="flute", models="tiny", baseline="note", baseline_audio=NOTE
    )
    assert explanation.attribution.is_zero
    assert explanation.completeness is not None
    # one input at two places of a batch: on some processors the last bit of float32 differs
    completeness = explanation.completeness
    assert completeness.output == pytest.approx(completeness.baseline_output, rel=3e-7)
    assert completeness.error <= 2e-6
    with pytest.raises(EmptyMapError):
        _ = explanation.heatmap


def test_a_map_that_did_not_converge_says_so(tiny: object) -> None:
    explanation = explain(
        NOTE, type="mfcc", family="flute", models="tiny", tolerance=1e-9, max_steps=24
    )
    completeness = explanation.completeness
    assert completeness is not None
    assert not completeness.converged
    assert completeness.n_steps == 24
    (sentence,) = explanation.notes
    assert "add up only to within" in sentence
    assert "24 steps" in sentence


def test_the_precise_preset_goes_on_until_the_map_is_known(tiny: object) -> None:
    about = {"type": "tonnetz", "family": "flute", "models": "tiny"}
    usual, precise = (explain(NOTE, **about, preset=one) for one in ("default", "precise"))
    assert usual.completeness is not None
    assert precise.completeness is not None
    assert precise.completeness.converged
    assert precise.completeness.map_error <= 0.01
    assert precise.completeness.n_steps > usual.completeness.n_steps
    gradients, _ = load_gradients("tonnetz", "flute", models="tiny")
    packed = PackedModel(gradients, "flute")
    x = usual.spectrogram.values
    reference = integrated_gradients(packed.gradients, x, np.zeros_like(x), n_steps=2048)
    true = [
        np.abs(one.attribution.values - reference).sum() / np.abs(reference).sum()
        for one in (usual, precise)
    ]
    assert true[1] <= 0.011 < usual.completeness.map_error  # the reference has an error too
    again = explain(NOTE, **about, preset="precise")  # from the cache
    assert again.completeness == precise.completeness


def test_a_map_that_is_not_known_well_enough_says_so(tiny: object) -> None:
    explanation = explain(
        NOTE, type="mfcc", family="flute", models="tiny", map_tolerance=1e-4, max_steps=40
    )
    completeness = explanation.completeness
    assert completeness is not None
    assert not completeness.converged
    (sentence,) = (one for one in explanation.notes if "The map is known only to within" in one)
    assert f"{completeness.map_error:.1%} after 40 steps" in sentence


def test_progress_comes_in_steps_and_only_the_last_has_converged(tiny: object) -> None:
    settings = resolve_settings("integrated_gradients", "default", tolerance=1e-4)
    results = list(
        explain_progressively(NOTE, type="mfcc", family="flute", settings=settings, models="tiny")
    )
    sums = [result.completeness for result in results if result.completeness is not None]
    assert len(sums) == len(results) > 1
    assert [c.converged for c in sums[:-1]] == [False] * (len(sums) - 1)
    assert sums[-1].converged
    assert sums[-1].error <= 1e-4
    assert all(a.n_steps < b.n_steps for a, b in pairwise(sums))


# ------------------------------------------------------------------------- Grad-CAM


@pytest.mark.parametrize("layer", ["conv2d_5", "conv2d_1"])
def test_grad_cam_is_its_formula_on_the_grid_of_the_note(tiny: object, layer: str) -> None:
    explanation = explain(
        NOTE, type="mfcc", family="flute", method="grad_cam", layer=layer, models="tiny"
    )
    gradients, _ = load_gradients("mfcc", "flute", models="tiny")
    x = extract(NOTE, "mfcc").values[np.newaxis]
    activations, slopes = gradients.layer_gradients((x,), "flute", layer)
    cam = np.maximum((activations[0] * slopes[0].mean(axis=(0, 1))).sum(axis=-1), 0)
    grid = np.meshgrid(
        *((np.arange(n) + 0.5) * m / n - 0.5 for m, n in zip(cam.shape, (126, 40), strict=True)),
        indexing="ij",
    )
    expected = scipy.ndimage.map_coordinates(cam, grid, order=1, mode="nearest")
    assert expected.max() > 0
    got = explanation.attribution.values
    np.testing.assert_allclose(got, expected, atol=1e-5 * expected.max())
    assert explanation.completeness is None
    assert explanation.settings["layer"] == layer
    assert explanation.notes == ()


def test_known_answer_6_negative_evidence_alone_is_zero_and_said(tiny: object) -> None:
    inputs = keras.Input((126, 6, 1))
    x = keras.layers.Conv2D(2, 3, activation="relu", padding="same", name="conv2d_5")(inputs)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid", name="last")(x))
    model.get_layer("conv2d_5").set_weights([np.ones((3, 3, 1, 2)), np.ones(2)])
    model.get_layer("last").set_weights([np.full((2, 1), -1000.0), np.zeros(1)])
    store.save_model(
        model, models="negative", type="tonnetz", family="flute", about=_about("tonnetz")
    )
    explanation = explain(
        NOTE, type="tonnetz", family="flute", method="grad_cam", models="negative"
    )
    assert explanation.logit < -710.0  # where exp(-logit) is beyond all numbers
    assert explanation.probability == 0.0
    assert explanation.attribution.is_zero
    assert np.array_equal(explanation.attribution.values, np.zeros((126, 6)))  # and not NaN
    assert explanation.notes == ("All evidence in conv2d_5 speaks against flute.",)
    with pytest.raises(EmptyMapError, match="all its evidence is negative"):
        _ = explanation.heatmap
    # Integrated Gradients still has an answer to "why not a flute?"
    gradients = explain(NOTE, type="tonnetz", family="flute", models="negative")
    assert gradients.attribution.values.any()


# --------------------------------------------------------------------- feature maps


@pytest.mark.parametrize("layer", ["conv2d_1", "conv2d_5"])
def test_feature_maps_are_the_activations(
    tiny: dict[tuple[str, str], CnnByHand], layer: str
) -> None:
    x = extract(NOTE, "tonnetz").values
    activations = tiny["tonnetz", "flute"].activations(x, layer)
    model, _ = load_gradients("tonnetz", "flute", models="tiny")
    _, slopes = model.layer_gradients((x[np.newaxis],), "flute", layer)
    order = np.argsort(-np.abs(activations * slopes[0]).mean(axis=(0, 1)))
    given = {"type": "tonnetz", "family": "flute", "layer": layer, "models": "tiny"}
    maps = feature_maps(NOTE, **given)
    assert maps.filters == tuple(order[:4].tolist())
    first = feature_maps(NOTE, **given, choice="first", n_filters=3)
    assert first.filters == (0, 1, 2)
    for shown in (maps, first):
        expected = np.moveaxis(activations[..., list(shown.filters)], -1, 0)
        np.testing.assert_allclose(shown.values, expected, atol=1e-5)
        assert shown.layer == layer


# ---------------------------------------------------------------- cache and threads


def _no_gradients(*_: object, **__: object) -> None:
    raise AssertionError("computed although it was in the cache")


def test_what_was_computed_once_is_not_computed_again(
    tiny: object, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = explain(NOTE, type="tonnetz", family="flute", models="tiny")
    assert len(list(cache.iterdir())) == 1
    monkeypatch.setattr(ModelGradients, "input_gradients", _no_gradients)
    settings = resolve_settings("integrated_gradients", "default")
    (again,) = explain_progressively(
        NOTE, type="tonnetz", family="flute", settings=settings, models="tiny"
    )
    assert np.array_equal(again.attribution.values, first.attribution.values)
    assert again.completeness == first.completeness
    assert again.settings == first.settings


def test_everything_that_decides_a_map_decides_its_place_in_the_cache(
    tiny: object, cache: Path
) -> None:
    note = {"type": "tonnetz", "family": "flute", "models": "tiny", "n_steps": 2}
    explain(NOTE, **note)
    variants: list[dict[str, Any]] = [
        {"family": "bass"},
        {"type": "mfcc"},
        {"n_steps": 3},
        {"rule": "trapezoid"},
        {"target": "probability"},
        {"baseline": "dataset_mean"},
        {"baseline": "noise"},
        {"baseline": "noise", "seed": 1},
        {"baseline": "noise", "noise_level": 0.2},
        {"baseline": "note", "baseline_audio": _note(500.0)},
        {"baseline": "note", "baseline_audio": _note(600.0)},
    ]
    for count, variant in enumerate(variants, start=2):
        explain(NOTE, **{**note, **variant})
        assert len(list(cache.iterdir())) == count, variant
    explain(_note(441.0), **note)
    assert len(list(cache.iterdir())) == len(variants) + 2


def test_a_damaged_cache_is_computed_again(tiny: object, cache: Path) -> None:
    first = explain(NOTE, type="tonnetz", family="flute", models="tiny")
    (path,) = cache.iterdir()
    path.write_bytes(path.read_bytes()[:-10])
    again = explain(NOTE, type="tonnetz", family="flute", models="tiny")
    scale = np.abs(first.attribution.values).max()
    np.testing.assert_allclose(
        again.attribution.values, first.attribution.values, atol=1e-5 * scale
    )
    assert store.read_cached(path.stem) is not None


def test_a_map_of_another_shape_in_the_cache_is_not_believed(tiny: object, cache: Path) -> None:
    first = explain(NOTE, type="tonnetz", family="flute", models="tiny")
    (path,) = cache.iterdir()
    for arrays in (
        {"values": np.ones((2, 2), np.float32), "sums": np.ones(5)},
        {"values": np.full((126, 6), np.nan, np.float32), "sums": np.ones(5)},
        {"values": np.ones((126, 6), np.float32), "sums": np.ones(2)},
        {"values": np.ones((126, 6), np.float32)},
    ):
        store.write_cached(path.stem, arrays)
        again = explain(NOTE, type="tonnetz", family="flute", models="tiny")
        scale = np.abs(first.attribution.values).max()
        np.testing.assert_allclose(
            again.attribution.values, first.attribution.values, atol=1e-5 * scale
        )
        assert again.completeness is not None
        assert again.completeness.error <= 0.01


def test_a_cache_that_cannot_be_written_changes_nothing(
    tiny: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path / "file" / "cache"))
    explanation = explain(NOTE, type="tonnetz", family="flute", models="tiny")
    assert explanation.completeness is not None
    assert explanation.completeness.error <= 0.01


def test_visitors_at_the_same_time_get_what_they_would_get_alone(
    tiny: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = []
    load_network = store.load_network

    def counted(*args: Any, **kwargs: Any) -> Any:
        loads.append(args)
        return load_network(*args, **kwargs)

    monkeypatch.setattr(store, "load_network", counted)
    monkeypatch.setattr(loading, "_loaded", LRUCache(loading.MODELS_KEPT))
    notes = [_note(220.0 * 2 ** (k / 5), seed=k) for k in range(6)]
    results: dict[int, Explanation] = {}
    together = threading.Barrier(len(notes))

    def visit(k: int) -> None:
        together.wait()
        results[k] = explain(notes[k], type="tonnetz", family="flute", models="tiny")

    threads = [threading.Thread(target=visit, args=(k,)) for k in range(len(notes))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    gradients, _ = load_gradients("tonnetz", "flute", models="tiny")
    assert set(gradients.traces.values()) == {1}

    monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path / "another"))
    for k, note in enumerate(notes):
        alone = explain(note, type="tonnetz", family="flute", models="tiny")
        scale = np.abs(alone.attribution.values).max()
        np.testing.assert_allclose(
            results[k].attribution.values, alone.attribution.values, atol=1e-5 * scale
        )
        assert results[k].logit == pytest.approx(alone.logit, abs=1e-5)


def test_models_stay_in_memory_up_to_a_number(
    tiny: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "_loaded", LRUCache(2))
    first = load_gradients("tonnetz", "flute", models="tiny")
    assert load_gradients("tonnetz", "flute", models="tiny") is first
    load_gradients("tonnetz", "bass", models="tiny")
    assert load_gradients("tonnetz", "flute", models="tiny") is first  # and now the latest used
    load_gradients("mfcc", "flute", models="tiny")  # bass has to go
    assert load_gradients("tonnetz", "flute", models="tiny") is first
    assert {key[1] for key in loading._loaded._values} == {"tonnetz/flute", "mfcc/flute"}


def test_a_model_that_was_trained_anew_is_loaded_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMBRELENS_MODELS", str(tmp_path))
    said = []
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        model = wake(build_cnn((126, n_bins("tonnetz")), head="pooled"), seed)
        store.save_model(
            model, models="anew", type="tonnetz", family="flute", about=_about("tonnetz")
        )
        found = predict(NOTE, models="anew").by_type()["tonnetz"]["flute"]
        by_hand = CnnByHand(model, pooling="time").logit(extract(NOTE, "tonnetz").values)
        assert found == pytest.approx(_sigmoid(by_hand), abs=1e-5)
        said.append(found)
    assert said[0] != pytest.approx(said[1], abs=1e-3)


# -------------------------------------------------------------- what else is promised


def test_the_settings_of_an_explanation_say_it_all(tiny: object) -> None:
    explanation = explain(NOTE, type="tonnetz", family="flute", models="tiny")
    settings = explanation.settings
    assert json.loads(json.dumps(settings)) == settings
    card = store.read_card("tonnetz", "flute", models="tiny")
    assert settings["model_sha256"] == card.sha256
    assert (settings["type"], settings["family"], settings["models"]) == (
        "tonnetz",
        "flute",
        "tiny",
    )
    assert settings["method"] == "integrated_gradients"


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"type": "cqt"}, InputError, "unknown spectrogram type 'cqt'"),
        ({"family": "kazoo"}, InputError, "unknown family 'kazoo'"),
        ({"family": "reed"}, ModelError, "has no tonnetz model of reed"),
        ({"models": "none"}, ModelError, "the set 'none' has no tonnetz model of flute"),
        ({"models": "../tiny"}, InputError, "expected the name of a model set"),
        ({"method": "lime"}, InputError, "unknown method 'lime'"),
        ({"preset": "fast"}, InputError, "unknown preset 'fast'"),
        ({"baseline": "note"}, InputError, "expected another note as baseline, got none"),
        ({"baseline_audio": NOTE}, InputError, "has an effect only with baseline note"),
        ({"start": 9.0}, AudioError, "expected a start between 0 and 3.90 s, got 9 s"),
    ],
)
def test_what_cannot_be_done_gets_one_sentence(
    tiny: object, changes: dict[str, Any], kind: type[Exception], message: str
) -> None:
    given = {"type": "tonnetz", "family": "flute", "models": "tiny", **changes}
    with pytest.raises(kind, match=message):
        explain(NOTE, **given)


def test_silence_is_refused_everywhere(tiny: object) -> None:
    silence = Waveform(np.zeros(64_000), SR)
    with pytest.raises(AudioError, match="got silence"):
        predict(silence, models="tiny")
    with pytest.raises(AudioError, match="got silence"):
        explain(silence, type="tonnetz", family="flute", models="tiny")
    with pytest.raises(AudioError, match="got silence"):
        feature_maps(silence, type="tonnetz", family="flute", models="tiny")


def test_a_layer_the_model_does_not_have_is_refused(tiny: object) -> None:
    with pytest.raises(InputError, match="unknown layer 'dense': choose one of conv2d, conv2d_1"):
        explain(
            NOTE,
            type="tonnetz",
            family="flute",
            method="grad_cam",
            layer="dense",
            models="tiny",
        )
    with pytest.raises(InputError, match="unknown layer 'conv2d_9'"):
        feature_maps(NOTE, type="tonnetz", family="flute", layer="conv2d_9", models="tiny")


def test_the_package_offers_predict_and_explain_without_loading_a_framework() -> None:
    assert xai_core.predict is predict
    assert xai_core.explain is explain
    with pytest.raises(AttributeError, match="no attribute 'train'"):
        _ = xai_core.train
    code = (
        "import sys, xai_core\n"
        "assert xai_core.FAMILIES and xai_core.__version__\n"
        "assert not {'tensorflow', 'keras', 'librosa'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
