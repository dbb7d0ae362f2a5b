"""Augmented notes: still the same note, within the stated ranges and at the stated odds."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from xai_core.errors import InputError
from xai_core.training import effects
from xai_core.training.augment import STANDARD, Augmentation, augment
from xai_core.values import FloatArray

SR = 16_000  # Hz
N = 64_000  # samples
NOTHING = Augmentation(
    **{name: 0.0 for name in STANDARD.as_dict() if name.endswith("_odds")}  # type: ignore[arg-type]
)


def _sine(frequency: float = 1000.0) -> FloatArray:
    t = np.arange(N) / SR
    return np.asarray(0.5 * np.sin(2 * np.pi * frequency * t), np.float32)


def _peak_frequency(y: FloatArray) -> float:
    spectrum = np.abs(np.fft.rfft(y * np.hanning(y.size), 4 * N))
    return float(spectrum.argmax() * SR / (4 * N))


def _other() -> FloatArray:
    return _sine(3000.0)


@pytest.mark.parametrize("seed", range(10))
def test_a_seed_decides_everything(seed: int) -> None:
    y = _sine()
    first = augment(y, rng=np.random.default_rng(seed), other=_other)
    assert np.array_equal(first, augment(y, rng=np.random.default_rng(seed), other=_other))
    assert not np.array_equal(first, augment(y, rng=np.random.default_rng(seed + 100)))


@pytest.mark.parametrize("seed", range(40))
def test_length_precision_and_the_original_are_kept(seed: int) -> None:
    y = _sine()
    y.setflags(write=False)
    out = augment(y, rng=np.random.default_rng(seed), other=_other)
    assert out.shape == (N,)
    assert out.dtype == np.float32
    assert np.isfinite(out).all()
    assert np.abs(out).max() > 0.0039  # -48 dB: no change makes a note inaudible
    assert not np.shares_memory(out, y)


@pytest.mark.parametrize("seed", range(20))
def test_silence_stays_silence(seed: int) -> None:
    silence = np.zeros(N, np.float32)
    assert not augment(silence, rng=np.random.default_rng(seed), other=_other).any()


def test_nothing_happens_at_odds_of_nothing() -> None:
    y = _sine()
    for seed in range(20):
        out = augment(y, rng=np.random.default_rng(seed), settings=NOTHING, other=_other)
        assert np.array_equal(out, y)
        assert not np.shares_memory(out, y)


@pytest.mark.parametrize(
    ("odds", "effect"),
    [
        ("rate_odds", "change_rate"),
        ("fade_in_odds", "fade_in"),
        ("shift_odds", "shift"),
        ("cut_odds", "cut"),
        ("eq_odds", "filter_bands"),
        ("lowpass_odds", "filter_bands"),
        ("highpass_odds", "filter_bands"),
        ("reverb_odds", "reverberate"),
        ("overlap_odds", "overlap"),
        ("noise_odds", "add_noise"),
        ("lossy_odds", "lossy"),
        ("level_odds", "set_level"),
    ],
)
def test_each_change_is_made_at_its_odds_and_alone(
    odds: str, effect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    for name in effects.__all__:
        if name not in ("fit", "fast_length"):
            monkeypatch.setattr(effects, name, lambda y, *a, _n=name, **k: calls.append(_n) or y)
    settings = replace(NOTHING, **{odds: 0.3})
    for seed in range(500):
        augment(_sine()[:100], rng=np.random.default_rng(seed), settings=settings, other=_other)
    assert set(calls) == {effect}
    assert len(calls) == pytest.approx(150, abs=41)  # four standard deviations of chance


def test_every_range_is_kept_and_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, list[float]] = {}
    for name in effects.__all__:
        if name in ("fit", "fast_length"):
            continue

        def spy(y: FloatArray, *_: object, _n: str = name, **given: object) -> FloatArray:
            for key, value in given.items():
                if isinstance(value, float | int) and not isinstance(value, bool):
                    seen.setdefault(f"{_n} {key}", []).append(value)
                elif isinstance(value, np.ndarray):
                    seen.setdefault(f"{_n} {key}", []).extend(value)
            return y

        monkeypatch.setattr(effects, name, spy)
    for seed in range(1500):
        augment(np.zeros(N, np.float32), rng=np.random.default_rng(seed), other=_other)
    ranges = {
        "change_rate change": (-0.1, 0.1),
        "fade_in n_samples": (80, 2400),
        "shift n_samples": (-800, 4000),
        "cut end": (4_800, 44_800),
        "cut fade": (80, 8000),
        "filter_bands eq_db": (-12.0, 12.0),
        "filter_bands lowpass": (2000.0, 8000.0),
        "filter_bands highpass": (40.0, 160.0),
        "reverberate seconds": (0.1, 1.0),
        "reverberate mix": (0.02, 0.4),
        "overlap below_db": (6.0, 24.0),
        "overlap delay": (0, 32_000),
        "add_noise snr_db": (15.0, 70.0),
        "lossy cutoff": (4000.0, 8000.0),
        "lossy below_db": (35.0, 70.0),
        "set_level gain_db": (-24.0, 0.0),
    }
    assert set(seen) == set(ranges)
    for name, (low, high) in ranges.items():
        values = np.array(seen[name])
        assert values.min() >= low, name
        assert values.max() <= high, name
        # more than 150 draws: each twentieth at the ends is met, at odds of 0.9995
        assert values.min() < low + 0.05 * (high - low), name
        assert values.max() > high - 0.05 * (high - low), name
    assert np.std(seen["filter_bands eq_db"]) == pytest.approx(5.0, rel=0.05)  # hardly clipped


def test_the_other_note_is_asked_for_only_when_it_is_heard() -> None:
    asked = []

    def other() -> FloatArray:
        asked.append(1)
        return _other()

    settings = replace(NOTHING, overlap_odds=0.15, overlap_below_db=(6.0, 6.0))
    changed = 0
    for seed in range(200):
        out = augment(_sine(), rng=np.random.default_rng(seed), settings=settings, other=other)
        changed += not np.array_equal(out, _sine())
        spectrum = np.abs(np.fft.rfft(out))
        assert spectrum[4 * 1000] > 1.9 * spectrum[4 * 3000]  # the note stays the louder one
    assert changed == len(asked) == pytest.approx(30, abs=20)


def test_what_overlaps_changes_no_other_draw() -> None:
    # without another note, the rest of the changes are the ones there would have been with it
    settings = replace(STANDARD, overlap_odds=0.0)
    for seed in range(10):
        alone = augment(_sine(), rng=np.random.default_rng(seed))
        assert np.array_equal(
            alone, augment(_sine(), rng=np.random.default_rng(seed), settings=settings)
        )


def test_pitch_moves_by_a_tenth_at_most() -> None:
    # 4 s resolve 1/4 Hz; equaliser, reverberation and noise do not move a peak
    peaks = [_peak_frequency(augment(_sine(), rng=np.random.default_rng(k))) for k in range(60)]
    assert min(peaks) >= 900.0 - 0.5
    assert max(peaks) <= 1100.0 + 0.5
    moved = [abs(peak - 1000.0) > 1.0 for peak in peaks]
    assert 21 <= sum(moved) <= 51  # 0.6 of 60, and 3.9 standard deviations of chance


def test_noise_codec_and_level_come_last_in_the_stated_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[str] = []
    for name in effects.__all__:
        if name not in ("fit", "fast_length"):
            monkeypatch.setattr(effects, name, lambda y, *a, _n=name, **k: calls.append(_n) or y)
    certain = {name: 1.0 for name in STANDARD.as_dict() if name.endswith("_odds")}
    augment(_sine(), rng=np.random.default_rng(0), settings=Augmentation(**certain), other=_other)
    assert calls == [
        "change_rate",
        "fade_in",
        "shift",
        "cut",
        "filter_bands",
        "reverberate",
        "overlap",
        "add_noise",
        "lossy",
        "set_level",
    ]


def test_settings_go_into_json_and_come_back() -> None:
    text = json.dumps(STANDARD.as_dict(), allow_nan=False)
    assert Augmentation.from_dict(json.loads(text)) == STANDARD
    assert json.loads(text) == STANDARD.as_dict()
    other = replace(STANDARD, level_db=(-12.0, -3.0))
    assert Augmentation.from_dict(other.as_dict()) == other != STANDARD


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"noise_odds": 1.2}, "noise_odds from 0 to 1, got 1.2"),
        ({"rate_odds": float("nan")}, "rate_odds from 0 to 1"),
        ({"level_db": (0.0, -24.0)}, "from low to high as level_db"),
    ],
)
def test_settings_that_mean_nothing_are_refused(change: dict[str, object], match: str) -> None:
    with pytest.raises(InputError, match=match):
        replace(STANDARD, **change)
