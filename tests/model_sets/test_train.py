"""A training run in small: ten families, three instruments each, one quick preset."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from tests.model_sets.chords import (
    NOTES,
    SR,
    write_chords,
)
from xai_core import store
from xai_core.datasets.notes import NoteRecord
from xai_core.errors import InputError
from xai_core.explanations.explain import explain
from xai_core.explanations.predict import predict
from xai_core.features import describe, extract
from xai_core.grid import JobsFailedError
from xai_core.model_sets import jobs
from xai_core.model_sets.train import train_models
from xai_core.networks.distances import relative_difference
from xai_core.networks.gradients import ModelGradients
from xai_core.scoring import confidence_error
from xai_core.training import PRESETS, Corpus, restore
from xai_core.values import FAMILIES, Progress, Waveform

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Even though the `tf.config"),  # see `run` below
]

TYPE = "tonnetz"  # the smallest
EPOCHS = 2  # of trunk and binary models, of one step each
PRESET = replace(
    PRESETS["quick"], batch_size=20, trunk_epochs=EPOCHS, binary_epochs=EPOCHS, binary_rate=5e-3
)


@dataclass(frozen=True)
class _Run:
    folder: Path
    records: list[NoteRecord]
    events: list[Progress]

    def train(self, **changes: object) -> list[str]:
        """Train once more with changes; return the stages that learned something."""
        events: list[Progress] = []
        given = {
            "types": [TYPE],
            "models": "tiny",
            "preset": PRESET,
            "on_progress": events.append,
            **changes,
        }
        train_models(self.records, **given)
        return [event.name for event in events if event.kind == "epoch"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Run]:
    folder = tmp_path_factory.mktemp("zoo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_MODELS", str(folder / "models"))
        patch.setenv("TIMBRELENS_CACHE", str(folder / "cache"))
        tf.config.run_functions_eagerly(True)  # a few steps each: tracing would take the longest
        records = write_chords(folder / "notes")
        events: list[Progress] = []
        train_models(
            records,
            types=[TYPE],
            models="tiny",
            preset=PRESET,
            on_progress=events.append,
        )
        yield _Run(folder, records, events)
        tf.config.run_functions_eagerly(False)


def _cards(models: str = "tiny", families: Sequence[str] = FAMILIES) -> dict[str, store.Card]:
    return {family: store.read_card(TYPE, family, models=models) for family in families}


def _features(records: list[NoteRecord]) -> np.ndarray:
    """Return the spectrograms of notes from their files, in half precision as training has them."""
    waveforms = [
        Waveform(soundfile.read(record.path, dtype="float32")[0], SR) for record in records
    ]
    x = np.stack([extract(waveform, TYPE).values for waveform in waveforms])
    return x.astype(np.float16).astype(np.float32)


def _part(run: _Run, card: store.Card, part: str) -> list[NoteRecord]:
    names = set(card.data[part]["instruments"])
    return [record for record in run.records if record.instrument in names]


def test_every_family_has_a_model_that_fits_its_card(run: _Run) -> None:
    assert store.available_models("tiny") == {TYPE: FAMILIES}
    for family, card in _cards().items():
        path = run.folder / "models" / "tiny" / TYPE / family / "model.keras"
        assert hashlib.sha256(path.read_bytes()).hexdigest() == card.sha256
        model, _ = store.load_model(TYPE, family, models="tiny")
        assert card.architecture["n_weights"] == model.count_params()
        assert card.architecture["input_shape"] == list(model.input_shape[1:3]) == [126, 6]
        assert card.training["preset"] == PRESET.for_type(TYPE).as_dict()
        assert card.training["seed"] == 0
        assert describe(TYPE).items() <= card.features.items()
    assert len({card.sha256 for card in _cards().values()}) == 10


def test_no_instrument_is_in_two_parts_and_every_family_in_all(run: _Run) -> None:
    for card in _cards().values():
        parts = {name: set(part["instruments"]) for name, part in card.data.items()}
        assert set(parts) == {"train", "calibration", "test"}
        assert not parts["train"] & parts["calibration"]
        assert not parts["test"] & (parts["train"] | parts["calibration"])
        assert set.union(*parts.values()) == {record.instrument for record in run.records}
        for name, counts in card.data.items():
            records = _part(run, card, name)
            assert counts["n_notes"] == len(records) == sum(counts["notes_by_family"].values())
            assert counts["n_instruments"] == len(parts[name])
            assert set(counts["notes_by_family"]) == set(FAMILIES)
            assert sum(counts["notes_by_collection"].values()) == len(records)


def test_the_cards_scores_are_those_of_the_saved_models_on_unseen_instruments(run: _Run) -> None:
    cards = _cards()
    unseen = _part(run, cards["bass"], "test")
    x = _features(unseen)
    family = np.array([record.family for record in unseen])
    probabilities = {}
    for name, card in cards.items():
        model, _ = store.load_model(TYPE, name, models="tiny")
        p = ModelGradients(model).outputs((x,), target="probability")[:, 0]
        probabilities[name] = p
        positive = family == name
        assert np.abs(p - 0.5).min() > 1e-6  # so that rounding turns no yes into a no
        recall, rejected = np.mean(p[positive] >= 0.5), np.mean(p[~positive] < 0.5)
        assert card.scores["balanced_accuracy"] == pytest.approx((recall + rejected) / 2)
        assert card.scores["recall"] == pytest.approx(recall)
        assert card.scores["brier"] == pytest.approx(np.mean((p - positive) ** 2), abs=1e-6)
        assert (card.scores["n_notes"], card.scores["n_positive"]) == (len(unseen), NOTES)
    summary = store.read_summary(TYPE, models="tiny")
    assert summary is not None
    table = np.stack([probabilities[name] for name in FAMILIES], axis=1)
    named = np.array(FAMILIES)[table.argmax(axis=1)]
    assert summary["ten_way"]["accuracy"] == pytest.approx(np.mean(named == family))
    assert set(summary["by_collection"]) == {"chords", "others"}
    assert sum(part["n_notes"] for part in summary["by_collection"].values()) == len(unseen)


def test_the_ten_way_network_is_a_model_of_the_set(run: _Run) -> None:
    assert store.named_models("tiny") == (f"{TYPE}/ten_way",)
    model, card = store.load_model(name=f"{TYPE}/ten_way", models="tiny")
    assert (card.inputs, card.classes) == ((TYPE,), FAMILIES)
    unseen = _part(run, card, "test")
    p = ModelGradients(model).outputs((_features(unseen),), target="probability")
    np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-6)
    family = np.array([FAMILIES.index(record.family) for record in unseen])
    assert card.scores["accuracy"] == pytest.approx(np.mean(p.argmax(axis=1) == family))
    assert card.scores["ece"] == pytest.approx(confidence_error(p, family), abs=1e-5)
    kernel, bias = model.get_layer("logit").get_weights()
    scale = card.training["calibration"]["scale"]
    for weights in (kernel, bias):  # the temperature is folded in
        halves = np.float32(weights / scale).astype(np.float16).astype(np.float32)
        np.testing.assert_allclose(weights / scale, halves, rtol=1e-6, atol=1e-9)
    explained = explain(
        run.records[0].path, type=TYPE, family="bass", model=card.name, models="tiny", n_steps=8
    )
    assert explained.probability == pytest.approx(
        predict(run.records[0].path, models="tiny").ten_way[TYPE]["bass"], rel=1e-5
    )


def test_the_verdict_has_weights_of_the_networks_that_are_there(run: _Run) -> None:
    verdict = store.read_verdict("tiny")
    assert verdict is not None
    card = store.read_card(name=f"{TYPE}/ten_way", models="tiny")
    assert verdict["sha256"] == {TYPE: card.sha256}
    assert verdict["weights"][TYPE] >= 0.0
    # one network: the order of its families is that of the verdict
    assert verdict["scores"]["accuracy"] == card.scores["accuracy"] or not verdict["weights"][TYPE]
    said = predict(run.records[0].path, models="tiny")
    assert set(said.ten_way) == {TYPE}
    assert said.weights == verdict["weights"]
    assert sum(said.verdict().values()) == pytest.approx(1.0)
    assert set(said.by_type()[TYPE]) == set(FAMILIES)


def test_cards_say_how_far_the_models_lie_apart(run: _Run) -> None:
    cards = _cards()
    networks = {name: store.load_model(TYPE, name, models="tiny")[0] for name in ("bass", "reed")}
    found = cards["bass"].architecture["distances"]
    assert set(found["relative"]) == set(found["cka"]) == set(FAMILIES) - {"bass"}
    expected = relative_difference(networks["bass"], networks["reed"])
    assert found["relative"]["reed"] == pytest.approx(expected, abs=1e-6)
    assert expected > 0.01  # all layers have learnt
    assert 0.0 <= found["cka"]["reed"] <= 1.0
    assert cards["reed"].architecture["distances"]["cka"]["bass"] == found["cka"]["reed"]
    summary = store.read_summary(TYPE, models="tiny")
    assert summary is not None
    assert summary["distances"]["bass"] == found


def test_training_that_starts_from_a_set_holds_out_what_it_held_out(run: _Run) -> None:
    trunk = replace(PRESET, trunk_epochs=1, trunk_rate=1e-9, average=0.0)
    stages = run.train(models="next", preset=trunk, start="tiny", seed=3, families=["bass"])
    assert stages[0] == "tonnetz: trunk"
    card, before = (store.read_card(TYPE, "bass", models=name) for name in ("next", "tiny"))
    assert card.training["start"]["models"] == "tiny"
    for part in ("train", "calibration", "test"):  # whatever the seed
        assert card.data[part]["instruments"] == before.data[part]["instruments"]
    a, b = (store.load_model(name=f"{TYPE}/ten_way", models=name)[0] for name in ("next", "tiny"))
    assert relative_difference(a, b) < 1e-3  # a rate at which nothing moves
    assert run.train(models="next", preset=trunk, start="tiny", seed=3, families=["bass"]) == []


def test_the_mean_spectrum_is_that_of_the_training_notes(run: _Run) -> None:
    card = _cards()["flute"]
    expected = _features(_part(run, card, "train")).mean(axis=(0, 1))
    np.testing.assert_allclose(card.features["mean_spectrum"], expected, atol=2e-6)


def test_calibration_is_folded_in_and_written_down(run: _Run) -> None:
    shared = {str(card.training["calibration"]) for card in _cards().values()}
    assert len(shared) == 1  # one scaling, so that the ten stay comparable
    for family, card in _cards().items():
        model, _ = store.load_model(TYPE, family, models="tiny")
        kernel, _ = model.get_layer("logit").get_weights()
        scale = card.training["calibration"]["scale"]
        # before calibration the weights were halves; the scale is what took them from there
        halves = np.float32(kernel / scale).astype(np.float16).astype(np.float32)
        np.testing.assert_allclose(kernel / scale, halves, rtol=1e-6, atol=1e-9)
        hidden = model.get_layer("dense").get_weights()[0]
        assert np.array_equal(hidden, hidden.astype(np.float16).astype(np.float32))
        assert np.isfinite(card.training["calibration"]["offset"])


def test_progress_covers_every_stage(run: _Run) -> None:
    trunk = [event for event in run.events if event.name == "tonnetz: trunk"]
    assert [(event.kind, event.done, event.total) for event in trunk] == [
        ("epoch", 1, EPOCHS),
        ("epoch", 2, EPOCHS),
    ]
    for part, n_notes in (("train", 20), ("calibration", 20), ("test", 20)):
        name = f"tonnetz: spectrograms ({part})"
        done = [(e.done, e.total) for e in run.events if e.name == name]
        assert done == [(k, n_notes) for k in range(1, n_notes + 1)]
    for family in FAMILIES:
        epochs = [(e.done, e.total) for e in run.events if e.name == f"tonnetz: {family}"]
        assert epochs == [(k, EPOCHS) for k in range(1, EPOCHS + 1)]


def test_curves_and_what_decided_them_are_kept(run: _Run) -> None:
    curves = {"loss", "accuracy", "val_loss", "val_accuracy", "val_balanced_accuracy"}
    for card in _cards().values():
        assert {len(values) for values in card.training["history"].values()} == {EPOCHS}
        assert set(card.training["history"]) == curves
        assert card.training["code"] == store.training_code()
        assert card.training["split"]["fractions"] == {"test": 0.2, "calibration": 0.1}
        assert card.training["data_sets"] == []
    summary = store.read_summary(TYPE, models="tiny")
    assert summary is not None
    trunk = summary["trunk"]["history"]
    assert set(trunk) == curves
    assert len(trunk["val_loss"]) == EPOCHS


def test_the_models_can_be_explained(run: _Run) -> None:
    explanation = explain(run.records[0].path, type=TYPE, family="bass", models="tiny")
    assert explanation.completeness is not None
    assert explanation.completeness.error <= 0.01
    mean = explain(
        run.records[0].path, type=TYPE, family="bass", models="tiny", baseline="dataset_mean"
    )
    assert mean.completeness is not None
    assert mean.completeness.baseline_output != explanation.completeness.baseline_output


def test_a_finished_run_is_left_as_it_is(run: _Run) -> None:
    before = _cards()
    assert run.train() == []
    assert _cards() == before


def test_a_killed_run_resumes_where_it_was(run: _Run) -> None:
    before = _cards()
    folder = run.folder / "models" / "tiny" / TYPE
    (folder / "flute" / "card.json").unlink()  # as after a kill between model and card
    (folder / "reed" / "card.json").unlink()
    (folder / "reed" / "model.keras").unlink()
    (folder / "summary.json").unlink()
    learned = run.train()
    assert (
        learned == ["tonnetz: flute"] * EPOCHS + ["tonnetz: reed"] * EPOCHS
    )  # no trunk: that was kept
    after = _cards()
    for family in FAMILIES:
        if family not in ("flute", "reed"):
            assert after[family].training["history"] == before[family].training["history"]
    assert len({str(card.training["calibration"]) for card in after.values()}) == 1
    assert after["flute"].training["notes"] == before["flute"].training["notes"]
    assert store.read_summary(TYPE, models="tiny") is not None


def test_a_run_killed_while_it_calibrated_calibrates_again(run: _Run) -> None:
    wanted = {"models": "two", "families": ["organ", "reed"]}
    run.train(**wanted)
    before = _cards(**wanted)
    weights = store.load_model(TYPE, "organ", models="two")[0].get_weights()
    path = run.folder / "models" / "two" / TYPE / "organ" / "card.json"
    # as if organ had kept an older calibration, its weights and its card in agreement
    model, card = store.load_model(TYPE, "organ", models="two")
    old = card.training["calibration"]
    restore(model, scale=old["scale"], offset=old["offset"])
    about = {name: getattr(card, name) for name in ("architecture", "features", "data", "scores")}
    about["training"] = {**card.training, "calibration": None}
    store.save_model(model, models="two", type=TYPE, family="organ", about=about)
    assert json.loads(path.read_text())["training"]["calibration"] is None

    assert run.train(**wanted) == []  # nothing is learned anew
    after = _cards(**wanted)
    for family in wanted["families"]:
        new = after[family].training["calibration"]
        assert new["scale"] == pytest.approx(old["scale"], rel=1e-5)
        assert new["offset"] == pytest.approx(old["offset"], abs=1e-5)
        assert _numbers(after[family].scores) == pytest.approx(
            _numbers(before[family].scores), abs=1e-5
        )
    again = store.load_model(TYPE, "organ", models="two")[0].get_weights()
    for a, b in zip(weights, again, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def _numbers(scores: dict[str, Any], under: str = "") -> dict[str, float]:
    """Return all single numbers of a nested table by the way to them."""
    flat: dict[str, float] = {}
    for name, value in scores.items():
        if isinstance(value, dict):
            flat |= _numbers(value, f"{under}{name}/")
        elif isinstance(value, list):
            flat |= _numbers({str(k): one for k, one in enumerate(value)}, f"{under}{name}/")
        elif value is not None:
            flat[under + name] = float(value)
    return flat


def test_cards_say_how_sure_their_scores_are(run: _Run) -> None:
    for card in _cards().values():
        # one held-out instrument of each family: nothing is known of how instruments differ
        assert card.scores["n_positive_instruments"] == 1
        assert card.scores["intervals"] is None
        assert card.scores["better_than_chance"] is False
        assert 0.0 <= card.scores["ece"] <= 1.0
    summary = store.read_summary(TYPE, models="tiny")
    assert summary is not None
    assert summary["ten_way"]["intervals"]["accuracy"] is None
    assert np.sum(summary["ten_way"]["confusion"]) == summary["ten_way"]["n_notes"]


def test_scores_without_intervals_are_made_anew_and_nothing_is_learnt(run: _Run) -> None:
    wanted = {"models": "two", "families": ["organ", "reed"]}
    run.train(**wanted)
    before = _cards(**wanted)["reed"].scores
    path = run.folder / "models" / "two" / TYPE / "reed" / "card.json"
    card = json.loads(path.read_text())
    for name in ("intervals", "better_than_chance"):  # as an earlier version had them
        del card["scores"][name]
    path.write_text(json.dumps(card))
    assert run.train(**wanted) == []
    assert _numbers(_cards(**wanted)["reed"].scores) == pytest.approx(_numbers(before), abs=1e-5)


def test_another_seed_or_other_notes_train_anew(run: _Run) -> None:
    wanted = {"models": "other", "families": ["bass"]}
    assert run.train(**wanted) == ["tonnetz: bass"] * EPOCHS  # the trunk of the same notes is kept
    first = store.read_card(TYPE, "bass", models="other")
    assert run.train(**wanted) == []
    assert run.train(**wanted, seed=1) == ["tonnetz: trunk"] * EPOCHS + ["tonnetz: bass"] * EPOCHS
    second = store.read_card(TYPE, "bass", models="other")
    assert second.training["notes"] != first.training["notes"]
    assert second.sha256 != first.sha256
    assert store.read_summary(TYPE, models="other") is None  # nine families are missing


def test_a_model_that_fails_is_named_and_the_others_go_on(
    run: _Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fit = jobs.fit_binary

    def fit_all_but_organ(corpus: Corpus, family: str, *given: object, **more: object) -> object:
        if family == "organ":
            raise MemoryError("no room for a step")
        return fit(corpus, family, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs, "fit_binary", fit_all_but_organ)
    wanted = {"models": "failing", "families": ["organ", "reed"]}
    with pytest.raises(JobsFailedError, match=r"1 of 6 jobs failed .* \(tonnetz organ\)"):
        run.train(**wanted)
    said = [entry.message for entry in caplog.records if entry.name == "xai_core.model_sets.train"]
    assert said == ["tonnetz organ failed: MemoryError: no room for a step"]
    assert store.read_card(TYPE, "reed", models="failing").training["calibration"] is not None
    monkeypatch.undo()
    monkeypatch.setenv("TIMBRELENS_MODELS", str(run.folder / "models"))
    monkeypatch.setenv("TIMBRELENS_CACHE", str(run.folder / "cache"))
    assert run.train(**wanted) == ["tonnetz: organ"] * EPOCHS


def test_a_preset_that_validates_has_a_part_of_its_own(run: _Run) -> None:
    preset = replace(PRESET, trunk_epochs=0, binary_epochs=1, validation_fraction=0.3)
    with pytest.raises(InputError, match=r"at least 4 instruments of brass .*training, valid"):
        run.train(models="validating", families=["brass"], preset=preset)


def test_too_few_instruments_are_named_before_any_work(run: _Run) -> None:
    two = [record for record in run.records if record.instrument != "organ_acoustic_001"]
    with pytest.raises(InputError, match=r"at least 3 instruments of organ .* got 2"):
        train_models(two, types=[TYPE], models="few", preset=PRESET)
    only = [record for record in run.records if record.family == "bass"]
    with pytest.raises(InputError, match="notes of other families beside bass, got none"):
        train_models(only, types=[TYPE], families=["bass"], models="few", preset=PRESET)
    assert not (run.folder / "models" / "few").exists()


def test_a_damaged_file_is_named_and_the_rest_is_trained_on(
    run: _Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    records = write_chords(tmp_path / "notes")
    path = records[7].path
    path.write_bytes(path.read_bytes()[:1000])
    events: list[Progress] = []
    train_models(
        records,
        types=[TYPE],
        families=["bass"],
        models="damaged",
        preset=replace(PRESET, trunk_epochs=0, binary_epochs=1),
        on_progress=events.append,
    )
    said = [entry.message for entry in caplog.records if entry.name == "xai_core.model_sets.train"]
    assert said == [f"1 of 60 notes is left out: {records[7].note} (damaged)"]
    checks = [event for event in events if event.name == "checking notes"]
    assert checks[-1] == Progress("step", "checking notes", 60, 60)
    card = store.read_card(TYPE, "bass", models="damaged")
    assert sum(part["n_notes"] for part in card.data.values()) == 59
