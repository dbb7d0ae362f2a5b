"""Whose maps an analysis compares, and what of them: keys, null maps, spectrograms, views."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.model_sets.tiny_models import write_models, write_notes
from tests.study.analyse_notes import ASKED, FAMILIES, MODELS, TYPE
from xai_core import explain, store
from xai_core.audio import load_note
from xai_core.catalogue.compared import PAPER_CHOICE, VIEWS, Compared
from xai_core.datasets.collection import read_collection
from xai_core.errors import InputError
from xai_core.explanations import resolve_settings
from xai_core.explanations.null_maps import null_map, random_network
from xai_core.features import extract
from xai_core.metrics import METRICS, parts_by_sign
from xai_core.pair_tables import METRIC_COLUMNS, Analysis
from xai_core.study.pairs import FamilyMaps, maps_of
from xai_core.study.run import analyse, read_partial_results

NULL = Compared("random")
METHOD = "integrated_gradients"


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("compared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_MODELS", str(folder / "models"))
        patch.setenv("TIMBRELENS_CACHE", str(folder / "cache"))
        records = [one for one in write_notes(folder / "notes") if one.family in FAMILIES]
        write_models(records, TYPE, families=FAMILIES)
        yield folder


def study(folder: Path, compared: Compared = PAPER_CHOICE, **changes: Any) -> Analysis:
    asked = {**ASKED, "methods": [METHOD], "models": MODELS, "compared": compared, **changes}
    return analyse(read_collection(folder / "notes"), **asked)


@pytest.fixture(scope="module")
def paths(folder: Path) -> dict[str, Path]:
    return {one.note: one.path for one in read_collection(folder / "notes")}


@pytest.fixture(scope="module")
def model(folder: Path) -> Analysis:
    return study(folder)


def check(analysis: Analysis, maps: dict[str, np.ndarray], *, by_sign: bool = False) -> None:
    """Compare every row with the metrics of its two maps, one by one."""
    assert len(analysis.pairs)
    for row in analysis.pairs.to_dict("records"):
        a, b = (maps[row[f"note_{k}"]].astype(np.float64) for k in "ab")
        p, q = (parts_by_sign(one) if by_sign else np.abs(one) for one in (a, b))
        for name in METRIC_COLUMNS:
            metric = METRICS[name.removesuffix("_reversed")]
            pair = (a, b) if name == "difference_mean" else (p, q)
            expected = metric(*(pair[::-1] if name.endswith("_reversed") else pair))
            assert row[name] == pytest.approx(expected, rel=1e-5, abs=1e-12), name


def explained(paths: dict[str, Path], analysis: Analysis) -> dict[str, Any]:
    return {
        row["note"]: explain(paths[row["note"]], type=TYPE, family=row["family"], models=MODELS)
        for row in analysis.notes.to_dict("records")
    }


def test_null_maps_are_those_of_the_network_drawn_anew(
    folder: Path, paths: dict[str, Path], model: Analysis
) -> None:
    found = study(folder, NULL)
    settings = resolve_settings(METHOD, "default")
    about = {"type": TYPE, "settings": settings, "models": MODELS}
    maps = {
        row["note"]: null_map(paths[row["note"]], family=row["family"], **about)
        for row in found.notes.to_dict("records")
    }
    check(found, maps)
    assert found.notes["probability"].isna().all()
    # the same notes in the same order, other distances, and never the model's own cache
    names = ["type", "method", "family", "other_family", "note_a", "note_b"]
    assert found.pairs[names].equals(model.pairs[names])
    assert not np.isclose(found.pairs["js_divergence"], model.pairs["js_divergence"]).any()
    assert {name: found.settings[name] for name in ("maps", "null_seed")} == NULL.as_dict()
    assert not {"maps", "view", "null_seed"} & set(model.settings)


def test_a_random_network_has_one_draw_for_each_seed_and_family(folder: Path) -> None:
    def outputs(family: str, seed: int) -> np.ndarray:
        network, card = random_network(TYPE, family, models=MODELS, seed=seed)
        assert (card.type, card.family) == (TYPE, family)
        assert network.classes == card.classes
        x = np.linspace(0, 1, np.prod(network.input_shapes[0]), dtype=np.float32)
        return network.outputs((x.reshape(1, *network.input_shapes[0]),))

    first = outputs("flute", 0)
    again = random_network(TYPE, "flute", models=MODELS, seed=0)[0]
    assert again is random_network(TYPE, "flute", models=MODELS, seed=0)[0]  # kept
    others = [outputs("flute", 1), outputs("organ", 0)]
    assert not any(np.allclose(first, other) for other in others)


def test_two_runs_have_the_same_null_maps_and_another_seed_has_others(folder: Path) -> None:
    first = study(folder, NULL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_CACHE", str(folder / "another cache"))
        again = study(folder, NULL)
        other = study(folder, Compared("random", seed=1))
    columns = list(METRIC_COLUMNS)
    np.testing.assert_allclose(first.pairs[columns], again.pairs[columns], rtol=1e-5)
    assert not np.isclose(first.pairs["emd"], other.pairs["emd"]).any()


def test_spectrograms_are_compared_by_the_size_of_their_bins(
    folder: Path, paths: dict[str, Path]
) -> None:
    found = study(folder, Compared("spectrogram"), methods=[METHOD, "grad_cam"])
    notes = set(found.notes["note"])
    maps = {note: np.abs(extract(load_note(paths[note]), TYPE).values) for note in notes}
    assert any((extract(load_note(paths[note]), TYPE).values < 0).any() for note in notes)
    check(found, maps)
    assert set(found.pairs["method"]) == {""}  # once, whatever the methods


@pytest.mark.parametrize("maps", ["model", "random"])
def test_signed_maps_and_mean_gradients(
    folder: Path, paths: dict[str, Path], model: Analysis, maps: str
) -> None:
    settings = resolve_settings(METHOD, "default")
    found = {
        note: one.attribution.values
        if maps == "model"
        else null_map(paths[note], type=TYPE, family=one.family, settings=settings, models=MODELS)
        for note, one in explained(paths, model).items()
    }
    check(study(folder, Compared(maps, "signed")), found, by_sign=True)
    for note, values in found.items():
        x = extract(load_note(paths[note]), TYPE).values.astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            found[note] = np.where(x == 0, 0, values / x)
    check(study(folder, Compared(maps, "mean_gradient")), found)


def test_a_view_takes_no_map_anew(folder: Path, model: Analysis) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("xai_core.study.pairs.explain", None)
        study(folder, Compared(view="signed"))


def test_keys_hold_what_decides_and_nothing_else() -> None:
    settings = resolve_settings(METHOD, "default")
    note: Any = type("Note", (), {"sha256": "0" * 64})

    def key(compared: Compared, method: str = METHOD) -> str:
        of = FamilyMaps(TYPE, "flute", resolve_settings(method, "default"), "", "", (), compared)
        return of.key_of(note)

    as_ever = store.map_key(
        kind="map of a note",
        type=TYPE,
        family="flute",
        settings=settings.as_dict(),
        model="",
        note=note.sha256,
    )
    assert key(PAPER_CHOICE) == as_ever
    assert key(Compared(view="signed")) == key(Compared(view="mean_gradient")) == as_ever
    nulls = {key(Compared("random", seed=seed)) for seed in (0, 1)}
    spectrogram = key(Compared("spectrogram"))
    assert len({as_ever, spectrogram, *nulls}) == 4
    assert key(Compared("spectrogram"), "grad_cam") == spectrogram


def test_blocks_of_one_view_are_not_those_of_another(folder: Path) -> None:
    asked = {"types": [TYPE], "methods": [METHOD], "notes_per_family": 3, "models": MODELS}
    records = read_collection(folder / "notes")
    done = read_partial_results(records, between_pairs=4, compared=Compared("random"), **asked)
    assert done.is_finished
    assert len(done.pairs)
    other = read_partial_results(
        records, between_pairs=4, compared=Compared("random", "signed", 3), **asked
    )
    assert (other.n_done, len(other.pairs)) == (0, 0)


def test_what_cannot_be_compared_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="grad_cam have no mean gradient: choose the method"):
        study(folder, Compared(view="mean_gradient"), methods=["grad_cam"])
    with pytest.raises(InputError, match="unknown view 'both' of maps: choose one of absolute"):
        Compared(view="both")
    with pytest.raises(InputError, match="unknown maps 'noise' to compare: choose one of model"):
        Compared("noise")
    with pytest.raises(InputError, match="size of their bins alone"):
        Compared("spectrogram", "signed")
    with pytest.raises(InputError, match="random networks alone, got 1 for maps of the models"):
        Compared(seed=1)
    assert list(VIEWS) == ["absolute", "signed", "mean_gradient"]


def test_maps_of_spectrograms_have_no_model_output(folder: Path, paths: dict[str, Path]) -> None:
    settings = resolve_settings(METHOD, "default")
    found = study(folder, Compared("spectrogram"))
    assert found.notes[["probability", "completeness_error"]].isna().all(axis=None)
    assert (
        maps_of(FamilyMaps(TYPE, "flute", settings, MODELS, "", (), Compared("spectrogram"))) == ()
    )
