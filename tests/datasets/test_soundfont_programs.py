from __future__ import annotations

from collections import Counter

from xai_core.datasets.nsynth import INSTRUMENT_SOURCES
from xai_core.datasets.soundfont import (
    DRUM_BANKS,
    PROGRAMS,
)
from xai_core.values import FAMILIES


def test_every_family_has_at_least_five_programs() -> None:
    counts = Counter(program.family for program in PROGRAMS.values())
    assert set(counts) == set(FAMILIES)
    assert min(counts.values()) >= 5


def test_ranges_are_ranges_of_midi_numbers_of_an_octave_or_more() -> None:
    for number, program in PROGRAMS.items():
        assert 0 <= number <= 127
        assert program.source in INSTRUMENT_SOURCES
        assert 21 <= program.low < program.high <= 108
        assert program.high - program.low >= 12


def test_low_and_high_relatives_play_apart() -> None:
    tuba, trumpet = PROGRAMS[58], PROGRAMS[56]
    contrabass, violin = PROGRAMS[43], PROGRAMS[40]
    flute, piccolo = PROGRAMS[73], PROGRAMS[72]
    assert tuba.high < trumpet.high
    assert tuba.low < trumpet.low
    assert contrabass.high <= violin.low
    assert piccolo.low >= flute.low + 12


def test_drums_are_bank_128_and_the_banks_of_other_standards_below_it() -> None:
    assert 128 in DRUM_BANKS
    assert 127 in DRUM_BANKS
    assert 120 in DRUM_BANKS
    assert 0 not in DRUM_BANKS
    assert 8 not in DRUM_BANKS
