"""Evidence by partial and part: planted there by models written by hand, found there, and said."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.attribution import integrated_gradients
from xai_core.canvas import PARTS, part_of_frames
from xai_core.errors import InputError
from xai_core.explanations import partials
from xai_core.explanations.partials import Breakdown, break_down, breakdown_sentence, pitch_of
from xai_core.features import axes, extract
from xai_core.values import Attribution, Evidence, Explanation, FloatArray, Waveform

SR = 16_000
SECONDS = np.arange(4 * SR) / SR
PITCH = 440.0
HZ = axes("stft")[1].values
# a note of 8 partials: onset at 0.5 s, 0.2 s to its maximum, let go at 3 s
ENVELOPE = np.interp(SECONDS, [0.5, 0.7, 3.0, 3.1], [0.0, 1.0, 0.8, 0.0])
NOTE = Waveform(
    0.1 * ENVELOPE * sum(np.sin(2 * np.pi * PITCH * k * SECONDS) for k in range(1, 9)), SR
)
PART = part_of_frames(NOTE)


def on_partial(k: int) -> FloatArray:
    """Return weights of 1 on the bins within 20 Hz of a partial, in every frame."""
    return np.ones((126, 1)) * (np.abs(HZ - k * PITCH) < 20)


def in_part(name: str) -> FloatArray:
    return (PARTS.index(name) == PART)[:, np.newaxis] * np.ones(1025)


def explained(
    weights: FloatArray, *, type: str = "stft", probability: float = 0.9, waveform: Waveform = NOTE
) -> Explanation:
    """Explain a model written by hand: its logit is the weighted sum of its spectrogram's bins."""
    spectrogram = extract(waveform, type)
    x = spectrogram.values.astype(np.float64)
    values = integrated_gradients(
        lambda points: np.broadcast_to(weights, points.shape), x, np.zeros_like(x), n_steps=4
    )
    attribution = Attribution(values, type, *axes(type), "integrated_gradients", "logit")
    return Explanation(spectrogram, attribution, "flute", probability, 0.0, None, {}, waveform)


def shares(evidence: tuple[Evidence, ...]) -> dict[str, float]:
    """Return the share of all that speaks for the family, by name."""
    total = sum(one.speaks_for for one in evidence)
    return {one.name: one.speaks_for / total for one in evidence}


def test_evidence_planted_on_one_partial_is_found_on_it() -> None:
    found = break_down(explained(on_partial(2)), pitch=PITCH)
    assert shares(found.by_partial)["partial 2"] == pytest.approx(1.0, abs=1e-6)
    assert shares(found.by_part)["decay and sustain"] > 0.75  # 2.3 s of the 2.5 s that sound


def test_evidence_planted_in_the_attack_is_found_in_it() -> None:
    found = break_down(explained(in_part("attack")), pitch=PITCH)
    assert shares(found.by_part)["attack"] == pytest.approx(1.0, abs=1e-6)
    elsewhere = [row for name, row in zip(PARTS, found.within, strict=True) if name != "attack"]
    assert not any(one.speaks_for for row in elsewhere for one in row)


def test_a_partial_is_found_whatever_the_model_receives() -> None:
    mel = axes("log_mel")[1].values
    nearest = np.zeros((126, 128))
    nearest[:, np.argmin(np.abs(mel - 3 * PITCH))] = 1.0
    found = shares(break_down(explained(nearest, type="log_mel"), pitch=PITCH).by_partial)
    assert max(found, key=lambda name: found[name]) == "partial 3"
    assert found["partial 3"] > 0.8  # a band is wider than a quarter tone to each side


def test_places_parts_and_both_add_up_to_the_map() -> None:
    weights = np.random.default_rng(0).standard_normal((126, 1025))
    explanation = explained(weights)
    found = break_down(explanation, pitch=PITCH)
    values = explanation.attribution.values.astype(np.float64)
    both = [one for row in found.within for one in row]
    for evidence in (found.by_partial, found.by_part, both):
        assert sum(one.speaks_for for one in evidence) == pytest.approx(values[values > 0].sum())
        assert sum(one.speaks_against for one in evidence) == pytest.approx(
            values[values < 0].sum()
        )
    assert [sum(one.net for one in row) for row in found.within] == pytest.approx(
        [one.net for one in found.by_part]
    )


