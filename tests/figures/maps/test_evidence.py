"""Bars of evidence: one pair of each partial or part, and what they say."""

from __future__ import annotations

import pytest

from xai_core.errors import InputError
from xai_core.figures import alt_text, narrowed
from xai_core.figures.maps.evidence import part_bars, partial_bars
from xai_core.values import Evidence

PARTIALS = (
    Evidence("partial 1", 1.0, -0.5),
    Evidence("partial 2", 3.0, 0.0),
    Evidence("between partials", 0.0, -1.5),
)
PARTS = (
    Evidence("before", 0.0, 0.0),
    Evidence("attack", 1.0, -2.0),
    Evidence("decay and sustain", 3.0, 0.0),
    Evidence("release", 0.0, 0.0),
)
ABOUT = {"family": "flute", "target": "logit"}


def test_bars_for_are_above_zero_and_bars_against_below() -> None:
    figure = partial_bars(PARTIALS, pitch=220.0, **ABOUT)
    above, below = figure.data
    assert (above.name, below.name) == ("for flute", "against flute")
    assert list(above.y) == [1.0, 3.0, 0.0]
    assert list(below.y) == [-0.5, 0.0, -1.5]
    assert figure.layout.barmode == "relative"
    assert list(figure.layout.xaxis.ticktext) == ["1", "2", "between"]
    assert figure.layout.yaxis.title.text == "Evidence (logit)"
    assert above.marker.color != below.marker.color


def test_a_bar_tells_frequency_size_and_share() -> None:
    above, below = partial_bars(PARTIALS, pitch=220.0, **ABOUT).data
    assert above.hovertext[1] == "partial 2, 440 Hz<br><b>3</b> for flute<br>75 % of that side"
    assert below.hovertext[2].startswith("between partials<br><b>−1.5</b> against flute<br>75 %")


def test_what_comes_before_the_note_is_drawn_where_there_is_some() -> None:
    assert [*part_bars(PARTS, **ABOUT).layout.xaxis.ticktext] == [
        "attack",
        "decay and<br>sustain",
        "release",
    ]
    early = (Evidence("before", 0.0, -0.1), *PARTS[1:])
    figure = part_bars(early, **ABOUT)
    assert figure.layout.xaxis.ticktext[0] == "before"
    assert sum(figure.data[0].y) + sum(figure.data[1].y) == pytest.approx(1.9)


def test_in_words() -> None:
    assert alt_text(partial_bars(PARTIALS, pitch=220.0, **ABOUT)) == (
        "Evidence by partial: strongest for flute: partial 2 (75 %); strongest against flute: "
        "between partials (75 %)."
    )
    none = [Evidence(one.name, one.speaks_for, 0.0) for one in PARTS]
    assert alt_text(part_bars(none, **ABOUT)) == (
        "Evidence by part of the note: strongest for flute: decay and sustain (75 %); none speaks "
        "against flute."
    )


def test_a_narrow_window_keeps_every_bar() -> None:
    figure = partial_bars(PARTIALS, pitch=220.0, **ABOUT)
    assert narrowed(figure) == figure  # no legend to move, and as high as before


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(InputError, match="evidence by partial"):
        partial_bars((), pitch=220.0, **ABOUT)
    with pytest.raises(InputError, match="evidence by part of a note"):
        part_bars((), **ABOUT)
