from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.datasets.soundfont_file import Tone, write_soundfont
from tests.datasets.spectrum import cents, level_at, peak_db, peak_frequency, pitch_to_hz
from xai_core.datasets import soundfont
from xai_core.datasets.soundfont import Preset, SoundFont
from xai_core.errors import InputError

SINE = Tone(0, 0, "Sine")
RICH = Tone(0, 16, "Rich", partials=(0.3, 0.3, 0.3))


@pytest.fixture(scope="module")
def font(tmp_path_factory: pytest.TempPathFactory) -> SoundFont:
    folder = tmp_path_factory.mktemp("font")
    return SoundFont(write_soundfont(folder / "toy.sf2", [SINE, RICH, Tone(128, 0, "Kit")]))


def test_presets_are_listed_by_bank_and_program(font: SoundFont) -> None:
    assert font.presets == (Preset(0, 0, "Sine"), Preset(0, 16, "Rich"), Preset(128, 0, "Kit"))
    assert font.name == "toy"


@pytest.mark.parametrize("pitch", [33, 57, 69, 70, 96])
def test_a_sine_sounds_at_the_pitch_asked_for(font: SoundFont, pitch: int) -> None:
    y = font.play(font.presets[0], pitch=pitch, velocity=100)
    heard = peak_frequency(y[8_000:40_000])
    assert abs(cents(heard, pitch_to_hz(pitch))) < 1.0  # FluidSynth's pitch table has 1/10 cent


def test_a_note_is_held_three_seconds_and_released_one(font: SoundFont) -> None:
    y = font.play(font.presets[0], pitch=69, velocity=100)
    assert y.shape == (64_000,)
    assert y.dtype == np.float32
    levels = [peak_db(y[start : start + 1_600]) for start in range(1_600, 46_400, 1_600)]
    assert max(levels) - min(levels) < 0.1  # dB: a looped sine keeps its level
    assert peak_db(y[49_600:]) < -80.0  # the font asks for the shortest release


def test_nothing_folds_back_from_above_half_the_rate(font: SoundFont) -> None:
    y = font.play(font.presets[1], pitch=108, velocity=100)[8_000:40_000]
    third = 3 * pitch_to_hz(108)  # 12 558 Hz would fold to 3 442 Hz
    assert level_at(y, pitch_to_hz(108)) > -1.0
    assert level_at(y, 16_000 - third) < -90.0


def test_a_note_does_not_depend_on_the_notes_before(font: SoundFont) -> None:
    first = font.play(font.presets[0], pitch=60, velocity=100)
    font.play(font.presets[1], pitch=71, velocity=127)
    again = font.play(font.presets[0], pitch=60, velocity=100)
    np.testing.assert_array_equal(first, again)


def test_the_last_sample_is_silent_so_that_a_cut_note_does_not_click(font: SoundFont) -> None:
    y = font.play(font.presets[0], pitch=60, velocity=100, held=4.0, released=0.0)
    assert y[-1] == 0.0
    assert np.max(np.abs(y[-400:-160])) > 0.01


def test_an_offset_of_the_font_is_taken_off_and_the_tone_stays(
    font: SoundFont, tmp_path: Path
) -> None:
    crooked = SoundFont(write_soundfont(tmp_path / "dc.sf2", [Tone(0, 0, offset=0.1)]))
    y = crooked.play(crooked.presets[0], pitch=69, velocity=100)[8_000:40_000]
    straight = font.play(font.presets[0], pitch=69, velocity=100)[8_000:40_000]
    assert abs(float(np.mean(y))) < 1e-5
    np.testing.assert_allclose(y, straight, atol=1e-5)


def test_the_lowest_notes_keep_their_level(font: SoundFont) -> None:
    low, high = (
        peak_db(font.play(font.presets[0], pitch=pitch, velocity=100)[8_000:40_000])
        for pitch in (28, 69)  # 41 Hz is the lowest note of a bass
    )
    assert -0.3 < low - high < -0.2  # dB: 1 / sqrt(1 + (10 / 41.2)^2) is -0.25 dB


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a font at all", "is not a SoundFont"),
        (b"RIFF\x04\x00\x00\x00sfbk", "cannot be read as a SoundFont: is the file damaged"),
    ],
)
def test_a_file_that_is_no_soundfont_is_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "font.sf2"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        SoundFont(path)


def test_a_missing_soundfont_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"found no file .*nowhere\.sf2"):
        SoundFont(tmp_path / "nowhere.sf2")


def test_without_fluidsynth_the_debian_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_soundfont(tmp_path / "toy.sf2", [SINE])
    monkeypatch.setitem(sys.modules, "fluidsynth", None)
    soundfont._fluidsynth.cache_clear()
    with pytest.raises(InputError, match="apt-get install libfluidsynth3"):
        SoundFont(path)
