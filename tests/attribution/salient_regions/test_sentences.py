"""Sentences on what drives an answer: each kind of map, and numbers that are true of it."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.attribution.salient_regions.regions import (
    find_salient_regions,
    salient_regions_sentence,
    share_text,
)
from xai_core.features import axes, extract
from xai_core.values import Attribution, Waveform

T = np.arange(64_000) / 16_000
TONES = 0.2 * (np.sin(2 * np.pi * 440 * T) + np.sin(2 * np.pi * 880 * T))


def said(
    values: np.ndarray,
    type: str = "stft",
    *,
    method: str = "integrated_gradients",
    says_yes: bool = True,
    until: float = 4.0,
    pitch: float | None = 440.0,
) -> str:
    one = Attribution(values, type, *axes(type), method=method, target="logit")
    note = extract(Waveform(TONES * (until > T), 16_000), "stft")
    found = find_salient_regions(one, note, pitch=pitch)
    return salient_regions_sentence(found, one, family="flute", says_yes=says_yes)


def spot(frames: slice, bins: slice, type: str = "stft", *, sum: float = 1.0) -> np.ndarray:
    values = np.zeros((126, axes(type)[1].values.size))
    values[frames, bins] = sum / values[frames, bins].size
    return values


ALL = slice(0, 126)
FIRST, SECOND = slice(54, 59), slice(110, 116)  # 422 to 453 Hz, 859 to 898 Hz


def test_an_onset_of_one_partial() -> None:
    assert said(spot(slice(0, 10), FIRST, sum=2.5)) == (
        "Speaks for flute most of all: the fundamental at 440 Hz (A4) in the first 0.2 s, "
        "net +2.50."
    )


def test_two_partials_and_what_speaks_against() -> None:
    values = spot(ALL, SECOND, sum=3.0) + spot(ALL, FIRST, sum=1.0)
    values += spot(slice(50, 60), slice(600, 610), sum=-2.0)
    assert said(values) == (
        "Speaks for flute most of all: harmonic 2 at 880 Hz (A5), net +3.00, then the fundamental "
        "at 440 Hz (A4), net +1.00. Speaks against flute most of all: at 4000–8000 Hz between 1.6 "
        "and 1.8 s, net −2.00. In all, 67 % of the evidence speaks for flute and 33 % against."
    )


def test_a_no_begins_with_what_speaks_against() -> None:
    values = spot(ALL, SECOND, sum=3.0) + spot(ALL, FIRST, sum=-1.0)
    assert said(values, says_yes=False) == (
        "Speaks against flute most of all: the fundamental at 440 Hz (A4), net −1.00. Speaks for "
        "flute most of all: harmonic 2 at 880 Hz (A5), net +3.00. In all, 25 % of the evidence "
        "speaks against flute and 75 % for."
    )


def test_without_a_pitch_partials_have_their_frequency_and_note() -> None:
    assert said(spot(ALL, SECOND), pitch=None) == (
        "Speaks for flute most of all: at 880 Hz (A5), net +1.00."
    )


def test_what_cancels_is_in_the_shares_alone() -> None:
    values = spot(ALL, slice(54, 56)) - spot(ALL, slice(57, 59)) + spot(ALL, SECOND, sum=2.0)
    assert said(values) == (
        "Speaks for flute most of all: harmonic 2 at 880 Hz (A5), net +2.00. In all, 75 % of the "
        "evidence speaks for flute and 25 % against."
    )


def test_evidence_in_silence_is_said_to_be_there() -> None:
    values = spot(slice(0, 50), FIRST, sum=3.0) + spot(slice(90, 110), FIRST, sum=1.0)
    assert said(values, until=2.0).endswith("25 % of the evidence lies in the silence after 2.1 s.")
    assert "silence" not in said(values)


def test_digits_follow_the_largest_net() -> None:
    assert "net +0.00123." in said(spot(ALL, FIRST, sum=0.00123))
    assert "net +123." in said(spot(ALL, FIRST, sum=123.4))


def test_maps_of_zeros_are_said_to_be_so() -> None:
    nothing = np.zeros((126, 1025))
    assert said(nothing).startswith("The map is zero everywhere: nothing in it speaks for flute")
    assert said(nothing, method="grad_cam").startswith("Grad-CAM is zero everywhere")


@pytest.mark.parametrize(
    ("type", "number", "words"),
    [
        ("mfcc", 7, "in coefficient 7, net"),
        ("chroma", 9, "in pitch class A, net"),
        ("spectral_contrast", 3, "in the octave band 800–1600 Hz, net"),
        ("tonnetz", 2, "along the minor thirds x, net"),
    ],
)
def test_words_for_the_axes_of_each_type(type: str, number: int, words: str) -> None:
    assert words in said(spot(ALL, slice(number, number + 1), type), type)


def test_shares_never_say_all_or_nothing_of_less_or_more() -> None:
    assert [share_text(one) for one in (0.0, 0.004, 0.5, 0.996, 1.0)] == [
        "0 %",
        "< 1 %",
        "50 %",
        "> 99 %",
        "100 %",
    ]


def test_a_gradient_says_what_would_change_and_no_evidence() -> None:
    values = spot(ALL, slice(40, 41), "log_mel", sum=3.0) - spot(ALL, slice(90, 91), "log_mel")
    for method in ("gradient", "smooth_grad"):
        text = said(values, "log_mel", method=method)
        assert text.startswith("Louder raises the score of flute most of all: ")
        assert text.endswith(
            "In all, 75 % of the reaction would raise the score of flute and 25 % lower it."
        )
        no = said(values, "log_mel", method=method, says_yes=False)
        assert no.endswith("25 % of the reaction would lower the score of flute and 75 % raise it.")
        assert "evidence" not in text + no
    assert "evidence speaks for flute" in said(values, "log_mel", method="input_x_gradient")
