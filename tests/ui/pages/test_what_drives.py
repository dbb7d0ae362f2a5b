"""Partials and parts of the note, in place of the regions, on Explore and Upload."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from tests.ui.visit import Figure, Visit, visit
from xai_core.datasets.collection import read_collection
from xai_core.explanations import explain
from xai_core.explanations.partials import NO_PITCH, break_down, breakdown_sentence
from xai_core.figures.maps.evidence import part_bars, partial_bars
from xai_core.places import samples_folder
from xai_core.ui.parts import what_drives
from xai_core.values import pitch_frequency

NOTE = next(one for one in read_collection(samples_folder()) if one.family == "guitar")
HERE = {"family": "guitar", "note": NOTE.note}
SHOWN = "partials and parts of the note"


def heights(figure: Figure) -> list[list[float]]:
    return [[float(y) for y in trace["y"]] for trace in figure.traces("bar")]


def bars(seen: Visit) -> list[Figure]:
    return [one for one in seen.figures if one.alt.startswith("Evidence by ")]


@pytest.mark.parametrize("type", ["log_mel", "tonnetz"])
@pytest.mark.usefixtures("pages")
def test_bars_and_sentence_are_those_of_the_map(type: str) -> None:
    seen = visit(type=type, **HERE)
    assert (len(bars(seen)), len(seen.app.dataframe)) == (0, 2)
    seen.choose("Show", SHOWN)
    assert len(seen.app.dataframe) == 0
    assert seen.address["drives"] == "partials"
    result = explain(NOTE.path, type=type, family="guitar")
    assert NOTE.pitch is not None
    pitch = pitch_frequency(NOTE.pitch)
    found = break_down(result, pitch=pitch)
    assert breakdown_sentence(found, result) in seen.texts
    assert seen.says("The pitch is that of the note's label: ")
    about = {"family": "guitar", "target": "logit"}
    drawn = partial_bars(found.by_partial, pitch=pitch, **about), part_bars(found.by_part, **about)
    for figure, expected in zip(bars(seen), drawn, strict=True):
        assert figure.alt == expected.layout.meta["alt"]
        assert heights(figure) == [pytest.approx(trace.y) for trace in expected.data]


@pytest.mark.usefixtures("pages")
def test_whatever_grid_is_shown_the_bars_are_the_same() -> None:
    own, hertz = (
        visit(type="mfcc", drives="partials", **HERE, **more) for more in ({}, {"grid": "canvas"})
    )
    assert [heights(one) for one in bars(own)] == [heights(one) for one in bars(hertz)]


@pytest.mark.usefixtures("pages")
def test_of_a_recording_the_pitch_is_found_only_when_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    pitch_of = what_drives.pitch_of
    monkeypatch.setattr(what_drives, "pitch_of", lambda note: asked.append(note) or pitch_of(note))
    seconds = np.arange(2 * 16_000) / 16_000
    partials = sum(np.sin(2 * np.pi * 220 * k * seconds) / k for k in range(1, 6))
    content = io.BytesIO()
    soundfile.write(content, 0.2 * partials, 16_000, format="FLAC")
    seen = visit("upload", type="mfcc", model="reed").upload(content.getvalue(), name="tone.flac")
    assert not asked
    seen.choose("Show", SHOWN)
    assert len(asked) == 1
    assert seen.says("The pitch was found in the sound: 220 Hz (A3).")
    assert len(bars(seen)) == 2


@pytest.mark.usefixtures("pages")
def test_a_recording_without_pitch_says_so_and_has_its_parts() -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(2 * 16_000)
    content = io.BytesIO()
    soundfile.write(content, noise, 16_000, format="FLAC")
    seen = visit("upload", type="mfcc", model="reed", drives="partials")
    seen.upload(content.getvalue(), name="noise.flac")
    assert NO_PITCH in seen.texts
    (figure,) = bars(seen)
    assert figure.alt.startswith("Evidence by part of the note: ")
