"""Sentences on what drives an answer: each kind of map, and numbers that are true of it."""

from __future__ import annotations

import re

import numpy as np
import pytest

from xai_core.attribution.salient_regions.regions import (
    find_salient_regions,
    salient_regions_sentence,
    share_text,
)
from xai_core.features import axes
from xai_core.values import Attribution


def said(values: np.ndarray, type: str = "stft", method: str = "integrated_gradients") -> str:
    one = Attribution(values, type, *axes(type), method=method, target="logit")
    return salient_regions_sentence(find_salient_regions(one), one, family="flute")


def spot(frames: slice, bins: slice, type: str = "stft", height: float = 1.0) -> np.ndarray:
    values = np.zeros((126, axes(type)[1].values.size))
    values[frames, bins] = height
    return values


def test_an_onset_around_one_note() -> None:
    values = spot(slice(0, 9), slice(112, 114))  # 875 and 883 Hz
    assert said(values) == (
        "100 % of the evidence for flute lies in the first 0.3 s, around 879 Hz (A5)."
    )


def test_a_sustained_note_over_the_whole_of_it() -> None:
    values = spot(slice(0, 126), slice(112, 114))
    assert "is spread over the whole note, around 879 Hz (A5)." in said(values)


def test_what_stops_before_the_end() -> None:
    values = spot(slice(0, 100), slice(112, 114))
    assert said(values).startswith("97 % of the evidence for flute is spread over the first 3.1 s")


def test_a_moment_in_the_middle_and_a_wide_band() -> None:
    values = spot(slice(50, 53), slice(100, 400))
    values[:, 230] *= 3.0
    sentence = said(values)
    assert "lies between 1.5 and 1.7 s, at" in sentence
    assert "most of all around 1797 Hz (A6)" in sentence


def test_all_bins_alike() -> None:
    values = spot(slice(0, 9), slice(0, 128), "log_mel")
    assert said(values, "log_mel") == (
        "100 % of the evidence for flute lies in the first 0.3 s, over all frequencies."
    )


def test_how_much_speaks_against() -> None:
    values = spot(slice(0, 9), slice(112, 114)) - spot(slice(60, 69), slice(300, 301), height=2 / 3)
    assert said(values).endswith("In all, 75 % of the evidence speaks for flute and 25 % against.")


def test_all_evidence_against() -> None:
    values = -spot(slice(0, 9), slice(112, 114))
    assert said(values) == (
        "All evidence speaks against flute. "
        "100 % of it lies in the first 0.3 s, around 879 Hz (A5)."
    )


def test_maps_of_zeros_are_said_to_be_so() -> None:
    nothing = np.zeros((126, 1025))
    assert said(nothing).startswith("The map is zero everywhere: nothing in it speaks for flute")
    assert said(nothing, method="grad_cam").startswith("Grad-CAM is zero everywhere")


@pytest.mark.parametrize(
    ("type", "bins", "words"),
    [
        ("mfcc", slice(7, 8), "in coefficient 7."),
        ("mfcc", slice(7, 11), "in coefficients 7 to 10."),
        ("chroma", slice(9, 10), "in pitch class A."),
        ("spectral_contrast", slice(3, 4), "in the octave band 800–1600 Hz."),
        ("tonnetz", slice(2, 3), "along the minor thirds x."),
        ("tonnetz", slice(0, 6), "over all tonal dimensions."),
    ],
)
def test_words_for_the_axes_of_each_type(type: str, bins: slice, words: str) -> None:
    assert said(spot(slice(5, 9), bins, type), type).endswith(words)


def test_the_sentence_is_true_of_the_map() -> None:
    time, bins = axes("log_mel")
    checked = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        values = rng.gamma(0.1, size=(126, 128))
        values *= np.exp(-time.values * rng.uniform(1, 5))[:, np.newaxis]
        values *= np.exp(-np.square((np.arange(128) - rng.uniform(20, 100)) / 40))
        found = re.match(
            r"(\d+) % .* (?:lies in|is spread over) the first ([\d.]+) s, at (\d+)–(\d+) Hz",
            said(values, "log_mel"),
        )
        if found is None:  # in another stretch, or around one frequency
            continue
        percent, end, low, high = (float(text) for text in found.groups())
        inside = values[time.values <= end + 1e-9][:, (bins.values >= low) & (bins.values <= high)]
        assert percent == pytest.approx(100 * inside.sum() / values.sum(), abs=0.51)
        checked += 1
    assert checked >= 15


def test_shares_never_say_all_or_nothing_of_less_or_more() -> None:
    assert [share_text(one) for one in (0.0, 0.004, 0.5, 0.996, 1.0)] == [
        "0 %",
        "< 1 %",
        "50 %",
        "> 99 %",
        "100 %",
    ]


def test_a_gradient_says_what_would_change_and_no_evidence() -> None:
    values = spot(slice(0, 8), slice(40, 41), "log_mel", 3.0) - spot(
        slice(60, 68), slice(90, 91), "log_mel"
    )
    for method in ("gradient", "smooth_grad"):
        text = said(values, "log_mel", method)
        assert "of what would raise the score of flute if it were louder lies in" in text
        assert text.endswith(
            "In all, 75 % of the reaction would raise the score of flute and 25 % lower it."
        )
        assert "evidence" not in text + said(-np.abs(values), "log_mel", method)
    assert "of the evidence for flute" in said(values, "log_mel", "input_x_gradient")
