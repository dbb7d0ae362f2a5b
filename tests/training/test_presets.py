"""Presets: complete, comparable with a card, and refused when they mean nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from xai_core.errors import InputError
from xai_core.training import PRESETS, Preset
from xai_core.training.augment import Augmentation
from xai_core.values import SPECTROGRAM_TYPES


def test_presets_are_complete_and_go_into_a_card() -> None:
    assert {"standard", "quick", "paper"} <= set(PRESETS)
    for name, preset in PRESETS.items():
        values = preset.as_dict()
        assert values["name"] == name
        assert Preset.from_dict(json.loads(json.dumps(values))) == preset
        assert json.loads(json.dumps(values)) == values  # so a card can be compared with it
    louder = replace(PRESETS["standard"], augmentation=Augmentation(level_db=(-6.0, 0.0)))
    assert louder.as_dict() != PRESETS["standard"].as_dict()
    assert Preset.from_dict(louder.as_dict()) == louder


def test_the_papers_preset_is_the_papers() -> None:
    for type in SPECTROGRAM_TYPES:
        paper = PRESETS["paper"].for_type(type)
        assert (paper.head, paper.trunk_epochs, paper.binary_epochs) == ("flatten", 0, 200)
        assert (paper.binary_rate, paper.schedule, paper.average) == (1e-3, "constant", 0.0)
        assert (paper.validation_fraction, paper.n_augmented, paper.draw) == (0.2, 0, "every_note")
        assert (paper.precision, paper.batch_size, paper.label_smoothing) == ("float32", 32, 0.0)
        assert paper.crop_frames == 0


def test_a_type_has_values_of_its_own() -> None:
    preset = replace(PRESETS["quick"], by_type={"stft": {"trunk_epochs": 9, "crop_frames": 63}})
    stft, mfcc = preset.for_type("stft"), preset.for_type("mfcc")
    assert (stft.trunk_epochs, stft.crop_frames, stft.by_type) == (9, 63, {})
    assert mfcc == replace(preset, by_type={})
    fewer = preset.with_epochs(3)
    assert [fewer.for_type(type).trunk_epochs for type in ("stft", "mfcc")] == [3, 3]
    assert fewer.for_type("stft").crop_frames == 63
    assert PRESETS["paper"].with_epochs(2).for_type("stft").binary_epochs == 2


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"precision": "float16"}, "precision to be one of float32, mixed_bfloat16, fastest"),
        ({"schedule": "linear"}, "expected schedule to be one of constant, cosine"),
        ({"draw": "all"}, "expected draw to be one of balanced, every_note"),
        ({"label_smoothing": 1.0}, "expected label_smoothing from 0 to below 1, got 1.0"),
        ({"patience": -1}, "expected patience of at least 0, got -1"),
        ({"epoch_notes": -1}, "expected epoch_notes of at least 0"),
        ({"binary_epochs": -1}, "expected binary_epochs of at least 0"),
        (
            {"crop_frames": 63, "head": "flatten"},
            "with the pooled head, got 63 with head 'flatten'",
        ),
        ({"crop_frames": 7}, "expected crop_frames 0, or at least 8"),
        ({"by_type": {"kazoo": {}}}, "unknown spectrogram type 'kazoo'"),
        ({"by_type": {"mfcc": {"patience": -1}}}, "expected patience of at least 0"),
    ],
)
def test_what_cannot_be_trained_is_refused(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        replace(PRESETS["quick"], **changes)  # type: ignore[arg-type]
