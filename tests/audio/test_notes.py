"""Which four seconds are taken, and what is done to get there."""

from __future__ import annotations

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from tests.audio.signals import SR, N, encode, pitch_and_level, sine
from xai_core import audio
from xai_core.errors import AudioError
from xai_core.values import Waveform


def test_a_note_passes_unchanged() -> None:
    note = audio.load_note(encode(sine(4.0)))
    again = audio.load_note(note)
    assert np.array_equal(again.y, note.y)
    assert again.edits == ()


@pytest.mark.parametrize("sr", [8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000])
def test_resampling_keepspitch_and_level(sr: int) -> None:
    note = audio.load_note(encode(sine(4.0, sr), sr))
    assert note.y.size == N
    frequency, amplitude = pitch_and_level(note.y)
    assert frequency == pytest.approx(440.0, abs=0.1)
    assert amplitude == pytest.approx(0.5, rel=1e-4)
    # not only the same tone: the same samples, in phase, away from the ends
    np.testing.assert_allclose(note.y[2000:-2000], sine(4.0)[2000:-2000], atol=1e-4)
    assert note.edits == (f"resampled {sr / 1000:g} kHz to 16 kHz",)


def test_resampling_folds_nothing_back() -> None:
    # 15 kHz lies above half of 16 kHz; without a filter it would be heard at 1 kHz
    y = sine(4.0, 44_100) + sine(4.0, 44_100, frequency=15_000.0)
    note = audio.load_note(encode(y, 44_100))
    np.testing.assert_allclose(note.y[2000:-2000], sine(4.0)[2000:-2000], atol=1e-4)


def test_a_short_note_is_padded_and_it_is_said() -> None:
    note = audio.load_note(encode(sine(1.5)))
    assert note.edits == ("padded 2.50 s of silence at the end",)
    assert not note.y[24_000:].any()
    np.testing.assert_allclose(note.y[:24_000], sine(1.5), atol=1e-7)


@pytest.mark.parametrize("start", [0.0, 1.0, 2.345])
def test_a_long_recording_gives_the_window_that_was_asked_for(start: float) -> None:
    y = np.random.default_rng(1).uniform(-0.5, 0.5, 10 * SR).astype(np.float32)
    note = audio.load_note(encode(y), start=start)
    first = round(start * SR)
    assert np.array_equal(note.y, y[first : first + N])
    assert note.edits == (f"took {start:.2f} to {start + 4:.2f} s",)


def test_a_window_past_the_end_is_padded() -> None:
    y = np.random.default_rng(2).uniform(-0.5, 0.5, 5 * SR).astype(np.float32)
    note = audio.load_note(encode(y), start=3.0)
    assert np.array_equal(note.y[: 2 * SR], y[3 * SR :])
    assert not note.y[2 * SR :].any()
    assert note.edits == ("took 3.00 to 5.00 s", "padded 2.00 s of silence at the end")


def test_all_that_was_done_is_said_in_order() -> None:
    y = np.stack([sine(6.0, 44_100)] * 2, axis=1)
    note = audio.load_note(encode(y, 44_100), start=2.5)
    assert note.edits == (
        "mixed 2 channels to mono",
        "resampled 44.1 kHz to 16 kHz",
        "took 2.50 to 6.00 s",
        "padded 0.50 s of silence at the end",
    )


def test_start_is_in_seconds_of_the_recording_whatever_its_rate() -> None:
    y = np.zeros(8 * 44_100)
    y[3 * 44_100 :] = 0.3 * np.cos(0.1 * np.arange(5 * 44_100))  # sounds from 3 s on
    note = audio.load_note(encode(y, 44_100), start=2.0)
    onset = int(np.flatnonzero(np.abs(note.y) > 0.15)[0])
    assert onset == pytest.approx(SR, abs=2)


@pytest.mark.parametrize("sr", [11_025, 44_100, 48_000])
@pytest.mark.parametrize("start", [0.1, 3.0, 5.4321, 9.5])
def test_a_window_of_another_rate_is_in_phase(sr: int, start: float) -> None:
    # only what is needed is resampled: the note begins where it should, to half a sample
    note = audio.load_note(encode(sine(10.0, sr), sr), start=start)
    n = min(N, round((10.0 - start) * SR))
    t = start + np.arange(n) / SR
    half_a_sample = 0.5 * 2 * np.pi * 440.0 * 0.5 / SR
    edge = slice(0 if start > 0.25 else 2000, n - 2000)
    expected = 0.5 * np.sin(2 * np.pi * 440.0 * t)
    np.testing.assert_allclose(note.y[:n][edge], expected[edge], atol=half_a_sample + 1e-4)


@hypothesis.settings(max_examples=40, deadline=None, derandomize=True)
@hypothesis.given(
    seconds=st.floats(0.1, 12.0),
    sr=st.sampled_from([8_000, 11_025, 16_000, 44_100, 48_000]),
    share=st.floats(0.0, 1.0),
)
def test_whatever_comes_is_a_note(seconds: float, sr: int, share: float) -> None:
    n = int(np.ceil(seconds * sr)) + 1
    given = Waveform(np.random.default_rng(0).uniform(-0.5, 0.5, n), sr)
    before = given.y.copy()
    note = audio.fit_note(given, start=share * (given.duration - 0.1))
    assert (note.y.size, note.sr) == (N, SR)
    assert note.y.dtype == np.float32
    assert np.isfinite(note.y).all()
    assert np.array_equal(given.y, before)


@pytest.mark.parametrize("start", [-0.1, 0.95, 1.0, 7.0, float("nan"), float("inf")])
def test_a_start_outside_the_recording_is_refused(start: float) -> None:
    with pytest.raises(AudioError, match=r"a start between 0 and 0\.90 s, got"):
        audio.load_note(encode(sine(1.0)), start=start)


def test_a_silent_part_of_a_sounding_recording_is_refused() -> None:
    y = np.concatenate([sine(2.0), np.zeros(6 * SR)])
    assert audio.load_note(encode(y)).y.any()
    with pytest.raises(AudioError, match="is this the right part of the recording"):
        audio.load_note(encode(y), start=3.0)


def test_unscaled_integers_are_let_through() -> None:
    # float files that hold 16-bit integers as they are: loud, but features are relative
    note = audio.load_note(encode(32767 * sine(1.0)))
    assert np.abs(note.y).max() == pytest.approx(32767 / 2, rel=1e-3)


def test_the_first_sound_of_a_recording() -> None:
    tone = sine(10.0)
    assert audio.first_sound(Waveform(tone, SR)) == 0.0
    late = np.concatenate([np.zeros(6 * SR), tone])
    assert audio.first_sound(Waveform(late, SR)) == pytest.approx(5.9, abs=1e-4)
    assert audio.load_note(Waveform(late, SR), start=5.9).y.any()
    # near the end, the last 4 s
    very_late = np.concatenate([np.zeros(6 * SR), sine(1.0)])
    assert audio.first_sound(Waveform(very_late, SR)) == pytest.approx(3.0)
    # what is softer than -80 dB cannot be heard
    hum = np.concatenate([5e-5 * np.ones(5 * SR), tone])
    assert audio.first_sound(Waveform(hum, SR)) == pytest.approx(4.9, abs=1e-4)


def test_a_recording_without_a_sound_or_too_short_has_none() -> None:
    with pytest.raises(AudioError, match="silence from beginning to end"):
        audio.first_sound(Waveform(np.zeros(10 * SR), SR))
    with pytest.raises(AudioError, match=r"at least 0\.1 s"):
        audio.first_sound(Waveform(sine(0.05), SR))
