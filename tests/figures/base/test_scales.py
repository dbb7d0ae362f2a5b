"""Where bins lie and what they are called; what a colour stands for."""

from __future__ import annotations

import hypothesis
import hypothesis.strategies as st
import librosa
import matplotlib
import numpy as np
import plotly.colors
import pytest

from tests.figures.hand_made import (
    axis_of,
    feature_maps,
    grad_cam,
    heatmap,
    hot,
    integrated_gradients,
    noise,
    shape_of,
    spectrogram,
    zeros,
)
from xai_core import features
from xai_core.errors import InputError
from xai_core.figures import limits
from xai_core.figures.base.scales import (
    CIVIDIS,
    DIVERGING,
    VIRIDIS,
    attribution_scale,
    axis_title,
    bin_edges,
    bin_names,
    bin_positions,
    bin_ticks,
    block_names,
    feature_maps_scale,
    has_notes,
    is_even,
    note_names,
    number_text,
    numbers_text,
    outer_edges,
    shared_sign,
    spectrogram_scale,
)
from xai_core.values import SHARE, SPECTROGRAM_TYPES, Attribution, Axis, FloatArray


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


@pytest.mark.parametrize("type", ["stft", "log_mel"])
def test_note_ticks_lie_at_the_frequencies_of_the_octaves(type: str) -> None:
    axis = axis_of(type)
    ticks = bin_ticks(axis, notes=True)
    assert {"C5", "C6", "C7", "C8"} <= set(ticks.texts)
    there = np.interp(ticks.positions, bin_positions(axis), axis.values)
    exact = librosa.note_to_hz(list(ticks.texts))
    assert there == pytest.approx(exact, rel=1e-9)
    low, high = bin_edges(axis)
    assert np.diff(ticks.positions).min() > (high - low) / 30  # room for a line of text


def test_an_axis_that_is_not_in_hertz_has_no_notes() -> None:
    for type in ("mfcc", "chroma", "spectral_contrast", "tonnetz"):
        axis = axis_of(type)
        assert not has_notes(axis)
        assert bin_ticks(axis, notes=True) == bin_ticks(axis)


def test_each_bin_has_the_nearest_note_where_bins_tell_semitones_apart() -> None:
    axis = axis_of("stft")
    names = note_names(axis)
    named = [k for k, name in enumerate(names) if name]
    # 7.8125 Hz is less than a semitone, 5.95 % of the frequency, from 131.4 Hz on
    assert axis.values[named[0]] == 132.8125
    assert axis.values[named[-1]] == pytest.approx(4304.6875)  # below half a semitone over C8
    exact = librosa.hz_to_note(axis.values[named], unicode=True)
    assert [names[k] for k in named] == list(exact)


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


def _row(values: FloatArray) -> Attribution:
    """Return an attribution of one frame."""
    n = len(values)
    bins = Axis("Bin", "", np.arange(float(n)))
    return Attribution(
        np.reshape(values, (1, n)),
        "mfcc",
        Axis("Time", "s", np.zeros(1)),
        bins,
        "integrated_gradients",
        "logit",
    )


TO_1000 = np.arange(1001.0)  # its p-th percentile is 10 p


ALTERNATING = TO_1000 * (-1) ** np.arange(1001)


# -------------------------------------------------------------------------- limits


def test_limits_are_percentiles_of_the_absolute_values() -> None:
    assert limits(_row(ALTERNATING)) == pytest.approx((-995.0, 995.0))
    assert limits(_row(ALTERNATING), percentile=90) == pytest.approx((-900.0, 900.0))
    assert limits(_row(ALTERNATING), percentile=100) == (-1000.0, 1000.0)
    assert limits(_row(ALTERNATING), sign="unsigned") == pytest.approx((0.0, 995.0))


def test_limits_do_not_ask_for_the_sign_of_a_bin() -> None:
    assert limits(_row(-TO_1000)) == limits(_row(TO_1000)) == limits(_row(ALTERNATING))


def test_maps_that_are_compared_are_ranked_together() -> None:
    # 0 ... 1000 and 1001 ... 2001 together: the median of 2002 numbers is 1000.5
    low, high = limits(_row(TO_1000), _row(-1001 - TO_1000), percentile=50)
    assert (low, high) == pytest.approx((-1000.5, 1000.5))


@hypothesis.given(st.integers(0, 2**32 - 1), st.floats(1, 100))
def test_signed_limits_are_symmetric_and_cover_their_share(seed: int, percentile: float) -> None:
    values = np.random.default_rng(seed).normal(size=200).astype(np.float32)
    low, high = limits(_row(values), percentile=percentile)
    assert low == -high < 0
    # the p-th percentile of 200 lies between the neighbours of rank 199 p / 100
    ranked = np.sort(np.abs(values))
    rank = int(199 * percentile / 100)
    assert ranked[rank] * (1 - 1e-6) <= high <= ranked[min(rank + 1, 199)] * (1 + 1e-6)


def test_zero_maps_get_one_as_their_limit() -> None:
    nothing = integrated_gradients("chroma", zeros("chroma"))
    assert limits(nothing) == (-1.0, 1.0)
    assert limits(nothing, nothing, sign="unsigned") == (0.0, 1.0)


