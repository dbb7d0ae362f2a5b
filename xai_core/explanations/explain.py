"""A note in, explanations out: attributions, feature maps and how well they add up.

Conventions
-----------
Audio is a path, bytes or a :class:`Waveform`; the 4 s that begin at `start`
are explained. Attributions have the shape of the spectrogram, (n_frames, n_bins),
and are in units of the target (logit or probability). Integrated Gradients that
are finished are stored in ``cache/``, under a digest of the model, the note and
every setting. Grad-CAM and feature maps are cheap and are cached in memory only
(LRU, keyed by the digests of model and spectrogram).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
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
from xai_core.catalogue.methods import METHODS
from xai_core.errors import InputError
from xai_core.explanations.loaded_models import (
    Audio,
    Recent,
    digest_of,
    load_gradients,
    logit_of,
    probability_of,
    resolve_layer,
    spectrogram_of,
    weakness_sentence,
)
from xai_core.explanations.settings import (
    Settings,
    resolve_settings,
)
from xai_core.networks.contract import Model, PackedModel
from xai_core.values import (
    Attribution,
    Completeness,
    Explanation,
    FeatureMaps,
    FloatArray,
    Spectrogram,
)

__all__ = [
    "Audio",
    "baseline_values",
    "explain",
    "explain_progressively",
    "feature_maps",
    "grad_cam_values",
    "path_integrals",
]


def explain(
    audio: Audio,
    *,
    type: str,
    family: str,
    method: str = "integrated_gradients",
    preset: str = "default",
    models: str = "starter",
    start: float = 0.0,
    target: str | None = None,
    baseline: str | None = None,
    baseline_audio: Audio | None = None,
    noise_level: float | None = None,
    seed: int | None = None,
    rule: str | None = None,
    n_steps: int | None = None,
    tolerance: float | None = None,
    max_steps: int | None = None,
    layer: str | None = None,
) -> Explanation:
    """Return which bins of a note drive the model of one family.

    Parameters
    ----------
    audio : path, bytes or Waveform
    type, family : str
        Which binary CNN is explained.
    method : {'integrated_gradients', 'grad_cam'}
    preset : {'default', 'paper'}
    models : str
        Name of the model set.
    start : float
        Seconds into the recording at which the 4 s note begins.
    target, baseline, noise_level, seed, rule, n_steps, tolerance, max_steps, layer
        As in :class:`xai_core.explanations.settings.Settings`; None for what the
        preset says.
    baseline_audio : path, bytes or Waveform, optional
        The other note, for ``baseline="note"``.

    Returns
    -------
    Explanation

    Raises
    ------
    AudioError, ModelError, InputError
        One plain sentence each.
    """
    settings = resolve_settings(
        method,
        preset,
        target=target,
        baseline=baseline,
        noise_level=noise_level,
        seed=seed,
        rule=rule,
        n_steps=n_steps,
        tolerance=tolerance,
        max_steps=max_steps,
        layer=layer,
    )
    *_, last = explain_progressively(
        audio,
        type=type,
        family=family,
        settings=settings,
        models=models,
        start=start,
        baseline_audio=baseline_audio,
    )
    return last


def explain_progressively(
    audio: Audio,
    *,
    type: str,
    family: str,
    settings: Settings,
    models: str = "starter",
    start: float = 0.0,
    baseline_audio: Audio | None = None,
) -> Iterator[Explanation]:
    """Yield explanations of one note, each better than the one before.

    All but the last of a sequence have ``completeness.converged`` False. One
    that is in the cache comes at once and alone.

    Parameters
    ----------
    settings : Settings
    others
        As :func:`explain`.

    Yields
    ------
    Explanation
    """
    target: Any = settings.target
    note = load_note(audio, start=start)
    spectrogram = spectrogram_of(note, type)
    model, card = load_gradients(type, family, models=models)
    logit = logit_of(note, type, family, models=models)
    layer = ""
    if METHODS[settings.method].takes("layer"):
        layer = resolve_layer(model, type, settings.layer)
        settings = replace(settings, layer=layer)
    record: dict[str, Any] = {
        **settings.as_dict(),
        "type": type,
        "family": family,
        "models": models,
        "model_sha256": card.sha256,
        "note_sha256": digest_of(note.y),
    }
    baseline = baseline_values(settings, spectrogram, card, baseline_audio)
    doubt = weakness_sentence(card)
    if settings.method == "integrated_gradients":
        record["baseline_sha256"] = digest_of(baseline)

    def explanation(
        values: FloatArray, completeness: Completeness | None, notes: tuple[str, ...]
    ) -> Explanation:
        return Explanation(
            spectrogram=spectrogram,
            attribution=Attribution(
                values,
                type,
                spectrogram.time,
                spectrogram.bins,
                method=settings.method,
                target=settings.target,
            ),
            family=family,
            probability=probability_of(logit),
            logit=logit,
            completeness=completeness,
            settings=record,
            waveform=note,
            notes=(*notes, doubt) if doubt else notes,
        )

    if settings.method == "grad_cam":
        values = grad_cam_values(model, card, spectrogram, family, layer)
        against = f"All evidence in {layer} speaks against {family}."
        yield explanation(values, None, () if values.any() else (against,))
        return

    key = store.cache_key(kind="integrated_gradients", **record)
    cached = _from_cache(key, spectrogram)
    if cached is not None:
        values, completeness = cached
        yield explanation(values, completeness, _completeness_notes(completeness, settings))
        return
    packed = PackedModel(model, family, target)
    for estimate in path_integrals(packed, spectrogram.values, baseline, settings):
        completeness = Completeness(
            output=estimate.output,
            baseline_output=estimate.baseline_output,
            attributed=float(estimate.attributions.sum()),
            n_steps=estimate.n_steps,
            converged=estimate.converged,
        )
        finished = completeness.converged or completeness.n_steps >= settings.max_steps
        if finished:
            _to_cache(key, estimate.attributions, completeness)
        notes = _completeness_notes(completeness, settings) if finished else ()
        yield explanation(estimate.attributions, completeness, notes)


# ----------------------------------------------------------------------- private


def _completeness_notes(completeness: Completeness, settings: Settings) -> tuple[str, ...]:
    if settings.n_steps is None and not completeness.converged:
        return (
            f"The attributions add up only to within {completeness.error:.1%} after "
            f"{completeness.n_steps} steps.",
        )
    return ()


def _from_cache(key: str, spectrogram: Spectrogram) -> tuple[FloatArray, Completeness] | None:
    arrays = store.read_cached(key)
    if arrays is None:
        return None
    try:
        values, sums = arrays["values"], arrays["sums"]
        if values.shape != spectrogram.values.shape or not np.isfinite(values).all():
            return None
        return values, Completeness(
            float(sums[0]), float(sums[1]), float(sums[2]), int(sums[3]), bool(sums[4])
        )
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def _to_cache(key: str, values: FloatArray, completeness: Completeness) -> None:
    c = completeness
    sums = np.array([c.output, c.baseline_output, c.attributed, c.n_steps, c.converged], np.float64)
    store.write_cached(key, {"values": values.astype(np.float32), "sums": sums})


# one: up to 130 MB on STFT, and a page asks for its feature maps and Grad-CAM in a row
_layers: Recent[tuple[Model, str, str, str], tuple[FloatArray, FloatArray]] = Recent(1)

MAPS_KEPT = 24  # of each kind; on STFT at most 2 MB for four filters and 1 MB for Grad-CAM
_feature_maps: Recent[tuple[str, str, str, str, int], FeatureMaps] = Recent(MAPS_KEPT)
_grad_cams: Recent[tuple[str, str, str, str], FloatArray] = Recent(MAPS_KEPT)


def feature_maps(
    audio: Audio,
    *,
    type: str,
    family: str,
    layer: str | None = None,
    choice: str = "most_active",
    n_filters: int = 4,
    models: str = "starter",
    start: float = 0.0,
) -> FeatureMaps:
    """Return the activations of a few filters of one convolution layer.

    Parameters
    ----------
    layer : str or None
        Name of a convolution layer of the model; None for its last one.
    choice : {'first', 'most_active'}
        The first filters, as in the paper's figure 1, or the most active ones.
    n_filters : int
    others
        As :func:`xai_core.explanations.explain.explain`.

    Returns
    -------
    FeatureMaps
    """
    spectrogram = spectrogram_of(load_note(audio, start=start), type)
    model, card = load_gradients(type, family, models=models)
    layer = resolve_layer(model, type, layer)

    def make() -> FeatureMaps:
        # what Grad-CAM uses: a page asks for both, and a new model is traced once
        activations, _ = _at_layer(model, spectrogram, family, layer)
        filters = choose_filters(activations, choice=choice, n_filters=n_filters)
        maps = np.ascontiguousarray(np.moveaxis(activations[..., list(filters)], -1, 0))
        return FeatureMaps(maps, layer, filters, spectrogram.time, spectrogram.bins)

    key = (card.sha256, digest_of(spectrogram.values), layer, choice, n_filters)
    return _feature_maps.get(key, make)


def grad_cam_values(
    model: Model, card: store.Card, spectrogram: Spectrogram, family: str, layer: str
) -> FloatArray:
    """Return the raw Grad-CAM of one layer on the grid of the spectrogram."""

    def make() -> FloatArray:
        activations, slopes = _at_layer(model, spectrogram, family, layer)
        shape = (spectrogram.values.shape[0], spectrogram.values.shape[1])
        return resize_bilinear(grad_cam(activations, slopes), shape)

    return _grad_cams.get((card.sha256, digest_of(spectrogram.values), family, layer), make)


def _at_layer(
    model: Model, spectrogram: Spectrogram, family: str, layer: str
) -> tuple[FloatArray, FloatArray]:
    """Return the activations of a layer and the logit's gradient there, for one note."""

    def make() -> tuple[FloatArray, FloatArray]:
        batch = (spectrogram.values[np.newaxis],)
        activations, slopes = model.layer_gradients(batch, family, layer)
        return activations[0], slopes[0]

    return _layers.get((model, digest_of(spectrogram.values), family, layer), make)


def path_integrals(
    model: PackedModel, x: FloatArray, baseline: FloatArray, settings: Settings
) -> Iterator[PathIntegral]:
    """Yield Integrated Gradients with ever more steps, or once with a fixed number."""
    if settings.n_steps is None:
        yield from refine_integrated_gradients(
            model.evaluate,
            x,
            baseline,
            tolerance=settings.tolerance,
            max_steps=settings.max_steps,
        )
        return
    attributions = integrated_gradients(
        model.gradients,
        x,
        baseline,
        rule=settings.rule,
        n_steps=settings.n_steps,
    )
    ends = model.outputs(np.stack([baseline, x]))
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
