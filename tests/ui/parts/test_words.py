"""What the dashboard says."""

from __future__ import annotations

from pathlib import Path

import pytest

from xai_core.datasets.notes import NoteRecord
from xai_core.ui.parts.words import (
    baseline_sentence,
    completeness_badge,
    completeness_sentence,
    note_credit,
    note_label,
    verdict,
)
from xai_core.values import FAMILIES, Completeness


@pytest.mark.parametrize(
    ("pitch", "velocity", "said"),
    [(60, 25, "C4 · very soft"), (69, 75, "A4 · medium"), (21, 127, "A0 · very loud")],
)
def test_notes_are_named_by_pitch_and_loudness(pitch: int, velocity: int, said: str) -> None:
    record = NoteRecord("n", Path("n"), "flute", "flute_1", pitch, velocity, "", "Recorder")
    assert note_label(record) == f"Recorder · {said}"


def test_a_note_of_unknown_pitch_has_its_instrument_only() -> None:
    assert note_label(NoteRecord("n", Path("n"), "flute", "flute_1", None, None, "")) == "flute_1"


def test_our_own_notes_say_how_they_were_made() -> None:
    record = NoteRecord("n", Path("n"), "flute", "flute_1", 60, None, "", "Flute", "recordings")
    assert note_label(record) == "Flute · C4 · recorded"


def test_a_credit_names_maker_and_licence() -> None:
    record = NoteRecord(
        "n", Path("n"), "flute", "f", 60, None, "", licence="CC0", attribution="A. Person"
    )
    assert note_credit(record) == "Sound: A. Person (CC0)."
    assert note_credit(NoteRecord("n", Path("n"), "flute", "f", 60, None, "")) == ""


def probabilities(**said: float) -> dict[str, float]:
    return {family: said.get(family, 0.02) for family in FAMILIES}


@pytest.mark.parametrize(
    ("said", "truth", "headline"),
    [
        ({"flute": 0.9}, "flute", "The MFCC models hear **flute** (90 %), and that is right."),
        ({"reed": 0.6}, "flute", "The MFCC models hear **reed** (60 %); the note is **flute**."),
        (
            {"reed": 0.3},
            "flute",
            "No MFCC model is convinced; **reed** comes nearest (30 %); the note is **flute**.",
        ),
        (
            {"flute": 0.3},
            "flute",
            "No MFCC model is convinced; **flute** comes nearest (30 %); the note is **flute**.",
        ),
    ],
)
def test_verdict_headline(said: dict[str, float], truth: str, headline: str) -> None:
    row = probabilities(**said)
    assert verdict(row, type="mfcc", explained="flute", truth=truth)[0] == headline


@pytest.mark.parametrize(("p", "answer"), [(0.5, "yes, 50 %"), (0.49, "no, 49 %")])
def test_verdict_detail_is_the_answer_of_the_explained_model(p: float, answer: str) -> None:
    row = probabilities(reed=0.9, flute=p)
    detail = verdict(row, type="mfcc", explained="flute", truth="reed")[1]
    assert detail == f"Explained below: the **flute** model. “Is it flute?” It says {answer}."


@pytest.mark.parametrize(
    ("attributed", "colour"), [(1.0, "green"), (1.01, "green"), (1.04, "orange"), (1.06, "red")]
)
def test_badge_colour_follows_the_completeness_error(attributed: float, colour: str) -> None:
    completeness = Completeness(2.0, 1.0, attributed - 1e-9, n_steps=41, converged=True)
    badge = completeness_badge(completeness, refining=False)
    assert badge.colour == colour
    assert "41 steps" in badge.text


@pytest.mark.parametrize(
    ("map_error", "colour", "said"),
    [(0.098, "green", "9.8 %"), (0.101, "orange", "10 %"), (0.26, "red", "26 %")],
)
def test_badge_says_the_error_of_the_map_too(map_error: float, colour: str, said: str) -> None:
    completeness = Completeness(2.0, 1.0, 1.0, n_steps=41, converged=True, map_error=map_error)
    badge = completeness_badge(completeness, refining=False)
    assert badge.colour == colour
    assert badge.text == f"Completeness error 0.00 %, map error about {said}, 41 steps"


def test_badge_of_a_first_picture_says_that_it_is_one() -> None:
    completeness = Completeness(2.0, 1.0, 1.2, n_steps=9, converged=False)
    badge = completeness_badge(completeness, refining=True)
    assert badge.text == "First picture, refining: error 20.00 %, 9 steps"
    assert badge.colour == "gray"


@pytest.mark.parametrize(
    ("baseline", "target", "said"),
    [(-0.1, "logit", False), (0.1, "logit", True), (0.4, "probability", False),
     (0.6, "probability", True)],
)  # fmt: skip
def test_a_yes_to_the_baseline_is_said(baseline: float, target: str, said: bool) -> None:
    found = Completeness(0.9, baseline, attributed=0.9 - baseline, n_steps=9, converged=True)
    for name, words in (("silence", "yes to silence"), ("dataset_mean", "yes to the baseline")):
        sentence = baseline_sentence(found, target=target, baseline=name)
        assert (words in sentence) == said


def test_small_sums_keep_their_digits() -> None:
    completeness = Completeness(3e-4, 1e-4, 2e-4, n_steps=9, converged=True)
    said = completeness_sentence(completeness, target="probability")
    assert said == (
        "Attributions sum to 2×10⁻⁴; the probability goes from 1×10⁻⁴ (baseline) to 3×10⁻⁴ (note)."
    ).replace("1×", "1.0×").replace("2×", "2.0×").replace("3×", "3.0×")
