"""Maps made by hand on the true axes, and what a figure sends to the browser."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import plotly.graph_objects as go

from xai_core import features
from xai_core.values import (
    Attribution,
    Axis,
    FeatureMaps,
    FloatArray,
    Heatmap,
    Spectrogram,
)

SECONDS_PER_FRAME = 512 / 16_000


def axis_of(type: str) -> Axis:
    """Return the bin axis of a type."""
    return features.axes(type)[1]


def shape_of(type: str) -> tuple[int, int]:
    time, bins = features.axes(type)
    return time.values.size, bins.values.size


def zeros(type: str) -> FloatArray:
    return np.zeros(shape_of(type))


def noise(type: str, seed: int) -> FloatArray:
    """Return signed values, none of them zero in all likelihood."""
    return np.random.default_rng(seed).normal(size=shape_of(type))


def hot(type: str, frame: int, bin: int, value: float = 1.0) -> FloatArray:
    """Return a map that is zero but for one bin."""
    values = zeros(type)
    values[frame, bin] = value
    return values


def spectrogram(type: str, values: FloatArray) -> Spectrogram:
    return Spectrogram(values, type, *features.axes(type))


def heatmap(type: str, values: FloatArray) -> Heatmap:
    return Heatmap(values, type, *features.axes(type))


def integrated_gradients(type: str, values: FloatArray, target: str = "logit") -> Attribution:
    return Attribution(values, type, *features.axes(type), "integrated_gradients", target)


def grad_cam(type: str, values: FloatArray) -> Attribution:
    return Attribution(values, type, *features.axes(type), "grad_cam", "logit")


def feature_maps(
    type: str, values: FloatArray, filters: tuple[int, ...] = (0, 1, 2, 3), layer: str = "conv2d_5"
) -> FeatureMaps:
    """`values` has shape (n_filters, n_rows, n_columns), time down the rows."""
    return FeatureMaps(values, layer, filters, *features.axes(type))


def sent(figure: go.Figure) -> dict[str, Any]:
    """Return the figure as the browser receives it, read from its JSON."""
    received: dict[str, Any] = json.loads(figure.to_json())
    return received


def maps_sent(figure: go.Figure) -> dict[str, dict[str, Any]]:
    """Return the heatmap traces that are sent, by the name of their bin axis."""
    return {trace["yaxis"]: trace for trace in sent(figure)["data"] if trace["type"] == "heatmap"}


def decoded(array: Any) -> FloatArray:
    """Return an array that was sent typed, as base64; a list is refused."""
    assert isinstance(array, dict), f"sent as {type(array).__name__}"
    flat = np.frombuffer(base64.b64decode(array["bdata"]), dtype=f"<{array['dtype']}")
    if "shape" not in array:
        return flat
    return flat.reshape([int(length) for length in array["shape"].split(",")])


def sentences_of(figure: go.Figure) -> list[str]:
    return [annotation.text for annotation in figure.layout.annotations]
