"""A note is known by its instrument and its file; pitches are read as people write them."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace

import librosa
import numpy as np
import pytest

from tests.datasets.notes_on_disk import tone, write_audio
from xai_core.datasets.audit import audit
from xai_core.datasets.collection import read_collection, read_collections
from xai_core.datasets.note_names import midi_number, midi_pitch, named_apart
from xai_core.explanations import resolve_settings
from xai_core.pair_tables import METRIC_COLUMNS
from xai_core.study.notes import choose_notes, pairs_within
from xai_core.study.pairs import Block, BlockResult, FamilyMaps
from xai_core.study.plan import choose_by_family, describe_analysis
from xai_core.study.tables import note_rows, pair_rows

INSTRUMENTS = ("alto", "piccolo", "bass")
PITCHES = ("C4", "E4", "G4")
NINE = {f"{name}/{pitch}" for name, pitch in itertools.product(INSTRUMENTS, PITCHES)}


@pytest.fixture
def nine(tmp_path: Path) -> Path:
    """Return a folder of nine different notes, three files of each name."""
    for k, (name, pitch) in enumerate(itertools.product(INSTRUMENTS, PITCHES)):
        y = tone(300.0 + 40.0 * k, n_samples=16_000)
        write_audio(tmp_path / "notes" / "flute" / name / f"{pitch}.wav", y)
    return tmp_path / "notes"


def test_nine_notes_of_three_names_are_nine_notes(nine: Path) -> None:
    records = read_collection(nine)
    assert {record.note for record in records} == NINE
    chosen, refused = choose_notes(records, "flute", n=20, seed=0)
    assert {note.record.note for note in chosen} == NINE
    assert refused == []


def test_two_collections_with_the_same_files_names_are_told_apart(
    nine: Path, tmp_path: Path
) -> None:
    for k, (name, pitch) in enumerate(itertools.product(("alto", "tenor"), PITCHES)):
        y = tone(900.0 + 40.0 * k, n_samples=16_000)
        write_audio(tmp_path / "more" / "flute" / name / f"{pitch}.wav", y)
    records = read_collections([nine, tmp_path / "more"])
    assert len({record.note for record in records}) == 9 + 6
    assert "more/flute/alto/C4" in {record.note for record in records}
    each = [*read_collection(nine), *read_collection(tmp_path / "more")]
    chosen, _ = choose_by_family(
        each, {"mfcc": {"flute": None}}, None, n=20, seed=0, on_progress=lambda event: None
    )
    assert len({note.record.note for note in chosen["flute"]}) == 9 + 6


def test_settings_and_tables_name_all_nine(nine: Path) -> None:
    cards = {"mfcc": {"flute": SimpleNamespace(sha256="0" * 64)}}
    chosen, _ = choose_by_family(
        read_collection(nine), cards, None, n=20, seed=0, on_progress=lambda event: None
    )
    settings = {"grad_cam": resolve_settings("grad_cam", "default")}
    named = describe_analysis(cards, settings, chosen, models="tiny")["notes"]["flute"]
    assert set(named) == NINE
    assert len(set(named.values())) == 9
    of_family = FamilyMaps("mfcc", "flute", settings["grad_cam"], "tiny", "", chosen["flute"])
    pairs = pairs_within(9)
    block = Block.of(of_family, of_family, pairs)
    result = BlockResult(
        pairs=pairs,
        distances={name: np.zeros(len(pairs)) for name in METRIC_COLUMNS},
        probability=np.ones(9),
        completeness_error=np.zeros(9),
        is_zero=np.zeros(9, bool),
    )
    rows = pair_rows(block, result)
    assert len(set(zip(rows["note_a"], rows["note_b"], strict=True))) == 9 * 8 // 2
    assert {row["note"] for row in note_rows([(block, result)])} == NINE


def test_a_copy_is_named_so_that_it_is_found(nine: Path) -> None:
    alto, bass = (nine / "flute" / name / "C4.wav" for name in ("alto", "bass"))
    bass.write_bytes(alto.read_bytes())
    found = {one.key: one for one in audit(read_collection(nine)).findings}
    copies = found["copy_across_instruments"].found
    assert {(one.name, one.detail) for one in copies} == {
        ("alto/C4", "as bass/C4"),
        ("bass/C4", "as alto/C4"),
    }


def test_names_that_differ_stay_as_they_are(tmp_path: Path) -> None:
    for name in ("oboe/1.wav", "oboe/2.wav", "sax/3.wav"):
        write_audio(tmp_path / "reed" / name, tone())
    records = read_collection(tmp_path)
    assert [record.note for record in records] == ["1", "2", "3"]
    assert named_apart(records) == records


def test_the_ending_tells_where_nothing_else_does(tmp_path: Path) -> None:
    for name in ("C4.wav", "C4.flac"):
        write_audio(tmp_path / "reed" / "oboe" / name, tone())
    assert {one.note for one in read_collection(tmp_path)} == {"C4.wav", "C4.flac"}
    same = read_collection(tmp_path)[:1] * 2  # one file twice has one name
    assert named_apart(same) == same


@pytest.mark.parametrize("number", range(128))
def test_every_midi_number_is_read_in_each_way_to_write_it(number: int) -> None:
    sharp = librosa.midi_to_note(number, unicode=False)
    for text in (str(number), f"{number}.0", f" {number} ", sharp, sharp.lower()):
        assert midi_pitch(text) == number
    assert midi_pitch(librosa.midi_to_note(number, unicode=True)) == number


@pytest.mark.parametrize("text", ["", "128", "-1", "55.5", "H4", "A", "G#9", "Cb-1", "½", "\u0665"])
def test_what_is_no_pitch_is_none(text: str) -> None:
    assert midi_pitch(text) is None


def test_flats_and_doubles_are_what_librosa_says() -> None:
    for text in ("Bb3", "Eb4", "B♭3", "C##4", "Dbb4"):
        expected = round(librosa.note_to_midi(text.replace("♭", "b")))
        assert midi_pitch(text) == expected


def test_a_velocity_is_no_name() -> None:
    assert [midi_number(text) for text in ("100", "100.0", "A4", "mf")] == [100, 100, None, None]
