"""Models of several inputs and classes, and one of other layer names, from gradients to exports."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from typer.testing import CliRunner

import xai_core
from xai_core import store
from xai_core.attribution.integrated_gradients import integrated_gradients
from xai_core.audio import to_exact_wav
from xai_core.catalogue.methods import METHODS
from xai_core.cli import app
from xai_core.errors import InputError, ModelError
from xai_core.explanations import feature_maps, layers_of, predict
from xai_core.figures.maps.four_panels import explore_panels
from xai_core.model_sets.scorecards import read_scorecards
from xai_core.networks.contract import InputView, PackedModel, pack, unpack
from xai_core.networks.gradients import ModelGradients
from xai_core.results.files import explanation_files
from xai_core.results.records import explain_as_recalled, read_recalled, sameness
from xai_core.values import Waveform

L = keras.layers
INPUTS = ("mfcc", "tonnetz")
CLASSES = ("flute", "guitar", "other")
SMALL = ((9, 7), (9, 5))  # frames, bins
REAL = ((126, 40), (126, 6))  # of a note
Array = np.ndarray

SR = 16_000  # Hz
T = np.arange(64_000) / SR
NOTE = Waveform(0.3 * np.sin(2 * np.pi * 440.0 * T) * np.exp(-T), SR)


def _two_inputs(shapes: Any = SMALL, *, last: str = "softmax") -> keras.Model:
    """Return a softmax over three classes of two branches, with a layer that sees both."""
    keras.utils.set_random_seed(0)
    a, b = (keras.Input((*shape, 1), name=f"given_{k}") for k, shape in enumerate(shapes))
    u = L.Conv2D(3, 3, activation="tanh", padding="same", name="of_a")(a)
    v = L.DepthwiseConv2D(3, activation="tanh", padding="same", name="of_b")(b)
    v = L.SeparableConv2D(2, 3, activation="tanh", padding="same", name="of_b_too")(v)
    both = L.Concatenate(axis=2)([L.Conv2D(2, 1, name="a_narrow")(u), v])
    both = L.Conv2D(2, 3, activation="tanh", name="of_both")(both)
    x = L.GlobalAveragePooling2D()(both)
    x = L.Concatenate()([x, L.Flatten()(u), L.Flatten()(v)])
    if last == "softmax":
        x = L.Dense(3, activation="softmax")(x)
    elif last == "softmax layer":
        x = L.Softmax()(L.Dense(3)(x))
    elif last == "sigmoid layer":
        x = L.Activation("sigmoid")(L.Dense(3)(x))
    else:
        x = L.Dense(3, activation="sigmoid")(x)
    model = keras.Model([a, b], x)
    rng = np.random.default_rng(1)
    model.set_weights([w + 0.2 * rng.standard_normal(w.shape) for w in model.get_weights()])
    return model


def _inputs(n: int = 4, shapes: Any = SMALL) -> tuple[Array, Array]:
    rng = np.random.default_rng(2)
    first, second = (rng.standard_normal((n, *shape)).astype(np.float32) for shape in shapes)
    return first, second


@pytest.fixture(scope="module", params=["softmax", "softmax layer", "sigmoids", "sigmoid layer"])
def network(request: pytest.FixtureRequest) -> keras.Model:
    return _two_inputs(last=request.param)


@pytest.fixture(scope="module")
def model(network: keras.Model) -> ModelGradients:
    return ModelGradients(network, INPUTS, CLASSES)


def test_outputs_are_those_of_keras(network: keras.Model, model: ModelGradients) -> None:
    xs = _inputs()
    expected = network.predict([x[..., np.newaxis] for x in xs], verbose=0)
    found = model.outputs(xs, target="probability")
    assert np.ptp(found) > 0.05
    np.testing.assert_allclose(found, expected, atol=1e-6)
    logits = model.outputs(xs)
    if np.allclose(expected.sum(axis=1), 1.0):
        np.testing.assert_allclose(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), expected,
                                   atol=1e-6)  # fmt: skip
    else:
        np.testing.assert_allclose(np.log(expected / (1 - expected)), logits, atol=1e-5)
    assert (model.inputs, model.classes, model.input_shapes) == (INPUTS, CLASSES, SMALL)


@pytest.mark.parametrize("class_name", CLASSES)
def test_input_gradients_are_those_of_a_tape(
    network: keras.Model, model: ModelGradients, class_name: str
) -> None:
    xs = _inputs()
    k = CLASSES.index(class_name)
    given = [tf.constant(x[..., np.newaxis]) for x in xs]
    with tf.GradientTape() as tape:
        tape.watch(given)
        of_class = network(given, training=False)[:, k]
    expected = tape.gradient(of_class, given)
    outputs, gradients = model.input_gradients(xs, class_name, target="probability")
    np.testing.assert_allclose(outputs, of_class, atol=1e-6)
    for found, theirs in zip(gradients, expected, strict=True):
        scale = float(np.abs(theirs).max())
        np.testing.assert_allclose(found, theirs[..., 0], atol=1e-5 * scale)


def test_logit_gradients_are_finite_differences(model: ModelGradients) -> None:
    packed = PackedModel(model, "guitar")
    x = pack(_inputs(1))
    along = np.random.default_rng(3).standard_normal(x.shape).astype(np.float32)
    step = 1e-2  # single precision: errors of rounding and of the third order are alike
    ends = packed.outputs(np.concatenate([x - step * along, x + step * along]))
    slope = float(np.sum(packed.gradients(x) * along))
    assert float(np.diff(ends)[0]) / (2 * step) == pytest.approx(slope, rel=5e-3, abs=5e-3)


def test_one_trace_serves_every_class_and_batch(network: keras.Model) -> None:
    model = ModelGradients(network, INPUTS, CLASSES)
    for n, class_name in ((1, "flute"), (3, "guitar"), (5, "other")):
        xs = _inputs(n)
        model.outputs(xs)
        model.input_gradients(xs, class_name)
        model.layer_gradients(xs, class_name, "of_a")
    asked = ("outputs", "input_gradients", "layer_gradients:of_a")
    assert {name: model.traces[name] for name in asked} == dict.fromkeys(asked, 1)


def test_layers_belong_to_the_input_that_they_depend_on(model: ModelGradients) -> None:
    assert dict(model.convolution_layers) == {
        "mfcc": ("of_a", "a_narrow"),
        "tonnetz": ("of_b", "of_b_too"),
    }
    xs = _inputs()
    activations, slopes = model.layer_gradients(xs, "flute", "of_b_too")
    assert activations.shape == slopes.shape == (4, 9, 5, 2)
    changed = (xs[0] + 1.0, xs[1])  # the other input does not move it
    np.testing.assert_allclose(model.activations(changed, "of_b_too"), activations, atol=1e-6)
    with pytest.raises(InputError, match=r"'of_both' depends on several inputs \(mfcc, tonnetz\)"):
        model.layer_gradients(xs, "flute", "of_both")


def test_layer_gradients_are_those_of_a_tape(network: keras.Model, model: ModelGradients) -> None:
    xs = _inputs()
    tail = keras.Model(network.inputs, [network.get_layer("of_a").output, network.output])
    with tf.GradientTape() as tape:
        given = [tf.constant(x[..., np.newaxis]) for x in xs]
        tape.watch(given)
        at, outputs = tail(given, training=False)
        p = outputs[:, 1]
        # gradients of a logit: of the log of p against a class that stays, or of the odds
        is_softmax = bool(np.allclose(outputs.numpy().sum(axis=1), 1.0))
        logit = tf.math.log(p / outputs[:, 0]) if is_softmax else tf.math.log(p / (1 - p))
    expected = tape.gradient(logit, at)
    activations, found = model.layer_gradients(xs, "guitar", "of_a")
    if is_softmax:
        found = found - model.layer_gradients(xs, "flute", "of_a")[1]
    np.testing.assert_allclose(activations, at, atol=1e-6)
    np.testing.assert_allclose(found, expected, atol=1e-4 * float(np.abs(expected).max()))


@pytest.mark.parametrize("target", ["logit", "probability"])
def test_integrated_gradients_add_up_over_both_inputs(model: ModelGradients, target: Any) -> None:
    packed = PackedModel(model, "other", target)
    x = pack(_inputs(1))[0]
    attributions = integrated_gradients(packed.gradients, x, np.zeros_like(x), n_steps=200)
    ends = packed.outputs(np.stack([np.zeros_like(x), x]))
    assert attributions.sum() == pytest.approx(ends[1] - ends[0], abs=2e-3)
    parts = unpack(attributions, SMALL)
    assert [part.shape for part in parts] == list(SMALL)
    assert all(np.abs(part).sum() > 0 for part in parts)
    assert np.array_equal(pack(parts), attributions)


def test_a_view_moves_one_input_and_leaves_the_other(model: ModelGradients) -> None:
    xs = tuple(x[0] for x in _inputs(1))
    view = InputView(PackedModel(model, "other"), xs, 1)
    points = np.stack([xs[1], 0.0 * xs[1]])
    outputs, gradients = view.evaluate(points)
    both = (np.stack([xs[0], xs[0]]), points)
    np.testing.assert_allclose(outputs, model.outputs(both)[:, 2], atol=1e-6)
    np.testing.assert_allclose(view.outputs(points), outputs, atol=1e-6)
    expected = model.input_gradients(both, "other")[1][1]
    np.testing.assert_allclose(gradients, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, xs: m.outputs(xs[:1]), "a tuple of one array for each of mfcc, tonnetz, got 1"),
        (lambda m, xs: m.outputs(xs[::-1]), r"shape \(n, 9, 7\), got \(4, 9, 5\)"),
        (lambda m, xs: m.outputs(xs[0]), "got one array"),
        (lambda m, xs: m.outputs((xs[0], xs[1][:2])), r"as many notes for each input, got \[4, 2"),
        (lambda m, xs: m.input_gradients(xs, "reed"), "unknown class 'reed': choose one of flute"),
        (lambda m, xs: m.layer_gradients(xs, "flute", "c9"), "unknown layer 'c9': choose one of"),
    ],
)
def test_what_does_not_fit_is_refused(model: ModelGradients, call: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call(model, _inputs())


@pytest.mark.parametrize(("inputs", "classes"), [(("mfcc",), CLASSES), (INPUTS, ("flute",))])
def test_a_card_of_another_network_is_refused(inputs: Any, classes: Any) -> None:
    with pytest.raises(ModelError, match="does the card belong to it"):
        ModelGradients(_two_inputs(), inputs, classes)


# ------------------------------------------------- in a set, with cards that say little


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Save a two-input softmax and a binary model whose only convolution is `c1`."""
    root = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_MODELS", str(root / "models"))
        patch.setenv("TIMBRELENS_CACHE", str(root / "cache"))
        about = {"inputs": INPUTS, "classes": CLASSES}
        store.save_model(_two_inputs(REAL), models="own", name="fused/two", about=about)
        keras.utils.set_random_seed(4)
        single = keras.Sequential(
            [
                keras.Input((126, 6, 1)),
                L.Conv2D(4, 3, activation="relu", name="c1"),
                L.GlobalAveragePooling2D(),
                L.Dense(1, activation="sigmoid"),
            ]
        )
        store.save_model(single, models="own", type="tonnetz", family="flute", about={})
        for card in (root / "models").rglob("card.json"):  # as little as may be
            content = json.loads(card.read_text())
            kept = ("sha256", "inputs", "classes") if "two" in str(card) else ("sha256",)
            card.write_text(json.dumps({key: content[key] for key in kept}))
        yield root


