"""What the figures of scores have in common: sentences, colours, axes, bars with whiskers.

Conventions
-----------
Scores are fractions in [0, 1], written in percent. Every sentence is computed from
the values that are drawn. A bar is faint and its whisker, the interval over
instruments, strong, since the whisker is what a reader should trust.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_core.catalogue.paper import PAPER_TYPES
from xai_core.catalogue.types import TYPES, spectrogram_type
from xai_core.errors import InputError
from xai_core.figures.base.drawing import LINE, SUBTITLE_SIZE, TEXT_SIZE
from xai_core.scores import LEVEL, Reliability, Score
from xai_core.values import FAMILIES, check_family

__all__ = [
    "AXIS",
    "FAINT",
    "GUESS",
    "HATCHED",
    "LEGEND",
    "MANY_COLOURS",
    "OTHER",
    "PERCENT",
    "RIM",
    "Histories",
    "Unproven",
    "accuracy_sentence",
    "bars_sentence",
    "confusion_sentence",
    "confusion_shares",
    "interval_name",
    "interval_words",
    "look",
    "reliability_sentence",
    "scored_families",
    "series_colour",
    "short_name",
    "title",
    "training_sentence",
]

FAINT = 0.45  # opacity of a bar
OTHER = "#7A8794"  # what is no spectrogram type; 3.7 to 1 on white, 5.0 to 1 on near-black
GUESS = "a guess"
LEGEND: dict[str, Any] = {
    "orientation": "h",
    "x": 0,
    "xanchor": "left",
    "y": 1,
    "yanchor": "bottom",
    "font": {"size": TEXT_SIZE + 1},
}
AXIS: dict[str, Any] = {
    "gridcolor": "rgba(128, 128, 128, 0.2)",
    "zeroline": False,
    "showline": True,
    "linecolor": LINE,
    "ticks": "outside",
    "ticklen": 3,
    "tickcolor": LINE,
    "tickfont": {"size": TEXT_SIZE},
    "automargin": False,
}
PERCENT: dict[str, Any] = {
    "range": [0, 101],  # the whisker at 100 % is seen
    "tickvals": [0, 20, 40, 60, 80, 100],
    "showgrid": True,
}
HATCHED: dict[str, Any] = {  # a bar that is nowhere, for the legend
    "type": "bar",
    "name": "not surely above chance",
    "x": [None],
    "y": [None],
    "marker": {
        "color": "rgba(0, 0, 0, 0)",
        "line": {"color": OTHER, "width": 1},
        "pattern": {"shape": "/", "fgcolor": OTHER, "bgcolor": "rgba(0, 0, 0, 0)", "size": 6},
    },
}
RIM = {"width": 1.5, "color": "white"}  # so that it stands out from a whisker beneath
# ten models: the colours of these types, solid and then dashed
MANY_COLOURS = tuple(spectrogram_type(type).colour for type in PAPER_TYPES[:5])
Unproven = Collection[tuple[str, str]]  # (type, family) of models not shown to beat chance
Histories = Mapping[str, Mapping[str, Sequence[float]]]  # {model: {"loss": one an epoch, ...}}


def series_colour(name: str) -> str:
    """Return the colour of a spectrogram type, or grey for a series of another name.

    Examples
    --------
    >>> series_colour("stft"), series_colour("averaged") == OTHER
    ('#0072B2', True)
    """
    return TYPES[name].colour if name in TYPES else OTHER


def look(
    colour: str, scores: Sequence[Score], hatched: Sequence[bool], *, along: str = "y"
) -> dict[str, Any]:
    """Return faint bars with an outline and whiskers in the full colour.

    Parameters
    ----------
    colour : str
        ``#RRGGBB``.
    scores : sequence of Score
        One a bar; without an interval there is no whisker.
    hatched : sequence of bool
        Whether the bar is hatched.
    along : {"y", "x"}
        The direction of the bars.
    """
    above = [None if s.high is None else 100 * max(s.high - s.value, 0.0) for s in scores]
    below = [None if s.low is None else 100 * max(s.value - s.low, 0.0) for s in scores]
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return {
        "marker": {
            "color": f"rgba({red}, {green}, {blue}, {FAINT})",
            "line": {"color": colour, "width": 1},
            "pattern": {
                "shape": ["/" if one else "" for one in hatched],
                "fgcolor": colour,
                "bgcolor": "rgba(0, 0, 0, 0)",
                "size": 6,
            },
        },
        f"error_{along}": {
            "type": "data",
            "symmetric": False,
            "array": above,
            "arrayminus": below,
            "color": colour,
            "thickness": 2,
            "width": 3,
        },
    }


def title(text: str) -> dict[str, Any]:
    """Return the title of an axis."""
    return {"text": text, "font": {"size": SUBTITLE_SIZE}, "standoff": 4}


def short_name(type: str) -> str:
    """Return the label of a type for a legend, or any other series' name as it is."""
    return TYPES[type].label if type in TYPES else type