def test_a_map_with_fewer_bins_than_are_clipped_keeps_its_strongest() -> None:
    # one bin of 1512: the 99.5th percentile is zero
    assert limits(integrated_gradients("chroma", hot("chroma", 3, 4, -0.25))) == (-0.25, 0.25)


def test_limits_of_heatmaps() -> None:
    share = heatmap("chroma", np.full(shape_of("chroma"), 1 / 1512))
    assert limits(share, sign="unsigned") == pytest.approx((0.0, 1 / 1512))


@pytest.mark.parametrize("percentile", [0.0, -1.0, 100.5, float("nan")])
def test_percentiles_out_of_range_are_refused(percentile: float) -> None:
    with pytest.raises(InputError, match=r"percentile above 0 and at most 100, got"):
        limits(_row(TO_1000), percentile=percentile)


def test_limits_of_no_map_are_refused() -> None:
    with pytest.raises(InputError, match="at least one map"):
        limits()


# ---------------------------------------------------------------------------- text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-80.0, "−80"),
        (0.5, "0.5"),
        (0.001234, "0.0012"),
        (1234.4, "1234"),
        (-0.000021, "−2.1×10⁻⁵"),
        (12345.0, "1.2×10⁴"),
    ],
)
def test_numbers_have_two_digits_and_a_true_minus(value: float, text: str) -> None:
    assert number_text(value) == text


@hypothesis.given(st.floats(1e-30, 1e30), st.booleans())
def test_a_number_can_be_read_back(size: float, negative: bool) -> None:
    value = -size if negative else size
    plain = str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789")
    read = float(number_text(value).translate(plain).replace("×10", "e"))
    assert read == pytest.approx(value, rel=0.05)  # two digits: half of the second


# -------------------------------------------------------------------- spectrograms


@pytest.mark.parametrize("type", ["stft", "log_mel"])
def test_scaled_decibels_are_shown_in_decibels(type: str) -> None:
    values = zeros(type)
    values[0, 0], values[1, 1] = 1.0, 0.25
    scale = spectrogram_scale(spectrogram(type, values))
    assert scale.values[0, 0] == 0.0
    assert scale.values[1, 1] == -60.0  # a quarter of the way up from -80 dB
    assert scale.values[2, 2] == -80.0
    assert (scale.low, scale.high, scale.unit) == (-80.0, 0.0, "dB")
    assert scale.ticks == ((-80, "−80"), (-60, "−60"), (-40, "−40"), (-20, "−20"), (0, "0"))


def test_contrast_is_shown_in_decibels_from_zero() -> None:
    values = np.full(shape_of("spectral_contrast"), 0.25)
    values[0, 0] = 0.5
    scale = spectrogram_scale(spectrogram("spectral_contrast", values))
    assert scale.values[1, 1] == 20.0  # dB / 80
    assert (scale.low, scale.high, scale.unit) == (0.0, 40.0, "dB")


def test_chroma_always_runs_from_zero_to_one() -> None:
    scale = spectrogram_scale(spectrogram("chroma", np.full(shape_of("chroma"), 0.3)))
    assert (scale.low, scale.high) == (0.0, 1.0)


def test_mfcc_colours_are_spread_over_all_but_the_level() -> None:
    values = noise("mfcc", 1)
    values[:, 0] = 50.0
    scale = spectrogram_scale(spectrogram("mfcc", values))
    rest = np.float32(values[:, 1:])
    assert (scale.low, scale.high) == (rest.min(), rest.max())
    assert scale.values[0, 0] == 50.0
    assert scale.ticks[0][1] == number_text(rest.min())
    assert scale.ticks[-1][1] == "≥ " + number_text(rest.max())


def test_tonnetz_is_centred_on_zero() -> None:
    values = zeros("tonnetz")
    values[0, 0], values[1, 1] = 0.2, -0.6
    scale = spectrogram_scale(spectrogram("tonnetz", values))
    assert (scale.low, scale.high) == (-np.float32(0.6), np.float32(0.6))


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
def test_silence_has_a_scale(type: str) -> None:
    scale = spectrogram_scale(spectrogram(type, zeros(type)))
    assert np.isfinite(scale.values).all()
    assert np.isfinite([scale.low, scale.high]).all()
    assert scale.low < scale.high


# -------------------------------------------------------------------- attributions


def test_signed_values_are_drawn_as_they_are() -> None:
    attribution = integrated_gradients("chroma", noise("chroma", 2))
    scale = attribution_scale(attribution, "signed", None, 99.5)
    np.testing.assert_array_equal(scale.values, attribution.values)
    assert (scale.low, scale.high) == limits(attribution)
    assert scale.colours == DIVERGING
    assert scale.ticks[1] == (0.0, "0")


def test_maps_side_by_side_have_signs_if_they_have_one_unit_that_has() -> None:
    signed = integrated_gradients("chroma", noise("chroma", 0))
    shares = integrated_gradients("chroma", np.abs(noise("chroma", 1)), target=SHARE)
    assert shared_sign(signed, signed) == "signed"
    assert shared_sign(shares, shares) == "unsigned"
    assert shared_sign(signed, grad_cam("chroma", zeros("chroma"))) == "unsigned"


