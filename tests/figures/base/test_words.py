"""What the alternative texts say, against maps whose content is known."""

from __future__ import annotations

import numpy as np
import pytest

from tests.figures.hand_made import (
    axis_of,
    feature_maps,
    grad_cam,
    hot,
    integrated_gradients,
    spectrogram,
    zeros,
)
from xai_core.catalogue.types import spectrogram_type
from xai_core.figures import alt_text, attribution_figure
from xai_core.figures.base.words import (
    attribution_sentence,
    feature_maps_sentence,
    meaning_of,
    percent_text,
    probability_sentence,
    spectrogram_sentence,
    zero_sentence,
)
from xai_core.values import FAMILIES, SPECTROGRAM_TYPES, FloatArray


def _stretch(type: str, frames: slice, bin: int, value: float = 1.0) -> FloatArray:
    values = zeros(type)
    values[frames, bin] = value
    return values


# -------------------------------------------------------------------- spectrograms


def test_a_spectrogram_names_its_strongest_bin_and_when() -> None:
    # 10 even frames from 50 on: 80 % are frames 50 to 57, from 49.5 to 57.5 hops of 32 ms
    sentence = spectrogram_sentence(spectrogram("stft", _stretch("stft", slice(50, 60), 128)))
    assert sentence == (
        "STFT spectrogram, 4.0 s; most energy lies around 1000 Hz between 1.6 and 1.8 s."
    )


def test_most_energy_is_counted_in_power() -> None:
    # 0.8 of the scale is 16 dB below the peak: 126 frames of it hold 3.2 peak frames' power,
    # though their sum on the scale is five times that of the 20 frames at the peak
    values = _stretch("log_mel", slice(None), 10, 0.8)
    values[40:60, 90] = 1.0
    name = f"{axis_of('log_mel').values[90]:.0f} Hz"
    assert f"around {name} between 1.3" in spectrogram_sentence(spectrogram("log_mel", values))


@pytest.mark.parametrize(
    ("type", "said"),
    [
        ("chroma", "Chroma, 4.0 s; the strongest pitch class is D, mostly throughout."),
        ("spectral_contrast", "peaks stand out most from valleys in 400–800 Hz, mostly"),
        ("tonnetz", "the tonal centre is furthest from the middle along minor thirds x, mostly"),
        ("mfcc", "apart from the overall level, coefficient 2 is the largest, mostly"),
    ],
)
def test_each_type_has_words_of_its_own(type: str, said: str) -> None:
    values = _stretch(type, slice(None), 2, -0.5 if type == "tonnetz" else 0.5)
    if type == "mfcc":
        values[:, 0] = 40.0
    assert said in spectrogram_sentence(spectrogram(type, values))


def test_an_mfcc_of_nothing_but_its_level_claims_no_other_coefficient() -> None:
    values = _stretch("mfcc", slice(None), 0, 40.0)
    sentence = spectrogram_sentence(spectrogram("mfcc", values))
    assert sentence == "MFCC, 4.0 s; nothing but the overall level."


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
def test_silence_is_called_silence(type: str) -> None:
    sentence = spectrogram_sentence(spectrogram(type, zeros(type)))
    assert sentence == f"{spectrogram_type(type).title}, 4.0 s; silence, every bin is zero."


# -------------------------------------------------------------------- attributions


def test_an_attribution_names_what_raises_what_lowers_and_when() -> None:
    values = hot("stft", 31, 128, 0.5) + hot("stft", 33, 256, -2.0)
    assert attribution_sentence(integrated_gradients("stft", values)) == (
        # frame 33 holds 80 %: 32.5 to 33.5 hops of 32 ms
        "Integrated Gradients map: bins around 1000 Hz raise the score most, "
        "bins around 2000 Hz lower it most, 80 % of the evidence lies between 1.0 and 1.1 s."
    )


def test_signs_do_not_cancel_over_time() -> None:
    values = zeros("chroma")
    values[::2, 4], values[1::2, 4] = 1.0, -1.0
    values[0, 7] = 2.0
    sentence = attribution_sentence(integrated_gradients("chroma", values))
    assert "around E raise the score most, bins around E lower it most" in sentence


def test_what_does_not_happen_is_not_said() -> None:
    sentence = attribution_sentence(grad_cam("chroma", hot("chroma", 0, 9)))
    assert sentence == (
        "Grad-CAM map: bins around A raise the score most, "
        "80 % of the evidence lies in the first 0.1 s."
    )
    sentence = attribution_sentence(integrated_gradients("chroma", hot("chroma", 0, 9, -1.0)))
    assert "raise" not in sentence
    assert "bins around A lower it most" in sentence


