"""Augmented notes: still the same note, within the stated ranges."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.training.augment import _cut_with_fade, augment
from xai_core.values import FloatArray

SR = 16_000  # Hz
N = 64_000  # samples


def _sine(frequency: float = 1000.0) -> FloatArray:
    t = np.arange(N) / SR
    return np.asarray(0.5 * np.sin(2 * np.pi * frequency * t), np.float32)


def _peak_frequency(y: FloatArray) -> float:
    spectrum = np.abs(np.fft.rfft(y * np.hanning(y.size), 4 * N))
    return float(spectrum.argmax() * SR / (4 * N))


@pytest.mark.parametrize("seed", range(10))
def test_a_seed_decides_everything(seed: int) -> None:
    y = _sine()
    first = augment(y, rng=np.random.default_rng(seed))
    assert np.array_equal(first, augment(y, rng=np.random.default_rng(seed)))
    assert not np.array_equal(first, augment(y, rng=np.random.default_rng(seed + 100)))


@pytest.mark.parametrize("seed", range(40))
def test_length_precision_and_the_original_are_kept(seed: int) -> None:
    y = _sine()
    y.setflags(write=False)
    out = augment(y, rng=np.random.default_rng(seed))
    assert out.shape == (N,)
    assert out.dtype == np.float32
    assert np.isfinite(out).all()
    assert np.abs(out).max() > 0.01  # -34 dB: no change makes a note inaudible
    assert not np.shares_memory(out, y)


@pytest.mark.parametrize("seed", range(20))
def test_silence_stays_silence(seed: int) -> None:
    assert not augment(np.zeros(N, np.float32), rng=np.random.default_rng(seed)).any()


def test_pitch_moves_by_three_percent_at_most() -> None:
    # 4 s resolve 1/4 Hz; equaliser, reverberation and noise do not move a peak
    peaks = [_peak_frequency(augment(_sine(), rng=np.random.default_rng(k))) for k in range(60)]
    # played 3 % slower a pitch falls to 0.97 of itself or, the other way, rises to 1 / 0.97
    assert min(peaks) >= 1000.0 / 1.03 - 0.5
    assert max(peaks) <= 1000.0 / 0.97 + 0.5
    moved = [abs(peak - 1000.0) > 1.0 for peak in peaks]
    assert 15 <= sum(moved) <= 45  # half of 60, and 3.9 standard deviations of chance


def test_onsets_move_by_a_quarter_second_at_most() -> None:
    click = np.zeros(N, np.float32)
    click[6400] = 1.0  # 0.4 s
    places = []
    for seed in range(60):
        out = augment(click, rng=np.random.default_rng(seed))
        places.append(int(np.abs(out).argmax()) / SR)
    # from 0.05 s cut to 0.25 s put before, and 3 % of 0.4 s by the change of speed
    assert min(places) >= 0.4 - 0.05 - 0.013
    assert max(places) <= 0.4 + 0.25 + 0.013
    assert np.std(places) > 0.02


def test_noise_stays_15_db_below_the_note() -> None:
    # away from the sine's own band, and from what an equaliser may lift there (about 15 dB)
    for seed in range(60):
        spectrum = np.abs(np.fft.rfft(augment(_sine(), rng=np.random.default_rng(seed)))) ** 2
        frequencies = np.fft.rfftfreq(N, 1 / SR)
        near = np.abs(frequencies - 1000.0) < 100.0
        assert spectrum[~near].sum() < 10**-1.4 * spectrum[near].sum()


@pytest.mark.parametrize("seed", range(20))
def test_notes_that_are_cut_fade_out_and_end_in_silence(seed: int) -> None:
    out = _cut_with_fade(np.ones(N, np.float32), np.random.default_rng(seed))
    full, last = int(np.flatnonzero(out < 1.0)[0]), int(np.flatnonzero(out)[-1])
    assert not out[last + 1 :].any()
    assert 0.3 * N - 2 <= last < N
    assert 0.02 * SR - 3 <= last - full <= 0.6 * SR
    slope = np.diff(out[full - 1 : last + 2])
    np.testing.assert_allclose(slope, slope.mean(), atol=1e-6)  # a straight line down to 0
