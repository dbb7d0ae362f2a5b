from __future__ import annotations

import codecs
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.datasets.notes_on_disk import new_note, tone, write_audio
from xai_core.datasets.notes import NoteRecord, read_samples
from xai_core.datasets.nsynth import (
    NSYNTH_FAMILIES,
    QUALITIES,
    read_nsynth,
    write_nsynth,
)
from xai_core.errors import InputError

# Every field of an entry of NSynth's own examples.json.
NSYNTH_FIELDS = {
    "note",
    "note_str",
    "instrument",
    "instrument_str",
    "pitch",
    "velocity",
    "sample_rate",
    "qualities",
    "qualities_str",
    "instrument_family",
    "instrument_family_str",
    "instrument_source",
    "instrument_source_str",
}


def edit(folder: Path, change: Any) -> None:
    path = folder / "examples.json"
    entries = json.loads(path.read_text())
    change(entries)
    path.write_text(json.dumps(entries))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    out = tmp_path / "notes"
    notes = [new_note(pitch=64), new_note(pitch=65), new_note("vocal", number=3, pitch=60)]
    write_nsynth(out, notes)
    return out


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    y = tone(333.0, n_samples=64_000, peak=1.0 - 2**-15)
    written = write_nsynth(tmp_path / "notes", [new_note(y=y), new_note("bass", number=2)])
    assert written == read_nsynth(tmp_path / "notes")
    bass, guitar = written
    assert bass.instrument == "bass_acoustic_002"
    assert guitar.note == "guitar_acoustic_010-064-100"
    assert guitar.instrument == "guitar_acoustic_010"
    assert (guitar.family, guitar.pitch, guitar.velocity) == ("guitar", 64, 100)
    assert (guitar.source, guitar.collection) == ("Toy", "notes")
    assert guitar.instrument_name == "Nylon String Guitar"
    np.testing.assert_array_equal(read_samples(guitar), y)
    info = soundfile.info(guitar.path)
    assert (info.samplerate, info.channels, info.subtype) == (16_000, 1, "PCM_16")


def test_every_field_comes_back(tmp_path: Path) -> None:
    full = replace(
        new_note("mallet", number=7, pitch=0, velocity=127),
        instrument_source="synthetic",
        qualities=("tempo-synced", "bright"),
        licence="CC BY 4.0",
        attribution="A. Maker, «Marimba»",
        group="marimbas",
    )
    write_nsynth(tmp_path / "notes", [full])
    (record,) = read_nsynth(tmp_path / "notes")
    for field in ("note", "family", "instrument", "instrument_source", "pitch", "velocity"):
        assert getattr(record, field) == getattr(full, field)
    for field in ("instrument_name", "licence", "attribution", "group"):
        assert getattr(record, field) == getattr(full, field) != ""
    assert record.source == full.soundfont
    assert record.qualities == ("bright", "tempo-synced")  # in the order of NSynth
    (entry,) = json.loads((tmp_path / "notes" / "examples.json").read_text()).values()
    assert entry["qualities"] == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert list(entry)[-5:] == [
        "instrument_name",
        "soundfont",
        "licence",
        "attribution",
        "group",
    ]


def test_a_quality_that_nsynth_does_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown quality 'warm'"):
        write_nsynth(tmp_path / "notes", [replace(new_note(), qualities=("warm",))])


def test_an_entry_of_the_published_nsynth_is_kept_in_full(tmp_path: Path) -> None:
    # As in examples.json of nsynth-test, four spaces deep.
    entry = {
        "qualities": [0, 1, 0, 0, 0, 0, 0, 0, 1, 0],
        "pitch": 65,
        "note": 280713,
        "instrument_source_str": "electronic",
        "velocity": 127,
        "instrument_str": "bass_electronic_027",
        "instrument": 655,
        "sample_rate": 16000,
        "qualities_str": ["dark", "reverb"],
        "instrument_source": 1,
        "note_str": "bass_electronic_027-065-127",
        "instrument_family": 0,
        "instrument_family_str": "bass",
    }
    write_audio(tmp_path / "audio" / f"{entry['note_str']}.wav", tone())
    text = json.dumps({entry["note_str"]: entry}, indent=4)
    (tmp_path / "examples.json").write_text(text)
    (record,) = read_nsynth(tmp_path)
    assert record == NoteRecord(
        note="bass_electronic_027-065-127",
        path=tmp_path / "audio" / "bass_electronic_027-065-127.wav",
        family="bass",
        instrument="bass_electronic_027",
        pitch=65,
        velocity=127,
        source=tmp_path.name,
        collection=tmp_path.name,
        instrument_source="electronic",
        qualities=("dark", "reverb"),
    )


