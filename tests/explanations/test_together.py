"""Several visitors on one model at once: each gets what one alone gets, to the last bit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from xai_core import explain, predict
from xai_core.audio import load_note
from xai_core.datasets.collection import read_collection
from xai_core.explanations import loaded_models as loading
from xai_core.explanations.loaded_models import LRUCache
from xai_core.places import samples_folder

map_values = import_module("xai_core.explanations.explain")  # `explain` is a function too

VISITORS = 4
PATIENCE = 300  # s


@pytest.fixture(autouse=True)
def nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have everything computed: no folder for results, no answers remembered."""
    (tmp_path / "taken").write_text("a file where the folder should be")
    monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path / "taken"))
    for module, name in (
        (loading, "_logits"),
        (loading, "_spectrograms"),
        (map_values, "_layers"),
        (map_values, "_feature_maps"),
    ):
        monkeypatch.setattr(module, name, LRUCache(0))


def explained(path: Path, method: str) -> np.ndarray:
    return explain(path, type="chroma", family="flute", method=method).attribution.values


@pytest.mark.parametrize("method", ["integrated_gradients", "grad_cam"])
def test_visitors_on_one_model_get_the_arrays_of_one_alone(method: str) -> None:
    notes = [record.path for record in read_collection(samples_folder())][:VISITORS]
    alone = [explained(path, method) for path in notes]
    together = Barrier(VISITORS)

    def visit(number: int) -> list[np.ndarray]:
        together.wait(PATIENCE)
        return [explained(path, method) for path in (*notes[number:], *notes[:number])]

    with ThreadPoolExecutor(VISITORS) as visitors:
        for number, got in enumerate(visitors.map(visit, range(VISITORS))):
            for values, expected in zip(got, (*alone[number:], *alone[:number]), strict=True):
                np.testing.assert_array_equal(values, expected)


def test_answers_of_ten_models_do_not_mix() -> None:
    notes = [load_note(record.path) for record in read_collection(samples_folder())][:VISITORS]
    alone = [predict(note, types=["mfcc"]).by_type() for note in notes]
    with ThreadPoolExecutor(VISITORS) as visitors:
        for _ in range(3):
            got = visitors.map(lambda note: predict(note, types=["mfcc"]).by_type(), notes)
            assert list(got) == alone
