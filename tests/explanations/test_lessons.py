"""The lessons end where the explanations begin: the same maps, step by step."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
import pytest

from xai_core import store
from xai_core.canvas import to_canvas
from xai_core.errors import InputError
from xai_core.explanations import explain, predict
from xai_core.explanations.lessons import (
    grad_cam_parts,
    integration_path,
    kept_sound,
)
from xai_core.listening import apply_mask
from xai_core.networks.cnn import build_cnn
from xai_core.values import Waveform

WHICH = {"type": "tonnetz", "family": "flute", "models": "lessons"}


@pytest.fixture(scope="module")
def note(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Waveform]:
    folder = tmp_path_factory.mktemp("lessons")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_MODELS", str(folder / "models"))
        patch.setenv("TIMBRELENS_CACHE", str(folder / "cache"))
        keras.utils.set_random_seed(0)
        about: dict[str, dict[str, object]] = {
            name: {} for name in ("architecture", "features", "training", "data", "scores")
        }
        model = build_cnn((126, 6), head="pooled")
        store.save_model(model, models="lessons", type="tonnetz", family="flute", about=about)
        t = np.arange(64_000) / 16_000
        y = np.sin(2 * np.pi * 220 * t) + 0.5 * np.sin(2 * np.pi * 330 * t * (1 + 0.1 * t))
        yield Waveform((0.2 * y).astype(np.float32), 16_000)


def test_the_last_step_is_the_explanation_with_as_many_steps(note: Waveform) -> None:
    path = integration_path(note, n_steps=12, **WHICH)
    whole = explain(note, n_steps=12, rule="midpoint", **WHICH)
    np.testing.assert_allclose(
        path.attributed(12).values, whole.attribution.values, rtol=1e-4, atol=1e-7
    )
    assert path.outputs[-1] == pytest.approx(whole.logit, abs=1e-5)
    assert whole.completeness is not None
    assert path.outputs[0] == pytest.approx(whole.completeness.baseline_output, abs=1e-5)


def test_steps_add_up(note: Waveform) -> None:
    path = integration_path(note, n_steps=8, **WHICH)
    assert path.sums[0] == 0.0
    for step in range(9):
        # single precision of the maps
        assert path.attributed(step).values.sum(dtype=np.float64) == pytest.approx(
            path.sums[step], rel=1e-4, abs=1e-6
        )
    assert not path.attributed(0).values.any()
    np.testing.assert_allclose(path.alphas, (np.arange(8) + 0.5) / 8)
    np.testing.assert_allclose(path.point(1).values, path.spectrogram.values / 16, rtol=1e-6)
    assert not path.point(0).values.any()


def test_more_steps_miss_less(note: Waveform) -> None:
    errors = [integration_path(note, n_steps=n, **WHICH).error(n) for n in (4, 64)]
    assert errors[1] < errors[0] or errors[0] < 1e-5
    path = integration_path(note, n_steps=64, **WHICH)
    assert path.error(64) <= 0.01 * max(abs(path.outputs[-1] - path.outputs[0]), 0.05)


def test_all_weighted_maps_are_grad_cam(note: Waveform) -> None:
    parts = grad_cam_parts(note, layer="conv2d_3", **WHICH)
    whole = explain(note, method="grad_cam", layer="conv2d_3", **WHICH)
    np.testing.assert_allclose(
        parts.cam(parts.n_filters).values, whole.attribution.values, rtol=1e-5, atol=1e-9
    )
    assert sorted(parts.filters) == list(range(parts.n_filters))
    shares = np.abs(parts.weights * parts.maps.mean(axis=(1, 2)))
    assert (np.diff(shares) <= 1e-9).all()  # the largest first
    signed = parts.cam(parts.n_filters, relu=False)
    assert signed.values.shape == whole.attribution.values.shape
    assert parts.strongest(4).filters == parts.filters[:4]


def test_a_sum_of_no_maps_is_refused(note: Waveform) -> None:
    parts = grad_cam_parts(note, **WHICH)
    for n in (0, parts.n_filters + 1):
        with pytest.raises(InputError, match=f"expected 1 to {parts.n_filters} filters"):
            parts.cam(n)


def test_the_kept_sound_has_so_many_bins_and_the_models_are_asked_about_it(note: Waveform) -> None:
    kept = kept_sound(note, share=0.02, **WHICH)
    canvas = to_canvas(explain(note, **WHICH))
    mask = np.zeros(canvas.size)
    mask[np.argsort(-canvas, axis=None, kind="stable")[: round(0.02 * canvas.size)]] = 1.0
    mask = mask.reshape(canvas.shape) * (canvas > 0)
    assert mask.any()
    sound = apply_mask(note, mask)
    ratio = kept.sound.y[1000:60_000] @ sound.y[1000:60_000] / (sound.y[1000:60_000] ** 2).sum()
    np.testing.assert_allclose(kept.sound.y, ratio * sound.y, atol=1e-5)  # only louder
    for probabilities, heard in ((kept.probabilities, sound), (kept.of_note, note)):
        said = predict(heard, types=["tonnetz"], models="lessons").probabilities["tonnetz"]
        assert probabilities == pytest.approx(said, abs=1e-6)
    with pytest.raises(InputError, match="above 0 and at most 1"):
        kept_sound(note, share=0.0, **WHICH)
