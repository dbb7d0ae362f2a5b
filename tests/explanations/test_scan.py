"""A scan is what `predict` says of each window, with gaps where nothing can be heard."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
import pytest

from xai_core import store
from xai_core.errors import InputError, ModelError
from xai_core.explanations import predict
from xai_core.explanations.predict import (
    MAX_WINDOWS,
    scan,
)
from xai_core.networks.cnn import build_cnn
from xai_core.values import Waveform

SR = 16_000


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("scanning")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIMBRELENS_MODELS", str(folder / "models"))
        about: dict[str, dict[str, object]] = {
            name: {} for name in ("architecture", "features", "training", "data", "scores")
        }
        for seed, family in enumerate(("flute", "organ")):
            keras.utils.set_random_seed(seed)
            model = build_cnn((126, 6), head="pooled")
            store.save_model(model, models="scanned", type="tonnetz", family=family, about=about)
        yield "scanned"


def recording(seconds: float) -> Waveform:
    """Return a rising tone with silence in the middle third."""
    t = np.arange(int(seconds * SR)) / SR
    y = 0.3 * np.sin(2 * np.pi * (220 + 20 * t) * t)
    y[t.size // 3 : 2 * t.size // 3] = 0.0
    return Waveform(y.astype(np.float32), SR)


def test_each_window_is_judged_as_a_note(models: str) -> None:
    whole = recording(18.0)
    found = scan(whole, type="tonnetz", hop=2.0, models=models)
    assert found.families == ("flute", "organ")
    np.testing.assert_allclose(found.starts, [0, 2, 4, 6, 8, 10, 12, 14])
    for k in (0, 2, 7):
        alone = predict(whole, types=["tonnetz"], models=models, start=found.starts[k])
        for row, family in enumerate(found.families):
            assert found.probabilities[row, k] == pytest.approx(
                alone.probabilities["tonnetz"][family], abs=1e-6
            )


def test_silence_has_no_probability(models: str) -> None:
    found = scan(recording(18.0), type="tonnetz", hop=1.0, models=models)
    silent = np.isnan(found.probabilities).all(axis=0)
    # the window from 7 to 11 s is the only one inside the silence from 6 to 12 s, with 6 and 8
    assert found.starts[silent].tolist() == [6.0, 7.0, 8.0]
    assert not np.isnan(found.probabilities[:, ~silent]).any()


def test_a_short_recording_is_one_window(models: str) -> None:
    events: list[tuple[int, int]] = []
    found = scan(
        recording(3.0),
        type="tonnetz",
        models=models,
        on_progress=lambda *event: events.append(event),
    )
    assert found.starts.tolist() == [0.0]
    assert events == [(1, 1)]


def test_a_long_recording_has_no_more_windows_than_the_limit(models: str) -> None:
    silence = Waveform(np.zeros(SR * 100, np.float32), SR)
    found = scan(silence, type="tonnetz", hop=0.05, models=models)
    assert found.starts.size == MAX_WINDOWS
    assert (found.starts[0], found.starts[-1]) == (0.0, 96.0)


def test_what_cannot_be_scanned_is_refused(models: str) -> None:
    for hop in (0.0, -1.0, float("nan")):
        with pytest.raises(InputError, match="a hop above 0 s"):
            scan(recording(5.0), type="tonnetz", hop=hop, models=models)
    with pytest.raises(ModelError, match="no mfcc models"):
        scan(recording(5.0), type="mfcc", models=models)
