"""A note in, explanations out: attributions, feature maps and how well they add up.

Conventions
-----------
Audio is a path, bytes or a :class:`Waveform`; the 4 s that begin at `start`
are explained. Attributions have the shape of the spectrogram, (n_frames, n_bins),
and are in units of the target (logit or probability). Finished ones, by any
method, are stored in ``cache/``, under a digest of the model, the note and every
setting. Feature maps are cheap and are cached in memory only (LRU, keyed by the
digests of model and spectrogram).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from xai_core import store
from xai_core.attribution.grad_cam import choose_filters
from xai_core.attribution.methods import Estimate, ModelFunctions, estimates_by
from xai_core.audio import load_note
from xai_core.catalogue.methods import DEFAULT_METHOD, METHODS
from xai_core.datasets.collection import read_collection
from xai_core.datasets.notes import NoteRecord
from xai_core.errors import InputError
from xai_core.explanations.loaded_models import (
    Audio,
    Loaded,
    LRUCache,
    answer_of,
    array_digest,
    load_gradients,
    resolve_layer,
    spectrogram_of,
    weakness_sentence,
)
from xai_core.explanations.settings import Settings, resolve_settings
from xai_core.features import extract
from xai_core.networks.contract import (
    Arrays,
    InputView,
    Model,
    PackedModel,
    class_index,
    pack,
    unpack,
)
from xai_core.places import samples_folder
from xai_core.values import (
    Attribution,
    Completeness,
    Explanation,
    FeatureMaps,
    FloatArray,
    Spectrogram,
)

__all__ = ["Audio", "explain", "explain_progressively", "feature_maps", "map_of_input"]


def explain(
    audio: Audio,
    *,
    type: str,
    family: str,
    method: str = DEFAULT_METHOD,
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
    map_tolerance: float | None = None,
    max_steps: int | None = None,
    layer: str | None = None,
    gamma: float | None = None,
    epsilon: float | None = None,
    model: str | None = None,
) -> Explanation:
    """Return which bins of a note drive the model of one family.

    Parameters
    ----------
    audio : path, bytes or Waveform
    type, family : str
        Which binary CNN is explained; with `model`, which of its inputs has the
        map that is shown, and which of its classes is explained.
    method : str
        One of :data:`xai_core.attribution.METHODS`.
    preset : {'default', 'paper', 'precise'}
    models : str
        Name of the model set.
    start : float
        Seconds into the recording at which the 4 s note begins.
    target, baseline, noise_level, seed, rule, n_steps, tolerance, map_tolerance, max_steps
        As in :class:`xai_core.explanations.settings.Settings`; None for what the
        preset says.
    layer, gamma, epsilon
        As in :class:`xai_core.explanations.settings.Settings`; None for what the
        preset says.
    baseline_audio : path, bytes or Waveform, optional
        The other note, for ``baseline="note"``.
    model : str, optional
        Name of any model of the set, as ``fused/two``; by default the binary
        model of type and family. Gradients are taken over all its inputs at
        once, and the attributions of all add up together; a method that looks
        at a layer explains the input of `type` while the others stay.

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
        map_tolerance=map_tolerance,
        max_steps=max_steps,
        layer=layer,
        gamma=gamma,
        epsilon=epsilon,
    )
    *_, last = explain_progressively(
        audio,
        type=type,
        family=family,
        settings=settings,
        models=models,
        start=start,
        baseline_audio=baseline_audio,
        model=model,
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
    model: str | None = None,
    use_cache: bool = True,
) -> Iterator[Explanation]:
    """Yield explanations of one note, each better than the one before.

    All but the last of a sequence have ``completeness.converged`` False. One
    that is in the cache comes at once and alone.

    Parameters
    ----------
    settings : Settings
    use_cache : bool
        Whether a stored map will do; False computes it anew.
    others
        As :func:`explain`.

    Yields
    ------
    Explanation
    """
    method = METHODS[settings.method]
    note = load_note(audio, start=start)
    loaded, card = explained_model(type, family, model, models)
    spectrograms = tuple(spectrogram_of(note, one) for one in card.inputs)
    shown = card.inputs.index(type)
    logit, probability = answer_of(note, loaded, card, family, models=models)
    alone = method.of_one_input
    if method.takes("layer"):
        settings = replace(settings, layer=resolve_layer(loaded, type, settings.layer))
    record: dict[str, Any] = {
        **settings.as_dict(),
        "type": type,
        "family": family,
        "models": models,
        "model_sha256": card.sha256,
        "note_sha256": array_digest(note.y),
    }
    if not card.type:
        record |= {"model": card.name, "inputs": [*card.inputs], "classes": [*card.classes]}
    xs = tuple(one.values for one in spectrograms)
    starts = tuple(baseline_values(settings, one, card, baseline_audio) for one in spectrograms)
    x, baseline = (one[shown] if alone else pack(one) for one in (xs, starts))
    doubt = weakness_sentence(card)
    if method.other_notes:
        baseline = _other_notes(card.inputs)
    if method.takes("baseline") or method.other_notes:
        record["baseline_sha256"] = array_digest(baseline)

    def explanation(estimate: Estimate) -> Explanation:
        notes = _notes(estimate, settings, family) if estimate.is_final else ()
        explained = spectrograms[shown : shown + 1] if alone else spectrograms
        parts = (estimate.values,) if alone else unpack(estimate.values, loaded.input_shapes)
        attributions = tuple(
            Attribution(
                values, one.type, one.time, one.bins, method=settings.method, target=settings.target
            )
            for one, values in zip(explained, parts, strict=True)
        )
        return Explanation(
            spectrogram=spectrograms[shown],
            attribution=attributions[0 if alone else shown],
            attributions=attributions,
            spectrograms=spectrograms,
            baselines=starts,
            family=family,
            probability=probability,
            logit=logit,
            completeness=estimate.completeness,
            settings=record,
            waveform=note,
            notes=(*notes, doubt) if doubt else notes,
        )

    # whichever input is shown, a method that explains them together has the maps of all
    inputs = type if alone else card.inputs
    key = store.cache_key(kind=settings.method, **{**record, "type": inputs})
    cached = _from_cache(key, x.shape, complete=method.complete) if use_cache else None
    if cached is not None:
        yield explanation(cached)
        return
    functions = _functions(loaded, family, settings, xs, shown)
    for estimate in estimates_by(method.name, functions, x, baseline, settings.as_dict()):
        if estimate.is_final:
            _to_cache(key, estimate)
        yield explanation(estimate)


