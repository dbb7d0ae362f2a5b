"""The measures of one note, on signals whose numbers are known."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.datasets.notes_on_disk import SR, Samples, tone, write_audio
from xai_core.datasets.notes import NoteRecord, audio_digest, read_stored
from xai_core.datasets.signal import (
    CLIPPED_RUN,
    TONE_DB,
    NoteSignal,
    decibels,
    measure,
    tone_prominence,
)

SECONDS = 4
N = SECONDS * SR
T = np.arange(N) / SR


def noise(seed: int, n: int = N) -> Samples:
    return np.random.default_rng(seed).normal(size=n)


def heard(y: Samples, sr: int = SR) -> NoteSignal:
    return measure(np.asarray(y, np.float32).reshape(len(y), -1), sr)


# --------------------------------------------------------------------------- level


def test_level_and_length_of_a_sine() -> None:
    signal = heard(tone(n_samples=N, peak=0.5))
    assert signal.peak_dbfs == pytest.approx(20 * math.log10(0.5), abs=0.001)
    # the RMS of a sine is its peak over the root of 2, whatever the frame
    assert signal.floor_dbfs == pytest.approx(20 * math.log10(0.5 / math.sqrt(2)), abs=0.1)
    assert (signal.seconds, signal.sr, signal.n_channels) == (4.0, SR, 1)
    assert signal.n_clipped == 0
    assert signal.dc_share < 1e-5
    assert not signal.is_silent


def test_noise_floor_is_that_of_the_quiet_tenth() -> None:
    y = 0.001 * noise(0)
    y[: N * 9 // 10] += tone(n_samples=N * 9 // 10, peak=0.5)
    assert heard(y).floor_dbfs == pytest.approx(-60.0, abs=0.5)


@pytest.mark.parametrize(("peak_dbfs", "silent"), [(-79.0, False), (-81.0, True)])
def test_silence_begins_below_minus_80_dbfs(peak_dbfs: float, silent: bool) -> None:
    y = 10 ** (peak_dbfs / 20) * np.sin(2 * np.pi * 440 * T)
    assert heard(y).is_silent is silent


def test_digital_silence_has_numbers_that_are_no_accident() -> None:
    signal = heard(np.zeros(N))
    assert signal.is_silent
    assert not signal.is_noise
    assert (signal.peak_dbfs, signal.floor_dbfs) == (-math.inf, -math.inf)
    assert (signal.dc_share, signal.tone_db, signal.padding_seconds) == (0.0, 0.0, 4.0)


def test_a_sound_after_the_first_4_seconds_is_not_heard() -> None:
    late = heard(np.concatenate([np.zeros(N), tone(n_samples=N)]))
    assert late.is_silent
    assert late.seconds == 8.0


def test_channels_that_cancel_are_silent_together() -> None:
    y = tone(n_samples=N)
    signal = heard(np.stack([y, -y], axis=1))
    assert signal.is_silent
    assert signal.n_channels == 2


@pytest.mark.parametrize("n", [1, 2, 10, 319, 321, 5000])
def test_very_short_sounds_have_finite_measures(n: int) -> None:
    signal = heard(0.5 * np.ones(n))
    assert signal.dc_share == pytest.approx(1.0)
    assert math.isfinite(signal.tone_db)
    assert signal.floor_dbfs == pytest.approx(decibels(0.5), abs=1e-4)


# ------------------------------------------------------------------------- padding


def test_padding_runs_from_the_last_sample_above_one_step() -> None:
    y = np.zeros(N)
    y[: 2 * SR] = 0.5
    y[3 * SR] = 1 / 32768  # one step of 16 bits is no sound
    assert heard(y).padding_seconds == 2.0
    y[3 * SR] = 2 / 32768
    assert heard(y).padding_seconds == pytest.approx(1.0 - 1 / SR)


# ------------------------------------------------------------------------ clipping


def test_clipped_samples_are_those_in_flat_tops() -> None:
    y = np.clip(2 * np.sin(2 * np.pi * 100 * T), -1, 1)
    # 2 sin is above 1 for a third of each half period of 80 samples
    assert heard(y).n_clipped == pytest.approx(N * 2 / 3, rel=0.05)


def test_a_single_sample_at_full_scale_is_no_clipping() -> None:
    y = 0.5 * np.sin(2 * np.pi * 440 * T)
    y[1000] = 1.0
    assert heard(y).n_clipped == 0


@pytest.mark.parametrize(("run", "count"), [(CLIPPED_RUN - 1, 0), (CLIPPED_RUN, CLIPPED_RUN)])
def test_a_run_counts_from_its_shortest_length(run: int, count: int) -> None:
    y = 0.5 * np.sin(2 * np.pi * 440 * T)
    y[1000 : 1000 + run] = -0.99
    assert heard(y).n_clipped == count
    y = 0.5 * np.sin(2 * np.pi * 440 * T)
    y[:run] = 0.99
    y[-run:] = 0.99
    assert heard(y).n_clipped == 2 * count


@pytest.mark.parametrize("sr", [16_000, 48_000])
@pytest.mark.parametrize("hz", [30.0, 41.2, 440.0])
def test_a_whole_sine_at_full_scale_is_not_clipped(sr: int, hz: float) -> None:
    y = np.rint(32767 * np.sin(2 * np.pi * hz * np.arange(4 * sr) / sr)) / 32768
    assert heard(y, sr).n_clipped == 0


def test_flat_tops_below_minus_1_dbfs_are_the_sound_itself() -> None:
    square = np.sign(np.sin(2 * np.pi * 100 * (T + 1e-6)))
    assert heard(0.88 * square).n_clipped == 0
    assert heard(0.90 * square).n_clipped == N


def test_clipping_in_one_channel_is_seen() -> None:
    loud = np.clip(2 * np.sin(2 * np.pi * 100 * T), -1, 1)
    quiet = 0.1 * np.sin(2 * np.pi * 100 * T)
    assert heard(np.stack([loud, quiet], axis=1)).n_clipped == heard(loud).n_clipped


# ------------------------------------------------------------------------------ DC


def test_dc_offset_is_its_share_of_the_peak() -> None:
    y = 0.2 + 0.3 * np.sin(2 * np.pi * 440 * T)
    assert heard(y).dc_share == pytest.approx(0.2 / 0.5, abs=0.001)
    assert heard(-y).dc_share == pytest.approx(0.2 / 0.5, abs=0.001)


def test_padding_does_not_dilute_an_offset() -> None:
    y = 0.2 + 0.3 * np.sin(2 * np.pi * 440 * T)
    y[SR:] = 0.0
    assert heard(y).dc_share == pytest.approx(0.2 / 0.5, abs=0.005)


@pytest.mark.parametrize("hz", [27.5, 30.3, 41.2, 97.0])
@pytest.mark.parametrize("seconds", [0.5, 1.37, 4.0])
def test_part_of_a_period_is_no_offset(hz: float, seconds: float) -> None:
    y = np.sin(2 * np.pi * hz * T[: int(seconds * SR)] + 1.0)
    assert heard(y).dc_share < 0.005


# ------------------------------------------------------------------ tones and noise


def low_passed(y: Samples, hz: float) -> Samples:
    spectrum = np.fft.rfft(y)
    spectrum[np.fft.rfftfreq(y.size, 1 / SR) > hz] = 0.0
    return np.fft.irfft(spectrum, n=y.size)


NOISES = {
    "white": noise(1),
    "brown": np.cumsum(noise(2)) / 100,
    "pink-like": np.cumsum(noise(3)) / 100 + noise(4) / 10,
    "with the edge of a filter": low_passed(noise(5), 3000.0),
    "drum-like burst of 50 ms": noise(6) * np.exp(-T / 0.05),
    "stroke of 10 ms": noise(7) * np.exp(-T / 0.01),
    "short": noise(8, SR // 5),
    "with silence around it": np.concatenate([np.zeros(SR), noise(9, SR), np.zeros(2 * SR)]),
    "click": np.eye(1, N, 100)[0],
}
TONES = {
    "sine": np.sin(2 * np.pi * 440 * T),
    "lowest key of a piano": sum(np.sin(2 * np.pi * 27.5 * k * T) / k for k in range(1, 60)),
    "highest key of a piano": np.sin(2 * np.pi * 4186.0 * T),
    "decaying, with noise 20 dB below its start": (
        np.exp(-T / 0.3) * np.sin(2 * np.pi * 440 * T) + 0.07 * noise(10)
    ),
    "10 dB below the noise": np.sin(2 * np.pi * 440 * T) + noise(11) * np.sqrt(5),
    "bell, inharmonic": sum(np.exp(-T) * np.sin(2 * np.pi * f * T) for f in (311, 853, 1671, 2761)),
    "vibrato of 6 Hz and half a tone": np.sin(
        2 * np.pi * 440 * T + 2.2 * np.sin(2 * np.pi * 6 * T)
    ),
    "short": np.sin(2 * np.pi * 440 * T[: SR // 5]),
}


@pytest.mark.parametrize("name", NOISES)
def test_noise_of_any_colour_and_shape_is_noise_only(name: str) -> None:
    assert heard(0.3 * NOISES[name] / np.abs(NOISES[name]).max()).is_noise


@pytest.mark.parametrize("name", TONES)
def test_what_has_a_pitch_is_not_noise_only(name: str) -> None:
    y = 0.3 * TONES[name] / np.abs(TONES[name]).max()
    signal = heard(np.rint(y * 32768) / 32768)
    assert signal.tone_db > TONE_DB + 3


def test_false_alarms_and_misses_are_rare() -> None:
    bursts = [tone_prominence(noise(seed) * np.exp(-T / 0.02), SR) for seed in range(100, 200)]
    steady = [tone_prominence(noise(seed), SR) for seed in range(200, 220)]
    assert max(steady) < TONE_DB - 6
    assert sum(value >= TONE_DB for value in bursts) <= 2


def test_prominence_does_not_depend_on_level_or_rate() -> None:
    y = np.sin(2 * np.pi * 440 * T) + 0.3 * noise(12)
    assert tone_prominence(0.001 * y, SR) == pytest.approx(tone_prominence(y, SR), abs=1e-6)
    sr = 44_100
    t = np.arange(4 * sr) / sr
    # the same density of noise: its power grows with the bandwidth
    wide = np.sin(2 * np.pi * 440 * t) + 0.3 * np.sqrt(sr / SR) * noise(13, 4 * sr)
    # 1.4 dB for a window of 0.37 s in place of 0.51, and as much between two bins' centres
    assert tone_prominence(wide, sr) == pytest.approx(tone_prominence(y, SR), abs=3.0)
    assert heard(0.05 * noise(14, 4 * sr), sr).is_noise


def test_prominence_of_a_sine_in_white_noise_is_what_theory_says() -> None:
    y = np.sin(2 * np.pi * 1000 * T) + noise(15)
    # Hann window of n samples: peak A^2/4 (sum w)^2, noise s^2 sum w^2, ratio A^2 n / (6 s^2);
    # 1000 Hz is a bin's centre. The median of the bins around is close to their mean.
    expected = 10 * math.log10(8192 / 6)
    assert tone_prominence(y, SR) == pytest.approx(expected, abs=1.0)


# -------------------------------------------------------------------------- digest


def test_digest_is_that_of_the_file(tmp_path: Path) -> None:
    y = np.stack([tone(n_samples=2000), tone(660.0, n_samples=2000)], axis=1)
    flac = NoteRecord("a", write_audio(tmp_path / "a.flac", y), "reed", "a", None, None, "x")
    wav = replace(flac, path=write_audio(tmp_path / "a.wav", y))
    assert measure(*read_stored(flac)).digest == audio_digest(flac) == audio_digest(wav)


def test_samples_given_are_left_as_they_were() -> None:
    y = np.asarray(np.linspace(-2, 2, N), np.float32).reshape(-1, 1)
    before = y.copy()
    measure(y, SR)
    np.testing.assert_array_equal(y, before)
