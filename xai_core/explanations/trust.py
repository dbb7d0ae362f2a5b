"""Is a map about the model? The tests of :mod:`xai_core.trust` on one explained note.

Conventions
-----------
The model has one input, and its logit is the target. "Energy" is the size of a bin of the
spectrogram, whatever its sign; correlations are Spearman's, over the bins that are not
silent (not 0).

Maps that a test makes anew have a fixed, small cost: a method that adds up gradients along
a path takes the few midpoint steps of :class:`Effort`, in the cascade also for the network
as it is. What a method may cost in a test is counted in gradient steps of the type
(``catalogue.types``); where its maps are dearer, the cascade stops at fewer layers, the last
among them, sensitivity has fewer samples, and the dearest methods are left out of the
matrix. What is left out, and what is taken less often on a dear type, is said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar, cast

import numpy as np

from xai_core import store
from xai_core.catalogue.methods import METHODS, listed
from xai_core.catalogue.types import TYPES, spectrogram_type
from xai_core.errors import EmptyMapError, InputError
from xai_core.explanations.explain import explained_model, map_of_input
from xai_core.explanations.loaded_models import LRUCache, array_digest, resolve_layer
from xai_core.explanations.predict import predict
from xai_core.explanations.settings import Settings
from xai_core.networks.contract import Model, PackedModel
from xai_core.networks.randomising import layers_with_weights, randomised_cascade
from xai_core.trust import (
    Curve,
    deletion,
    insertion,
    max_sensitivity,
    overlap_of_strongest,
    random_curve,
    rank_correlation,
    rank_correlations,
)
from xai_core.values import Attribution, Explanation, FloatArray

__all__ = [
    "ON_DEAR_TYPES",
    "SHARE",
    "USUAL",
    "Agreement",
    "ClassOverlap",
    "Effort",
    "Removal",
    "Stage",
    "TrustScores",
    "effort_on",
    "left_out_sentence",
    "trust_progressively",
    "trust_scores",
    "trust_sentence",
]

N_ORDERS = 5  # random orders of bins
N_SAMPLES = 3  # changed inputs
RADIUS = 0.02  # largest change of a bin, in units of the spectrogram
SHARE = 0.1  # of the bins, that are a map's strongest
CASCADE_STEPS, SENSITIVITY_STEPS, AGREEMENT_STEPS = 20, 8, 32  # gradient steps that may be spent
AFFORDABLE = 700  # ms that a test may take on a small type, whatever its steps
SMALLEST = 0.05  # logits, of the span of the curves
BETTER = 0.05  # of the span of the curves, by which a map is better than energy or worse
ALIKE, PARTLY = 0.4, 0.2  # rank correlations from which maps look alike
KEPT = 200  # results of tests; a map of the STFT has 0.5 MB

Value = TypeVar("Value")
_kept: LRUCache[tuple[Hashable, ...], Any] = LRUCache(KEPT)


@dataclass(frozen=True)
class Effort:
    """How much the tests of one note may cost.

    Parameters
    ----------
    map_steps : int
        Midpoint steps of a map that a test makes anew.
    n_points : int
        Of the deletion and the insertion curve.
    random_points : int
        Of those of random orders, which are smooth.
    """

    map_steps: int
    n_points: int
    random_points: int


USUAL = Effort(map_steps=8, n_points=21, random_points=11)
ON_DEAR_TYPES = Effort(map_steps=4, n_points=11, random_points=6)
DEAR = 50  # ms of a gradient step, from which a type is dear


@dataclass(frozen=True)
class Removal:
    """The output while bins are removed from the note, or put into the baseline.

    Parameters
    ----------
    by_map, by_energy : Curve
        Bins by falling attribution, and by falling size.
    at_random : Curve or None
        Mean of random orders; None while it is not there.
    """

    by_map: Curve
    by_energy: Curve
    at_random: Curve | None = None


@dataclass(frozen=True, eq=False)
class Stage:
    """The map of a network in which some layers have fresh initial weights.

    Parameters
    ----------
    layer : str
        The layer nearest to the input that is randomised; "" for the network as it is.
    map : Attribution
    absolute, signed : float
        Rank correlation with the map that is tested, of absolute values and as they are.
    with_spectrogram : float
        Of the absolute map with the size of the bins.
    """

    layer: str
    map: Attribution
    absolute: float
    signed: float
    with_spectrogram: float


@dataclass(frozen=True)
class ClassOverlap:
    """The share of strongest bins that the maps of two families have in common.

    Parameters
    ----------
    families : tuple of two str
        The likeliest, and the next.
    overlap : float
        In [0, 1]; :data:`SHARE` for two maps that have nothing to do with each other.
    """

    families: tuple[str, str]
    overlap: float


@dataclass(frozen=True, eq=False)
class Agreement:
    """How far the methods agree.

    Parameters
    ----------
    methods : tuple of str
        The one that is tested first.
    correlations : ndarray, shape (n_methods, n_methods)
        Rank correlations of the signed maps; NaN for a map that is constant.
    left_out : tuple of str
        Methods that take too long.
    """

    methods: tuple[str, ...]
    correlations: FloatArray
    left_out: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class TrustScores:
    """What is known of a map so far; None for a test that is to come, or cannot be made.

    Parameters
    ----------
    explanation : Explanation
        The map that is tested; its completeness is one of the tests.
    deletion, insertion : Removal or None
    cascade : tuple of Stage
        Layers randomised from the output down; complete if `cascade_done`.
    cascade_done : bool
    sensitivity : float or None
        Largest change of the map under small changes of the note, relative to its norm.
    class_overlap : ClassOverlap or None
    agreement : Agreement or None
    notes : tuple of str
        What was left out, a plain sentence each.
    done, total : int
        Pieces of work.
    """

    explanation: Explanation
    deletion: Removal | None = None
    insertion: Removal | None = None
    cascade: tuple[Stage, ...] = ()
    cascade_done: bool = False
    sensitivity: float | None = None
    class_overlap: ClassOverlap | None = None
    agreement: Agreement | None = None
    notes: tuple[str, ...] = ()
    done: int = 0
    total: int = 1

    @property
    def span(self) -> float:
        """How far apart the logits of the curves by map and by energy lie, at least 0.05."""
        outputs = [
            curve.outputs
            for removal in (self.deletion, self.insertion)
            if removal is not None
            for curve in (removal.by_map, removal.by_energy)
        ]
        return max(float(np.ptp(np.concatenate(outputs))), SMALLEST) if outputs else SMALLEST

    @property
    def over_energy(self) -> float | None:
        """How much better the map orders bins than their energy, as a share of the span.

        The mean of both gains: how much smaller the area below the deletion curve is, and how
        much larger that below the insertion curve.
        """
        return self._over("by_energy")

    @property
    def over_random(self) -> float | None:
        """The same against random order."""
        return self._over("at_random")

    def _over(self, other: str) -> float | None:
        if self.deletion is None or self.insertion is None:
            return None
        less, more = getattr(self.deletion, other), getattr(self.insertion, other)
        if less is None or more is None:
            return None
        gains = (less.area - self.deletion.by_map.area) + (self.insertion.by_map.area - more.area)
        return float(gains / 2 / self.span)


def effort_on(type: str) -> Effort:
    """Return how much the tests may cost on a spectrogram type."""
    return ON_DEAR_TYPES if spectrogram_type(type).step_ms >= DEAR else USUAL


def trust_scores(explanation: Explanation, *, seed: int = 0) -> TrustScores:
    """Return all tests of a map, as :func:`trust_progressively` ends."""
    *_, last = trust_progressively(explanation, seed=seed)
    return last


def trust_progressively(explanation: Explanation, *, seed: int = 0) -> Iterator[TrustScores]:
    """Yield the tests of a map one after the other, each piece a few model calls.

    Parameters
    ----------
    explanation : Explanation
        Finished, of a model with one input, of the logit.
    seed : int
        Of the random orders, the fresh weights and the changes of the note; 0 or more.

    Yields
    ------
    TrustScores
        Curves by map and by energy first.

    Raises
    ------
    InputError
        If the map is zero everywhere, the model has several inputs, or another target than
        the logit is explained.
    """
    tests = _Tests(explanation, seed)
    scores = TrustScores(explanation, total=6 + N_ORDERS + len(tests.stages))
    pieces = 0

    def step(**found: Any) -> TrustScores:
        nonlocal scores, pieces
        pieces += 1
        scores = replace(scores, done=pieces, **found)
        return scores

    for name in ("deletion", "insertion"):
        yield step(**{name: tests.removal(name)})
    orders = []
    for number in range(N_ORDERS):
        orders.append(tests.random_curve(number))
        if number < N_ORDERS - 1:
            yield step()
    less = _mean(orders)
    assert scores.deletion is not None
    assert scores.insertion is not None
    yield step(
        deletion=replace(scores.deletion, at_random=less),
        insertion=replace(scores.insertion, at_random=_backwards(less)),
    )
    for number in range(len(tests.stages)):
        stage = tests.stage(number)
        is_last = number == len(tests.stages) - 1
        yield step(cascade=(*scores.cascade, stage), cascade_done=is_last)
    yield step(sensitivity=tests.sensitivity())
    yield step(class_overlap=tests.class_overlap())
    yield step(agreement=tests.agreement())
    yield step(notes=tests.notes(scores))


def trust_sentence(scores: TrustScores) -> str:
    """Sum up in one sentence what the tests say, as far as they are done, or return "".

    Notes
    -----
    Better than energy or random order, or worse: by at least 5 % of the span of the curves.
    The absolute part would look much the same with random weights: its rank correlation with
    the map of the network whose layers are all randomised is at least 0.4; partly: 0.2.
    """
    gain = scores.over_energy
    if gain is None:
        return ""
    by_chance = scores.over_random
    if by_chance is not None and by_chance < BETTER:
        word = "no better than random order"
    elif abs(gain) < BETTER:
        word = "no better than energy"
    else:
        word = f"{'better' if gain > 0 else 'worse'} than energy"
    said = f"By these tests this map is {word} at naming what the model needs"
    if not scores.cascade_done:
        return f"{said}."
    alike = scores.cascade[-1].absolute
    looks = (
        "would look much the same"
        if alike >= ALIKE
        else "would look partly the same"
        if alike >= PARTLY
        else "would look different"
    )
    return f"{said}; its absolute part {looks} with random weights."


def left_out_sentence(agreement: Agreement) -> str:
    """Say which methods are not in the matrix, or return ""."""
    labels = [METHODS[name].label for name in agreement.left_out]
    if not labels:
        return ""
    verb = "is" if len(labels) == 1 else "are"
    return f"{listed(labels)} {verb} left out of the matrix: too dear here."


# ----------------------------------------------------------------------- private


class _Tests:
    """Each test of one map, kept by the digests of all that decides it."""

    def __init__(self, explanation: Explanation, seed: int) -> None:
        record = explanation.settings
        if len(explanation.spectrograms) != 1:
            raise InputError("the tests of a map are of models with one input: choose another one")
        if explanation.attribution.target != "logit":
            raise InputError("the tests of a map are of the logit: explain that")
        if explanation.attribution.is_zero:
            raise InputError(
                f"the map of {explanation.family} is zero everywhere, so there is nothing to "
                "test: choose another method or another family"
            )
        self.explanation, self.seed = explanation, seed
        self.type, self.models = str(record["type"]), str(record["models"])
        self.model, self.card = explained_model(
            self.type, explanation.family, record.get("model"), self.models
        )
        self.x = explanation.spectrogram.values
        self.energy = np.abs(self.x)
        self.heard = self.x != 0
        self.baseline = explanation.baselines[0] if explanation.baselines else np.zeros_like(self.x)
        self.map = explanation.attribution.values
        names = {one.name for one in fields(Settings)} & set(record)
        whole = Settings(**{name: record[name] for name in names})
        self.effort = effort_on(self.type)
        self.settings = _cheap(whole, self.type)
        self.is_cheap = self.settings == whole  # made anew it is the same
        text = json.dumps(record, sort_keys=True)
        self.key = (text, array_digest(self.map), array_digest(self.x), self.card.sha256, seed)
        self.outputs = PackedModel(self.model, explanation.family).outputs
        self.cost = _cost(self.settings.method, self.type)  # ms of a map that is made anew
        network, _ = store.load_model(name=self.card.name, models=self.models)
        self._network = network
        layers = layers_with_weights(network)
        n = int(np.clip(self._allowed(CASCADE_STEPS) // self.cost, 2, len(layers) + 1))
        self.stages = ("", *_spread(layers, n - 1))
        self.n_layers = len(layers)
        self._samples = int(min(N_SAMPLES, self._allowed(SENSITIVITY_STEPS) // self.cost))
        self._walk: Iterator[tuple[str, Model]] = iter(())
        self._walked = -1

    def removal(self, name: str) -> Removal:
        test = deletion if name == "deletion" else insertion

        def compute() -> Removal:
            by_map, by_energy = (
                test(
                    self.outputs,
                    self.x,
                    order,
                    baseline=self.baseline,
                    n_points=self.effort.n_points,
                    ends=self._ends(),
                )
                for order in (self.map, self.energy)
            )
            return Removal(by_map, by_energy)

        return self._once((name,), compute)

    def random_curve(self, number: int) -> Curve:
        """Return the deletion curve in a random order."""

        def compute() -> Curve:
            return random_curve(
                self.outputs,
                self.x,
                baseline=self.baseline,
                n_points=self.effort.random_points,
                n_orders=1,
                ends=self._ends(),
                rng=self._rng("orders", number),
            )

        return self._once(("orders", number), compute)

    def _ends(self) -> tuple[float, float]:
        """Return the logits of the note and of the baseline."""

        def compute() -> tuple[float, float]:
            found = self.outputs(np.stack([self.x, self.baseline]))
            return float(found[0]), float(found[1])

        return self._once(("ends",), compute)

    def stage(self, number: int) -> Stage:
        def compute() -> Stage:
            values = self._map(self._stage_model(number), self.explanation.family)
            return Stage(
                self.stages[number],
                replace(self.explanation.attribution, values=values),
                absolute=self._correlation(np.abs(values), np.abs(self.map)),
                signed=self._correlation(values, self.map),
                with_spectrogram=self._correlation(np.abs(values), self.energy),
            )

        return self._once(("stage", number), compute)

    def sensitivity(self) -> float | None:
        if self._samples < 1:
            return None

        def compute() -> float | None:
            try:
                return max_sensitivity(
                    lambda x: self._map(self.model, self.explanation.family, x=x),
                    self.x,
                    radius=RADIUS,
                    n_samples=self._samples,
                    rng=self._rng("sensitivity"),
                )
            except EmptyMapError:
                return None

        return self._once(("sensitivity",), compute)

    def class_overlap(self) -> ClassOverlap | None:
        probabilities = self._probabilities()
        if len(probabilities) < 2:
            return None
        first, second = sorted(probabilities, key=lambda one: -probabilities[one])[:2]

        def compute() -> ClassOverlap | None:
            maps = [self._map(self._model_of(family), family) for family in (first, second)]
            if not all(np.any(values) for values in maps):
                return None
            return ClassOverlap((first, second), overlap_of_strongest(*maps, share=SHARE))

        return self._once(("classes", first, second), compute)

    def agreement(self) -> Agreement:
        own = self.explanation.attribution.method
        layers = self.model.convolution_layers[self.card.inputs[0]]
        usable = [name for name, one in METHODS.items() if layers or not one.takes("layer")]
        others = sorted(
            (name for name in usable if name != own), key=lambda name: _cost(name, self.type)
        )
        left, taken, has_layer = self._allowed(AGREEMENT_STEPS), [own], False
        for name in others:
            one = METHODS[name]
            shares = one.cost == "layer" and one.times == 1.0  # the gradient of one layer
            cost = 0.0 if shares and has_layer else _cost(name, self.type)
            if cost <= left:
                left -= cost
                taken.append(name)
                has_layer |= shares

        def compute() -> Agreement:
            maps = [self.map, *(self._map_by(name) for name in taken[1:])]
            table = rank_correlations([values[self.heard] for values in maps])
            return Agreement(
                tuple(taken), table, tuple(name for name in usable if name not in taken)
            )

        return self._once(("agreement", *METHODS), compute)

    def notes(self, scores: TrustScores) -> tuple[str, ...]:
        """Say which tests are not there, or not as a whole, and why."""
        label = METHODS[self.settings.method].label
        found = []
        if len(self.stages) <= self.n_layers:
            found.append(
                f"{label} takes long, so the cascade has only {len(self.stages) - 1} of "
                f"{self.n_layers} steps."
            )
        if scores.sensitivity is None:
            why = "takes too long" if self._samples < 1 else "with few steps is zero everywhere"
            found.append(f"Sensitivity is left out: {label} {why}.")
        if scores.class_overlap is None:
            found.append("There are no two families with a map to compare.")
        if scores.agreement is not None and scores.agreement.left_out:
            found.append(left_out_sentence(scores.agreement))
        if self.effort != USUAL:
            label = TYPES[self.type].label
            found.append(
                f"{label} takes long, so curves have {self.effort.n_points} points and those of "
                f"random orders {self.effort.random_points}, where other spectrograms have "
                f"{USUAL.n_points} and {USUAL.random_points}."
            )
            if METHODS[self.settings.method].takes("n_steps"):
                found.append(
                    f"Maps that a test makes anew take {self.effort.map_steps} steps, where those "
                    f"of other spectrograms take {USUAL.map_steps}."
                )
        return tuple(found)

    def _once(self, name: tuple[Hashable, ...], compute: Callable[[], Value]) -> Value:
        return cast(Value, _kept.get((*self.key, *name), compute))

    def _rng(self, name: str, number: int = 0) -> np.random.Generator:
        return np.random.default_rng([self.seed, *name.encode(), number])

    def _allowed(self, steps: int) -> float:
        """Return the milliseconds that a test may take."""
        return max(steps * spectrogram_type(self.type).step_ms, AFFORDABLE)

    def _correlation(self, a: FloatArray, b: FloatArray) -> float:
        return rank_correlation(a, b, where=self.heard)

    def _map(self, model: Model, family: str, *, x: FloatArray | None = None) -> FloatArray:
        """Return a map that is made anew; that of the note itself once for all tests."""

        def compute() -> FloatArray:
            settings = self._with_layer(self.settings, model)
            given = self.x if x is None else x
            return map_of_input(model, given, self.baseline, family=family, settings=settings)

        is_own = family == self.explanation.family and model is self.model
        if not is_own or (x is not None and x is not self.x):
            return compute()
        return self.map if self.is_cheap else self._once(("own",), compute)

    def _map_by(self, method: str) -> FloatArray:
        entry = METHODS[method]
        settings = _cheap(Settings(method=method, target=entry.target_for("logit")), self.type)
        return map_of_input(
            self.model,
            self.x,
            self.baseline,
            family=self.explanation.family,
            settings=self._with_layer(settings, self.model),
        )

    def _with_layer(self, settings: Settings, model: Model) -> Settings:
        if not METHODS[settings.method].takes("layer"):
            return settings
        return replace(settings, layer=resolve_layer(model, self.type, settings.layer))

    def _stage_model(self, number: int) -> Model:
        """Return the network of a stage; that of an earlier one is then another."""
        if number == 0:
            return self.model
        if self._walked < 0 or self._walked >= number:
            self._walk = randomised_cascade(
                self._network, inputs=self.card.inputs, classes=self.card.classes, seed=self.seed
            )
        for layer, model in self._walk:
            if layer == self.stages[number]:
                self._walked = number
                return model
        raise AssertionError(f"the network has no layer {self.stages[number]}")

    def _probabilities(self) -> Mapping[str, float]:
        if not self.card.type:
            found = self.model.outputs((self.x[np.newaxis],), target="probability")[0]
            return dict(zip(self.card.classes, map(float, found), strict=True))
        return predict(
            self.explanation.waveform, models=self.models, types=[self.type]
        ).probabilities[self.type]

    def _model_of(self, family: str) -> Model:
        if not self.card.type:
            return self.model
        return explained_model(self.type, family, None, self.models)[0]


def _cheap(settings: Settings, type: str) -> Settings:
    """Return settings with the few fixed steps of a map that is made anew."""
    if not METHODS[settings.method].takes("n_steps"):
        return settings
    return replace(settings, n_steps=effort_on(type).map_steps, rule="midpoint")


def _cost(method: str, type: str) -> float:
    """Return the milliseconds of a map that is made anew."""
    cost = float(METHODS[method].cost_of(type))
    if METHODS[method].takes("n_steps"):
        cost = min(cost, effort_on(type).map_steps * spectrogram_type(type).step_ms)
    return max(cost, 1.0)


def _spread(layers: tuple[str, ...], n: int) -> tuple[str, ...]:
    """Return `n` of some layers, evenly spread, the last among them."""
    if n >= len(layers):
        return layers
    chosen = np.round(np.arange(1, n + 1) * len(layers) / n).astype(int) - 1
    return tuple(layers[k] for k in chosen)


def _backwards(curve: Curve) -> Curve:
    """Return the insertion curve of the orders from the last bin to the first."""
    return Curve(1.0 - curve.fractions[::-1], curve.outputs[::-1])


def _mean(curves: Sequence[Curve]) -> Curve:
    return Curve(curves[0].fractions, np.mean([one.outputs for one in curves], axis=0))
