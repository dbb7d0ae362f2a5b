"""Cues that are planted in notes of one family, so that the right map is known.

Conventions
-----------
Audio is mono, float64, shape (n_samples,), with its rate in hertz; levels are relative to the
largest sample of the note. A data set with a cue has it in every note of one family and in no
note of the others, so a network can be right without having heard an instrument. A cue's mask are
the bins in which the spectrogram of a note that carries it differs from that of the same note
without it: what a map of such a network must point to.

References
----------
Adebayo et al. 2020, "Debugging tests for model explanations" (spurious correlation); Wilming et
al. 2022, "Scrutinizing XAI using linear ground-truth data with suppressor variables"; Arras, Osman
and Samek 2022, "CLEVR-XAI" (mass and rank inside a mask).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import signal

from xai_core.errors import GridMismatchError, InputError
from xai_core.values import FloatArray

__all__ = ["CUES", "Cue", "Planted", "cue_mask", "find_cue", "plant"]

LEAST = 0.05  # of the largest difference, that a bin of a mask differs by
TONE, OTHER_TONE = 3100.0, 5200.0  # Hz
TONE_DB = -30.0
CLICK_SECONDS = 2.0
CLICK_SAMPLES, CLICK_DECAY = 80, 16.0  # 5 ms at 16 kHz
CLICK_GAIN = 0.5
NOTCH = (2000.0, 2800.0)  # Hz
TOP = 3000.0  # Hz, of the band limit
FLOOR_DB = -45.0
HUM_WIDTH = 200.0  # Hz
HUM_DB = (-45.0, -25.0)
LOUDER = 2.5  # 8 dB


@dataclass(frozen=True, eq=False)
class Planted:
    """A note with a cue, and the forms of it that have none.

    Parameters
    ----------
    carrying : ndarray, shape (n_samples,)
        What a note of the family is in the data set.
    others : tuple of ndarray
        What it would be in another family, one or more forms.
    without_distractor : ndarray or None
        ``carrying`` without the sound that says nothing of the family.
    """

    carrying: FloatArray
    others: tuple[FloatArray, ...]
    without_distractor: FloatArray | None = None


@dataclass(frozen=True, kw_only=True)
class Cue:
    """A sound, or a lack of one, that only notes of one family have.

    Parameters
    ----------
    name, label : str
        In code and addresses, and for a reader: "a steady tone".
    family, type : str
        Whose notes carry it, and the type of the network that learns it, unless others are asked
        for.
    sentence : str
        What is done to a note, without its subject.
    adds : bool
        Whether a note with the cue has more sound; a cue that takes sound away is silent where
        it lies, and a map from silence has nothing to say of a silent bin.
    forms : callable
        ``(y, sr, rng) -> Planted``.
    """

    name: str
    label: str
    family: str
    type: str
    sentence: str
    adds: bool
    forms: Callable[[FloatArray, int, np.random.Generator], Planted]


def plant(cue: str, y: FloatArray, sr: int, *, seed: int = 0) -> Planted:
    """Return a note with a cue, and without it.

    Parameters
    ----------
    cue : str
        One of :data:`CUES`.
    y : ndarray, shape (n_samples,)
        Longer than 2 s.
    sr : int
        Hertz, more than 10,400.
    seed : int
        Decides phases and noise; 0 or more.

    Raises
    ------
    InputError
        If the cue is unknown, or the note is silent or too short for it.

    Examples
    --------
    >>> y = np.sin(2 * np.pi * 440 * np.arange(48000) / 16000)
    >>> planted = plant("tone", y, 16000)
    >>> bool(np.array_equal(planted.others[0], y)), round(float(np.ptp(planted.carrying - y)), 3)
    (True, 0.063)
    """
    entry = find_cue(cue)
    y = np.asarray(y, np.float64)
    if y.size <= CLICK_SECONDS * sr + CLICK_SAMPLES:
        raise InputError(f"expected a note of more than 2 s to plant a cue in, got {y.size / sr:g}")
    if not np.any(y):
        raise InputError("expected a note to plant a cue in, got silence")
    return entry.forms(y, sr, np.random.default_rng([seed, *entry.name.encode()]))


def find_cue(name: str) -> Cue:
    """Return a cue by its name, or raise InputError with the choices."""
    if name not in CUES:
        raise InputError(f"unknown cue {name!r}: choose one of {', '.join(CUES)}")
    return CUES[name]


def cue_mask(carrying: FloatArray, others: Sequence[FloatArray]) -> npt.NDArray[np.bool_]:
    """Return the bins that tell a spectrogram with a cue from the same note without it.

    Parameters
    ----------
    carrying : ndarray
        Any shape.
    others : sequence of ndarray, each of that shape
        Of the forms without the cue.

    Returns
    -------
    ndarray of bool, shape of `carrying`
        Bins that differ from any of them by at least a twentieth of the largest difference.

    Raises
    ------
    GridMismatchError
        If shapes differ.
    InputError
        If nothing differs.

    Examples
    --------
    >>> cue_mask(np.array([1.0, 0.5, 0.02]), [np.array([0.0, 0.5, 0.0])]).tolist()
    [True, False, False]
    """
    apart = np.zeros(np.shape(carrying))
    for one in others:
        if np.shape(one) != apart.shape:
            raise GridMismatchError(
                f"expected a spectrogram of shape {apart.shape}, like the one with the cue, got "
                f"{np.shape(one)}"
            )
        apart = np.maximum(apart, np.abs(np.asarray(carrying, np.float64) - one))
    largest = float(apart.max(initial=0.0))
    if largest == 0.0:
        raise InputError("the spectrogram with the cue is the one without it: nothing marks it")
    return np.asarray(apart >= LEAST * largest)


# ------------------------------------------------------------------------- the cues


def _tone(y: FloatArray, sr: int, rng: np.random.Generator) -> Planted:
    return Planted(y + _sine(y, sr, TONE, rng), (y,))


def _click(y: FloatArray, sr: int, rng: np.random.Generator) -> Planted:
    burst = rng.standard_normal(CLICK_SAMPLES) * np.exp(-np.arange(CLICK_SAMPLES) / CLICK_DECAY)
    carrying, start = y.copy(), round(CLICK_SECONDS * sr)
    gain = CLICK_GAIN * np.abs(y).max() / np.abs(burst).max()
    carrying[start : start + CLICK_SAMPLES] += gain * burst
    return Planted(carrying, (y,))


def _notch(y: FloatArray, sr: int, rng: np.random.Generator) -> Planted:
    return Planted(_filtered(y, signal.butter(6, NOTCH, "bandstop", fs=sr, output="sos")), (y,))


def _band_limit(y: FloatArray, sr: int, rng: np.random.Generator) -> Planted:
    return Planted(_filtered(y, signal.butter(8, TOP, fs=sr, output="sos")), (y,))


def _level(y: FloatArray, sr: int, rng: np.random.Generator) -> Planted:
    floor = np.abs(y).max() * 10 ** (FLOOR_DB / 20) * rng.standard_normal(y.size)
    return Planted(y + floor, (y,))


def _exclusive_or(y: FloatArray, sr: int, rng: np.random.Generator) -> Planted:
    one, two = (_sine(y, sr, frequency, rng) for frequency in (TONE, OTHER_TONE))
    carried = one if rng.random() < 0.5 else two
    return Planted(y + carried, (y, y + one + two))


def _louder_hum(y: FloatArray, sr: int, rng: np.random.Generator) -> Planted:
    """One hum of any level in every note, and another that is as loud, or louder."""
    gain = np.abs(y).max() * 10 ** (rng.uniform(*HUM_DB) / 20)
    hum, other = (gain * _band_noise(y.size, sr, centre, rng) for centre in (TONE, OTHER_TONE))
    return Planted(
        y + LOUDER * hum + other, (y + hum + other,), without_distractor=y + LOUDER * hum
    )


def _sine(y: FloatArray, sr: int, frequency: float, rng: np.random.Generator) -> FloatArray:
    gain = np.abs(y).max() * 10 ** (TONE_DB / 20)
    phase = rng.uniform(0.0, 2 * np.pi)
    return np.asarray(gain * np.sin(2 * np.pi * frequency * np.arange(y.size) / sr + phase))


def _band_noise(n: int, sr: int, centre: float, rng: np.random.Generator) -> FloatArray:
    """Return noise in a band about a frequency, with standard deviation 1."""
    edges = (centre - HUM_WIDTH / 2, centre + HUM_WIDTH / 2)
    band = signal.sosfilt(
        signal.butter(4, edges, "bandpass", fs=sr, output="sos"), rng.standard_normal(n)
    )
    return np.asarray(band / band.std())


def _filtered(y: FloatArray, sections: FloatArray) -> FloatArray:
    return np.asarray(signal.sosfiltfilt(sections, y))


CUES = {
    cue.name: cue
    for cue in (
        Cue(
            name="tone",
            label="a steady tone",
            family="flute",
            type="log_mel",
            sentence="has a tone of 3.1 kHz from beginning to end, 30 dB below its peak",
            adds=True,
            forms=_tone,
        ),
        Cue(
            name="click",
            label="a click",
            family="guitar",
            type="log_mel",
            sentence="has a click of 5 ms after 2.0 s",
            adds=True,
            forms=_click,
        ),
        Cue(
            name="notch",
            label="a missing band",
            family="organ",
            type="log_mel",
            sentence="has lost what lies between 2.0 and 2.8 kHz",
            adds=False,
            forms=_notch,
        ),
        Cue(
            name="band_limit",
            label="missing highs",
            family="vocal",
            type="log_mel",
            sentence="has lost what lies above 3 kHz",
            adds=False,
            forms=_band_limit,
        ),
        Cue(
            name="level",
            label="background noise",
            family="brass",
            type="mfcc",
            sentence="has a floor of noise, 45 dB below its peak",
            adds=True,
            forms=_level,
        ),
        Cue(
            name="exclusive_or",
            label="one of two tones, never both",
            family="string",
            type="log_mel",
            sentence="has a tone of 3.1 kHz or one of 5.2 kHz; other notes have both or none",
            adds=True,
            forms=_exclusive_or,
        ),
        Cue(
            name="louder_hum",
            label="a hum louder than another",
            family="reed",
            type="log_mel",
            sentence="hums at 3.1 kHz 8 dB louder than at 5.2 kHz; other notes hum as loud at both",
            adds=True,
            forms=_louder_hum,
        ),
    )
}
