"""Presets and what may be changed of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from xai_core.errors import InputError
from xai_core.explanations import (
    Settings,
    resolve_settings,
)


def test_presets_are_those_of_the_design() -> None:
    default = resolve_settings("integrated_gradients", "default")
    assert (default.target, default.baseline, default.n_steps) == ("logit", "silence", None)
    assert (default.tolerance, default.max_steps) == (0.01, 512)
    paper = resolve_settings("integrated_gradients", "paper")
    assert (paper.target, paper.baseline, paper.n_steps) == ("probability", "silence", 50)
    precise = resolve_settings("integrated_gradients", "precise")
    assert (precise.target, precise.tolerance, precise.map_tolerance) == ("logit", 0.01, 0.01)
    assert precise.as_dict() == default.as_dict() | {"preset": "precise", "map_tolerance": 0.01}
    for preset in ("default", "paper", "precise"):
        cam = resolve_settings("grad_cam", preset)
        assert (cam.target, cam.layer) == ("logit", None)


def test_changes_win_and_none_changes_nothing() -> None:
    changed = resolve_settings(
        "integrated_gradients",
        "paper",
        target=None,
        rule="gauss_legendre",
        n_steps=8,
        baseline="noise",
        noise_level=0.0,
        seed=0,
    )
    assert changed.target == "probability"
    assert (changed.rule, changed.n_steps) == ("gauss_legendre", 8)
    assert (changed.baseline, changed.noise_level, changed.seed) == ("noise", 0.0, 0)
    assert changed.preset == "paper"


def test_the_record_holds_what_decides_the_map_and_nothing_else() -> None:
    common = {"method", "preset", "target"}
    as_needed = resolve_settings("integrated_gradients", "default").as_dict()
    assert json.loads(json.dumps(as_needed)) == as_needed
    assert set(as_needed) == common | {"baseline", "n_steps", "tolerance", "max_steps"}
    fixed = resolve_settings("integrated_gradients", "paper", baseline="noise").as_dict()
    assert set(fixed) == common | {"baseline", "noise_level", "seed", "rule", "n_steps"}
    cam = resolve_settings("grad_cam", "default", layer="conv2d_1").as_dict()
    assert cam == {
        "method": "grad_cam",
        "preset": "default",
        "target": "logit",
        "layer": "conv2d_1",
    }
    lrp = resolve_settings("lrp", "paper", gamma=0.5).as_dict()
    assert lrp == {
        "method": "lrp",
        "preset": "paper",
        "target": "logit",
        "gamma": 0.5,
        "epsilon": 0.01,
    }


@pytest.mark.parametrize(
    ("method", "changes", "message"),
    [
        ("grad_cam", {"n_steps": 50}, "n_steps has no effect on grad_cam: leave it out"),
        ("grad_cam", {"baseline": "noise"}, "baseline has no effect on grad_cam"),
        ("integrated_gradients", {"layer": "conv2d_1"}, "layer has no effect on integrated_grad"),
        ("integrated_gradients", {"gamma": 0.5}, "gamma has no effect on integrated_gradients"),
        ("integrated_gradients", {"seed": 1}, "seed has an effect only with baseline noise"),
        ("integrated_gradients", {"noise_level": 0.2}, "an effect only with baseline noise"),
        ("integrated_gradients", {"rule": "trapezoid"}, "only with a fixed number of steps"),
        ("integrated_gradients", {"n_steps": 9, "tolerance": 0.1}, "only with steps as needed"),
        ("integrated_gradients", {"n_steps": 9, "max_steps": 99}, "only with steps as needed"),
        ("integrated_gradients", {"n_steps": 9, "map_tolerance": 0.1}, "only with steps as needed"),
        ("guided_ig", {"map_tolerance": 0.1}, "map_tolerance has no effect on guided_ig"),
    ],
)
def test_changes_without_effect_are_refused(
    method: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        resolve_settings(method, "default", **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "lime"}, "unknown method 'lime': choose one of integrated_gradients, grad_cam"),
        ({"preset": "fast"}, "unknown preset 'fast': choose one of default, paper"),
        ({"target": "loss"}, "unknown target 'loss'"),
        ({"baseline": "white"}, "unknown baseline 'white': choose one of silence, dataset_mean"),
        ({"rule": "simpson"}, "unknown rule 'simpson': choose one of midpoint"),
        ({"n_steps": 0}, "expected 1 to 512 steps, got 0"),
        ({"n_steps": 513}, "expected 1 to 512 steps, got 513"),
        ({"max_steps": 0}, "expected a limit of 9 to 512 steps, got 0"),
        ({"max_steps": 10**9}, "expected a limit of 9 to 512 steps"),
        ({"tolerance": 0.0}, "a tolerance between 0 and 1, got 0.0"),
        ({"tolerance": float("nan")}, "a tolerance between 0 and 1, got nan"),
        ({"map_tolerance": 0.0}, "a tolerance of the map between 0 and 1, got 0.0"),
        ({"map_tolerance": float("nan")}, "a tolerance of the map between 0 and 1, got nan"),
        ({"noise_level": -0.1}, "a noise level between 0 and 1, got -0.1"),
        ({"noise_level": float("nan")}, "a noise level between 0 and 1"),
        ({"method": "lrp", "gamma": -0.1}, "expected gamma between 0 and 1000, got -0.1"),
        ({"method": "lrp", "epsilon": float("nan")}, "expected epsilon between 0 and 1000"),
        ({"method": "lrp", "target": "probability"}, "LRP explains the logit"),
        ({"method": "grad_cam", "target": "probability"}, "Grad-CAM explains the logit"),
    ],
)
def test_values_outside_their_range_are_refused(changes: dict[str, Any], message: str) -> None:
    given = {"method": "integrated_gradients", "preset": "default", **changes}
    with pytest.raises(InputError, match=message):
        resolve_settings(**given)


def test_settings_are_frozen_and_comparable() -> None:
    assert resolve_settings("grad_cam", "default") == Settings(method="grad_cam")
    assert hash(Settings()) == hash(resolve_settings("integrated_gradients", "default"))


@pytest.mark.parametrize(
    ("method", "changes", "sentence"),
    [
        ("grad_cam", {"n_steps": 50}, "n_steps has no effect on grad_cam"),
        (
            "integrated_gradients",
            {"layer": "conv2d"},
            "layer has no effect on integrated_gradients",
        ),
        ("integrated_gradients", {"rule": "trapezoid"}, "only with a fixed number of steps"),
        ("integrated_gradients", {"n_steps": 8, "tolerance": 0.1}, "only with steps as needed"),
        ("integrated_gradients", {"noise_level": 0.2}, "only with baseline noise"),
    ],
)
def test_a_setting_without_effect_is_refused(
    method: str, changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        resolve_settings(method, "default", **changes)


@pytest.mark.parametrize("max_steps", [5, 8, 513])
def test_a_limit_that_no_path_keeps_is_refused_at_once(max_steps: int) -> None:
    with pytest.raises(InputError, match=f"a limit of 9 to 512 steps, got {max_steps}"):
        Settings(max_steps=max_steps)
    assert Settings(max_steps=9).max_steps == 9


def test_a_seed_below_zero_is_refused_at_once() -> None:
    with pytest.raises(InputError, match="a seed of 0 or more, got -1"):
        Settings(baseline="noise", seed=-1)


@pytest.mark.parametrize(
    ("preset", "changes"),
    [
        ("default", {}),
        ("paper", {}),
        ("default", {"n_steps": 4, "baseline": "noise", "noise_level": 0.3, "seed": 7}),
        ("paper", {"rule": "gauss_legendre", "baseline": "dataset_mean", "target": "logit"}),
        ("default", {"tolerance": 0.1, "max_steps": 64}),
        ("default", {"map_tolerance": 0.02}),
        ("precise", {}),
        ("precise", {"max_steps": 64}),
        ("precise", {"n_steps": 8}),
    ],
)
def test_changes_give_the_same_settings_again(preset: str, changes: dict[str, Any]) -> None:
    settings = resolve_settings("integrated_gradients", preset, **changes)
    again = resolve_settings("integrated_gradients", preset, **settings.changes())
    assert again.as_dict() == settings.as_dict()
    assert set(settings.changes()) >= set(changes) - {"baseline"} or not changes


def test_changes_that_cannot_be_said_are_refused() -> None:
    with pytest.raises(InputError, match="steps as needed are not those of the preset paper"):
        Settings(preset="paper", target="probability").changes()
    with pytest.raises(InputError, match="any error of the map is not that of the preset precise"):
        Settings(preset="precise").changes()