def test_models_of_a_set_go_by_name(own: Path) -> None:
    assert store.named_models("own") == ("fused/two",)
    assert store.available_models("own") == {"tonnetz": ("flute",)}
    assert "own" in store.model_sets()
    card = store.read_card(name="fused/two", models="own")
    assert (card.inputs, card.classes, card.described) == (INPUTS, CLASSES, "the model fused/two")
    binary = store.read_card("tonnetz", "flute", models="own")
    assert binary == store.read_card(name="tonnetz/flute", models="own")
    assert (binary.inputs, binary.classes) == (("tonnetz",), ("flute",))
    with pytest.raises(ModelError, match="set 'own' has no model fused/three"):
        store.read_card(name="fused/three", models="own")
    with pytest.raises(InputError, match="expected the name of a model"):
        store.read_card(name="../two", models="own")


def test_both_inputs_are_explained_together(own: Path) -> None:
    given = {"family": "guitar", "models": "own", "model": "fused/two"}
    found = xai_core.explain(NOTE, type="mfcc", **given)
    assert [one.type for one in found.attributions] == list(INPUTS)
    assert found.attribution is found.attributions[0]
    total = sum(float(one.values.sum(dtype=np.float64)) for one in found.attributions)
    assert found.completeness is not None
    assert found.completeness.error <= 0.01
    assert total == pytest.approx(found.completeness.attributed, abs=1e-4)
    network, _ = store.load_model(name="fused/two", models="own")
    xs = [one.values[np.newaxis, ..., np.newaxis] for one in found.spectrograms]
    assert found.probability == pytest.approx(network.predict(xs, verbose=0)[0, 1], abs=1e-6)
    other = xai_core.explain(NOTE, type="tonnetz", **given)
    assert np.array_equal(other.attribution.values, found.attributions[1].values)
    assert found.settings["inputs"] == list(INPUTS)
    assert found.settings["classes"] == list(CLASSES)
    assert found.settings["model"] == "fused/two"


