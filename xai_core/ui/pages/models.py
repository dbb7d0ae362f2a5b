"""The Models page: scores of a set, of one type, of one model, and the notes behind them.

Conventions
-----------
Scores are those on the cards: of instruments that no model of the set was trained on.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from xai_core import store
from xai_core.catalogue.methods import METHODS
from xai_core.catalogue.paper import PAPER_ACCURACY
from xai_core.catalogue.types import spectrogram_type
from xai_core.explanations.planted import PLANTED
from xai_core.figures import (
    accuracy_bars,
    confusion_map,
    reliability_curves,
    score_bars,
    training_curves,
)
from xai_core.figures import audit as audit_figures
from xai_core.model_sets.method_tests import MethodScore, MethodTests, read_method_tests
from xai_core.model_sets.scorecards import Scorecards, read_scorecards
from xai_core.results.files import ExportFile
from xai_core.scores import Score
from xai_core.store import Card
from xai_core.ui.browser.screen import is_narrow
from xai_core.ui.parts.charts import draw_figure
from xai_core.ui.parts.choices import choose_type
from xai_core.ui.parts.sharing import draw_saving
from xai_core.ui.parts.words import PAPER
from xai_core.ui.shell.address import choose
from xai_core.values import FAMILIES

__all__ = ["models_page"]

SET = "starter"
METRICS = {
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "balanced_accuracy": "Balanced accuracy",
    "roc_auc": "ROC AUC",
}
MEANINGS = {
    "precision": "Of the notes that a model says yes to, how many are of its family. About one "
    "note in ten is, so a model that guesses has about 10 %; the dotted line is where.",
    "recall": "Of the notes of its family, how many a model says yes to.",
    "f1": "The harmonic mean of precision and recall.",
    "balanced_accuracy": "The mean of two shares: notes of the family that are found, and notes of "
    "others that are refused. A model that guesses has 50 %.",
    "roc_auc": "How often a note of the family gets a higher probability than a note of another. "
    "A model that guesses has 50 %.",
}
READING = (
    "Whiskers are 95 % intervals: how far the score would move with other instruments (Wilson’s, "
    "where every one of them gives the same score). A hatched "
    "bar is of a model that is not shown to be better than chance."
)
HISTORY = (
    "Solid: the notes it learnt from, made harder by augmentation. Dotted: notes of instruments it "
    "did not learn from. The trunk is the ten-way network that all ten models of a type begin as."
)


TESTED = (
    "Each map was tested as on the page Trust. **Over energy** and **over random**: how much "
    "better than energy, or chance, it says which bins the model needs, in percent of the span of "
    "the curves of deletion and insertion. **Fidelity**: correlation of the evidence in random "
    "sets of bins with how far the score falls without them. Less is better for the others: "
    "**random weights**, how much the map of a network that learnt nothing is like it; "
    "**two families**, how many of the strongest bins it shares with the next likeliest family, in "
    "percent (10 by chance); **sensitivity**, how far it moves if the note hardly does."
)
TEST_COLUMNS = {  # heading, scale and format
    "over_energy": ("over energy", 100, ".0f"),
    "over_random": ("over random", 100, ".0f"),
    "fidelity": ("fidelity", 1, ".2f"),
    "absolute": ("random weights", 1, ".2f"),
    "overlap": ("two families", 100, ".0f"),
    "sensitivity": ("sensitivity", 1, ".2f"),
}
FROM = {"dataset_mean": " from the mean note"}  # baseline, in a row


PARTS = {  # of the notes of a set, in the order of their use
    "train": "to learn from",
    "validation": "to stop in time",
    "calibration": "to set its probabilities",
    "test": "to be scored on",
}


def models_page() -> None:
    """Draw the page below its title."""
    scorecards = read_scorecards(_set())
    for fault in scorecards.faults:
        st.warning(fault[:1].upper() + fault[1:], icon=":material/error:")
    _all_models(scorecards)
    _ten_way(scorecards)
    type = _one_type(scorecards)
    _one_model(scorecards, type)
    if scorecards.audit is not None:
        _notes(scorecards.audit)


def _set() -> str:
    """Let the visitor choose a set of models, where there are several."""
    names = {name: name for name in store.model_sets() if name != PLANTED}
    if len(names) < 2:
        return next(iter(names), SET)
    place, _ = st.columns([1, 3])
    return choose(
        place,
        "Set of models",
        names,
        key="set",
        default=SET,
        help="Other pages explain the models of the set “starter”; the command line those of any.",
    )


def _all_models(scorecards: Scorecards) -> None:
    st.subheader("Every model", anchor=False)
    left, right = st.columns([1, 3], vertical_alignment="bottom")
    metric = choose(left, "Score", METRICS, key="score")
    right.markdown(MEANINGS[metric])
    figure = score_bars(
        scorecards.scores(metric),
        metric=METRICS[metric],
        chance=scorecards.chance(metric),
        unproven=scorecards.unproven,
    )
    draw_figure(st, figure)
    figure_4 = " With precision, this is figure 4 of the paper." if metric == "precision" else ""
    st.caption(f"{_scored_on(scorecards)} {READING}{figure_4}")
    scores = ExportFile(
        f"{scorecards.models}_scores.csv", "All scores (CSV)", lambda: _csv(scorecards.table())
    )
    draw_saving((scores,), label="Save", key="scores")


def _csv(rows: Iterable[Sequence[str | float]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _scored_on(scorecards: Scorecards) -> str:
    """Say how many models there are and which notes they are scored on, as far as cards say so."""
    cards = [card for row in scorecards.cards.values() for card in row.values()]
    silent = sum("n_notes" not in card.scores for card in cards)
    without = f" The cards of {silent} have no scores." if silent else ""
    tests = [(card, card.data["test"]) for card in cards if "test" in card.data]
    if not tests or not {"n_notes", "n_instruments"} <= tests[0][1].keys():
        return (
            f"{scorecards.n_models} models; their cards do not say the notes of the test.{without}"
        )
    card, test = tests[0]
    n_all = test["n_instruments"]
    n_instruments = card.scores.get("n_instruments", n_all)
    shared = f" ({n_all}, of which those with sounds in common count once)"
    return (
        f"{scorecards.n_models} models, scored on {test['n_notes']:,} notes of "
        f"{n_instruments} instruments{shared if n_all != n_instruments else ''} that none of them "
        f"learnt from.{without}"
    )


def _ten_way(scorecards: Scorecards) -> None:
    accuracy = scorecards.accuracy()
    if not accuracy:
        return
    st.subheader("Which family is it?", anchor=False)
    st.markdown(
        "The ten models of a type are asked together; the largest of their ten probabilities names "
        "the family. Guessing is right for one note in ten."
    )
    left, right = st.columns([3, 2], gap="large")
    figure = accuracy_bars(accuracy)
    draw_figure(left, figure)
    with right:
        st.table(_accuracy_table(scorecards, accuracy))
        st.caption(
            f"Averaged over families. {_counts(scorecards, accuracy)}{PAPER}: its notes and split "
            "are others than ours, so its figures show the order of magnitude and no more."
        )


def _counts(scorecards: Scorecards, accuracy: Mapping[str, Score]) -> str:
    """Say how many notes each column is of, and what the others are."""
    summary = scorecards.summaries[next(iter(accuracy))]
    parts = {
        name: one["n_notes"]
        for name, one in summary.get("by_collection", {}).items()
        if "n_notes" in one
    }
    if not parts:
        return ""
    words = COLLECTIONS | IN_NO_COLUMN
    named = ", ".join(f"{n:,} {words.get(name, name)}" for name, n in parts.items())
    return f"All notes: {named}. "


def _accuracy_table(scorecards: Scorecards, accuracy: Mapping[str, Score]) -> dict[str, list[str]]:
    collections = Counter(
        name for type in accuracy for name in scorecards.summaries[type].get("by_collection", {})
    )
    shown = [name for name in ("nsynth", "recordings") if name in collections]
    table = {"": [spectrogram_type(type).label for type in accuracy]}
    table["all notes"] = [_percent(score.value) for score in accuracy.values()]
    for name in shown:
        table[COLLECTIONS[name]] = [
            _percent(scorecards.summaries[type]["by_collection"][name]["accuracy"])
            if name in scorecards.summaries[type]["by_collection"]
            else "–"
            for type in accuracy
        ]
    table["paper"] = [
        _percent(PAPER_ACCURACY[type]) if type in PAPER_ACCURACY else "–" for type in accuracy
    ]
    return table


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


COLLECTIONS = {"nsynth": "NSynth", "recordings": "other recordings"}
IN_NO_COLUMN = {
    "renders": "rendered from SoundFonts",
    "software": "rendered by software instruments",
    "fm_renders": "rendered by FM synthesis",
    "tonejs": "samples of tonejs-instruments",
}


def _one_type(scorecards: Scorecards) -> str:
    st.subheader("One spectrogram type", anchor=False)
    place, _ = st.columns([1, 3])
    type = choose_type(place, scorecards.cards)
    left, right = st.columns(2, gap="large")
    summary = scorecards.summaries.get(type, {})
    with left:
        if "confusion" in summary.get("ten_way", {}):
            st.markdown("**What is taken for what**")
            figure = confusion_map(summary["ten_way"]["confusion"])
            draw_figure(st, figure)
    with right:
        curves = scorecards.reliability(type)
        if curves:
            st.markdown("**Do the probabilities mean what they say?**")
            figure = reliability_curves(curves)
            draw_figure(st, figure)
    trunk = {name: h for name, h in scorecards.histories(type).items() if name == "trunk"}
    if trunk:
        st.markdown("**How the trunk learnt**")
        figure = training_curves(trunk, stacked=is_narrow())
        draw_figure(st, figure)
        st.caption(HISTORY)
    _methods(type, scorecards.models)
    return type


def _methods(type: str, models: str) -> None:
    """Show which method stood up when maps of the type's models were tested."""
    tests = read_method_tests(type, models=models)
    if tests is None:
        return
    with st.expander("Which method stands up for these models?", icon=":material/rule:"):
        st.markdown(TESTED)
        st.table(_methods_table(tests))
        st.caption(
            f"Means over {tests.n_instruments} instruments, of {tests.n_maps} maps of "
            f"{tests.n_models} models a method, with 95 % intervals. ▲ better and ▼ worse than "
            "Integrated Gradients from silence, note by note: the interval of the difference "
            "leaves out zero."
        )