def test_unsigned_values_are_absolute() -> None:
    attribution = integrated_gradients("chroma", noise("chroma", 2))
    scale = attribution_scale(attribution, "unsigned", None, 99.5)
    assert attribution.values.min() < -1
    np.testing.assert_array_equal(scale.values, np.abs(attribution.values))
    assert (scale.low, scale.high) == limits(attribution, sign="unsigned")
    assert scale.low == 0.0
    assert scale.colours == CIVIDIS


def test_captions_name_the_unit_and_own_up_to_clipping() -> None:
    attribution = integrated_gradients("chroma", noise("chroma", 2), target="probability")
    clipped = attribution_scale(attribution, "signed", None, 99.5)
    assert clipped.caption == "probability per bin<br>strongest 0.5 % clipped"
    assert clipped.ticks[0][1] == "≤ " + number_text(clipped.low)
    assert clipped.ticks[-1][1] == "≥ " + number_text(clipped.high)
    whole = attribution_scale(attribution, "signed", None, 100)
    assert whole.caption == "probability per bin"
    assert [text[0] for _, text in whole.ticks] == ["−", "0", number_text(whole.high)[0]]
    cam = grad_cam("chroma", np.full(shape_of("chroma"), 2.0))
    assert attribution_scale(cam, "unsigned", None, 99.5).caption == "logit"


def test_shared_limits_are_kept_and_what_exceeds_them_is_marked() -> None:
    attribution = integrated_gradients("chroma", hot("chroma", 0, 0, 5.0))
    scale = attribution_scale(attribution, "signed", (-2.0, 2.0), 99.5)
    assert scale.ticks == ((-2.0, "−2"), (0.0, "0"), (2.0, "≥ 2"))
    assert "clipped" not in scale.caption  # not a share of this map


def test_feature_maps_start_at_zero() -> None:
    maps = feature_maps("chroma", np.arange(24.0).reshape(4, 3, 2))
    scale = feature_maps_scale(maps, 100)
    assert (scale.low, scale.high) == (0.0, 23.0)  # one limit for all filters
    assert feature_maps_scale(maps, 50).caption == "activation<br>strongest 50 % clipped"


# ------------------------------------------------------------------------- colours


def _plotly_colour(name: str, at: float) -> tuple[float, float, float]:
    colour = plotly.colors.sample_colorscale(name, at, colortype="tuple")[0]
    return tuple(float(part) for part in colour)


def _matplotlib_colour(name: str, at: float) -> tuple[float, float, float]:
    return tuple(float(part) for part in matplotlib.colormaps[name](at)[:3])


@pytest.mark.parametrize("colour", [_plotly_colour, _matplotlib_colour])
def test_red_raises_and_blue_lowers_in_both_libraries(colour: object) -> None:
    assert callable(colour)
    red, green, blue = colour(DIVERGING, 1.0)
    assert red > 2 * max(green, blue)
    red, green, blue = colour(DIVERGING, 0.0)
    assert blue > 1.5 * max(red, green)
    assert min(colour(DIVERGING, 0.5)) > 0.95


@pytest.mark.parametrize("name", [VIRIDIS, CIVIDIS])
@pytest.mark.parametrize("colour", [_plotly_colour, _matplotlib_colour])
def test_magnitudes_grow_lighter_all_the_way(name: str, colour: object) -> None:
    assert callable(colour)
    linear = np.array([colour(name, at) for at in np.linspace(0, 1, 11)]) ** 2.2
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) > 0).all()


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ((0.27, -2.43, -2.16), ("0.27", "−2.43", "−2.16")),
        ((10.17, -0.0003, 10.1703), ("10.17", "0.00", "10.17")),
        ((0.69, 0.6, 0.74), ("0.69", "0.60", "0.74")),
        ((120.0, 99.6, 219.6), ("120", "100", "220")),
        ((0.0, 0.5, 0.5), ("0", "0.50", "0.50")),
        ((0.0, 0.0), ("0", "0")),
    ],
)
def test_numbers_set_against_each_other_end_at_one_place(
    values: tuple[float, ...], texts: tuple[str, ...]
) -> None:
    assert numbers_text(*values) == texts


def test_a_change_reads_as_the_difference_of_its_ends() -> None:
    rng = np.random.default_rng(2)
    for _ in range(300):
        start, end = rng.normal(0.0, 10.0 ** rng.uniform(-2, 2), 2)
        texts = numbers_text(end - start, start, end)
        change, first, last = (float(one.replace("−", "-")) for one in texts)
        places = {len(one.partition(".")[2]) for one in texts}
        assert len(places) == 1
        assert abs(last - first - change) <= 1.5 * 10.0 ** -places.pop() + 1e-9  # three roundings


def test_what_is_too_small_for_places_keeps_its_powers_of_ten() -> None:
    assert numbers_text(2e-4, 1e-6) == (number_text(2e-4), number_text(1e-6))