def scored_families(scores: Mapping[str, Mapping[str, Score]]) -> tuple[str, ...]:
    """Return the families that have a score by any type, in the fixed order."""
    named = {check_family(family) for row in scores.values() for family in row}
    if not named:
        raise InputError("expected scores to draw, got none")
    return tuple(family for family in FAMILIES if family in named)


def interval_name() -> str:
    """Return what a whisker is, for an axis."""
    return f"{100 * LEVEL:.0f} % interval"


def interval_words() -> str:
    """Return what a whisker is, for a sentence."""
    return f"Whiskers: {interval_name()}s over instruments."


def bars_sentence(
    scores: Mapping[str, Mapping[str, Score]], metric: str, unproven: Unproven
) -> str:
    """Say between which families the scores of each type range, and which prove nothing."""
    said = []
    for type, row in scores.items():
        if row:
            low, high = (pick(row, key=lambda f: row[f].value) for pick in (min, max))
            said.append(
                f"{short_name(type)} from {_percent(row[low].value)} ({low}) "
                f"to {_percent(row[high].value)} ({high})"
            )
    weak = [f"{family} by {short_name(type)}" for type, family in sorted(unproven)]
    found = f" Not shown to be better than chance: {', '.join(weak)}." if weak else ""
    return f"{metric} by family: {'; '.join(said)}. {interval_words()}{found}"


def accuracy_sentence(accuracy: Mapping[str, Score], paper: Mapping[str, float]) -> str:
    """Say how often each type names the right one of ten families, and the paper's figure."""
    said = [
        f"{short_name(name)} {score.text}"
        + (f", in the paper {_percent(paper[name])}" if name in paper else "")
        for name, score in accuracy.items()
    ]
    return f"Ten-way accuracy, averaged over families; chance is 10 %: {'; '.join(said)}."


def confusion_shares(counts: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return rows that sum to 1, NaN where a family has no notes."""
    table = np.asarray(counts, np.float64)
    if table.shape != (len(FAMILIES), len(FAMILIES)) or (table < 0).any() or table.sum() == 0:
        raise InputError(
            f"expected counts of notes, {len(FAMILIES)} x {len(FAMILIES)}, got shape "
            f"{table.shape} with a sum of {table.sum():g}"
        )
    with np.errstate(invalid="ignore"):
        return np.asarray(table / table.sum(axis=1, keepdims=True))


def confusion_sentence(counts: npt.ArrayLike) -> str:
    """Say which family is named best and worst, and which two are confused most."""
    shares = confusion_shares(counts)
    right = np.diagonal(shares)
    best, worst = int(np.nanargmax(right)), int(np.nanargmin(right))
    wrong = np.nan_to_num(shares - np.diag(right))
    true, named = np.unravel_index(int(wrong.argmax()), wrong.shape)
    head = (
        f"Which family is named for the notes of each: {FAMILIES[best]} is named right most often "
        f"({_percent(right[best])}), {FAMILIES[worst]} least often ({_percent(right[worst])})"
    )
    if wrong.max() == 0:
        return f"{head}; nothing is confused."
    return (
        f"{head}; the most frequent confusion is {FAMILIES[true]} taken for {FAMILIES[named]} "
        f"({_percent(wrong.max())})."
    )


def reliability_sentence(curves: Mapping[str, Reliability]) -> str:
    """Say how far the probabilities of the models are from what is the case."""
    errors = {name: curve.expected_calibration_error for name, curve in curves.items()}
    head = "Reliability: how often a note is of the family, by the probability that is said"
    if len(errors) == 1:
        return f"{head}; off by {_percent(*errors.values())} on average (both classes weigh alike)."
    low, high = (pick(errors, key=lambda name: errors[name]) for pick in (min, max))
    return (
        f"{head}; off by {_percent(errors[low])} ({low}) to {_percent(errors[high])} ({high}) "
        "on average (both classes weigh alike)."
    )


def training_sentence(histories: Histories) -> str:
    """Say how many epochs there were, and how loss and accuracy ended."""
    epochs = [len(history["loss"]) for history in histories.values()]
    span = f"{min(epochs)}" if min(epochs) == max(epochs) else f"{min(epochs)} to {max(epochs)}"
    said = []
    for metric in ("loss", "accuracy"):
        ends = [h[metric][-1] for h in histories.values() if h.get(metric)]
        if ends:
            low, high = f"{min(ends):.2f}", f"{max(ends):.2f}"
            said.append(f"{metric} {low}" if low == high else f"{metric} {low} to {high}")
    noun = "epoch" if span == "1" else "epochs"
    models = "1 model" if len(epochs) == 1 else f"{len(epochs)} models"
    return f"Training of {models} over {span} {noun}; it ends at {' and '.join(said)}."


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
