"""The two explanation methods taken apart, step by step, for a class.

Conventions
-----------
Everything is computed from the same functions that explain notes elsewhere; the
last step of each lesson is the map that :func:`xai_core.explanations.explain` gives
with the same settings. Integrated Gradients go from silence (zero) to the note
by the midpoint rule, of the logit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xai_core.attribution.grad_cam import resize_bilinear
from xai_core.attribution.integrated_gradients import quadrature
from xai_core.audio import load_note
from xai_core.errors import InputError
from xai_core.explanations.explain import explain
from xai_core.explanations.hearing import canvas_of, level_matched
from xai_core.explanations.loaded_models import Audio, load_gradients, resolve_layer
from xai_core.explanations.predict import predict
from xai_core.features import extract
from xai_core.listening import apply_mask, strongest_mask
from xai_core.networks.contract import PackedModel
from xai_core.values import Attribution, FeatureMaps, FloatArray, Spectrogram, Waveform

__all__ = [
    "CamParts",
    "IntegrationPath",
    "KeptSound",
    "grad_cam_parts",
    "integration_path",
    "kept_sound",
]


@dataclass(frozen=True, eq=False)
class IntegrationPath:
    """Integrated Gradients of one note, with every step on the way.

    Parameters
    ----------
    spectrogram : Spectrogram
        Of the note, x; the path begins at zero.
    alphas : ndarray, shape (n_steps,)
        Where on the path each gradient is taken, in (0, 1).
    outputs : ndarray, shape (n_steps + 1,)
        Logit where step k begins and, last, at the note.
    gradients : ndarray, shape (n_steps, n_frames, n_bins)
        Of the logit with respect to the spectrogram.
    weights : ndarray, shape (n_steps,)
        Of the quadrature rule; they sum to 1.
    """

    spectrogram: Spectrogram
    alphas: FloatArray
    outputs: FloatArray
    gradients: FloatArray
    weights: FloatArray

    @property
    def n_steps(self) -> int:
        """Number of gradients on the path."""
        return int(self.alphas.size)

    @property
    def sums(self) -> FloatArray:
        """What the attributions of the first k steps add up to, shape (n_steps + 1,)."""
        x = self.spectrogram.values.astype(np.float64)
        steps = self.weights * np.tensordot(self.gradients.astype(np.float64), x, axes=2)
        return np.concatenate([[0.0], np.cumsum(steps)])

    def point(self, step: int) -> Spectrogram:
        """Return the picture at which the gradient of a step (from 1) is taken; 0 is silence."""
        alpha = self.alphas[step - 1] if step else 0.0
        return self._like(alpha * self.spectrogram.values)

    def slope(self, step: int) -> Attribution:
        """Return the gradient of a step, from 1."""
        return self._attribution(self.gradients[step - 1], method="gradient_on_path")

    def attributed(self, step: int) -> Attribution:
        """Return the attributions after so many steps; 0 gives none."""
        shares: FloatArray = np.tensordot(
            self.weights[:step], self.gradients[:step].astype(np.float64), 1
        )
        if not step:
            shares = np.zeros(self.spectrogram.values.shape)
        values = (shares * self.spectrogram.values).astype(np.float32)
        return self._attribution(values, method="integrated_gradients")

    def error(self, step: int) -> float:
        """Return how far the sum after so many steps misses the logit's change so far."""
        return float(abs(self.sums[step] - (self.outputs[step] - self.outputs[0])))

    def _like(self, values: FloatArray) -> Spectrogram:
        of = self.spectrogram
        return Spectrogram(values, of.type, of.time, of.bins)

    def _attribution(self, values: FloatArray, *, method: str) -> Attribution:
        of = self.spectrogram
        return Attribution(values, of.type, of.time, of.bins, method=method, target="logit")


@dataclass(frozen=True, eq=False)
class CamParts:
    """Grad-CAM of one note, filter by filter.

    Parameters
    ----------
    spectrogram : Spectrogram
    layer : str
    filters : tuple of int
        All filters of the layer, the one with the largest share first.
    weights : ndarray, shape (n_filters,)
        Mean gradient of the logit over each map, in the order of `filters`.
    maps : ndarray, shape (n_filters, rows, columns)
        Activations, in that order.
    """

    spectrogram: Spectrogram
    layer: str
    filters: tuple[int, ...]
    weights: FloatArray
    maps: FloatArray

    @property
    def n_filters(self) -> int:
        """Number of filters of the layer."""
        return len(self.filters)

    def strongest(self, n: int) -> FeatureMaps:
        """Return the maps of the filters with the largest shares."""
        of = self.spectrogram
        return FeatureMaps(self.maps[:n], self.layer, self.filters[:n], of.time, of.bins)

    def cam(self, n: int, *, relu: bool = True) -> Attribution:
        """Return the weighted sum of the first n maps, as large as the spectrogram."""
        if not 1 <= n <= self.n_filters:
            raise InputError(f"expected 1 to {self.n_filters} filters, got {n}")
        total = np.tensordot(self.weights[:n], self.maps[:n].astype(np.float64), axes=1)
        if relu:
            total = np.maximum(total, 0.0)
        of = self.spectrogram
        shape = (of.values.shape[0], of.values.shape[1])
        return Attribution(
            resize_bilinear(total, shape),
            of.type,
            of.time,
            of.bins,
            method="grad_cam" if relu else "weighted_maps",
            target="logit",
        )