def map_of_input(
    model: Model, x: FloatArray, baseline: FloatArray, *, family: str, settings: Settings
) -> FloatArray:
    """Return the finished map of any input and any model of one input; nothing is stored.

    Parameters
    ----------
    model : Model
        It need not be one of a set.
    x, baseline : ndarray, shape (n_frames, n_bins)
    family : str
        One of the model's classes.
    settings : Settings
        With the layer, of a method that looks at one.

    Returns
    -------
    ndarray, shape (n_frames, n_bins)
    """
    functions = _functions(model, family, settings, (x,), 0)
    start = _other_notes(model.inputs) if METHODS[settings.method].other_notes else baseline
    *_, last = estimates_by(settings.method, functions, x, start, settings.as_dict())
    return last.values


def explained_model(type: str, family: str, name: str | None, models: str) -> Loaded:
    """Return the model that is explained, and its card.

    Parameters
    ----------
    type, family : str
        An input and a class of it.
    name : str or None
        Of the model in its set; None for the binary model of type and family.
    models : str
        Name of the model set.

    Raises
    ------
    ModelError
        If the set has no such model, or its file is not the one of its card.
    InputError
        If the model has no such input or class.
    """
    if name is None:
        return load_gradients(type, family, models=models)
    loaded, card = load_gradients(name=name, models=models)
    if type not in card.inputs:
        raise InputError(
            f"{card.described} does not take the spectrogram type {type!r}: choose one of "
            f"{', '.join(card.inputs)}"
        )
    class_index(card.classes, family)
    return loaded, card


