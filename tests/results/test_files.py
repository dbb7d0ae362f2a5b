"""Files of a result: they load by other programs, agree with the result, and give it again."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import soundfile
from matplotlib.image import imread

from tests.made_pairs import METHOD, notes_of, pairs_of
from tests.model_sets.tiny_models import write_models, write_notes
from xai_core import store
from xai_core.catalogue.metrics import METRICS
from xai_core.datasets.notes import NoteRecord
from xai_core.explanations import compare, explain
from xai_core.explanations.comparison import EVIDENCE
from xai_core.explanations.loaded_models import array_digest
from xai_core.figures.stills.maps import _comparison_figure
from xai_core.pair_tables import METRIC_COLUMNS
from xai_core.replication.findings import judge_distances
from xai_core.results.files import (
    ExportFile,
    comparison_files,
    distance_files,
    explanation_files,
    prediction_files,
)
from xai_core.results.records import explain_as_recalled, read_recalled, sameness
from xai_core.values import FAMILIES, Explanation, Prediction, Waveform

PAIR = ("flute", "organ")
PITCH_CLASSES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[NoteRecord]]:
    """Return notes of two families; the set "tiny" has models of both on two types."""
    folder = tmp_path_factory.mktemp("exporting")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_MODELS", str(folder / "models"))
        patch.setenv("TIMBRELENS_CACHE", str(folder / "cache"))
        records = write_notes(folder / "notes", families=PAIR)
        for type in ("tonnetz", "chroma"):
            write_models(records, type, families=PAIR)
        yield records


@pytest.fixture(scope="module")
def explanation(notes: list[NoteRecord]) -> Explanation:
    return explain(notes[0].path, type="chroma", family="flute", models="tiny")


def by_suffix(files: tuple[ExportFile, ...]) -> Mapping[str, bytes]:
    assert len({file.name for file in files}) == len(files)
    return {file.name.rpartition(".")[2]: file.make() for file in files}


def test_arrays_load_without_pickle_and_have_their_axes(explanation: Explanation) -> None:
    made = by_suffix(explanation_files(explanation, note="x"))
    with np.load(io.BytesIO(made["npz"]), allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["attribution"], explanation.attribution.values)
        np.testing.assert_array_equal(arrays["spectrogram"], explanation.spectrogram.values)
        np.testing.assert_allclose(np.diff(arrays["time"]), 512 / 16_000)
        assert [name.replace("♯", "#") for name in arrays["bins_names"]] == PITCH_CLASSES
        assert arrays["bins"].shape == (12,)


def test_json_names_everything_that_decides_the_map(explanation: Explanation) -> None:
    about = json.loads(by_suffix(explanation_files(explanation, note="x", start=1.5))["json"])
    card = store.read_card("chroma", "flute", models="tiny")
    settings = about["settings"]
    assert settings["model_sha256"] == card.sha256
    assert (settings["type"], settings["family"], settings["models"]) == ("chroma", "flute", "tiny")
    assert about["start"] == 1.5
    samples = np.ascontiguousarray(explanation.waveform.y, np.float32)
    assert settings["note_sha256"] == hashlib.sha256(samples.tobytes()).hexdigest()
    assert about["attribution_sha256"] == array_digest(explanation.attribution.values)
    assert about["logit"] == explanation.logit
    positive = np.maximum(explanation.attribution.values.astype(float), 0.0)
    assert about["evidence"]["total_for"] == pytest.approx(positive.sum())
    assert about["evidence"]["regions"]
    for region in about["evidence"]["regions"]:
        assert 0.0 <= region["begin"] < region["end"] <= 4.0
        assert region["net"] == pytest.approx(region["speaks_for"] + region["speaks_against"])
        assert region["side"] == ("for" if region["net"] > 0 else "against")
    nets = [abs(region["net"]) for region in about["evidence"]["regions"]]
    assert nets == sorted(nets, reverse=True)
    values = explanation.attribution.values.astype(float)
    assert about["evidence"]["net"] == pytest.approx(values.sum())
    c = about["completeness"]
    share = abs(c["attributed"] - c["output"] + c["baseline_output"])
    assert c["error"] == pytest.approx(share / max(abs(c["output"] - c["baseline_output"]), 0.05))
    versions = about["versions"]
    assert versions["numpy"] == np.__version__
    assert set(versions) == {"python", "xai_core", "numpy", "librosa", "keras", "tensorflow"}
    assert all(versions.values())
    assert about["code_sha256"] == store.explaining_code()


def test_sound_is_what_was_explained_to_the_last_bit(explanation: Explanation) -> None:
    made = by_suffix(explanation_files(explanation, note="x"))
    y, sr = soundfile.read(io.BytesIO(made["wav"]), dtype="float32")
    assert sr == 16_000
    np.testing.assert_array_equal(y, explanation.waveform.y)


def test_pictures_are_a_png_and_an_svg_that_programs_read(explanation: Explanation) -> None:
    made = by_suffix(explanation_files(explanation, note="x"))
    assert imread(io.BytesIO(made["png"])).shape[:2] == (690, 1650)
    root = ElementTree.fromstring(made["svg"])
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    images = list(root.iter("{http://www.w3.org/2000/svg}image"))
    assert len(images) >= 2  # the spectrogram and the map; colour bars may be others


def test_arrays_and_pictures_have_the_map_in_hertz_too(explanation: Explanation) -> None:
    usual = explanation_files(explanation, note="x")
    files = explanation_files(explanation, note="x", in_hertz=True)
    # other pictures under other names, all else as it is
    assert [a.name == b.name for a, b in zip(usual, files, strict=True)] == [False] * 2 + [True] * 3
    made = by_suffix(files)
    assert made["png"] != by_suffix(usual)["png"]
    with np.load(io.BytesIO(made["npz"]), allow_pickle=False) as arrays:
        np.testing.assert_allclose(arrays["canvas"], explanation.canvas(), rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(np.diff(arrays["canvas_hz"]), 7.8125)
        np.testing.assert_array_equal(arrays["canvas_time"], arrays["time"])


def test_names_say_what_is_inside_and_suit_every_file_system(
    notes: list[NoteRecord], explanation: Explanation
) -> None:
    files = explanation_files(explanation, note="../my flute: A4?")
    stem = files[0].name.removesuffix(".png")
    assert stem.startswith("my-flute-A4_chroma_flute_integrated_gradients_")
    digits = stem.rpartition("_")[2]
    assert len(digits) == 8
    assert {file.name for file in files} == {
        f"{stem}.{suffix}" for suffix in ("png", "svg", "npz", "json", "wav")
    }
    other = explain(
        notes[0].path, type="chroma", family="flute", models="tiny", n_steps=8, rule="trapezoid"
    )
    assert explanation_files(other, note="x")[0].name.rpartition("_")[2] != f"{digits}.png"
    held = explanation_files(explanation, note="x", limits=(-1.0, 1.0))
    usual = explanation_files(explanation, note="x")
    assert [a.name == b.name for a, b in zip(held, usual, strict=True)] == [False] * 2 + [True] * 3
    assert explanation_files(explanation, note="???")[0].name.startswith("note_")
    assert len(explanation_files(explanation, note="n" * 900)[0].name) < 200


LONG = ("フルート" * 60, "オルガン" * 60)


def test_two_long_names_of_three_byte_letters_fit_a_file_system(
    notes: list[NoteRecord], explanation: Explanation, tmp_path: Path
) -> None:
    result = compare(notes[0].path, notes[1].path, type="tonnetz", family="flute", models="tiny")
    files = (
        *comparison_files(result, notes=LONG),
        *explanation_files(explanation, note=LONG[0]),
        *explanation_files(explanation, note="𝄞" * 99 + "x"),
    )
    for file in files:
        assert len(file.name.encode()) <= 255
        (tmp_path / file.name).write_bytes(b"")
    assert files[0].name.startswith("フルート")
    assert "_オルガン" in files[0].name


def test_models_of_another_set_have_another_name(notes: list[NoteRecord]) -> None:
    rows = {"tonnetz": {"flute": 0.25}}
    names = {
        prediction_files(Prediction(shown, Waveform(np.ones(64_000), 16_000), "tiny"), note="a")[
            0
        ].name
        for shown in (rows, {"chroma": {"flute": 0.25}})
    }
    assert len(names) == 2


def test_comparison_has_both_maps_their_difference_and_both_sounds(
    notes: list[NoteRecord],
) -> None:
    result = compare(notes[0].path, notes[-1].path, type="tonnetz", family="flute", models="tiny")
    files = comparison_files(result, notes=("one", "two"))
    assert [file.suffix for file in files] == ["png", "svg", "npz", "json", "wav", "wav"]
    made = [file.make() for file in files]
    assert imread(io.BytesIO(made[0])).shape[:2] == (690, 2100)
    assert ElementTree.fromstring(made[1]).tag.endswith("svg")
    with np.load(io.BytesIO(made[2]), allow_pickle=False) as arrays:
        a, b = (arrays[name].astype(np.float64) for name in ("a", "b"))
        np.testing.assert_allclose(arrays["difference"], a - b, rtol=1e-6, atol=1e-9)
    about = json.loads(made[3])
    assert about["scores"] == dict(result.scores)
    assert about["a"]["settings"]["note_sha256"] == array_digest(result.a.waveform.y)
    for content, one in zip(made[4:], (result.a, result.b), strict=True):
        y, _ = soundfile.read(io.BytesIO(content), dtype="float32")
        np.testing.assert_array_equal(y, one.waveform.y)


def test_a_comparison_of_two_types_has_both_grids(notes: list[NoteRecord]) -> None:
    about = {"family": "flute", "models": "tiny"}
    path = notes[0].path
    result = compare(path, path, type="tonnetz", other_type="chroma", **about)
    files = comparison_files(result, notes=("one", "two"))
    assert files[0].name.startswith("one_two_tonnetz-chroma_")
    made = by_suffix(files[:4])
    assert imread(io.BytesIO(made["png"])).shape[:2] == (690, 2100)
    with np.load(io.BytesIO(made["npz"]), allow_pickle=False) as arrays:
        a, b = (arrays[name].astype(np.float64) for name in ("a", "b"))
        assert a.shape == b.shape == (126, 1025)
        assert a.sum() == pytest.approx(1, abs=1e-4)
        np.testing.assert_allclose(arrays["difference"], a - b, atol=1e-9)
        assert str(arrays["bins_unit"]) == "Hz"
        for name, one in (("a", result.a), ("b", result.b)):
            np.testing.assert_array_equal(arrays[f"attribution_{name}"], one.attribution.values)
            assert arrays[f"bins_{name}"].size == one.attribution.values.shape[1]
    about_it = json.loads(made["json"])
    assert about_it["grid"] == "hertz and seconds"
    assert [about_it[side]["settings"]["type"] for side in ("a", "b")] == ["tonnetz", "chroma"]
    of_one = compare(path, path, type="tonnetz", **about)
    assert "grid" not in json.loads(
        by_suffix(comparison_files(of_one, notes=("x", "x"))[:4])["json"]
    )


def test_a_comparison_of_unlike_methods_says_what_its_shares_are_of(
    notes: list[NoteRecord],
) -> None:
    path, about = notes[0].path, {"type": "tonnetz", "family": "organ", "models": "tiny"}
    methods = {"method": "integrated_gradients", "other_method": "grad_cam"}
    made = {}
    for evidence in ("positive", "absolute"):
        result = compare(path, path, evidence=evidence, **methods, **about)
        files = comparison_files(result, notes=("one", "two"))
        made[evidence] = files[0].name
        about_it = json.loads(by_suffix(files[:4])["json"])
        assert about_it["evidence"] == evidence
        assert about_it["unit"] == result.difference.target
        figure = _comparison_figure(
            *result.maps, result.difference, ("one", "two"), None, EVIDENCE[evidence]
        )
        assert figure.get_suptitle().endswith(f"; {EVIDENCE[evidence]})")
    assert made["positive"] != made["absolute"]  # neither overwrites the other
    alike = compare(path, path, type="tonnetz", family="flute", models="tiny")
    assert "evidence" not in json.loads(
        by_suffix(comparison_files(alike, notes=("x", "x"))[:4])["json"]
    )


def test_distances_are_tables_that_load_and_a_picture() -> None:
    rng = np.random.default_rng(0)
    rows = [
        {"type": "mfcc", "method": "grad_cam", "family": family, "other_family": family}
        | {"note_a": f"{family}{n}", "note_b": f"{family}{n + 1}"}
        | {"instrument_a": f"{family}_{n % 3}", "instrument_b": f"{family}_{n % 2}"}
        | {name: rng.uniform(0.1, 1.0) for name in METRIC_COLUMNS}
        for family in PAIR
        for n in range(6)
    ]
    pairs = pd.DataFrame(rows)
    files = distance_files(pairs, type="mfcc", method="grad_cam", settings={"seed": 0})
    digits = hashlib.sha256(b'{"seed": 0}').hexdigest()[:8]
    assert [file.name for file in files] == [
        f"distances_mfcc_grad_cam_{digits}.{suffix}" for suffix in ("csv", "parquet", "png", "json")
    ]
    others = [
        distance_files(pairs, type="mfcc", method="grad_cam", settings={"notes_per_family": n})
        for n in (4, 12)
    ]
    assert not {file.name for file in others[0]} & {file.name for file in others[1]}
    csv, parquet, png, settings = (file.make() for file in files)
    assert json.loads(settings) == {"seed": 0}
    pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(parquet)), pairs)
    pd.testing.assert_frame_equal(pd.read_csv(io.BytesIO(csv)), pairs, check_exact=False)
    assert imread(io.BytesIO(png)).shape[1] == 1650


def test_medians_are_counted_from_the_columns_that_they_name() -> None:
    rng = np.random.default_rng(5)
    pairs = pairs_of(notes_of(PAIR, each=2), lambda a, b, metric: float(rng.uniform(1.0, 9.0)))
    within = pairs[pairs["family"] == pairs["other_family"]]
    found = judge_distances(within, method=METHOD, rng=rng, n_resamples=20)
    files = distance_files(within, type="mfcc", method=METHOD, settings={}, medians=found.table)
    table = pd.read_csv(io.BytesIO(next(one for one in files if "medians" in one.name).make()))
    csv = pd.read_csv(io.BytesIO(files[0].make()))
    assert set(table["metric"]) == set(METRICS)
    for row in table.to_dict("records"):
        values = csv.loc[csv["family"] == row["family"], row["columns"].split(" + ")].to_numpy()
        assert row["median"] == pytest.approx(np.median(values), rel=1e-9)
        assert (values.shape[1] == 2) == (row["metric"] == "kl_divergence")


def test_what_all_models_say_is_a_table_with_their_digests(notes: list[NoteRecord]) -> None:
    rows = {"tonnetz": {"flute": 0.25, "organ": 0.75}, "chroma": {"flute": 0.5}}
    prediction = Prediction(rows, Waveform(np.ones(64_000), 16_000), "tiny")
    csv, settings = prediction_files(prediction, note="a b", start=1.5)
    assert csv.name.startswith("a-b_all-models_")
    table = pd.read_csv(io.BytesIO(csv.make())).set_index("family")
    assert list(table.columns) == ["tonnetz", "chroma"]
    assert list(table.index) == list(FAMILIES)
    assert table.loc["flute"].tolist() == [0.25, 0.5]
    assert table.loc["organ", "tonnetz"] == 0.75
    assert np.isnan(table.loc["organ", "chroma"])
    record = json.loads(settings.make())
    organ = store.read_card("tonnetz", "organ", models="tiny")
    assert record["model_sha256"]["tonnetz"]["organ"] == organ.sha256
    # odds 1/3 and 1: their geometric mean is 1 / sqrt(3)
    assert record["verdict"] == {"flute": pytest.approx(1 / (1 + np.sqrt(3)))}
    assert record["weights"] == {}
    assert (record["note"], record["start"]) == ("a b", 1.5)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"preset": "paper"},
        {"preset": "precise"},
        {"baseline": "noise", "noise_level": 0.2, "seed": 7},
        {"n_steps": 16, "rule": "gauss_legendre", "target": "probability"},
        {"method": "grad_cam", "layer": "conv2d_3"},
        {"method": "lrp", "gamma": 0.5, "epsilon": 0},
    ],
    ids=["default", "paper", "precise", "noise", "gauss", "grad_cam", "lrp"],
)
def test_the_json_gives_the_same_map_from_the_recording_and_from_the_wav(
    changes: dict[str, object],
    notes: list[NoteRecord],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(3)
    long = Waveform(0.1 * rng.standard_normal(6 * 22_050), 22_050)  # resampled and cut
    recording = tmp_path / "long.wav"
    soundfile.write(recording, long.y, long.sr, subtype="FLOAT")
    first = explain(  # type: ignore[arg-type]
        recording, type="tonnetz", family="organ", models="tiny", start=1.25, **changes
    )
    paths = {}
    for file in explanation_files(first, note="long", start=1.25):
        if file.suffix in ("json", "wav"):
            paths[file.suffix] = tmp_path / file.name
            paths[file.suffix].write_bytes(file.make())
    recalled = read_recalled(paths["json"])
    for number, audio in enumerate((recording, paths["wav"])):
        monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path / f"empty cache {number}"))
        again = explain_as_recalled(audio, recalled)
        assert again.settings == first.settings
        np.testing.assert_array_equal(again.attribution.values, first.attribution.values)
        assert sameness(recalled, again).endswith("to the last bit.")
    other = explain_as_recalled(notes[0].path, read_recalled(_without_start(paths["json"])))
    assert sameness(recalled, other).startswith("This is another note")


def test_a_map_of_a_json_is_computed_and_not_read_from_the_cache(
    notes: list[NoteRecord], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path / "cache"))
    first = explain(notes[0].path, type="chroma", family="flute", models="tiny")
    (json_file,) = [one for one in explanation_files(first, note="n") if one.suffix == "json"]
    path = tmp_path / json_file.name
    path.write_bytes(json_file.make())
    wrong = {"values": 2.0 * first.attribution.values, "sums": np.array([1.0, 0.0, 1.0, 9, 1])}
    monkeypatch.setattr(store, "read_cached", lambda key: wrong)
    # a stored map is believed where a page wants one, and not where a map is checked
    read = explain(notes[0].path, type="chroma", family="flute", models="tiny")
    np.testing.assert_array_equal(read.attribution.values, wrong["values"])
    again = explain_as_recalled(notes[0].path, read_recalled(path))
    np.testing.assert_array_equal(again.attribution.values, first.attribution.values)


def _without_start(file: Path) -> Path:
    content = json.loads(file.read_text()) | {"start": 0.0}
    path = file.with_name("from the beginning.json")
    path.write_text(json.dumps(content))
    return path
