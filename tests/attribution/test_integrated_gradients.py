"""Integrated Gradients: known answers 1 to 3, axioms, and the adaptive path's promises."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from xai_core.attribution import (
    RULES,
    ModelFunctions,
    PathIntegral,
    estimates_by,
    integrated_gradients,
    refine_integrated_gradients,
)
from xai_core.attribution.integrated_gradients import MAP_ERROR_FACTOR
from xai_core.errors import GridMismatchError, InputError

Array = np.ndarray
ROOT = Path(__file__).resolve().parents[2]


# Each maps points (n, d) to values (n,) and gradients (n, d).


def _relus(p: Array) -> tuple[Array, Array]:
    """Return relu(relu(x1) - 1 - relu(x2)) and its gradient."""
    inner = np.maximum(p[:, 0], 0) - 1 - np.maximum(p[:, 1], 0)
    slopes = np.stack([p[:, 0] > 0, -1.0 * (p[:, 1] > 0)], axis=1)
    return np.maximum(inner, 0), slopes * (inner > 0)[:, np.newaxis]


def _saturating(p: Array) -> tuple[Array, Array]:
    """Return 1 - relu(1 - x) and its gradient."""
    return 1 - np.maximum(1 - p[:, 0], 0), 1.0 * (p < 1)


def _smooth(p: Array) -> tuple[Array, Array]:
    """Return 5a + b^2 + sin c and its gradient."""
    a, b, c = p.T
    return 5 * a + b**2 + np.sin(c), np.stack([np.full_like(a, 5), 2 * b, np.cos(c)], axis=1)


def _layer(seed: int, n_units: int = 12, dims: int = 5) -> Callable[[Array], tuple[Array, Array]]:
    """Return a random ReLU layer with a linear output, which has kinks along a path."""
    rng = np.random.default_rng(seed)
    inner, bias, outer = (
        rng.standard_normal((dims, n_units)),
        rng.standard_normal(n_units),
        rng.standard_normal(n_units),
    )

    def function(p: Array) -> tuple[Array, Array]:
        z = p @ inner + bias
        return np.maximum(z, 0) @ outer, ((z > 0) * outer) @ inner.T

    return function


def _gradients(function: Callable[[Array], tuple[Array, Array]]) -> Callable[[Array], Array]:
    return lambda points: function(points)[1]


# ----------------------------------------------------------------- fixed steps


@pytest.mark.parametrize("rule", ["midpoint", "gauss_legendre"])
def test_known_answer_1(rule: str) -> None:
    # the kink lies at 1/2, so a symmetric rule of an even number of steps is exact
    attributions = integrated_gradients(
        _gradients(_relus), np.array([3.0, 1.0]), np.zeros(2), rule=rule, n_steps=50
    )
    np.testing.assert_allclose(attributions, [1.5, -0.5], atol=1e-12)


@pytest.mark.parametrize("rule", RULES)
def test_known_answer_2(rule: str) -> None:
    # The gradient at x = 3 is 0, the attribution is not. The kink lies at 1/3, where a rule errs
    # by at most one of its weights, of which the largest of 50 is pi / 100 (Gauss-Legendre).
    x, baseline = np.array([3.0]), np.zeros(1)
    attribution = integrated_gradients(_gradients(_saturating), x, baseline, rule=rule, n_steps=50)
    np.testing.assert_allclose(attribution, [1.0], atol=3 * np.pi / 100)
    # 48 midpoints split evenly at 1/3
    exact = integrated_gradients(_gradients(_saturating), x, baseline, n_steps=48)
    np.testing.assert_allclose(exact, [1.0], atol=1e-12)


def test_known_answer_3() -> None:
    x, baseline = np.array([1.0, 2.0, 3.0]), np.array([0.5, 1.0, 1.0])
    attributions = integrated_gradients(
        _gradients(_smooth), x, baseline, rule="gauss_legendre", n_steps=8
    )
    expected = [2.5, 3.0, np.sin(3.0) - np.sin(1.0)]
    assert expected[2] == pytest.approx(-0.7003510, abs=5e-8)
    np.testing.assert_allclose(attributions, expected, atol=1e-7)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("batch_size", [1, 3, 16, 50, 1000])
def test_batches_do_not_change_the_answer_and_stay_small(rule: str, batch_size: int) -> None:
    sizes = []

    def gradients(points: Array) -> Array:
        sizes.append(len(points))
        return _smooth(points)[1]

    x, baseline = np.array([1.0, 2.0, 3.0]), np.array([0.5, 1.0, 1.0])
    attributions = integrated_gradients(
        gradients, x, baseline, rule=rule, n_steps=50, batch_size=batch_size
    )
    at_once = integrated_gradients(
        _gradients(_smooth), x, baseline, rule=rule, n_steps=50, batch_size=50
    )
    np.testing.assert_allclose(attributions, at_once, rtol=1e-13)
    assert max(sizes) <= batch_size
    assert sum(sizes) == 50


@pytest.mark.parametrize("rule", RULES)
def test_a_linear_model_is_exact_with_one_step_whatever_the_shape(rule: str) -> None:
    rng = np.random.default_rng(0)
    weights, x, baseline = rng.standard_normal((3, 7, 4))
    attributions = integrated_gradients(
        lambda points: np.broadcast_to(weights, points.shape), x, baseline, rule=rule, n_steps=1
    )
    np.testing.assert_allclose(attributions, weights * (x - baseline), atol=1e-14)


def test_a_bin_that_equals_the_baseline_or_has_no_effect_gets_nothing() -> None:
    rng = np.random.default_rng(1)
    x, baseline = rng.standard_normal((2, 5))
    x[2] = baseline[2]
    function = _layer(1)

    def blind(points: Array) -> Array:
        gradients = function(points)[1].copy()
        gradients[:, 4] = 0.0  # a model that ignores bin 4
        return gradients

    attributions = integrated_gradients(blind, x, baseline)
    assert attributions[2] == attributions[4] == 0.0
    assert np.abs(attributions[[0, 1, 3]]).min() > 1e-6


def test_symmetric_bins_get_the_same() -> None:
    # f = (x1 + x2)^3 is symmetric; so are x and baseline
    def gradients(p: Array) -> Array:
        return np.repeat(3 * p.sum(axis=1, keepdims=True) ** 2, 2, axis=1)

    attributions = integrated_gradients(
        gradients, np.array([2.0, 2.0]), np.zeros(2), rule="gauss_legendre", n_steps=2
    )
    np.testing.assert_allclose(attributions, [32.0, 32.0], rtol=1e-14)  # half of 4^3 each


@pytest.mark.parametrize("rule", RULES)
def test_path_backwards_is_the_negative(rule: str) -> None:
    rng = np.random.default_rng(2)
    x, baseline = rng.standard_normal((2, 5))
    gradients = _gradients(_layer(2))
    forth = integrated_gradients(gradients, x, baseline, rule=rule, n_steps=31)
    back = integrated_gradients(gradients, baseline, x, rule=rule, n_steps=31)
    np.testing.assert_allclose(back, -forth, atol=1e-12)


def test_single_precision_in_double_precision_sums() -> None:
    x = np.full((4, 5), 0.1, np.float32)
    seen = []

    def gradients(points: Array) -> Array:
        seen.append(points.dtype)
        return np.ones_like(points)

    attributions = integrated_gradients(gradients, x, np.zeros_like(x), n_steps=500)
    assert set(seen) == {np.dtype(np.float32)}
    assert attributions.dtype == np.float64
    # 500 weights of 1/500 in double precision
    np.testing.assert_allclose(attributions, np.float64(np.float32(0.1)), rtol=1e-13)


def test_whole_numbers_are_welcome() -> None:
    attributions = integrated_gradients(lambda p: 2.0 * p, np.array([3]), np.array([0]))
    np.testing.assert_allclose(attributions, [9.0], rtol=1e-12)  # of x^2, by midpoints exactly


def test_arguments_are_left_alone() -> None:
    x, baseline = np.array([1.0, 2.0, 3.0]), np.array([0.5, 1.0, 1.0])
    x.setflags(write=False)
    baseline.setflags(write=False)
    integrated_gradients(_gradients(_smooth), x, baseline)
    list(refine_integrated_gradients(_smooth, x, baseline))


def test_bad_input_is_refused() -> None:
    gradients = _gradients(_smooth)
    with pytest.raises(GridMismatchError, match=r"baseline of shape \(3,\).* got \(2,\)"):
        integrated_gradients(gradients, np.ones(3), np.zeros(2))
    with pytest.raises(InputError, match="unknown rule"):
        integrated_gradients(gradients, np.ones(3), np.zeros(3), rule="simpson")
    with pytest.raises(InputError, match="at least 1 step"):
        integrated_gradients(gradients, np.ones(3), np.zeros(3), n_steps=0)
    with pytest.raises(InputError, match="batch size of at least 1"):
        integrated_gradients(gradients, np.ones(3), np.zeros(3), batch_size=0)
    with pytest.raises(GridMismatchError, match="baseline of shape"):
        next(refine_integrated_gradients(_smooth, np.ones(3), np.zeros(2)))
    with pytest.raises(InputError, match=r"expected at least \d+ steps, got 1"):
        next(refine_integrated_gradients(_smooth, np.ones(3), np.zeros(3), max_steps=1))


# ------------------------------------------------------------- steps as needed


def _error(result: PathIntegral) -> float:
    delta = result.output - result.baseline_output
    return float(abs(result.attributions.sum() - delta) / max(abs(delta), 0.05))


def _refine(
    function: Callable[[Array], tuple[Array, Array]], x: Array, baseline: Array, **settings: float
) -> list[PathIntegral]:
    return list(refine_integrated_gradients(function, x, baseline, **settings))


@pytest.mark.parametrize(
    ("function", "x", "baseline", "expected"),
    [
        (_relus, [3.0, 1.0], [0.0, 0.0], [1.5, -0.5]),
        (_saturating, [3.0], [0.0], [1.0]),
        (_smooth, [1.0, 2.0, 3.0], [0.5, 1.0, 1.0], [2.5, 3.0, np.sin(3) - np.sin(1)]),
    ],
)
def test_known_answers_with_steps_as_needed(
    function: Callable[[Array], tuple[Array, Array]],
    x: list[float],
    baseline: list[float],
    expected: list[float],
) -> None:
    *_, last = _refine(function, np.array(x), np.array(baseline), tolerance=1e-4)
    assert last.converged
    # each of these maps has one sign of error in all its parts, so that 1e-4 of the sum
    # bounds every part up to the size of the largest
    np.testing.assert_allclose(last.attributions, expected, atol=1e-3)


def test_linear_models_are_exact_at_the_first_look() -> None:
    weights = np.random.default_rng(0).standard_normal(20)
    x, baseline = np.random.default_rng(1).standard_normal((2, 20))

    def linear(p: Array) -> tuple[Array, Array]:
        return p @ weights + 3.0, np.broadcast_to(weights, p.shape)

    (only,) = _refine(linear, x, baseline, tolerance=1e-9)
    assert only.converged
    np.testing.assert_allclose(only.attributions, weights * (x - baseline), atol=1e-13)


@hypothesis.settings(max_examples=60, deadline=None, derandomize=True)
@hypothesis.given(
    seed=st.integers(0, 10_000),
    tolerance=st.sampled_from([0.1, 0.01, 1e-3, 1e-6]),
    max_steps=st.integers(40, 512),
    batch_size=st.integers(1, 32),
)
def test_what_the_adaptive_path_promises(
    seed: int, tolerance: float, max_steps: int, batch_size: int
) -> None:
    function = _layer(seed)
    x, baseline = np.random.default_rng(seed + 1).standard_normal((2, 5))
    alphas: list[float] = []

    def evaluate(points: Array) -> tuple[Array, Array]:
        alphas.extend((points - baseline) @ (x - baseline) / np.sum((x - baseline) ** 2))
        return function(points)

    results = _refine(
        evaluate, x, baseline, tolerance=tolerance, max_steps=max_steps, batch_size=batch_size
    )
    *before, last = results

    # points: counted honestly, none twice, none beyond the path or the budget
    assert last.n_steps == len(alphas) <= max_steps
    assert np.diff(np.sort(alphas)).min() > 1e-12
    assert min(alphas) >= -1e-12
    assert max(alphas) <= 1 + 1e-12
    # progress: more steps each time, unconverged until the last
    assert all(a.n_steps < b.n_steps for a, b in pairwise(results))
    assert not any(result.converged for result in before)
    # the ends are the model's own outputs, and the flag says what the numbers say
    assert last.output == pytest.approx(function(x[np.newaxis])[0][0], rel=1e-12)
    assert last.baseline_output == pytest.approx(function(baseline[np.newaxis])[0][0], rel=1e-12)
    assert last.converged or last.n_steps == max_steps
    for result in results:
        assert result.converged == (_error(result) <= tolerance * (1 + 1e-9) + 1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_kinks_are_reached_within_one_percent(seed: int) -> None:
    # a path through up to 12 kinks; the error of any rule there falls with the steps spent
    x, baseline = np.random.default_rng(seed).standard_normal((2, 5))
    *_, last = _refine(_layer(seed), x, baseline)
    assert last.converged
    assert _error(last) <= 0.01
    reference = integrated_gradients(_gradients(_layer(seed)), x, baseline, n_steps=20_000)
    largest = np.abs(reference).max()
    # the sum is right to 1 % of delta; single bins may err more where errors cancel
    assert np.abs(last.attributions - reference).max() <= 0.1 * largest


def test_steps_go_where_the_path_bends() -> None:
    # f has all its curvature in the tenth of the path around 0.3
    def bump(p: Array) -> tuple[Array, Array]:
        t = p[:, 0]
        f = np.tanh((t - 0.3) / 0.01)
        return f, ((1 - f**2) / 0.01)[:, np.newaxis]

    asked: list[float] = []

    def evaluate(points: Array) -> tuple[Array, Array]:
        asked.extend(points[:, 0])
        return bump(points)

    *_, last = _refine(evaluate, np.ones(1), np.zeros(1), tolerance=1e-3)
    assert last.converged
    near = np.mean(np.abs(np.array(asked) - 0.3) < 0.05)
    assert near > 0.2  # a uniform grid would put a tenth of its points there
    uniform = integrated_gradients(
        _gradients(bump), np.ones(1), np.zeros(1), rule="trapezoid", n_steps=last.n_steps
    )
    assert abs(uniform.sum() - 2.0) > abs(last.attributions.sum() - 2.0)


def test_a_budget_too_small_is_owned_up_to() -> None:
    def wild(p: Array) -> tuple[Array, Array]:
        return np.sin(2000 * p[:, 0]) + p[:, 0], 2000 * np.cos(2000 * p) + 1

    *_, last = _refine(wild, np.ones(1), np.zeros(1), tolerance=1e-6, max_steps=20)
    assert not last.converged
    assert last.n_steps == 20
    assert _error(last) > 1e-6


def test_a_note_that_is_its_own_baseline_has_a_map_of_zeros() -> None:
    x = np.ones(5)
    (only,) = _refine(_layer(0), x, x)
    assert only.converged
    assert only.attributions.tolist() == [0.0] * 5


def test_small_differences_are_measured_against_a_floor() -> None:
    # f(x) - f(x0) = 1e-4: an error of 1 % of the floor 0.05 is 5e-4, reached at once
    def nearly_flat(p: Array) -> tuple[Array, Array]:
        return 1e-4 * p[:, 0] ** 4, 4e-4 * p**3

    (only,) = _refine(nearly_flat, np.ones(1), np.zeros(1), tolerance=0.01)
    assert only.converged


# ------------------------------------------------------- how far the map is from exact


def test_the_estimate_of_one_kink_by_hand() -> None:
    # Nine points at squares of eighths: the kink at 1/3 lies between 1/4 and 25/64, where the
    # gradient falls from 1 to 0; the bin's way is 3. No other sub-interval disagrees.
    *_, only = _refine(_saturating, np.array([3.0]), np.zeros(1), tolerance=0.1)
    assert only.n_steps == 9
    width = 25 / 64 - 1 / 4
    attribution = 3 * (1 / 4 + width / 2)
    assert only.attributions[0] == pytest.approx(attribution)
    assert only.map_error == pytest.approx(MAP_ERROR_FACTOR * 3 * width / attribution)


def test_gaps_that_cancel_in_the_sum_are_seen_in_the_map() -> None:
    def opposed(p: Array) -> tuple[Array, Array]:
        values = np.abs(p - 0.4) * [1.0, -1.0]
        return values.sum(axis=1), np.sign(p - 0.4) * [1.0, -1.0]

    x, exact = np.ones(2), np.array([0.2, -0.2])
    (by_sum,) = _refine(opposed, x, np.zeros(2))
    assert by_sum.converged
    assert _error(by_sum) < 1e-12
    wrong = np.abs(by_sum.attributions - exact).sum() / np.abs(exact).sum()
    assert by_sum.map_error > 0.05
    *_, precise = _refine(opposed, x, np.zeros(2), map_tolerance=0.01)
    assert precise.converged
    assert precise.map_error <= 0.01
    right = np.abs(precise.attributions - exact).sum() / np.abs(exact).sum()
    assert right <= 0.02 < wrong


def test_the_estimate_bounds_the_error_of_maps_of_many_bins() -> None:
    ratios = []
    for seed in range(12):
        function = _layer(seed, n_units=100, dims=200)
        x, baseline = np.random.default_rng(seed + 1).standard_normal((2, 200))
        *_, last = _refine(function, x, baseline, map_tolerance=0.03)
        assert last.converged
        reference = integrated_gradients(_gradients(function), x, baseline, n_steps=10_000)
        ratios.append(
            last.map_error * np.abs(last.attributions).sum()
            / np.abs(last.attributions - reference).sum()
        )  # fmt: skip
    # 0.3 sqrt(12) / 0.8 = 1.3 on average, and each sum of 200 bins shares the same kinks
    assert min(ratios) >= 1.0
    assert np.median(ratios) <= 3.0


def test_the_estimate_follows_sub_intervals_that_are_halved() -> None:
    x, baseline = np.random.default_rng(3).standard_normal((2, 5))
    seen: dict[float, Array] = {}

    def evaluate(points: Array) -> tuple[Array, Array]:
        values, gradients = _layer(3)(points)
        for point, gradient in zip(points, gradients, strict=True):
            seen[float((point - baseline) @ (x - baseline) / np.sum((x - baseline) ** 2))] = (
                gradient
            )
        return values, gradients

    *_, last = _refine(evaluate, x, baseline, tolerance=1e-6, map_tolerance=1e-3, max_steps=60)
    alphas = np.array(sorted(seen))
    parts = np.diff([seen[a] for a in alphas], axis=0) * np.diff(alphas)[:, np.newaxis]
    spread = np.sqrt(((parts * (x - baseline)) ** 2).sum(axis=0)).sum()
    expected = MAP_ERROR_FACTOR * spread / np.abs(last.attributions).sum()
    assert last.map_error == pytest.approx(expected, rel=1e-6)


def test_a_linear_model_has_an_exact_map_and_one_step_tells_nothing() -> None:
    weights = np.random.default_rng(0).standard_normal(20)

    def linear(p: Array) -> tuple[Array, Array]:
        return p @ weights, np.broadcast_to(weights, p.shape)

    model = ModelFunctions(lambda p: linear(p)[0], linear, lambda x, layer: (x, x))
    (only,) = _refine(linear, np.ones(20), np.zeros(20), map_tolerance=1e-9)
    assert only.map_error == 0.0
    for n_steps, expected in ((2, 0.0), (1, None)):
        settings = {"n_steps": n_steps, "rule": "midpoint"}
        (one,) = estimates_by("integrated_gradients", model, np.ones(20), np.zeros(20), settings)
        assert one.completeness.map_error == expected


@pytest.mark.parametrize("rule", RULES)
def test_a_fixed_number_of_steps_has_an_estimate_too(rule: str) -> None:
    function = _layer(4, n_units=100, dims=200)
    x, baseline = np.random.default_rng(5).standard_normal((2, 200))
    model = ModelFunctions(lambda p: function(p)[0], function, lambda x, layer: (x, x))
    settings = {"n_steps": 50, "rule": rule}
    (found,) = estimates_by("integrated_gradients", model, x, baseline, settings)
    reference = integrated_gradients(_gradients(function), x, baseline, n_steps=10_000)
    true = np.abs(found.values - reference).sum() / np.abs(reference).sum()
    assert true <= found.completeness.map_error <= 3 * true


def test_attribution_needs_no_framework() -> None:
    code = (
        "import sys, xai_core.attribution\n"
        "loaded = {'tensorflow', 'keras', 'librosa', 'scipy', 'soundfile'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
