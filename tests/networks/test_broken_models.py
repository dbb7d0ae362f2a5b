"""Models that are missing, cut short or altered: each disables its own choice, and no more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.networks.broken_models import BROKEN, write_broken_models
from xai_core import predict, store
from xai_core.errors import ModelError
from xai_core.places import ROOT, samples_folder
from xai_core.values import FAMILIES

NOTE = next(iter(sorted(samples_folder().rglob("flute*.flac"))))


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of models in which four of the MFCC set are broken."""
    folder = tmp_path / "models"
    write_broken_models(folder)
    monkeypatch.setenv("TIMBRELENS_MODELS", str(folder))
    return folder


def test_each_fault_is_found_with_its_reason(broken: Path) -> None:
    faults = store.find_faults()
    assert set(faults) == {("mfcc", family) for family in BROKEN}
    assert "SHA-256 differs" in faults["mfcc", "flute"]
    assert "altered or cut short" in faults["mfcc", "organ"]
    assert "cannot be read: No such file" in faults["mfcc", "reed"]
    assert "the card of the mfcc model of vocal cannot be read" in faults["mfcc", "vocal"]


def test_a_model_that_was_put_right_is_no_fault_any_more(broken: Path) -> None:
    assert ("mfcc", "flute") in store.find_faults()
    good = ROOT / "models/starter/mfcc/flute/model.keras"
    shutil.copy(good, broken / "starter/mfcc/flute/model.keras")
    assert ("mfcc", "flute") not in store.find_faults()


def test_shipped_models_have_no_fault() -> None:
    assert store.find_faults() == {}


def test_others_answer_without_the_broken_ones(broken: Path) -> None:
    # Another than the first where that one was loaded before it was altered.
    with pytest.raises(ModelError, match=f"of ({'|'.join(BROKEN)})"):
        predict(NOTE, types=["mfcc"])
    found = predict(NOTE, without=store.find_faults()).by_type()
    assert set(found["mfcc"]) == set(FAMILIES) - set(BROKEN)
    assert set(found["chroma"]) == set(FAMILIES)
