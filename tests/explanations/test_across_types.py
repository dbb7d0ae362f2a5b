"""One note by several types: known distances on the canvas, and what is said of the others."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core import canvas
from xai_core.errors import InputError
from xai_core.explanations.across_types import ON_HEATMAPS, distances_across_types
from xai_core.features import axes, extract, tonnetz_matrix
from xai_core.metrics import js_divergence, kl_divergence
from xai_core.values import Attribution, Explanation, FloatArray, Waveform

SECONDS = np.arange(64_000) / 16_000
NOTE = Waveform(
    0.2 * (np.sin(2 * np.pi * 440.0 * SECONDS) + np.sin(2 * np.pi * 1046.5 * SECONDS)), 16_000
)
G = np.array([1.0, -2.0, 0.5, 0.25, 1.5, -1.0])  # per unit of Tonnetz


def explained(type: str, values: FloatArray, method: str = "integrated_gradients") -> Explanation:
    spectrogram = extract(NOTE, type)
    attribution = Attribution(values, type, *axes(type), method, "logit")
    return Explanation(spectrogram, attribution, "flute", 0.5, 0.0, None, {}, NOTE)


def alike() -> list[Explanation]:
    """Return maps of two models that are the same function of the normalised chroma."""
    chroma, tonnetz = (extract(NOTE, t).values.astype(np.float64) for t in ("chroma", "tonnetz"))
    by_class = tonnetz_matrix() @ G / chroma.sum(axis=1, keepdims=True)
    return [explained("chroma", chroma * by_class), explained("tonnetz", tonnetz * G)]


def halves() -> list[Explanation]:
    """Return maps of the STFT and of its first half of time, as two types."""
    whole, half = np.ones((126, 1025)), np.ones((126, 1025))
    half[63:] = 0.0
    first = explained("stft", whole)
    values = np.zeros((126, 128))
    values[:63] = 1.0
    return [first, explained("log_mel", values)]


@pytest.mark.parametrize("metric", ON_HEATMAPS)
def test_models_that_are_the_same_function_of_the_note_are_no_distance_apart(metric: str) -> None:
    found = distances_across_types(alike(), metric)
    assert found.types == ("chroma", "tonnetz")
    assert np.abs(found.distances).max() < 1e-4
    assert found.notes == ()


def test_rows_are_a_and_columns_b() -> None:
    explanations = halves()
    canvases = [np.abs(one.canvas()) for one in explanations]
    found = distances_across_types(explanations, "kl_divergence").distances
    assert found[0, 1] == pytest.approx(kl_divergence(*canvases), rel=1e-5)
    assert found[1, 0] == pytest.approx(kl_divergence(*canvases[::-1]), rel=1e-5)
    assert np.diagonal(found) == pytest.approx([0.0, 0.0], abs=1e-9)
    symmetric = distances_across_types(explanations, "js_divergence").distances
    assert symmetric[0, 1] == symmetric[1, 0] == pytest.approx(js_divergence(*canvases), rel=1e-5)


def test_a_map_that_is_zero_has_no_distance_and_is_named() -> None:
    zero = explained("mfcc", np.zeros((126, 40)))
    found = distances_across_types([*alike(), zero], "emd")
    assert np.isnan(found.distances[2]).all()
    assert np.isnan(found.distances[:, 2]).all()
    assert np.isfinite(found.distances[:2, :2]).all()
    assert found.notes == ("The MFCC map is zero everywhere, so it has no distance to the others.",)


def test_what_power_spreads_is_said() -> None:
    coarse = explained("mfcc", np.ones((126, 40)), "grad_cam")
    found = distances_across_types([explained("stft", np.ones((126, 1025))), coarse], "emd")
    assert [note for note in found.notes if note.startswith("Grad-CAM says when on MFCC")]


def test_a_type_without_a_place_in_hertz_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(canvas._RULES, "tonnetz")
    found = distances_across_types([*halves(), alike()[1]], "emd")
    assert found.types == ("stft", "log_mel")
    assert found.notes == ("Tonnetz has no place in hertz, so it is left out.",)
    with pytest.raises(InputError, match=r"at least two spectrogram types .*, got 1"):
        distances_across_types(alike(), "emd")


def test_a_metric_in_units_is_refused() -> None:
    with pytest.raises(InputError, match="choose one of kl_divergence"):
        distances_across_types(alike(), "difference_mean")
    with pytest.raises(InputError, match="unknown metric 'cosine'"):
        distances_across_types(alike(), "cosine")
