"""Effects: each moves what it says by as much as it says, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from xai_core.training import effects
from xai_core.values import FloatArray

SR = 16_000  # Hz
N = 64_000  # samples


def _sine(frequency: float = 1000.0, amplitude: float = 0.5) -> FloatArray:
    t = np.arange(N) / SR
    return np.asarray(amplitude * np.sin(2 * np.pi * frequency * t), np.float32)


def _noise(seed: int = 0) -> FloatArray:
    return np.asarray(0.1 * np.random.default_rng(seed).standard_normal(N), np.float32)


def _db(ratio: float) -> float:
    """Return an energy ratio in dB."""
    return float(10.0 * np.log10(ratio))


def _energy(y: FloatArray) -> float:
    return float(np.sum(np.square(y, dtype=np.float64)))


def _peak_frequency(y: FloatArray) -> float:
    """Frequency of the highest peak, Hz, by a parabola through three bins of a 1/16 Hz grid."""
    size = 16 * SR
    db = 20 * np.log10(np.abs(np.fft.rfft(y * np.hanning(y.size), size)) + 1e-12)
    k = int(db.argmax())
    low, middle, high = db[k - 1 : k + 2]
    return float((k + 0.5 * (low - high) / (low - 2 * middle + high)) * SR / size)


EFFECTS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "faster": lambda y: effects.change_rate(y, change=0.03),
    "slower": lambda y: effects.change_rate(y, change=-0.03),
    "fade in": lambda y: effects.fade_in(y, n_samples=2000),
    "later": lambda y: effects.shift(y, n_samples=4000),
    "earlier": lambda y: effects.shift(y, n_samples=-800),
    "cut": lambda y: effects.cut(y, end=30_000, fade=1000),
    "equaliser": lambda y: effects.filter_bands(y, eq_db=np.linspace(-6.0, 6.0, 8)),
    "lowpass": lambda y: effects.filter_bands(y, lowpass=3000.0),
    "highpass": lambda y: effects.filter_bands(y, highpass=150.0),
    "room": lambda y: effects.reverberate(y, seconds=0.7, mix=0.3, rng=np.random.default_rng(0)),
    "white": lambda y: effects.add_noise(y, snr_db=20, pink=False, rng=np.random.default_rng(0)),
    "pink": lambda y: effects.add_noise(y, snr_db=20, pink=True, rng=np.random.default_rng(0)),
    "other": lambda y: effects.overlap(y, _sine(700.0), below_db=10.0, delay=500),
    "level": lambda y: effects.set_level(y, gain_db=-10.0),
}


@pytest.mark.parametrize("name", EFFECTS)
@pytest.mark.parametrize("n", [N, 1000, 63_997])
def test_length_and_precision_are_kept_and_the_argument_is_left_alone(name: str, n: int) -> None:
    y = _noise()[:n]
    y.setflags(write=False)
    before = y.copy()
    out = EFFECTS[name](y)
    assert (out.shape, out.dtype) == ((n,), np.float32)
    assert np.isfinite(out).all()
    assert np.array_equal(y, before)
    assert not np.shares_memory(out, y)
    assert np.array_equal(out, EFFECTS[name](y))  # to the last bit


@pytest.mark.parametrize("name", EFFECTS)
def test_silence_stays_silence(name: str) -> None:
    assert not EFFECTS[name](np.zeros(N, np.float32)).any()


@pytest.mark.parametrize("change", [-0.03, -0.01, 0.002, 0.03])
def test_a_change_of_rate_moves_pitch_and_time_by_its_percentage(change: float) -> None:
    y = _sine()
    # the peak of 4 s of a sine is known to a small part of its 1/4 Hz
    assert _peak_frequency(effects.change_rate(y, change=change)) == pytest.approx(
        1000.0 * (1.0 + change), abs=0.01
    )
    click = np.zeros(N, np.float32)
    click[32_000] = 1.0
    place = int(np.abs(effects.change_rate(click, change=change)).argmax())
    assert place == pytest.approx(32_000 / (1.0 + change), abs=1.0)


@pytest.mark.parametrize("n_samples", [0, 1, 4000, 63_999, 64_000, 70_000])
def test_a_shift_is_exact(n_samples: int) -> None:
    y = _noise()
    later = effects.shift(y, n_samples=n_samples)
    assert not later[:n_samples].any()
    assert np.array_equal(later[n_samples:], y[: max(0, N - n_samples)])
    earlier = effects.shift(y, n_samples=-n_samples)
    kept = max(0, N - n_samples)
    assert np.array_equal(earlier[:kept], y[n_samples:])
    assert not earlier[kept:].any()


def test_a_fade_in_is_a_straight_line_from_silence() -> None:
    out = effects.fade_in(np.ones(N, np.float32), n_samples=2000)
    assert out[0] == 0.0
    np.testing.assert_allclose(np.diff(out[:2001]), 1 / 2000, atol=1e-7)  # monotone
    assert (out[2000:] == 1.0).all()
    assert np.array_equal(effects.fade_in(_noise(), n_samples=0), _noise())


def test_a_note_that_is_cut_fades_out_in_a_straight_line() -> None:
    out = effects.cut(np.ones(N, np.float32), end=30_000, fade=1000)
    assert (out[:29_001] == 1.0).all()
    np.testing.assert_allclose(np.diff(out[29_000:30_000]), -1 / 999, atol=1e-6)
    assert not out[29_999:].any()
    short = effects.cut(np.ones(N, np.float32), end=500, fade=1000)  # no room for the fade
    assert (short[0], short[499]) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("kind", "cutoff", "frequency", "loss"),
    [
        ("lowpass", 1000.0, 500.0, 0.0),
        ("lowpass", 1000.0, 990.0, 0.0),
        ("lowpass", 1000.0, 2000.0, 24.0),
        ("lowpass", 1000.0, 4000.0, 48.0),
        ("highpass", 160.0, 320.0, 0.0),
        ("highpass", 160.0, 80.0, 24.0),
        ("highpass", 160.0, 40.0, 48.0),
    ],
)
def test_band_limits_fall_by_24_db_an_octave(
    kind: str, cutoff: float, frequency: float, loss: float
) -> None:
    y = _sine(frequency)
    out = effects.filter_bands(y, **{kind: cutoff})
    middle = slice(8000, 56_000)  # away from the sine's hard beginning and end
    assert _db(_energy(y[middle]) / _energy(out[middle])) == pytest.approx(loss, abs=0.1)


def test_the_equaliser_has_the_gain_asked_for_at_its_points() -> None:
    # eight points equally spaced in mel (2595 log10(1 + f / 700)) from 0 to 8 kHz
    mel = np.linspace(0.0, 2595 * np.log10(1 + 8000 / 700), 8)
    points = 700 * (10 ** (mel / 2595) - 1)
    gains = np.array([0.0, 3.0, -5.0, 8.0, 0.0, -2.0, 6.0, 0.0])
    for frequency, gain in zip(points[1:-1], gains[1:-1], strict=True):
        y = _sine(float(frequency))
        out = effects.filter_bands(y, eq_db=gains)
        middle = slice(8000, 56_000)
        # a bend of the curve is seen over the sine's own width
        assert _db(_energy(out[middle]) / _energy(y[middle])) == pytest.approx(gain, abs=0.05)
    assert np.abs(effects.filter_bands(_noise(), eq_db=np.zeros(8)) - _noise()).max() < 1e-6


def test_a_filter_does_not_carry_the_end_round_to_the_start() -> None:
    y = np.zeros(N, np.float32)
    y[-1] = 1.0
    out = effects.filter_bands(y, lowpass=3000.0, eq_db=np.array([0, 10, -10, 10, -10, 10, -10, 0]))
    assert np.abs(out[:8000]).max() < 1e-4 * np.abs(out).max()


@pytest.mark.parametrize("seconds", [0.1, 0.3, 1.0])
def test_a_room_decays_by_60_db_in_its_time(seconds: float) -> None:
    click = np.zeros(N, np.float32)
    click[0] = 1.0
    decays = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        tail = effects.reverberate(click, seconds=seconds, mix=0.2, rng=rng)
        tail[0] = 0.0  # the direct sound
        left = np.cumsum(np.square(tail, dtype=np.float64)[::-1])[::-1]  # Schroeder's integral
        level = 10 * np.log10(left / left[0] + 1e-30)
        line = (level < -5) & (level > -35)  # T30, as in ISO 3382
        slope = np.polyfit(np.flatnonzero(line) / SR, level[line], 1)[0]
        decays.append(-60.0 / slope)
    # chance in the tail: a few percent in one room, a third of that in the mean of eight
    np.testing.assert_allclose(decays, seconds, rtol=0.12)
    assert np.mean(decays) == pytest.approx(seconds, rel=0.04)


@pytest.mark.parametrize("mix", [0.02, 0.4])
def test_a_room_adds_the_energy_asked_for(mix: float) -> None:
    click = np.zeros(N, np.float32)
    click[100] = 1.0
    wet = effects.reverberate(click, seconds=0.5, mix=mix, rng=np.random.default_rng(1))
    assert _energy(wet - click) == pytest.approx(mix, rel=1e-3)
    assert np.abs(wet[:100]).max() < 1e-6  # nothing before the sound


@pytest.mark.parametrize("pink", [False, True])
@pytest.mark.parametrize("snr_db", [0.0, 15.0, 40.0])
def test_noise_has_the_ratio_asked_for(snr_db: float, pink: bool) -> None:
    y = _sine()
    noise = effects.add_noise(y, snr_db=snr_db, pink=pink, rng=np.random.default_rng(0)) - y
    # the sum is rounded to single precision: 2^-24 of the note, 40 dB above the noise
    assert _db(_energy(y) / _energy(noise)) == pytest.approx(snr_db, abs=1e-3)
    power = np.abs(np.fft.rfft(noise)) ** 2
    octaves = [
        power[4 * lo : 8 * lo].sum() for lo in (125, 250, 500, 1000, 2000)
    ]  # Hz on a 1/4 grid
    # white: twice the energy in each octave; pink: the same in all
    steps = np.diff(10 * np.log10(octaves))
    np.testing.assert_allclose(steps, 0.0 if pink else 3.01, atol=1.0)


def test_another_note_is_as_far_below_and_as_late_as_asked_for() -> None:
    y, other = _sine(440.0), _noise()
    out = effects.overlap(y, other, below_db=12.0, delay=0)
    assert _db(_energy(y) / _energy(out - y)) == pytest.approx(12.0, abs=1e-3)
    late = effects.overlap(y, other, below_db=12.0, delay=5000)
    assert np.array_equal(late[:5000], y[:5000])
    np.testing.assert_allclose((late - y)[5000:], (out - y)[:-5000], atol=1e-7)
    # shorter and longer notes are taken as 4 s
    assert np.array_equal(effects.overlap(y, other[:9000], below_db=6.0, delay=0)[9000:], y[9000:])
    assert effects.overlap(y, np.tile(other, 2), below_db=6.0, delay=0).shape == (N,)
    assert np.array_equal(effects.overlap(y, np.zeros(N, np.float32), below_db=6.0, delay=0), y)


@pytest.mark.parametrize("gain_db", [-24.0, -6.0, 0.0])
def test_level_is_in_db_and_the_result_in_16_bits(gain_db: float) -> None:
    y = _sine(1234.567)  # its samples do not repeat, so that rounding errors are as good as chance
    out = effects.set_level(y, gain_db=gain_db)
    # rounding errors are 98 dB below full scale, 62 below the quietest of these
    assert _db(_energy(out) / _energy(y)) == pytest.approx(gain_db, abs=0.01)
    steps = out.astype(np.float64) * 32768
    assert np.array_equal(steps, np.rint(steps))
    error = out - y * np.float32(10 ** (gain_db / 20))
    assert np.abs(error).max() <= 0.5 / 32768 + 1e-7
    # the rounding of a signal is noise of a twelfth of a step squared
    assert np.mean(error.astype(np.float64) ** 2) == pytest.approx(1 / 12 / 32768**2, rel=0.1)


def test_levels_stay_between_minus_48_db_and_full_scale() -> None:
    quiet = effects.set_level(_sine(amplitude=0.01), gain_db=-24.0)  # -40 dB, turned down by 8
    assert np.abs(quiet).max() == pytest.approx(10 ** (-48 / 20), abs=1 / 32768)
    faint = _sine(amplitude=0.001)  # below that already
    assert np.abs(effects.set_level(faint, gain_db=-24.0) - faint).max() <= 0.5 / 32768 + 1e-7
    loud = effects.set_level(_sine(amplitude=3.0), gain_db=0.0)
    assert np.abs(loud).max() == pytest.approx(32767 / 32768, abs=1e-7)
    assert _db(_energy(loud) / (N / 2)) == pytest.approx(0.0, abs=0.01)  # turned down, not clipped


@pytest.mark.parametrize("n", [1, 2, 7, 64, 64_001, 65_537, 79_999])
def test_fast_lengths_are_the_next_products_of_2_3_and_5(n: int) -> None:
    def left(k: int) -> int:
        for prime in (2, 3, 5):
            while k % prime == 0:
                k //= prime
        return k

    assert effects.fast_length(n) == next(k for k in range(n, 2 * n + 1) if left(k) == 1)


def test_a_codec_that_drops_nothing_gives_the_note_back() -> None:
    np.testing.assert_allclose(
        effects.lossy(_noise(), cutoff=8_000.0, below_db=300.0), _noise(), atol=1e-6
    )


def test_a_codec_drops_the_top_and_what_lies_too_far_below() -> None:
    y = _sine(1000.0) + _sine(3000.0, amplitude=0.5e-2)  # 40 dB below
    kept = effects.lossy(y, cutoff=8_000.0, below_db=50.0)
    dropped = effects.lossy(y, cutoff=8_000.0, below_db=30.0)
    at = 3000 * N // SR  # bin of the weaker tone
    level = [np.abs(np.fft.rfft(one))[at] for one in (y, kept, dropped)]
    assert level[1] == pytest.approx(level[0], rel=0.02)  # the ends, where frames fall silent
    assert level[2] < 1e-3 * level[0]
    top = np.abs(np.fft.rfft(effects.lossy(_noise(), cutoff=5_000.0, below_db=300.0))) ** 2
    edge = 5_100 * N // SR  # sine windows leak a little beyond the cutoff
    assert _db(top[edge:].sum() / top.sum()) < -30
