"""Scores as bars and confusion matrices: what is drawn, and what is said of it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.figures.hand_made import decoded, sent
from xai_core.errors import InputError
from xai_core.figures import accuracy_bars, alt_text, confusion_map, score_bars
from xai_core.figures.scores.parts import short_name
from xai_core.scores import Score
from xai_core.values import FAMILIES

SCORES = {
    "mfcc": {"bass": Score(0.5, 0.25, 0.625), "vocal": Score(0.75)},
    "stft": {"bass": Score(0.25, 0.125, 0.5)},
}
BASS, FLUTE, REED = (FAMILIES.index(name) for name in ("bass", "flute", "reed"))


def test_one_group_of_bars_a_family_one_bar_a_type() -> None:
    data = sent(score_bars(SCORES))["data"]
    assert [trace["name"] for trace in data] == ["MFCC", "STFT"]
    mfcc, stft = data
    assert (mfcc["x"], mfcc["y"]) == ([0, 1], [50.0, 75.0])
    assert (stft["x"], stft["y"]) == ([0], [25.0])
    assert mfcc["offsetgroup"] != stft["offsetgroup"]
    figure = score_bars(SCORES)
    assert list(figure.layout.xaxis.ticktext) == ["bass", "vocal"]
    assert figure.layout.yaxis.title.text == "Precision (%), 95 % interval"


def test_whiskers_reach_from_the_low_to_the_high_end() -> None:
    mfcc, stft = sent(score_bars(SCORES))["data"]
    # distances from the bar's end; nothing for a score without an interval
    assert mfcc["error_y"]["array"] == [12.5, None]
    assert mfcc["error_y"]["arrayminus"] == [25.0, None]
    assert (stft["error_y"]["array"], stft["error_y"]["arrayminus"]) == ([25.0], [12.5])


def test_families_keep_their_order_whatever_the_order_given() -> None:
    row = {family: Score(0.5) for family in reversed(FAMILIES)}
    figure = score_bars({"mfcc": row})
    assert tuple(figure.layout.xaxis.ticktext) == FAMILIES


def test_models_not_shown_to_beat_chance_are_hatched_and_named() -> None:
    figure = score_bars(SCORES, unproven={("mfcc", "vocal")})
    mfcc, stft, legend = sent(figure)["data"]
    assert mfcc["marker"]["pattern"]["shape"] == ["", "/"]
    assert stft["marker"]["pattern"]["shape"] == [""]
    assert mfcc["hovertext"] == [
        "bass, MFCC<br><b>50 % (25 to 62 %)</b>",
        "vocal, MFCC<br><b>75 %</b><br>not shown to be better than chance",
    ]
    assert legend["name"] == "not surely above chance"
    assert legend["offsetgroup"] == mfcc["offsetgroup"]  # takes up no room
    assert "Not shown to be better than chance: vocal by MFCC." in alt_text(figure)
    assert "better than chance" not in json.dumps(sent(score_bars(SCORES)))


def test_a_guess_is_drawn_across_the_bars_of_its_family() -> None:
    line = sent(score_bars(SCORES, chance={"vocal": 0.1}))["data"][-1]
    assert line["name"] == "a guess"
    assert line["x"][:2] == pytest.approx([0.6, 1.4])
    assert line["y"][:2] == [10.0, 10.0]


def test_bars_in_words() -> None:
    said = alt_text(score_bars(SCORES, metric="Recall"))
    assert said == (
        "Recall by family: MFCC from 50 % (bass) to 75 % (vocal); STFT from 25 % (bass) to 25 % "
        "(bass). Whiskers: 95 % intervals over instruments."
    )


def test_nothing_to_draw_and_unknown_families_are_refused() -> None:
    with pytest.raises(InputError, match="scores to draw, got none"):
        score_bars({"mfcc": {}})
    with pytest.raises(InputError, match="unknown family 'lute'"):
        score_bars({"mfcc": {"lute": Score(0.5)}})
    with pytest.raises(InputError, match="accuracies to draw, got none"):
        accuracy_bars({})


def test_accuracies_stand_beside_the_papers() -> None:
    accuracy = {"mfcc": Score(0.7, 0.65, 0.75), "tonnetz": Score(0.3), "averaged": Score(0.8)}
    figure = accuracy_bars(accuracy)
    *bars, paper = sent(figure)["data"]
    assert [bar["x"] for bar in bars] == [[70.0], [30.0], [80.0]]
    assert bars[0]["error_x"]["array"] == pytest.approx([5.0])
    assert (paper["x"], paper["y"]) == ([62.0], [0])  # MFCC alone; the paper has no Tonnetz
    assert list(figure.layout.yaxis.ticktext) == ["MFCC", "Tonnetz", "averaged"]
    low, high = figure.layout.yaxis.range
    assert low > high  # the first on top
    said = alt_text(figure)
    assert "MFCC 70 % (65 to 75 %), in the paper 62 %; Tonnetz 30 %; averaged 80 %." in said


def test_short_names() -> None:
    assert [short_name(t) for t in ("log_mel", "stft", "both")] == ["Log-mel", "STFT", "both"]


def _counts() -> np.ndarray:
    counts = np.diag([8] * 10)
    counts[BASS, BASS], counts[BASS, REED] = 3, 1
    counts[FLUTE] = 0
    return counts


def test_rows_are_the_true_families_in_percent() -> None:
    figure = confusion_map(_counts())
    (trace,) = sent(figure)["data"]
    z = decoded(trace["z"])
    assert (trace["x"], trace["y"]) == (list(FAMILIES), list(FAMILIES))
    assert z[BASS, BASS] == 75.0
    assert z[BASS, REED] == 25.0
    assert z[REED, BASS] == 0.0
    assert np.isnan(z[FLUTE]).all()  # no notes: no colour rather than 0 %
    assert (trace["zmin"], trace["zmax"]) == (0, 100)
    low, high = figure.layout.yaxis.range
    assert low > high


def test_numbers_stand_where_there_are_notes() -> None:
    texts = {(a.y, a.x): a.text for a in confusion_map(_counts()).layout.annotations}
    assert texts[BASS, BASS] == "75"
    assert texts[BASS, REED] == "25"
    assert len(texts) == 10  # nine families, and one confusion


def test_confusion_in_words() -> None:
    said = alt_text(confusion_map(_counts()))
    assert "brass is named right most often (100 %), bass least often (75 %)" in said
    assert said.endswith("the most frequent confusion is bass taken for reed (25 %).")
    assert alt_text(confusion_map(np.eye(10))).endswith("nothing is confused.")


@pytest.mark.parametrize("counts", [np.zeros((10, 10)), np.ones((9, 9)), -np.eye(10)])
def test_what_is_no_table_of_counts_is_refused(counts: np.ndarray) -> None:
    with pytest.raises(InputError, match="expected counts of notes, 10 x 10"):
        confusion_map(counts)
