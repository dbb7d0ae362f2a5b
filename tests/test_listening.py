"""Masks and mixes against what is known of them: identities, counts and levels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xai_core.errors import GridMismatchError, InputError
from xai_core.listening import (
    Edit,
    Fades,
    Kept,
    apply_mask,
    box_mask,
    edits_inside,
    edits_mask,
    evidence_mask,
    mix,
    parse_edits,
    strongest_mask,
)
from xai_core.values import FloatArray, Waveform

SR = 16_000
SHAPE = (126, 1025)
SECONDS = np.arange(4 * SR) / SR


def note(y: FloatArray) -> Waveform:
    return Waveform(y, SR)


def noise(seed: int, level: float = 0.1) -> Waveform:
    return note(level * np.random.default_rng(seed).standard_normal(4 * SR))


def tone(frequency: float, level: float = 0.1) -> Waveform:
    return note(level * np.sin(2 * np.pi * frequency * SECONDS))


def decibels(y: FloatArray, beside: FloatArray) -> float:
    return float(10 * np.log10(np.mean(y**2.0) / np.mean(beside**2.0) + 1e-20))


def amplitude(waveform: Waveform, frequency: float) -> float:
    """Return the amplitude of a sine in the middle 2 s, by projection."""
    t, y = SECONDS[SR : 3 * SR], waveform.y[SR : 3 * SR]
    return float(abs(2 * np.mean(y * np.exp(-2j * np.pi * frequency * t))))


# ---------------------------------------------------------------------------- masks


def test_a_mask_of_ones_is_the_note() -> None:
    waveform = noise(0)
    assert decibels(apply_mask(waveform, np.ones(SHAPE)).y - waveform.y, waveform.y) < -100
    assert not np.any(apply_mask(waveform, np.zeros(SHAPE)).y)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_kept_and_rest_are_the_note(seed: int) -> None:
    waveform, mask = noise(seed), np.random.default_rng(seed).random(SHAPE)
    both = apply_mask(waveform, mask).y + apply_mask(waveform, 1 - mask).y
    assert decibels(both - waveform.y, waveform.y) < -100


def test_a_mask_keeps_the_tone_that_it_covers() -> None:
    both = note(tone(500).y + tone(2_000).y)
    kept = apply_mask(both, box_mask(0, 4, 400, 600))
    assert amplitude(kept, 500) == pytest.approx(0.1, rel=0.01)
    assert amplitude(kept, 2_000) < 1e-4


def test_a_mask_above_one_amplifies() -> None:
    louder = apply_mask(tone(1_000), np.full(SHAPE, 2.0))
    assert amplitude(louder, 1_000) == pytest.approx(0.2, rel=1e-3)


@pytest.mark.parametrize(
    ("mask", "error", "said"),
    [
        (np.ones((1025, 126)), GridMismatchError, "shape"),
        (np.full(SHAPE, -0.5), InputError, "from 0 up"),
        (np.full(SHAPE, np.nan), InputError, "from 0 up"),
    ],
)
def test_masks_that_are_none_are_refused(
    mask: FloatArray, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        apply_mask(noise(0), mask)
    with pytest.raises(InputError, match="64000 samples"):
        apply_mask(Waveform(np.ones(100), SR), np.ones(SHAPE))


# ------------------------------------------------------------------------- evidence


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16), share=st.floats(0.01, 1.0), against=st.booleans())
def test_no_fewer_bins_hold_the_share(seed: int, share: float, against: bool) -> None:
    canvas = np.random.default_rng(seed).standard_normal((7, 11))
    mask = evidence_mask(canvas, share, against=against)
    evidence = np.maximum(-canvas if against else canvas, 0)
    kept = np.sort(evidence[mask == 1])
    assert kept.sum() >= share * evidence.sum() * (1 - 1e-9)
    assert kept[1:].sum() < share * evidence.sum()  # without the weakest it is too little
    assert kept.min() >= np.max(evidence[mask == 0])


def test_without_evidence_nothing_is_kept() -> None:
    assert not np.any(evidence_mask(np.full((3, 4), -1.0), 0.8))
    assert not np.any(evidence_mask(np.ones((3, 4)), 0.0))
    with pytest.raises(InputError, match="share from 0 to 1"):
        evidence_mask(np.ones((3, 4)), 1.5)


def test_what_is_made_of_a_part_by_hand() -> None:
    worse, better = Kept(0.8, 0.6, 0.3), Kept(0.8, 0.9, 0.9)
    assert (worse.increase, worse.drop, worse.gain) == (False, pytest.approx(0.25), 0.0)
    assert worse.faithfulness == pytest.approx(0.5)
    assert (better.increase, better.drop, better.gain) == (True, 0.0, pytest.approx(0.5))
    assert better.faithfulness == pytest.approx(-0.1)
    assert (Kept(0.0, 0.0, 0.0).drop, Kept(1.0, 1.0, 0.0).gain) == (0.0, 0.0)


# ---------------------------------------------------------------------------- boxes


def test_the_strongest_bins_are_as_many_as_are_asked_for() -> None:
    canvas = np.random.default_rng(3).standard_normal(SHAPE)
    mask = strongest_mask(canvas, 0.1)
    assert mask.sum() == round(0.1 * canvas.size)
    assert canvas[mask > 0].min() >= canvas[mask == 0].max()
    assert (canvas[strongest_mask(canvas, 1.0) > 0] > 0).all()  # what speaks against is never kept
    with pytest.raises(InputError, match="share from 0 to 1"):
        strongest_mask(canvas, 1.1)


def test_a_box_has_the_bins_that_lie_in_it() -> None:
    mask = box_mask(1.0, 2.0, 1_000.0, 1_100.0)
    frames, bins = np.nonzero(mask)
    assert (frames.min(), frames.max()) == (32, 62)  # 1.024 s to 1.984 s
    assert (bins.min(), bins.max()) == (128, 140)  # 1000 Hz to 1093.75 Hz
    assert mask.sum() == 31 * 13


def test_harmonics_repeat_the_box() -> None:
    bins = np.flatnonzero(box_mask(0, 4, 950.0, 1_050.0, harmonics=True)[0])
    assert set(np.rint(bins * 7.8125 / 1_000)) == set(range(1, 9))
    assert np.abs(bins * 7.8125 - 1_000 * np.rint(bins * 7.8125 / 1_000)).max() <= 50


@pytest.mark.parametrize(
    "box", [(1.0, 1.0, 0, 100), (-1, 2, 0, 100), (0, 5, 0, 100), (0, 1, 200, 100), (0, 1, 0, 9_000)]
)
def test_a_box_outside_the_note_is_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(InputError, match="within 0 to 4 s and 0 to 8000 Hz"):
        box_mask(*box)


@pytest.mark.parametrize(
    ("change", "levels"), [("mute", (0.0, 0.1)), ("solo", (0.1, 0.0)), ("6", (0.1995, 0.1))]
)
def test_a_box_is_muted_left_alone_or_changed(change: str, levels: tuple[float, float]) -> None:
    both = note(tone(500).y + tone(2_000).y)
    changed = apply_mask(both, edits_mask(parse_edits(f"0,4,400,600,{change}")))
    found = (amplitude(changed, 500), amplitude(changed, 2_000))
    assert found == pytest.approx(levels, abs=1e-3)


def test_no_edit_leaves_the_note() -> None:
    assert np.all(edits_mask(()) == 1.0)
    assert not edits_inside(()).any()


def test_the_inside_of_boxes_is_that_of_any() -> None:
    edits = parse_edits("0,1,100,200,mute;2,3,500,900,-6")
    inside = box_mask(0, 1, 100, 200) | box_mask(2, 3, 500, 900)
    np.testing.assert_array_equal(edits_inside(edits), inside)


def test_where_boxes_overlap_the_later_counts_and_solos_are_joined() -> None:
    left, right = "0,2,0,1000", "1,3,0,1000"
    mask = edits_mask(parse_edits(f"{left},mute;{right},-20"))
    assert mask[20, 10] == 0.0  # 0.64 s
    assert mask[45, 10] == pytest.approx(0.1)  # 1.44 s, in both
    assert mask[80, 10] == pytest.approx(0.1)
    assert mask[110, 10] == 1.0
    alone = edits_mask(parse_edits(f"{left},solo;{right},solo;0,4,0,500,-20"))
    assert alone[20, 100] == alone[80, 100] == 1.0  # 781 Hz
    assert alone[45, 10] == pytest.approx(0.1)
    assert alone[110, 10] == alone[20, 500] == 0.0


@given(
    start=st.integers(0, 398),
    low=st.integers(0, 7_990),
    gain=st.one_of(st.sampled_from(["mute", "solo"]), st.integers(-240, 120)),
    harmonics=st.booleans(),
)
@settings(deadline=None, max_examples=50)
def test_an_edit_is_its_text(start: int, low: int, gain: str | int, harmonics: bool) -> None:
    of = {"action": gain} if isinstance(gain, str) else {"action": "gain", "gain": gain / 10}
    edit = Edit(start / 100, (start + 2) / 100, low, low + 10, harmonics=harmonics, **of)
    assert parse_edits(f"{edit.text};{edit.text}") == (edit, edit)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0,1,100,200,louder", "such as 0.1,0.5,900,1100,mute"),
        ("0,1,100", "such as"),
        ("harmonics", "such as"),
        ("0,1,100,200,13", "-24 to 12 dB"),
        ("0,1,100,200,nan", "-24 to 12 dB"),
        ("0,5,100,200,mute", "within 0 to 4 s and 0 to 8000 Hz"),
    ],
)
def test_what_is_no_edit_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_edits(text)


# ---------------------------------------------------------------------------- mixes


@pytest.mark.parametrize("level", [-30.0, -6.0, 0.0, 10.0])
def test_the_second_note_has_its_level(level: float) -> None:
    first, second = tone(500, 0.05), tone(2_000, 0.3)
    mixed, louder = mix(first, second, level=level, fades=(Fades(), Fades()))
    ratio = amplitude(mixed, 2_000) / amplitude(mixed, 500)
    assert 20 * np.log10(ratio) == pytest.approx(level, abs=0.05)
    assert louder[60, 64]  # 500 Hz is the first note's
    assert not louder[60, 256]  # 2000 Hz the second's


def test_the_second_note_begins_where_it_is_told() -> None:
    first, second = tone(500), tone(2_000)
    mixed, louder = mix(first, second, level=0.0, start=2.0, fades=(Fades(), Fades(into=0.1)))
    later = mixed.y.astype(np.float64) - first.y * (mixed.y[100] / first.y[100])
    assert np.abs(later[: 2 * SR]).max() < 1e-6
    assert np.abs(later[2 * SR + 1600 : 3 * SR]).max() == pytest.approx(0.1, rel=0.05)
    assert np.abs(later[2 * SR : 2 * SR + 160]).max() < 0.015  # it fades in
    assert louder[20, 256]
    assert not louder[100, 256]


def test_both_notes_fade_in_and_out() -> None:
    mixed, _ = mix(tone(500), tone(2_000), level=0.0, fades=(Fades(1.0, 0.0), Fades(0.0, 1.0)))

    def levels(start: float) -> tuple[float, float]:
        part = mixed.y[int(start * SR) : int(start * SR) + 1600].astype(np.float64)
        spectrum = np.abs(np.fft.rfft(part)) / 800
        return float(spectrum[50]), float(spectrum[200])

    assert levels(0.45) == pytest.approx((0.05, 0.1), abs=0.002)
    assert levels(2.0) == pytest.approx((0.1, 0.1), abs=0.002)
    assert levels(3.45) == pytest.approx((0.1, 0.05), abs=0.002)
    with pytest.raises(InputError, match="within the 4 s"):
        Fades(into=-1.0)
    with pytest.raises(InputError, match="within the 4 s"):
        Fades(out=5.0)


def test_a_loud_mix_does_not_clip() -> None:
    mixed, _ = mix(tone(500, 0.9), tone(510, 0.9), level=10.0)
    assert np.abs(mixed.y).max() <= 1.0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"level": -31.0}, "level from -30 to 10 dB"),
        ({"level": 0.0, "start": 4.0}, "within the 4 s"),
    ],
)
def test_a_mix_out_of_range_is_refused(change: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        mix(tone(500), tone(600), **change)


def test_a_silent_note_is_refused() -> None:
    with pytest.raises(InputError, match="second note is silent"):
        mix(tone(500), note(np.zeros(4 * SR)), level=0.0)
