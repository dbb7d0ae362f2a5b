"""Ten probabilities as bars, and a recording as a whole: what is drawn, and what is said of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from tests.figures.hand_made import sent, sentences_of
from xai_core.errors import InputError
from xai_core.figures import alt_text, probability_bars
from xai_core.figures.maps.answers import (
    COLUMNS,
    scan_map,
    waveform_envelope,
)
from xai_core.values import FAMILIES

# 1 %, 11 %, ... 91 %: no two alike
ROW = {family: 0.01 + 0.1 * k for k, family in enumerate(FAMILIES)}


def _bars(figure: go.Figure) -> dict[str, Any]:
    trace, rows, numbers = sent(figure)["data"]
    assert rows["customdata"] == trace["customdata"] == [[family] for family in FAMILIES]
    assert rows["marker"]["color"] == "rgba(0, 0, 0, 0)"
    assert set(rows["x"]) == {figure.layout.xaxis.range[1]}  # any place of a row is its bar
    assert trace["type"] == "bar"
    assert trace["textposition"] == "none"
    assert numbers["text"] == trace["text"]  # written once, in a column beside the bars
    assert numbers["y"] == trace["y"]
    assert len(set(numbers["x"])) == 1
    assert trace["orientation"] == "h"
    return dict(trace)


def test_ten_bars_in_the_order_of_the_families_whatever_the_order_given() -> None:
    backwards = dict(reversed(ROW.items()))
    figure = probability_bars(backwards)
    bars = _bars(figure)
    assert bars["y"] == list(FAMILIES)
    assert bars["x"] == pytest.approx([1 + 10 * k for k in range(10)])
    assert bars["text"] == [f"{1 + 10 * k} %" for k in range(10)]
    # the first family on top: the axis runs downward
    low, high = figure.layout.yaxis.range
    assert low > high
    assert list(figure.layout.yaxis.ticktext) == list(FAMILIES)
    assert list(figure.layout.yaxis.tickvals) == list(range(10))


def test_the_explained_family_alone_has_another_colour_and_a_bold_name() -> None:
    figure = probability_bars(ROW, highlighted="organ")
    colours = _bars(figure)["marker"]["color"]
    organ = FAMILIES.index("organ")
    others = colours[:organ] + colours[organ + 1 :]
    assert len(set(others)) == 1
    assert colours[organ] not in others
    bold = [text for text in figure.layout.yaxis.ticktext if text.startswith("<b>")]
    assert bold == ["<b>organ</b>"]


def test_without_a_highlight_all_bars_are_alike() -> None:
    assert len(set(_bars(probability_bars(ROW))["marker"]["color"])) == 1


@pytest.mark.parametrize("colour", ["EXPLAINED", "OTHER"])
def test_colours_can_be_told_from_both_backgrounds(colour: str) -> None:
    figure = probability_bars(ROW, highlighted="bass")
    text = _bars(figure)["marker"]["color"][0 if colour == "EXPLAINED" else 1]
    parts = [part / 255 for part in bytes.fromhex(text.removeprefix("#"))]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    luminance = sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    # WCAG asks 3 to 1 of what is not text; #0E1117 has a luminance of 0.0056
    assert 1.05 / (luminance + 0.05) >= 3
    assert (luminance + 0.05) / (0.0056 + 0.05) >= 3


def test_a_family_without_a_model_is_said_to_have_none() -> None:
    row = {family: p for family, p in ROW.items() if family != "mallet"}
    bars = _bars(probability_bars(row))
    mallet = FAMILIES.index("mallet")
    assert bars["text"][mallet] == "no model"
    assert bars["x"][mallet] == 0
    assert bars["text"].count("no model") == 1
    zero = _bars(probability_bars({**row, "mallet": 0.0}))
    assert zero["text"][mallet] == "0 %"  # a model that says no is something else


def test_the_line_at_50_percent_crosses_all_bars() -> None:
    figure = probability_bars(ROW)
    (line,) = figure.layout.shapes
    assert (line.type, line.xref, line.x0, line.x1) == ("line", "x", 50, 50)
    assert (line.yref, line.y0, line.y1) == ("paper", 0, 1)
    (label,) = figure.layout.annotations
    assert (label.x, label.text) == (50, "yes from 50 %")


def test_the_axis_holds_a_bar_at_100_percent_and_cannot_be_moved() -> None:
    figure = probability_bars(dict.fromkeys(FAMILIES, 1.0))
    assert _bars(figure)["x"] == [100.0] * 10
    low, high = figure.layout.xaxis.range
    assert low == 0
    assert high > 100
    assert figure.layout.xaxis.fixedrange
    assert figure.layout.yaxis.fixedrange


def test_a_bar_just_short_of_the_line_does_not_say_50_percent() -> None:
    assert _bars(probability_bars({"bass": 0.4999}))["text"][0] == "< 50 %"


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan"), float("inf")])
def test_what_is_no_probability_is_refused(value: float) -> None:
    with pytest.raises(InputError, match=r"probability in \[0, 1\] for reed, got"):
        probability_bars({**ROW, "reed": value})


def test_unknown_families_are_refused() -> None:
    with pytest.raises(InputError, match="unknown family 'lute'"):
        probability_bars({"lute": 0.5})
    with pytest.raises(InputError, match="unknown family 'lute'"):
        probability_bars(ROW, highlighted="lute")


def test_the_row_given_is_left_as_it_was() -> None:
    row = {"bass": 0.25}
    probability_bars(row, highlighted="reed")
    assert row == {"bass": 0.25}


def test_words_and_frame() -> None:
    figure = probability_bars(ROW, highlighted="bass", height=321, uirevision="row 1")
    assert (figure.layout.height, figure.layout.uirevision) == (321, "row 1")
    said = alt_text(figure)
    assert "vocal is the most probable at 91 %" in said
    assert "at least 50 %: keyboard" not in said  # 41 %
    assert "at least 50 %: mallet, organ, reed, string and vocal" in said
    assert "bass has 1 %" in said
    empty = probability_bars({})
    assert _bars(empty)["text"] == ["no model"] * 10
    assert "no model has judged the note" in alt_text(empty)
    assert sentences_of(empty) == ["yes from 50 %"]
    assert empty.layout.margin == probability_bars(ROW).layout.margin


def test_one_loud_sample_of_a_long_recording_is_kept_where_it_is() -> None:
    y = np.zeros(1_000_000)
    y[123_456], y[777_777] = 0.9, -0.7
    envelope = waveform_envelope(y)
    assert envelope.shape == (COLUMNS, 2)
    assert (envelope.max(), envelope.min()) == (0.9, -0.7)
    assert envelope[:, 1].argmax() == pytest.approx(0.123_456 * COLUMNS, abs=1)
    assert envelope[:, 0].argmin() == pytest.approx(0.777_777 * COLUMNS, abs=1)
    assert np.count_nonzero(envelope) == 2


@pytest.mark.parametrize("n", [1, 3, 10])
def test_a_very_short_recording_is_its_samples(n: int) -> None:
    y = np.linspace(-1, 1, n)
    np.testing.assert_array_equal(waveform_envelope(y), np.stack([y, y], axis=1))


def test_a_scan_has_a_row_for_each_family_and_gaps_where_nothing_is_heard() -> None:
    table = np.array([[0.9, np.nan, 0.2], [0.1, np.nan, 0.3]])
    figure = scan_map(table, [0.0, 1.0, 2.0], ["flute", "organ"])
    (trace,) = figure.data
    np.testing.assert_allclose(trace.z, 100 * table, rtol=1e-6)
    assert list(trace.x) == [2.0, 3.0, 4.0]  # the middles of 4 s windows
    assert "is the most probable in 50 %" in alt_text(figure)
    silent = scan_map(np.full((2, 1), np.nan), [0.0], ["flute", "organ"])
    assert alt_text(silent) == "Nothing can be heard in the recording."


def test_tables_of_another_shape_are_refused() -> None:
    with pytest.raises(InputError, match="got shape"):
        scan_map(np.zeros((2, 3)), [0.0], ["flute", "organ"])
    with pytest.raises(InputError, match="expected samples"):
        waveform_envelope(np.zeros((2, 2)))