def test_what_is_optional_may_be_missing(folder: Path) -> None:
    needed = {"note_str", "instrument_str", "instrument_family_str", "pitch", "velocity"}

    def strip(entries: dict[str, dict[str, Any]]) -> None:
        for entry in entries.values():
            for field in set(entry) - needed:
                del entry[field]

    edit(folder, strip)
    for record in read_nsynth(folder):
        assert (record.instrument_source, record.qualities) == ("", ())
        assert (record.licence, record.attribution, record.group) == ("", "", "")
        assert record.source == folder.name


def test_audio_is_found_whatever_its_ending(folder: Path) -> None:
    first, second, third = sorted((folder / "audio").iterdir())
    first.rename(first.with_suffix(".FLAC"))
    write_audio(second.with_suffix(".wav"), tone())  # beside the FLAC: the last by name is taken
    third.rename(third.with_suffix(".txt"))
    records = read_nsynth(folder)
    assert [record.path.suffix for record in records] == [".FLAC", ".wav"]


def test_a_folder_without_notes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected .*examples\.json, found no such file"):
        read_nsynth(tmp_path)
    (tmp_path / "examples.json").write_text("{}")
    with pytest.raises(InputError, match=r"expected a folder .*audio beside examples"):
        read_nsynth(tmp_path)


def test_the_same_note_twice_in_examples_json_is_refused(folder: Path) -> None:
    edit(
        folder,
        lambda entries: entries["guitar_acoustic_010-065-100"].update(
            note_str="guitar_acoustic_010-064-100"
        ),
    )
    with pytest.raises(InputError, match="guitar_acoustic_010-064-100 comes twice"):
        read_nsynth(folder)


def test_a_name_that_leads_out_of_the_folder_is_not_followed(folder: Path) -> None:
    write_audio(folder / "outside.flac", tone())
    edit(
        folder,
        lambda entries: entries["guitar_acoustic_010-065-100"].update(note_str="../outside"),
    )
    assert len(read_nsynth(folder)) == 2


def test_the_fields_are_those_of_nsynth_and_two_of_ours(folder: Path) -> None:
    entries = json.loads((folder / "examples.json").read_text())
    for name, entry in entries.items():
        assert set(entry) == NSYNTH_FIELDS | {"instrument_name", "soundfont"}
        assert entry["note_str"] == name
        assert entry["qualities"] == [0] * len(QUALITIES) == [0] * 10
    vocal = entries["vocal_acoustic_003-060-100"]
    # NSynth counts synth_lead as family 9 and vocal as family 10.
    assert vocal["instrument_family"] == 10 == NSYNTH_FAMILIES.index("vocal")
    assert vocal["instrument_source"] == 0
    assert len({entry["note"] for entry in entries.values()}) == 3
    assert len({entry["instrument"] for entry in entries.values()}) == 2


@pytest.mark.parametrize(
    "field", ["note_str", "instrument_str", "pitch", "velocity", "instrument_family_str"]
)
def test_a_missing_field_names_the_note_and_the_field(folder: Path, field: str) -> None:
    edit(folder, lambda entries: entries["guitar_acoustic_010-065-100"].pop(field))
    with pytest.raises(InputError, match=f"guitar_acoustic_010-065-100 has no field '{field}'"):
        read_nsynth(folder)


