"""Sentences of the dashboard, made from values; no Streamlit here.

Conventions
-----------
Plain words for a reader who has never seen a CNN. Probabilities as the figures
print them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp

from xai_core.catalogue.methods import METHODS
from xai_core.catalogue.types import spectrogram_type
from xai_core.datasets.notes import NoteRecord
from xai_core.figures.base.scales import numbers_text
from xai_core.figures.base.words import percent_text
from xai_core.values import Completeness, note_name, pitch_name

__all__ = [
    "PAPER",
    "TEN_ANSWERS",
    "Badge",
    "answer_text",
    "baseline_sentence",
    "completeness_badge",
    "completeness_sentence",
    "doubts",
    "how_to_read",
    "map_error_text",
    "note_credit",
    "note_label",
    "overall_verdict",
    "overlap_sentence",
    "pitch_text",
    "plain",
    "time_text",
    "verdict",
]

KINDS = {"recordings": "recorded", "renders": "rendered"}  # sources of the samples
LOUDNESS = ((32, "very soft"), (60, "soft"), (85, "medium"), (110, "loud"), (127, "very loud"))
PAPER = (
    "“The paper” is [Chen, Ghobakhlou and Narayanan 2024]"
    "(https://doi.org/10.3389/frai.2024.1499913)"
)
GOOD_ERROR = 0.01  # completeness error up to which a map is trusted
FAIR_ERROR = 0.05
GOOD_MAP_ERROR, FAIR_MAP_ERROR = 0.1, 0.25  # of the map itself, as estimated
AGREE = ((0.5, "agree"), (0.2, "agree in part"), (0.0, "disagree"))  # from which overlap on
YES = 0.5  # probability from which a model predicts its family
COMPLETENESS_HELP = (
    "The map should add up to the difference between the model's score for the "
    "note and for the baseline. The completeness error is how far it misses that. A sum can be "
    "right by luck, where too much here makes up for too little there: the map error is an "
    "estimate of how much of the map itself is in the wrong place or size, all bins together. "
    "Green: at most 1 % and 10 %. Amber: at most 5 % and 25 %. Red: more, so do not trust the "
    "map. *Advanced settings*, *Steps*, *as needed, precise* goes on until the map error is 1 %."
)
TEN_ANSWERS = (
    "Each family has a model of its own that answers yes or no, so the ten probabilities do not "
    "add up to 100 %. They are set so that 50 % means: as likely this family as not, if half of "
    "all notes were of this family."
)
HOW_TO_READ = """
Time runs from left to right in all four panels; zoom into one by dragging, and the others follow.
Double-click to see the whole note again. Point at a bin to read its value, in this panel and in
the others. While the note plays, a line moves over the panels: it is
at the moment that you hear. Click to listen from there; with a panel or the player in focus, space
plays and pauses, and the arrow keys move by 0.1 s (0.5 s with shift).

- **The spectrogram** is all that the network gets. The bar beneath says what its colours stand
  for: loudness for STFT and log-mel, the size of a coefficient for MFCC.
- **Feature maps** show how four filters of a convolution layer respond: bright where a filter
  finds the pattern that it has learnt.
{methods}

