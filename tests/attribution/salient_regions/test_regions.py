"""What drives an answer: net evidence of known maps, partials of known sounds, all six types."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xai_core.attribution.salient_regions.regions import (
    SalientRegions,
    find_salient_regions,
    rounded_sums,
)
from xai_core.features import axes, extract
from xai_core.values import (
    PITCH_CLASSES,
    SPECTROGRAM_TYPES,
    Attribution,
    Spectrogram,
    Waveform,
    note_name,
)

SR = 16_000
PITCH = 330.0  # Hz
T = np.arange(4 * SR) / SR
STFT = axes("stft")[1].values


def sounding(*, until: float = 4.0, pitch: float = PITCH) -> Spectrogram:
    """Return the STFT of five partials that stop after some seconds."""
    y = sum(0.7**k * np.sin(2 * np.pi * pitch * k * T) for k in range(1, 6))
    return extract(Waveform(0.2 * y * (until > T), SR), "stft")


NOTE = sounding()


def zeros(type: str = "stft") -> np.ndarray:
    return np.zeros((126, axes(type)[1].values.size))


def regions(
    values: np.ndarray,
    type: str = "stft",
    *,
    method: str = "integrated_gradients",
    note: Spectrogram = NOTE,
    pitch: float | None = PITCH,
    n_regions: int = 4,
) -> SalientRegions:
    one = Attribution(values, type, *axes(type), method=method, target="logit")
    return find_salient_regions(one, note, pitch=pitch, n_regions=n_regions)


def between(low: float, high: float, type: str = "stft") -> np.ndarray:
    centres = axes(type)[1].values
    return (centres >= low) & (centres <= high)


@pytest.mark.parametrize("type", ["stft", "log_mel"])
def test_two_sides_of_one_partial_are_one_region_with_their_net(type: str) -> None:
    values = zeros(type)
    for band, sum in (((250, 329), -10.0), ((331, 420), 10.5), ((900, 1080), 4.0)):
        inside = between(*band, type)
        values[:, inside] = sum / (126 * inside.sum())
    third, first = regions(values, type).regions
    assert (third.harmonic, first.harmonic) == (3, 1)
    assert (third.harmonic_name, first.harmonic_name) == ("harmonic 3", "fundamental")
    assert (third.note, first.note) == ("B5", "E4")
    assert (third.frequency, first.frequency) == pytest.approx((990.0, 330.0), abs=0.5)
    assert (third.place, first.place) == ("990 Hz", "330 Hz")
    assert (first.speaks_for, first.speaks_against) == pytest.approx((10.5, -10.0))
    assert (third.net, first.net) == pytest.approx((4.0, 0.5))  # the gross of the first is 20.5


def test_a_flank_has_the_name_of_the_partial_that_sounds() -> None:
    values = zeros()
    values[:, between(350.0, 371.0)] = 1.0  # F4 by its own frequency, of which nothing sounds
    (region,) = regions(values).regions
    assert (region.note, region.harmonic) == ("E4", 1)
    assert region.frequency == pytest.approx(330.0, abs=0.5)


def test_without_a_pitch_and_off_its_multiples_nothing_is_called_a_harmonic() -> None:
    values = zeros()
    values[:, between(600.0, 700.0)] = 1.0
    for pitch in (None, 300.0, 500.0):
        (region,) = regions(values, pitch=pitch).regions
        assert (region.harmonic, region.harmonic_name) == (None, "")
        assert region.note == "E5"
    (second,) = regions(values).regions
    assert second.harmonic == 2


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(SPECTROGRAM_TYPES))
def test_nets_of_all_regions_add_up_to_the_map(seed: int, type: str) -> None:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(zeros(type).shape) * rng.gamma(0.2, size=zeros(type).shape)
    found = regions(values, type, n_regions=9999)
    size = np.abs(values).sum()
    assert found.net == pytest.approx(float(values.sum()), abs=1e-5 * size)
    left_out = 0.01 * sum(abs(one.net) for one in found.regions) / 0.99  # of each that is not worth
    assert sum(one.net for one in found.regions) == pytest.approx(
        float(values.sum()), abs=left_out * len(axes(type)[1].values)
    )
    nets = [abs(one.net) for one in found.regions]
    assert nets == sorted(nets, reverse=True)
    assert {one.side for one in found.on("for")} <= {"for"}
    assert all((one.net > 0) == (one.side == "for") for one in found.regions)


def test_all_nets_of_few_regions_add_up_exactly() -> None:
    values = np.random.default_rng(4).standard_normal((126, 12))
    values += np.sign(values.sum(axis=0)) * 0.5  # no pitch class is too small for a line
    found = regions(values, "chroma", n_regions=12)
    assert len(found.regions) == 12
    assert sum(one.net for one in found.regions) == pytest.approx(values.sum())


def test_the_other_sign_swaps_for_and_against() -> None:
    values = np.random.default_rng(3).standard_normal((126, 12)) ** 3
    plain, turned = (regions(sign * values, "chroma") for sign in (1, -1))
    assert (plain.total_for, plain.total_against) == (turned.total_against, turned.total_for)
    for side, other in (("for", "against"), ("against", "for")):
        mine, theirs = plain.on(side), turned.on(other)
        assert mine
        assert [(one.place, one.begin, one.net) for one in mine] == [
            (one.place, one.begin, -one.net) for one in theirs
        ]


def test_when_is_the_shortest_stretch_with_most_of_it() -> None:
    values = zeros("chroma")
    values[10:20, 9] = 0.9
    values[100, 9] = -1.0
    (region,) = regions(values, "chroma").regions
    assert (region.begin, region.end) == pytest.approx((9.5 * 0.032, 18.5 * 0.032))  # 8.1 of 10


def test_evidence_in_silence_is_counted() -> None:
    note = sounding(until=2.0)
    values = zeros()
    values[:50, between(300.0, 360.0)] = 0.5
    values[80:130, between(900.0, 1080.0)] = -0.5
    found = regions(values, note=note)
    by_partial = {one.harmonic: one.in_silence for one in found.regions}
    assert by_partial == {1: 0.0, 3: 1.0}
    silent = np.abs(values[80:]).sum() / np.abs(values).sum()
    assert found.in_silence == pytest.approx(silent)
    assert found.silent_from == pytest.approx(2.0, abs=0.1)  # a frame reaches 64 ms further
    assert regions(values).silent_from is None
    assert regions(values).in_silence == 0.0


def test_a_map_of_zeros_has_no_evidence_and_silence_has_no_partials() -> None:
    found = regions(zeros("log_mel"), "log_mel")
    assert found.is_zero
    assert found.regions == ()
    assert found.share_of("for") == found.share_of("against") == 0.0
    silence = Spectrogram(zeros(), "stft", *axes("stft"))
    found = regions(zeros() + 1.0, note=silence)
    assert found.loudest is None
    assert found.in_silence == 1.0
    assert {one.frequency for one in found.regions} == {None}


def test_an_interpolated_map_tells_no_partials_apart() -> None:
    values = zeros()
    values[:, between(900.0, 1080.0)] = 1.0
    for one in regions(values, method="grad_cam").regions:
        assert (one.frequency, one.note, one.harmonic) == (None, "", None)
        assert one.high - one.low >= 490.0


@pytest.mark.parametrize(
    ("type", "place"),
    [
        ("mfcc", "3"),
        ("chroma", "D♯"),
        ("spectral_contrast", "800–1600 Hz"),
        ("tonnetz", "minor thirds y"),
    ],
)
def test_places_on_named_axes(type: str, place: str) -> None:
    values = zeros(type)
    values[40:50, 3] = 1.0
    (region,) = regions(values, type).regions
    assert (region.place, region.note, region.frequency) == (place, "", None)


@pytest.mark.parametrize(
    ("frequency", "name"), [(440.0, "A4"), (1046.5, "C6"), (277.2, "C♯4"), (73.4, "D2")]
)
def test_a_note_is_named_by_what_sounds(frequency: float, name: str) -> None:
    note = sounding(pitch=frequency)
    found = regions(note.values.copy(), note=note, pitch=frequency)
    fundamental = next(one for one in found.regions if one.harmonic == 1)
    assert fundamental.note == name
    assert found.loudest == pytest.approx(frequency, abs=0.5)


def test_sums_are_rounded_so_that_they_add_up() -> None:
    values = np.random.default_rng(5).standard_normal((126, 12)).cumsum(axis=0)
    found = regions(values, "chroma")
    assert found.regions
    for one in found.regions:
        mine, other, net = rounded_sums(one, found.decimals)
        assert round(mine + other, 9) == net
        assert net == round(one.net, found.decimals)
        assert other == pytest.approx(one.speaks_against, abs=1.01 * 10.0**-found.decimals)


def test_notes_have_names_on_a_piano_and_where_bins_are_fine_enough() -> None:
    assert [note_name(f) for f in (27.5, 261.63, 4186.0)] == ["A0", "C4", "C8"]
    assert [note_name(f) for f in (0.0, 20.0, 5000.0)] == ["", "", ""]
    assert note_name(220.0, width=13.0) == "A3"  # a semitone is 13.08 Hz there
    assert note_name(220.0, width=13.2) == ""


def test_pitch_classes_are_those_of_the_chroma() -> None:
    assert axes("chroma")[1].labels == PITCH_CLASSES
