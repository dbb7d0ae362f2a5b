from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.datasets.soundfont_file import Tone, write_soundfont
from tests.datasets.spectrum import cents, peak_db, peak_frequency, pitch_to_hz
from xai_core.datasets.notes import NoteRecord, read_samples
from xai_core.datasets.render import RenderReport, render_notes
from xai_core.errors import InputError

ORGANS = [
    Tone(0, 16, "Drawbars", (0.5,)),
    Tone(0, 17, "Stop", (0.2, 0.4)),
    Tone(0, 18, "Reed", (0.2, 0.0, 0.3)),
]


def render(
    font: Path,
    out: Path,
    *,
    seed: int = 0,
    pitches: int | None = 2,
    velocities: tuple[int, ...] = (100, 50),
    per_family: int | None = None,
) -> RenderReport:
    return render_notes(
        [font],
        out,
        rng=np.random.default_rng(seed),
        pitches_per_instrument=pitches,
        velocities=velocities,
        per_family=per_family,
    )


def test_rendered_notes_have_the_pitch_they_are_named_after(tmp_path: Path) -> None:
    font = write_soundfont(tmp_path / "toy.sf2", [ORGANS[0]])
    report = render(font, tmp_path / "out", pitches=4)
    assert len(report.records) == 8
    for record in report.records:
        assert record.pitch is not None
        assert record.note == f"organ_electronic_500-{record.pitch:03d}-{record.velocity:03d}"
        heard = peak_frequency(read_samples(record)[8_000:40_000])
        assert abs(cents(heard, pitch_to_hz(record.pitch))) < 1.0


def test_velocity_100_peaks_at_minus_6_dbfs_and_differences_stay(tmp_path: Path) -> None:
    font = write_soundfont(tmp_path / "toy.sf2", ORGANS)
    report = render(font, tmp_path / "out", velocities=(100, 50, 127))
    loudest: dict[tuple[str, int | None], float] = {}
    for record in report.records:
        key = (record.instrument, record.velocity)
        loudest[key] = max(loudest.get(key, -200.0), peak_db(read_samples(record)))
    for instrument in {record.instrument for record in report.records}:
        assert loudest[instrument, 100] == pytest.approx(-6.0, abs=0.01)
        # SoundFont 2.01 section 8.4.1: amplitude follows the square of velocity
        assert loudest[instrument, 50] == pytest.approx(-6.0 + 40 * np.log10(50 / 100), abs=0.1)
        assert loudest[instrument, 127] == pytest.approx(-6.0 + 40 * np.log10(127 / 100), abs=0.1)


def test_the_loudest_velocity_never_clips_where_velocity_100_is_not_asked_for(
    tmp_path: Path,
) -> None:
    font = write_soundfont(tmp_path / "toy.sf2", [ORGANS[0]])
    report = render(font, tmp_path / "out", velocities=(127,))
    assert report.n_clipped == 0
    assert max(peak_db(read_samples(r)) for r in report.records) == pytest.approx(-1.85, abs=0.1)


def test_silent_notes_and_drums_are_left_out_and_counted(tmp_path: Path) -> None:
    tones = [
        Tone(0, 16, "Half", keys=(0, 66)),  # plays 36 to 96: the upper part is silent
        Tone(0, 17, "Mute", ()),
        Tone(0, 24, "Guitar", (0.3, 0.3)),
        Tone(128, 24, "Kit"),
    ]
    font = write_soundfont(tmp_path / "toy.sf2", tones)
    report = render(font, tmp_path / "out", pitches=2, velocities=(100,))
    assert Counter(r.instrument_name for r in report.records) == {"Half": 1, "Guitar": 2}
    assert report.n_silent == 3
    assert report.n_clipped == 0
    half = [r.pitch for r in report.records if r.instrument_name == "Half"]
    assert half[0] is not None
    assert half[0] <= 66


