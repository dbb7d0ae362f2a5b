"""The sound of what a map keeps, and two notes at once.

Conventions
-----------
A mask is (126 frames, 1025 bins) in [0, 1], on the grid of the canvas, and is
multiplied by the complex STFT of the note; the sound comes back by the inverse with
the same window. Both are linear: what a mask keeps and what it leaves add up to
the note. Levels are in decibels, times in seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast, get_args

import librosa
import numpy as np
import numpy.typing as npt

from xai_core.errors import GridMismatchError, InputError
from xai_core.features import HOP_LENGTH, N_FFT, N_FRAMES
from xai_core.values import NOTE_SAMPLES, SAMPLE_RATE, FloatArray, Waveform

__all__ = [
    "GAINS",
    "LEVELS",
    "Action",
    "Edit",
    "Fades",
    "Kept",
    "apply_mask",
    "box_mask",
    "edits_inside",
    "edits_mask",
    "evidence_mask",
    "mix",
    "parse_edits",
    "strongest_mask",
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


def strongest_mask(canvas: FloatArray, share: float) -> FloatArray:
    """Return the bins that speak most for the answer, as a share of all bins.

    Parameters
    ----------
    canvas : ndarray, shape (126, 1025)
        Signed evidence.
    share : float
        Of the bins, in [0, 1].

    Returns
    -------
    ndarray, shape (126, 1025)
        1 in these bins, else 0; fewer where not as many speak for the answer.

    Raises
    ------
    InputError
        If the share is not in [0, 1].

    Examples
    --------
    >>> strongest_mask(np.array([[3.0, 1.0, 0.5, -5.0]]), 0.5).tolist()
    [[1.0, 1.0, 0.0, 0.0]]
    """
    if not 0.0 <= share <= 1.0:
        raise InputError(f"expected a share from 0 to 1, got {share}")
    strongest = np.argsort(-canvas, axis=None, kind="stable")[: round(share * canvas.size)]
    mask = np.zeros(canvas.size)
    mask[strongest] = 1.0
    return mask.reshape(canvas.shape) * (canvas > 0)


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
    _check_box(start, end, low, high)
    seconds = np.arange(N_FRAMES) * HOP_LENGTH / SAMPLE_RATE
    frequencies = librosa.fft_frequencies(sr=SAMPLE_RATE, n_fft=N_FFT)
    centre, reach = (low + high) / 2, (high - low) / 2
    inside = (frequencies >= low) & (frequencies <= high)
    if harmonics:
        nearest = np.maximum(np.rint(frequencies / centre), 1)
        inside |= np.abs(frequencies - nearest * centre) <= reach
    return np.outer((seconds >= start) & (seconds <= end), inside)


def _check_box(start: float, end: float, low: float, high: float) -> None:
    if not (0.0 <= start < end <= 4.0 and 0.0 <= low < high <= SAMPLE_RATE / 2):
        raise InputError(
            f"expected a box within 0 to 4 s and 0 to 8000 Hz, got {start:g} to {end:g} s and "
            f"{low:g} to {high:g} Hz"
        )


Action = Literal["mute", "solo", "gain"]


@dataclass(frozen=True)
class Edit:
    """A box of a note, and what becomes of it.

    Parameters
    ----------
    start, end : float
        Seconds, within 0 to 4.
    low, high : float
        Hz, within 0 to 8000.
    action : {"mute", "solo", "gain"}
        Silence the box, silence all else, or change its level.
    gain : float
        Decibels, -24 to 12, of the action ``gain``.
    harmonics : bool
        Whether the multiples of the box belong to it, as in :func:`box_mask`.

    Raises
    ------
    InputError
        If the box lies outside the note or has no extent, or the gain is out of its range.
    """

    start: float
    end: float
    low: float
    high: float
    action: Action = "mute"
    gain: float = 0.0
    harmonics: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be done."""
        if self.action not in get_args(Action):
            raise InputError(
                f"unknown action {self.action!r}: choose one of {', '.join(get_args(Action))}"
            )
        if not GAINS[0] <= self.gain <= GAINS[1]:
            raise InputError(f"expected a gain from -24 to 12 dB, got {self.gain:g}")
        _check_box(self.start, self.end, self.low, self.high)

    @property
    def inside(self) -> npt.NDArray[np.bool_]:
        """Which bins it is about, shape (126, 1025)."""
        return box_mask(self.start, self.end, self.low, self.high, harmonics=self.harmonics)

    @property
    def text(self) -> str:
        """What :func:`parse_edits` reads, such as ``0.10,0.50,900,1100,mute``.

        To hundredths of a second, whole hertz and tenths of a decibel.
        """
        change = f"{round(self.gain, 1):g}" if self.action == "gain" else self.action
        box = f"{self.start:.2f},{self.end:.2f},{self.low:.0f},{self.high:.0f}"
        return f"{box},{change}{',harmonics' if self.harmonics else ''}"


