"""The entries of the spectrogram types: complete, told apart, and refused by any other name."""

from __future__ import annotations

import string

import pytest

from xai_core import SPECTROGRAM_TYPES, features, values
from xai_core.catalogue.types import TYPES, spectrogram_type
from xai_core.errors import InputError
from xai_core.training import PRESETS


def test_the_vocabulary_is_that_of_the_entries() -> None:
    wanted = ("stft", "log_mel", "mfcc", "chroma", "spectral_contrast", "tonnetz")
    assert tuple(TYPES) == wanted == SPECTROGRAM_TYPES == values.SPECTROGRAM_TYPES
    assert [entry.name for entry in TYPES.values()] == list(TYPES)


def test_an_unknown_type_raises_with_the_choices() -> None:
    with pytest.raises(
        InputError,
        match="unknown spectrogram type 'mel': choose one of stft, log_mel, mfcc, chroma, "
        "spectral_contrast, tonnetz",
    ):
        spectrogram_type("mel")
    for refuses in (values.check_type, features.n_bins, features.axes, features.describe):
        with pytest.raises(InputError, match="unknown spectrogram type 'mel'"):
            refuses("mel")
    with pytest.raises(InputError, match="unknown spectrogram type 'mel'"):
        PRESETS["quick"].for_type("mel")


@pytest.mark.parametrize("name", TYPES)
def test_an_entry_agrees_with_what_is_computed(name: str) -> None:
    entry, (_, bins) = TYPES[name], features.axes(name)
    assert bins.values.shape == (entry.n_bins,)
    assert (bins.name, bins.unit) == (entry.axis.name, entry.axis.unit)
    assert entry.axis.labels in ((), bins.labels)


@pytest.mark.parametrize("name", TYPES)
def test_an_entry_has_the_words_that_it_is_spoken_of_with(name: str) -> None:
    entry = TYPES[name]
    assert {part for _, part, _, _ in string.Formatter().parse(entry.says)} - {None} == {
        "bin",
        "when",
    }
    assert entry.title.startswith(entry.label)
    assert entry.shows.endswith(".")


def test_no_two_types_look_or_are_called_alike() -> None:
    for told_by in ("label", "title", "colour"):
        assert len({getattr(entry, told_by) for entry in TYPES.values()}) == len(TYPES)


@pytest.mark.parametrize("name", TYPES)
def test_colours_can_be_told_from_both_backgrounds(name: str) -> None:
    parts = [part / 255 for part in bytes.fromhex(TYPES[name].colour.removeprefix("#"))]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    luminance = sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    # WCAG asks 3 to 1 of what is not text; #0E1117 has a luminance of 0.0056
    assert 1.05 / (luminance + 0.05) >= 3
    assert (luminance + 0.05) / (0.0056 + 0.05) >= 3


@pytest.mark.parametrize("name", TYPES)
def test_a_type_changes_only_presets_that_there_are(name: str) -> None:
    assert set(TYPES[name].training) <= set(PRESETS)
    for preset, changes in TYPES[name].training.items():
        found = PRESETS[preset].for_type(name)
        assert {field: getattr(found, field) for field in changes} == dict(changes)
