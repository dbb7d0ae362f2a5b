"""The four panels: linked, of one size whether filled or not, and small enough to send."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from tests.figures.hand_made import (
    SECONDS_PER_FRAME,
    decoded,
    feature_maps,
    grad_cam,
    hot,
    integrated_gradients,
    maps_sent,
    noise,
    sent,
    sentences_of,
    shape_of,
    spectrogram,
    zeros,
)
from xai_core.errors import GridMismatchError
from xai_core.figures import alt_text, explore_panels, limits, probability_bars
from xai_core.values import (
    SPECTROGRAM_TYPES,
    Attribution,
    Axis,
    FeatureMaps,
    Spectrogram,
)

Panels = tuple[Spectrogram, FeatureMaps, Attribution, Attribution]

SIZES = {"stft": (31, 256), "log_mel": (31, 32), "mfcc": (31, 10)}  # of conv2d_5


def _panels(type: str = "chroma", *, layer: str = "conv2d_5") -> Panels:
    """Return four panels with values as large as those of real notes."""
    rng = np.random.default_rng(11)
    size = shape_of(type) if layer == "conv2d" else SIZES.get(type, (31, shape_of(type)[1]))
    return (
        spectrogram(type, rng.random(shape_of(type))),
        feature_maps(type, np.maximum(rng.normal(size=(4, *size)), 0), layer=layer),  # ReLU
        integrated_gradients(type, 1e-4 * noise(type, 12)),
        grad_cam(type, rng.random(shape_of(type))),
    )


def _explore(
    spectrogram: Spectrogram | None,
    feature_maps: FeatureMaps | None,
    *attributions: Attribution | None,
    **drawn: Any,
) -> go.Figure:
    """Draw four panels; None is a panel that waits for its value."""
    by_method = {one.method: one for one in attributions if one is not None}
    return explore_panels(spectrogram, feature_maps, by_method, **drawn)


def _axes_of(figure: go.Figure) -> dict[str, dict[str, Any]]:
    layout = sent(figure)["layout"]
    return {
        name.replace("axis", ""): axis
        for name, axis in layout.items()
        if name.startswith(("xaxis", "yaxis"))
    }


def _box(axes: dict[str, dict[str, Any]], x: str) -> tuple[float, ...]:
    """Return left, right, bottom and top of the panel over a time axis."""
    spans = [axis["domain"] for axis in axes.values() if axis["anchor"] == x]
    return (*axes[x]["domain"], min(low for low, _ in spans), max(high for _, high in spans))


# ------------------------------------------------------------------------ linking


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
def test_zooming_is_linked(type: str) -> None:
    axes = _axes_of(_explore(*_panels(type)))
    assert [axes[x].get("matches") for x in ("x", "x2", "x3", "x4")] == [None, "x", "x", "x"]
    assert [axes[y].get("matches") for y in ("y", "y3", "y4")] == [None, "y", "y"]
    # axes that match must agree, else Plotly unites their ranges
    assert len({tuple(axes[x]["range"]) for x in ("x", "x2", "x3", "x4")}) == 1
    assert len({tuple(axes[y]["range"]) for y in ("y", "y3", "y4")}) == 1
    assert len({axes[y]["type"] for y in ("y", "y3", "y4")}) == 1
    # a strip of feature maps has bins of its own
    assert all("matches" not in axes[y] for y in ("y2", "y5", "y6", "y7"))


def test_panels_lie_side_by_side_with_equal_widths() -> None:
    axes = _axes_of(_explore(*_panels("stft")))
    boxes = [_box(axes, x) for x in ("x", "x2", "x3", "x4")]
    widths = [right - left for left, right, _, _ in boxes]
    assert widths == pytest.approx([widths[0]] * 4, rel=1e-9)
    assert boxes[0][0] == 0
    assert boxes[3][1] == pytest.approx(1)
    assert all(a[1] < b[0] for a, b in pairwise(boxes))
    assert all(box[2:] == pytest.approx((0, 1)) for box in boxes)


@pytest.mark.parametrize("type", ["stft", "log_mel"])
def test_an_axis_in_hertz_can_have_the_names_of_notes(type: str) -> None:
    panels = _panels(type)
    hertz, notes = (_explore(*panels, notes=named) for named in (False, True))
    for y in ("y", "y3", "y4"):
        assert "C8" in _axes_of(notes)[y]["ticktext"]
        assert "C8" not in _axes_of(hertz)[y].get("ticktext", ())
        assert _axes_of(notes)[y]["range"] == _axes_of(hertz)[y]["range"]
    assert _axes_of(notes)["y"]["title"]["text"] == "Frequency (note)"
    assert _axes_of(hertz)["y"]["title"]["text"] == "Frequency (Hz)"


def test_the_note_of_each_bin_travels_with_an_axis_in_hertz() -> None:
    notes = sent(_explore(*_panels("stft")))["layout"]["meta"]["notes"]
    frequencies = notes["start"] + notes["step"] * np.arange(len(notes["names"]))
    called = frequencies[[name == "A4" for name in notes["names"]]]
    # bins that are 7.8125 Hz apart, within half a semitone of 440 Hz
    assert called.tolist() == [429.6875, 437.5, 445.3125]
    notes = sent(_explore(*_panels("log_mel")))["layout"]["meta"]["notes"]
    assert (notes["start"], notes["step"], len(notes["names"])) == (0, 1, 128)
    assert "notes" not in sent(_explore(*_panels("mfcc")))["layout"]["meta"]


@pytest.mark.parametrize("filled", [0, 1, 4])
def test_the_player_of_a_page_finds_the_time_axis_of_each_panel(filled: int) -> None:
    panels = _panels("mfcc")
    figure = _explore(*(p if k < filled else None for k, p in enumerate(panels)))
    names = sent(figure)["layout"]["meta"]["playhead"]
    axes = _axes_of(figure)
    assert names == sorted((name for name in axes if name.startswith("x")), key=len)
    # the line spans the whole height, so every panel must
    assert [_box(axes, x)[2:] for x in names] == [pytest.approx((0, 1))] * 4
    assert "playhead" not in sent(probability_bars({"flute": 0.5}))["layout"]["meta"]


@pytest.mark.parametrize("filled", [0, 1, 4])
def test_stacked_panels_stand_in_four_rows_of_one_size(filled: int) -> None:
    panels = _panels("stft")
    shown = [p if k < filled else None for k, p in enumerate(panels)]
    figure = _explore(*shown, stacked=True, height=400)
    beside = _explore(*panels, height=400)
    axes = _axes_of(figure)
    boxes = [_box(axes, x) for x in ("x", "x2", "x3", "x4")]
    assert [box[:2] for box in boxes] == [(0, 1)] * 4
    assert all(lower[3] < upper[2] for upper, lower in pairwise(boxes))
    margin = beside.layout.margin
    plot = figure.layout.height - margin.t - margin.b
    # each row is as high as the panels side by side
    for left, right in pairwise(boxes):
        assert plot * (left[3] - right[3]) == pytest.approx(400)
    for box in boxes:
        assert plot * (box[3] - box[2]) == pytest.approx(400 - margin.t - margin.b)
    # dragging scrolls the page; all three maps of bins say which
    assert figure.layout.dragmode is False
    if filled:
        assert all(axes[y]["showticklabels"] for y in ("y", "y3", "y4"))
    titles = [a for a in figure.layout.annotations if a.text.startswith("<b>")]
    assert [a.y for a in titles] == pytest.approx([box[3] for box in boxes])
    waiting = [a for a in figure.layout.annotations if a.text.startswith("computing")]
    middles = [(box[2] + box[3]) / 2 for box in boxes]
    assert [a.y for a in waiting] == pytest.approx(middles[filled:])


# ------------------------------------------------------------ one size, filled or not


@pytest.mark.parametrize("type", ["stft", "chroma"])
@pytest.mark.parametrize("filled", [(0,), (0, 1), (0, 2), (0, 1, 2), (0, 3), (2,), (3,)])
def test_nothing_jumps_while_panels_are_computed(type: str, filled: tuple[int, ...]) -> None:
    panels = _panels(type)
    done = _explore(*panels)
    waiting = _explore(*(p if k in filled else None for k, p in enumerate(panels)))
    for name in ("height", "width", "margin", "uirevision"):
        assert done.layout[name] == waiting.layout[name]
    full, part = _axes_of(done), _axes_of(waiting)
    for x in ("x", "x2", "x3", "x4"):
        assert part[x] == full[x]
        assert _box(part, x) == pytest.approx(_box(full, x), abs=1e-9)
    for y in ("y", "y3", "y4"):
        assert part[y] == full[y]


@pytest.mark.parametrize("filled", [(), (0,), (0, 1), (0, 1, 2), (0, 1, 2, 3)])
def test_every_panel_has_a_trace_and_those_without_a_map_say_so(filled: tuple[int, ...]) -> None:
    panels = _panels()
    figure = _explore(*(p if k in filled else None for k, p in enumerate(panels)))
    # Plotly draws no axis that has no trace
    assert {trace["xaxis"] for trace in sent(figure)["data"]} == {"x", "x2", "x3", "x4"}
    waiting = [a for a in figure.layout.annotations if a.text.startswith("computing")]
    assert len(waiting) == 4 - len(filled)
    boxes = [_axes_of(figure)[x]["domain"] for x in ("x", "x2", "x3", "x4")]
    empty = [(low + high) / 2 for k, (low, high) in enumerate(boxes) if k not in filled]
    assert sorted(a.x for a in waiting) == pytest.approx(empty)


def test_an_all_zero_grad_cam_is_a_sentence_instead_of_a_map() -> None:
    first, second, third, fourth = _panels()
    filled = _explore(first, second, third, fourth)
    empty = _explore(first, second, third, grad_cam("chroma", zeros("chroma")))
    assert "y4" in maps_sent(filled)
    assert "y4" not in maps_sent(empty)
    (sentence,) = (a for a in empty.layout.annotations if "is negative" in a.text)
    left, right = empty.layout.xaxis4.domain
    assert left < sentence.x < right
    assert not any("is negative" in text for text in sentences_of(filled))
    assert not any("computing" in text for text in sentences_of(empty))
    assert _axes_of(empty) == _axes_of(filled)
    assert "Grad-CAM map: zero in every bin." in alt_text(empty)


# -------------------------------------------------------------------------- content


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
def test_hot_bins_are_found_in_the_right_panel(type: str) -> None:
    figure = _explore(
        spectrogram(type, hot(type, 10, 1, 0.5)),
        feature_maps(type, np.ones((4, 3, 2))),
        integrated_gradients(type, hot(type, 20, 2, -0.25)),
        grad_cam(type, hot(type, 30, 3, 2.0)),
    )
    traces = maps_sent(figure)
    silent = decoded(traces["y"]["z"])[0, 0]
    for name, frame, bin, rest in (("y", 10, 1, silent), ("y3", 20, 2, 0), ("y4", 30, 3, 0)):
        # a large Grad-CAM comes in blocks of 2 x 2
        every = 2 if (type, name) == ("stft", "y4") else 1
        rows, columns = np.nonzero(decoded(traces[name]["z"]) != rest)
        assert (rows.tolist(), columns.tolist()) == ([bin // every], [frame // every])
        time = decoded(traces[name]["x"])[frame // every]
        assert abs(time - frame * SECONDS_PER_FRAME) <= (every - 1) * SECONDS_PER_FRAME / 2 + 1e-9
    assert decoded(traces["y3"]["z"]).min() == -0.25
    assert decoded(traces["y4"]["z"]).max() == 2.0


def test_unsigned_is_for_both_attributions() -> None:
    traces = maps_sent(_explore(*_panels(), sign="unsigned"))
    for name in ("y3", "y4"):
        assert decoded(traces[name]["z"]).min() >= 0
        assert traces[name]["zmin"] == 0
    signed = maps_sent(_explore(*_panels(), sign="signed"))
    assert decoded(signed["y3"]["z"]).min() < 0
    assert signed["y3"]["zmin"] == -signed["y3"]["zmax"]
    assert signed["y4"] == traces["y4"]  # Grad-CAM is never negative


def test_limits_given_are_those_of_integrated_gradients_alone() -> None:
    panels = _panels()
    traces = maps_sent(_explore(*panels, limits={"integrated_gradients": (-0.5, 0.5)}))
    assert (traces["y3"]["zmin"], traces["y3"]["zmax"]) == (-0.5, 0.5)
    assert (0, traces["y4"]["zmax"]) == pytest.approx(limits(panels[3], sign="unsigned"))


def test_grad_cam_has_limits_of_its_own() -> None:
    panels = _panels()
    traces = maps_sent(_explore(*panels, limits={"grad_cam": (0.0, 0.25)}))
    assert (traces["y4"]["zmin"], traces["y4"]["zmax"]) == (0.0, 0.25)
    assert (traces["y3"]["zmin"], traces["y3"]["zmax"]) == pytest.approx(limits(panels[2]))


def test_the_alternative_text_says_all_four_or_that_some_are_missing() -> None:
    shown = (
        spectrogram("stft", hot("stft", 50, 128)),
        feature_maps("stft", np.ones((4, 3, 2))),
        integrated_gradients("stft", hot("stft", 60, 256)),
        grad_cam("stft", hot("stft", 0, 512)),
    )
    said = alt_text(_explore(*shown))
    assert "energy lies around 1000 Hz at 1.6 s" in said
    assert "filter 0 responds most" in said
    assert "Integrated Gradients map: bins around 2000 Hz raise the score most" in said
    assert "Grad-CAM map: bins around 4000 Hz raise the score most" in said
    assert "computed" not in said
    assert alt_text(_explore(shown[0], None, None, None)).endswith("The rest is being computed.")


def test_subtitles_name_layer_and_number_of_filters() -> None:
    first, _, third, fourth = _panels()
    maps = feature_maps("chroma", np.ones((6, 3, 2)), tuple(range(6)), layer="conv2d_2")
    printed = " ".join(
        sentences_of(_explore(first, maps, third, fourth, layer="conv2d_3"))
    ).replace("<br>", " ")
    assert "What six of its filters respond to (conv2d_2)" in printed
    assert "Where layer conv2d_3 looks" in printed
    printed = " ".join(sentences_of(_explore(*_panels()))).replace("<br>", " ")
    assert "Where the last convolution looks" in printed


def test_the_zoom_is_kept_within_a_type() -> None:
    assert _explore(*_panels("mfcc")).layout.uirevision == "mfcc"
    figure = _explore(*_panels("mfcc"), uirevision="note 7", height=400)
    assert (figure.layout.uirevision, figure.layout.height) == ("note 7", 400)


# ------------------------------------------------------------------- what is sent


@pytest.mark.parametrize("layer", ["conv2d_5", "conv2d"])
def test_four_panels_of_the_stft_stay_under_two_megabytes(layer: str) -> None:
    figure = _explore(*_panels("stft", layer=layer))
    assert len(figure.to_json().encode()) < 2_000_000
    traces = maps_sent(figure)
    assert len(traces) == 7
    assert all(trace["z"]["dtype"] == "f4" for trace in traces.values())
    assert decoded(traces["y"]["z"]).shape == (1025, 126)
    assert decoded(traces["y3"]["z"]).shape == (1025, 126)


def test_a_large_grad_cam_is_sent_as_the_strongest_of_two_by_two() -> None:
    panels = _panels("stft")
    trace = maps_sent(_explore(*panels))["y4"]
    blocks = panels[3].values[:, :1024].reshape(63, 2, 512, 2).max(axis=(1, 3))
    z = decoded(trace["z"])
    np.testing.assert_array_equal(z[:512], blocks.T)
    np.testing.assert_array_equal(z[512], panels[3].values[:, 1024].reshape(63, 2).max(axis=1))
    # each block lies in the middle of its bins; of the last one half is beyond the axis, since
    # Plotly is slow where rows differ in height
    x, y = decoded(trace["x"]), decoded(trace["y"])
    np.testing.assert_allclose(x, (2 * np.arange(63) + 0.5) * SECONDS_PER_FRAME)
    np.testing.assert_allclose(y, 7.8125 * (2 * np.arange(513) + 0.5))
    trace = maps_sent(_explore(*_panels("log_mel")))["y4"]
    assert decoded(trace["z"]).shape == (128, 126)


@pytest.mark.parametrize("frame", [30, 31])
@pytest.mark.parametrize("bin", [128, 129, 1024])
def test_no_hot_bin_of_a_large_grad_cam_is_lost(frame: int, bin: int) -> None:
    cam = grad_cam("stft", hot("stft", frame, bin, 2.0))
    trace = maps_sent(_explore(None, None, None, cam))["y4"]
    z = decoded(trace["z"])
    assert z[bin // 2, frame // 2] == 2.0
    assert np.count_nonzero(z) == 1


# ------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("panel", [1, 2, 3])
def test_panels_on_different_grids_are_refused(panel: int) -> None:
    mixed = [*_panels("chroma")]
    mixed[panel] = _panels("tonnetz")[panel]
    with pytest.raises(GridMismatchError, match="expected four panels of one"):
        _explore(*mixed)


def test_maps_in_hertz_stand_beside_the_feature_maps_of_another_type() -> None:
    first, _, third, fourth = _panels("stft")
    maps = _panels("mfcc")[1]
    figure = _explore(first, maps, third, fourth, in_hertz=True)
    assert "The note in hertz and seconds" in " ".join(sentences_of(figure))
    assert maps_sent(figure)["y7"]["y"] != maps_sent(_explore(*_panels("stft")))["y7"]["y"]
    with pytest.raises(GridMismatchError):
        _explore(first, maps, third, fourth)


def test_panels_of_another_time_are_refused() -> None:
    first, _, third, _ = _panels("chroma")
    later = Axis("Time", "s", third.time.values + 4.0)
    shifted = Attribution(third.values, third.type, later, third.bins, third.method, third.target)
    with pytest.raises(GridMismatchError, match="axes that differ"):
        _explore(first, None, shifted, None)


def test_panels_of_different_types_are_refused_though_their_axes_match() -> None:
    first, _, third, _ = _panels("chroma")
    other = Attribution(third.values, "tonnetz", third.time, third.bins, third.method, third.target)
    with pytest.raises(GridMismatchError, match="chroma and tonnetz"):
        _explore(first, None, other, None)