# ----------------------------------------------------------------------- private


def _notes(estimate: Estimate, settings: Settings, family: str) -> tuple[str, ...]:
    """Return what a reader of a finished map must know: that it does not add up, or is zero."""
    completeness = estimate.completeness
    if completeness is not None and settings.n_steps is None and not completeness.converged:
        steps = f"after {completeness.n_steps} steps"
        sum_error, map_error = completeness.error, completeness.map_error or 0.0
        found = []
        if sum_error > settings.tolerance:
            found.append(f"The attributions add up only to within {sum_error:.1%} {steps}.")
        if map_error > (settings.map_tolerance or np.inf):
            found.append(f"The map is known only to within about {map_error:.1%} {steps}.")
        return tuple(found)
    reason = METHODS[settings.method].zero.reason
    if reason and not np.any(estimate.values):
        said = reason.format(layer=settings.layer, family=family)
        return (f"{said[0].upper()}{said[1:]}.",)
    return ()


def _from_cache(key: str, shape: tuple[int, ...], *, complete: bool) -> Estimate | None:
    arrays = store.read_cached(key)
    if arrays is None:
        return None
    try:
        values = arrays["values"]
        if values.shape != shape or not np.isfinite(values).all():
            return None
        return Estimate(values, _completeness(arrays["sums"]) if complete else None)
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def _completeness(sums: FloatArray) -> Completeness:
    output, start, total, n_steps, converged, *rest = sums.tolist()
    map_error = rest[0] if rest and np.isfinite(rest[0]) else None
    return Completeness(output, start, total, int(n_steps), bool(converged), map_error)


def _to_cache(key: str, estimate: Estimate) -> None:
    arrays = {"values": estimate.values.astype(np.float32)}
    if (c := estimate.completeness) is not None:
        map_error = np.nan if c.map_error is None else c.map_error
        parts = [c.output, c.baseline_output, c.attributed, c.n_steps, c.converged, map_error]
        arrays["sums"] = np.array(parts, np.float64)
    store.write_cached(key, arrays)


def _functions(
    model: Model, family: str, settings: Settings, xs: Arrays, shown: int
) -> ModelFunctions:
    """Return what a method calls, of the output that is explained.

    Of all inputs packed, or of the shown one alone.
    """
    target: Any = settings.target
    packed = PackedModel(model, family, target)
    if not METHODS[settings.method].of_one_input:
        return ModelFunctions(
            outputs=packed.outputs,
            input_gradients=packed.evaluate,
            layer_gradients=lambda x, layer: _at_layer(model, x, family, layer),
            relevances=packed.relevances,
        )
    view = InputView(packed, xs, shown)
    return ModelFunctions(
        outputs=view.outputs,
        input_gradients=view.evaluate,
        layer_gradients=lambda x, layer: _at_layer(
            model, view.filled(x[np.newaxis])[0], family, layer
        ),
    )


# one: up to 130 MB on STFT, and a page needs its feature maps and Grad-CAM in a row
_layers: LRUCache[tuple[Model, str, str, str], tuple[FloatArray, FloatArray]] = LRUCache(1)

MAPS_KEPT = 24  # on STFT at most 2 MB for four filters
_feature_maps: LRUCache[tuple[str, str, str, str, str, int], FeatureMaps] = LRUCache(MAPS_KEPT)


