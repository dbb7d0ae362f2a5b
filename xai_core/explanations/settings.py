"""What decides an explanation, resolved from a preset and what the caller changed.

Conventions
-----------
``n_steps=None`` means that steps are added until the completeness error is at
most `tolerance`; a number means exactly so many by `rule`. Presets are those of
DESIGN: ``default`` (logit, steps as needed) and ``paper`` (probability, zero
baseline, 50 steps).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from xai_core.attribution.integrated_gradients import RULES
from xai_core.errors import InputError

__all__ = ["BASELINES", "LAYERS", "METHODS", "PRESETS", "TARGETS", "Settings", "resolve_settings"]

METHODS = ("integrated_gradients", "grad_cam")
TARGETS = ("logit", "probability")
BASELINES = ("silence", "dataset_mean", "noise", "note")
LAYERS = ("conv2d", "conv2d_1", "conv2d_2", "conv2d_3", "conv2d_4", "conv2d_5")
MAX_STEPS = 512
PATH_SETTINGS = ("baseline", "noise_level", "seed", "rule", "n_steps", "tolerance", "max_steps")


@dataclass(frozen=True)
class Settings:
    """Every parameter that decides a map, beside note and model.

    Parameters
    ----------
    method : {'integrated_gradients', 'grad_cam'}
    preset : str
        The preset that the other values started from.
    target : {'logit', 'probability'}
        Grad-CAM always explains the logit.
    baseline : {'silence', 'dataset_mean', 'noise', 'note'}
        Where the path of Integrated Gradients begins.
    noise_level : float
        Standard deviation of the noise baseline, in units of the spectrogram.
    seed : int
        Of the noise baseline.
    rule : str
        Quadrature rule for a fixed number of steps; steps as needed are a
        trapezoid rule on sub-intervals that are halved.
    n_steps : int or None
        Fixed number of steps, or None for as many as needed.
    tolerance : float
        Completeness error to reach when `n_steps` is None.
    max_steps : int
        Most steps to spend when `n_steps` is None.
    layer : str
        Convolution layer of Grad-CAM.
    """

    method: str = "integrated_gradients"
    preset: str = "default"
    target: str = "logit"
    baseline: str = "silence"
    noise_level: float = 0.1
    seed: int = 0
    rule: str = "midpoint"
    n_steps: int | None = None
    tolerance: float = 0.01
    max_steps: int = MAX_STEPS
    layer: str = "conv2d_5"

    def __post_init__(self) -> None:
        _check("method", self.method, METHODS)
        _check("preset", self.preset, tuple(PRESETS))
        _check("target", self.target, TARGETS)
        _check("baseline", self.baseline, BASELINES)
        _check("rule", self.rule, RULES)
        _check("layer", self.layer, LAYERS)
        if self.n_steps is not None and not 1 <= self.n_steps <= MAX_STEPS:
            raise InputError(f"expected 1 to {MAX_STEPS} steps, got {self.n_steps}")
        if not 1 <= self.max_steps <= MAX_STEPS:
            raise InputError(f"expected a limit of 1 to {MAX_STEPS} steps, got {self.max_steps}")
        if not 0.0 < self.tolerance < 1.0:
            raise InputError(f"expected a tolerance between 0 and 1, got {self.tolerance}")
        if not 0.0 <= self.noise_level <= 1.0:
            raise InputError(f"expected a noise level between 0 and 1, got {self.noise_level}")
        if self.method == "grad_cam" and self.target != "logit":
            raise InputError("Grad-CAM explains the logit: choose target 'logit'")

    def as_dict(self) -> dict[str, Any]:
        """Return what decides the map by this method, JSON-serialisable."""
        values = asdict(self)
        for name in self._idle():
            del values[name]
        return values

    def _idle(self) -> set[str]:
        """Names of the settings that have no effect on this map."""
        if self.method == "grad_cam":
            return set(PATH_SETTINGS)
        idle = {"layer"}
        if self.baseline != "noise":
            idle |= {"noise_level", "seed"}
        return idle | ({"rule"} if self.n_steps is None else {"tolerance", "max_steps"})


PRESETS: dict[str, dict[str, Any]] = {
    "default": {"target": "logit", "n_steps": None},
    "paper": {"target": "probability", "rule": "midpoint", "n_steps": 50},
}


def resolve_settings(method: str, preset: str, **changes: Any) -> Settings:
    """Return the settings of a preset with the changes that are not None.

    Parameters
    ----------
    method : {'integrated_gradients', 'grad_cam'}
    preset : {'default', 'paper'}
    **changes
        Fields of :class:`Settings`; None keeps the preset's value.

    Returns
    -------
    Settings

    Raises
    ------
    InputError
        If a value is outside its vocabulary or range, or has no effect on this
        method.
    """
    _check("preset", preset, tuple(PRESETS))
    values = dict(PRESETS[preset])
    if method == "grad_cam":
        values["target"] = "logit"
    changed = {name: value for name, value in changes.items() if value is not None}
    settings = Settings(method=method, preset=preset, **{**values, **changed})
    for name in changed:
        if name not in settings.as_dict():
            raise InputError(_without_effect(name, settings))
    return settings


def _without_effect(name: str, settings: Settings) -> str:
    if settings.method == "grad_cam" or name == "layer":
        return f"{name} has no effect on {settings.method}: leave it out"
    needed = {
        "noise_level": "baseline noise",
        "seed": "baseline noise",
        "rule": "a fixed number of steps",
    }.get(name, "steps as needed")
    return f"{name} has an effect only with {needed}: leave it out, or choose that too"


def _check(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f"unknown {name} {value!r}: choose one of {', '.join(choices)}")