def _methods_table(tests: MethodTests) -> dict[str, list[str]]:
    table = {"": [METHODS[row.method].label + FROM.get(row.baseline, "") for row in tests.rows]}
    for name, (heading, scale, form) in TEST_COLUMNS.items():
        table[heading] = [
            _tested(row.scores[name], scale, form) if name in row.scores else "–"
            for row in tests.rows
        ]
    return table


def _tested(score: MethodScore, scale: float, form: str) -> str:
    mean, low, high = (format(scale * x, f"z{form}") for x in (score.mean, score.low, score.high))
    sign = {"better": " ▲", "worse": " ▼"}.get(score.than_usual, "")
    return f"{mean} ({low} to {high}){sign}"


def _one_model(scorecards: Scorecards, type: str) -> None:
    st.subheader("One model", anchor=False)
    place, _ = st.columns([1, 3])
    row = scorecards.cards[type]
    family = choose(
        place,
        "Family",
        {name: name for name in FAMILIES if name in row},
        key="family",
        default="flute",
    )
    card = row[family]
    if (type, family) in scorecards.unproven:
        st.warning(
            f"The {spectrogram_type(type).label} model of {family} is not shown to be better than "
            "chance on instruments it never heard: its maps tell little about the instrument.",
            icon=":material/help:",
        )
    metrics = [name for name in METRICS if name in card.scores]
    if not metrics:
        st.caption("Its card has no scores.")
    for place, name in zip(st.columns(len(metrics) or 1), metrics, strict=False):
        score = Score.of(card.scores, name)
        place.metric(METRICS[name], _percent(score.value), help=MEANINGS[name])
        if score.low is not None and score.high is not None:
            place.caption(f"{_percent(score.low)} to {_percent(score.high)}")
    st.markdown("**What it learnt from**")
    if set(PARTS) & set(card.data):
        st.table(_data_table(card))
    else:
        st.caption("Its card does not say which notes it learnt from.")
    history = scorecards.histories(type).get(family)
    if history and len(history["loss"]) > 1:
        st.markdown("**How it learnt**")
        figure = training_curves({family: history}, stacked=is_narrow())
        draw_figure(st, figure)
    elif history and "trunk" in scorecards.histories(type):
        st.caption("It learnt for one epoch beyond the trunk of its type, whose curves are above.")
    with st.expander("The card", icon=":material/description:"):
        facts = _facts(card)
        st.table({"": list(facts), "of this model": list(facts.values())})
        st.caption("All of it, as the file has it:")
        st.json(card.as_dict(), expanded=False)
    st.download_button(
        "Download the card",
        json.dumps(card.as_dict(), indent=1),
        file_name=f"{type}_{family}_card.json",
        mime="application/json",
        icon=":material/download:",
    )