def parse_edits(text: str) -> tuple[Edit, ...]:
    """Return the edits of a text: seconds and hertz, from and to, and what becomes of it.

    Parameters
    ----------
    text : str
        Edits with semicolons between them; after the box ``mute``, ``solo`` or decibels, then
        ``harmonics`` where its multiples belong to it. An empty text has none.

    Raises
    ------
    InputError
        If a part is no edit.

    Examples
    --------
    >>> parse_edits("0.1,0.5,900,1100,-6,harmonics")[0].gain
    -6.0
    """
    return tuple(_parse_edit(one) for one in text.split(";") if one.strip())


def _parse_edit(text: str) -> Edit:
    expected = f"expected an edit such as 0.1,0.5,900,1100,mute, got {text!r}"
    words = [word.strip() for word in text.split(",")]
    harmonics = words[-1] == "harmonics"
    *numbers, change = (words[:-1] if harmonics else words) or [""]
    try:
        start, end, low, high = (float(one) for one in numbers)
        gain = 0.0 if change in get_args(Action) else float(change)
    except ValueError:
        raise InputError(expected) from None
    action = cast(Action, change if change in get_args(Action) else "gain")
    return Edit(start, end, low, high, action, gain, harmonics)


def edits_inside(edits: Iterable[Edit]) -> npt.NDArray[np.bool_]:
    """Return which bins lie in any of some boxes, shape (126, 1025)."""
    inside = np.zeros(SHAPE, bool)
    for edit in edits:
        inside |= edit.inside
    return inside


def edits_mask(edits: Iterable[Edit]) -> FloatArray:
    """Return the mask that several edits make together.

    Parameters
    ----------
    edits : iterable of Edit
        In order: where two boxes overlap the later one counts. Where one or more are solo,
        all that lies outside of these is silent.

    Returns
    -------
    ndarray, shape (126, 1025)
        What each bin is multiplied by: 1 without edits.
    """
    mask = np.ones(SHAPE)
    alone = np.zeros(SHAPE, bool)
    for edit in edits:
        inside = edit.inside
        if edit.action == "solo":
            alone |= inside
        else:
            mask[inside] = 0.0 if edit.action == "mute" else 10.0 ** (edit.gain / 20.0)
    return np.where(alone, mask, 0.0) if alone.any() else mask


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


@dataclass(frozen=True)
class Fades:
    """Seconds over which a note comes in and goes out, 0 to 4 each."""

    into: float = 0.0
    out: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is longer than a note."""
        for seconds in (self.into, self.out):
            if not 0.0 <= seconds <= NOTE_SAMPLES / SAMPLE_RATE:
                raise InputError(f"expected a fade within the 4 s of a note, got {seconds:g} s")

    def applied(self, y: FloatArray, *, begin: int = 0) -> FloatArray:
        """Return samples that come in from `begin` on and go out to the end, both linearly."""
        n = np.arange(y.size)
        rises, falls = (max(round(one * SAMPLE_RATE), 1) for one in (self.into, self.out))
        up = np.clip((n - begin + 1) / rises, 0.0, 1.0)
        down = np.clip((y.size - n) / falls, 0.0, 1.0)
        faded: FloatArray = y * up * down
        return faded


def mix(
    first: Waveform,
    second: Waveform,
    *,
    level: float,
    start: float = 0.0,
    fades: tuple[Fades, Fades] = (Fades(), Fades(into=0.01)),
) -> tuple[Waveform, npt.NDArray[np.bool_]]:
    """Play two notes at once.

    Parameters
    ----------
    first, second : Waveform
        64 000 samples at 16 kHz each.
    level : float
        Decibels from the RMS of the first note to that of the second, -30 to 10, both
        before their fades.
    start : float
        Seconds at which the second begins, from 0 to below 4; what lies beyond the end is lost.
    fades : tuple of two Fades
        Of the first and of the second note.

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
    if not 0.0 <= start < duration:
        raise InputError(f"expected a start within the 4 s of a note, got {start:g} s")
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
    parts = (fades[0].applied(a), fades[1].applied(later, begin=begin))
    total = parts[0] + parts[1]
    peak = np.abs(total).max()
    spectra = [
        np.abs(librosa.stft(y, n_fft=N_FFT, hop_length=HOP_LENGTH, pad_mode="constant")).T
        for y in parts
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
