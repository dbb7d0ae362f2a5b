"""The six spectrogram types against plain librosa calls, and what must hold for all."""

from __future__ import annotations

import json
from collections.abc import Callable

import hypothesis
import hypothesis.strategies as st
import librosa
import numpy as np
import pytest

from xai_core import features
from xai_core.errors import AudioError, InputError
from xai_core.values import SPECTROGRAM_TYPES, FloatArray, Waveform

SR = 16_000  # Hz
N = 64_000  # samples

SHAPES = {
    "stft": (126, 1025),
    "log_mel": (126, 128),
    "mfcc": (126, 40),
    "chroma": (126, 12),
    "spectral_contrast": (126, 7),
    "tonnetz": (126, 6),
}


def _plucked(seed: int = 0) -> FloatArray:
    """Return a decaying harmonic tone over a little noise, peak near 0.5."""
    rng = np.random.default_rng(seed)
    t = np.arange(N) / SR
    tone = sum(np.sin(2 * np.pi * 220.0 * k * t) / k for k in range(1, 20))
    y = tone * np.exp(-1.5 * t) + 1e-3 * rng.standard_normal(N)
    return np.asarray(0.5 * y / np.abs(y).max(), np.float32)


def _noise(seed: int = 1) -> FloatArray:
    return np.asarray(0.1 * np.random.default_rng(seed).standard_normal(N), np.float32)


def _sine(frequency: float, amplitude: float = 0.5) -> FloatArray:
    return np.asarray(amplitude * np.sin(2 * np.pi * frequency * np.arange(N) / SR), np.float32)


def _librosa(y: FloatArray, type: str) -> FloatArray:
    """Compute a type as DESIGN defines it, by librosa's own functions in double precision."""
    frames = {"n_fft": 2048, "hop_length": 512}
    y = y.astype(np.float64)
    power = np.abs(librosa.stft(y, **frames)) ** 2  # (n_bins, n_frames)

    def scaled(s: FloatArray) -> FloatArray:
        return 1.0 + librosa.power_to_db(s, ref=np.max, top_db=80.0) / 80.0

    def mel() -> FloatArray:
        return librosa.feature.melspectrogram(y=y, sr=SR, n_mels=128, **frames)

    compute: dict[str, Callable[[], FloatArray]] = {
        "stft": lambda: scaled(power),
        "log_mel": lambda: scaled(mel()),
        "mfcc": lambda: librosa.feature.mfcc(S=scaled(mel()), n_mfcc=40, dct_type=2, norm="ortho"),
        "chroma": lambda: librosa.feature.chroma_stft(S=power, sr=SR, n_fft=2048, tuning=0.0),
        "spectral_contrast": lambda: (
            librosa.feature.spectral_contrast(
                S=np.sqrt(power), sr=SR, n_fft=2048, fmin=200.0, n_bands=6
            )
            / 80.0
        ),
        "tonnetz": lambda: librosa.feature.tonnetz(
            sr=SR, chroma=librosa.feature.chroma_stft(S=power, sr=SR, n_fft=2048, tuning=0.0)
        ),
    }
    return np.asarray(compute[type]().T)


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
@pytest.mark.parametrize("y", [_plucked(), _noise()], ids=["plucked", "noise"])
def test_values_are_those_of_plain_librosa(type: str, y: FloatArray) -> None:
    # Ours are in single precision: a bin near -80 dB is 1e-4 of the peak's magnitude and carries
    # rounding of some 1e-7 of it, 1e-3 of itself, which is 1e-4 of the 80 dB range. Sums over
    # many bins average that away.
    ours = features.extract(Waveform(y, SR), type).values
    theirs = _librosa(y, type)
    tolerance = 1e-4 if type in ("stft", "spectral_contrast") else 1e-5
    assert ours.shape == theirs.shape == SHAPES[type]
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=tolerance)


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
def test_silence_is_exactly_zero(type: str) -> None:
    values = features.extract(Waveform(np.zeros(N), SR), type).values
    assert np.array_equal(values, np.zeros(SHAPES[type], np.float32))


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
def test_every_bin_is_finite_and_in_the_range_of_its_type(type: str) -> None:
    click = np.zeros(N, np.float32)
    click[30_000] = 1.0
    bounds = {"stft": (0, 1), "log_mel": (0, 1), "chroma": (0, 1), "tonnetz": (-1, 1)}
    for y in (_plucked(), _noise(), click, _sine(440.0), np.full(N, 0.3, np.float32)):
        values = features.extract(Waveform(y, SR), type).values
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
        if type in bounds:
            low, high = bounds[type]
            assert values.min() >= low - 1e-6
            assert values.max() <= high + 1e-6
        if type in ("stft", "log_mel"):
            assert values.max() == 1.0  # the note's own peak
    # dB / 80 with top_db 80 on peaks and on valleys: never beyond 2 either way
    # orthonormal DCT of 128 values in [0, 1]: norm at most sqrt(128)
    limit = {"spectral_contrast": 2.0, "mfcc": np.sqrt(128.0) + 1e-4}.get(type)
    if limit is not None:
        assert np.abs(features.extract(Waveform(_plucked(), SR), type).values).max() <= limit


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
@hypothesis.settings(max_examples=12, deadline=None, derandomize=True)
@hypothesis.given(gain_db=st.floats(-50.0, 20.0))
def test_a_louder_note_has_the_same_features(type: str, gain_db: float) -> None:
    y = _plucked()
    gain = 10.0 ** (gain_db / 20.0)
    plain = features.extract(Waveform(y, SR), type).values
    louder = features.extract(Waveform(y * gain, SR), type).values
    # Scaling moves the last bit of every sample, with the effect of rounding explained above;
    # two such errors, and a valley of spectral contrast is the mean of very few bins.
    np.testing.assert_allclose(louder, plain, rtol=1e-6, atol=5e-4)


