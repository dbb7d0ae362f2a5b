"""Curves of several models: reliability, and training by epoch.

Conventions
-----------
Probabilities and frequencies are drawn in percent, both classes weighing the
same. A frequency is what the notes of a bin showed; the area of its disc is
the bin's weight. One model's discs are joined; of several models only the curve
of all together is, since single bins hold few notes. Of models by epoch the
first five have solid lines, the next five dashed ones in the same colours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from xai_core.errors import InputError
from xai_core.figures.base.drawing import LINE, TEXT_SIZE, Drawing, Frame
from xai_core.figures.scores.parts import (
    AXIS,
    MANY_COLOURS,
    OTHER,
    Histories,
    reliability_sentence,
    title,
    training_sentence,
)
from xai_core.scores import Reliability

__all__ = ["reliability_curves", "training_curves"]

DISC = 26  # px, diameter of the disc of a bin that has all the weight
LEAST = 4  # px
GAP = 0.12  # of the width or height, between the panels of loss and accuracy


def reliability_curves(
    curves: Mapping[str, Reliability], *, height: int = 430, uirevision: str = "reliability"
) -> go.Figure:
    """Draw how often a note is of the family against the probability that is said.

    Parameters
    ----------
    curves : mapping of str to Reliability
        By name of the model.
    height : int
        Pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        On the dashed diagonal a model means what it says; below it, it
        promises too much.

    Raises
    ------
    InputError
        If there are no curves.
    """
    if not curves:
        raise InputError("expected reliability curves to draw, got none")
    drawing = Drawing(
        Frame(height, left=54, right=130, top=10, bottom=44),
        alt=reliability_sentence(curves),
        uirevision=uirevision,
    )
    drawing.traces.append(
        {
            "type": "scatter",
            "mode": "lines",
            "x": [0, 100],
            "y": [0, 100],
            "line": {"color": LINE, "width": 1.5, "dash": "dash"},
            "name": "as it says",
            "hoverinfo": "skip",
        }
    )
    for number, (name, curve) in enumerate(curves.items()):
        mode = "lines+markers" if len(curves) == 1 else "markers"
        drawing.traces.append(_reliability_trace(number, name, curve, mode))
    if len(curves) > 1:
        together = Reliability.pooled(list(curves.values()))
        drawing.traces.append(
            {**_reliability_trace(0, "all together", together, "lines+markers"), **_TOGETHER}
        )
    drawing.layout = {
        "showlegend": True,
        "legend": _LEGEND,
        "xaxis": {**AXIS, "range": [-2, 102], "title": title("Probability that is said (%)")},
        "yaxis": {**AXIS, "range": [-2, 102], "title": title("Notes of the family (%)")},
    }
    return drawing.figure()


def training_curves(
    histories: Histories,
    *,
    stacked: bool = False,
    height: int = 330,
    uirevision: str = "training",
) -> go.Figure:
    """Draw loss and accuracy by epoch, of several models in one figure.

    Parameters
    ----------
    histories : mapping
        ``{model: {"loss": [one an epoch], "accuracy": [...]}}``, as cards keep
        them under ``training`` / ``history``. With ``val_loss`` and
        ``val_accuracy`` the curves on unseen notes are drawn dotted.
    stacked : bool
        Whether the panel of accuracy stands beneath that of loss, as on a phone.
    height : int
        Pixels.

    Raises
    ------
    InputError
        If there are no histories, or one has no loss.
    """
    if not histories:
        raise InputError("expected training histories to draw, got none")
    for name, history in histories.items():
        if not history.get("loss"):
            raise InputError(f"expected a loss for each epoch of {name}, got none")
    drawing = Drawing(
        Frame(height, left=54, right=130, top=10, bottom=44),
        alt=training_sentence(histories),
        uirevision=uirevision,
    )
    for number, (name, history) in enumerate(histories.items()):
        for metric, x, y in (("loss", "x", "y"), ("accuracy", "x2", "y2")):
            for key, seen in ((metric, True), (f"val_{metric}", False)):
                if history.get(key):
                    values = np.asarray(history[key], np.float64)
                    drawing.traces.append(
                        {
                            **_training_trace(number, name, metric, values, seen=seen),
                            "xaxis": x,
                            "yaxis": y,
                        }
                    )
    first, second = [0, 0.5 - GAP / 2], [0.5 + GAP / 2, 1]
    across, down = ([[0, 1]] * 2, [second, first]) if stacked else ([first, second], [[0, 1]] * 2)
    epochs = {**AXIS, "title": title("Epoch"), "tickformat": "d", "rangemode": "normal"}
    longest = max(len(history["loss"]) for history in histories.values())
    if longest <= 10:
        epochs["dtick"] = 1
    drawing.layout = {
        "showlegend": True,
        "legend": _LEGEND,
        "xaxis": {**epochs, "domain": across[0]},
        "xaxis2": {**epochs, "domain": across[1], "anchor": "y2", "matches": "x"},
        "yaxis": {
            **AXIS,
            "domain": down[0],
            "title": title("Loss (nats)"),
            "rangemode": "tozero",
        },
        "yaxis2": {**AXIS, "domain": down[1], "title": title("Accuracy (%)"), "anchor": "x2"},
    }
    return drawing.figure()


_TOGETHER: dict[str, Any] = {
    "line": {"color": OTHER, "width": 4},
    "marker": {"size": 9, "color": OTHER},
}
_LEGEND: dict[str, Any] = {
    "x": 1.01,
    "xanchor": "left",
    "y": 1,
    "yanchor": "top",
    "font": {"size": TEXT_SIZE},
    "tracegroupgap": 0,
}


def _line(number: int) -> dict[str, Any]:
    dash = "solid" if number // len(MANY_COLOURS) % 2 == 0 else "dash"
    return {"color": MANY_COLOURS[number % len(MANY_COLOURS)], "width": 2, "dash": dash}


def _reliability_trace(number: int, name: str, curve: Reliability, mode: str) -> dict[str, Any]:
    filled = np.flatnonzero(curve.n_notes)
    return {
        "type": "scatter",
        "mode": mode,
        "name": name,
        "x": 100 * curve.probability[filled],
        "y": 100 * curve.frequency[filled],
        "line": _line(number),
        "marker": {
            "size": np.maximum(DISC * np.sqrt(curve.weight[filled]), LEAST),
            "opacity": 0.85,
            "color": MANY_COLOURS[number % len(MANY_COLOURS)],
            "symbol": "circle" if number < len(MANY_COLOURS) else "square",
            "line": {"width": 0},
        },
        "hovertext": [
            f"{name}<br>said {100 * curve.probability[k]:.0f} %, "
            f"were {100 * curve.frequency[k]:.0f} %<br>"
            f"{curve.n_notes[k]} notes, {curve.n_positive[k]} of the family"
            for k in filled
        ],
        "hoverinfo": "text",
    }


def _training_trace(
    number: int, name: str, metric: str, values: np.ndarray[Any, Any], *, seen: bool
) -> dict[str, Any]:
    percent = metric == "accuracy"
    line = _line(number)
    return {
        "type": "scatter",
        "mode": "lines+markers" if values.size <= 20 else "lines",
        "name": name,
        "legendgroup": name,
        "showlegend": metric == "loss" and seen,
        "x": np.arange(1, values.size + 1),
        "y": 100 * values if percent else values,
        "line": line if seen else {**line, "width": 1.5, "dash": "dot"},
        "marker": {"size": 5},
        "hovertemplate": f"{name}{'' if seen else ', unseen notes'}<br>epoch %{{x}}: "
        f"<b>%{{y:.{1 if percent else 3}f}}{' %' if percent else ''}</b><extra></extra>",
    }
