"""Maps of many notes: all that is in their key is handed on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.model_sets.tiny_models import write_models, write_notes
from xai_core import explain, store
from xai_core.errors import InputError
from xai_core.explanations import Settings, resolve_settings
from xai_core.study.notes import choose_notes
from xai_core.study.pairs import FamilyMaps, maps_of

CHANGES = {"n_steps": 4, "baseline": "noise", "noise_level": 0.3, "seed": 7}


def test_steps_and_baseline_decide_the_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMBRELENS_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("TIMBRELENS_CACHE", str(tmp_path / "cache"))
    records = [one for one in write_notes(tmp_path / "notes") if one.family == "flute"]
    write_models(records, "tonnetz", families=("flute",))
    chosen, _ = choose_notes(records, "flute", n=1, seed=0)
    sha256 = store.read_card("tonnetz", "flute", models="tiny").sha256

    def study(settings: Settings) -> np.ndarray:
        asked = FamilyMaps("tonnetz", "flute", settings, "tiny", sha256, tuple(chosen))
        (found,) = maps_of(asked)
        return found.values

    about = {"type": "tonnetz", "family": "flute", "models": "tiny"}
    path = chosen[0].record.path
    changed = study(resolve_settings("integrated_gradients", "default", **CHANGES))
    expected = explain(path, **about, **CHANGES).attribution.values
    np.testing.assert_array_equal(changed, expected)
    default = study(resolve_settings("integrated_gradients", "default"))
    np.testing.assert_array_equal(default, explain(path, **about).attribution.values)
    assert np.abs(changed - default).max() > 0.1 * np.abs(default).max()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (Settings(baseline="note"), "another note as baseline"),
        (Settings(preset="paper", target="probability"), "steps as needed are not those"),
    ],
)
def test_what_cannot_be_handed_on_is_refused(settings: Settings, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        FamilyMaps("tonnetz", "flute", settings, "tiny", "", ())
