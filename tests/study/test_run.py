"""Algorithm 2 on small notes: against pair-by-pair arithmetic, cached, killed and on a grid."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow

from tests.cluster import dask_cluster
from tests.forked import Forked
from tests.model_sets.tiny_models import write_models, write_notes
from tests.study.analyse_notes import ASKED, FAMILIES, MODELS, TYPE
from xai_core import __version__, store
from xai_core.datasets.collection import read_collection
from xai_core.datasets.notes import NoteRecord
from xai_core.errors import InputError, ModelError
from xai_core.explanations import explain
from xai_core.grid import JobsFailedError
from xai_core.metrics import METRICS
from xai_core.pair_tables import METRIC_COLUMNS, Analysis
from xai_core.study import pairs as study_pairs
from xai_core.study.run import analyse
from xai_core.study.tables import left_out_sentence, read_analysis, write_analysis

ONE_THREAD = {  # so that every sum is made in the same order
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
TOLERANCE = 1e-6  # relative, of all pairs against each by itself


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("analyse")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_MODELS", str(folder / "models"))
        records = [one for one in write_notes(folder / "notes") if one.family in FAMILIES]
        write_models(records, TYPE, families=FAMILIES)
        yield folder


@pytest.fixture
def records(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[NoteRecord]:
    monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path / "cache"))
    return read_collection(folder / "notes")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Explain by arithmetic on the name; return the (method, note) that were asked for."""
    calls: list[tuple[str, str]] = []

    def made_up(audio: Path, **about: Any) -> Any:
        calls.append((about["method"], audio.stem))
        seed = [ord(letter) for letter in about["method"] + audio.stem]
        values = np.random.default_rng(seed).standard_normal((126, 6)).astype(np.float32)
        if about["method"] == "grad_cam":
            values = np.maximum(values, 0.0)
            if "organ_acoustic_001" in audio.stem:
                values *= 0.0
        card = store.read_card(about["type"], about["family"], models=about["models"])
        return SimpleNamespace(
            attribution=SimpleNamespace(values=values),
            probability=0.75,
            completeness=None,
            settings={"model_sha256": card.sha256},
        )

    monkeypatch.setattr(study_pairs, "explain", made_up)
    return calls


def _analyse(records: list[NoteRecord], **changes: Any) -> Analysis:
    return analyse(records, models=MODELS, **{**ASKED, **changes})


def test_every_row_is_the_distance_of_the_two_explanations(records: list[NoteRecord]) -> None:
    analysis = _analyse(records, methods=["integrated_gradients", "grad_cam"])
    paths = {record.note: record.path for record in records}
    explained = {
        (method, note): explain(
            paths[note], type=TYPE, family=note.partition("_")[0], method=method, models=MODELS
        )
        for method in analysis.settings["methods"]
        for note in set(analysis.notes["note"])
    }
    assert len(explained) == 2 * 3 * len(FAMILIES)
    zero = {key for key, one in explained.items() if one.attribution.is_zero}
    assert {(one["method"], one["note"]) for one in analysis.settings["left_out"]} == zero
    for row in analysis.pairs.to_dict("records"):
        a, b = (
            explained[row["method"], row[f"note_{k}"]].attribution.values.astype(np.float64)
            for k in "ab"
        )
        p, q = np.abs(a), np.abs(b)
        for name in METRIC_COLUMNS:
            metric = METRICS[name.removesuffix("_reversed")]
            pair = (a, b) if name == "difference_mean" else (p, q)
            expected = metric(*(pair[::-1] if name.endswith("_reversed") else pair))
            assert row[name] == pytest.approx(expected, rel=TOLERANCE, abs=1e-12), name
        assert row["same_instrument"] == (row["instrument_a"] == row["instrument_b"])
        pitches = [int(row[f"note_{k}"].split("-")[1]) for k in "ab"]
        assert row["pitch_distance"] == abs(pitches[0] - pitches[1])
    for row in analysis.notes.to_dict("records"):
        one = explained[row["method"], row["note"]]
        assert row["probability"] == pytest.approx(one.probability, abs=1e-6)
        if one.completeness is None:
            assert np.isnan(row["completeness_error"])
        else:
            assert row["completeness_error"] == pytest.approx(one.completeness.error, abs=1e-6)


