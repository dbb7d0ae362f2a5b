"""Bands of an axis: known spectra, peaks that stand out, stretches that tile the axis."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xai_core.attribution.salient_regions.bands import (
    bands_of,
    bin_edges,
    mean_power,
    peak_frequency,
    prominent_peaks,
    shortest_stretch,
)
from xai_core.features import axes, extract
from xai_core.values import SPECTROGRAM_TYPES, Spectrogram, Waveform

SR = 16_000
T = np.arange(4 * SR) / SR


def tone(*partials: tuple[float, float]) -> Spectrogram:
    """Return the STFT of sinusoids of some frequencies (Hz) and amplitudes."""
    y = sum(amplitude * np.sin(2 * np.pi * frequency * T) for frequency, amplitude in partials)
    return extract(Waveform(0.2 * y, SR), "stft")


@pytest.mark.parametrize("frequency", [329.2, 440.0, 987.6, 1001.3, 3520.0])
def test_the_peak_of_a_sinusoid_is_its_frequency(frequency: float) -> None:
    note = tone((frequency, 1.0))
    found = peak_frequency(mean_power(note), note.bins.values, frequency - 50, frequency + 50)
    assert found == pytest.approx(frequency, abs=0.1)  # a bin is 7.8 Hz wide


def test_the_peak_of_a_range_without_one_is_its_largest_bin() -> None:
    note = tone((440.0, 1.0))
    centres = note.bins.values
    assert peak_frequency(mean_power(note), centres, 0.0, 0.0) == 0.0
    rising = np.arange(centres.size, dtype=float)  # largest at the upper end of any range
    assert peak_frequency(rising, centres, 100.0, 125.0) == centres[16]


@pytest.mark.parametrize("type", ["stft", "log_mel"])
def test_partials_lie_where_they_sound_and_reach_to_the_middle_between(type: str) -> None:
    note = tone(*((330.0 * k, 0.7**k) for k in range(1, 6)))
    bins = axes(type)[1]
    partials = [one for one in bands_of(bins, note) if one.frequency is not None]
    assert [one.frequency for one in partials] == pytest.approx(
        [330.0 * k for k in range(1, 6)], abs=0.5
    )
    for one in partials:
        width = float(np.diff(bins.values).max()) if type == "stft" else 0.06 * one.high
        assert one.low >= one.frequency - 165.0 - width
        assert one.high <= one.frequency + 165.0 + width


def test_a_partial_alone_reaches_half_of_its_frequency_to_each_side() -> None:
    (found,) = (one for one in bands_of(axes("stft")[1], tone((1000.0, 1.0))) if one.frequency)
    assert (found.low, found.high) == pytest.approx((500.0, 1500.0), abs=8.0)


def test_noise_has_no_partials_and_is_cut_at_octaves() -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(4 * SR)
    bands = bands_of(axes("stft")[1], extract(Waveform(noise, SR), "stft"))
    assert [one.frequency for one in bands] == [None] * 7
    assert [one.high for one in bands] == pytest.approx(
        [125, 250, 500, 1000, 2000, 4000, 8000], abs=4.0
    )


def test_named_bins_are_bands_of_their_own() -> None:
    bands = bands_of(axes("chroma")[1], tone((440.0, 1.0)))
    assert [(one.bins.start, one.bins.stop) for one in bands] == [(k, k + 1) for k in range(12)]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(SPECTROGRAM_TYPES), st.booleans())
def test_bands_cover_an_axis_once(seed: int, type: str, with_partials: bool) -> None:
    rng = np.random.default_rng(seed)
    time, frequencies = axes("stft")
    values = np.clip(rng.normal(0.3, 0.3, (126, 1025)), 0, 1) * rng.gamma(0.3, size=1025).clip(0, 1)
    bins = axes(type)[1]
    note = Spectrogram(values, "stft", time, frequencies)
    bands = bands_of(bins, note, with_partials=with_partials)
    stretches = [k for one in bands for k in range(one.bins.start, one.bins.stop)]
    assert stretches == list(range(bins.values.size))
    for one in bands:
        if one.frequency is not None:
            assert one.low <= one.frequency <= one.high


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=3, max_size=30))
def test_valleys_between_peaks_are_deep_enough(level: list[int]) -> None:
    values = np.array(level, float)
    found = prominent_peaks(values)
    for (first, valley), (second, _) in pairwise(found):
        assert first < valley <= second
        assert values[valley] == values[first : second + 1].min()
        assert values[[first, second]].min() - values[valley] >= 6.0


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=12).filter(any),
    st.floats(0.05, 1.0),
)
def test_the_shortest_stretch_holds_enough_and_no_shorter_one_does(
    weights: list[int], share: float
) -> None:
    values = np.array(weights, float)
    found = shortest_stretch(values, share)
    enough = share * values.sum() * (1 - 1e-9)
    assert values[found].sum() >= enough
    length = found.stop - found.start
    shorter = [values[k : k + length - 1].sum() for k in range(values.size)]
    assert length == 1 or max(shorter) < share * values.sum()


def test_edges_are_middles_and_the_outermost_bins() -> None:
    assert bin_edges(np.array([0.0, 1.0, 3.0])).tolist() == [0.0, 0.5, 2.0, 3.0]
    assert bin_edges(np.array([2.0])).tolist() == [2.0, 2.0]
