"""Models that are not shown to be better than chance: found, and said wherever they explain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xai_core import store
from xai_core.explanations import (
    explain,
    weak_families,
)
from xai_core.explanations.loaded_models import (
    weakness_sentence,
)
from xai_core.networks.cnn import build_cnn
from xai_core.values import Waveform

SAID = {"reed": {"better_than_chance": True}, "flute": {"better_than_chance": False}, "organ": {}}


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TIMBRELENS_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path / "cache"))
    model = build_cnn((126, 6), head="pooled")
    for family, said in SAID.items():
        about = {
            "architecture": {"head": "pooled"},
            "features": {},
            "training": {},
            "data": {},
            "scores": {"balanced_accuracy": 0.534, **said},
        }
        store.save_model(model, models="doubted", type="tonnetz", family=family, about=about)
    return "doubted"


def test_the_card_decides_which_models_are_doubted(models: str) -> None:
    assert weak_families("tonnetz", models=models) == ("flute",)
    assert weak_families("mfcc", models=models) == ()
    card = store.read_card("tonnetz", "flute", models=models)
    assert card.is_weak
    assert "balanced accuracy 53%; guessing gives 50%" in weakness_sentence(card)
    assert weakness_sentence(store.read_card("tonnetz", "organ", models=models)) == ""


@pytest.mark.parametrize("method", ["integrated_gradients", "grad_cam"])
def test_an_explanation_of_a_doubted_model_says_so(models: str, method: str) -> None:
    rng = np.random.default_rng(0)
    note = Waveform(0.1 * rng.standard_normal(64_000).astype(np.float32), 16_000)
    for family, doubted in (("flute", True), ("reed", False)):
        result = explain(note, type="tonnetz", family=family, method=method, models=models)
        assert any("not shown to be better than chance" in text for text in result.notes) == doubted