@pytest.mark.parametrize("method", METHODS)
def test_every_method_explains_a_model_of_two_inputs(own: Path, method: str) -> None:
    given = {"family": "guitar", "models": "own", "model": "fused/two", "method": method}
    found = xai_core.explain(NOTE, type="tonnetz", **given)
    assert found.attribution.values.shape == (126, 6)
    assert np.isfinite(found.attribution.values).all()
    shown = ["tonnetz"] if METHODS[method].of_one_input else list(INPUTS)
    assert [one.type for one in found.attributions] == shown
    total = sum(float(one.values.sum(dtype=np.float64)) for one in found.attributions)
    assert found.canvas().sum() == pytest.approx(total, rel=1e-6, abs=1e-6)
    again = xai_core.explain(NOTE, type="tonnetz", **given)
    np.testing.assert_array_equal(again.attribution.values, found.attribution.values)
    assert again.completeness == found.completeness
    if not METHODS[method].of_one_input:
        other = xai_core.explain(NOTE, type="mfcc", **given)  # made once, for both inputs
        np.testing.assert_array_equal(other.attributions[1].values, found.attribution.values)


def test_grad_cam_and_feature_maps_use_the_layers_of_the_input(own: Path) -> None:
    given = {"family": "other", "models": "own", "model": "fused/two"}
    found = xai_core.explain(NOTE, type="tonnetz", method="grad_cam", **given)
    assert found.settings["layer"] == "of_b_too"
    assert found.attribution.values.shape == (126, 6)
    assert len(found.attributions) == 1
    assert feature_maps(NOTE, type="mfcc", layer="of_a", **given).layer == "of_a"
    with pytest.raises(InputError, match="'of_a' belongs to the mfcc input: choose one of of_b, "):
        feature_maps(NOTE, type="tonnetz", layer="of_a", **given)


