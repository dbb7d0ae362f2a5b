"""What is kept of the tests of methods, and of which models it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import pytest

from tests.benchmarks.methods import as_kept
from xai_core import store
from xai_core.errors import ModelError
from xai_core.model_sets.method_tests import MethodScore, models_digest, read_method_tests
from xai_core.networks.cnn import build_cnn

ABOUT: dict[str, Any] = {"architecture": {}, "features": {}, "training": {}, "data": {}}
IG = "integrated_gradients"


def save(family: str, seed: int) -> None:
    keras.utils.set_random_seed(seed)
    model = build_cnn((126, 6), head="pooled")
    store.save_model(
        model, models="starter", type="tonnetz", family=family, about=ABOUT | {"scores": {}}
    )


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIMBRELENS_MODELS", str(tmp_path))
    for number, family in enumerate(("flute", "organ")):
        save(family, number)
    return tmp_path


def line(note: str, method: str, gain: float, **more: float) -> dict[str, Any]:
    family = "flute"
    return {"family": family, "note": note, "instrument": note, "method": method} | {
        "over_energy": gain,
        "seconds": 1.0,
        **more,
    }


LINES = [
    line("a", IG, 0.1, sensitivity=0.5),
    line("b", IG, 0.2, sensitivity=0.5),
    line("a", "lrp", 0.3, sensitivity=0.75),
    line("b", "lrp", 0.4, sensitivity=0.75),
    line("a", f"{IG} from the mean note", 0.1),
    line("b", f"{IG} from the mean note", 0.25),
]


@pytest.mark.usefixtures("models")
def test_what_is_kept_is_what_was_measured() -> None:
    store.write_method_tests({"tonnetz": as_kept("tonnetz", LINES)}, models="starter")
    found = read_method_tests("tonnetz")
    assert found is not None
    assert (found.n_models, found.n_maps, found.n_instruments) == (1, 2, 2)
    assert [(row.method, row.baseline) for row in found.rows] == [
        (IG, ""),
        ("lrp", ""),
        (IG, "dataset_mean"),
    ]
    lrp = found.of("lrp")
    assert lrp is not None
    # 0.2 more on both notes: better; a map that moves more is worse
    assert lrp.scores["over_energy"] == MethodScore(0.35, 0.3, 0.4, "better")
    assert lrp.scores["sensitivity"] == MethodScore(0.75, 0.75, 0.75, "worse")
    assert lrp.scores["seconds"].than_usual == ""
    assert "fidelity" not in lrp.scores
    of_mean = found.rows[2].scores["over_energy"]
    assert (of_mean.mean, of_mean.than_usual) == (0.175, "")  # as good on one of two notes
    usual = found.of(IG)
    assert usual is not None
    assert usual.scores["over_energy"].mean == pytest.approx(0.15)
    assert found.of("grad_cam") is None


@pytest.mark.usefixtures("models")
def test_tests_of_other_models_are_not_shown() -> None:
    assert read_method_tests("tonnetz") is None  # nothing is kept
    store.write_method_tests({"tonnetz": as_kept("tonnetz", LINES)}, models="starter")
    assert read_method_tests("mfcc") is None
    before = models_digest("tonnetz")
    save("organ", 9)
    assert models_digest("tonnetz") != before
    assert read_method_tests("tonnetz") is None


@pytest.mark.usefixtures("models")
def test_a_set_without_the_type_has_no_digest() -> None:
    with pytest.raises(ModelError, match="has no models of mfcc: choose another"):
        models_digest("mfcc")
