from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.datasets.fake_clients import Registry
from tests.datasets.notes_on_disk import SR, new_note, tone, write_audio
from tests.datasets.soundfont_file import Tone, write_soundfont
from xai_core.datasets import (
    build,
    read_collection,
)
from xai_core.datasets import (
    build_steps as units,
)
from xai_core.datasets.build import BuildReport, build_dataset
from xai_core.datasets.notes import NoteRecord, read_note
from xai_core.datasets.nsynth import write_nsynth
from xai_core.datasets.recipe import (
    Font,
    NotesSource,
    PackageSource,
    Recipe,
    RenderSource,
    SoundPackage,
    Wanted,
)
from xai_core.datasets.splits import split_by_instrument
from xai_core.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
MINE = NotesSource("mine", "mine", "CC0", "me")
FLUTE = SoundPackage("toy-flute", "1.0.0", "flute", "acoustic", "Toy flute", "a friend")
FETCHED = PackageSource("fetched", (FLUTE,), "CC BY 3.0", "the editor")
RENDERED = RenderSource(
    "rendered",
    (Font("toy.sf2"),),
    families=("guitar", "organ"),
    pitches_per_instrument=2,
    velocities=(100,),
)


def noise(seed: int, *, n_samples: int = 4 * SR) -> np.ndarray:
    """Return noise of full 16-bit steps, so that storing it loses nothing."""
    y = 0.1 * np.random.default_rng(seed).standard_normal(n_samples)
    return np.asarray(np.rint(np.clip(y, -0.9, 0.9) * 32768) / 32768, np.float32)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    notes = [new_note("guitar", number=i, pitch=60, y=noise(i)) for i in range(3)]
    write_nsynth(folder / "mine", notes)
    write_soundfont(folder / "toy.sf2", [Tone(0, 16, "Stop", (0.2, 0.4)), Tone(0, 24, "Nylon")])
    return folder


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    registry = Registry(tmp_path / "registry", monkeypatch)
    stereo = np.stack([noise(100, n_samples=6 * 44_100)] * 2, axis=1)
    short = write_audio(tmp_path / "short.wav", tone(330.0, n_samples=8_000))
    long = write_audio(tmp_path / "long.flac", stereo, sr=44_100)
    files = {"package/As4.flac": long, "package/C5.wav": short, "package/README.md": short}
    registry.add_npm("toy-flute", "1.0.0", files)
    return registry


def run(recipe: Recipe, tmp_path: Path, **settings: object) -> BuildReport:
    return build_dataset(
        recipe,
        tmp_path / "out",
        downloads=tmp_path / "kept",
        data=tmp_path / "data",
        **settings,  # type: ignore[arg-type]
    )


def test_every_source_is_there_with_its_attribution(
    data: Path, registry: Registry, tmp_path: Path
) -> None:
    report = run(Recipe("toy", (MINE, FETCHED, RENDERED)), tmp_path)
    records = read_collection(tmp_path / "out")
    assert tuple(records) == report.records
    by_source = {
        source: [record for record in records if record.collection == source]
        for source in ("mine", "fetched", "rendered")
    }
    assert [len(part) for part in by_source.values()] == [3, 2, 4]
    assert {(r.licence, r.attribution) for r in by_source["mine"]} == {("CC0", "me")}
    flute = by_source["fetched"][0]
    assert (flute.note, flute.pitch, flute.velocity) == ("flute_acoustic_800-070", 70, None)
    assert (flute.instrument_name, flute.instrument_source) == ("Toy flute", "acoustic")
    assert (flute.licence, flute.attribution) == ("CC BY 3.0", "a friend; the editor")
    assert {r.instrument_name for r in by_source["rendered"]} == {"Nylon", "Stop"}
    told = (tmp_path / "out" / "ATTRIBUTION.md").read_text()
    assert "| fetched | Toy flute | 2 | CC BY 3.0 | a friend; the editor |" in told


def test_recordings_become_four_seconds_at_16_khz(
    data: Path, registry: Registry, tmp_path: Path
) -> None:
    long, short = run(Recipe("toy", (FETCHED,)), tmp_path).records
    for record in (long, short):
        info = soundfile.info(record.path)
        assert (info.frames, info.samplerate, info.channels) == (4 * SR, SR, 1)
    assert abs(read_note(long)[-1]) < 0.002  # faded, not cut
    np.testing.assert_allclose(read_note(short)[:8_000], tone(330.0, n_samples=8_000), atol=4e-5)
    assert not read_note(short)[8_000:].any()


