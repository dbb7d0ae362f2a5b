"""The sound of what a map keeps, and two notes at once.

Conventions
-----------
A mask is (126 frames, 1025 bins) in [0, 1], on the grid of the canvas, and is
multiplied by the complex STFT of the note; the sound comes back by the inverse with
the same window. Both are linear: what a mask keeps and what it leaves add up to
the note. Levels are in decibels, times in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import librosa
import numpy as np
import numpy.typing as npt

from xai_core.errors import GridMismatchError, InputError
from xai_core.features import HOP_LENGTH, N_FFT, N_FRAMES
from xai_core.values import NOTE_SAMPLES, SAMPLE_RATE, FloatArray, Waveform

__all__ = [
    "LEVELS",
    "Kept",
    "apply_mask",
    "box_mask",
    "edit_mask",
    "evidence_mask",
    "mix",
]

SHAPE = (N_FRAMES, 1 + N_FFT // 2)
LEVELS = (-30.0, 10.0)  # dB of the second note of a mix, least and most
GAINS = (-24.0, 12.0)  # dB that boxes are changed by, least and most


def apply_mask(waveform: Waveform, mask: npt.ArrayLike) -> Waveform:
    """Return the sound that a mask keeps of a note.

    Parameters
    ----------
    waveform : Waveform
        64 000 samples at 16 kHz.
    mask : array_like, shape (126, 1025)
        What each bin is multiplied by, 0 and above; 1 leaves it as it is.

    Returns
    -------
    Waveform
        As long as the note. A mask of ones gives the note back to rounding.

    Raises
    ------
    GridMismatchError
        If the mask has another shape.
    InputError
        If it has a value below 0 or one that is not a number, or the waveform is not
        4 s at 16 kHz.
    """
    factors = _checked(waveform, mask)
    spectrum = librosa.stft(
        waveform.y.astype(np.float64), n_fft=N_FFT, hop_length=HOP_LENGTH, pad_mode="constant"
    )
    y = librosa.istft(spectrum * factors.T, hop_length=HOP_LENGTH, length=NOTE_SAMPLES)
    return Waveform(y, waveform.sr)


def evidence_mask(canvas: FloatArray, share: float, *, against: bool = False) -> FloatArray:
    """Return the fewest bins that hold a share of what speaks for the answer.

    Parameters
    ----------
    canvas : ndarray, shape (126, 1025)
        Signed evidence.
    share : float
        Of all evidence of that sign, in [0, 1].
    against : bool
        Whether the bins that speak against the answer are meant.

    Returns
    -------
    ndarray, shape (126, 1025)
        1 in these bins, else 0; nowhere 1 if there is no such evidence.

    Raises
    ------
    InputError
        If the share is not in [0, 1].

    Examples
    --------
    >>> evidence_mask(np.array([[3.0, 1.0, -5.0]]), 0.7).tolist()
    [[1.0, 0.0, 0.0]]
    """
    if not 0.0 <= share <= 1.0:
        raise InputError(f"expected a share from 0 to 1, got {share}")
    evidence = np.maximum(-canvas if against else canvas, 0.0)
    falling = np.argsort(-evidence, axis=None, kind="stable")
    held = np.cumsum(evidence.ravel()[falling])
    mask = np.zeros(evidence.size)
    if held[-1] > 0:
        n = int(np.searchsorted(held, share * held[-1] * (1 - 1e-12))) + 1 if share > 0 else 0
        mask[falling[:n]] = 1.0
    return mask.reshape(evidence.shape) * (evidence > 0)


def box_mask(
    start: float, end: float, low: float, high: float, *, harmonics: bool = False
) -> npt.NDArray[np.bool_]:
    """Return which bins lie in a box of seconds and hertz.

    Parameters
    ----------
    start, end : float
        Seconds, within 0 to 4.
    low, high : float
        Hz, within 0 to 8000.
    harmonics : bool
        Whether the multiples of the box belong to it, as wide in hertz as it is.

    Returns
    -------
    ndarray of bool, shape (126, 1025)

    Raises
    ------
    InputError
        If the box lies outside the note or has no extent.
    """
    if not (0.0 <= start < end <= 4.0 and 0.0 <= low < high <= SAMPLE_RATE / 2):
        raise InputError(
            f"expected a box within 0 to 4 s and 0 to 8000 Hz, got {start:g} to {end:g} s and "
            f"{low:g} to {high:g} Hz"
        )
    seconds = np.arange(N_FRAMES) * HOP_LENGTH / SAMPLE_RATE
    frequencies = librosa.fft_frequencies(sr=SAMPLE_RATE, n_fft=N_FFT)
    centre, reach = (low + high) / 2, (high - low) / 2
    inside = (frequencies >= low) & (frequencies <= high)
    if harmonics:
        nearest = np.maximum(np.rint(frequencies / centre), 1)
        inside |= np.abs(frequencies - nearest * centre) <= reach
    return np.outer((seconds >= start) & (seconds <= end), inside)


def edit_mask(
    inside: npt.NDArray[np.bool_], action: Literal["mute", "solo", "gain"], gain: float = 0.0
) -> FloatArray:
    """Return the mask that mutes some bins, leaves nothing but them, or changes their level.

    Parameters
    ----------
    inside : ndarray of bool, shape (126, 1025)
        Of one box, or of several joined by ``|``.
    action : {"mute", "solo", "gain"}
    gain : float
        Decibels, -24 to 12, of the action ``gain``.

    Raises
    ------
    InputError
        If the gain is out of its range.

    Examples
    --------
    >>> edit_mask(np.array([True, False]), "gain", -20.0).round(6).tolist()
    [0.1, 1.0]
    """
    if action == "mute":
        return np.where(inside, 0.0, 1.0)
    if action == "solo":
        return np.where(inside, 1.0, 0.0)
    if not GAINS[0] <= gain <= GAINS[1]:
        raise InputError(f"expected a gain from -24 to 12 dB, got {gain:g}")
    return np.where(inside, 10.0 ** (gain / 20.0), 1.0)


@dataclass(frozen=True)
class Kept:
    """What a model makes of the part of a note that is kept, and of the rest.

    Parameters
    ----------
    note, kept, rest : float
        Probability of the explained family for the note, for the sound that a mask
        keeps, and for the one that it leaves.

    References
    ----------
    Chattopadhyay et al. 2018, "Grad-CAM++" (drop, increase); Zhang et al. 2024,
    "Opti-CAM" (gain); Alvarez-Melis and Jaakkola 2018 (faithfulness).
    """

    note: float
    kept: float
    rest: float

    @property
    def increase(self) -> bool:
        """Whether the kept part convinces the model more than the note does."""
        return self.kept > self.note

    @property
    def drop(self) -> float:
        """Share of the probability that is lost: ``max(note - kept, 0) / note``."""
        return max(self.note - self.kept, 0.0) / self.note if self.note > 0 else 0.0

    @property
    def gain(self) -> float:
        """Share of what was missing that is won: ``max(kept - note, 0) / (1 - note)``."""
        return max(self.kept - self.note, 0.0) / (1 - self.note) if self.note < 1 else 0.0

    @property
    def faithfulness(self) -> float:
        """``note - rest``: how much the model misses what was kept."""
        return self.note - self.rest


def mix(
    first: Waveform, second: Waveform, *, level: float, start: float = 0.0, fade: float = 0.01
) -> tuple[Waveform, FloatArray]:
    """Play two notes at once.

    Parameters
    ----------
    first, second : Waveform
        64 000 samples at 16 kHz each.
    level : float
        Decibels from the RMS of the first note to that of the second, -30 to 10.
    start : float
        Seconds at which the second begins, 0 to 4; what lies beyond the end is lost.
    fade : float
        Seconds over which the second comes in.

    Returns
    -------
    mixed : Waveform
        The sum, scaled down where it would go beyond full scale.
    louder : ndarray of bool, shape (126, 1025)
        Where the first note has more power than the second.

    Raises
    ------
    InputError
        If a note is silent, or a level or time is out of its range.
    """
    if not LEVELS[0] <= level <= LEVELS[1]:
        raise InputError(f"expected a level from -30 to 10 dB, got {level:g}")
    duration = NOTE_SAMPLES / SAMPLE_RATE
    if not (0.0 <= start < duration and 0.0 <= fade <= duration):
        raise InputError(
            f"expected a start and a fade within the 4 s of a note, got {start:g} and {fade:g} s"
        )
    ones = np.ones(SHAPE)
    for name, one in (("first", first), ("second", second)):
        _checked(one, ones)
        if not np.any(one.y):
            raise InputError(f"the {name} note is silent, so there are no two notes to mix")
    a, b = first.y.astype(np.float64), second.y.astype(np.float64)
    scale = 10 ** (level / 20) * np.sqrt(np.mean(a**2) / np.mean(b**2))
    begin = round(start * SAMPLE_RATE)
    later = np.zeros_like(b)
    later[begin:] = scale * b[: b.size - begin]
    n_fade = round(fade * SAMPLE_RATE)
    ramp = np.clip((np.arange(b.size) - begin + 1) / max(n_fade, 1), 0.0, 1.0)
    later *= ramp
    total = a + later
    peak = np.abs(total).max()
    spectra = [
        np.abs(librosa.stft(y, n_fft=N_FFT, hop_length=HOP_LENGTH, pad_mode="constant")).T
        for y in (a, later)
    ]
    return Waveform(total / max(peak, 1.0), SAMPLE_RATE), spectra[0] > spectra[1]


def _checked(waveform: Waveform, mask: npt.ArrayLike) -> FloatArray:
    if waveform.sr != SAMPLE_RATE or waveform.y.size != NOTE_SAMPLES:
        raise InputError(
            f"expected a note of {NOTE_SAMPLES} samples at {SAMPLE_RATE} Hz, got "
            f"{waveform.y.size} at {waveform.sr} Hz"
        )
    factors = np.asarray(mask, np.float64)
    if factors.shape != SHAPE:
        raise GridMismatchError(f"expected a mask of shape {SHAPE}, got {factors.shape}")
    if not (np.isfinite(factors).all() and (factors >= 0).all()):
        raise InputError("expected a mask of numbers from 0 up, got others among them")
    return factors
