"""The sound of what a map keeps of its note, and what the model makes of it alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from xai_core.canvas import is_carried, on_canvas, to_canvas
from xai_core.errors import InputError
from xai_core.explanations.explain import explained_model
from xai_core.explanations.loaded_models import LRUCache, answer_of, array_digest
from xai_core.listening import Kept, apply_mask, evidence_mask
from xai_core.values import Attribution, Explanation, FloatArray, Waveform

__all__ = [
    "Heard",
    "Part",
    "canvas_of",
    "evidence_inside",
    "hear",
    "level_matched",
    "map_in_hertz",
]

CANVASES_KEPT = 6  # 1 MB each
_canvases: LRUCache[tuple[str, ...], FloatArray] = LRUCache(CANVASES_KEPT)
Part = Literal["for", "against", "rest"]


@dataclass(frozen=True, eq=False)
class Heard:
    """A part of a note, as it sounds alone.

    Parameters
    ----------
    sound : Waveform
        64 000 samples, as loud as it is within the note.
    bins : float
        Share of the bins of the canvas that it has.
    kept : Kept
        What the model says of the note, of the bins that hold the evidence, and of the
        note without them.
    mask : ndarray, shape (126, 1025)
        1 in the bins that are heard, else 0.
    """

    sound: Waveform
    bins: float
    kept: Kept
    mask: FloatArray


def hear(explanation: Explanation, *, part: Part = "for", share: float = 0.8) -> Heard:
    """Return the sound of the bins that hold a share of the evidence, or of all others.

    Parameters
    ----------
    explanation : Explanation
        Of any model and method whose types have a place on the canvas.
    part : {"for", "against", "rest"}
        The fewest bins with the share of what speaks for the family, those with the
        share of what speaks against it, or the note without the first.
    share : float
        Of the evidence of that sign, above 0 and at most 1.

    Returns
    -------
    Heard

    Raises
    ------
    InputError
        If the share is out of its range, a type has no place on the canvas, or there is no
        such evidence.
    """
    if not 0.0 < share <= 1.0:
        raise InputError(f"expected a share above 0 and at most 1, got {share:g}")
    side = "against" if part == "against" else "for"
    mask = evidence_mask(canvas_of(explanation), share, against=side == "against")
    if not np.any(mask):
        raise InputError(
            f"nothing in this map speaks {side} {explanation.family}, so there is nothing to hear"
        )
    note = explanation.waveform
    kept, rest = apply_mask(note, mask), apply_mask(note, 1.0 - mask)
    settings = explanation.settings
    model, card = explained_model(
        settings["type"], explanation.family, settings.get("model"), settings["models"]
    )
    answers = [
        answer_of(one, model, card, explanation.family, models=settings["models"])[1]
        for one in (kept, rest)
    ]
    heard, held = (rest, 1.0 - mask) if part == "rest" else (kept, mask)
    return Heard(heard, float(held.mean()), Kept(explanation.probability, *answers), held)


def canvas_of(explanation: Explanation) -> FloatArray:
    """Return the canvas of an explanation, kept for the next use.

    Returns
    -------
    ndarray, shape (126, 1025), float64

    Raises
    ------
    InputError
        If a spectrogram type has no place on the canvas.
    """
    missing = [one.type for one in explanation.spectrograms if not is_carried(one.type)]
    if missing:
        raise InputError(f"a map of {missing[0]} has no place in hertz, so it has no sound")
    arrays = (
        *(one.values for one in explanation.attributions),
        *(one.values for one in explanation.spectrograms),
        *explanation.baselines,
        explanation.waveform.y,
    )
    key = (*(one.method for one in explanation.attributions), *map(array_digest, arrays))

    def carried() -> FloatArray:
        canvas = to_canvas(explanation)
        canvas.flags.writeable = False
        return canvas

    return _canvases.get(key, carried)


def map_in_hertz(explanation: Explanation, *, mask: FloatArray | None = None) -> Attribution:
    """Return the map of an explanation in hertz and seconds, or what a mask leaves of it.

    Parameters
    ----------
    explanation : Explanation
    mask : ndarray, shape (126, 1025), optional
        What each bin is multiplied by.

    Raises
    ------
    InputError
        If a spectrogram type has no place on the canvas.
    """
    whole = on_canvas(explanation, canvas=canvas_of(explanation)).attribution
    if mask is None:
        return whole
    return replace(whole, values=whole.values * mask.astype(np.float32))


def evidence_inside(canvas: FloatArray, inside: npt.ArrayLike) -> tuple[float, float]:
    """Return the share of the evidence for the answer that lies in some bins, and of that against.

    Parameters
    ----------
    canvas : ndarray, shape (126, 1025)
        Signed evidence.
    inside : array_like of bool, shape (126, 1025)

    Returns
    -------
    speaks_for, speaks_against : float
        In [0, 1]; 0 where there is no evidence of that sign.

    Examples
    --------
    >>> evidence_inside(np.array([[3.0, 1.0, -5.0]]), [[True, False, False]])
    (0.75, 0.0)
    """
    shares = []
    for side in (np.maximum(canvas, 0.0), np.maximum(-canvas, 0.0)):
        total = float(side.sum())
        shares.append(float(side[np.asarray(inside, bool)].sum()) / total if total > 0 else 0.0)
    return shares[0], shares[1]


def level_matched(sound: Waveform, note: Waveform) -> tuple[Waveform, float]:
    """Make a sound as loud as a note, as far as full scale allows.

    Returns
    -------
    louder : Waveform
        With the RMS of the note, or a peak of 1 where that is less.
    gain : float
        Decibels that it was raised by; 0 of a silent sound.

    Examples
    --------
    >>> soft, note = (Waveform(np.full(8, level), 16_000) for level in (0.05, 0.5))
    >>> round(level_matched(soft, note)[1])
    20
    """
    own, wanted = (float(np.sqrt(np.mean(one.y.astype(np.float64) ** 2))) for one in (sound, note))
    peak = float(np.abs(sound.y).max())
    if own == 0.0 or wanted == 0.0:
        return sound, 0.0
    factor = min(wanted / own, max(1.0 / peak, 1.0))
    return replace(sound, y=sound.y * np.float32(factor)), 20.0 * float(np.log10(factor))
