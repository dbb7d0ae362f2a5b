"""What is planted in a collection is found, and nothing else."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.datasets.notes_on_disk import SR, Samples, write_audio
from tests.datasets.planted import N, T, clean_note, write_clean
from xai_core.datasets import audit as auditing
from xai_core.datasets import notes as reading
from xai_core.datasets.audit import Audit, audit
from xai_core.datasets.findings import Finding
from xai_core.datasets.notes import NoteRecord
from xai_core.errors import InputError


@pytest.fixture
def records(tmp_path: Path) -> list[NoteRecord]:
    return write_clean(tmp_path)


def finding(result: Audit, key: str) -> Finding:
    (found,) = [one for one in result.findings if one.key == key]
    return found


def keys(result: Audit) -> list[str]:
    return [one.key for one in result.findings]


# --------------------------------------------------------------------------- clean


def test_a_clean_collection_has_no_findings(records: list[NoteRecord]) -> None:
    result = audit(records)
    assert result.findings == ()
    assert (result.n_notes, result.n_instruments, result.n_unusable) == (24, 12, 0)
    assert [one.n_notes for one in result.families] == [8, 8, 8]
    assert {one.source: one.n_notes for one in result.sources} == {"library": 12, "studio": 12}
    by_source, by_collection = result.confounding
    assert by_source.information == pytest.approx(0.0, abs=1e-12)
    assert by_source.guessed == by_source.chance == pytest.approx(1 / 3)
    assert by_collection.label == "collection"  # the instrument source is not known


def test_progress_reaches_the_end_and_every_file_is_read_once(
    records: list[NoteRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def counted(record: NoteRecord, **settings: float) -> tuple[Samples, int]:
        read.append(record.path)
        return reading.read_stored(record, **settings)

    monkeypatch.setattr(auditing, "read_stored", counted)
    told: list[tuple[int, int]] = []
    audit(records, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 24) for done in range(1, 25)]
    assert sorted(read) == sorted(record.path for record in records)


def test_audio_is_not_held(records: list[NoteRecord]) -> None:
    audit(records[:1])
    tracemalloc.start()
    try:
        audit(records[:2])
        two = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        audit(records)
        all_of_them = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert all_of_them - two < 64_000 * 4  # bytes: not even one note more


def test_a_note_named_twice_counts_once(records: list[NoteRecord]) -> None:
    assert audit([*records, *records]).n_notes == 24


def test_no_notes_are_refused() -> None:
    with pytest.raises(InputError, match="expected notes to look at, got none"):
        audit([])


# ------------------------------------------------------------------ planted, one by one


def _tone(n: int = N) -> Samples:
    return clean_note(seed=999)[:n]


PLANTED: dict[str, tuple[Samples, int, str]] = {
    "silent": (np.zeros(N, np.float32), SR, "peak -inf dBFS"),
    "noise_only": (0.1 * np.random.default_rng(1).normal(size=N), SR, "clearest partial"),
    "clipped": (np.clip(5 * np.sin(2 * np.pi * 200 * T), -1, 1), SR, "samples in flat tops"),
    "dc_offset": (0.02 + _tone(), SR, "% of the peak"),
    "short": (_tone(5 * SR // 2), SR, "2.50 s"),
    "long": (np.concatenate([_tone(), _tone()]), SR, "8.00 s"),
    "padded": (np.where(T < 2.5, _tone(), 0.0), SR, "1.50 s"),
    "other_rate": (
        np.sin(2 * np.pi * 300 * np.arange(4 * 44_100) / 44_100) / 2,
        44_100,
        "44100 Hz",
    ),
    "several_channels": (np.stack([_tone(), 0.5 * _tone()], axis=1), SR, "2 channels"),
}


@pytest.mark.parametrize("key", PLANTED)
def test_what_is_planted_is_found_and_nothing_else(records: list[NoteRecord], key: str) -> None:
    y, sr, detail = PLANTED[key]
    write_audio(records[5].path, y, sr=sr)
    result = audit(records)
    assert keys(result) == [key]
    found = finding(result, key)
    assert (found.count, found.total, found.unit) == (1, 24, "notes")
    assert found.found[0].name == records[5].note
    assert found.found[0].path == str(records[5].path)
    assert detail in found.found[0].detail
    assert len(found.why) > 20


def test_unusable_files_are_named_with_the_reason_and_the_rest_goes_on(
    records: list[NoteRecord], tmp_path: Path
) -> None:
    records[0].path.unlink()
    records[1].path.write_bytes(records[1].path.read_bytes()[:3000])
    records[2].path.write_bytes(b"")
    records[3].path.write_text("not audio")
    wav = write_audio(tmp_path / "cut.wav", clean_note(50))
    wav.write_bytes(wav.read_bytes()[:60_000])  # decodes well, and is short
    records[4] = replace(records[4], path=wav)
    y = clean_note(51)
    y[100] = np.nan
    nan = write_audio(tmp_path / "nan.wav", y, subtype="FLOAT")
    records[6] = replace(records[6], path=nan)
    result = audit(records)
    assert keys(result) == ["unusable"]
    reasons = {one.name: one.detail for one in finding(result, "unusable").found}
    assert reasons == {
        records[0].note: "missing",
        records[1].note: "damaged",
        records[2].note: "empty",
        records[3].note: "damaged",
        records[4].note: "damaged",
        records[6].note: "not finite",
    }
    assert result.n_unusable == 6
    assert result.n_notes == 24  # counts are of labels


def test_all_damaged_still_has_counts(records: list[NoteRecord]) -> None:
    for record in records:
        record.path.unlink()
    result = audit(records)
    assert keys(result) == ["unusable"]
    assert [give.median_by_source for give in result.give_aways] == [{}] * 4
    json.dumps(result.as_dict(), allow_nan=False)


def test_a_short_silent_file_is_silent_and_not_unusable(records: list[NoteRecord]) -> None:
    write_audio(records[5].path, np.zeros(SR, np.float32))
    assert keys(audit(records)) == ["silent", "short"]


def test_only_the_first_minute_of_a_long_file_is_read(records: list[NoteRecord]) -> None:
    write_audio(records[5].path, np.tile(_tone(), 16))
    assert finding(audit(records), "long").found[0].detail == "60 s or more"


# -------------------------------------------------------------------------- copies


def test_copies_are_told_by_how_far_apart_their_labels_are(
    records: list[NoteRecord], tmp_path: Path
) -> None:
    def copy(origin: NoteRecord, **labels: str) -> NoteRecord:
        path = tmp_path / f"copy_{labels['note']}.wav"  # another container, the same samples
        y, sr = reading.read_stored(origin)
        return replace(origin, path=write_audio(path, y, sr=sr), **labels)

    within = copy(records[0], note="within")
    across = copy(records[2], note="across", instrument="bass_other")
    wrong = copy(records[4], note="wrong", instrument="flute_other", family="flute")
    result = audit([*records, within, across, wrong])
    told = {
        one.key: [(found.name, found.detail) for found in one.found]
        for one in result.findings
        if one.key.startswith("copy")
    }
    assert told == {
        "copy_across_families": [
            (records[4].note, "as wrong"),
            ("wrong", f"as {records[4].note}"),
        ],
        "copy_across_instruments": [
            (records[2].note, "as across"),
            ("across", f"as {records[2].note}"),
        ],
        "copy_in_instrument": [(records[0].note, "as within"), ("within", f"as {records[0].note}")],
    }
    assert [key for key in keys(result) if not key.startswith("copy")] == []


def test_one_file_under_two_families_is_a_copy(records: list[NoteRecord]) -> None:
    result = audit([*records, replace(records[0], family="flute", note="again")])
    assert keys(result) == ["copy_across_families"]


def test_silent_notes_are_no_copies_of_each_other(records: list[NoteRecord]) -> None:
    for record in (records[0], records[9]):
        write_audio(record.path, np.zeros(N, np.float32))
    assert keys(audit(records)) == ["silent"]


# -------------------------------------------------------------------------- labels


def test_an_instrument_that_swallows_its_family_is_named(records: list[NoteRecord]) -> None:
    first = records[0].instrument
    # 5 of 8 notes; exactly a half, 4 of 8, is not yet found
    half = [replace(r, instrument=first) if i in (2, 3) else r for i, r in enumerate(records)]
    assert keys(audit(half)) == []
    more = [replace(r, instrument=first) if i in (2, 3, 4) else r for i, r in enumerate(records)]
    result = audit(more)
    assert keys(result) == ["one_instrument"]
    found = finding(result, "one_instrument")
    assert [one.name for one in found.found] == ["bass"]
    assert found.found[0].detail == f"{first} has 62 % of 8 notes"
    assert (found.count, found.total, found.unit) == (1, 3, "families")


def test_family_and_source_one_to_one_are_confounded(records: list[NoteRecord]) -> None:
    result = audit([replace(record, source=f"{record.family} maker") for record in records])
    assert keys(result) == ["one_source", "confounded"]
    assert [one.name for one in finding(result, "one_source").found] == ["bass", "flute", "organ"]
    source = result.confounding[0]
    assert source.information == pytest.approx(1.0)
    assert (source.guessed, source.chance) == (1.0, pytest.approx(1 / 3))
    assert "names the family in 100 % of 24 notes" in finding(result, "confounded").found[0].detail


def test_a_single_source_is_not_held_against_every_family(records: list[NoteRecord]) -> None:
    result = audit([replace(record, source="one") for record in records])
    assert result.findings == ()
    assert "cannot be seen here" in result.confounding[0].sentence


def test_instrument_source_is_judged_where_it_is_known(records: list[NoteRecord]) -> None:
    known = [replace(record, instrument_source="acoustic") for record in records[:4]]
    result = audit([*known, *records[4:]])
    assert [(one.label, one.n_notes) for one in result.confounding] == [
        ("source", 24),
        ("collection", 24),
        ("instrument_source", 4),
    ]


# ----------------------------------------------------------------------- give-aways


def test_a_source_that_is_quieter_gives_itself_away(records: list[NoteRecord]) -> None:
    for record in records:
        y, sr = reading.read_stored(record)
        gain = 0.25 if record.source == "library" else 1.0
        write_audio(record.path, gain * y, sr=sr)
    result = audit(records)
    peak = result.give_aways[0]
    assert (peak.key, peak.unit) == ("peak", "dBFS")
    assert peak.median_by_source["studio"] == pytest.approx(20 * np.log10(0.5), abs=0.01)
    assert peak.median_by_source["library"] == pytest.approx(20 * np.log10(0.125), abs=0.01)
    assert peak.explained_by_source > 0.7  # ranks inside a source differ by rounding alone
    assert peak.explained_by_family < 0.1
    padding = result.give_aways[2]
    assert padding.explained_by_source < 0.2


# ---------------------------------------------------------------------------- JSON


def test_the_dict_survives_json_and_holds_what_the_audit_holds(records: list[NoteRecord]) -> None:
    write_audio(records[5].path, PLANTED["padded"][0])
    result = audit(records)
    content = result.as_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert set(content) == {
        *("format", "n_notes", "n_instruments", "n_unusable", "families", "instruments"),
        *("sources", "findings", "confounding", "give_aways", "definitions"),
    }
    (padded,) = content["findings"]
    assert (padded["key"], padded["count"], padded["total"]) == ("padded", 1, 24)
    assert padded["found"] == [
        {"name": records[5].note, "detail": "1.50 s", "path": str(records[5].path)}
    ]
    assert content["families"][0]["notes_by_pitch"] == {"50": 4, "60": 4}
    assert content["confounding"][0]["sentence"] == result.confounding[0].sentence
    assert content["definitions"]["silent_dbfs"] == -80.0
    assert content["format"] == 1