A map explains the model, not the instrument: where the model is wrong, the map shows what misled
it. Try *Explain the model of* another family to ask why it was not chosen.
"""


@dataclass(frozen=True)
class Badge:
    """A short coloured statement with its meaning on hover."""

    text: str
    colour: str
    meaning: str


def note_label(record: NoteRecord) -> str:
    """Name a note for a list: instrument, pitch, loudness, and how it was made if it is ours.

    Examples
    --------
    >>> from pathlib import Path
    >>> note_label(NoteRecord("x", Path("x"), "flute", "flute_0", 69, 75, "", "Recorder"))
    'Recorder · A4 · medium'
    """
    parts = [record.instrument_name or record.instrument]
    if record.pitch is not None:
        parts.append(pitch_name(record.pitch))
    if record.velocity is not None:
        parts.append(next(name for limit, name in LOUDNESS if record.velocity <= limit))
    if record.collection in KINDS:
        parts.append(KINDS[record.collection])
    return " · ".join(parts)


def note_credit(record: NoteRecord) -> str:
    """Say whose recording a note is and under what licence, or "".

    Examples
    --------
    >>> from pathlib import Path
    >>> path = Path("x")
    >>> note_credit(NoteRecord("x", path, "flute", "f", 69, 75, "", attribution="A. Person"))
    'Sound: A. Person.'
    """
    if not record.attribution:
        return ""
    licence = f" ({record.licence})" if record.licence else ""
    return f"Sound: {record.attribution}{licence}."


def verdict(
    probabilities: Mapping[str, float], *, type: str, explained: str, truth: str
) -> tuple[str, str]:
    """Return a sentence on the ten models of a type, and one on the explained model.

    Parameters
    ----------
    probabilities : mapping of str to float
        ``{family: probability}``.
    type : str
        Spectrogram type.
    explained : str
        Family whose model is explained.
    truth : str
        Family of the note.

    Returns
    -------
    headline, detail : str
        Markdown, one sentence each.
    """
    label = spectrogram_type(type).label
    best = max(probabilities, key=lambda family: probabilities[family])
    said = percent_text(probabilities[best])
    if probabilities[best] >= YES:
        headline = f"The {label} models hear **{best}** ({said})"
    else:
        headline = f"No {label} model is convinced; **{best}** comes nearest ({said})"
    right = best == truth and probabilities[best] >= YES
    headline += ", and that is right." if right else f"; the note is **{truth}**."
    question = f"Is it {explained}?"
    detail = (
        f"Explained below: the **{explained}** model. "
        f"“{question}” It says {answer_text(probabilities[explained])}."
    )
    return headline, detail


def answer_text(probability: float) -> str:
    """Return what a binary model answers, and how surely.

    Examples
    --------
    >>> answer_text(0.89), answer_text(0.35)
    ('yes, 89 %', 'no, 35 %')
    """
    return f"{'yes' if probability >= YES else 'no'}, {percent_text(probability)}"


def pitch_text(pitch: float) -> str:
    """Return a pitch in hertz and, where a piano has it, the name of the note.

    Parameters
    ----------
    pitch : float
        Hz.

    Examples
    --------
    >>> pitch_text(440.0), pitch_text(7902.1)
    ('440 Hz (A4)', '7902 Hz')
    """
    note = note_name(pitch)
    return f"{pitch:.0f} Hz ({note})" if note else f"{pitch:.0f} Hz"


def plain(text: str) -> str:
    r"""Return text that Markdown prints as it is: a file may be called anything.

    Examples
    --------
    >>> print(plain("![a](b) *c*"))
    !\[a\]\(b\) \*c\*
    """
    return re.sub(r"([\\`*_{}\[\]()<>#+|~:$-])", r"\\\1", " ".join(text.split()))


def time_text(seconds: float) -> str:
    """Return how long something takes: in seconds, from a minute and a half on in minutes.

    Examples
    --------
    >>> time_text(41.8), time_text(200.0)
    ('42 s', '3 min')
    """
    return f"{seconds:.0f} s" if seconds < 90.0 else f"{seconds / 60.0:.0f} min"


def overall_verdict(verdict: Mapping[str, float]) -> str:
    """Say which family is likeliest by all spectrogram types together, or "".

    Parameters
    ----------
    verdict : mapping of str to float
        ``{family: probability}`` over all types, as
        :meth:`xai_core.values.Prediction.verdict` gives it.

    Examples
    --------
    >>> overall_verdict({"flute": 0.65, "reed": 0.55})
    'All spectrogram types together: **flute** is likeliest, 65 %.'
    """
    if not verdict:
        return ""
    best = max(verdict, key=lambda family: verdict[family])
    return (
        f"All spectrogram types together: **{best}** is likeliest, {percent_text(verdict[best])}."
    )


def doubts(families: Sequence[str]) -> str:
    """Say which of ten answers are not to be relied on, or "".

    Examples
    --------
    >>> doubts(["flute", "string"])
    'Not shown to be better than chance on instruments they never heard: flute, string.'
    """
    if not families:
        return ""
    never = "they never heard" if len(families) > 1 else "it never heard"
    return f"Not shown to be better than chance on instruments {never}: {', '.join(families)}."


def completeness_badge(completeness: Completeness, *, refining: bool) -> Badge:
    """Return the badge of an Integrated Gradients map.

    Parameters
    ----------
    completeness : Completeness
    refining : bool
        Whether a better map is on its way.
    """
    errors, map_error = f"error {100 * completeness.error:.2f} %", completeness.map_error or 0.0
    if completeness.map_error is not None:
        errors += f", {map_error_text(map_error)}"
    steps = f"{completeness.n_steps} steps"
    if refining:
        return Badge(f"First picture, refining: {errors}, {steps}", "gray", COMPLETENESS_HELP)
    if completeness.error <= GOOD_ERROR and map_error <= GOOD_MAP_ERROR:
        colour = "green"
    elif completeness.error <= FAIR_ERROR and map_error <= FAIR_MAP_ERROR:
        colour = "orange"
    else:
        colour = "red"
    return Badge(f"Completeness {errors}, {steps}", colour, COMPLETENESS_HELP)


def map_error_text(map_error: float) -> str:
    """Say what is known of the error of a map.

    Examples
    --------
    >>> map_error_text(0.0213), map_error_text(0.2)
    ('map error about 2.1 %', 'map error about 20 %')
    """
    return f"map error about {100 * map_error:.2g} %"


def how_to_read(methods: Iterable[str]) -> str:
    """Say in Markdown how the four panels are read, with the methods of the last two."""
    said = "\n".join(f"- {METHODS[one].how_to_read or METHODS[one].shows}" for one in methods)
    return HOW_TO_READ.format(methods=said)


def completeness_sentence(completeness: Completeness, *, target: str) -> str:
    """Say what the attributions add up to, and what they should."""
    attributed, baseline, note = numbers_text(
        completeness.attributed, completeness.baseline_output, completeness.output
    )
    return (
        f"Attributions sum to {attributed}; the {target} goes from {baseline} (baseline) "
        f"to {note} (note)."
    )


def overlap_sentence(overlap: float) -> str:
    """Say whether two maps agree, by how many of the strongest tenth of their bins they share.

    Parameters
    ----------
    overlap : float
        In [0, 1]; 0.1 on average of two unrelated maps.

    Examples
    --------
    >>> overlap_sentence(0.07)
    'The two maps disagree: of the strongest tenth of their bins they share 7 % (10 % by chance).'
    """
    how = next(said for least, said in AGREE if overlap >= least)
    return (
        f"The two maps {how}: of the strongest tenth of their bins they share "
        f"{percent_text(overlap)} (10 % by chance)."
    )


def baseline_sentence(completeness: Completeness, *, target: str, baseline: str) -> str:
    """Return a warning if the model predicts its family for the baseline already, or "".

    Parameters
    ----------
    completeness : Completeness
    target : str
        ``logit`` or ``probability``, whose values it has.
    baseline : str
        One of the baselines of :mod:`xai_core.explanations.settings`.

    Examples
    --------
    >>> yes = Completeness(3.3, 1.1, attributed=2.2, n_steps=9, converged=True)
    >>> baseline_sentence(yes, target="logit", baseline="silence")
    'The model says yes to silence already (75 %); the map explains only the change from there.'
    """
    output = completeness.baseline_output
    probability = output if target == "probability" else 1 / (1 + exp(-output))
    if probability < YES:
        return ""
    what = "silence" if baseline == "silence" else "the baseline"
    return (
        f"The model says yes to {what} already ({percent_text(probability)}); the map explains "
        "only the change from there."
    )