def test_notes_are_spread_over_the_range_when_few_are_taken(
    data: Path, registry: Registry, tmp_path: Path
) -> None:
    file = write_audio(tmp_path / "a.wav", noise(1))
    files = {f"package/C{octave}.wav": file for octave in range(1, 8)}
    registry.add_npm("wide", "1.0.0", files)
    package = SoundPackage("wide", "1.0.0", "flute", "acoustic", "Wide")
    source = PackageSource("fetched", (package,), "CC0", "me", per_instrument=3)
    assert [r.pitch for r in run(Recipe("toy", (source,)), tmp_path).records] == [36, 60, 84]


def test_a_second_build_makes_nothing_anew_and_a_changed_unit_alone(
    data: Path, registry: Registry, tmp_path: Path
) -> None:
    run(Recipe("toy", (FETCHED, RENDERED)), tmp_path)
    stamps = {path: path.stat().st_ino for path in (tmp_path / "out").glob("*/*")}
    assert len(stamps) == 3
    run(Recipe("toy", (FETCHED, RENDERED)), tmp_path)
    assert {path: path.stat().st_ino for path in stamps} == stamps
    assert registry.asked == ["toy-flute@1.0.0"]
    fewer = PackageSource("fetched", (FLUTE,), "CC BY 3.0", "the editor", per_instrument=1)
    report = run(Recipe("toy", (fewer, RENDERED)), tmp_path)
    changed = [path.name for path in stamps if path.stat().st_ino != stamps[path]]
    assert changed == ["flute_acoustic_800"]
    assert sum(record.family == "flute" for record in report.records) == 1


def test_the_same_recipe_gives_the_same_samples(data: Path, tmp_path: Path) -> None:
    for out in ("one", "two"):
        build_dataset(
            Recipe("toy", (RENDERED,)), tmp_path / out, downloads=tmp_path / "kept", data=data
        )
    one, two = (read_collection(tmp_path / out) for out in ("one", "two"))
    assert [record.note for record in one] == [record.note for record in two]
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(read_note(a), read_note(b))


def test_families_that_a_font_lacks_are_passed_over(data: Path, tmp_path: Path) -> None:
    every = RenderSource("rendered", (Font("toy.sf2"),), pitches_per_instrument=1)
    report = run(Recipe("toy", (every,)), tmp_path)
    assert {record.family for record in report.records} == {"guitar", "organ"}
    none = RenderSource("rendered", (Font("toy.sf2"),), families=("vocal",))
    with pytest.raises(InputError, match="hold no preset of its families"):
        run(Recipe("toy", (none,)), tmp_path)


