"""What drives the answers to a recorded flute: partials where they sound, nets that add up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xai_core.datasets.collection import read_collection
from xai_core.explanations import explain
from xai_core.explanations.regions import regions_of, regions_sentence, says_yes
from xai_core.places import samples_folder
from xai_core.values import pitch_frequency

NOTES = {one.note: one for one in read_collection(samples_folder())}
FLUTE = NOTES["flute_acoustic_851-064"]
PITCH = pitch_frequency(64)  # Hz, E4


def test_partials_of_a_recorded_flute_are_named_where_they_sound() -> None:
    result = explain(FLUTE.path, type="stft", family="flute")
    y = result.waveform.y
    spectrum = np.abs(np.fft.rfft(y * np.hanning(y.size)))
    hertz = np.fft.rfftfreq(y.size, 1 / result.waveform.sr)
    found = regions_of(result, pitch=PITCH)
    harmonics = {one.harmonic: one for one in found.regions}
    assert set(harmonics) >= {2, 3, 4, 5}
    for number, one in harmonics.items():
        assert number is not None
        assert one.frequency is not None
        near = (hertz > one.frequency - 20) & (hertz < one.frequency + 20)
        loudest = hertz[near][spectrum[near].argmax()]  # of the whole note at once, to 0.25 Hz
        assert one.frequency == pytest.approx(loudest, rel=0.005)  # a semitone is 0.06
        assert one.frequency == pytest.approx(number * PITCH, rel=0.005)
    names = [harmonics[number].note for number in (2, 3, 4, 5)]
    assert names == ["E5", "B5", "E6", "G♯6"]
    assert found.regions[0].harmonic == 3  # 9.3 for and 5.6 against, where 11.3 and 10.3 cancel
    assert harmonics[2].speaks_for > harmonics[3].speaks_for
    assert found.net == pytest.approx(float(result.attribution.values.sum()), rel=1e-5)


def test_no_flank_of_a_partial_has_a_note_of_its_own() -> None:
    result = explain(FLUTE.path, type="log_mel", family="flute")
    found = regions_of(result, pitch=PITCH)
    assert "C6" not in {one.note for one in found.regions}  # 1018 to 1043 Hz is the flank of B5
    partials = [one for one in found.regions if one.frequency is not None]
    assert [one.harmonic for one in partials if one.note == "B5"] == [3]
    assert len({one.harmonic for one in partials}) == len(partials)
    (fundamental,) = (one for one in partials if one.harmonic == 1)
    assert fundamental.note == "E4"
    assert fundamental.side == "against"


def test_the_sentence_of_a_no_begins_with_what_speaks_against() -> None:
    result = explain(FLUTE.path, type="log_mel", family="organ")
    assert not says_yes(result)
    assert regions_sentence(result, pitch=PITCH).startswith("Speaks against organ most of all: ")
    turned = replace(result, probability=0.7)
    assert regions_sentence(turned, pitch=PITCH).startswith("Speaks for organ most of all: ")
