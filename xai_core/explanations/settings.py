"""What decides an explanation, resolved from a preset and what the caller changed.

Conventions
-----------
``n_steps=None`` means that steps are added until the completeness error is at
most `tolerance`, and the estimated error of the map at most `map_tolerance`; a number
means exactly so many by `rule`. Presets are those of DESIGN: ``default`` (logit, steps as
needed), ``paper`` (probability, zero baseline, 50 steps) and ``precise`` (as default,
until the map is known to 1 %).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from xai_core.attribution.integrated_gradients import FIRST_POINTS, RULES
from xai_core.catalogue.methods import DEFAULT_METHOD, TARGETS, listed
from xai_core.catalogue.methods import method as method_of
from xai_core.errors import InputError

__all__ = ["BASELINES", "PRESETS", "TARGETS", "Settings", "resolve_settings"]

BASELINES = ("silence", "dataset_mean", "noise", "note")
MAX_STEPS = 512
PRECISE = 0.01  # estimated error of the map that the preset of this name reaches
MAX_OF_RULES = 1000.0  # gamma and epsilon of LRP; the rules are at their limits by then
ALWAYS = ("method", "preset", "target")  # settings that have an effect on every method


@dataclass(frozen=True)
class Settings:
    """Every parameter that decides a map, beside note and model.

    Which of them have an effect on a method is in its entry of
    :data:`xai_core.catalogue.methods.METHODS`.

    Parameters
    ----------
    method : str
    preset : str
        The preset that the other values started from.
    target : {'logit', 'probability'}
        Some methods, Grad-CAM among them, explain the logit alone.
    baseline : {'silence', 'dataset_mean', 'noise', 'note'}
        What the note is compared with: where the path of Integrated Gradients
        begins.
    noise_level : float
        Standard deviation of the noise baseline, or of the noise that SmoothGrad adds,
        in units of the spectrogram.
    seed : int
        Of that noise, or of the samples of expected gradients.
    rule : str
        Quadrature rule for a fixed number of steps; steps as needed are a
        trapezoid rule on sub-intervals that are halved.
    n_steps : int or None
        Fixed number of steps, or None for as many as needed.
    tolerance : float
        Completeness error to reach when `n_steps` is None.
    map_tolerance : float or None
        Estimated error of the map to reach then too; None for any.
    max_steps : int
        Most steps to spend when `n_steps` is None, 9 or more: the first points of the path.
    layer : str or None
        Convolution layer of the methods that look at one, such as Grad-CAM; None
        for the last one of the model.
    gamma, epsilon : float
        Of LRP: how much more a convolution's contributions of the sign of their sum count,
        and what dense layers add to a sum, as a share of the layer's root mean square.
    """

    method: str = DEFAULT_METHOD
    preset: str = "default"
    target: str = "logit"
    baseline: str = "silence"
    noise_level: float = 0.1
    seed: int = 0
    rule: str = "midpoint"
    n_steps: int | None = None
    tolerance: float = 0.01
    map_tolerance: float | None = None
    max_steps: int = MAX_STEPS
    layer: str | None = None
    gamma: float = 0.1
    epsilon: float = 0.01

    def __post_init__(self) -> None:
        entry = method_of(self.method)
        _check("preset", self.preset, tuple(PRESETS))
        _check("target", self.target, TARGETS)
        _check("baseline", self.baseline, BASELINES)
        _check("rule", self.rule, RULES)
        if self.n_steps is not None and not 1 <= self.n_steps <= MAX_STEPS:
            raise InputError(f"expected 1 to {MAX_STEPS} steps, got {self.n_steps}")
        if not FIRST_POINTS <= self.max_steps <= MAX_STEPS:
            raise InputError(
                f"expected a limit of {FIRST_POINTS} to {MAX_STEPS} steps, got {self.max_steps}"
            )
        if self.seed < 0:
            raise InputError(f"expected a seed of 0 or more, got {self.seed}")
        if not 0.0 < self.tolerance < 1.0:
            raise InputError(f"expected a tolerance between 0 and 1, got {self.tolerance}")
        if self.map_tolerance is not None and not 0.0 < self.map_tolerance < 1.0:
            raise InputError(
                f"expected a tolerance of the map between 0 and 1, got {self.map_tolerance}"
            )
        if not 0.0 <= self.noise_level <= 1.0:
            raise InputError(f"expected a noise level between 0 and 1, got {self.noise_level}")
        for name in ("gamma", "epsilon"):
            if not 0.0 <= getattr(self, name) <= MAX_OF_RULES:
                raise InputError(
                    f"expected {name} between 0 and {MAX_OF_RULES:g}, got {getattr(self, name)}"
                )
        if self.target not in entry.targets:
            quoted = listed(map(repr, entry.targets), "or")
            raise InputError(
                f"{entry.label} explains the {listed(entry.targets)}: choose target {quoted}"
            )

    def as_dict(self) -> dict[str, Any]:
        """Return what decides the map by this method, JSON-serialisable."""
        effective = {*ALWAYS, *method_of(self.method).settings} - self._idle()
        return {name: value for name, value in asdict(self).items() if name in effective}

    def changes(self) -> dict[str, Any]:
        """Return what :func:`resolve_settings` takes beside method and preset to give these.

        Raises
        ------
        InputError
            If the preset has a fixed number of steps, or a tolerance of the map, where
            these have none: no change says so.
        """
        preset = resolve_settings(self.method, self.preset).as_dict()
        changed = {
            name: value
            for name, value in self.as_dict().items()
            if name not in ALWAYS or name == "target"
            if name not in preset or preset[name] != value
        }
        if None in changed.values():
            raise InputError(
                f"steps as needed are not those of the preset {self.preset}: choose the preset "
                "default"
            )
        if "map_tolerance" in preset and self.n_steps is self.map_tolerance is None:
            raise InputError(
                f"any error of the map is not that of the preset {self.preset}: choose the preset "
                "default"
            )
        return changed

    def _idle(self) -> set[str]:
        """Names of the settings that other values leave without an effect."""
        entry, idle = method_of(self.method), set()
        if entry.takes("baseline") and self.baseline != "noise":
            idle |= {"noise_level", "seed"}
        if entry.takes("tolerance"):
            needed = {"tolerance", "map_tolerance", "max_steps"}
            idle |= {"rule"} if self.n_steps is None else needed
            idle |= {"map_tolerance"} if self.map_tolerance is None else set()
        return idle


PRESETS: dict[str, dict[str, Any]] = {
    "default": {"target": "logit", "n_steps": None},
    "paper": {"target": "probability", "rule": "midpoint", "n_steps": 50},
    "precise": {"target": "logit", "n_steps": None, "map_tolerance": PRECISE},
}


def resolve_settings(method: str, preset: str, **changes: Any) -> Settings:
    """Return the settings of a preset with the changes that are not None.

    Parameters
    ----------
    method : str
        Of :data:`xai_core.catalogue.methods.METHODS`.
    preset : {'default', 'paper', 'precise'}
    **changes
        Fields of :class:`Settings`; None keeps the preset's value.

    Raises
    ------
    InputError
        If a value is outside its vocabulary or range, or has no effect on this
        method.
    """
    _check("preset", preset, tuple(PRESETS))
    entry, values = method_of(method), dict(PRESETS[preset])
    values["target"] = entry.target_for(values["target"])
    changed = {name: value for name, value in changes.items() if value is not None}
    settings = Settings(method=method, preset=preset, **{**values, **changed})
    for name in changed:
        if name not in settings.as_dict():
            raise InputError(_without_effect(name, settings))
    return settings


def _without_effect(name: str, settings: Settings) -> str:
    if not method_of(settings.method).takes(name):
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
