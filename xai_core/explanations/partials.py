"""The evidence of a map by partial and by part of the note, and a sentence that sums it up.

Conventions
-----------
A partial and what lies between the partials are *places*; attack, decay and sustain,
release are *parts*. Each bin of the canvas lies in one place and in one part. Sums are
in units of the explained output; shares are of all evidence of the same sign. Pitches
are in Hz, of the first partial.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xai_core.attribution.salient_regions import Side, share_text
from xai_core.canvas import (
    PARTS,
    evidence_by_part,
    evidence_by_partial,
    find_pitch,
    part_of_frames,
    to_canvas,
)
from xai_core.catalogue.methods import map_kind
from xai_core.explanations.loaded_models import LRUCache, array_digest
from xai_core.explanations.regions import says_yes
from xai_core.values import Evidence, Explanation, Waveform

__all__ = ["NO_PITCH", "Breakdown", "break_down", "breakdown_sentence", "pitch_of"]

SECOND = 0.1  # share from which a second place is worth naming
WITHIN = 2 / 3  # of the evidence of a place, from which the part that holds it is named
KEPT = 256  # pitches
NO_PITCH = "No pitch was found in this sound, so there are no partials to tell apart."
_pitches: LRUCache[str, float | None] = LRUCache(KEPT)
PLACE_NAMES = {"between partials": "what lies between the partials"}  # others as they are
PART_NAMES = {"before": "what comes before the note"}
WHEN = {"before": "before the note begins"}


@dataclass(frozen=True)
class Breakdown:
    """The evidence of one map by place, by part, and by both.

    Parameters
    ----------
    pitch : float or None
        Hz; None of a note that has none, or whose pitch is not known.
    by_partial : tuple of Evidence
        As of :func:`xai_core.canvas.evidence_by_partial`; empty without a pitch.
    by_part : tuple of Evidence
        As of :func:`xai_core.canvas.evidence_by_part`.
    within : tuple of tuple of Evidence
        For each part, its evidence by place; empty without a pitch.
    """

    pitch: float | None
    by_partial: tuple[Evidence, ...]
    by_part: tuple[Evidence, ...]
    within: tuple[tuple[Evidence, ...], ...]


def break_down(explanation: Explanation, *, pitch: float | None) -> Breakdown:
    """Sum the evidence of a map by partial and by part of its note.

    Parameters
    ----------
    explanation : Explanation
        Of any model and method whose types have a place on the canvas.
    pitch : float or None
        Hz, from the label of the note or from :func:`pitch_of`.

    Returns
    -------
    Breakdown
        Places and parts each add up to the canvas.

    Raises
    ------
    InputError
        If a type has no place on the canvas, or the pitch is not above 0 Hz.
    """
    canvas, waveform = to_canvas(explanation), explanation.waveform
    by_part = evidence_by_part(canvas, waveform)
    if pitch is None:
        return Breakdown(None, (), by_part, ())
    part = part_of_frames(waveform)[:, np.newaxis]
    within = tuple(
        evidence_by_partial(np.where(part == k, canvas, 0.0), pitch) for k in range(len(PARTS))
    )
    return Breakdown(pitch, evidence_by_partial(canvas, pitch), by_part, within)


def pitch_of(waveform: Waveform) -> float | None:
    """Return what :func:`xai_core.canvas.find_pitch` finds, once for each note.

    It takes 1 to 2 s on one core.
    """
    return _pitches.get(array_digest(waveform.y), lambda: find_pitch(waveform))


def breakdown_sentence(breakdown: Breakdown, explanation: Explanation) -> str:
    """Say which partial, and which part of the note, the answer is due to.

    Parameters
    ----------
    breakdown : Breakdown
    explanation : Explanation
        Of which it is.

    Returns
    -------
    str
        Of the evidence for a yes, or against where the model says no: "The flute model
        says yes above all because of partial 2 (31 % of the evidence for flute) and what
        lies between the partials in the attack (12 %)." A share is that of what is named.
    """
    family = explanation.family
    if not any(one.speaks_for or one.speaks_against for one in breakdown.by_part):
        kind = map_kind(explanation.attribution.method)
        return kind.zero.sentence.format(label=kind.label, family=family)
    yes = says_yes(explanation)
    side: Side = "for" if yes else "against"
    answer = f"The {family} model says {'yes' if yes else 'no'}"
    named = _named(breakdown, side)
    if not named:
        return f"{answer}, though nothing in this map speaks {side} {family}."
    (first, share, when), *others = named
    together = {when for _, _, when in named}
    in_common = when if len(together) == 1 else ""
    said = f"{first}{_in(when, in_common)} ({share_text(share)} of the evidence {side} {family})"
    for name, share, when in others:
        said += f" and {name}{_in(when, in_common)} ({share_text(share)})"
    end = f", {'both ' if others else ''}{in_common}" if in_common else ""
    return f"{answer} above all because of {said}{end}."


def _named(breakdown: Breakdown, side: Side) -> list[tuple[str, float, str]]:
    """Return one or two places or parts: name, share of the evidence of a side, and when."""
    sums = [_on(one, side) for one in breakdown.by_partial or breakdown.by_part]
    total = sum(sums)
    if total == 0.0:
        return []
    found: list[tuple[str, float, str]] = []
    for number in np.argsort(sums)[::-1][:2]:
        held, when = sums[number], ""
        if breakdown.by_partial:
            name = breakdown.by_partial[number].name
            name = PLACE_NAMES.get(name, name)
            in_parts = [_on(row[number], side) for row in breakdown.within]
            most = int(np.argmax(in_parts))
            if in_parts[most] >= WITHIN * held:
                held, when = in_parts[most], WHEN.get(PARTS[most], f"in the {PARTS[most]}")
        else:
            name = PART_NAMES.get(PARTS[number], f"the {PARTS[number]}")
        if not found or held >= SECOND * total:
            found.append((name, held / total, when))
    return found


def _on(one: Evidence, side: Side) -> float:
    return one.speaks_for if side == "for" else -one.speaks_against


def _in(when: str, in_common: str) -> str:
    return f" {when}" if when and not in_common else ""
