"""Curves of models: bins where the notes are, epochs from 1."""

from __future__ import annotations

import numpy as np
import pytest

from tests.figures.hand_made import decoded, sent
from xai_core.errors import InputError
from xai_core.figures import alt_text, reliability_curves, training_curves
from xai_core.scores import Reliability


def _curve(frequency: float, weight: float = 0.4) -> Reliability:
    return Reliability(
        n_notes=np.array([30, 0, 10]),
        n_positive=np.array([3, 0, 8]),
        weight=np.array([1 - weight, 0.0, weight]),
        probability=np.array([0.1, np.nan, 0.8]),
        frequency=np.array([0.1, np.nan, frequency]),
    )


def _xy(trace: dict) -> tuple[list[float], list[float]]:
    return np.ravel(decoded(trace["x"])).tolist(), np.ravel(decoded(trace["y"])).tolist()


def test_one_model_is_a_line_through_its_bins_that_have_notes() -> None:
    diagonal, curve = sent(reliability_curves({"flute": _curve(0.6)}))["data"]
    assert (diagonal["x"], diagonal["y"]) == ([0, 100], [0, 100])
    assert curve["mode"] == "lines+markers"
    x, y = _xy(curve)
    assert (x, y) == (pytest.approx([10, 80]), pytest.approx([10, 60]))
    # the discs' areas are as the weights
    size = np.ravel(decoded(curve["marker"]["size"]))
    assert size[0] ** 2 / size[1] ** 2 == pytest.approx(0.6 / 0.4)
    assert curve["hovertext"][1].endswith("said 80 %, were 60 %<br>10 notes, 8 of the family")


def test_of_several_models_only_all_together_are_joined() -> None:
    figure = reliability_curves({"flute": _curve(0.6, 0.4), "reed": _curve(0.9, 0.9)})
    _, flute, reed, together = sent(figure)["data"]
    assert (flute["mode"], reed["mode"]) == ("markers", "markers")
    assert together["mode"] == "lines+markers"
    # (0.4 * 60 + 0.9 * 90) / 1.3
    assert _xy(together)[1][1] == pytest.approx(105 / 1.3)
    # errors 0.4 * 0.2 and 0.9 * 0.1
    assert "off by 8 % (flute) to 9 % (reed)" in alt_text(figure)
    assert "off by 8 % on average" in alt_text(reliability_curves({"flute": _curve(0.6)}))


def test_loss_and_accuracy_by_epoch_of_several_models() -> None:
    histories = {
        "bass": {"loss": [0.5, 0.25], "accuracy": [0.75, 0.875]},
        "flute": {"loss": [0.7, 0.6], "accuracy": [0.5, 0.6], "val_loss": [0.8, 0.9]},
    }
    figure = training_curves(histories)
    traces = sent(figure)["data"]
    assert [(t["name"], t["yaxis"]) for t in traces] == [
        ("bass", "y"),
        ("bass", "y2"),
        ("flute", "y"),
        ("flute", "y"),
        ("flute", "y2"),
    ]
    assert _xy(traces[0]) == ([1, 2], [0.5, 0.25])
    assert _xy(traces[1])[1] == [75.0, 87.5]
    assert traces[3]["line"]["dash"] == "dot"  # unseen notes
    assert [t["showlegend"] for t in traces] == [True, False, True, False, False]
    assert alt_text(figure) == (
        "Training of 2 models over 2 epochs; it ends at loss 0.25 to 0.60 and accuracy "
        "0.60 to 0.88."
    )


def test_ten_models_can_be_told_apart() -> None:
    names = [f"model {k}" for k in range(10)]
    lines = [t["line"] for t in sent(training_curves({n: {"loss": [1.0]} for n in names}))["data"]]
    assert len({(line["color"], line["dash"]) for line in lines}) == 10


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(InputError, match="reliability curves to draw, got none"):
        reliability_curves({})
    with pytest.raises(InputError, match="training histories to draw, got none"):
        training_curves({})
    with pytest.raises(InputError, match="a loss for each epoch of reed, got none"):
        training_curves({"reed": {"accuracy": [0.5]}})
