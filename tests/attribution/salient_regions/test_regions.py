"""What drives an answer: known maps, shares that add up, axes of all six types."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xai_core.attribution.salient_regions.rectangles import (
    bin_edges,
    in_two_digits,
    note_name,
)
from xai_core.attribution.salient_regions.regions import find_salient_regions
from xai_core.features import axes, extract
from xai_core.values import PITCH_CLASSES, SPECTROGRAM_TYPES, Attribution, Waveform


def attribution(
    values: np.ndarray, type: str = "log_mel", method: str = "integrated_gradients"
) -> Attribution:
    return Attribution(values, type, *axes(type), method=method, target="logit")


def zeros(type: str = "log_mel") -> np.ndarray:
    return np.zeros((126, axes(type)[1].values.size))


def test_one_hot_rectangle_gives_its_times_its_frequencies_and_all_evidence() -> None:
    values = zeros("stft")
    values[10:20, 100:111] = 0.5
    found = find_salient_regions(attribution(values, "stft"))
    (region,) = found.regions
    # frames are 32 ms apart and bins 7.8125 Hz; edges are the middles between them
    assert region.side == "for"
    assert (region.begin, region.end) == pytest.approx((9.5 * 0.032, 19.5 * 0.032))
    assert (region.low, region.high) == pytest.approx((99.5 * 7.8125, 110.5 * 7.8125))
    assert region.place == "777–863"
    assert region.share == pytest.approx(1.0)
    assert found.total_for == pytest.approx(55.0)
    assert found.total_against == 0.0
    assert found.share_of("for") == 1.0


def test_two_rectangles_have_the_shares_of_what_they_hold() -> None:
    values = zeros()
    values[5:15, 20:30], values[60:70, 90:100] = 3.0, 1.0
    first, second = find_salient_regions(attribution(values)).regions
    assert (first.share, second.share) == pytest.approx((0.75, 0.25))
    assert first.end < second.begin


def test_the_other_sign_swaps_for_and_against() -> None:
    values = np.random.default_rng(3).standard_normal((126, 12)) ** 3
    plain, turned = (find_salient_regions(attribution(sign * values, "chroma")) for sign in (1, -1))
    assert (plain.total_for, plain.total_against) == (turned.total_against, turned.total_for)
    for side, other in (("for", "against"), ("against", "for")):
        mine, theirs = plain.on(side), turned.on(other)
        assert mine
        assert [(one.begin, one.end, one.place, one.share) for one in mine] == [
            (one.begin, one.end, one.place, one.share) for one in theirs
        ]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(SPECTROGRAM_TYPES[1:]))
def test_shares_add_up(seed: int, type: str) -> None:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(zeros(type).shape) * rng.gamma(0.2, size=zeros(type).shape)
    found = find_salient_regions(attribution(values, type))
    assert found.total_for - found.total_against == pytest.approx(
        float(values.sum()), abs=1e-5 * np.abs(values).sum()
    )
    assert found.share_of("for") + found.share_of("against") == pytest.approx(1.0)
    for side in ("for", "against"):
        shares = [region.share for region in found.on(side)]
        assert sum(shares) <= 1 + 1e-9
        assert shares == sorted(shares, reverse=True)
        assert all(share >= 0.02 for share in shares)
    assert found.main is not None
    assert 0.5 - 1e-9 <= found.main.share <= 1 + 1e-9


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(("stft", "log_mel")))
def test_the_share_is_of_what_lies_between_the_very_numbers(seed: int, type: str) -> None:
    rng = np.random.default_rng(seed)
    time, bins = axes(type)
    values = rng.gamma(0.05, size=zeros(type).shape)
    values *= np.exp(-time.values * rng.uniform(0, 5))[:, np.newaxis]
    values *= np.exp(-np.square((bins.values - rng.uniform(100, 7000)) / 1000))
    main = find_salient_regions(attribution(values, type)).main
    assert main is not None
    inside = values[(time.values >= main.begin - 1e-9) & (time.values <= main.end + 1e-9)]
    inside = inside[:, (bins.values >= main.low) & (bins.values <= main.high)]
    assert main.share == pytest.approx(float(inside.sum() / values.sum()), rel=1e-4)
    assert main.begin * 10 == pytest.approx(round(main.begin * 10))


def test_a_short_note_is_not_spread_and_a_long_one_is() -> None:
    onset, held = zeros(), zeros()
    onset[:9, 50:53] = 1.0
    held[:, 50:53] = 1.0
    short, long = (find_salient_regions(attribution(values)).main for values in (onset, held))
    assert short is not None
    assert long is not None
    assert (short.begin, short.end, short.spread, short.whole_note) == (0.0, 0.3, False, False)
    assert (long.begin, long.end, long.spread, long.whole_note) == (0.0, 4.0, True, True)


def test_evidence_that_is_all_against_is_what_the_main_one_is_of() -> None:
    values = zeros()
    values[20:30, 60] = -1.0
    found = find_salient_regions(attribution(values))
    assert found.main is not None
    assert found.main.side == "against"
    assert found.on("for") == ()


def test_a_map_of_zeros_has_no_evidence() -> None:
    found = find_salient_regions(attribution(zeros()))
    assert found.is_zero
    assert found.regions == ()
    assert found.share_of("for") == found.share_of("against") == 0.0


@pytest.mark.parametrize(
    ("type", "place", "strongest"),
    [
        ("stft", "20–35", 2 * 7.8125 + 7.8125 * 1.5),
        ("mfcc", "3 and 4", 3.0),
        ("chroma", "D♯ and E", 3.0),
        ("spectral_contrast", "800–3200 Hz", 3.0),
        ("tonnetz", "minor thirds y and major thirds x", 3.0),
    ],
)
def test_places_on_the_axes_of_each_type(type: str, place: str, strongest: float) -> None:
    values = zeros(type)
    values[40:50, 3:5] = 1.0
    (region,) = find_salient_regions(attribution(values, type)).regions
    assert region.place == place
    assert region.strongest == pytest.approx(strongest)
    assert region.note == ""  # no frequencies, or bins of a third


@pytest.mark.parametrize(
    ("frequency", "name"), [(440.0, "A4"), (1046.5, "C6"), (277.2, "C♯4"), (3520.0, "A7")]
)
def test_a_sinusoid_is_named_by_its_note(frequency: float, name: str) -> None:
    tone = np.sin(2 * np.pi * frequency * np.arange(64_000) / 16_000)
    values = extract(Waveform(0.5 * tone, 16_000), "stft").values
    loudest = np.where(values > 0.9, values, 0.0)
    found = find_salient_regions(attribution(loudest, "stft"))
    assert found.regions[0].note == name
    assert found.regions[0].strongest == pytest.approx(frequency, abs=2.0)
    assert found.main is not None
    assert found.main.note == name
    assert (found.main.begin, found.main.end) == (0.0, 4.0)


def test_grad_cam_is_too_coarse_for_notes() -> None:
    values = zeros()
    values[10:40, 40:42] = 1.0
    notes = [
        find_salient_regions(attribution(values, method=method)).regions[0].note
        for method in ("integrated_gradients", "grad_cam")
    ]
    assert notes == ["B5", ""]


def test_notes_have_names_on_a_piano_and_where_bins_are_fine_enough() -> None:
    assert [note_name(f) for f in (27.5, 261.63, 4186.0)] == ["A0", "C4", "C8"]
    assert [note_name(f) for f in (0.0, 20.0, 5000.0)] == ["", "", ""]
    assert note_name(220.0, width=13.0) == "A3"  # a semitone is 13.08 Hz there
    assert note_name(220.0, width=13.2) == ""


def test_pitch_classes_are_those_of_the_chroma() -> None:
    assert axes("chroma")[1].labels == PITCH_CLASSES


def test_a_range_in_two_digits_holds_the_range() -> None:
    assert in_two_digits(0.0, 99.2) == (0.0, 100.0)
    assert in_two_digits(440.0, 880.0) == (440.0, 880.0)
    assert in_two_digits(1249.0, 7809.0) == (1200.0, 7900.0)


def test_edges_are_middles_and_the_outermost_bins() -> None:
    assert bin_edges(np.array([0.0, 1.0, 3.0])).tolist() == [0.0, 0.5, 2.0, 3.0]
    assert bin_edges(np.array([2.0])).tolist() == [2.0, 2.0]
