"""The PNG of figure 4, decoded: bars as high as their scores."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.image import imread

from xai_core.figures.stills.charts import score_bars_png
from xai_core.scores import Score

GREEN = np.array([0x00, 0x9E, 0x73]) / 255  # MFCC


def _rows(png: bytes) -> np.ndarray:
    """Return the rows, from the top, in which the left half has an outline of full green."""
    picture = imread(io.BytesIO(png))[:, :, :3]
    assert picture.shape == (630, 1650, 3)
    left = picture[: 630 - 60, :825]  # without the legend
    return np.flatnonzero((np.abs(left - GREEN).max(axis=2) < 0.03).any(axis=1))


def test_a_bar_is_as_high_as_its_score_and_the_whisker_reaches_its_ends() -> None:
    whole = _rows(score_bars_png({"mfcc": {"bass": Score(1.0), "vocal": Score(0.0)}}))
    half = _rows(score_bars_png({"mfcc": {"bass": Score(0.5), "vocal": Score(0.0)}}))
    assert np.ptp(half) / np.ptp(whole) == pytest.approx(0.5, abs=0.01)
    scores = {"mfcc": {"bass": Score(0.5, 0.4, 0.75), "vocal": Score(0.0)}}
    assert np.ptp(_rows(score_bars_png(scores))) / np.ptp(whole) == pytest.approx(0.75, abs=0.01)


def test_hatching_and_a_guess_change_the_picture() -> None:
    scores = {"mfcc": {"bass": Score(0.5, 0.4, 0.75)}}
    plain = score_bars_png(scores)
    assert score_bars_png(scores) == plain
    assert score_bars_png(scores, unproven={("mfcc", "bass")}) != plain
    assert score_bars_png(scores, chance={"bass": 0.1}) != plain
