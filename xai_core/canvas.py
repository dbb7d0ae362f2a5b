"""Attributions of any spectrogram type on one grid of hertz and seconds, and what lies there.

Conventions
-----------
The canvas is the grid of the STFT: (126 frames, 1025 bins), 32 ms and 7.8125 Hz
apart, float64, in units of the attribution. Whatever the type, each frame of the
canvas adds up to that frame of the attribution. Where a bin of a type is made of
several bins of the STFT, its attribution goes to them in the proportion in which
they make it: filter weight times power. A coefficient of MFCC or Tonnetz has no
place in hertz; it is linear in bands or pitch classes, which have one, and what
counts for them is the mean gradient g along the path: attribution / (x - x0).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import librosa
import numpy as np
import numpy.typing as npt

from xai_core.catalogue.methods import METHODS
from xai_core.catalogue.types import spectrogram_type
from xai_core.errors import GridMismatchError, InputError
from xai_core.features import (
    HOP_LENGTH,
    axes,
    chroma_filters,
    contrast_bands,
    dct_matrix,
    extract,
    mel_filters,
    power_spectrogram,
    tonnetz_matrix,
)
from xai_core.values import SAMPLE_RATE, Attribution, Evidence, Explanation, FloatArray, Waveform

__all__ = [
    "PARTS",
    "Evidence",
    "carry",
    "evidence_by_part",
    "evidence_by_partial",
    "find_pitch",
    "is_carried",
    "on_canvas",
    "part_of_frames",
    "to_canvas",
]

N_PARTIALS = 16
QUARTER_TONE = 2.0 ** (1 / 24)
LEAST_REACH = 1.0  # bins to each side of a partial: the main lobe of a Hann window is wider
PARTS = ("before", "attack", "decay and sustain", "release")
ONSET = 10.0 ** (-40 / 20)  # of the envelope's maximum
ATTACK_END = 0.9  # of the envelope's maximum
LONGEST_ATTACK = 0.3  # s
RELEASE = 10.0 ** (-20 / 20)  # of the envelope's maximum


def is_carried(type: str) -> bool:
    """Return whether a spectrogram type has a rule that carries it to hertz."""
    return type in _RULES


def to_canvas(explanation: Explanation) -> FloatArray:
    """Carry an explanation to hertz and seconds; of a model with several inputs, their sum.

    Parameters
    ----------
    explanation : Explanation

    Returns
    -------
    ndarray, shape (126, 1025), float64
        Signed, in units of the attribution. Frame by frame it adds up to the
        attribution, to rounding.

    Raises
    ------
    InputError
        If there is no rule for a spectrogram type.

    Notes
    -----
    Only a gradient times the way from the baseline leads on from the coefficients of
    MFCC or Tonnetz to bands (``by_gradient`` in the entry of a method). Of other maps,
    by layers, by removal or of bare gradients, the canvas has the frames, spread by power.
    """
    inputs = {one.type: k for k, one in enumerate(explanation.spectrograms)}
    total = np.zeros(_shape())
    for attribution in explanation.attributions:
        number = inputs[attribution.type]
        x = explanation.spectrograms[number].values
        baseline = explanation.baselines[number] if explanation.baselines else np.zeros_like(x)
        total += carry(attribution, explanation.waveform, x, baseline)
    return total


def on_canvas(explanation: Explanation, *, canvas: FloatArray | None = None) -> Explanation:
    """Return an explanation whose spectrogram and map are those of the canvas.

    Parameters
    ----------
    explanation : Explanation
    canvas : ndarray, shape (126, 1025), optional
        What :func:`to_canvas` returns of it, where that is known.

    Returns
    -------
    Explanation
        Spectrogram and attribution have type ``stft``, so that whatever shows or
        measures the map of an STFT does the same with it. All else is as it was; of a
        model that receives the STFT alone it is the explanation itself.
    """
    if [one.type for one in explanation.spectrograms] == ["stft"]:
        return explanation
    old = explanation.attribution
    values = (to_canvas(explanation) if canvas is None else canvas).astype(np.float32)
    attribution = Attribution(values, "stft", *axes("stft"), method=old.method, target=old.target)
    return replace(
        explanation,
        spectrogram=extract(explanation.waveform, "stft"),
        attribution=attribution,
        spectrograms=(),
        attributions=(),
        baselines=(),
        notes=(*explanation.notes, *_only_in_time(explanation.attributions)),
    )


def _only_in_time(attributions: tuple[Attribution, ...]) -> tuple[str, ...]:
    """Say of maps whose bins have no place in hertz that power spreads them."""
    spread = [one for one in attributions if _is_spread_by_power(one) and not one.is_zero]
    return tuple(
        f"{METHODS[one.method].label} says when on {spectrogram_type(one.type).label}, but not at "
        "which frequency: in hertz its moments are spread by power."
        for one in spread
    )


def _is_spread_by_power(attribution: Attribution) -> bool:
    return attribution.type in _BY_GRADIENT and not METHODS[attribution.method].by_gradient


def carry(
    attribution: Attribution, waveform: Waveform, x: FloatArray, baseline: FloatArray
) -> FloatArray:
    """Carry one attribution to the canvas.

    Parameters
    ----------
    attribution : Attribution
        Of shape (126, n_bins).
    waveform : Waveform
        The note, 4 s at 16 kHz.
    x, baseline : ndarray, shape (126, n_bins)
        The spectrogram that is explained and where the path to it begins.

    Returns
    -------
    ndarray, shape (126, 1025), float64

    Raises
    ------
    GridMismatchError
        If shapes differ.
    InputError
        If there is no rule for the spectrogram type.
    """
    values = attribution.values.astype(np.float64)
    if not values.shape == x.shape == baseline.shape:
        raise GridMismatchError(
            f"expected attribution, spectrogram and baseline of one shape, got {values.shape}, "
            f"{x.shape} and {baseline.shape}"
        )
    rule = _RULES.get(attribution.type)
    if rule is None:
        raise InputError(
            f"the spectrogram type {attribution.type!r} has no rule that carries it to hertz: "
            f"choose one of {', '.join(_RULES)}"
        )
    power = power_spectrogram(waveform)
    if not _is_spread_by_power(attribution):
        difference = x.astype(np.float64) - baseline
        return rule(_Note(waveform, power), values, difference, baseline.astype(np.float64))
    everywhere = np.ones((power.shape[1], 1))
    return _spread(values.sum(axis=1, keepdims=True), everywhere, power)


# --------------------------------------------------------------- a rule for each type


@dataclass(frozen=True, eq=False)
class _Note:
    waveform: Waveform
    power: FloatArray  # (126, 1025)


# (note, attribution, x - x0, x0), the last three (126, n_bins), to (126, 1025)
_Rule = Callable[[_Note, FloatArray, FloatArray, FloatArray], FloatArray]


def _stft(note: _Note, values: FloatArray, difference: FloatArray, x0: FloatArray) -> FloatArray:
    return values


def _log_mel(note: _Note, values: FloatArray, difference: FloatArray, x0: FloatArray) -> FloatArray:
    return _spread(values, mel_filters(), note.power)


def _mfcc(note: _Note, values: FloatArray, difference: FloatArray, x0: FloatArray) -> FloatArray:
    bands = extract(note.waveform, "log_mel").values.astype(np.float64)
    of_bands = _through(dct_matrix(), values, difference, bands, x0)
    return _spread(of_bands, mel_filters(), note.power)


def _chroma(note: _Note, values: FloatArray, difference: FloatArray, x0: FloatArray) -> FloatArray:
    return _spread(values, chroma_filters(), note.power)


def _tonnetz(note: _Note, values: FloatArray, difference: FloatArray, x0: FloatArray) -> FloatArray:
    chroma = extract(note.waveform, "chroma").values.astype(np.float64)
    sums = chroma.sum(axis=1, keepdims=True)
    classes = np.divide(chroma, sums, out=np.zeros_like(chroma), where=sums > 0)
    of_classes = _through(tonnetz_matrix(), values, difference, classes, x0)
    return _spread(of_classes, chroma_filters(), note.power)


def _spectral_contrast(
    note: _Note, values: FloatArray, difference: FloatArray, x0: FloatArray
) -> FloatArray:
    canvas = np.zeros_like(note.power)
    frames = np.arange(len(values))[:, np.newaxis]
    for number, (band, n_extreme) in enumerate(contrast_bands()):
        power = note.power[:, band]
        rising = np.argsort(power, axis=1, kind="stable")
        half = values[:, number, np.newaxis] / 2
        strongest, weakest = rising[:, -n_extreme:], rising[:, :n_extreme]
        peak = power[frames, strongest]
        sums = peak.sum(axis=1, keepdims=True)
        equally = np.full_like(peak, 1 / n_extreme)
        shares = np.divide(peak, sums, out=equally, where=sums > 0)
        part = np.zeros_like(power)
        np.add.at(part, (frames, strongest), half * shares)
        np.add.at(part, (frames, weakest), half / n_extreme)
        canvas[:, band] += part
    return canvas


_RULES: dict[str, _Rule] = {
    "stft": _stft,
    "log_mel": _log_mel,
    "mfcc": _mfcc,
    "chroma": _chroma,
    "spectral_contrast": _spectral_contrast,
    "tonnetz": _tonnetz,
}
_BY_GRADIENT = ("mfcc", "tonnetz")  # their bins are no places in hertz


def _through(
    matrix: FloatArray,
    values: FloatArray,
    difference: FloatArray,
    parts: FloatArray,
    x0: FloatArray,
) -> FloatArray:
    """Attribute to what the bins are linear in: (parts - parts0) times the gradient there.

    Parameters
    ----------
    matrix : ndarray, shape (n_parts, n_bins)
        ``x = parts @ matrix``.
    values, difference, x0 : ndarray, shape (n_frames, n_bins)
    parts : ndarray, shape (n_frames, n_parts)
        Of the note; those of the baseline are the smallest that give `x0`.

    Returns
    -------
    ndarray, shape (n_frames, n_parts)
        Adds up to `values` frame by frame: what rounding leaves is spread.
    """
    gradient = np.divide(values, difference, out=np.zeros_like(values), where=difference != 0)
    found: FloatArray = (parts - x0 @ np.linalg.pinv(matrix)) * (gradient @ matrix.T)
    left = (values.sum(axis=1) - found.sum(axis=1))[:, np.newaxis]
    size = np.abs(found)
    sums = size.sum(axis=1, keepdims=True)
    equally = np.full_like(size, 1 / size.shape[1])
    shares = np.divide(size, sums, out=equally, where=sums > 0)
    spread: FloatArray = found + left * shares
    return spread


def _spread(values: FloatArray, filters: FloatArray, power: FloatArray) -> FloatArray:
    """Give the attribution of each band to the bins of the STFT by weight times power.

    Parameters
    ----------
    values : ndarray, shape (n_frames, n_bands)
    filters : ndarray, shape (n_frequencies, n_bands)
    power : ndarray, shape (n_frames, n_frequencies)
        A band without any is spread by its filter alone.

    Returns
    -------
    ndarray, shape (n_frames, n_frequencies)
    """
    energy = power @ filters
    heard = energy > 0
    per_energy = np.divide(values, energy, out=np.zeros_like(values), where=heard)
    of_silence = np.where(heard, 0.0, values) / filters.sum(axis=0)
    canvas: FloatArray = power * (per_energy @ filters.T) + of_silence @ filters.T
    return canvas


def _shape() -> tuple[int, int]:
    time, bins = axes("stft")
    return time.values.size, bins.values.size


# --------------------------------------------------- evidence by partial and by part


def evidence_by_partial(canvas: FloatArray, pitch: float) -> tuple[Evidence, ...]:
    """Sum the canvas over each of the first 16 partials of a note and over what lies between.

    Parameters
    ----------
    canvas : ndarray, shape (126, 1025)
    pitch : float
        Hz, of the first partial.

    Returns
    -------
    tuple of Evidence
        ``partial 1`` and so on, as many as lie below 8 kHz, then ``between
        partials``. A partial reaches a quarter tone to each side, and at least
        to the bins beside it. They add up to the canvas.

    Raises
    ------
    InputError
        If the pitch is not a number of Hz above 0.
    """
    if not (np.isfinite(pitch) and pitch > 0):
        raise InputError(f"expected a pitch above 0 Hz, got {pitch}: a note without one has none")
    frequencies = axes("stft")[1].values
    spacing = frequencies[1]
    nearest = np.clip(np.rint(frequencies / pitch), 1, N_PARTIALS)
    reach = np.maximum(nearest * pitch * (QUARTER_TONE - 1), LEAST_REACH * spacing)
    number = np.where(np.abs(frequencies - nearest * pitch) <= reach, nearest, 0)
    highest = min(N_PARTIALS, int(frequencies[-1] / pitch))
    names = {k: f"partial {k}" for k in range(1, highest + 1)} | {0: "between partials"}
    return tuple(_evidence(name, canvas[:, number == k]) for k, name in names.items())


def evidence_by_part(
    canvas: FloatArray, waveform: Waveform, *, released: float | None = None
) -> tuple[Evidence, ...]:
    """Sum the canvas over attack, decay and sustain, and release of a note.

    Parameters
    ----------
    canvas : ndarray, shape (126, 1025)
    waveform : Waveform
        The note, 4 s at 16 kHz.
    released : float, optional
        Seconds at which the note is let go, where that is known; else the release
        begins where the envelope is 20 dB below its maximum for good.

    Returns
    -------
    tuple of Evidence
        One for each of :data:`PARTS`. They add up to the canvas.

    Notes
    -----
    The envelope is the root of the power of a frame. The onset is where it first
    comes within 40 dB of its maximum; the attack ends at 90 % of the maximum, 0.3 s
    later at most.
    """
    part = part_of_frames(waveform, released=released)
    return tuple(_evidence(name, canvas[part == k]) for k, name in enumerate(PARTS))


def part_of_frames(waveform: Waveform, *, released: float | None = None) -> npt.NDArray[np.intp]:
    """Return in which of :data:`PARTS` each frame of the canvas lies.

    Parameters
    ----------
    waveform, released
        As of :func:`evidence_by_part`.

    Returns
    -------
    ndarray of int, shape (126,)
        Never falling. All of a silent note is before its onset.
    """
    envelope = np.sqrt(power_spectrogram(waveform).sum(axis=1))
    seconds = np.arange(len(envelope)) * HOP_LENGTH / SAMPLE_RATE
    part = np.zeros(len(envelope), np.intp)
    peak = envelope.max()
    if peak > 0:
        onset = int(np.argmax(envelope >= ONSET * peak))
        risen = int(np.argmax(envelope >= ATTACK_END * peak))
        latest = int(np.searchsorted(seconds, seconds[onset] + LONGEST_ATTACK, side="right")) - 1
        attack_end = min(risen, latest) + 1
        if released is None:
            release = int(np.flatnonzero(envelope >= RELEASE * peak)[-1]) + 1
        else:
            release = int(np.searchsorted(seconds, released))
        part[onset:] = 1
        part[attack_end:] = 2
        part[max(release, attack_end) :] = 3
    return part


def find_pitch(waveform: Waveform) -> float | None:
    """Return the pitch of a note in Hz, or None of a sound that has none.

    The median of the frames that ``librosa.pyin`` takes for voiced, from 30 to
    2,100 Hz, if its first 16 partials hold half of the power.
    """
    y = waveform.y.astype(np.float64)
    if not np.any(y):
        return None
    pitch, voiced, _ = librosa.pyin(y, fmin=30.0, fmax=2_100.0, sr=waveform.sr, frame_length=2048)
    if not voiced.any():
        return None
    found = float(np.median(pitch[voiced]))
    power = power_spectrogram(waveform)
    *partials, _ = evidence_by_partial(power, found)
    in_partials = sum(one.net for one in partials)
    return found if in_partials >= power.sum() / 2 else None


def _evidence(name: str, values: FloatArray) -> Evidence:
    return Evidence(name, float(values[values > 0].sum()), float(values[values < 0].sum()) + 0.0)
