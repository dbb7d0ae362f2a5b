"""The frozen values: what they refuse, that they stay as they are, what they compute."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis.extra import numpy as hnp

from xai_core import features
from xai_core.errors import (
    AudioError,
    EmptyMapError,
    GridMismatchError,
    InputError,
    ModelError,
    TimbreLensError,
)
from xai_core.values import (
    FAMILIES,
    SPECTROGRAM_TYPES,
    Attribution,
    Axis,
    Completeness,
    Explanation,
    FeatureMaps,
    FloatArray,
    Heatmap,
    Prediction,
    Spectrogram,
    Waveform,
    check_family,
    check_type,
)

TIME = Axis("Time", "s", np.array([0.0, 0.5, 1.0]))
PITCH = Axis("Pitch class", "", np.array([0.0, 1.0]), ("C", "G"))


def _attribution(values: FloatArray) -> Attribution:
    return Attribution(values, "chroma", TIME, PITCH, "integrated_gradients", "logit")


def test_vocabularies_are_those_of_the_design() -> None:
    assert " ".join(FAMILIES) == "bass brass flute guitar keyboard mallet organ reed string vocal"
    assert " ".join(SPECTROGRAM_TYPES) == "stft log_mel mfcc chroma spectral_contrast tonnetz"


def test_names_are_checked() -> None:
    assert check_family("reed") == "reed"
    assert check_type("mfcc") == "mfcc"
    with pytest.raises(InputError, match="unknown family 'Reed': choose one of bass, brass"):
        check_family("Reed")
    with pytest.raises(InputError, match="unknown spectrogram type 'mel': choose one of stft"):
        check_type("mel")


def test_what_the_user_can_mend_is_told_from_faults_of_ours() -> None:
    mendable = (AudioError, ModelError, EmptyMapError, GridMismatchError)
    assert all(issubclass(kind, InputError) for kind in mendable)
    assert issubclass(InputError, TimbreLensError)
    assert issubclass(InputError, ValueError)  # callers of the library expect that
    assert not issubclass(TimbreLensError, ValueError)


# ----------------------------------------------------------------------- waveforms


def test_a_waveform_is_a_read_only_copy() -> None:
    y = np.array([0.1, 0.2, 0.3])
    waveform = Waveform(y, 16_000)
    y[0] = 9.0
    assert waveform.y.tolist() == np.array([0.1, 0.2, 0.3], np.float32).tolist()
    with pytest.raises(ValueError, match="read-only"):
        waveform.y[0] = 9.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        waveform.sr = 8_000  # type: ignore[misc]
    assert y.flags.writeable  # the caller's own array is left alone


def test_duration_is_in_seconds() -> None:
    assert Waveform(np.zeros(22_050), 44_100).duration == 0.5


@pytest.mark.parametrize(
    ("y", "sr", "message"),
    [
        (np.zeros((2, 8)), 16_000, r"shape \(n,\), got shape \(2, 8\)"),
        (np.zeros(0), 16_000, "got 0 samples: is the file empty"),
        (np.array([0.0, np.nan, np.inf]), 16_000, "got 2 that are NaN or infinite"),
        (np.zeros(8), 0, "sample rate above 0 Hz, got 0"),
    ],
)
def test_bad_waveforms_are_refused(y: FloatArray, sr: int, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        Waveform(y, sr)


# ---------------------------------------------------------------------- axes, maps


def test_axes_match_by_what_they_place_not_by_identity() -> None:
    assert TIME.matches(Axis("Time", "s", [0.0, 0.5, 1.0]))
    assert PITCH.matches(Axis("Pitch class", "", [0, 1], ("C", "G")))
    for other in (
        Axis("Time", "s", [0.0, 0.5]),
        Axis("Time", "s", [0.0, 0.5, 1.1]),
        Axis("Time", "ms", [0.0, 0.5, 1.0]),
        Axis("Frequency", "s", [0.0, 0.5, 1.0]),
        Axis("Time", "s", [0.0, 0.5, 1.0], ("a", "b", "c")),
    ):
        assert not TIME.matches(other)
        assert not other.matches(TIME)


def test_an_axis_has_a_label_for_each_bin_or_none() -> None:
    with pytest.raises(InputError, match="expected 2 labels on axis Pitch class, got 1"):
        Axis("Pitch class", "", np.array([0.0, 1.0]), ("C",))


@pytest.mark.parametrize("shape", [(2, 3), (3, 3), (3,), (1, 3, 2)])
def test_values_must_fit_the_axes(shape: tuple[int, ...]) -> None:
    with pytest.raises(GridMismatchError, match=r"expected values of shape \(3, 2\)"):
        Spectrogram(np.zeros(shape), "chroma", TIME, PITCH)


def test_maps_are_read_only_copies_in_single_precision() -> None:
    values = np.arange(6.0).reshape(3, 2)
    spectrogram = Spectrogram(values, "chroma", TIME, PITCH)
    values[:] = -1.0
    assert spectrogram.values.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert spectrogram.values.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        spectrogram.values[0, 0] = 1.0


def test_maps_of_unknown_type_are_refused() -> None:
    with pytest.raises(InputError, match="unknown spectrogram type"):
        Spectrogram(np.zeros((3, 2)), "wavelet", TIME, PITCH)


def test_grids_of_two_types_differ_even_where_shapes_agree() -> None:
    chroma = Spectrogram(np.zeros((3, 2)), "chroma", TIME, PITCH)
    same = _attribution(np.ones((3, 2)))
    assert chroma.same_grid(same)
    assert same.same_grid(chroma)
    assert not chroma.same_grid(Spectrogram(np.zeros((3, 2)), "tonnetz", TIME, PITCH))
    moved = Axis("Time", "s", TIME.values + 1.0)
    assert not chroma.same_grid(Spectrogram(np.zeros((3, 2)), "chroma", moved, PITCH))


# ------------------------------------------------------------- heatmaps, completeness


def test_a_heatmap_by_hand() -> None:
    heatmap = _attribution(np.array([[1, -3], [0, 0], [4, 0]], float)).heatmap()
    assert isinstance(heatmap, Heatmap)
    np.testing.assert_allclose(heatmap.values, [[0.125, 0.375], [0, 0], [0.5, 0]], rtol=1e-7)
    assert heatmap.time is TIME
    assert heatmap.bins is PITCH


@hypothesis.settings(deadline=None, derandomize=True)
@hypothesis.given(
    values=hnp.arrays(
        np.float32, (3, 2), elements=st.floats(-(2.0**99), 2.0**99, width=32, allow_subnormal=False)
    )
)
def test_heatmaps_are_never_negative_and_sum_to_one_or_do_not_exist(values: FloatArray) -> None:
    attribution = _attribution(values)
    if not values.any():
        assert attribution.is_zero
        with pytest.raises(EmptyMapError, match="zero everywhere"):
            attribution.heatmap()
        return
    assert not attribution.is_zero
    heatmap = attribution.heatmap().values
    assert heatmap.min() >= 0.0
    assert heatmap.sum(dtype=np.float64) == pytest.approx(1.0, abs=1e-6)  # six floats rounded
    # order of size is kept
    assert heatmap.ravel()[np.abs(values).argmax()] == heatmap.max()


@hypothesis.settings(deadline=None, derandomize=True)
@hypothesis.given(scale=st.floats(1e-20, 1e20))
def test_a_heatmap_forgets_scale_and_sign(scale: float) -> None:
    values = np.random.default_rng(0).standard_normal((3, 2))
    plain = _attribution(values).heatmap().values
    np.testing.assert_allclose(_attribution(-scale * values).heatmap().values, plain, rtol=1e-6)


@pytest.mark.parametrize(
    ("output", "baseline", "attributed", "delta", "error"),
    [
        (3.0, 1.0, 2.0, 2.0, 0.0),
        (3.0, 1.0, 1.9, 2.0, 0.05),
        (1.0, 3.0, -1.9, -2.0, 0.05),
        (0.51, 0.50, 0.0, 0.01, 0.2),  # measured against the floor 0.05, not against 0.01
        (0.5, 0.5, 0.001, 0.0, 0.02),
        (0.5, 0.5, 0.0, 0.0, 0.0),
    ],
)
def test_completeness_error(
    output: float, baseline: float, attributed: float, delta: float, error: float
) -> None:
    completeness = Completeness(output, baseline, attributed, n_steps=50, converged=True)
    assert completeness.delta == pytest.approx(delta, abs=1e-15)
    assert completeness.error == pytest.approx(error, abs=1e-14)


# ------------------------------------------------- feature maps, predictions, explanations


def test_feature_maps_need_one_map_a_filter() -> None:
    maps = FeatureMaps(np.ones((2, 3, 4)), "conv2d_5", (7, 1), TIME, PITCH)
    with pytest.raises(ValueError, match="read-only"):
        maps.values[0, 0, 0] = 5.0
    for shape in ((3, 3, 4), (2, 3)):
        with pytest.raises(GridMismatchError, match="one map for each of 2 filters"):
            FeatureMaps(np.ones(shape), "conv2d_5", (7, 1), TIME, PITCH)


def test_a_prediction_names_the_best_and_gives_copies() -> None:
    prediction = Prediction(
        {"mfcc": {"bass": 0.2, "flute": 0.9, "reed": 0.4}}, Waveform(np.ones(4), 4), "starter"
    )
    assert prediction.best("mfcc") == ("flute", 0.9)
    table = prediction.by_type()
    table["mfcc"]["flute"] = 0.0
    assert prediction.by_type() == {"mfcc": {"bass": 0.2, "flute": 0.9, "reed": 0.4}}


def test_a_verdict_averages_log_odds_of_the_families_that_all_types_have() -> None:
    rows = {"stft": {"flute": 0.5, "reed": 0.9, "bass": 0.1}, "mfcc": {"reed": 0.2, "flute": 0.8}}
    note = Waveform(np.ones(4), 4)
    # odds of flute 1 and 4, of reed 9 and 1/4: geometric means 2 and 1.5
    assert Prediction(rows, note, "starter").verdict() == pytest.approx(
        {"flute": 2 / 3, "reed": 0.6}
    )
    weighted = Prediction(rows, note, "starter", {"stft": 0.0, "mfcc": 0.7, "chroma": 0.3})
    assert weighted.verdict() == pytest.approx({"flute": 0.8, "reed": 0.2})
    assert Prediction({}, note, "starter").verdict() == {}


def test_an_explanation_gives_its_heatmap() -> None:
    attribution = _attribution(np.array([[0, 2], [0, 0], [-2, 0]], float))
    explanation = Explanation(
        spectrogram=Spectrogram(np.ones((3, 2)), "chroma", TIME, PITCH),
        attribution=attribution,
        family="flute",
        probability=0.5,
        logit=0.0,
        completeness=None,
        settings={},
        waveform=Waveform(np.ones(4), 4),
    )
    assert explanation.heatmap.values.tolist() == [[0, 0.5], [0, 0], [0.5, 0]]
    assert explanation.notes == ()


def test_types_of_one_spectrogram_share_a_grid() -> None:
    y = np.random.default_rng(0).standard_normal(64_000) / 10
    first = features.extract(Waveform(y, 16_000), "mfcc")
    second = features.extract(Waveform(-y, 16_000), "mfcc")
    assert first.same_grid(second)
    assert not first.same_grid(features.extract(Waveform(y, 16_000), "chroma"))


def test_a_verdict_of_ten_way_networks_sums_to_one() -> None:
    note = Waveform(np.ones(4), 4)
    even = dict.fromkeys(FAMILIES, 0.1)
    sure = {family: 0.55 if family == "reed" else 0.05 for family in FAMILIES}
    ten_way = {"mfcc": sure, "chroma": even}
    rows = {"mfcc": {"flute": 0.9}}  # binary models have no say beside ten-way networks
    one = Prediction(rows, note, "mine", {"mfcc": 1.0, "chroma": 0.5}, ten_way)
    assert one.verdict() == pytest.approx(sure)
    assert sum(one.verdict().values()) == pytest.approx(1.0)
    half = Prediction(rows, note, "mine", {}, ten_way)  # no weights yet: all the same
    odds = (0.55 / 0.05) ** 0.5
    assert half.verdict()["reed"] == pytest.approx(odds / (odds + 9))


def test_an_explanation_is_plotted_on_its_own_bins_or_in_hertz() -> None:
    seconds = np.arange(64_000) / 16_000
    note = Waveform(0.3 * np.sin(2 * np.pi * 440.0 * seconds), 16_000)
    spectrogram = features.extract(note, "chroma")
    values = np.random.default_rng(0).standard_normal(spectrogram.values.shape)
    attribution = Attribution(
        values, "chroma", *features.axes("chroma"), "integrated_gradients", "logit"
    )
    found = Explanation(spectrogram, attribution, "flute", 0.5, 0.0, None, {}, note)
    for figure, expected in (
        (found.plot(), attribution.values),
        (found.plot(in_hertz=True), found.canvas()),
    ):
        (trace,) = figure.data
        np.testing.assert_allclose(np.asarray(trace.z).T, expected, rtol=1e-5, atol=1e-7)
        assert figure.layout.meta["alt"].startswith("Integrated Gradients map: ")


def test_values_load_no_figures_before_one_is_drawn() -> None:
    code = "import sys, xai_core.values; assert 'plotly' not in sys.modules, 'plotly is loaded'"
    subprocess.run([sys.executable, "-c", code], check=True)