def test_synth_lead_is_left_out_and_counted(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    edit(
        folder,
        lambda entries: entries["vocal_acoustic_003-060-100"].update(
            instrument_family_str="synth_lead"
        ),
    )
    assert {record.family for record in read_nsynth(folder)} == {"guitar"}
    assert "1 notes of synth_lead" in caplog.text


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("pitch", 128, "expected pitch to be 0 to 127, got 128"),
        ("velocity", "loud", "expected velocity to be 0 to 127, got 'loud'"),
        ("velocity", True, "expected velocity to be 0 to 127, got True"),
        ("pitch", 60.5, "expected pitch to be 0 to 127, got 60.5"),
        ("pitch", None, "expected pitch to be 0 to 127, got None"),
        ("note_str", ["a"], r"expected note_str to be text, got \['a'\]"),
        ("instrument_str", 3, "expected instrument_str to be text, got 3"),
        ("instrument_str", "", "expected instrument_str to be text, got ''"),
        ("instrument_family_str", None, "expected instrument_family_str to be text, got None"),
        ("instrument_source_str", "sampled", "unknown instrument source 'sampled'"),
        ("qualities_str", "bright", "expected qualities_str to be words, got 'bright'"),
        ("qualities_str", [1, 0], r"expected qualities_str to be words, got \[1, 0\]"),
        ("licence", 4.0, "expected licence to be text, got 4.0"),
        ("group", {}, "expected group to be text"),
        ("instrument_family_str", "kazoo", "unknown family 'kazoo'"),
    ],
)
def test_a_value_that_makes_no_sense_names_the_note(
    folder: Path, field: str, value: Any, message: str
) -> None:
    edit(folder, lambda entries: entries["guitar_acoustic_010-065-100"].update({field: value}))
    with pytest.raises(InputError, match=f"guitar_acoustic_010-065-100.*{message}"):
        read_nsynth(folder)


def test_a_note_without_audio_is_left_out_and_named(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "audio" / "guitar_acoustic_010-065-100.flac").unlink()
    with caplog.at_level(logging.WARNING):
        records = read_nsynth(folder)
    assert len(records) == 2
    assert "1 notes have no audio" in caplog.text
    assert "guitar_acoustic_010-065-100" in caplog.text


def test_no_audio_at_all_is_an_error(folder: Path) -> None:
    for path in (folder / "audio").iterdir():
        path.unlink()
    with pytest.raises(InputError, match="found none of its 3 notes"):
        read_nsynth(folder)


def test_wav_serves_as_well_as_flac(folder: Path) -> None:
    for path in (folder / "audio").iterdir():
        y, sr = soundfile.read(path)
        soundfile.write(path.with_suffix(".wav"), y, sr)
        path.unlink()
    assert [record.path.suffix for record in read_nsynth(folder)] == [".wav"] * 3


@pytest.mark.parametrize(
    "text",
    ['{"guitar_acoustic_010-064-100": {"note_', "\x00\xff", '{"a": {"b": "\xe9"}}', "", "{} {}"],
)
def test_a_json_that_was_cut_off_says_so(folder: Path, text: str) -> None:
    (folder / "examples.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match="not valid JSON: was it cut off"):
        read_nsynth(folder)


@pytest.mark.parametrize("text", ["[1, 2]", '"notes"', '{"a": 1}', '{"a": [{}]}', "null"])
def test_a_json_of_something_else_says_so(folder: Path, text: str) -> None:
    (folder / "examples.json").write_text(text)
    with pytest.raises(InputError, match="to map note names to their fields"):
        read_nsynth(folder)


def test_a_json_may_begin_with_a_byte_order_mark(folder: Path) -> None:
    before = read_nsynth(folder)
    path = folder / "examples.json"
    path.write_bytes(codecs.BOM_UTF8 + path.read_bytes())
    assert read_nsynth(folder) == before


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_a_json_in_utf_16_says_so(folder: Path, encoding: str) -> None:
    path = folder / "examples.json"
    mark = codecs.BOM_UTF16_BE if encoding == "utf-16-be" else b""
    path.write_bytes(mark + path.read_text("utf-8").encode(encoding))
    with pytest.raises(InputError, match="in UTF-8, got UTF-16: save it again"):
        read_nsynth(folder)


def test_the_same_note_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"guitar_acoustic_010-064-100 comes twice"):
        write_nsynth(tmp_path / "notes", [new_note(), new_note()])


@pytest.mark.parametrize("bad", [1.5, np.nan])
def test_samples_beyond_full_scale_are_refused(tmp_path: Path, bad: float) -> None:
    with pytest.raises(InputError, match="expected at most 1"):
        write_nsynth(tmp_path / "notes", [new_note(y=np.full(10, bad))])


def test_a_folder_that_holds_notes_is_not_overwritten(folder: Path) -> None:
    before = (folder / "examples.json").read_bytes()
    with pytest.raises(InputError, match="already holds examples"):
        write_nsynth(folder, [new_note(pitch=70)])
    assert (folder / "examples.json").read_bytes() == before


def test_a_disk_that_refuses_is_one_plain_error(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "audio").write_text("a file where a folder should be")
    with pytest.raises(InputError, match=r"cannot write to .*notes: "):
        write_nsynth(tmp_path / "notes", [new_note()])
