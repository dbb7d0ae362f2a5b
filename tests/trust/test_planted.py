"""Cues are where they are said to be, and masks name the bins that they change."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.errors import GridMismatchError, InputError
from xai_core.trust.planted import CUES, cue_mask, find_cue, plant
from xai_core.values import FAMILIES, SPECTROGRAM_TYPES, FloatArray

SR = 16_000
SECONDS = np.arange(4 * SR) / SR


def note() -> FloatArray:
    """Return a note of 440 Hz with overtones that dies away, and a little noise."""
    rng = np.random.default_rng(0)
    partials = sum(np.sin(2 * np.pi * 440 * k * SECONDS) / k for k in range(1, 12))
    return np.asarray(0.4 * partials * np.exp(-SECONDS) + 1e-4 * rng.standard_normal(SECONDS.size))


def power(y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return frequencies and the power there, in dB."""
    spectrum = np.abs(np.fft.rfft(y * np.hanning(y.size))) ** 2
    return np.fft.rfftfreq(y.size, 1 / SR), 10 * np.log10(spectrum + 1e-12)


def test_a_tone_is_30_db_below_the_peak_at_3100_hz() -> None:
    y = note()
    added = plant("tone", y, SR).carrying - y
    assert np.abs(added).max() == pytest.approx(np.abs(y).max() * 10 ** (-30 / 20), rel=1e-3)
    frequencies, levels = power(added)
    assert frequencies[levels.argmax()] == pytest.approx(3100, abs=0.5)


def test_a_click_is_after_2_seconds_and_nowhere_else() -> None:
    y = note()
    added = plant("click", y, SR).carrying - y
    (where,) = np.nonzero(added)
    assert where.min() == 2 * SR
    assert where.max() < 2 * SR + 80
    assert np.abs(added).max() == pytest.approx(0.5 * np.abs(y).max())


@pytest.mark.parametrize(
    ("cue", "gone", "kept"),
    [("notch", (2100, 2700), (2900, 7000)), ("band_limit", (3600, 8000), (100, 2700))],
)
def test_a_gap_is_where_it_is_said_to_be(
    cue: str, gone: tuple[int, int], kept: tuple[int, int]
) -> None:
    y = note()
    frequencies, before = power(y)
    _, after = power(plant(cue, y, SR).carrying)
    loud = before > before.max() - 70
    lost, same = (
        (before - after)[loud & (frequencies > low) & (frequencies < high)]
        for low, high in (gone, kept)
    )
    assert lost.min() > 20
    assert np.abs(same).max() < 1


def test_a_floor_of_noise_has_its_level() -> None:
    y = note()
    added = plant("level", y, SR).carrying - y
    assert added.std() == pytest.approx(np.abs(y).max() * 10 ** (-45 / 20), rel=0.02)


def test_one_of_two_tones_but_neither_both_nor_none() -> None:
    y = note()
    drawn = set()
    for seed in range(8):
        planted = plant("exclusive_or", y, SR, seed=seed)
        none, both = planted.others
        assert np.array_equal(none, y)
        tones = [
            plant_of > power(y)[1][k] + 10
            for plant_of, k in ((power(planted.carrying)[1][k], k) for k in (3100 * 4, 5200 * 4))
        ]
        assert sum(tones) == 1
        drawn.add(tuple(map(bool, tones)))
        left = both - planted.carrying  # the other of the two
        frequencies, levels = power(left)
        other = 5200 if tones[0] else 3100
        assert frequencies[levels.argmax()] == pytest.approx(other, abs=0.5)
    assert len(drawn) == 2


def test_the_second_hum_says_nothing_of_the_family() -> None:
    y = note()
    planted = plant("louder_hum", y, SR, seed=3)
    assert planted.without_distractor is not None
    hum = planted.carrying - planted.without_distractor
    frequencies, levels = power(hum)
    assert 5050 < frequencies[levels.argmax()] < 5350
    added = planted.carrying - planted.others[0]  # what tells the family lies at the first
    frequencies, levels = power(added)
    assert 2950 < frequencies[levels.argmax()] < 3250
    # and the second is the same in both
    assert np.allclose(planted.others[0] + added - hum, planted.without_distractor)


@pytest.mark.parametrize("cue", CUES)
def test_a_seed_decides_what_is_planted(cue: str) -> None:
    y = note()
    first, again, other = (plant(cue, y, SR, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.carrying, again.carrying)
    assert first.carrying.shape == y.shape
    assert not np.array_equal(first.carrying, y)
    drawn = cue not in ("notch", "band_limit")
    assert np.array_equal(first.carrying, other.carrying) != drawn


def test_entries_are_whole_and_each_has_a_place_of_its_own() -> None:
    assert all(cue.family in FAMILIES and cue.type in SPECTROGRAM_TYPES for cue in CUES.values())
    assert len({(cue.type, cue.family) for cue in CUES.values()}) == len(CUES)
    assert find_cue("tone").name == "tone"


def test_a_mask_has_every_bin_that_differs_by_a_twentieth_of_the_largest_difference() -> None:
    carrying = np.array([[1.0, 0.5], [0.04, 0.06]])
    none = np.array([[0.0, 0.5], [0.0, 0.0]])
    assert cue_mask(carrying, [none]).tolist() == [[True, False], [False, True]]
    both = np.array([[1.0, 0.9], [0.0, 0.0]])
    assert cue_mask(carrying, [none, both]).tolist() == [[True, True], [False, True]]


def test_what_cannot_be_planted_is_refused() -> None:
    with pytest.raises(InputError, match="unknown cue 'hiss': choose one of tone, click"):
        plant("hiss", note(), SR)
    with pytest.raises(InputError, match="more than 2 s"):
        plant("tone", note()[:SR], SR)
    with pytest.raises(InputError, match="silence"):
        plant("tone", np.zeros(4 * SR), SR)
    with pytest.raises(InputError, match="nothing marks it"):
        cue_mask(np.ones(3), [np.ones(3)])
    with pytest.raises(GridMismatchError, match="shape"):
        cue_mask(np.ones(3), [np.ones(4)])