def feature_maps(
    audio: Audio,
    *,
    type: str,
    family: str,
    layer: str | None = None,
    choice: str = "most_relevant",
    n_filters: int = 4,
    models: str = "starter",
    start: float = 0.0,
    model: str | None = None,
) -> FeatureMaps:
    """Return the activations of a few filters of one convolution layer.

    Parameters
    ----------
    layer : str or None
        Name of a convolution layer of the model; None for its last one.
    choice : {'first', 'most_relevant'}
        The first filters, as in the paper's figure 1, or those that contribute
        most to the logit of the family.
    n_filters : int
    others
        As :func:`xai_core.explanations.explain.explain`.
    """
    note = load_note(audio, start=start)
    loaded, card = explained_model(type, family, model, models)
    spectrograms = tuple(spectrogram_of(note, one) for one in card.inputs)
    spectrogram = spectrograms[card.inputs.index(type)]
    layer = resolve_layer(loaded, type, layer)
    packed = pack([one.values for one in spectrograms])

    def make() -> FeatureMaps:
        # what Grad-CAM uses: a page needs both, and a new model is traced once
        activations, slopes = _at_layer(loaded, packed, family, layer)
        filters = choose_filters(activations, slopes, choice=choice, n_filters=n_filters)
        maps = np.ascontiguousarray(np.moveaxis(activations[..., list(filters)], -1, 0))
        return FeatureMaps(maps, layer, filters, spectrogram.time, spectrogram.bins)

    key = (card.sha256, array_digest(packed), family, layer, choice, n_filters)
    return _feature_maps.get(key, make)


def _at_layer(
    model: Model, x: FloatArray, family: str, layer: str
) -> tuple[FloatArray, FloatArray]:
    """Return the activations of a layer and the logit's gradient there, for one packed note."""

    def make() -> tuple[FloatArray, FloatArray]:
        batch = unpack(x[np.newaxis], model.input_shapes)
        activations, slopes = model.layer_gradients(batch, family, layer)
        return activations[0], slopes[0]

    return _layers.get((model, array_digest(x), family, layer), make)


def baseline_values(
    settings: Settings, spectrogram: Spectrogram, card: store.Card, other: Audio | None
) -> FloatArray:
    """Return what the note is compared with: the baseline of the methods that have one."""
    if other is not None and settings.baseline != "note":
        raise InputError("a baseline note has an effect only with baseline note: choose that too")
    shape = spectrogram.values.shape
    if settings.baseline == "dataset_mean":
        return np.broadcast_to(_mean_spectrum(card, spectrogram), shape)
    if settings.baseline == "noise":
        rng = np.random.default_rng(settings.seed)
        return (settings.noise_level * rng.standard_normal(shape)).astype(np.float32)
    if settings.baseline == "note":
        if other is None:
            raise InputError("expected another note as baseline, got none: name one")
        return spectrogram_of(load_note(other), spectrogram.type).values
    return np.zeros(shape, np.float32)


@lru_cache(maxsize=2)  # the ten spectrograms of STFT have 5 MB
def _other_notes(types: tuple[str, ...]) -> FloatArray:
    """Return the first note of each family of ``samples/``, packed: shape (n, ...).

    Raises
    ------
    InputError
        If there are no samples, wherever :func:`read_collection` raises it.
    """
    firsts: dict[str, NoteRecord] = {}
    for record in read_collection(samples_folder()):
        firsts.setdefault(record.family, record)
    notes = [load_note(record.path) for record in firsts.values()]
    return np.stack([pack([extract(note, one).values for one in types]) for note in notes])


def _mean_spectrum(card: store.Card, spectrogram: Spectrogram) -> FloatArray:
    """Return the mean of each bin over the training notes; of several inputs by type."""
    mean = card.features.get("mean_spectrum")
    if isinstance(mean, Mapping):
        mean = mean.get(spectrogram.type)
    n_bins = spectrogram.values.shape[1]
    if not isinstance(mean, list) or len(mean) != n_bins:
        raise InputError(
            f"the card of {card.described} has no mean spectrum of {n_bins} bins for "
            f"{spectrogram.type}, so there is no such baseline: choose another one"
        )
    return np.asarray(mean, np.float32)