@pytest.mark.parametrize("type", ["stft", "log_mel", "chroma", "tonnetz"])
def test_silence_after_a_faint_note_stays_zero(type: str) -> None:
    y = _sine(440.0, amplitude=2e-4)  # -74 dB, just above what the audio gate refuses
    y[32_000:] = 0.0
    values = features.extract(Waveform(y, SR), type).values
    assert values[:60].any()
    assert not values[66:].any()  # frame 66 begins at sample 66 * 512 - 1024 = 32 768


def test_80_db_below_the_peak_is_zero_and_half_is_half() -> None:
    # Two sines on bin centres, 40 dB apart: the fainter one stands at 1 - 40 / 80.
    loud, faint = 128 * SR / 2048, 512 * SR / 2048  # Hz: bins 128 and 512
    y = _sine(loud, 0.5) + _sine(faint, 0.005)
    values = features.extract(Waveform(y, SR), "stft").values
    middle = values[60]
    assert middle[128] == pytest.approx(1.0, abs=1e-4)
    assert middle[512] == pytest.approx(0.5, abs=1e-4)
    assert middle[800] == 0.0


@pytest.mark.parametrize(("frequency", "pitch"), [(440.0, "A"), (261.626, "C"), (155.563, "D♯")])
def test_chroma_names_the_pitch_of_a_sine(frequency: float, pitch: str) -> None:
    spectrogram = features.extract(Waveform(_sine(frequency), SR), "chroma")
    assert spectrogram.bins.labels[int(spectrogram.values[60].argmax())] == pitch


@pytest.mark.parametrize("type", ["stft", "log_mel"])
@pytest.mark.parametrize("frequency", [250.0, 440.0, 1000.0, 3000.0, 7000.0])
def test_the_frequency_axis_places_a_sine_where_it_is(type: str, frequency: float) -> None:
    spectrogram = features.extract(Waveform(_sine(frequency), SR), type)
    centres = spectrogram.bins.values
    strongest = int(spectrogram.values[60].argmax())
    spacing = np.diff(centres)[max(0, strongest - 1) : strongest + 1].max()
    assert abs(centres[strongest] - frequency) <= spacing  # at most one bin away
    assert spectrogram.bins.unit == "Hz"
    assert (np.diff(centres) > 0).all()


def test_the_time_axis_places_a_click_where_it_is() -> None:
    y = np.zeros(N, np.float32)
    y[round(2.5 * SR)] = 1.0
    spectrogram = features.extract(Waveform(y, SR), "stft")
    loudest = int(spectrogram.values.sum(axis=1).argmax())
    assert abs(spectrogram.time.values[loudest] - 2.5) <= 512 / SR  # one hop
    assert spectrogram.time.unit == "s"
    assert spectrogram.time.values[-1] == pytest.approx(4.0)  # 125 hops of 32 ms


def test_octave_bands_are_named_by_their_edges() -> None:
    _, bins = features.axes("spectral_contrast")
    assert bins.labels[0] == "0–200 Hz"
    assert bins.labels[1] == "200–400 Hz"
    assert bins.labels[-1] == "6400–8000 Hz"  # cut at half the sample rate


def test_spectral_contrast_is_large_only_in_the_band_of_a_tone() -> None:
    y = _noise() * 1e-2 + _sine(600.0)  # band 2: 400 to 800 Hz
    contrast = features.extract(Waveform(y, SR), "spectral_contrast").values[60]
    assert int(contrast.argmax()) == 2
    assert np.partition(contrast, -2)[-2] < 0.7 * contrast[2]


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
def test_number_of_bins_and_axes_agree(type: str) -> None:
    time, bins = features.axes(type)
    assert (time.values.size, features.n_bins(type)) == SHAPES[type]
    assert features.n_bins(type) == bins.values.size


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
def test_the_waveform_is_left_alone_and_the_answer_repeats(type: str) -> None:
    note = Waveform(_plucked(), SR)
    before = note.y.copy()
    first = features.extract(note, type).values
    second = features.extract(note, type).values
    assert np.array_equal(first, second)
    assert np.array_equal(note.y, before)


def test_a_waveform_that_is_not_a_note_is_refused() -> None:
    with pytest.raises(AudioError, match=r"expected a note of 64000 samples at 16000 Hz, got 100"):
        features.extract(Waveform(np.ones(100), SR), "stft")
    with pytest.raises(AudioError, match="at 44100 Hz"):
        features.extract(Waveform(np.ones(N), 44_100), "stft")


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(InputError, match=r"unknown spectrogram type 'cqt': choose one of stft"):
        features.extract(Waveform(_plucked(), SR), "cqt")
    with pytest.raises(InputError, match="unknown spectrogram type"):
        features.axes("cqt")


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
def test_the_card_of_a_model_can_hold_what_decides_a_type(type: str) -> None:
    card = features.describe(type)
    assert json.loads(json.dumps(card)) == card
    assert (card["sr"], card["n_fft"], card["hop_length"]) == (16_000, 2048, 512)
    assert card["n_bins"] == SHAPES[type][1]
    assert card["scale"]
