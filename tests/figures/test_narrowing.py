"""Figures on a narrow screen: the legend beneath, and as few numbers as fit."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest

from xai_core.figures import narrowed, probability_bars, training_curves

HISTORY = {"loss": [1.0, 0.5], "accuracy": [0.5, 0.75]}


def test_a_legend_beside_goes_beneath_and_the_plot_keeps_its_height() -> None:
    wide = training_curves(dict.fromkeys(("flute", "reed", "organ"), HISTORY))
    narrow = narrowed(wide)
    assert (narrow.layout.legend.orientation, narrow.layout.legend.y) == ("h", 0)
    assert narrow.layout.margin.r < wide.layout.margin.r
    plots = [
        one.layout.height - one.layout.margin.t - one.layout.margin.b for one in (wide, narrow)
    ]
    assert plots[0] == plots[1]
    # room for the rows of three entries that share one
    assert narrow.layout.margin.b == wide.layout.margin.b + 19
    many = {f"a model with a long name {k}": HISTORY for k in range(6)}
    assert narrowed(training_curves(many)).layout.margin.b == wide.layout.margin.b + 6 * 19
    assert wide.layout.legend.orientation is None  # the first one is as it was


def test_a_percent_scale_keeps_the_texts_of_its_ticks() -> None:
    bars = narrowed(probability_bars({"flute": 0.5}))
    texts = dict(zip(bars.layout.xaxis.tickvals, bars.layout.xaxis.ticktext, strict=True))
    assert texts == {0: "0", 50: "50", 100: "100 %"}


def test_a_figure_without_both_is_left_alone() -> None:
    figure = go.Figure(layout={"height": 100})
    assert narrowed(figure) is figure


@pytest.mark.parametrize("stacked", [False, True])
def test_the_panels_of_training_stand_side_by_side_or_stacked(stacked: bool) -> None:
    layout = training_curves({"flute": HISTORY}, stacked=stacked).layout
    (x, x2), (y, y2) = (layout.xaxis, layout.xaxis2), (layout.yaxis, layout.yaxis2)
    if stacked:
        assert x.domain == x2.domain == (0, 1)
        assert y.domain[0] > y2.domain[1]  # loss above accuracy
    else:
        assert x.domain[1] < x2.domain[0]
        assert y.domain == y2.domain == (0, 1)
