"""Boxes on a map, answers before and after, answers along a level: what is drawn and said."""

from __future__ import annotations

import numpy as np
import pytest

from tests.figures.hand_made import hot, integrated_gradients, sent
from xai_core.errors import InputError
from xai_core.figures import alt_text, attribution_figure, probability_bars
from xai_core.figures.maps.listening import answer_change, box_panel, change_map, level_curves
from xai_core.values import FAMILIES

MAP = integrated_gradients("stft", hot("stft", 10, 20))


def test_the_map_on_which_boxes_are_drawn_stays_as_it_is() -> None:
    layout = sent(box_panel(MAP))["layout"]
    assert layout["meta"]["playhead"] == ["x"]
    assert layout["meta"]["boxes"] is True
    assert layout["meta"]["alt"] == alt_text(attribution_figure(MAP))
    assert layout["dragmode"] is False  # dragging draws, and does not zoom
    assert layout["xaxis"]["type"] == layout["yaxis"]["type"] == "linear"  # as the script takes it


def test_each_cell_has_both_answers_and_the_colour_of_the_change() -> None:
    before = {"mfcc": {"flute": 0.9, "organ": 0.2}, "together": {"flute": 0.8, "organ": 0.1}}
    after = {"mfcc": {"flute": 0.1, "organ": 0.25}, "together": {"flute": 0.8, "organ": 0.3}}
    figure = change_map(before, after, highlighted=("mfcc", "organ"))
    (map_,) = sent(figure)["data"]
    assert map_["text"] == [["90 → 10", "80 → 80"], ["20 → 25", "10 → 30"]]
    np.testing.assert_allclose(figure.data[0].z, [[-80, 0], [5, 20]], atol=1e-4)
    assert (map_["zmin"], map_["zmax"]) == (-100, 100)  # white is no change, in every picture
    assert figure.layout.xaxis.ticktext == ("MFCC", "together")
    assert figure.layout.yaxis.ticktext == ("flute", "organ")
    (frame,) = figure.layout.shapes
    assert (frame.x0, frame.y0) == (-0.5, 0.5)
    assert "Largest changes: flute by MFCC 90 → 10 %; organ by together" in alt_text(figure)


def test_what_is_not_known_is_left_open() -> None:
    before = {"mfcc": {"flute": 0.9, "organ": 0.2}, "tonnetz": {"flute": 0.5}}
    figure = change_map(before, {"mfcc": {"flute": 0.4, "organ": 0.2}})
    assert sent(figure)["data"][0]["text"] == [["90 → 40", "50 → …"], ["20 → 20", ""]]
    assert np.isnan(figure.data[0].z[1, 1])
    with pytest.raises(InputError, match="at least one model"):
        change_map({}, {})


def test_a_narrow_map_has_short_cells() -> None:
    row = {"spectral_contrast": {"flute": 1.0}}
    figure = change_map(row, row, narrow=True)
    assert sent(figure)["data"][0]["text"] == [["100→100"]]
    assert figure.layout.xaxis.ticktext == ("Spectral<br>contrast",)


def test_families_that_lead_have_colours_and_names() -> None:
    table = [[90, 60, 10], [10, 20, 80], [5, 5, 5]]
    figure = level_curves(
        [-20.0, 0.0, 10.0],
        np.array(table) / 100,
        ("flute", "organ", "reed"),
        tips=[(6.0, "organ")],
        level=-3.0,
    )
    named = [trace.name for trace in figure.data if trace.showlegend]
    assert sorted(named) == ["flute", "organ"]
    assert {trace.name: list(trace.y) for trace in figure.data}["organ"] == [10, 20, 80]
    assert [shape.x0 for shape in figure.layout.shapes] == [6.0, -3.0]
    assert alt_text(figure).endswith("second note: flute, from 6.0 dB on organ.")
    with pytest.raises(InputError, match="2 families and 3 levels"):
        level_curves([0.0, 1.0, 2.0], np.ones((3, 3)), ("flute", "organ"))


def test_a_bar_shows_where_its_answer_was() -> None:
    now, then = dict.fromkeys(FAMILIES, 0.5), {"flute": 0.25, "organ": 1.0}
    marks = sent(probability_bars(now, before=then))["data"][-1]
    assert (marks["x"], marks["y"]) == ([25.0, 100.0], ["flute", "organ"])
    assert len(probability_bars(now).data) == len(probability_bars(now, before=then).data) - 1


def test_an_answer_is_written_as_it_was_and_is() -> None:
    assert answer_change(0.004, 1.0) == "< 1 % → 100 %"
