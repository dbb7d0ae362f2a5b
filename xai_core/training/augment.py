"""Augmentation: random changes to a note that keep its family.

Conventions
-----------
Samples ``(n,)`` at 16 kHz, float32. What may happen, how often and how far is
one value, :class:`Augmentation`; what happens is drawn from the generator that
is handed in: the same seed gives the same samples to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from xai_core.errors import InputError
from xai_core.training import effects
from xai_core.values import SAMPLE_RATE, FloatArray

__all__ = ["STANDARD", "Augmentation", "augment"]

EQ_POINTS = 8  # of the gentle equaliser, equally spaced in mel
PINK_ODDS = 0.5  # pink noise rather than white

Range = tuple[float, float]


@dataclass(frozen=True)
class Augmentation:
    """The odds and the range of each change, in the order in which they are made.

    Odds are from 0 to 1; a range is drawn from evenly.

    Parameters
    ----------
    rate_odds, rate_change
        Pitch and speed together, as a fraction: 0.03 is 3 % higher and faster.
    fade_in_odds, fade_in_seconds
        A straight line up from 0 over the attack.
    shift_odds, shift_seconds
        Silence before the note; below 0, what is cut from its beginning.
    cut_odds, cut_at, fade_out_seconds
        Where the note ends, as a fraction of 4 s, and the fade before it.
    eq_odds, eq_db, eq_limit_db
        Gentle equaliser: standard deviation and largest gain or loss of each
        of eight points.
    lowpass_odds, lowpass_hz, highpass_odds, highpass_hz
        Band-limiting, 24 dB an octave.
    reverb_odds, reverb_seconds, reverb_mix
        Synthetic room: time to fall by 60 dB, energy against the direct sound.
    overlap_odds, overlap_below_db, overlap_seconds
        A note of another family: how far below, and how much later.
    noise_odds, noise_snr_db
        White or pink noise below the note, both RMS.
    lossy_odds, lossy_hz, lossy_below_db
        A codec at a low rate: nothing above a frequency, and nothing further
        below the strongest frequency of a frame.
    level_odds, level_db
        Gain before the note is rounded to 16 bits.

    Raises
    ------
    InputError
        If odds are not from 0 to 1 or a range runs downwards.
    """

    rate_odds: float = 0.6
    rate_change: Range = (-0.1, 0.1)
    fade_in_odds: float = 0.15
    fade_in_seconds: Range = (0.005, 0.15)
    shift_odds: float = 0.7
    shift_seconds: Range = (-0.05, 0.25)
    cut_odds: float = 0.45
    cut_at: Range = (0.075, 0.7)
    fade_out_seconds: Range = (0.005, 0.5)
    eq_odds: float = 0.8
    eq_db: float = 5.0
    eq_limit_db: float = 12.0
    lowpass_odds: float = 0.25
    lowpass_hz: Range = (2_000.0, 8_000.0)
    highpass_odds: float = 0.15
    highpass_hz: Range = (40.0, 160.0)
    reverb_odds: float = 0.35
    reverb_seconds: Range = (0.1, 1.0)
    reverb_mix: Range = (0.02, 0.4)
    overlap_odds: float = 0.15
    overlap_below_db: Range = (6.0, 24.0)
    overlap_seconds: Range = (0.0, 2.0)
    noise_odds: float = 0.5
    noise_snr_db: Range = (15.0, 70.0)
    lossy_odds: float = 0.25
    lossy_hz: Range = (4_000.0, 8_000.0)
    lossy_below_db: Range = (35.0, 70.0)
    level_odds: float = 0.5
    level_db: Range = (-24.0, 0.0)

    def __post_init__(self) -> None:
        """Refuse odds and ranges that mean nothing."""
        for name, value in self.as_dict().items():
            if name.endswith("_odds") and not 0.0 <= value <= 1.0:
                raise InputError(f"expected {name} from 0 to 1, got {value}")
            if isinstance(value, list) and not value[0] <= value[1]:
                raise InputError(f"expected a range from low to high as {name}, got {value}")

    def as_dict(self) -> dict[str, Any]:
        """Return odds and ranges as JSON has them, for the card of a model."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Augmentation:
        """Return what :meth:`as_dict` was made of."""
        found: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in values.items()
        }
        return cls(**found)


STANDARD = Augmentation()


