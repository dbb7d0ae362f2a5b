"""Larger text: every size in pixels grows by the factor, data and places across do not."""

from __future__ import annotations

import tomllib

import pytest

from tests.browser import ROOT
from tests.figures.hand_made import integrated_gradients, noise
from xai_core.errors import InputError
from xai_core.figures import Figure, alt_text, attribution_figure, enlarged, probability_bars
from xai_core.figures.base.drawing import LARGEST
from xai_core.values import FAMILIES


def figure() -> Figure:
    return attribution_figure(
        integrated_gradients("mfcc", noise("mfcc", 0)),
        title="Gradient at this point",
        subtitle="Red: more here would raise the score",
    )


def test_small_text_margins_and_height_grow_by_the_factor() -> None:
    before, after = figure().layout, enlarged(figure(), 1.25).layout
    line = after.height - 1.25 * before.height  # the subtitle became two lines
    assert line == pytest.approx(21, abs=0.5)
    assert after.margin.t == pytest.approx(1.25 * before.margin.t + line, abs=1)
    for side in "lrb":
        assert after.margin[side] == pytest.approx(1.25 * before.margin[side], abs=0.5)
    for part in ("font", "hoverlabel.font", "xaxis.tickfont", "xaxis.title.font"):
        assert after[part].size == pytest.approx(1.25 * before[part].size, abs=0.5)
    for one, other in zip(before.annotations, after.annotations, strict=True):
        assert other.yshift == pytest.approx(1.25 * one.yshift + line, abs=1)


def test_titles_grow_less_and_long_lines_are_broken_at_their_middle() -> None:
    title, subtitle = enlarged(figure(), 2.0).layout.annotations
    assert (title.text, title.font.size) == ("<b>Gradient at this point</b>", LARGEST)
    assert subtitle.text == "Red: more here would<br>raise the score"
    assert enlarged(figure(), 3.0).layout.font.size == LARGEST


def test_values_and_places_across_stay_and_the_figure_given_too() -> None:
    given = figure()
    size = given.layout.font.size
    larger = enlarged(given, 1.3)
    before, after = (one.to_plotly_json()["data"][0] for one in (given, larger))
    assert after["z"] == before["z"]
    assert after["zmax"] == before["zmax"]
    assert larger.layout.xaxis.domain == given.layout.xaxis.domain
    assert alt_text(larger) == alt_text(given)
    assert given.layout.font.size == size


def test_text_beside_bars_grows() -> None:
    bars = probability_bars(dict.fromkeys(FAMILIES, 0.5))
    before, after = (
        [trace.textfont.size for trace in one.data if trace.textfont.size]
        for one in (bars, enlarged(bars, 1.25))
    )
    assert after == [round(1.25 * size) for size in before]
    assert after


def test_a_factor_of_one_is_the_figure_itself() -> None:
    figure = probability_bars(dict.fromkeys(FAMILIES, 0.5))
    assert enlarged(figure, 1.0) is figure


@pytest.mark.parametrize("factor", [0.9, 3.1, float("nan")])
def test_other_factors_are_refused(factor: float) -> None:
    with pytest.raises(InputError, match="a factor from 1 to 3"):
        enlarged(probability_bars(dict.fromkeys(FAMILIES, 0.5)), factor)


def test_a_colour_bar_keeps_its_distance_in_pixels_where_a_figure_fills_the_screen() -> None:
    bar, larger = (one.data[0].colorbar for one in (figure(), enlarged(figure(), 1.5)))
    assert (bar.y, bar.yanchor) == (0, "top")  # the foot of the panel, whatever its height
    assert bar.ypad >= 30  # the ticks and the title of the axis lie between
    assert larger.ypad == pytest.approx(1.5 * bar.ypad, abs=0.5)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_icons_are_seen_on_the_page_of_either_theme(theme: str) -> None:
    themes = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    page = _luminance(themes[theme]["backgroundColor"])
    for colour in (figure().layout.modebar.color, figure().layout.modebar.activecolor):
        dark, light = sorted((page, _luminance(colour)))
        assert (light + 0.05) / (dark + 0.05) >= 3  # WCAG 2.2, 1.4.11


def _luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb`` by WCAG 2.2."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
