"""Channels are averaged unless that cancels them; a DC offset goes; both are said."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import fftconvolve, welch

from tests.audio.signals import encode
from xai_core import audio
from xai_core.audio.channels import mix
from xai_core.values import FloatArray

SR = 44_100  # Hz
CANCEL = "took channel {} of 2: mixed to mono, they would cancel each other"
RNG = np.random.default_rng(0)


def _note(seconds: float = 2.0, frequency: float = 330.0) -> FloatArray:
    """Return a decaying note of 19 partials."""
    t = np.arange(round(seconds * SR)) / SR
    partials = [np.sin(2 * np.pi * frequency * k * t + k) / k for k in range(1, 20)]
    return np.asarray(0.1 * np.sum(partials, axis=0) * np.exp(-t), np.float32)


NOTE = _note()
NOISE = RNG.standard_normal(NOTE.size).astype(np.float32)


def _load(*channels: FloatArray) -> audio.Waveform:
    return audio.load(encode(np.stack(channels, axis=1), SR))


def _late(y: FloatArray, milliseconds: float) -> FloatArray:
    kernel = np.zeros(round(milliseconds * SR / 1000) + 1)
    kernel[-1] = 1.0
    return np.asarray(fftconvolve(y, kernel)[: y.size], np.float32)


def test_an_inverted_channel_with_some_noise_is_not_mixed_in() -> None:
    # the mix would be half the noise, 40 dB below the note
    loaded = _load(NOTE, -NOTE + 1e-3 * NOISE)
    assert loaded.edits == (CANCEL.format(1),)
    np.testing.assert_array_equal(loaded.y, NOTE)


def test_an_exactly_inverted_channel_is_no_silence() -> None:
    loaded = _load(NOTE, -NOTE)
    assert loaded.edits == (CANCEL.format(1),)
    np.testing.assert_array_equal(loaded.y, NOTE)


def test_the_louder_of_two_that_cancel_is_taken() -> None:
    loaded = _load(-0.5 * NOTE, NOTE)
    assert loaded.edits == (CANCEL.format(2),)
    np.testing.assert_array_equal(loaded.y, NOTE)


@pytest.mark.parametrize("milliseconds", [0.3, 1.0, 5.0, 20.0])
def test_a_delayed_channel_makes_no_comb(milliseconds: float) -> None:
    y = 0.1 * NOISE
    loaded = _load(y, _late(y, milliseconds))
    assert loaded.edits == (CANCEL.format(1),)
    # what a mean would have done, measured by SciPy: a third of the bands lost by 5 dB and more
    _, mean = welch((y + _late(y, milliseconds)) / 2, SR, nperseg=4096)
    _, kept = welch(loaded.y, SR, nperseg=4096)
    assert np.mean(mean < 0.3 * kept) > 0.3
    np.testing.assert_array_equal(loaded.y, y)


def test_a_silent_channel_does_not_halve_the_other() -> None:
    for channels, number in (((NOTE, 0 * NOTE), 1), ((0 * NOTE, NOTE), 2)):
        loaded = _load(*channels)
        assert loaded.edits == (f"took channel {number} of 2: the other is silent",)
        np.testing.assert_array_equal(loaded.y, NOTE)
    other = _note(frequency=220.0)
    loaded = _load(NOTE, 0 * NOTE, other, 0 * NOTE)
    assert loaded.edits == ("mixed 2 of 4 channels: the others are silent",)
    np.testing.assert_allclose(loaded.y, (NOTE + other) / 2, atol=2**-24)


@pytest.mark.parametrize("n_channels", [2, 3, 8])
def test_channels_that_are_alike_or_unlike_are_averaged(n_channels: int) -> None:
    alike = [0.1 * (k + 1) * NOTE for k in range(n_channels)]
    unlike = list(RNG.uniform(-0.5, 0.5, (n_channels, 44_100)).astype(np.float32))
    for channels in (alike, unlike):
        loaded = _load(*channels)
        assert loaded.edits == (f"mixed {n_channels} channels to mono",)
        np.testing.assert_allclose(loaded.y, np.mean(channels, axis=0), atol=8 * 2**-24)


def test_the_mean_of_some_channels() -> None:
    block = RNG.random((5, 4)).astype(np.float32)
    np.testing.assert_allclose(mix(block, (0, 3)), block[:, [0, 3]].mean(axis=1), rtol=1e-6)
    np.testing.assert_array_equal(mix(block, (2,)), block[:, 2])


@pytest.mark.parametrize("offset", [0.01, -0.2])
def test_an_offset_is_removed_and_said(offset: float) -> None:
    loaded = audio.load(encode(NOTE + np.float32(offset), SR))
    assert loaded.edits == (f"removed a DC offset of {offset:.2g}",)
    np.testing.assert_allclose(loaded.y, NOTE, atol=1e-3 * np.abs(NOTE).max())


def test_silence_around_a_note_with_an_offset_stays_silent() -> None:
    silence = np.zeros(SR, np.float32)
    loaded = audio.load(encode(np.concatenate([silence, NOTE + np.float32(0.01), silence]), SR))
    assert loaded.edits == ("removed a DC offset of 0.01",)
    assert not loaded.y[: SR - 1].any()
    assert not loaded.y[1 - SR :].any()


def test_a_note_without_an_offset_keeps_its_samples() -> None:
    for y in (NOTE, _note(0.2, 41.0), 0.1 * NOISE, NOTE * (np.arange(NOTE.size) < 20_000)):
        loaded = audio.load(encode(y, SR))
        assert loaded.edits == ()
        np.testing.assert_array_equal(loaded.y, y.astype(np.float32))