def _facts(card: Card) -> dict[str, str]:
    """Return what a card says in words, as far as it says it."""
    made, features, training = card.architecture, card.features, card.training
    preset = training.get("preset", {})
    calibration = training.get("calibration", {})
    found = {
        "network": made.get("network"),
        "size": f"{made['n_weights']:,} weights" if "n_weights" in made else None,
        "input": " x ".join(map(str, made["input_shape"])) + " frames and bins"
        if "input_shape" in made
        else None,
        "sound": f"{features['sr']:,} Hz, windows of {features['n_fft']:,} samples every "
        f"{features['hop_length']:,}"
        if {"sr", "n_fft", "hop_length"} <= features.keys()
        else None,
        "values": features.get("scale"),
        "training": f"preset {preset['name']}, seed {training.get('seed', 0)}"
        if "name" in preset
        else None,
        "probabilities": calibration.get("method"),
        "made with": ", ".join(f"{name} {number}" for name, number in card.versions.items()),
        "SHA-256 of the file": card.sha256,
    }
    return {name: str(value) for name, value in found.items() if value}


def _data_table(card: Card) -> dict[str, list[str]]:
    """Return notes and instruments of each part of the split."""
    parts = [part for part in PARTS if part in card.data]
    of_family = [card.data[part].get("notes_by_family", {}).get(card.family, 0) for part in parts]
    return {
        "notes": [PARTS[part] for part in parts],
        "in all": [_number(card.data[part], "n_notes") for part in parts],
        f"of {card.family}": [f"{n:,}" for n in of_family],
        "instruments": [_number(card.data[part], "n_instruments") for part in parts],
    }