def test_which_rows_there_are_and_in_which_order(
    records: list[NoteRecord], asked: list[tuple[str, str]]
) -> None:
    analysis = _analyse(records, methods=["integrated_gradients"])
    blocks = analysis.pairs.groupby(["family", "other_family"], sort=False).size()
    assert list(blocks.items()) == [
        (("flute", "flute"), 3),
        (("flute", "organ"), 4),
        (("organ", "organ"), 3),
    ]
    assert len(asked) == 6
    assert analysis.notes["family"].tolist() == 3 * ["flute"] + 3 * ["organ"]
    assert analysis.notes["instrument"].nunique() == 6  # of four each: they take turns
    pairs = analysis.pairs[["note_a", "note_b"]].apply(frozenset, axis=1)
    assert pairs.nunique() == len(pairs)
    assert len(_analyse(records, between_pairs=0).between) == 0


def test_maps_that_are_zero_are_left_out_with_their_reason(
    records: list[NoteRecord], asked: list[tuple[str, str]]
) -> None:
    analysis = _analyse(records, notes_per_family=4, between_pairs=100)
    counts = analysis.pairs.groupby(["method", "family", "other_family"]).size()
    assert counts["integrated_gradients"].to_dict() == {
        ("flute", "flute"): 6,
        ("flute", "organ"): 16,
        ("organ", "organ"): 6,
    }
    assert counts["grad_cam"].to_dict() == {
        ("flute", "flute"): 6,
        ("flute", "organ"): 12,
        ("organ", "organ"): 3,
    }
    (zero,) = analysis.settings["left_out"]
    assert zero["note"].startswith("organ_acoustic_001")
    assert (zero["type"], zero["method"], zero["family"]) == (TYPE, "grad_cam", "organ")
    assert zero["reason"] == "all evidence in conv2d_5 speaks against organ"
    assert len(analysis.notes) == 2 * 8 - 1
    assert left_out_sentence(analysis).startswith("1 map that is zero everywhere has no distances")
    assert np.isfinite(analysis.pairs[list(METRIC_COLUMNS)]).all().all()


