"""Ticks lie where the frequencies are, and every bin has a name of its own."""

from __future__ import annotations

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from tests.figures.hand_made import axis_of
from xai_core import features
from xai_core.figures.base.axes import (
    axis_title,
    bin_edges,
    bin_names,
    bin_positions,
    bin_ticks,
    block_names,
    is_even,
    outer_edges,
)
from xai_core.values import SPECTROGRAM_TYPES, Axis


def _number(text: str) -> float:
    return 1000 * float(text[:-1]) if text.endswith("k") else float(text)


def _slaney_mel(hz: float) -> float:
    """Slaney's scale: linear to 1 kHz at 15 mel, then 27 mel for a factor of 6.4."""
    return 15 * hz / 1000 if hz <= 1000 else 15 + 27 * np.log(hz / 1000) / np.log(6.4)


def _bins(axis: Axis, positions: tuple[float, ...]) -> np.ndarray:
    """Return the number of the bin, or the place between two, at each coordinate."""
    return np.interp(positions, bin_positions(axis), np.arange(axis.values.size))


# --------------------------------------------------------------------------- ticks


def test_stft_ticks_lie_on_the_bins_of_their_frequencies() -> None:
    # bins are 16 000 / 2048 = 7.8125 Hz apart, so 1 kHz is bin 128 exactly
    axis = axis_of("stft")
    ticks = bin_ticks(axis)
    expected = {"0": 0.0, **{f"{k}k": 128.0 * k for k in range(1, 9)}}
    assert dict(zip(ticks.texts, _bins(axis, ticks.positions), strict=True)) == expected


def test_mel_ticks_lie_where_the_mel_scale_puts_their_frequencies() -> None:
    axis = axis_of("log_mel")
    ticks = bin_ticks(axis)
    assert {"100", "500", "1k", "2k", "4k"} <= set(ticks.texts)
    assert "8k" not in ticks.texts  # the last band is at 7.8 kHz
    # 128 bands between 129 equal steps of mel; band 0 is one step up
    steps = _slaney_mel(8000) / 129
    exact = [_slaney_mel(_number(text)) / steps - 1 for text in ticks.texts]
    # between bands the axis is linear in Hz, not in mel: less than 0.01 bands off
    bins = _bins(axis, ticks.positions)
    assert bins == pytest.approx(exact, abs=0.01)
    assert 41 < dict(zip(ticks.texts, bins, strict=True))["1k"] < 42


@pytest.mark.parametrize("type", ["stft", "log_mel", "mfcc"])
def test_the_axis_at_a_tick_is_what_the_tick_says(type: str) -> None:
    axis = axis_of(type)
    ticks = bin_ticks(axis)
    there = np.interp(ticks.positions, bin_positions(axis), axis.values)
    assert there == pytest.approx([_number(text) for text in ticks.texts], rel=1e-9)
    assert len(ticks.texts) >= 6


@hypothesis.given(st.integers(0, 1000), st.integers(20, 20_000), st.integers(2, 300))
def test_ticks_of_any_even_axis_are_few_and_true(low: int, span: int, n_bins: int) -> None:
    axis = Axis("Frequency", "Hz", np.linspace(low, low + span, n_bins))
    ticks = bin_ticks(axis)
    assert 3 <= len(ticks.texts) <= 9
    assert len(set(ticks.texts)) == len(ticks.texts)
    there = np.interp(ticks.positions, bin_positions(axis), axis.values)
    assert there == pytest.approx([_number(text) for text in ticks.texts], rel=1e-9)


def test_round_frequencies_that_the_axis_does_not_reach_get_no_tick() -> None:
    ticks = bin_ticks(Axis("Frequency", "Hz", np.array([200.0, 300.0, 1000.0, 3000.0])))
    there = dict(zip(ticks.texts, ticks.positions, strict=True))
    assert there == pytest.approx(
        {"250": 0.5, "500": 9 / 7, "750": 23 / 14, "1k": 2.0, "1.5k": 2.25, "2k": 2.5, "3k": 3.0}
    )


def test_each_of_a_few_named_bins_has_its_tick() -> None:
    ticks = bin_ticks(axis_of("chroma"))
    assert ticks.texts == ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
    assert ticks.positions == tuple(range(12))


def test_names_in_hz_leave_the_unit_to_the_title() -> None:
    axis = axis_of("spectral_contrast")
    assert bin_ticks(axis).texts[:2] == ("0–200", "200–400")
    assert axis_title(axis) == "Octave band (Hz)"


