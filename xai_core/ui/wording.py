"""What the dashboard says, made from values; no Streamlit here.

Conventions
-----------
Plain words for a reader who has never seen a CNN. Probabilities in whole per
cent, except near 0 and 100, where "<1 %" and ">99 %" are said instead of
certainty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xai_core.datasets.notes import NoteRecord
from xai_core.values import Completeness

__all__ = [
    "HOW_TO_READ",
    "TYPE_LABELS",
    "Badge",
    "completeness_badge",
    "completeness_sentence",
    "note_label",
    "percent",
    "sentence",
    "verdict",
]

TYPE_LABELS = {
    "stft": "STFT",
    "log_mel": "Log-mel",
    "mfcc": "MFCC",
    "chroma": "Chroma",
    "spectral_contrast": "Spectral contrast",
    "tonnetz": "Tonnetz",
}
PITCH_NAMES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
LOUDNESS = ((32, "very soft"), (60, "soft"), (85, "medium"), (110, "loud"), (127, "very loud"))
GOOD_ERROR = 0.01  # completeness error up to which a map is trusted
FAIR_ERROR = 0.05
YES = 0.5  # probability from which a model says yes
COMPLETENESS_HELP = (
    "Integrated Gradients should add up to the difference between the model's score for the "
    "note and for the baseline. The completeness error is how far they miss it. Green: at most "
    "1 %. Amber: at most 5 %. Red: more, so do not trust the map."
)
HOW_TO_READ = """
Time runs from left to right in all four panels; zoom into one by dragging, and the others follow.
Double-click to see the whole note again.

- **The spectrogram** is all that the network gets. Bright means loud (for MFCC: a large
  coefficient). Silence is zero.
- **Feature maps** show how four filters of a convolution layer respond: bright where a filter
  finds the pattern that it has learnt.
- **Integrated Gradients** give every bin its share of the score. Red bins speak for the family,
  blue bins against it. The shares add up to the score of the note minus the score of silence; the
  badge says how exactly.
- **Grad-CAM** is coarser: bright where the maps of a layer, weighed by how much they matter, find
  evidence for the family. Evidence against it is not shown.

A map explains the model, not the instrument: where the model is wrong, the map shows what misled
it. Try *Explain the model of* another family to ask why it was not chosen.
"""


@dataclass(frozen=True)
class Badge:
    """A short coloured statement with its meaning on hover."""

    text: str
    colour: str
    meaning: str


def percent(probability: float) -> str:
    """Return a probability in words, never quite certain.

    Examples
    --------
    >>> percent(0.934), percent(0.9999)
    ('93 %', '>99 %')
    """
    if probability < 0.01:
        return "<1 %"
    if probability > 0.99:
        return ">99 %"
    return f"{100 * probability:.0f} %"


def sentence(error: Exception) -> str:
    """Return an error as a sentence: a capital at the front, a stop at the end.

    Examples
    --------
    >>> sentence(ValueError("expected audio, got 0 bytes: is the file empty?"))
    'Expected audio, got 0 bytes: is the file empty?'
    """
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "?")) else ".")


def note_label(record: NoteRecord) -> str:
    """Name a note for a list: pitch, loudness, instrument.

    Examples
    --------
    >>> from pathlib import Path
    >>> note_label(NoteRecord("x", Path("x"), "flute", "flute_0", 69, 75, "", "Recorder"))
    'Recorder · A4 · medium'
    """
    parts = [record.instrument_name or record.instrument]
    if record.pitch is not None:
        parts.append(f"{PITCH_NAMES[record.pitch % 12]}{record.pitch // 12 - 1}")
    if record.velocity is not None:
        parts.append(next(name for limit, name in LOUDNESS if record.velocity <= limit))
    return " · ".join(parts)


def verdict(
    probabilities: Mapping[str, float], *, type: str, explained: str, truth: str | None
) -> tuple[str, str]:
    """Say what the ten models of a type make of a note, and what the explained one says.

    Parameters
    ----------
    probabilities : mapping of str to float
        ``{family: probability}``.
    type : str
        Spectrogram type.
    explained : str
        Family whose model is explained.
    truth : str or None
        Family of the note, if known.

    Returns
    -------
    headline, detail : str
        Markdown, one sentence each.
    """
    best = max(probabilities, key=lambda family: probabilities[family])
    if probabilities[best] >= YES:
        headline = (
            f"The {TYPE_LABELS[type]} models hear **{best}** ({percent(probabilities[best])})"
        )
    else:
        headline = (
            f"No {TYPE_LABELS[type]} model is convinced; "
            f"**{best}** comes nearest ({percent(probabilities[best])})"
        )
    if truth is not None:
        headline += ", and that is right." if best == truth else f"; the note is **{truth}**."
    else:
        headline += "."
    said = probabilities[explained]
    answer = "yes" if said >= YES else "no"
    question = f"Is it {explained}?"
    detail = (
        f"Explained below: the **{explained}** model. "
        f"“{question}” It says {answer}, {percent(said)}."
    )
    return headline, detail


def completeness_badge(completeness: Completeness, *, refining: bool) -> Badge:
    """Return the badge of an Integrated Gradients map.

    Parameters
    ----------
    completeness : Completeness
    refining : bool
        Whether a better map is on its way.
    """
    error = f"{100 * completeness.error:.1f} %"
    steps = f"{completeness.n_steps} steps"
    if refining:
        return Badge(f"First picture, refining: error {error}, {steps}", "gray", COMPLETENESS_HELP)
    if completeness.error <= GOOD_ERROR:
        colour = "green"
    elif completeness.error <= FAIR_ERROR:
        colour = "orange"
    else:
        colour = "red"
    return Badge(f"Completeness error {error}, {steps}", colour, COMPLETENESS_HELP)


def completeness_sentence(completeness: Completeness, *, target: str) -> str:
    """Say what the attributions add up to, and what they should."""
    return (
        f"Attributions sum to {completeness.attributed:+.2f}; the {target} goes from "
        f"{completeness.baseline_output:+.2f} (baseline) to {completeness.output:+.2f} (note)."
    )