def integration_path(
    audio: Audio,
    *,
    type: str,
    family: str,
    n_steps: int = 32,
    models: str = "starter",
    start: float = 0.0,
) -> IntegrationPath:
    """Return every step of Integrated Gradients from silence to a note.

    Parameters
    ----------
    audio : path, bytes or Waveform
    type, family : str
        Which binary CNN.
    n_steps : int
    models : str
    start : float
        Seconds into the recording at which the note begins.

    References
    ----------
    Sundararajan, Taly and Yan 2017, "Axiomatic attribution for deep networks",
    equation 1; the sum over steps is its equation 3 with the midpoint rule.
    """
    spectrogram = extract(load_note(audio, start=start), type)
    gradients, _ = load_gradients(type, family, models=models)
    packed = PackedModel(gradients, family)
    alphas, weights = quadrature("midpoint", n_steps)
    x = spectrogram.values
    slopes = packed.gradients(_scaled(x, alphas))
    ends = np.concatenate([[0.0], np.cumsum(weights)])
    return IntegrationPath(spectrogram, alphas, packed.outputs(_scaled(x, ends)), slopes, weights)


def grad_cam_parts(
    audio: Audio,
    *,
    type: str,
    family: str,
    layer: str | None = None,
    models: str = "starter",
    start: float = 0.0,
) -> CamParts:
    """Return the maps and the weights that Grad-CAM is the sum of.

    A filter's share is the mean of its weighted map, in absolute value.

    Parameters
    ----------
    layer : str or None
        Convolution layer; None for the model's last one.
    others
        As :func:`integration_path`.

    References
    ----------
    Selvaraju et al. 2017, "Grad-CAM", equations 1 and 2.
    """
    spectrogram = extract(load_note(audio, start=start), type)
    gradients, _ = load_gradients(type, family, models=models)
    layer = resolve_layer(gradients, type, layer)
    batch = (spectrogram.values[np.newaxis],)
    activations, slopes = gradients.layer_gradients(batch, family, layer)
    maps = np.moveaxis(activations[0], -1, 0)
    weights = slopes[0].astype(np.float64).mean(axis=(0, 1))
    shares = np.abs(weights * maps.mean(axis=(1, 2), dtype=np.float64))
    order = np.argsort(-shares, kind="stable")
    return CamParts(spectrogram, layer, tuple(int(k) for k in order), weights[order], maps[order])


def _scaled(x: FloatArray, alphas: FloatArray) -> FloatArray:
    return alphas.astype(np.float32)[:, np.newaxis, np.newaxis] * x


@dataclass(frozen=True, eq=False)
class KeptSound:
    """The part of a note that its map keeps, and what the models of the type say of it.

    Parameters
    ----------
    note, sound : Waveform
        The note, and the bins of it that speak most for its family, as loud as the note.
    probabilities, of_note : dict of str to float
        Of every family, by the models of the type: for the sound and for the note.
    """

    note: Waveform
    sound: Waveform
    probabilities: dict[str, float]
    of_note: dict[str, float]


def kept_sound(
    audio: Audio, *, type: str, family: str, share: float = 0.1, models: str = "starter"
) -> KeptSound:
    """Return the sound of the bins that speak most for the family of a note.

    Parameters
    ----------
    audio : path, bytes or Waveform
    type : str
        Spectrogram type whose model has the map.
    family : str
        Of the note: whose model has the map.
    share : float
        Of the bins in hertz and seconds, above 0 and at most 1.
    models : str
        Name of the model set.

    Raises
    ------
    InputError
        If the share is out of its range, or nothing speaks for the family.
    """
    if not 0.0 < share <= 1.0:
        raise InputError(f"expected a share above 0 and at most 1, got {share:g}")
    note = load_note(audio)
    explanation = explain(note, type=type, family=family, models=models)
    mask = strongest_mask(canvas_of(explanation), share)
    if not mask.any():
        raise InputError(f"nothing in this map speaks for {family}, so there is nothing to hear")
    kept = apply_mask(note, mask)
    answers = [
        dict(predict(one, types=[type], models=models).probabilities[type]) for one in (kept, note)
    ]
    return KeptSound(note, level_matched(kept, note)[0], *answers)
