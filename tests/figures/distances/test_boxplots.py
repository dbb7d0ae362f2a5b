"""Boxplots of distances: the five numbers, places, points with their pair, and words."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.cbook import boxplot_stats
from matplotlib.image import imread

from tests.figures.hand_made import decoded, sent
from tests.made_pairs import METHOD, levels, notes_of, pairs_of
from xai_core.catalogue.metrics import METRICS
from xai_core.catalogue.paper import PAPER_METRICS
from xai_core.errors import InputError
from xai_core.figures import alt_text, distance_boxplots
from xai_core.figures.distances.boxes import FAMILY_COLOURS, boxes_of, of_type_and_method
from xai_core.figures.distances.boxplots import MOST_POINTS
from xai_core.figures.stills.charts import distance_boxplots_png
from xai_core.metrics.statistics import draw_instruments, within_families
from xai_core.values import FAMILIES

PAIRS = pairs_of(notes_of(["bass", "vocal"]), levels({"bass": 1.0, "vocal": 2.0}))
SKEWED = pairs_of(
    notes_of(["reed"]), lambda a, b, metric: float(sum(map(ord, a[2] + b[2])) % 7) ** 3
)


def _traces(figure: Any, kind: str) -> list[dict[str, Any]]:
    return [trace for trace in sent(figure)["data"] if trace["type"] == kind]


def _luminance(colour: str) -> float:
    channels = np.frombuffer(bytes.fromhex(colour.removeprefix("#")), np.uint8) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])  # WCAG 2


def test_every_family_has_a_colour_seen_on_white_and_on_near_black() -> None:
    assert tuple(FAMILY_COLOURS) == FAMILIES
    assert len(set(FAMILY_COLOURS.values())) == len(FAMILIES)
    near_black = _luminance("#0E1117")
    for colour in FAMILY_COLOURS.values():
        assert 1.05 / (_luminance(colour) + 0.05) >= 3.0, colour
        assert (_luminance(colour) + 0.05) / (near_black + 0.05) >= 3.0, colour


def test_five_numbers_are_those_of_matplotlib() -> None:
    (box,) = boxes_of(of_type_and_method(SKEWED, type="mfcc", method=METHOD), "emd")
    (theirs,) = boxplot_stats(SKEWED["emd"].to_numpy())
    assert (box.q1, box.median, box.q3) == (theirs["q1"], theirs["med"], theirs["q3"])
    assert (box.low, box.high) == (theirs["whislo"], theirs["whishi"])
    assert box.n_beyond == len(theirs["fliers"])
    assert box.n_distances == 66


def test_panels_are_the_papers_metrics_and_boxes_stand_at_their_family() -> None:
    figure = distance_boxplots(PAIRS, type="mfcc", method=METHOD)
    boxes = _traces(figure, "box")
    assert [trace["xaxis"] for trace in boxes] == ["x", "x", "x2", "x2", "x3", "x3", "x4", "x4"]
    assert [decoded(trace["x"])[0] for trace in boxes[:2]] == [0, 9]
    np.testing.assert_allclose([decoded(t["median"])[0] for t in boxes[:2]], [1, 2], rtol=0.01)
    assert decoded(boxes[0]["q3"]).dtype == np.float32
    assert boxes[0]["line"]["color"] == FAMILY_COLOURS["bass"]
    assert tuple(figure.layout.xaxis4.ticktext) == FAMILIES
    titles = [note.text for note in figure.layout.annotations]
    assert titles == [f"<b>{METRICS[metric].label}</b>" for metric in PAPER_METRICS]
    tops = [figure.layout[f"yaxis{k}"].domain[1] for k in ("", 2, 3, 4)]
    assert tops[0] == tops[1] == pytest.approx(1.0)
    assert tops[2] == tops[3] < figure.layout.yaxis.domain[0]


def test_the_divergence_with_two_directions_is_drawn_with_both() -> None:
    pairs = PAIRS.assign(kl_divergence=1.0, kl_divergence_reversed=3.0)
    (bass, vocal) = boxes_of(of_type_and_method(pairs, type="mfcc", method=METHOD), "kl_divergence")
    assert (bass.median, bass.n_distances) == (2.0, 132)
    assert vocal.median == 2.0


def test_points_tell_their_pair() -> None:
    assert not _traces(distance_boxplots(PAIRS, type="mfcc", method=METHOD), "scatter")
    figure = distance_boxplots(PAIRS, type="mfcc", method=METHOD, metrics=["emd"], points=True)
    bass, vocal = _traces(figure, "scatter")
    known = PAIRS.set_index(["note_a", "note_b"])["emd"]
    for trace, place in ((bass, 0), (vocal, 9)):
        x, y = decoded(trace["x"]), decoded(trace["y"])
        assert y.size == 66
        assert np.abs(x - place).max() < 0.25  # over the box
        for pair, value in zip(trace["customdata"], y, strict=True):
            assert pair[0] == "mfcc"
            assert pair[1] == FAMILIES[place]
            assert value == np.float32(known[pair[2], pair[3]])


def test_of_many_pairs_the_ends_are_drawn() -> None:
    many = pairs_of(notes_of({"bass": 10}, each=3), levels({"bass": 1.0}))  # 435 pairs
    figure = distance_boxplots(many, type="mfcc", method=METHOD, metrics=["emd"], points=True)
    (points,) = _traces(figure, "scatter")
    y = decoded(points["y"])
    assert y.size == MOST_POINTS
    ends = many["emd"].min(), many["emd"].max()
    np.testing.assert_array_equal([y[0], y[-1]], np.array(ends, np.float32))


def test_intervals_of_medians_stand_beside_the_boxes() -> None:
    draws = draw_instruments(PAIRS, rng=np.random.default_rng(0), n_resamples=50)
    medians = within_families(PAIRS, draws).table()
    figure = distance_boxplots(PAIRS, type="mfcc", method=METHOD, metrics=["emd"], medians=medians)
    bass, _ = _traces(figure, "scatter")
    row = medians[(medians["metric"] == "emd") & (medians["family"] == "bass")].iloc[0]
    np.testing.assert_allclose(decoded(bass["y"]), row["median"], rtol=1e-6)
    above, below = decoded(bass["error_y"]["array"]), decoded(bass["error_y"]["arrayminus"])
    np.testing.assert_allclose(above, row["median_high"] - row["median"], rtol=1e-5)
    np.testing.assert_allclose(below, row["median"] - row["median_low"], rtol=1e-5)
    assert "66 pairs of 12 notes, 4 instruments" in bass["hovertext"][0]


def test_null_maps_and_spectrograms_stand_beside_in_the_unit_or_to_scale() -> None:
    null = PAIRS.assign(emd=PAIRS["emd"] * 2, difference_mean=PAIRS["difference_mean"] / 50)
    other = PAIRS.assign(method="grad_cam", emd=99.0)
    beside = {"random": pd.concat([null, other]), "spectrogram": PAIRS.assign(method="", emd=0.5)}
    metrics = ["emd", "difference_mean"]
    figure = distance_boxplots(PAIRS, type="mfcc", method=METHOD, metrics=metrics, beside=beside)
    boxes = [one for one in _traces(figure, "box") if one.get("showlegend") is False]
    for panel, medians in (("x", [1, 2, 2, 4, 0.5, 0.5]), ("x2", [1, 2, 1, 2, 1, 2])):
        drawn = [one for one in boxes if one["xaxis"] == panel]
        found = [decoded(one["median"])[0] for one in drawn]
        np.testing.assert_allclose(found, medians, rtol=0.01)
        places = [decoded(one["x"])[0] for one in drawn]
        widths = [one["width"] for one in drawn]
        ends = [(x - w / 2, x + w / 2) for x, w in zip(places, widths, strict=True)]
        for first, second in ((0, 2), (2, 4)):  # of bass, from left to right, none over another
            assert ends[first][1] <= ends[second][0]
        assert ends[4][1] <= ends[1][0]  # the next family's is further on
        assert widths[0] > widths[2] > widths[4]
        assert [one["name"] for one in drawn[::2]] == [
            "bass",
            "bass, random network",
            "bass, spectrogram",
        ]
    named = [one["name"] for one in _traces(figure, "box") if one.get("showlegend")]
    assert named == ["model", "random network", "spectrogram"]
    assert figure.layout.showlegend
    assert alt_text(figure).endswith(
        " Narrower boxes beside: maps of random networks (hollow) and spectrograms (grey)."
    )
    alone = distance_boxplots(PAIRS, type="mfcc", method=METHOD, beside={"random": other})
    assert sent(alone) == sent(distance_boxplots(PAIRS, type="mfcc", method=METHOD))
    plain = distance_boxplots_png(PAIRS, type="mfcc", method=METHOD)
    assert plain == distance_boxplots_png(PAIRS, type="mfcc", method=METHOD, beside={})
    picture = imread(
        io.BytesIO(distance_boxplots_png(PAIRS, type="mfcc", method=METHOD, beside=beside))
    )
    assert picture.shape == imread(io.BytesIO(plain)).shape


def test_points_lie_over_the_models_box() -> None:
    beside = {"random": PAIRS}
    figure = distance_boxplots(
        PAIRS, type="mfcc", method=METHOD, metrics=["emd"], points=True, beside=beside
    )
    bass = _traces(figure, "scatter")[0]
    box = _traces(figure, "box")[0]
    assert np.abs(decoded(bass["x"]) - decoded(box["x"])[0]).max() <= box["width"] / 2


def test_what_is_said_in_words() -> None:
    plain = pairs_of(notes_of(["bass", "vocal"]), lambda a, b, metric: 2.0 + (a[0] == "bass"))
    said = alt_text(distance_boxplots(plain, type="mfcc", method=METHOD, metrics=["emd"]))
    assert said == (
        "MFCC, Integrated Gradients: distances between the heatmaps of two notes of a family. "
        "Earth Mover's Distance: medians from 2.00 (vocal) to 3.00 (bass). "
        "Nothing of brass, flute, guitar, keyboard, mallet, organ, reed, string."
    )
    far = plain.assign(emd=np.where(plain.index == 0, 50.0, plain["emd"]))  # a pair of bass
    said = alt_text(distance_boxplots(far, type="mfcc", method=METHOD, metrics=["emd"]))
    assert said.endswith(" 1 distance beyond the whiskers is not drawn.")
    drawn = distance_boxplots(far, type="mfcc", method=METHOD, metrics=["emd"], points=True)
    assert "beyond" not in alt_text(drawn)


def test_nothing_yet_is_a_figure_with_axes() -> None:
    figure = distance_boxplots(PAIRS[:0], type="mfcc", method=METHOD)
    assert len(sent(figure)["data"]) == 4  # one empty trace keeps the axes of each panel
    assert not figure.layout.yaxis.showticklabels  # no numbers of what is not there
    assert alt_text(figure).endswith("; none yet.")


def test_what_is_unknown_is_refused() -> None:
    with pytest.raises(InputError, match="unknown spectrogram type 'cqt'"):
        distance_boxplots(PAIRS, type="cqt", method=METHOD)
    with pytest.raises(InputError, match="unknown metric 'cosine'"):
        distance_boxplots(PAIRS, type="mfcc", method=METHOD, metrics=["cosine"])
    with pytest.raises(InputError, match="expected metrics to draw, got none"):
        distance_boxplots(PAIRS, type="mfcc", method=METHOD, metrics=[])


def test_the_still_draws_boxes_in_their_colours() -> None:
    png = distance_boxplots_png(PAIRS, type="mfcc", method=METHOD)
    picture = imread(io.BytesIO(png))[:, :, :3]
    assert picture.shape == (960, 1650, 3)

    def n_pixels(family: str) -> int:
        colour = np.frombuffer(bytes.fromhex(FAMILY_COLOURS[family][1:]), np.uint8) / 255
        return int((np.abs(picture - colour).max(axis=2) < 0.03).sum())

    assert n_pixels("bass") > 100
    assert n_pixels("vocal") > 100
    assert n_pixels("reed") == 0
    nothing: pd.DataFrame = PAIRS[:0]
    assert distance_boxplots_png(nothing, type="mfcc", method=METHOD) != png
