"""What a collection holds, drawn: the numbers given are the numbers seen."""

from __future__ import annotations

import io

import numpy as np
import plotly.graph_objects as go
import pytest
from matplotlib.image import imread

from tests.figures.hand_made import decoded, sent, sentences_of
from xai_core.errors import InputError
from xai_core.figures import alt_text
from xai_core.figures.audit import (
    N_DOTS,
    NAME_LENGTH,
    SOURCE_COLOURS,
    ascii_pitch_name,
    finding_bars,
    give_away_dots,
    main_sources,
    pitch_map,
    shortened,
    source_bars,
)
from xai_core.figures.html import audit_html
from xai_core.figures.stills.charts import audit_png

NOTES = {"reed": {"x": 3, "y": 2}, "bass": {"y": 4}}
PITCHES = {"reed": {60: 5, 62: 1}, "bass": {40: 2}, "organ": {}}
FINDINGS = {"Clipped": (3, 12, "notes"), "Family from one source": (1, 2, "families")}
MEASURES = {"Peak (dBFS)": {"x": -6.0, "y": -20.0}, "Silence (s)": {"y": 1.5}}


# -------------------------------------------------------------------- notes by source


def test_each_family_is_divided_among_its_sources_in_the_order_of_families() -> None:
    figure = source_bars(NOTES)
    bars = {trace["name"]: trace for trace in sent(figure)["data"]}
    assert list(bars) == ["y", "x"]  # 6 and 3 notes
    assert bars["y"]["y"] == ["bass", "reed"]
    assert (bars["y"]["x"], bars["x"]["x"]) == ([4, 2], [0, 3])
    assert figure.layout.barmode == "stack"
    low, high = figure.layout.yaxis.range
    assert low > high  # the first family on top
    assert sentences_of(figure) == ["4", "5"]  # totals
    assert alt_text(figure) == (
        "Notes by family and source: 9 notes of 2 families from 2 sources; reed has the most, 5, "
        "and bass the fewest, 4; the largest source is y with 6."
    )
    assert alt_text(source_bars(NOTES, said="So it is.")).endswith("with 6. So it is.")


def test_small_sources_share_one_colour_and_no_note_is_lost() -> None:
    many = {"reed": {f"s{k:02d}": 20 - k for k in range(12)}}
    named, rest = main_sources(many)
    assert named == [f"s{k:02d}" for k in range(len(SOURCE_COLOURS))]
    assert len(rest) == 5
    traces = sent(source_bars(many))["data"]
    assert len(traces) == len(SOURCE_COLOURS) + 1
    assert traces[-1]["name"] == "other sources (5)"
    assert sum(trace["x"][0] for trace in traces) == sum(many["reed"].values())
    assert len({trace["marker"]["color"] for trace in traces}) == len(traces)


def test_names_of_sources_are_text_and_not_markup() -> None:
    (trace,) = sent(source_bars({"reed": {"<b>x": 1}}))["data"]
    assert trace["name"] == "&lt;b&gt;x"


def test_names_beside_medians_are_text_and_not_markup() -> None:
    figure = give_away_dots({"Peak (dBFS)": {"<b>x</b> & y": -6.0}})
    assert list(figure.layout.yaxis.ticktext) == ["&lt;b&gt;x&lt;/b&gt; &amp; y"]
    assert list(figure.data[0].text) == ["&lt;b&gt;x&lt;/b&gt; &amp; y"]


def test_long_names_lose_their_middle() -> None:
    name = "a" * 30 + "b" * 30
    assert len(shortened(name)) <= NAME_LENGTH
    assert shortened(name).startswith("aaa")
    assert shortened(name).endswith("bbb")
    assert shortened("short") == "short"


# ---------------------------------------------------------------------------- pitches


def test_pitches_lie_where_they_belong_and_gaps_stay_empty() -> None:
    figure = pitch_map(PITCHES)
    (trace,) = sent(figure)["data"]
    grid = decoded(trace["z"])
    assert trace["y"] == ["bass", "organ", "reed"]
    assert (trace["x0"], grid.shape) == (40, (3, 23))
    assert grid[0, 0] == 2
    assert (grid[2, 20], grid[2, 22]) == (5, 1)
    assert np.isnan(grid).sum() == grid.size - 3
    assert alt_text(figure) == "MIDI pitches by family: bass 40 to 40, reed 60 to 62."


@pytest.mark.parametrize(("pitch", "name"), [(60, "C4"), (21, "A0"), (61, "C#4"), (0, "C-1")])
def test_pitch_names(pitch: int, name: str) -> None:
    assert ascii_pitch_name(pitch) == name