def test_a_binary_model_with_a_layer_of_its_own_name(own: Path) -> None:
    assert layers_of("tonnetz", "flute", models="own") == ("c1",)
    found = xai_core.explain(NOTE, type="tonnetz", family="flute", method="grad_cam", models="own")
    assert found.settings["layer"] == "c1"
    assert not {"model", "inputs", "classes"} & found.settings.keys()
    assert predict(NOTE, models="own").by_type().keys() == {"tonnetz"}


def test_exports_hold_every_input_and_can_be_run_again(own: Path, tmp_path: Path) -> None:
    found = xai_core.explain(NOTE, type="mfcc", family="flute", models="own", model="fused/two")
    files = {file.suffix: file for file in explanation_files(found, note="a4")}
    with np.load(io.BytesIO(files["npz"].make())) as arrays:
        for one in found.attributions:
            assert np.array_equal(arrays[f"attribution_{one.type}"], one.values)
        assert np.array_equal(arrays["attribution"], found.attribution.values)
    saved = tmp_path / "a4.json"
    saved.write_bytes(files["json"].make())
    recalled = read_recalled(saved)
    again = explain_as_recalled(to_exact_wav(found.waveform), recalled)
    assert "to the last bit" in sameness(recalled, again)
    assert files["png"].make()[:4] == b"\x89PNG"


def test_the_four_panels_are_drawn(own: Path) -> None:
    given = {"type": "mfcc", "family": "flute", "models": "own", "model": "fused/two"}
    maps = feature_maps(NOTE, **given)
    found = {
        method: xai_core.explain(NOTE, method=method, **given)
        for method in ("integrated_gradients", "grad_cam")
    }
    first = found["integrated_gradients"]
    attributions = {method: one.attribution for method, one in found.items()}
    figure = explore_panels(first.spectrogram, maps, attributions)
    drawn = [np.asarray(trace.z) for trace in figure.data if trace.type == "heatmap"]
    same = [z for z in drawn if z.shape == (40, 126)]
    assert any(np.allclose(z, first.attribution.values.T, atol=1e-6) for z in same)


def test_the_command_explains_a_model_by_name(own: Path, tmp_path: Path) -> None:
    wav = tmp_path / "a4.wav"
    wav.write_bytes(to_exact_wav(NOTE))
    asked = [str(wav), "-t", "mfcc", "-f", "guitar", "--models", "own", "--model", "fused/two"]
    result = CliRunner().invoke(app, ["explain", *asked])
    assert result.exit_code == 0, result.output
    assert "Probability of guitar by the model fused/two, map of mfcc:" in result.output


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"type": "stft"}, "the model fused/two does not take .* 'stft': choose one of mfcc, ton"),
        ({"family": "reed"}, "unknown class 'reed': choose one of flute, guitar, other"),
        ({"baseline": "dataset_mean"}, "the card of the model fused/two has no mean spectrum"),
    ],
)
def test_what_the_model_or_its_card_lacks_is_said(
    own: Path, changes: dict[str, Any], message: str
) -> None:
    given = {"type": "mfcc", "family": "flute", "models": "own", "model": "fused/two", **changes}
    with pytest.raises(InputError, match=message):
        xai_core.explain(NOTE, **given)


def test_scorecards_leave_out_what_cards_do_not_say(own: Path) -> None:
    scorecards = read_scorecards("own")
    assert scorecards.scores("precision") == {"tonnetz": {}}
    assert scorecards.chance("precision") == {}
    assert scorecards.reliability("tonnetz") == {}
    assert scorecards.histories("tonnetz") == {}
    assert scorecards.unproven == frozenset()
