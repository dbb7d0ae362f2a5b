from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.datasets.soundfont_file import Tone, write_soundfont
from xai_core.datasets.instruments import choose_pitches, drop_doubles, list_instruments
from xai_core.datasets.soundfont import (
    PROGRAMS,
    Program,
    SoundFont,
)

SINE = (0.5,)
SOFT_SINE = (0.1,)
REEDY = (0.3, 0.0, 0.3)

TONES = [
    Tone(0, 24, "Nylon", SINE),
    Tone(0, 26, "Jazz", REEDY),
    Tone(0, 46, "Harp", SINE),  # belongs to none of the ten families
    Tone(8, 24, "Ukulele", (0.2, 0.2, 0.2, 0.2)),
    Tone(0, 73, "Flute", SINE),
    Tone(128, 0, "Kit", SINE),
]


@pytest.fixture
def font(tmp_path: Path) -> SoundFont:
    return SoundFont(write_soundfont(tmp_path / "toy.sf2", TONES))


def test_drums_and_programs_of_no_family_are_left_out(font: SoundFont) -> None:
    found = {one.preset.name: one.name for one in list_instruments([font])}
    assert found == {
        "Nylon": "guitar_acoustic_500",
        "Jazz": "guitar_electronic_500",
        "Ukulele": "guitar_acoustic_501",
        "Flute": "flute_acoustic_500",
    }


def test_numbers_run_on_over_several_fonts(font: SoundFont) -> None:
    names = [one.name for one in list_instruments([font, font], first_number=7)]
    assert len(set(names)) == len(names) == 8
    assert "guitar_acoustic_010" in names


def test_numbers_do_not_depend_on_what_is_left_out(font: SoundFont) -> None:
    all_of_them = {one.preset: one.name for one in list_instruments([font])}
    some = list_instruments([font], families=["guitar"], exclude_programs=[26])
    assert [one.preset.name for one in some] == ["Nylon", "Ukulele"]
    assert all(all_of_them[one.preset] == one.name for one in some)


def test_presets_that_sound_alike_are_one_instrument(tmp_path: Path) -> None:
    tones = [
        Tone(0, 16, "Organ", REEDY),
        Tone(0, 17, "The same", REEDY),
        Tone(0, 18, "Another", SINE),
        Tone(0, 19, "The other, softer", SOFT_SINE),
        Tone(0, 73, "Flute", SINE),  # another family
    ]
    font = SoundFont(write_soundfont(tmp_path / "toy.sf2", tones))
    kept, n_doubles = drop_doubles(list_instruments([font]))
    assert [one.preset.name for one in kept] == ["Flute", "Organ", "Another"]
    assert n_doubles == 2


def test_a_limit_takes_the_fonts_in_turn_and_banks_in_order(tmp_path: Path) -> None:
    a = write_soundfont(tmp_path / "a.sf2", TONES)
    other = [Tone(0, 25, "Steel", (0.1, 0.4)), Tone(0, 27, "Clean", (0.1, 0.1, 0.4))]
    b = write_soundfont(tmp_path / "b.sf2", other)
    found = list_instruments([SoundFont(a), SoundFont(b)], families=["guitar"])
    kept, n_doubles = drop_doubles(found, per_family=4)
    assert [one.preset.name for one in kept] == ["Nylon", "Steel", "Jazz", "Clean"]
    assert n_doubles == 0


def test_silent_presets_are_not_taken_for_doubles(tmp_path: Path) -> None:
    tones = [Tone(0, 16, "Still", ()), Tone(0, 17, "Stiller", ())]
    font = SoundFont(write_soundfont(tmp_path / "toy.sf2", tones))
    kept, n_doubles = drop_doubles(list_instruments([font]))
    assert len(kept) == 2
    assert n_doubles == 0


@given(
    low=st.integers(21, 80),
    width=st.integers(12, 60),
    count=st.integers(1, 40),
    seed=st.integers(0, 2**32 - 1),
)
def test_pitches_lie_in_the_range_apart_from_each_other_and_central_first(
    low: int, width: int, count: int, seed: int
) -> None:
    program = Program("guitar", "acoustic", low, low + width)
    pitches = choose_pitches(program, count, np.random.default_rng(seed))
    assert 1 <= len(pitches) <= count
    assert len(set(pitches)) == len(pitches)
    assert all(low <= pitch <= low + width for pitch in pitches)
    distances = [abs(pitch - (low + width / 2)) for pitch in pitches]
    assert distances == sorted(distances)
    if len(pitches) > 1:
        # Half a part apart before both are rounded to a semitone.
        assert min(np.diff(sorted(pitches))) >= 0.4 * width / count - 1


def test_no_count_takes_every_pitch_of_the_range() -> None:
    tuba = PROGRAMS[58]
    pitches = choose_pitches(tuba, None, np.random.default_rng(0))
    assert sorted(pitches) == list(range(28, 59))
    assert pitches[0] == 43


def test_every_pitch_of_the_middle_of_a_range_comes_up() -> None:
    rng = np.random.default_rng(0)
    seen = {p for _ in range(400) for p in choose_pitches(PROGRAMS[16], 4, rng)}
    assert seen >= set(range(44, 89))


def test_a_preset_that_borrows_one_recording_is_a_double(tmp_path: Path) -> None:
    tones = [
        Tone(0, 40, "Violin", SINE),
        # Its lowest octaves are the violin's, what lies above is not there.
        Tone(0, 41, "Viola", SOFT_SINE, keys=(0, 50)),
        Tone(0, 42, "Cello", REEDY),
    ]
    font = SoundFont(write_soundfont(tmp_path / "toy.sf2", tones))
    kept, n_doubles = drop_doubles(list_instruments([font]))
    assert [one.preset.name for one in kept] == ["Violin", "Cello"]
    assert n_doubles == 1
