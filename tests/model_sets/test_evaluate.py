"""Evaluation of tiny sets: the right notes, no note that was trained on, the right numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import soundfile
import tensorflow as tf

from tests.model_sets.tiny_models import (
    instrument,
    write_models,
    write_notes,
)
from xai_core import store
from xai_core.datasets.notes import NoteRecord
from xai_core.errors import InputError, ModelError
from xai_core.features import extract
from xai_core.model_sets.evaluate import Evaluation, evaluate_models
from xai_core.networks.cnn import build_cnn
from xai_core.networks.gradients import ModelGradients
from xai_core.scores import combine_classes, combine_types
from xai_core.scoring import (
    binary_scores,
    ten_way_scores,
)
from xai_core.values import FAMILIES, Progress, Waveform

pytestmark = pytest.mark.filterwarnings("ignore:Even though the `tf.config")  # see `records` below

TYPE, OTHER_TYPE = "tonnetz", "spectral_contrast"  # the two smallest
RESAMPLES = 50


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[NoteRecord]]:
    folder = tmp_path_factory.mktemp("evaluating")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_MODELS", str(folder / "models"))
        patch.setenv("TIMBRELENS_CACHE", str(folder / "cache"))
        tf.config.run_functions_eagerly(True)  # a few notes each: tracing would take the longest
        found = write_notes(folder / "notes")
        write_models(found, TYPE)
        # a type whose split is another: only the last instruments are unseen by both
        other = {"train": (0,), "calibration": (2,), "test": (1, 3)}
        write_models(found, OTHER_TYPE, parts=other)
        yield found
        tf.config.run_functions_eagerly(False)


def _evaluate(records: list[NoteRecord], **changes: object) -> Evaluation:
    given = {"types": [TYPE], "models": "tiny", "n_resamples": RESAMPLES, **changes}
    return evaluate_models(records, rng=np.random.default_rng(0), **given)


def _of(records: list[NoteRecord], *numbers: int) -> list[NoteRecord]:
    return [record for record in records if int(record.instrument[-3:]) in numbers]


def _said(records: list[NoteRecord], type: str) -> np.ndarray:
    """Return (n_notes, 10) probabilities from the files, in half precision as training has them."""
    waveforms = [Waveform(soundfile.read(r.path, dtype="float32")[0], 16_000) for r in records]
    x = np.stack([extract(waveform, type).values for waveform in waveforms])
    x = x.astype(np.float16).astype(np.float32)
    return np.stack(
        [
            ModelGradients(store.load_model(type, family, models="tiny")[0]).outputs(
                (x,), target="probability"
            )[:, 0]
            for family in FAMILIES
        ],
        axis=1,
    )


def _families(records: list[NoteRecord]) -> np.ndarray:
    return np.array([FAMILIES.index(record.family) for record in records])


def test_the_held_out_notes_of_the_cards_are_found_and_scored(records: list[NoteRecord]) -> None:
    evaluation = _evaluate(records)
    (scores,) = evaluation.types
    assert (scores.n_notes, scores.n_instruments) == (40, 20)
    assert scores.as_on_cards
    assert evaluation.remarks == ()
    held_out = _of(records, 2, 3)
    p, family = _said(held_out, TYPE), _families(held_out)
    for column, model in enumerate(scores.models):
        assert model.family == FAMILIES[column]
        assert model.sha256 == store.read_card(TYPE, model.family, models="tiny").sha256
        expected = binary_scores(p[:, column], family == column)
        found = {name: model.scores[name] for name in expected}
        assert found == pytest.approx(expected, abs=1e-5)
        assert model.scores["n_positive_instruments"] == 2
        assert set(model.scores["intervals"]) >= {"precision", "balanced_accuracy"}
    expected = ten_way_scores(p, family)
    assert scores.ten_way is not None
    assert scores.ten_way["accuracy"] == pytest.approx(expected["accuracy"])
    assert np.sum(scores.ten_way["confusion"]) == 40
    assert set(scores.by_collection) == {"low", "high"}
    assert set(scores.by_collection["low"]["recall"]) == set(FAMILIES[:5])
    assert evaluation.together is None  # one type


def test_the_same_seed_gives_the_same_and_everything_is_json(records: list[NoteRecord]) -> None:
    first, again = _evaluate(records).as_dict(), _evaluate(records).as_dict()
    text = json.dumps(first, allow_nan=False)
    assert text == json.dumps(again, allow_nan=False)
    read = json.loads(text)
    assert read["types"][0]["models"][3]["scores"] == first["types"][0]["models"][3]["scores"]


def test_predictions_are_kept(records: list[NoteRecord], monkeypatch: pytest.MonkeyPatch) -> None:
    first = _evaluate(records)

    def load_model(*_: object, **__: object) -> None:
        raise AssertionError("asked a model again")

    monkeypatch.setattr(store, "load_model", load_model)
    assert _evaluate(records).as_dict() == first.as_dict()


def test_progress_covers_every_stage(records: list[NoteRecord]) -> None:
    events: list[Progress] = []
    _evaluate(records, on_progress=events.append)
    last = {event.name: event for event in events}
    assert last["checking notes"] == Progress("step", "checking notes", 80, 80)
    assert last[f"{TYPE}: spectrograms"] == Progress("step", f"{TYPE}: spectrograms", 40, 40)
    assert [(e.done, e.total) for e in events if e.name == f"{TYPE}: models"] == [
        (k, 10) for k in range(1, 11)
    ]


def test_other_notes_than_those_of_the_cards_are_said_to_be_such(records: list[NoteRecord]) -> None:
    evaluation = _evaluate(records[:-1])  # the last note is of vocal_acoustic_003
    assert not evaluation.types[0].as_on_cards
    (remark,) = evaluation.remarks
    assert "scored on 39 notes of 20 of the 20 instruments that the cards hold out" in remark


def test_what_was_trained_on_is_refused_by_name(records: list[NoteRecord]) -> None:
    flute = [record for record in records if record.instrument == instrument("flute", 0)]
    with pytest.raises(InputError, match=r"1 of 21 instruments was trained .* flute_acoustic_000"):
        _evaluate([*_of(records, 2, 3), *flute], notes="all")
    with pytest.raises(InputError, match=r"20 of 40 instruments were trained on .* and 15 more"):
        _evaluate(records, notes="all")  # calibration counts as training


def test_recordings_shared_with_what_was_trained_on_are_not_scored(
    records: list[NoteRecord],
) -> None:
    names = {instrument("reed", 0), instrument("reed", 2)}
    twins = [replace(r, group="one reed") if r.instrument in names else r for r in records]
    evaluation = _evaluate(twins)
    assert evaluation.types[0].n_notes == 38
    assert evaluation.remarks[0] == (
        "tonnetz: 1 of 20 held-out instruments share recordings with ones that were trained on "
        "and are left out: reed_acoustic_002."
    )
    reed = evaluation.types[0].models[FAMILIES.index("reed")].scores
    assert (reed["n_positive_instruments"], reed["intervals"]) == (1, None)
    assert reed["better_than_chance"] is False
    seen = [r for r in twins if r.instrument in names or int(r.instrument[-3:]) == 3]
    with pytest.raises(InputError, match="or share recordings with instruments that were"):
        _evaluate(seen, notes="all")


def test_instruments_that_share_recordings_count_as_one(records: list[NoteRecord]) -> None:
    grouped = [
        replace(r, group="one bass") if r.instrument[:-1] == "bass_acoustic_00" else r
        for r in _of(records, 2, 3)
    ]
    (scores,) = _evaluate(grouped).types
    assert scores.n_instruments == 19
    assert scores.models[0].scores["n_positive_instruments"] == 1


def test_unseen_notes_of_any_kind_can_be_scored(records: list[NoteRecord]) -> None:
    fresh = [replace(r, instrument=f"{r.instrument}_fresh") for r in _of(records, 3)]
    evaluation = _evaluate(fresh, notes="all")
    assert evaluation.types[0].n_notes == 20
    assert evaluation.remarks == ()
    with pytest.raises(InputError, match=r"none of the 20 instruments .* 20 notes of 10 instrum"):
        _evaluate(fresh)


def test_a_family_without_notes_is_named_and_the_others_are_scored(
    records: list[NoteRecord],
) -> None:
    without = [record for record in records if record.family != "organ"]
    evaluation = _evaluate(without)
    assert [model.family for model in evaluation.types[0].models] == [
        family for family in FAMILIES if family != "organ"
    ]
    assert "tonnetz: no notes of organ, whose models have no scores." in evaluation.remarks


def test_a_few_families_have_no_ten_way_scores(records: list[NoteRecord]) -> None:
    (scores,) = _evaluate(records, families=["vocal", "bass"]).types
    assert [model.family for model in scores.models] == ["bass", "vocal"]
    assert scores.ten_way is None
    assert scores.by_collection == {}


def test_types_are_averaged_on_what_none_of_them_has_seen(records: list[NoteRecord]) -> None:
    evaluation = _evaluate(records, types=None)
    assert [scores.type for scores in evaluation.types] == [OTHER_TYPE, TYPE]
    together = evaluation.together
    assert together is not None
    unseen = _of(records, 3)
    family = _families(unseen)
    rows = [_said(unseen, OTHER_TYPE), _said(unseen, TYPE)]
    expected = ten_way_scores(combine_types(rows), family)  # no scores are kept yet: equal weights
    assert together.ten_way["n_notes"] == 20
    assert together.ten_way["accuracy"] == pytest.approx(expected["accuracy"])
    for type, p in zip((OTHER_TYPE, TYPE), rows, strict=True):
        assert together.alone[type] == pytest.approx(ten_way_scores(p, family)["accuracy"])


def test_ten_way_networks_name_the_family_where_there_are_some(records: list[NoteRecord]) -> None:
    held_out = _of(records, 2, 3)
    waveforms = [Waveform(soundfile.read(r.path, dtype="float32")[0], 16_000) for r in held_out]
    rows, digests = [], {}
    for seed, type in enumerate((OTHER_TYPE, TYPE)):
        write_models(records, type, models="with_ten_way")
        x = np.stack([extract(w, type).values for w in waveforms]).astype(np.float16)
        keras.utils.set_random_seed(seed)
        model = build_cnn(x.shape[1:], head="pooled", n_outputs=10, answer="softmax")
        about = {"inputs": (type,), "classes": FAMILIES}
        name = store.ten_way_name(type)
        card = store.save_model(model, models="with_ten_way", name=name, about=about)
        digests[type] = card.sha256
        rows.append(np.asarray(model(x.astype(np.float32)[..., np.newaxis]), np.float64))
    weights = {OTHER_TYPE: 0.2, TYPE: 1.4}
    store.write_verdict({"weights": weights, "sha256": digests}, models="with_ten_way")
    evaluation = _evaluate(records, types=None, models="with_ten_way")
    family = _families(held_out)
    for scores, p in zip(evaluation.types, rows, strict=True):
        assert scores.ten_way is not None
        assert scores.ten_way["accuracy"] == ten_way_scores(p, family)["accuracy"]
        assert len(scores.models) == 10  # the binary models have scores of their own
    assert evaluation.together is not None
    expected = ten_way_scores(combine_classes(rows, list(weights.values())), family)
    assert evaluation.together.ten_way["accuracy"] == expected["accuracy"]


def test_types_without_a_note_in_common_are_not_averaged(records: list[NoteRecord]) -> None:
    evaluation = _evaluate(_of(records, 1, 2), types=None)
    assert evaluation.together is None
    assert "No note is unseen by the models of all types, so none are averaged." in (
        evaluation.remarks
    )


def test_a_damaged_note_is_named_and_left_out(records: list[NoteRecord], tmp_path: Path) -> None:
    broken = tmp_path / "broken.flac"
    broken.write_bytes(records[-1].path.read_bytes()[:1000])
    evaluation = _evaluate([*records[:-1], replace(records[-1], path=broken)])
    assert evaluation.types[0].n_notes == 39
    expected = f"1 of 80 notes is left out: {records[-1].note} (damaged)."
    assert evaluation.remarks[0] == expected


def test_models_that_are_not_there_and_cards_that_do_not_tell(
    records: list[NoteRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelError, match="the set 'tiny' has no mfcc model of bass"):
        _evaluate(records, types=["mfcc"])
    with pytest.raises(InputError, match="unknown family 'lute'"):
        _evaluate(records, families=["lute"])
    read_card = store.read_card
    monkeypatch.setattr(
        store, "read_card", lambda *a, **k: replace(read_card(*a, **k), data={"train": {}})
    )
    with pytest.raises(ModelError, match="tonnetz model of bass does not name the instruments"):
        _evaluate(records)