def test_an_analysis_of_nothing_but_zero_maps_has_no_rows(
    records: list[NoteRecord],
    asked: list[tuple[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    explain_with_evidence = study_pairs.explain

    def without(audio: Path, **about: Any) -> Any:
        found = explain_with_evidence(audio, **about)
        found.attribution.values *= 0.0
        return found

    monkeypatch.setattr(study_pairs, "explain", without)
    came: list[int] = []
    analysis = _analyse(
        records,
        methods=["grad_cam"],
        on_result=lambda type, method, family, rows: came.append(len(rows)),
    )
    assert came == [0, 0, 0]
    write_analysis(analysis, tmp_path / "out")
    again = read_analysis(tmp_path / "out")
    assert again.pairs.empty
    assert again.notes.empty
    assert len(again.settings["left_out"]) == 6
    assert left_out_sentence(again).startswith("6 maps that are zero have no distances")


def test_results_come_block_by_block_and_are_those_of_the_tables(
    records: list[NoteRecord], asked: list[tuple[str, str]]
) -> None:
    came: list[pd.DataFrame] = []
    seen_at: list[int] = []

    def result(type: str, method: str, family: str, rows: pd.DataFrame) -> None:
        assert (type, method, family) == tuple(rows.iloc[0][["type", "method", "family"]])
        came.append(rows)
        seen_at.append(len(asked))

    analysis = _analyse(records, methods=["integrated_gradients"], on_result=result)
    assert len(came) == 3
    assert seen_at == [3, 6, 6]  # the first before anything of the second family is explained
    order = ["family", "other_family", "note_a", "note_b"]
    pd.testing.assert_frame_equal(
        pd.concat(came).sort_values(order, ignore_index=True),
        analysis.pairs.sort_values(order, ignore_index=True),
    )


def test_nothing_is_done_twice(
    records: list[NoteRecord], asked: list[tuple[str, str]], tmp_path: Path
) -> None:
    first = _analyse(records)
    assert len(asked) == len(set(asked)) == 12
    told: list[str] = []
    again = _analyse(records, on_progress=lambda event: told.append(event.name))
    assert len(asked) == 12
    assert set(told) == {"choosing notes"}
    pd.testing.assert_frame_equal(again.pairs, first.pairs, check_exact=True)
    pd.testing.assert_frame_equal(again.notes, first.notes, check_exact=True)
    assert again.settings == first.settings == json.loads(json.dumps(first.settings))
    assert first.settings["versions"]["timbrelens"] == __version__
    assert first.settings["versions"]["tensorflow"] == tensorflow.__version__
    more = _analyse(records, notes_per_family=4)  # the first three are among them
    assert len(asked) == 12 + 2 * 2
    assert set(first.notes["note"]) < set(more.notes["note"])


def test_a_damaged_block_is_computed_again(
    records: list[NoteRecord], asked: list[tuple[str, str]], tmp_path: Path
) -> None:
    first = _analyse(records)
    for path in (tmp_path / "cache").glob("*.cache"):
        path.write_bytes(path.read_bytes()[:-7])
    again = _analyse(records)
    assert len(asked) == 24
    pd.testing.assert_frame_equal(again.pairs, first.pairs, check_exact=True)


def test_a_failure_costs_only_what_needs_it(
    records: list[NoteRecord],
    asked: list[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    explain_well = study_pairs.explain

    def out_of_memory(audio: Path, **about: Any) -> Any:
        if about["family"] == "organ":
            raise MemoryError
        return explain_well(audio, **about)

    came: list[str] = []
    changes = {
        "methods": ["integrated_gradients"],
        "on_result": lambda type, method, family, rows: came.append(rows["other_family"].iloc[0]),
    }
    with monkeypatch.context() as patch:
        patch.setattr(study_pairs, "explain", out_of_memory)
        with pytest.raises(JobsFailedError, match="3 of 5 jobs failed or were left out"):
            _analyse(records, **changes)
    assert came == ["flute"]
    assert "organ maps 1 to 3 failed: MemoryError" in caplog.text
    assert len(_analyse(records, **changes).pairs) == 10
    assert len(asked) == 6  # the flutes were not explained again


def test_a_model_that_is_trained_anew_meanwhile_is_noticed(
    records: list[NoteRecord], asked: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    explain_well = study_pairs.explain

    def by_another(audio: Path, **about: Any) -> Any:
        found = explain_well(audio, **about)
        found.settings["model_sha256"] = "0" * 64
        return found

    monkeypatch.setattr(study_pairs, "explain", by_another)
    with pytest.raises(JobsFailedError) as caught:
        _analyse(records)
    assert "the tonnetz model of flute is another one than at the start" in str(
        caught.value.__cause__
    )


def test_the_seed_decides_notes_and_pairs(
    records: list[NoteRecord], asked: list[tuple[str, str]]
) -> None:
    one, other = (_analyse(records, seed=seed) for seed in (0, 1))
    assert set(one.notes["note"]) != set(other.notes["note"])
    shuffled = _analyse(records[::-1])
    pd.testing.assert_frame_equal(shuffled.pairs, one.pairs, check_exact=True)


def test_all_families_with_a_model_and_two_notes(
    records: list[NoteRecord], asked: list[tuple[str, str]]
) -> None:
    few = [one for one in records if one.family != "organ" or "_000-060" in one.note]
    analysis = _analyse(few, families=None)
    assert analysis.settings["families"] == ["flute"]
    assert set(analysis.pairs["other_family"]) == {"flute"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"types": ["mel"]}, "unknown spectrogram type 'mel'"),
        ({"families": ["lute"]}, "unknown family 'lute'"),
        ({"methods": ["lime"]}, "unknown method 'lime'"),
        ({"preset": "best"}, "unknown preset 'best'"),
        ({"notes_per_family": 1}, "at least 2 notes of a family, got 1"),
        ({"between_pairs": -1}, "0 or more pairs"),
        ({"cluster": "localhost"}, "expected the address of a Dask scheduler"),
    ],
)
def test_what_cannot_be_asked_for(
    changes: dict[str, Any], sentence: str, records: list[NoteRecord], asked: list[tuple[str, str]]
) -> None:
    with pytest.raises(InputError, match=sentence):
        _analyse(records, **changes)
    assert asked == []


def test_missing_notes_models_and_cache_are_named(
    records: list[NoteRecord], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flutes = [one for one in records if one.family == "flute"]
    with pytest.raises(InputError, match="at least 2 notes of organ to compare, found 0"):
        _analyse(flutes)
    with pytest.raises(InputError, match="no family has 2 notes to compare among these 1"):
        _analyse(flutes[:1], families=None)
    with pytest.raises(ModelError, match="has no tonnetz model of bass"):
        _analyse(records, families=["bass"])
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path / "file"))
    with pytest.raises(InputError, match="cannot be written to: set TIMBRELENS_CACHE"):
        _analyse(records)


# --------------------------------------------------------------- killed, and on a grid


def _run(folder: Path, place: Path, *, kill_after: str = "") -> list[str]:
    """Run to the end, or to a SIGKILL as soon as a line begins so; return the lines."""
    words = ["-m", "tests.study.analyse_notes", str(folder / "notes"), str(place / "out")]
    environ = {**ONE_THREAD, "TIMBRELENS_CACHE": str(place / "cache")}
    process = Forked(words, environ=environ)
    lines = []
    for line in process.lines():
        if line.startswith(("explained", "result")):
            lines.append(line.strip())
            if kill_after and lines[-1].startswith(kill_after):
                process.kill()
    assert process.wait() == (-signal.SIGKILL if kill_after else 0), process.stderr
    return lines


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_with_the_same_tables(folder: Path, tmp_path: Path) -> None:
    whole = _run(folder, tmp_path / "whole")
    explained = [line for line in whole if line.startswith("explained")]
    assert len(explained) == len(set(explained)) == 12

    place = tmp_path / "killed"
    first = _run(folder, place, kill_after="result integrated_gradients organ")
    kept = {path: path.stat().st_mtime_ns for path in (place / "cache").glob("[0-9a-f]*.cache")}
    assert len(kept) >= 6 + 2  # the maps of two families, and a block of each
    second = _run(folder, place)
    done = [line for line in first if line.startswith("explained")]
    again = [line for line in second if line.startswith("explained")]
    assert 6 <= len(done) < 12
    # what was explained but not yet kept when the end came is the last one at most
    assert not set(done[:-1]) & set(again)
    assert set(done) | set(again) == set(explained)
    assert [line for line in second if line.startswith("result")] != []
    assert {path: path.stat().st_mtime_ns for path in kept} == kept

    one, other = (read_analysis(tmp_path / name / "out") for name in ("whole", "killed"))
    pd.testing.assert_frame_equal(one.pairs, other.pairs, check_exact=True)
    pd.testing.assert_frame_equal(one.notes, other.notes, check_exact=True)
    assert one.settings == other.settings


@pytest.mark.slow
def test_a_cluster_of_two_processes_gives_the_same_tables(
    records: list[NoteRecord], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    came: list[tuple[str, str, int]] = []
    environ = {**ONE_THREAD, "TIMBRELENS_CACHE": str(tmp_path / "cache")}
    with dask_cluster(tmp_path, n_workers=2, environ=environ) as cluster:
        there = _analyse(
            records,
            cluster=cluster.address,
            on_result=lambda type, method, family, rows: came.append((method, family, len(rows))),
        )
    assert len(came) == 2 * 3  # methods, blocks of two families
    assert sum(n for _, _, n in came) == len(there.pairs)
    monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path / "here"))
    here = _analyse(records)
    pd.testing.assert_frame_equal(here.pairs, there.pairs, rtol=1e-4)
    pd.testing.assert_frame_equal(here.notes, there.notes, rtol=1e-4)
