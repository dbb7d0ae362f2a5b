"""The numbers of a map: what a model's gradients give for one spectrogram.

Conventions
-----------
Values have the shape of the spectrogram, (n_frames, n_bins). What a page asks
for again, because a visitor returns to a note, is kept for a while in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from xai_core import store
from xai_core.attribution.feature_maps import choose_filters
from xai_core.attribution.grad_cam import grad_cam, resize_bilinear
from xai_core.attribution.integrated_gradients import (
    PathIntegral,
    integrated_gradients,
    refine_integrated_gradients,
)
from xai_core.audio import load_note
from xai_core.errors import InputError
from xai_core.gradients import ModelGradients
from xai_core.pipeline.loading import Audio, digest_of, load_gradients, spectrogram_of
from xai_core.pipeline.recent import Recent
from xai_core.pipeline.settings import Settings
from xai_core.values import FeatureMaps, FloatArray, Spectrogram, check_family

__all__ = [
    "baseline_values",
    "feature_maps",
    "grad_cam_values",
    "path_integrals",
]

# one: up to 130 MB on STFT, and a page asks for its feature maps and Grad-CAM in a row
_layers: Recent[tuple[ModelGradients, str, str], tuple[FloatArray, FloatArray]] = Recent(1)

MAPS_KEPT = 24  # of each kind; on STFT at most 2 MB for four filters and 1 MB for Grad-CAM
_feature_maps: Recent[tuple[str, str, str, str, int], FeatureMaps] = Recent(MAPS_KEPT)
_grad_cams: Recent[tuple[str, str, str], FloatArray] = Recent(MAPS_KEPT)


def feature_maps(
    audio: Audio,
    *,
    type: str,
    family: str,
    layer: str = "conv2d_5",
    choice: str = "most_active",
    n_filters: int = 4,
    models: str = "starter",
    start: float = 0.0,
) -> FeatureMaps:
    """Return the activations of a few filters of one convolution layer.

    Parameters
    ----------
    layer : str
        ``conv2d`` to ``conv2d_5``.
    choice : {'first', 'most_active'}
        The first filters, as in the paper's figure 1, or the most active ones.
    n_filters : int
    others
        As :func:`xai_core.pipeline.explaining.explain`.

    Returns
    -------
    FeatureMaps
    """
    spectrogram = spectrogram_of(load_note(audio, start=start), type)
    gradients, card = load_gradients(type, check_family(family), models=models)

    def make() -> FeatureMaps:
        # what Grad-CAM uses: a page asks for both, and a new model is traced once
        activations, _ = _at_layer(gradients, spectrogram, layer)
        filters = choose_filters(activations, choice=choice, n_filters=n_filters)
        maps = np.ascontiguousarray(np.moveaxis(activations[..., list(filters)], -1, 0))
        return FeatureMaps(maps, layer, filters, spectrogram.time, spectrogram.bins)

    key = (card.sha256, digest_of(spectrogram.values), layer, choice, n_filters)
    return _feature_maps.get(key, make)


def grad_cam_values(
    gradients: ModelGradients, card: store.Card, spectrogram: Spectrogram, layer: str
) -> FloatArray:
    """Return the raw Grad-CAM of one layer on the grid of the spectrogram."""

    def make() -> FloatArray:
        activations, slopes = _at_layer(gradients, spectrogram, layer)
        shape = (spectrogram.values.shape[0], spectrogram.values.shape[1])
        return resize_bilinear(grad_cam(activations, slopes), shape)

    return _grad_cams.get((card.sha256, digest_of(spectrogram.values), layer), make)


def _at_layer(
    gradients: ModelGradients, spectrogram: Spectrogram, layer: str
) -> tuple[FloatArray, FloatArray]:
    """Return the activations of a layer and the logit's gradient there, for one note."""

    def make() -> tuple[FloatArray, FloatArray]:
        activations, slopes = gradients.layer_gradients(spectrogram.values[np.newaxis], layer)
        return activations[0], slopes[0]

    return _layers.get((gradients, digest_of(spectrogram.values), layer), make)


def path_integrals(
    gradients: ModelGradients, spectrogram: Spectrogram, baseline: FloatArray, settings: Settings
) -> Iterator[PathIntegral]:
    """Yield Integrated Gradients with ever more steps, or once with a fixed number."""
    target: Any = settings.target
    x = spectrogram.values
    if settings.n_steps is None:
        yield from refine_integrated_gradients(
            lambda points: gradients.input_gradients(points, target=target),
            x,
            baseline,
            tolerance=settings.tolerance,
            max_steps=settings.max_steps,
        )
        return
    attributions = integrated_gradients(
        lambda points: gradients.input_gradients(points, target=target)[1],
        x,
        baseline,
        rule=settings.rule,
        n_steps=settings.n_steps,
    )
    ends = gradients.outputs(np.stack([baseline, x]), target=target)
    yield PathIntegral(attributions, float(ends[1]), float(ends[0]), settings.n_steps, True)


def baseline_values(
    settings: Settings, spectrogram: Spectrogram, card: store.Card, other: Audio | None
) -> FloatArray:
    """Return where the path of Integrated Gradients begins."""
    if other is not None and settings.baseline != "note":
        raise InputError("a baseline note has an effect only with baseline note: choose that too")
    shape = spectrogram.values.shape
    if settings.baseline == "dataset_mean":
        return np.broadcast_to(np.asarray(card.features["mean_spectrum"], np.float32), shape)
    if settings.baseline == "noise":
        rng = np.random.default_rng(settings.seed)
        return (settings.noise_level * rng.standard_normal(shape)).astype(np.float32)
    if settings.baseline == "note":
        if other is None:
            raise InputError("expected another note as baseline, got none: name one")
        return spectrogram_of(load_note(other), spectrogram.type).values
    return np.zeros(shape, np.float32)