def test_a_limit_is_spread_over_instruments_and_made_up_where_one_is_silent(
    tmp_path: Path,
) -> None:
    organs = [dataclasses.replace(tone, program=tone.program + 1) for tone in ORGANS]
    font = write_soundfont(tmp_path / "toy.sf2", [Tone(0, 16, "Mute", ()), *organs])
    report = render(font, tmp_path / "out", pitches=4, per_family=8)
    counts = Counter(record.instrument_name for record in report.records)
    assert sorted(counts.values()) == [2, 3, 3]
    assert sum(counts.values()) == 8


def test_neighbouring_notes_differ_in_pitch_and_velocity(tmp_path: Path) -> None:
    font = write_soundfont(tmp_path / "toy.sf2", ORGANS)
    report = render(font, tmp_path / "out", pitches=2, per_family=6)
    by_instrument: dict[str, list[NoteRecord]] = {}
    for record in report.records:
        by_instrument.setdefault(record.instrument, []).append(record)
    for a, b in by_instrument.values():
        assert a.pitch != b.pitch
        assert a.velocity != b.velocity


def test_the_same_font_and_seed_give_the_same_bytes(tmp_path: Path) -> None:
    font = write_soundfont(tmp_path / "toy.sf2", ORGANS)
    for name in ("first", "second"):
        render(font, tmp_path / name, seed=3)
    render(font, tmp_path / "other", seed=4)

    def content(name: str) -> dict[str, bytes]:
        folder = tmp_path / name
        files = (p for p in folder.rglob("*") if p.is_file())
        return {str(p.relative_to(folder)): p.read_bytes() for p in files}

    assert len(content("first")) == 13  # 3 instruments x 2 pitches x 2 velocities and the JSON
    assert content("first") == content("second")
    assert content("first").keys() != content("other").keys()


def test_two_fonts_give_instruments_of_their_own(tmp_path: Path) -> None:
    a = write_soundfont(tmp_path / "a.sf2", [ORGANS[0]])
    b = write_soundfont(tmp_path / "b.sf2", [ORGANS[1]])
    report = render_notes(
        [a, b],
        tmp_path / "out",
        rng=np.random.default_rng(0),
        velocities=[100],
        pitches_per_instrument=1,
    )
    assert {(r.instrument, r.source) for r in report.records} == {
        ("organ_electronic_500", "a"),
        ("organ_electronic_501", "b"),
    }
    entries = json.loads((tmp_path / "out" / "examples.json").read_text())
    assert {entry["instrument_name"] for entry in entries.values()} == {"Drawbars", "Stop"}


def test_progress_ends_at_the_number_of_notes(tmp_path: Path) -> None:
    font = write_soundfont(tmp_path / "toy.sf2", ORGANS)
    seen: list[tuple[int, int]] = []
    render_notes(
        [font],
        tmp_path / "out",
        rng=np.random.default_rng(0),
        velocities=[100],
        pitches_per_instrument=1,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_notes_that_are_there_are_never_overwritten(tmp_path: Path) -> None:
    font = write_soundfont(tmp_path / "toy.sf2", ORGANS)
    render(font, tmp_path / "out", pitches=1)
    with pytest.raises(InputError, match="already holds examples"):
        render(font, tmp_path / "out", pitches=1)


def test_a_font_of_drums_has_nothing_to_render(tmp_path: Path) -> None:
    font = write_soundfont(tmp_path / "toy.sf2", [Tone(128, 0, "Kit")])
    with pytest.raises(InputError, match="nothing to render"):
        render(font, tmp_path / "out")


@pytest.mark.parametrize("velocities", [(), (0,), (128,), (100, 100)])
def test_velocities_that_make_no_sense_are_refused(
    tmp_path: Path, velocities: tuple[int, ...]
) -> None:
    font = write_soundfont(tmp_path / "toy.sf2", ORGANS)
    with pytest.raises(InputError, match="velocities"):
        render(font, tmp_path / "out", velocities=velocities)