def augment(
    y: FloatArray,
    *,
    rng: np.random.Generator,
    settings: Augmentation = STANDARD,
    other: Callable[[], FloatArray] | None = None,
) -> FloatArray:
    """Return a changed copy of a note: each change happens at its own odds.

    Parameters
    ----------
    y : ndarray, shape (n_samples,)
        16 kHz mono.
    rng : numpy.random.Generator
        Source of every draw.
    settings : Augmentation
        Odds and ranges.
    other : callable, optional
        Returns the samples of a note of another family, and is called only if
        it is to be mixed in; the label stays that of `y`, the louder one. Without
        it no note overlaps.

    Returns
    -------
    ndarray, shape (n_samples,), float32
        Silence where `y` is silence.
    """
    out = effects.fit(y, y.size)
    for change in (_change_rate, _fade_in, _shift, _cut, _filter, _reverberate):
        out = change(out, settings, rng)
    if rng.random() < settings.overlap_odds and other is not None:
        below_db = rng.uniform(*settings.overlap_below_db)
        delay = _samples(rng.uniform(*settings.overlap_seconds))
        out = effects.overlap(out, other(), below_db=below_db, delay=delay)
    return _set_level(_code(_add_noise(out, settings, rng), settings, rng), settings, rng)


def _change_rate(y: FloatArray, at: Augmentation, rng: np.random.Generator) -> FloatArray:
    if rng.random() >= at.rate_odds:
        return y
    return effects.change_rate(y, change=rng.uniform(*at.rate_change))


def _fade_in(y: FloatArray, at: Augmentation, rng: np.random.Generator) -> FloatArray:
    if rng.random() >= at.fade_in_odds:
        return y
    return effects.fade_in(y, n_samples=_samples(rng.uniform(*at.fade_in_seconds)))


def _shift(y: FloatArray, at: Augmentation, rng: np.random.Generator) -> FloatArray:
    if rng.random() >= at.shift_odds:
        return y
    return effects.shift(y, n_samples=_samples(rng.uniform(*at.shift_seconds)))


def _cut(y: FloatArray, at: Augmentation, rng: np.random.Generator) -> FloatArray:
    if rng.random() >= at.cut_odds:
        return y
    end = int(rng.uniform(*at.cut_at) * y.size)
    return effects.cut(y, end=end, fade=_samples(rng.uniform(*at.fade_out_seconds)))


def _filter(y: FloatArray, at: Augmentation, rng: np.random.Generator) -> FloatArray:
    eq_db, lowpass, highpass = None, None, None
    if rng.random() < at.eq_odds:
        eq_db = np.clip(rng.normal(0.0, at.eq_db, EQ_POINTS), -at.eq_limit_db, at.eq_limit_db)
    if rng.random() < at.lowpass_odds:
        lowpass = rng.uniform(*at.lowpass_hz)
    if rng.random() < at.highpass_odds:
        highpass = rng.uniform(*at.highpass_hz)
    if eq_db is None and lowpass is None and highpass is None:
        return y
    return effects.filter_bands(y, eq_db=eq_db, lowpass=lowpass, highpass=highpass)


def _reverberate(y: FloatArray, at: Augmentation, rng: np.random.Generator) -> FloatArray:
    if rng.random() >= at.reverb_odds:
        return y
    seconds, mix = rng.uniform(*at.reverb_seconds), rng.uniform(*at.reverb_mix)
    return effects.reverberate(y, seconds=seconds, mix=mix, rng=rng)


def _add_noise(y: FloatArray, at: Augmentation, rng: np.random.Generator) -> FloatArray:
    if rng.random() >= at.noise_odds:
        return y
    snr_db, pink = rng.uniform(*at.noise_snr_db), bool(rng.random() < PINK_ODDS)
    return effects.add_noise(y, snr_db=snr_db, pink=pink, rng=rng)


def _code(y: FloatArray, at: Augmentation, rng: np.random.Generator) -> FloatArray:
    if rng.random() >= at.lossy_odds:
        return y
    return effects.lossy(
        y, cutoff=rng.uniform(*at.lossy_hz), below_db=rng.uniform(*at.lossy_below_db)
    )


def _set_level(y: FloatArray, at: Augmentation, rng: np.random.Generator) -> FloatArray:
    if rng.random() >= at.level_odds:
        return y
    return effects.set_level(y, gain_db=rng.uniform(*at.level_db))


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)
