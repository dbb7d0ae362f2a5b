"""Planted notes as spectrograms, and the penalty for evidence where the cue lies."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from tests.training.small_corpus import easy_corpus
from xai_core.errors import InputError
from xai_core.networks.cnn import build_cnn
from xai_core.networks.penalised import penalised_step
from xai_core.training import PRESETS, fit_binary
from xai_core.training.planted import planted_note
from xai_core.values import Waveform

TINY = replace(PRESETS["planted"], batch_size=8, binary_epochs=2, filters=2, dense_units=4)


def note(seed: int = 0) -> Waveform:
    rng = np.random.default_rng(seed)
    t = np.arange(64_000) / 16_000
    y = 0.4 * np.sin(2 * np.pi * 440 * t) * np.exp(-t) + 1e-4 * rng.standard_normal(t.size)
    return Waveform(y.astype(np.float32), 16_000)


def test_the_mask_of_a_tone_is_its_band_and_that_of_a_click_its_moment() -> None:
    tone, click = (planted_note(note(), cue, "log_mel") for cue in ("tone", "click"))
    inner = slice(3, -3)  # the tone begins and ends with the note, which is heard in all bands
    bands = tone.spectrogram.bins.values[tone.mask[inner].any(axis=0)]
    assert bands.min() > 2700
    assert bands.max() < 3500
    assert tone.mask.any(axis=1).all()  # from beginning to end
    moments = click.spectrogram.time.values[click.mask.any(axis=1)]
    assert moments.min() == pytest.approx(2.0, abs=0.07)  # half a window to each side
    assert moments.max() == pytest.approx(2.0, abs=0.07)
    assert tone.distractor is None


def test_the_mask_of_a_note_is_where_both_forms_differ() -> None:
    planted = planted_note(note(), "exclusive_or", "log_mel")
    bands = planted.spectrogram.bins.values[planted.mask[3:-3].any(axis=0)]
    assert ((bands > 2700) & (bands < 3500)).any()
    assert ((bands > 4500) & (bands < 5900)).any()
    assert not ((bands > 3600) & (bands < 4400)).any()


def test_the_samples_of_a_note_decide_what_is_planted() -> None:
    first, again, other = (planted_note(note(seed), "level", "mfcc") for seed in (0, 0, 1))
    assert np.array_equal(first.carrying.y, again.carrying.y)
    assert not np.array_equal(first.carrying.y - note(0).y, other.carrying.y - note(1).y)
    hum = planted_note(note(), "louder_hum", "log_mel")
    assert hum.distractor is not None
    bands = hum.spectrogram.bins.values[hum.distractor[3:-3].any(axis=0)]
    assert bands.min() > 4500


def test_a_penalty_takes_evidence_out_of_the_mask() -> None:
    corpus = easy_corpus(20, n_frames=32)
    masks = np.zeros((60, *corpus.spectrograms.shape), bool)
    masks[:, :, 0] = True  # one of the two bins that name the first family
    corpus = replace(corpus, masks=masks)
    preset = replace(TINY, binary_epochs=20, epoch_notes=0, average=0.0, filters=4)
    x = corpus.clean()[:20]

    def evidence(penalty: float) -> tuple[float, float]:
        model, history = fit_binary(corpus, "bass", replace(preset, penalty=penalty), seed=0)
        assert history["loss"][-1] < history["loss"][0]
        gradients = _gradients(model, x)
        parts = np.maximum(gradients * x, 0.0)
        return float(parts[:, :, 0].sum() / parts.sum()), float(history["accuracy"][-1])

    free, right = evidence(0.0)
    punished, still_right = evidence(100.0)
    assert free > 0.2
    assert punished < free / 4
    assert min(right, still_right) > 0.8


def _gradients(model: keras.Model, x: np.ndarray) -> np.ndarray:
    from xai_core.networks.gradients import ModelGradients

    loaded = ModelGradients(model, ("tonnetz",), ("bass",))
    return loaded.input_gradients((x[..., 0],), "bass")[1][0][..., np.newaxis]


def test_a_step_returns_the_loss_with_the_penalty_and_the_accuracy() -> None:
    keras.utils.set_random_seed(0)
    built = build_cnn((16, 6), head="pooled", filters=2, dense_units=4)
    model = keras.Model(built.input, built.get_layer("logit").output)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    x = np.random.default_rng(0).random((4, 16, 6, 1)).astype(np.float32)
    targets = np.array([[1.0], [0.0], [1.0], [0.0]], np.float32)
    found = {}
    for penalty in (0.0, 1e6):
        optimizer = keras.optimizers.SGD(0.0)
        optimizer.build(model.trainable_variables)
        keras.utils.set_random_seed(1)
        step = penalised_step(model, optimizer, loss, penalty=penalty)
        found[penalty] = step(x, targets, np.ones_like(x))
    assert found[1e6]["loss"] > found[0.0]["loss"] > 0
    assert found[0.0]["accuracy"] in (0.0, 0.25, 0.5, 0.75, 1.0)


def test_a_penalty_needs_masks_and_whole_notes() -> None:
    with pytest.raises(InputError, match="needs notes with masks"):
        fit_binary(easy_corpus(4), "bass", replace(TINY, penalty=1.0), seed=0)
    with pytest.raises(InputError, match="penalty of at least 0"):
        replace(TINY, penalty=-1.0)
    with pytest.raises(InputError, match="filters of at least 1"):
        replace(TINY, filters=0)
    corpus = replace(easy_corpus(4), masks=np.zeros((12, 126, 6), bool))
    with pytest.raises(InputError, match="whole notes"):
        fit_binary(corpus, "bass", replace(TINY, penalty=1.0, crop_frames=16), seed=0)
