"""A note in, explanations out.

Conventions
-----------
Audio is a path, bytes or a :class:`Waveform`; the 4 s that begin at `start`
are what is explained. Finished explanations are kept in the cache under what
decides them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from xai_core import store
from xai_core.audio import load_note
from xai_core.pipeline.doubts import doubt_sentence
from xai_core.pipeline.loading import (
    Audio,
    digest_of,
    load_gradients,
    logit_of,
    probability_of,
    spectrogram_of,
)
from xai_core.pipeline.map_values import (
    baseline_values,
    grad_cam_values,
    path_integrals,
)
from xai_core.pipeline.settings import Settings, resolve_settings
from xai_core.values import (
    Attribution,
    Completeness,
    Explanation,
    FloatArray,
    Spectrogram,
    check_family,
)

__all__ = ["Audio", "explain", "explain_progressively"]


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
        As in :class:`xai_core.pipeline.settings.Settings`; None for what the
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
    check_family(family)
    note = load_note(audio, start=start)
    spectrogram = spectrogram_of(note, type)
    gradients, card = load_gradients(type, family, models=models)
    logit = logit_of(note, type, family, models=models)
    record: dict[str, Any] = {
        **settings.as_dict(),
        "type": type,
        "family": family,
        "models": models,
        "model_sha256": card.sha256,
        "note_sha256": digest_of(note.y),
    }
    baseline = baseline_values(settings, spectrogram, card, baseline_audio)
    doubt = doubt_sentence(card)
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
        values = grad_cam_values(gradients, card, spectrogram, settings.layer)
        against = f"All evidence in {settings.layer} speaks against {family}."
        yield explanation(values, None, () if values.any() else (against,))
        return

    key = store.cache_key(kind="integrated_gradients", **record)
    cached = _from_cache(key, spectrogram)
    if cached is not None:
        values, completeness = cached
        yield explanation(values, completeness, _completeness_notes(completeness, settings))
        return
    for estimate in path_integrals(gradients, spectrogram, baseline, settings):
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