def test_many_named_bins_skip_names_evenly() -> None:
    labels = tuple(f"n{i}" for i in range(40))
    ticks = bin_ticks(Axis("Bin", "", np.arange(40.0), labels))
    assert ticks.positions == tuple(range(0, 40, 3))  # the smallest step with at most 16
    assert ticks.texts == labels[::3]


def test_one_bin_has_nothing_to_measure() -> None:
    assert bin_ticks(Axis("Frequency", "Hz", np.array([440.0]))).positions == ()


@pytest.mark.parametrize(
    ("type", "title"),
    [
        ("stft", "Frequency (Hz)"),
        ("mfcc", "Coefficient"),
        ("chroma", "Pitch class"),
    ],
)
def test_titles_carry_units_where_there_are_any(type: str, title: str) -> None:
    assert axis_title(axis_of(type)) == title


# --------------------------------------------------------------------- coordinates


def test_even_axes_are_drawn_in_their_own_unit() -> None:
    stft = axis_of("stft")
    assert is_even(stft)
    assert bin_positions(stft)[128] == 1000.0
    assert bin_edges(stft) == pytest.approx((-3.90625, 8003.90625), abs=1e-9)  # half of 7.8125 Hz
    assert bin_positions(axis_of("mfcc")).tolist() == list(range(40))


@pytest.mark.parametrize("type", ["log_mel", "chroma", "spectral_contrast", "tonnetz"])
def test_other_axes_are_drawn_on_bins_of_equal_height(type: str) -> None:
    axis = axis_of(type)
    n = axis.values.size
    assert not is_even(axis)
    assert bin_positions(axis).tolist() == list(range(n))
    assert bin_edges(axis) == (-0.5, n - 0.5)


# --------------------------------------------------------------------------- names


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
def test_no_two_bins_share_a_name(type: str) -> None:
    # a category axis would draw two bins of one name in one row
    axis = axis_of(type)
    assert len(set(bin_names(axis))) == axis.values.size


def test_names_say_where_a_bin_is() -> None:
    assert bin_names(axis_of("stft"))[128] == "1000 Hz"
    assert bin_names(axis_of("mfcc"))[7] == "coefficient 7"
    assert bin_names(axis_of("chroma"))[9] == "A"
    assert bin_names(Axis("", "", np.arange(2.0))) == ("bin 0", "bin 1")


def test_bins_closer_than_a_hertz_are_told_apart() -> None:
    axis = Axis("Frequency", "Hz", np.array([440.0, 440.4, 441.0]))
    assert bin_names(axis) == ("440.0 Hz", "440.4 Hz", "441.0 Hz")


def test_blocks_are_named_after_their_first_and_last_bin() -> None:
    axis = Axis("Frequency", "Hz", np.arange(0, 4000, 500.0))
    assert block_names(axis, 4) == (
        "0 to 500 Hz",
        "1000 to 1500 Hz",
        "2000 to 2500 Hz",
        "3000 to 3500 Hz",
    )
    assert block_names(axis, 8) == bin_names(axis)
    assert block_names(axis, 1) == ("0 to 3500 Hz",)
    # of three bins in two blocks the middle one belongs to both
    named = Axis("Pitch class", "", np.arange(3.0), ("C", "D", "E"))
    assert block_names(named, 2) == ("C to D", "D to E")


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
def test_blocks_cover_the_axis_and_have_names_of_their_own(type: str) -> None:
    axis = axis_of(type)
    names = bin_names(axis)
    for n_blocks in {1, axis.values.size, axis.values.size // 2, min(axis.values.size, 64)}:
        blocks = block_names(axis, n_blocks)
        assert len(set(blocks)) == n_blocks
        assert blocks[0].startswith(names[0].removesuffix(" Hz"))
        assert blocks[-1].endswith(names[-1])


# ---------------------------------------------------------------------------- time


def test_a_frame_is_drawn_half_a_hop_to_either_side() -> None:
    # 126 frames of 512 / 16 000 s, centred: 16 ms either way
    assert outer_edges(features.axes("stft")[0]) == pytest.approx((-0.016, 4.016), rel=1e-9)


def test_a_single_frame_and_a_single_bin_have_a_width() -> None:
    assert outer_edges(Axis("Time", "s", np.array([2.0]))) == (1.5, 2.5)
    assert bin_edges(Axis("Frequency", "Hz", np.array([440.0]))) == (-0.5, 0.5)
