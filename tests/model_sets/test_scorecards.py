"""How a set stands: what its cards and summaries say, and what cannot be read."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from xai_core import store
from xai_core.errors import ModelError
from xai_core.model_sets.scorecards import read_scorecards
from xai_core.networks.cnn import build_cnn
from xai_core.scores import Score

SCORES = {
    "flute": {
        "n_notes": 40, "n_positive": 10, "precision": 0.5, "balanced_accuracy": 0.9,
        "better_than_chance": True, "intervals": {"precision": [0.4, 0.7]},
    },
    "organ": {
        "n_notes": 60, "n_positive": 20, "precision": 0.25, "balanced_accuracy": 0.52,
        "better_than_chance": False, "intervals": None,
    },
}  # fmt: skip
HISTORY = {"loss": [1.0, 0.5], "accuracy": [0.4, 0.8]}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIMBRELENS_MODELS", str(tmp_path))
    keras.utils.set_random_seed(0)
    model = build_cnn((126, 6), head="pooled")
    for family, scores in SCORES.items():
        about = {
            "architecture": {},
            "features": {},
            "training": {"history": HISTORY if family == "flute" else {}},
            "data": {},
            "scores": scores,
        }
        store.save_model(model, models="tiny", type="tonnetz", family=family, about=about)
    summary = {
        "ten_way": {"accuracy": 0.4, "intervals": {"accuracy": [0.3, 0.5]}},
        "trunk": {"history": HISTORY},
    }
    store.write_summary(summary, models="tiny", type="tonnetz")
    return tmp_path / "tiny"


def test_scores_come_from_the_cards_with_their_intervals(folder: Path) -> None:
    scorecards = read_scorecards("tiny")
    assert scorecards.n_models == 2
    assert scorecards.scores("precision") == {
        "tonnetz": {"flute": Score(0.5, 0.4, 0.7), "organ": Score(0.25)}
    }
    assert scorecards.accuracy() == {"tonnetz": Score(0.4, 0.3, 0.5)}
    assert scorecards.unproven == {("tonnetz", "organ")}
    assert scorecards.faults == ()
    assert scorecards.audit is None
    heading, *rows = scorecards.table()
    assert heading == ("type", "family", "metric", "value", "low", "high")
    assert ("tonnetz", "flute", "precision", 0.5, 0.4, 0.7) in rows
    assert ("tonnetz", "organ", "balanced_accuracy", 0.52, "", "") in rows
    assert len(rows) == 4


def test_what_a_guess_would_reach(folder: Path) -> None:
    scorecards = read_scorecards("tiny")
    assert scorecards.chance("precision") == {"flute": 10 / 40, "organ": 20 / 60}
    assert scorecards.chance("balanced_accuracy") == {"flute": 0.5, "organ": 0.5}
    assert scorecards.chance("f1") is None


def test_training_curves_of_the_trunk_come_first(folder: Path) -> None:
    assert list(read_scorecards("tiny").histories("tonnetz")) == ["trunk", "flute"]


def test_a_card_that_cannot_be_read_costs_only_its_model(folder: Path) -> None:
    (folder / "tonnetz" / "organ" / "card.json").write_text("{")
    (folder / "audit.json").write_text('{"n_notes": 3}')
    scorecards = read_scorecards("tiny")
    assert list(scorecards.cards["tonnetz"]) == ["flute"]
    (fault,) = scorecards.faults
    assert "the card of the tonnetz model of organ cannot be read" in fault
    assert scorecards.audit == {"n_notes": 3}


def test_a_set_without_a_card_that_can_be_read_is_refused(folder: Path) -> None:
    for family in SCORES:
        (folder / "tonnetz" / family / "card.json").write_text("{")
    with pytest.raises(ModelError, match="no card of the set 'tiny' can be read"):
        read_scorecards("tiny")
    with pytest.raises(ModelError, match="found none"):
        read_scorecards("nowhere")