def test_zero_maps_say_so_and_why() -> None:
    assert attribution_sentence(grad_cam("chroma", zeros("chroma"))) == (
        "Grad-CAM map: zero in every bin."
    )
    assert "evidence in this layer<br>is negative" in zero_sentence(
        grad_cam("chroma", zeros("chroma"))
    )
    assert "does not differ<br>from the baseline" in zero_sentence(
        integrated_gradients("chroma", zeros("chroma"))
    )


def test_the_subtitle_gives_red_and_blue_their_meaning_only_where_they_are_drawn() -> None:
    assert "raise (red)" in meaning_of("integrated_gradients", "signed")
    assert "lower (blue)" in meaning_of("integrated_gradients", "signed")
    assert "red" not in meaning_of("integrated_gradients", "unsigned")


# ---------------------------------------------------------------------------- when


@pytest.mark.parametrize(
    ("frames", "when"),
    [
        (slice(0, 1), "in the first 0.1 s"),
        (slice(0, 20), "in the first 0.5 s"),  # 16 of 20 frames: to 15.5 hops, 0.496 s
        (slice(100, 101), "at 3.2 s"),
        (slice(116, 126), "between 3.7 and 4.0 s"),  # 8 of 10 frames: 115.5 to 123.5 hops
        (slice(0, 126), "throughout"),
    ],
)
def test_a_map_says_when(frames: slice, when: str) -> None:
    values = _stretch("chroma", frames, 0)
    sentence = attribution_sentence(integrated_gradients("chroma", values))
    said = f"bins around C raise the score most, 80 % of the evidence lies {when}."
    assert sentence == f"Integrated Gradients map: {said}"


def test_the_shortest_stretch_is_found() -> None:
    # 0.81 in frames 60 to 69, the rest far away on both sides
    values = _stretch("chroma", slice(60, 70), 5, 0.081)
    values[2, 5] = values[120, 5] = 0.095
    sentence = attribution_sentence(integrated_gradients("chroma", values))
    assert "lies between 1.9 and 2.2 s" in sentence


def test_a_figure_carries_its_sentence() -> None:
    attribution = integrated_gradients("chroma", hot("chroma", 3, 4))
    assert alt_text(attribution_figure(attribution)) == attribution_sentence(attribution)


# -------------------------------------------------------------------- feature maps


def test_feature_maps_name_the_loudest_and_the_silent() -> None:
    values = np.zeros((4, 3, 2))
    values[1, 0, 0], values[2, 1, 1] = 3.0, 2.0
    maps = feature_maps("chroma", values, filters=(4, 9, 17, 30))
    assert feature_maps_sentence(maps) == (
        "Feature maps of filters 4, 9, 17 and 30 of layer conv2d_5: "
        "filter 9 responds most, and filters 4 and 30 not at all."
    )
    assert feature_maps_sentence(feature_maps("chroma", np.ones((4, 3, 2)))).endswith(
        "conv2d_5: filter 0 responds most."
    )
    assert feature_maps_sentence(feature_maps("chroma", np.zeros((4, 3, 2)))).endswith(
        "none of them responds to this note."
    )


# ------------------------------------------------------------------- probabilities


def test_probabilities_name_the_surest_the_recognised_and_the_highlighted() -> None:
    row = dict.fromkeys(FAMILIES, 0.02)
    row |= {"organ": 0.93, "reed": 0.61, "flute": 0.124}
    assert probability_sentence(row, "flute") == (
        "Probabilities of ten families: organ is the most probable at 93 %; "
        "at least 50 %: organ and reed; flute has 12 %."
    )
    assert probability_sentence(row, "organ").endswith("at least 50 %: organ and reed.")


def test_probabilities_without_a_yes_and_without_models() -> None:
    sentence = probability_sentence({"bass": 0.3}, "vocal")
    assert sentence == (
        "Probabilities of ten families: bass is the most probable at 30 %; none reaches 50 %."
    )
    assert probability_sentence({}, None).endswith("no model has judged the note.")


def test_a_probability_just_short_of_yes_is_not_rounded_to_it() -> None:
    sentence = probability_sentence({"bass": 0.4987}, None)
    assert "most probable at < 50 %; none reaches 50 %" in sentence


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (None, "no model"),
        (0.0, "0 %"),
        (1e-9, "< 1 %"),
        (0.005, "< 1 %"),
        (0.0051, "1 %"),
        (0.0149, "1 %"),
        (0.494, "49 %"),
        (0.495, "< 50 %"),
        (0.4999, "< 50 %"),
        (0.5, "50 %"),
        (0.876, "88 %"),
        (0.9949, "99 %"),
        (0.9999, "> 99 %"),
        (1.0, "100 %"),
    ],
)
def test_percentages_never_round_to_what_is_not(probability: float | None, text: str) -> None:
    assert percent_text(probability) == text