@pytest.mark.slow
def test_a_killed_build_goes_on_where_it_was(data: Path, tmp_path: Path) -> None:
    tones = [Tone(0, program, f"Tone {program}") for program in (0, 16, 24, 32, 40, 52, 56, 64, 73)]
    write_soundfont(data / "toy.sf2", tones)
    recipe = tmp_path / "toy.toml"
    recipe.write_text(
        'name = "toy"\n[[source]]\nname = "rendered"\nkind = "render"\n'
        'fonts = [{file = "toy.sf2"}]\npitches_per_instrument = 12\n'
    )
    out = tmp_path / "out"
    command = [sys.executable, "-m", "xai_core", "dataset", "build", str(recipe)]
    command += ["--data", str(data), "--out", str(out)]
    environ = {**os.environ, "TIMBRELENS_CACHE": str(tmp_path / "cache")}
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(out.glob("rendered/*/unit.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    made = {path.parent: path.parent.stat().st_ino for path in out.glob("rendered/*/unit.json")}
    assert made
    assert not (out / "dataset.json").exists()
    subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True)
    assert {folder: folder.stat().st_ino for folder in made} == made
    assert not list(out.rglob(".part-*"))
    assert len(read_collection(out)) == len(tones) * 12 * 5


def test_a_damaged_note_is_left_out_with_its_reason(data: Path, tmp_path: Path) -> None:
    victim = next(iter((data / "mine" / "audio").glob("guitar_acoustic_001*")))
    victim.write_bytes(b"no audio")
    report = run(Recipe("toy", (MINE,)), tmp_path)
    assert [(one.note, one.reason) for one in report.left_out] == [(victim.stem, "damaged")]
    assert len(read_collection(tmp_path / "out")) == 2


def test_damaged_notes_are_told_from_others_of_the_same_name(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "mine" / "guitar"
    names = ("one/A4.wav", "one/soft/A4.wav", "two/A4.wav", "two/B4.wav")
    for seed, name in enumerate(names):
        write_audio(folder / name, noise(seed))
    (folder / "one" / "A4.wav").write_bytes(b"no audio")
    (folder / "two" / "B4.wav").write_bytes(b"")
    report = run(Recipe("toy", (MINE,)), tmp_path)
    assert [(one.instrument, one.note, one.reason) for one in report.left_out] == [
        ("guitar_one", "one/A4", "damaged"),  # beside soft/A4 of the same instrument
        ("guitar_two", "B4", "empty"),
    ]
    kept = [record.path.resolve() for record in read_collection(tmp_path / "out")]
    assert kept == [folder / "one" / "soft" / "A4.wav", folder / "two" / "A4.wav"]
    assert list(report.records) == read_collection(tmp_path / "out")


def test_instruments_that_share_a_recording_are_grouped(data: Path, tmp_path: Path) -> None:
    notes = [new_note("guitar", number=i, pitch=60, y=noise(i)) for i in range(3)]
    notes.append(new_note("guitar", number=7, pitch=60, y=np.rint(noise(1) * 16_384) / 32_768))
    write_nsynth(data / "more", notes)
    source = NotesSource("mine", "more")
    report = run(Recipe("toy", (source,)), tmp_path)
    assert [(one.a, one.b) for one in report.twins] == [
        ("guitar_acoustic_001", "guitar_acoustic_007")
    ]
    groups = {record.instrument: record.group for record in report.records}
    assert groups["guitar_acoustic_001"] == groups["guitar_acoustic_007"] == "guitar_acoustic_001"
    assert groups["guitar_acoustic_000"] == ""
    alone = run(Recipe("toy", (source,), find_twins=False), tmp_path)
    assert {record.group for record in alone.records} == {""}


def test_instruments_that_a_recipe_keeps_together_are_grouped(data: Path, tmp_path: Path) -> None:
    together = (("guitar_acoustic_00[02]",), ("guitar_*_001", "guitar_acoustic_002"))
    recipe = Recipe("toy", (MINE,), together=together[1:])
    groups = {record.instrument: record.group for record in run(recipe, tmp_path).records}
    joined = dict.fromkeys(("guitar_acoustic_001", "guitar_acoustic_002"), "guitar_acoustic_001")
    assert groups == {"guitar_acoustic_000": "", **joined}
    with pytest.raises(InputError, match=r"'guitar_acoustic_00\[02\]' together .* spelled"):
        run(Recipe("toy", (MINE,), together=together), tmp_path)  # only * is a pattern


def write_manifest(folder: Path, notes: dict[str, tuple[np.ndarray, str]]) -> None:
    """Write notes of guitars, ``{instrument: (samples, group)}``, with their manifest."""
    lines = ["file,family,instrument,source,midi_pitch,group"]
    for name, (y, group) in notes.items():
        write_audio(folder / f"{name}.wav", y)
        lines.append(f"{name}.wav,guitar,{name},here,60,{group}")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")


def test_groups_that_a_manifest_tells_are_joined_with_those_that_are_found(
    tmp_path: Path,
) -> None:
    quiet = np.rint(noise(0) * 16_384) / 32_768  # the recording of a
    notes = {"a": (noise(0), "g"), "b": (noise(1), "g"), "c": (quiet, ""), "d": (noise(3), "")}
    write_manifest(tmp_path / "data" / "mine", notes)
    report = run(Recipe("toy", (MINE,)), tmp_path)
    assert {record.instrument: record.group for record in report.records} == {
        **dict.fromkeys("abc", "a"),
        "d": "",
    }
    for seed in range(8):
        sides = split_by_instrument(
            report.records, test_fraction=0.5, rng=np.random.default_rng(seed)
        )
        assert sorted("".join(r.instrument for r in side) for side in sides) == ["abc", "d"]


def test_instruments_joined_by_one_that_is_left_out_stay_together(tmp_path: Path) -> None:
    bridge = np.concatenate([noise(5)[: 3 * SR], noise(6)[:SR]])
    notes = {"a": (noise(0), "g"), "b": (noise(1), "g"), "c": (bridge, "g")}
    write_manifest(tmp_path / "data" / "mine", notes)
    write_manifest(tmp_path / "data" / "more", {"d": (np.rint(noise(1) * 16_384) / 32_768, "")})
    path = write_audio(tmp_path / "shown.wav", bridge[1_000:])
    shown = NoteRecord("shown", path, "guitar", "a", 60, None, "samples")  # a name met by chance
    recipe = Recipe("toy", (MINE, NotesSource("more", "more")), apart_from_samples=True)
    report = run(recipe, tmp_path, samples=[shown])
    assert [one.instrument for one in report.left_out] == ["c"]
    groups = {record.instrument: record.group for record in read_collection(tmp_path / "out")}
    assert groups == dict.fromkeys("abd", "a")


def test_what_shares_a_recording_with_the_samples_is_left_out(data: Path, tmp_path: Path) -> None:
    path = write_audio(tmp_path / "shown.wav", noise(2)[1_000:])
    shown = NoteRecord("shown", path, "guitar", "guitar_shown", 60, None, "samples")
    report = run(Recipe("toy", (MINE,), apart_from_samples=True), tmp_path, samples=[shown])
    assert [one.instrument for one in report.left_out] == ["guitar_acoustic_002"]
    assert "shares a recording with guitar_shown of the samples" in report.left_out[0].reason
    assert {r.instrument for r in read_collection(tmp_path / "out")} == {
        "guitar_acoustic_000",
        "guitar_acoustic_001",
    }
    assert len(run(Recipe("toy", (MINE,)), tmp_path, samples=[shown]).records) == 3
    quick = Recipe("toy", (MINE,), apart_from_samples=True, find_twins=False)
    report = run(quick, tmp_path, samples=[shown])
    assert [one.instrument for one in report.left_out] == ["guitar_acoustic_002"]


def test_the_samples_themselves_are_left_out_under_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "mine"
    write_audio(folder / "guitar" / "one" / "A4.wav", noise(1))  # no pitch is told
    write_audio(folder / "guitar" / "two" / "A4.wav", noise(2))
    write_audio(folder / "reed" / "two" / "A4.wav", noise(3))  # under another family too
    shown = [
        NoteRecord(name, write_audio(tmp_path / f"{name}.flac", y), "guitar", name, 60, None, "s")
        for name, y in {"guitar_one": noise(1), "guitar_x": noise(3)}.items()
    ]
    report = run(Recipe("toy", (MINE,), apart_from_samples=True), tmp_path, samples=shown)
    assert [(one.instrument, one.reason) for one in report.left_out] == [
        ("guitar_one", "shares a recording with guitar_one of the samples (a copy)"),
        ("reed_two", "shares a recording with guitar_x of the samples (a copy)"),
    ]
    kept = read_collection(tmp_path / "out")
    assert [record.instrument for record in kept] == ["guitar_two"]


def test_what_is_wanted_and_missing_is_said_once_a_family(data: Path, tmp_path: Path) -> None:
    report = run(Recipe("toy", (MINE,), wanted=Wanted(instruments=3, notes=4)), tmp_path)
    assert "guitar has 3 notes, 4 are wanted" in report.short
    assert not any(sentence.startswith("guitar has 3 instruments") for sentence in report.short)
    assert "vocal has 0 instruments, 3 are wanted" in report.short
    assert len(report.short) == 9 * 2 + 1


def test_one_name_for_two_instruments_is_refused(data: Path, tmp_path: Path) -> None:
    twice = Recipe("toy", (MINE, NotesSource("yours", "mine")))
    with pytest.raises(InputError, match=r"guitar_acoustic_000 comes from mine and yours"):
        run(twice, tmp_path)


def test_a_family_asked_for_twice_is_there_once(data: Path, tmp_path: Path) -> None:
    twice = RenderSource(
        "rendered", (Font("toy.sf2"),), families=("organ", "organ"), pitches_per_instrument=1
    )
    assert len(run(Recipe("toy", (twice,)), tmp_path).records) == 5  # velocities


def test_absolute_paths_need_no_folder_of_data(data: Path, tmp_path: Path) -> None:
    mine = NotesSource("mine", str(data / "mine"))
    toy = RenderSource("rendered", (Font(str(data / "toy.sf2")),), pitches_per_instrument=1)
    out, kept = tmp_path / "out", tmp_path / "kept"
    report = build_dataset(Recipe("toy", (mine, toy)), out, downloads=kept)
    assert len(report.records) == 3 + 2 * 5
    gone = NotesSource("gone", str(data / "gone"))
    with pytest.raises(InputError, match=r"there is no .*gone: is the path right\?"):
        build_dataset(Recipe("toy", (gone,)), out, downloads=kept)


def test_missing_folders_are_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"source 'mine'.*say which with --data"):
        build_dataset(Recipe("toy", (MINE,)), tmp_path / "out", downloads=tmp_path / "kept")
    with pytest.raises(InputError, match=r"source 'gone': there is no .*gone"):
        run(Recipe("toy", (NotesSource("gone", "gone"),)), tmp_path)


def test_nothing_of_the_user_is_overwritten(data: Path, registry: Registry, tmp_path: Path) -> None:
    treasure = tmp_path / "out" / "fetched" / "flute_acoustic_800" / "treasure.txt"
    treasure.parent.mkdir(parents=True)
    treasure.write_text("mine")
    with pytest.raises(InputError, match="holds something that is not of this data set"):
        run(Recipe("toy", (FETCHED,)), tmp_path)
    assert treasure.read_text() == "mine"


@pytest.mark.parametrize("name", ["ATTRIBUTION.md", "examples.json", "manifest.csv"])
def test_a_folder_of_something_else_is_left_alone(data: Path, tmp_path: Path, name: str) -> None:
    treasure = tmp_path / "out" / name
    treasure.parent.mkdir()
    treasure.write_text("mine")
    with pytest.raises(InputError, match=f"holds {name}, which is not of this data set"):
        run(Recipe("toy", (MINE,)), tmp_path)
    assert [path.name for path in treasure.parent.iterdir()] == [name]
    assert treasure.read_text() == "mine"


def test_another_data_set_is_left_alone_and_a_damaged_one_made_anew(
    data: Path, tmp_path: Path
) -> None:
    run(Recipe("toy", (MINE,)), tmp_path)
    index = tmp_path / "out" / "dataset.json"
    before = index.read_bytes()
    with pytest.raises(InputError, match=r"holds the data set 'toy', and this one .* 'other'"):
        run(Recipe("other", (MINE,)), tmp_path)
    assert index.read_bytes() == before
    index.write_bytes(before[:-40])
    run(Recipe("toy", (MINE,)), tmp_path)
    assert index.read_bytes() == before


def test_attribution_stays_a_table_whatever_a_manifest_says(data: Path, tmp_path: Path) -> None:
    source = NotesSource("mine", "mine", "CC\nBY", "you | me")
    run(Recipe("toy", (source,)), tmp_path)
    told = (tmp_path / "out" / "ATTRIBUTION.md").read_text()
    assert "| CC BY | you / me |" in told


def test_a_place_that_cannot_be_written_is_said(data: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match=r"cannot be written to .*out"):
        run(Recipe("toy", (MINE,)), tmp_path)


def test_a_package_without_pitches_is_refused(
    data: Path, registry: Registry, tmp_path: Path
) -> None:
    registry.add_npm(
        "drums", "1.0.0", {"package/kick.wav": write_audio(tmp_path / "k.wav", noise(3))}
    )
    package = SoundPackage("drums", "1.0.0", "mallet", "acoustic", "Drums")
    with pytest.raises(InputError, match=r"drums-1.0.0 holds no sound file named by its pitch"):
        run(Recipe("toy", (PackageSource("fetched", (package,), "CC0", "me"),)), tmp_path)


def test_a_damaged_index_says_what_to_do(data: Path, tmp_path: Path) -> None:
    run(Recipe("toy", (MINE,)), tmp_path)
    index = tmp_path / "out" / "dataset.json"
    content = json.loads(index.read_text())
    index.write_text(index.read_text()[:-40])
    with pytest.raises(InputError, match="build the data set again"):
        read_collection(tmp_path / "out")
    del content["parts"]
    index.write_text(json.dumps(content))
    with pytest.raises(InputError, match="missing required field `parts`"):
        read_collection(tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "pitch"),
    [("A4", 69), ("As4", 70), ("C-1", 0), ("Gs7", 104), ("H4", None), ("A", None), ("v2", None)],
)
def test_pitch_names_are_midi_numbers(name: str, pitch: int | None) -> None:
    assert units.pitch_number(name) == pitch


def test_the_index_is_written_after_everything_else(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "find_twins", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(Recipe("toy", (RENDERED,)), tmp_path)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["rendered"]
