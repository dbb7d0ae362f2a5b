"""Figures of the tests of a map: values as they are sent, and the sentences beside them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.figures.hand_made import decoded, hot, integrated_gradients, noise, sent, zeros
from xai_core.errors import InputError
from xai_core.figures import alt_text, narrowed
from xai_core.figures.maps.trust import (
    agreement_map,
    cascade_curves,
    cascade_strip,
    removal_curves,
)

X = np.array([0.0, 0.5, 1.0])
LINES = {"by this map": (X, np.array([4.0, 1.0, 0.0])), "by energy": (X, np.array([4.0, 3.0, 0.0]))}
PANELS = {"Deletion": LINES, "Insertion": {name: (X, y[::-1]) for name, (_, y) in LINES.items()}}
METHODS = ("integrated_gradients", "grad_cam")


def test_curves_are_sent_in_percent_and_named_once() -> None:
    data = sent(removal_curves(PANELS, family="flute"))["data"]
    assert [(one["name"], one["xaxis"], one["showlegend"]) for one in data] == [
        ("by this map", "x", True),
        ("by energy", "x", True),
        ("by this map", "x2", False),
        ("by energy", "x2", False),
    ]
    np.testing.assert_allclose(decoded(data[0]["x"]), [0, 50, 100])
    np.testing.assert_allclose(decoded(data[3]["y"]), [0, 3, 4])
    assert len({str(one["line"]) for one in data}) == 2


def test_panels_stand_side_by_side_or_one_above_the_other() -> None:
    beside = removal_curves(PANELS, family="flute").layout
    assert beside.xaxis.domain[1] < beside.xaxis2.domain[0]
    assert tuple(beside.yaxis.domain) == tuple(beside.yaxis2.domain) == (0, 1)
    above = removal_curves(PANELS, family="flute", stacked=True).layout
    assert above.yaxis.domain[0] > above.yaxis2.domain[1]
    assert tuple(above.xaxis2.domain) == (0, 1)
    one = removal_curves({"Deletion": LINES}, family="flute", stacked=True).layout
    assert tuple(one.yaxis.domain) == tuple(one.xaxis.domain) == (0, 1)


def test_curves_in_words() -> None:
    assert alt_text(removal_curves(PANELS, family="flute")) == (
        "Logit of flute while bins are removed or put in. Deletion, mean of the curve: by this map "
        "1.5, by energy 2.5. Insertion, mean of the curve: by this map 1.5, by energy 2.5."
    )
    with pytest.raises(InputError, match="got none"):
        removal_curves({}, family="flute")
    with pytest.raises(InputError, match="got none"):
        removal_curves({"Deletion": {}}, family="flute")


def test_each_map_of_the_cascade_has_its_own_colours() -> None:
    maps = [integrated_gradients("log_mel", k * noise("log_mel", k)) for k in (1, 10)]
    figure = cascade_strip(maps, ["as it is", "logit"], [(1.0, 1.0), (0.4, -0.061)])
    data = sent(figure)["data"]
    assert data[1]["zmax"] > 5 * data[0]["zmax"]
    assert all(one["zmin"] == -one["zmax"] for one in data)
    texts = [note.text for note in figure.layout.annotations]
    assert texts == ["<b>as it is</b><br>1.00 · 1.00", "<b>logit</b><br>0.40 · −0.06"]
    assert alt_text(figure).endswith(
        "from the output down to logit. Rank correlation of the last with the map that is "
        "tested: 0.40 of absolute values, −0.06 with signs."
    )


def test_of_many_bins_the_strongest_is_drawn_with_its_sign() -> None:
    values = hot("stft", 3, 500, -2.0) + hot("stft", 5, 100, 1.0)
    (trace,) = sent(cascade_strip([integrated_gradients("stft", values)], ["a"], [(1, 1)]))["data"]
    rows = decoded(trace["z"])
    assert rows.shape == (96, 126)
    assert rows[500 * 96 // 1025, 3] == -2.0
    assert rows[100 * 96 // 1025, 5] == 1.0
    assert np.count_nonzero(rows) == 2
    (small,) = sent(
        cascade_strip([integrated_gradients("mfcc", noise("mfcc", 1))], ["a"], [(1, 1)])
    )["data"]
    np.testing.assert_allclose(decoded(small["z"]), noise("mfcc", 1).T, rtol=1e-6)


def test_maps_go_on_in_the_next_row() -> None:
    maps = [integrated_gradients("tonnetz", noise("tonnetz", k)) for k in range(5)]
    pairs = [(0.5, 0.5)] * 5
    one, two = (cascade_strip(maps, list("abcde"), pairs, columns=n).layout for n in (9, 3))
    assert two.height > 1.8 * one.height
    assert two.xaxis4.domain[0] == two.xaxis.domain[0]
    assert two.yaxis4.domain[1] < two.yaxis.domain[0]
    assert one.xaxis5.domain[1] == pytest.approx(1.0)
    assert two.yaxis5.domain[0] >= 0


def test_a_map_that_is_zero_everywhere_is_drawn_white() -> None:
    (trace,) = sent(
        cascade_strip([integrated_gradients("mfcc", zeros("mfcc"))], ["a"], [(0.0, 0.0)])
    )["data"]
    assert trace["zmin"] < 0 < trace["zmax"]


def test_a_cascade_without_its_numbers_is_refused() -> None:
    one = integrated_gradients("mfcc", noise("mfcc", 1))
    for wrong in (([], [], []), ([one], [], [(1, 1)]), ([one], ["a"], [])):
        with pytest.raises(InputError, match="a name and two correlations for each map"):
            cascade_strip(*wrong)
    with pytest.raises(InputError, match="lines of 2 correlations"):
        cascade_curves(["a", "b"], {"absolute": [1.0]})
    with pytest.raises(InputError, match="2 x 2 methods"):
        agreement_map(np.eye(3), METHODS)


def test_correlations_along_the_layers() -> None:
    lines = {"absolute": [1.0, 0.4], "with signs": [1.0, -0.5]}
    figure = cascade_curves(["as it is", "logit"], lines)
    data = sent(figure)["data"]
    np.testing.assert_allclose(decoded(data[1]["y"]), [1.0, -0.5])
    assert figure.layout.yaxis.range[0] < -0.5
    assert alt_text(figure).endswith(
        "at first absolute 1.00, in the end 0.40; with signs 1.00, in the end −0.50."
    )
    assert narrowed(figure).layout.height >= figure.layout.height


def test_cells_of_the_matrix_are_correlations() -> None:
    table = np.array([[1.0, -0.104], [-0.104, np.nan]])
    figure = agreement_map(table, METHODS)
    (trace,) = sent(figure)["data"]
    np.testing.assert_allclose(decoded(trace["z"]), table, rtol=1e-6)
    assert (trace["zmin"], trace["zmax"]) == (-1, 1)
    assert trace["y"] == ["1 Integrated Gradients", "2 Grad-CAM"]
    assert trace["customdata"][0][1] == "Integrated Gradients and Grad-CAM<br><b>−0.10</b>"
    texts = {(one.y, one.x): (one.text, one.font.color) for one in figure.layout.annotations}
    assert texts[0, 0] == ("1.00", "white")
    assert texts[0, 1] == ("−0.10", "black")
    assert (1, 1) not in texts
    assert "most alike Integrated Gradients and Grad-CAM (−0.10)" in alt_text(figure)
    alone = agreement_map(np.ones((1, 1)), METHODS[:1])
    assert alt_text(alone).endswith(": no two of them can be compared.")
