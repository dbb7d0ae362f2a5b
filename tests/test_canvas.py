"""The canvas: sums kept frame by frame, and sounds whose place in hertz is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.figures.hand_made import shape_of
from xai_core.canvas import (
    PARTS,
    carry,
    evidence_by_part,
    evidence_by_partial,
    find_pitch,
    to_canvas,
)
from xai_core.errors import GridMismatchError, InputError
from xai_core.features import (
    axes,
    contrast_bands,
    dct_matrix,
    extract,
    mel_filters,
    power_spectrogram,
    tonnetz_matrix,
)
from xai_core.values import SPECTROGRAM_TYPES, Attribution, Explanation, FloatArray, Waveform

SR = 16_000
SECONDS = np.arange(4 * SR) / SR
FREQUENCIES = axes("stft")[1].values
MIDDLE = slice(20, 100)  # frames, where a steady sound is steady


def note(y: FloatArray) -> Waveform:
    return Waveform(y, SR)


def tones(*frequencies: float) -> Waveform:
    parts = [np.sin(2 * np.pi * f * SECONDS) for f in frequencies]
    return note(0.2 * np.sum(parts, axis=0))


def attributed(type: str, values: FloatArray, method: str = "integrated_gradients") -> Attribution:
    return Attribution(values, type, *axes(type), method=method, target="logit")


def by_gradient(type: str, waveform: Waveform, gradient: FloatArray) -> Attribution:
    """Return what Integrated Gradients from silence gives for a linear model."""
    return attributed(type, extract(waveform, type).values * gradient)


def canvas_of(attribution: Attribution, waveform: Waveform) -> FloatArray:
    x = extract(waveform, attribution.type).values
    return carry(attribution, waveform, x, np.zeros_like(x))


def random_note(seed: int) -> Waveform:
    rng = np.random.default_rng(seed)
    y = rng.standard_normal(4 * SR) * np.exp(-3 * SECONDS)
    for k in range(1, 9):
        y += np.sin(2 * np.pi * 220 * k * SECONDS) / k
    y[: rng.integers(1, SR)] = 0.0
    return note(0.1 * y)


# ------------------------------------------------------------------- sums are kept


@pytest.mark.parametrize("method", ["integrated_gradients", "grad_cam"])
@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_each_frame_keeps_its_sum(type: str, method: str, seed: int) -> None:
    waveform = random_note(seed)
    rng = np.random.default_rng(seed)
    gradient = rng.standard_normal(shape_of(type))
    attribution = attributed(type, extract(waveform, type).values * gradient, method)
    canvas = canvas_of(attribution, waveform)
    assert canvas.shape == (126, 1025)
    values = attribution.values.astype(np.float64)
    size = np.abs(values).sum(axis=1).max()
    assert np.abs(canvas.sum(axis=1) - values.sum(axis=1)).max() <= 1e-6 * size


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
def test_sums_are_kept_from_any_baseline(type: str) -> None:
    waveform, rng = random_note(5), np.random.default_rng(0)
    x, x0 = extract(waveform, type).values, rng.standard_normal(shape_of(type)).astype(np.float32)
    attribution = attributed(type, (x - x0) * rng.standard_normal(x.shape))
    canvas = carry(attribution, waveform, x, x0)
    values = attribution.values.astype(np.float64)
    assert canvas.sum(axis=1) == pytest.approx(values.sum(axis=1), abs=1e-6 * np.abs(values).sum())


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
def test_a_silent_note_gets_nothing(type: str) -> None:
    silence = note(np.zeros(4 * SR))
    assert not np.any(canvas_of(by_gradient(type, silence, np.ones(shape_of(type))), silence))


# the contrast of a silent frame is that of the floors of peaks and valleys, and not 0
@pytest.mark.parametrize("type", [t for t in SPECTROGRAM_TYPES if t != "spectral_contrast"])
def test_silent_frames_get_nothing(type: str) -> None:
    y = np.sin(2 * np.pi * 440 * SECONDS)
    y[2 * SR :] = 0.0  # from frame 62.5 on; frames reach two to each side
    waveform = note(y)
    gradient = np.random.default_rng(1).standard_normal(shape_of(type))
    canvas = canvas_of(by_gradient(type, waveform, gradient), waveform)
    assert np.any(canvas[:60])
    assert not np.any(canvas[66:])


# --------------------------------------------------------------- places known by hand


def test_stft_is_its_own_canvas() -> None:
    values = np.random.default_rng(2).standard_normal(shape_of("stft")).astype(np.float32)
    assert np.array_equal(canvas_of(attributed("stft", values), tones(440)), values)


@pytest.mark.parametrize("band", [40, 70, 100])
def test_a_sine_on_the_centre_of_a_mel_band(band: int) -> None:
    centre = axes("log_mel")[1].values[band]
    waveform = tones(centre)
    values = np.zeros(shape_of("log_mel"))
    values[:, band] = 1.0
    canvas = canvas_of(attributed("log_mel", values), waveform)
    place = (canvas[MIDDLE] * FREQUENCIES).sum(axis=1)
    assert place == pytest.approx(np.full(80, centre), abs=2 * FREQUENCIES[1])


def test_a_band_is_divided_by_filter_and_power() -> None:
    waveform = random_note(3)
    values = np.zeros(shape_of("log_mel"))
    values[50, 30] = 2.0
    weights = mel_filters()[:, 30] * power_spectrogram(waveform)[50]
    canvas = canvas_of(attributed("log_mel", values), waveform)
    assert canvas[50] == pytest.approx(2.0 * weights / weights.sum(), rel=1e-9)


def test_with_filters_of_ones_a_band_goes_where_the_power_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waveform = random_note(4)
    power = power_spectrogram(waveform)
    monkeypatch.setattr("xai_core.canvas.mel_filters", lambda: np.ones((1025, 128)))
    attribution = attributed("log_mel", np.random.default_rng(4).normal(size=shape_of("log_mel")))
    values = attribution.values.astype(np.float64)
    canvas = canvas_of(attribution, waveform)
    sums = power.sum(axis=1, keepdims=True)
    heard = sums[:, 0] > 0
    expected = values.sum(axis=1, keepdims=True) * power / np.where(sums > 0, sums, 1.0)
    np.testing.assert_allclose(canvas[heard], expected[heard], rtol=1e-9, atol=1e-12)


def test_two_pitch_classes_go_to_their_own_tones() -> None:
    waveform = tones(440.0, 1046.5)  # A4 and C6
    gradient = np.zeros(shape_of("chroma"))
    gradient[:, 0], gradient[:, 9] = -1.0, 1.0  # C against, A for
    canvas = canvas_of(by_gradient("chroma", waveform, gradient), waveform)[MIDDLE]
    near = [np.abs(FREQUENCIES - f) < 30 for f in (440.0, 1046.5)]
    values = by_gradient("chroma", waveform, gradient).values[MIDDLE]
    assert canvas[:, near[0]].sum() == pytest.approx(values[:, 9].sum(), rel=0.02)
    assert canvas[:, near[1]].sum() == pytest.approx(values[:, 0].sum(), rel=0.02)


def test_a_constant_gradient_on_mfcc_is_linear_in_the_bands() -> None:
    waveform = random_note(4)
    g = np.random.default_rng(4).standard_normal(40)
    gradient = np.broadcast_to(g, shape_of("mfcc"))
    bands = extract(waveform, "log_mel").values.astype(np.float64)
    # the attribution of each band by the chain rule, carried as log-mel's own
    of_bands = attributed("log_mel", bands * (dct_matrix() @ g))
    found = canvas_of(by_gradient("mfcc", waveform, gradient), waveform)
    expected = canvas_of(of_bands, waveform)
    assert found == pytest.approx(expected, abs=1e-5 * np.abs(expected).max())


def test_a_constant_gradient_on_tonnetz_is_linear_in_the_pitch_classes() -> None:
    waveform = tones(440.0, 554.4, 659.3)
    g = np.array([1.0, -2.0, 0.5, 0.0, 1.5, -1.0])
    chroma = extract(waveform, "chroma").values.astype(np.float64)
    classes = chroma / chroma.sum(axis=1, keepdims=True)
    of_classes = attributed("chroma", classes * (tonnetz_matrix() @ g))
    found = canvas_of(
        by_gradient("tonnetz", waveform, np.broadcast_to(g, shape_of("tonnetz"))), waveform
    )
    expected = canvas_of(of_classes, waveform)
    assert found == pytest.approx(expected, abs=1e-5 * np.abs(expected).max())


def test_contrast_goes_half_to_the_peak_and_half_to_the_valley() -> None:
    waveform = random_note(6)
    power = power_spectrogram(waveform)[40]
    for number, (band, n_extreme) in enumerate(contrast_bands()):
        values = np.zeros(shape_of("spectral_contrast"))
        values[40, number] = -2.0
        canvas = canvas_of(attributed("spectral_contrast", values), waveform)[40]
        inside = np.arange(1025)[band]
        rising = inside[np.argsort(power[inside])]
        peak = rising[-n_extreme:]
        expected = np.zeros(1025)
        expected[peak] = -power[peak] / power[peak].sum()
        expected[rising[:n_extreme]] -= 1 / n_extreme
        assert canvas == pytest.approx(expected, abs=1e-9)


def test_the_bands_of_contrast_are_those_of_librosa() -> None:
    waveform = random_note(7)
    magnitude = np.sqrt(power_spectrogram(waveform))
    for number, (band, n_extreme) in enumerate(contrast_bands()):
        rising = np.sort(magnitude[:, band], axis=1)
        peak, valley = rising[:, -n_extreme:].mean(axis=1), rising[:, :n_extreme].mean(axis=1)
        contrast = 10 * np.log10(np.maximum(peak, 1e-10) / np.maximum(valley, 1e-10))
        loud = slice(40, 80)  # librosa limits the range of a note to 80 dB
        values = 80 * extract(waveform, "spectral_contrast").values[loud, number]
        assert values == pytest.approx(contrast[loud], abs=0.05)


@pytest.mark.parametrize(
    ("type", "made_from", "matrix"),
    [("mfcc", "log_mel", dct_matrix), ("tonnetz", "chroma", tonnetz_matrix)],
)
def test_a_type_is_linear_in_its_parts(
    type: str, made_from: str, matrix: Callable[[], FloatArray]
) -> None:
    waveform = tones(440.0, 1046.5)
    parts = extract(waveform, made_from).values.astype(np.float64)
    if type == "tonnetz":
        parts /= parts.sum(axis=1, keepdims=True)
    assert extract(waveform, type).values == pytest.approx(parts @ matrix(), abs=1e-5)


def test_a_map_without_gradient_keeps_its_frames_and_follows_power() -> None:
    waveform = tones(440.0)
    values = np.zeros(shape_of("mfcc"))
    values[50, 3], values[51, 7] = 1.0, 3.0
    canvas = canvas_of(attributed("mfcc", values, "grad_cam"), waveform)
    power = power_spectrogram(waveform)
    assert canvas[50] == pytest.approx(power[50] / power[50].sum())
    assert canvas[51] == pytest.approx(3 * power[51] / power[51].sum())
    assert not np.any(np.delete(canvas, (50, 51), axis=0))


def test_several_inputs_add_up() -> None:
    waveform, types = random_note(8), ("log_mel", "chroma")
    rng = np.random.default_rng(8)
    maps = tuple(by_gradient(t, waveform, rng.standard_normal(shape_of(t))) for t in types)
    explanation = Explanation(
        extract(waveform, "log_mel"), maps[0], "flute", 0.5, 0.0, None, {}, waveform,
        attributions=maps, spectrograms=tuple(extract(waveform, t) for t in types),
    )  # fmt: skip
    expected = sum(canvas_of(one, waveform) for one in maps)
    assert to_canvas(explanation) == pytest.approx(expected)
    assert explanation.canvas() == pytest.approx(expected)
    other = tuple(np.full(shape_of(t), 0.25, np.float32) for t in types)
    from_other = replace(explanation, baselines=other)
    assert to_canvas(from_other).sum() == pytest.approx(expected.sum())


def test_shapes_that_differ_are_refused() -> None:
    attribution = attributed("chroma", np.zeros(shape_of("chroma")))
    with pytest.raises(GridMismatchError, match="one shape"):
        carry(attribution, tones(440), np.zeros((126, 6)), np.zeros((126, 12)))


# -------------------------------------------------------------- partials and parts


def test_evidence_planted_on_one_partial_is_found_there() -> None:
    canvas = np.zeros((126, 1025))
    canvas[30, np.rint(880 / FREQUENCIES[1]).astype(int)] = 2.0
    canvas[30, np.rint(900 / FREQUENCIES[1]).astype(int)] = -0.5  # 39 cents above, within reach
    canvas[30, np.rint(660 / FREQUENCIES[1]).astype(int)] = -1.0  # between the first two
    found = {one.name: one for one in evidence_by_partial(canvas, 440.0)}
    assert (found["partial 2"].speaks_for, found["partial 2"].speaks_against) == (2.0, -0.5)
    assert found["between partials"].net == -1.0
    assert found["partial 1"].net == found["partial 3"].net == 0.0
    assert list(found)[-1] == "between partials"
    assert len(found) == 17


@pytest.mark.parametrize("pitch", [30.0, 440.0, 3_000.0])
def test_partials_add_up_to_the_canvas(pitch: float) -> None:
    canvas = np.random.default_rng(0).standard_normal((126, 1025))
    found = evidence_by_partial(canvas, pitch)
    assert sum(one.net for one in found) == pytest.approx(canvas.sum())
    assert len(found) == min(16, int(8_000 / pitch)) + 1


@pytest.mark.parametrize("pitch", [0.0, -1.0, float("nan")])
def test_a_note_without_pitch_has_no_partials(pitch: float) -> None:
    with pytest.raises(InputError, match="pitch above 0 Hz"):
        evidence_by_partial(np.zeros((126, 1025)), pitch)


def test_parts_of_a_note_are_where_they_were_put() -> None:
    envelope = np.interp(SECONDS, [0, 1.0, 1.2, 3.0, 3.01, 4.0], [0, 0, 1, 1, 0.01, 0.01])
    waveform = note(0.5 * envelope * np.sin(2 * np.pi * 440 * SECONDS))
    canvas = np.ones((126, 1025))
    seconds = {one.name: one.net * 512 / SR / 1025 for one in evidence_by_part(canvas, waveform)}
    assert tuple(seconds) == PARTS
    # frames are 128 ms long, so that edges are blurred by half of it
    assert seconds["before"] == pytest.approx(1.0, abs=0.1)
    assert seconds["attack"] == pytest.approx(0.2, abs=0.1)
    assert seconds["decay and sustain"] == pytest.approx(1.8, abs=0.1)
    assert seconds["release"] == pytest.approx(1.0, abs=0.1)
    let_go = {one.name: one.net for one in evidence_by_part(canvas, waveform, released=2.0)}
    assert let_go["release"] == pytest.approx(1025 * np.sum(np.arange(126) * 512 / SR >= 2.0))


def test_a_slow_attack_ends_after_0_3_s_and_silence_is_before() -> None:
    waveform = note(SECONDS / 8 * np.sin(2 * np.pi * 440 * SECONDS))
    found = {one.name: one.net for one in evidence_by_part(np.ones((126, 1025)), waveform)}
    assert found["attack"] / 1025 * 512 / SR == pytest.approx(0.3, abs=0.05)
    silent = evidence_by_part(np.ones((126, 1025)), note(np.zeros(4 * SR)))
    assert [one.net for one in silent] == [126 * 1025, 0, 0, 0]


def test_pitch_is_found_or_said_to_be_missing() -> None:
    harmonic = note(
        0.1 * np.sum([np.sin(2 * np.pi * 220 * k * SECONDS) / k for k in range(1, 9)], axis=0)
    )
    assert find_pitch(harmonic) == pytest.approx(220.0, rel=0.005)
    assert find_pitch(note(0.1 * np.random.default_rng(0).standard_normal(4 * SR))) is None
    assert find_pitch(note(np.zeros(4 * SR))) is None
