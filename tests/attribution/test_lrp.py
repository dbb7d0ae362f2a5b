"""LRP over callables; the rules themselves are tested with the networks."""

from __future__ import annotations

import numpy as np
import pytest

from tests.attribution.test_methods_by_name import LINEAR, SETTINGS, SHAPE, X
from xai_core.attribution import ModelFunctions, estimates_by, lrp
from xai_core.errors import InputError
from xai_core.values import FloatArray


def test_the_numbers_of_the_rules_reach_the_model() -> None:
    def relevances(points: FloatArray, gamma: float, epsilon: float) -> FloatArray:
        assert points.shape == (1, *SHAPE)
        return points * (10.0 * gamma + epsilon)

    np.testing.assert_allclose(lrp(relevances, X, gamma=2.0, epsilon=0.5), 20.5 * X)


@pytest.mark.parametrize("numbers", [{"gamma": -0.1}, {"epsilon": -1.0}, {"gamma": np.nan}])
def test_numbers_below_zero_are_refused(numbers: dict[str, float]) -> None:
    with pytest.raises(InputError, match="expected gamma and epsilon of at least 0"):
        lrp(lambda points, gamma, epsilon: points, X, **numbers)


def test_a_model_without_layers_is_said_to_have_none() -> None:
    plain = ModelFunctions(LINEAR.outputs, LINEAR.input_gradients, LINEAR.layer_gradients)
    with pytest.raises(InputError, match="LRP needs the layers of a network"):
        list(estimates_by("lrp", plain, X, np.zeros(SHAPE), SETTINGS))
