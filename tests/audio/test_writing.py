"""A waveform as a file: nothing is lost but what 16 bits cannot hold."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from xai_core import audio
from xai_core.errors import InputError
from xai_core.values import Waveform


def test_a_waveform_survives_the_way_through_wav() -> None:
    rng = np.random.default_rng(0)
    note = Waveform(rng.uniform(-0.9, 0.9, 64_000), 16_000)
    again = audio.load(audio.to_wav(note))
    assert again.sr == 16_000
    np.testing.assert_allclose(again.y, note.y, atol=1 / 2**15)  # one step of 16 bits


def test_a_player_gets_all_of_a_waveform_beyond_full_scale() -> None:
    t = np.arange(64_000) / 16_000
    note = Waveform(3.0 * np.sin(2 * np.pi * 440 * t), 16_000)
    assert np.mean(np.abs(note.y) > 1.0) > 0.6  # what clipping would flatten
    gain = audio.listening_gain(note)
    assert gain == pytest.approx(1 / 3, rel=1e-3)
    played = audio.load(audio.to_wav(note)).y
    np.testing.assert_allclose(played, gain * note.y, atol=1.5 / 2**15)
    quiet = Waveform(note.y / 4, 16_000)
    assert audio.listening_gain(quiet) == 1.0


def test_two_waveforms_are_the_channels_of_one_file_at_one_level() -> None:
    rng = np.random.default_rng(0)
    left = Waveform(rng.uniform(-0.5, 0.5, 64_000), 16_000)
    right = Waveform(rng.uniform(-2.0, 2.0, 64_000), 16_000)
    samples, sr = soundfile.read(io.BytesIO(audio.to_wav(left, right=right)))
    assert (sr, samples.shape) == (16_000, (64_000, 2))
    gain = audio.listening_gain(right)
    np.testing.assert_allclose(samples[:, 0], gain * left.y, atol=1.5 / 2**15)
    np.testing.assert_allclose(samples[:, 1], gain * right.y, atol=1.5 / 2**15)


def test_two_waveforms_of_different_lengths_are_refused() -> None:
    left, right = (Waveform(np.full(n, 0.5), 16_000) for n in (64_000, 63_999))
    with pytest.raises(InputError, match="64000 samples at 16000 Hz and 63999 samples"):
        audio.to_wav(left, right=right)


def test_an_exact_wav_gives_every_sample_back_beyond_full_scale_too() -> None:
    rng = np.random.default_rng(0)
    note = Waveform(rng.uniform(-1.5, 1.5, 64_000), 16_000)
    again = audio.load_note(audio.to_exact_wav(note))
    assert again.edits == ()
    np.testing.assert_array_equal(again.y, note.y)
