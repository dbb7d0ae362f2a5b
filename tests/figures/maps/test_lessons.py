"""Figures of the Learn page: what is drawn are the numbers that were given."""

from __future__ import annotations

import numpy as np
import pytest

from xai_core.errors import InputError
from xai_core.figures import alt_text
from xai_core.figures.maps.lessons import (
    number_grid,
    path_curve,
    weight_bars,
)

OUTPUTS = np.array([-1.0, -0.5, 0.5, 1.0])
SUMS = np.array([0.0, 0.4, 1.6, 2.0])
POSITIONS = np.array([0.0, 0.25, 0.75, 1.0])


def test_the_path_shows_the_whole_score_and_the_sum_so_far() -> None:
    score, total, points = path_curve(OUTPUTS, SUMS, POSITIONS, 2).data
    assert list(score.y) == [0.0, 0.5, 1.5, 2.0]  # since silence
    assert list(score.x) == [0.0, 25.0, 75.0, 100.0]
    assert list(total.y) == [0.0, 0.4, 1.6]
    assert list(points.y) == [1.5, 1.6]
    assert list(points.x) == [75.0, 75.0]


def test_the_path_in_words() -> None:
    said = alt_text(path_curve(OUTPUTS, SUMS, POSITIONS, 2))
    assert "After 2 of 3 steps the attributions sum to 1.6" in said
    assert "changed by 1.5 since silence" in said


@pytest.mark.parametrize("step", [-1, 4])
def test_a_step_that_is_not_on_the_path_is_refused(step: int) -> None:
    with pytest.raises(InputError, match=f"expected 0 to 3 steps, got {step}"):
        path_curve(OUTPUTS, SUMS, POSITIONS, step)


def test_a_grid_has_frames_to_the_right_and_bins_upward() -> None:
    values = [[1.0, 2.0], [3.0, -4.0]]  # (frame, bin)
    figure = number_grid(values, name="A", signed=True)
    (trace,) = figure.data
    assert np.asarray(trace.z).tolist() == [[1.0, 3.0], [2.0, -4.0]]  # (bin, frame)
    assert (trace.zmin, trace.zmax) == (-4.0, 4.0)
    cells = {(a.x, a.y): a.text for a in figure.layout.annotations if a.text != "<b>A</b>"}
    assert cells == {(0, 0): "1.00", (1, 0): "3.00", (0, 1): "2.00", (1, 1): "−4.00"}
    assert "from the highest bin down: 2.00 -4.00; 1.00 3.00" in alt_text(figure)


def test_a_grid_of_zeros_can_be_drawn() -> None:
    (trace,) = number_grid(np.zeros((2, 2)), name="A").data
    assert (trace.zmin, trace.zmax) == (0.0, 1.0)


def test_weights_are_told_apart_by_sign() -> None:
    figure = weight_bars([0.5, -0.25], [7, 3])
    (trace,) = figure.data
    assert list(trace.x) == [0.5, -0.25]
    assert list(trace.y) == ["filter 7", "filter 3"]
    assert len(set(trace.marker.color)) == 2
    assert "filter 7 0.5, filter 3 −0.25" in alt_text(figure)
    with pytest.raises(InputError, match="a weight for each"):
        weight_bars([1.0], [])
