"""The notes that come with the repository."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.datasets.spectrum import peak_db
from xai_core.datasets import NoteRecord, audio_digest, read_collection, read_samples
from xai_core.values import FAMILIES

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
WITHOUT_RECORDING = {"bass", "mallet", "vocal"}  # none that no model was trained on


@pytest.fixture(scope="module")
def records() -> list[NoteRecord]:
    return read_collection(SAMPLES)


def test_every_family_has_eight_renders_of_four_instruments(records: list[NoteRecord]) -> None:
    rendered = [record for record in records if record.collection == "renders"]
    assert {record.source for record in rendered} == {"FluidR3_GM"}
    notes = Counter(record.family for record in rendered)
    instruments: dict[str, set[str]] = defaultdict(set)
    for record in rendered:
        instruments[record.family].add(record.instrument)
    assert set(notes) == set(FAMILIES)
    assert min(notes.values()) >= 8
    assert min(len(names) for names in instruments.values()) >= 4


def test_families_have_recorded_notes_with_their_attribution(records: list[NoteRecord]) -> None:
    recorded = [record for record in records if record.collection == "recordings"]
    assert set(FAMILIES) - {record.family for record in recorded} == WITHOUT_RECORDING
    told = (SAMPLES / "ATTRIBUTION.md").read_text(encoding="utf-8")
    for record in records:
        assert record.licence, record.note
        assert f"| {record.licence} | {record.attribution} |" in told, record.note


def test_every_family_has_several_pitches_and_velocities(records: list[NoteRecord]) -> None:
    for family in FAMILIES:
        of_family = [record for record in records if record.family == family]
        assert len({record.pitch for record in of_family}) >= 4
        assert len({record.velocity for record in of_family}) >= 3


def test_notes_are_four_seconds_of_16_bit_mono_flac(records: list[NoteRecord]) -> None:
    for record in records:
        info = soundfile.info(record.path)
        assert (info.frames, info.samplerate, info.channels) == (64_000, 16_000, 1)
        assert (info.format, info.subtype) == ("FLAC", "PCM_16")


def test_no_note_is_silent_or_clipped(records: list[NoteRecord]) -> None:
    for record in records:
        y = read_samples(record)
        assert -40.0 < peak_db(y) < -0.5, record.note
        assert abs(np.mean(y)) < 0.005 * np.max(np.abs(y)), record.note  # no DC offset


def test_no_two_notes_are_the_same_recording(records: list[NoteRecord]) -> None:
    assert len({audio_digest(record) for record in records}) == len(records)
    assert len({record.note for record in records}) == len(records)


def test_every_instrument_has_one_name_of_its_own(records: list[NoteRecord]) -> None:
    names = {(record.collection, record.instrument, record.instrument_name) for record in records}
    assert all(name for *_, name in names)
    assert len(names) == len({instrument for _, instrument, _ in names})
    assert len(names) == len({(collection, name) for collection, _, name in names})


def test_the_folder_weighs_at_most_12_mb_and_holds_nothing_unlisted() -> None:
    files = [path for path in SAMPLES.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 12_000_000
    listed = {record.path for record in read_collection(SAMPLES)}
    assert {path for path in files if path.suffix == ".flac"} == listed


def test_licence_and_command_lie_beside_the_notes() -> None:
    licence = (SAMPLES / "LICENSE.FluidR3").read_text(encoding="utf-8")
    assert "Permission is hereby granted, free of charge" in licence
    assert "Frank Wen" in licence
    readme = (SAMPLES / "README.md").read_text(encoding="utf-8")
    assert "python -m xai_core dataset build samples --out samples" in readme