def said(weights: FloatArray, *, pitch: float | None = PITCH, probability: float = 0.9) -> str:
    explanation = explained(weights, probability=probability)
    return breakdown_sentence(break_down(explanation, pitch=pitch), explanation)


def test_the_sentence_names_the_partial() -> None:
    assert said(on_partial(2) * in_part("attack")) == (
        "The flute model says yes above all because of partial 2 (100 % of the evidence for flute),"
        " in the attack."
    )


def test_the_sentence_says_no_by_what_speaks_against() -> None:
    weights = (on_partial(4) - 3 * on_partial(5)) * in_part("decay and sustain")
    assert said(weights, probability=0.2) == (
        "The flute model says no above all because of partial 5 (100 % of the evidence against "
        "flute), in the decay and sustain."
    )


def by_hand(table: dict[tuple[str, str], float]) -> Breakdown:
    """Return a breakdown of evidence for the family, by part and place."""
    places = ("partial 1", "partial 2", "between partials")
    within = tuple(
        tuple(Evidence(place, table.get((part, place), 0.0), 0.0) for place in places)
        for part in PARTS
    )
    by_partial = tuple(
        Evidence(place, sum(row[k].speaks_for for row in within), 0.0)
        for k, place in enumerate(places)
    )
    by_part = tuple(
        Evidence(part, sum(one.speaks_for for one in row), 0.0)
        for part, row in zip(PARTS, within, strict=True)
    )
    return Breakdown(440.0, by_partial, by_part, within)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (  # shares of what is named: of the cell where one part holds two thirds of a place
            {
                ("attack", "partial 2"): 20.0,
                ("decay and sustain", "partial 2"): 20.0,
                ("attack", "between partials"): 30.0,
                ("release", "between partials"): 8.0,
                ("attack", "partial 1"): 22.0,
            },
            "partial 2 (40 % of the evidence for flute) and what lies between the partials in the "
            "attack (30 %)",
        ),
        (
            {("attack", "partial 1"): 60.0, ("attack", "between partials"): 40.0},
            "partial 1 (60 % of the evidence for flute) and what lies between the partials (40 %), "
            "both in the attack",
        ),
        (
            {("before", "between partials"): 95.0, ("release", "partial 1"): 5.0},
            "what lies between the partials (95 % of the evidence for flute), before the note "
            "begins",
        ),
    ],
)
def test_two_places_and_when(table: dict[tuple[str, str], float], sentence: str) -> None:
    explanation = explained(on_partial(1))
    found = breakdown_sentence(by_hand(table), explanation)
    assert found == f"The flute model says yes above all because of {sentence}."


def test_without_a_pitch_parts_are_named() -> None:
    explanation = explained(in_part("attack") + 0.2 * in_part("release"))
    found = break_down(explanation, pitch=None)
    assert (found.by_partial, found.within) == ((), ())
    share = shares(found.by_part)["attack"]
    assert share > 0.7
    assert breakdown_sentence(found, explanation).startswith(
        "The flute model says yes above all because of the attack "
        f"({100 * share:.0f} % of the evidence for flute)"
    )


def test_a_side_without_evidence_and_a_map_that_is_zero_are_said() -> None:
    assert said(on_partial(1), probability=0.2) == (
        "The flute model says no, though nothing in this map speaks against flute."
    )
    assert said(np.zeros((126, 1025))).startswith("The map is zero everywhere: ")


def test_a_pitch_is_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []

    def counted(waveform: Waveform) -> float:
        found.append(waveform)
        return 99.0

    monkeypatch.setattr(partials, "find_pitch", counted)
    other = Waveform(0.5 * NOTE.y, SR)
    assert [pitch_of(other), pitch_of(Waveform(other.y.copy(), SR))] == [99.0, 99.0]
    assert len(found) == 1


def test_a_pitch_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="pitch above 0 Hz"):
        break_down(explained(on_partial(1)), pitch=0.0)