# --------------------------------------------------------------------------- findings


def test_findings_are_shares_with_their_counts() -> None:
    figure = finding_bars(FINDINGS)
    (trace,) = sent(figure)["data"]
    assert trace["y"] == list(FINDINGS)
    assert trace["x"] == [25.0, 50.0]
    assert trace["text"] == ["3 of 12 notes", "1 of 2 families"]
    assert alt_text(figure) == (
        "Findings: Clipped, 3 of 12 notes; Family from one source, 1 of 2 families."
    )


def test_nothing_found_is_said() -> None:
    figure = finding_bars({})
    assert sentences_of(figure) == ["Nothing was found."]
    assert alt_text(figure) == "Findings: none."


# -------------------------------------------------------------------------- give-aways


def test_medians_stand_on_the_row_of_their_source() -> None:
    figure = give_away_dots(MEASURES)
    peak, silence = sent(figure)["data"]
    assert (peak["x"], peak["y"], peak["text"]) == ([-6.0, -20.0], [0, 1], ["x", "y"])
    assert (silence["x"], silence["y"], silence["xaxis"]) == ([1.5], [1], "x2")
    assert figure.layout.xaxis.title.text == "Peak (dBFS)"
    assert figure.layout.xaxis2.title.text == "Silence (s)"
    assert figure.layout.xaxis.domain[1] < figure.layout.xaxis2.domain[0]
    assert alt_text(figure) == (
        "Medians by source: Peak (dBFS) from -20.0 (y) to -6.0 (x); Silence (s) from 1.5 (y) to "
        "1.5 (y)."
    )


def test_no_more_sources_are_drawn_than_fit() -> None:
    figure = give_away_dots({"Peak (dBFS)": {f"s{k}": -float(k) for k in range(40)}})
    (trace,) = sent(figure)["data"]
    assert len(trace["x"]) == N_DOTS == len(figure.layout.yaxis.ticktext)


# --------------------------------------------------------------------- common to all


@pytest.mark.parametrize("draw", [source_bars, pitch_map])
def test_unknown_families_are_refused(draw: object) -> None:
    with pytest.raises(InputError, match="unknown family 'lute'"):
        draw({"lute": {}})  # type: ignore[operator]


@pytest.mark.parametrize(
    "figure",
    [source_bars({}), pitch_map({}), finding_bars({}), give_away_dots({})],
    ids=["sources", "pitches", "findings", "give-aways"],
)
def test_nothing_at_all_can_be_drawn(figure: go.Figure) -> None:
    assert alt_text(figure)
    assert figure.layout.height > 0


def test_the_page_needs_no_network_and_says_what_is_drawn() -> None:
    figure = finding_bars(FINDINGS)
    page = audit_html({"Findings & more": figure, "Again": figure}, title="Audit of <x>")
    assert page.startswith("<!DOCTYPE html>")
    assert "<h1>Audit of &lt;x&gt;</h1>" in page
    assert "<h2>Findings &amp; more</h2>" in page
    assert page.count(f"<figcaption>{alt_text(figure)}</figcaption>") == 2
    assert page.count("plotly.js v") == 1  # inside, and once
    assert "<script src=" not in page


# -------------------------------------------------------------------------------- PNG


def _picture(png: bytes) -> np.ndarray:
    return np.round(255 * imread(io.BytesIO(png))[:, :, :3]).astype(int)


def _pixels(picture: np.ndarray, colour: str) -> int:
    wanted = list(bytes.fromhex(colour.removeprefix("#")))
    return int((np.abs(picture - wanted).max(axis=2) <= 1).sum())


def test_the_still_has_areas_as_large_as_the_counts() -> None:
    notes = {"reed": {"_x": 30}, "bass": {"_x": 30, "y": 40}}
    picture = _picture(audit_png(notes, PITCHES, {}, {}, title="Costs $5 and $6"))
    assert picture.shape[1] == 1540
    x, y = (_pixels(picture, colour) for colour in SOURCE_COLOURS[:2])
    # equal but for the squares of the legend and the edges
    assert x / y == pytest.approx(60 / 40, rel=0.05)


def test_the_still_can_be_drawn_of_nothing_and_of_much() -> None:
    assert _picture(audit_png({}, {}, {}, {}, title="Nothing")).shape[1] == 1540
    many = {f"measure {k}": {f"s{i}": float(i) for i in range(40)} for k in range(4)}
    tall = audit_png(NOTES, PITCHES, FINDINGS, many, title="Much", said="It is much.")
    assert _picture(tall).shape[0] > 900