def _number(part: Mapping[str, Any], name: str) -> str:
    return f"{part[name]:,}" if name in part else "not on the card"


def _notes(audit: Mapping[str, Any]) -> None:
    """Draw what `dataset audit` found in the notes that the models were made with."""
    st.subheader("The notes they learnt from", anchor=False)
    st.markdown(
        f"{audit['n_notes']:,} notes of {audit['n_instruments']} instruments were heard through "
        "before training; this is what was found in them."
    )
    notes = {one["family"]: one["notes_by_source"] for one in audit["families"]}
    pitches = {
        one["family"]: {int(pitch): n for pitch, n in one["notes_by_pitch"].items()}
        for one in audit["families"]
    }
    findings = {
        one["title"]: (one["count"], one["total"], one["unit"])
        for one in audit["findings"]
        if one["unit"] != "labels"
    }
    said = next((one["sentence"] for one in audit["confounding"] if one["label"] == "source"), "")
    left, right = st.columns(2, gap="large")
    for place, heading, figure in (
        (left, "Family and source", audit_figures.source_bars(notes, said=said)),
        (right, "Family and pitch", audit_figures.pitch_map(pitches)),
        (left, "Findings", audit_figures.finding_bars(findings)),
    ):
        place.markdown(f"**{heading}**")
        draw_figure(place, figure)
    left.caption(said)
