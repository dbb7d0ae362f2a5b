"""Single maps: every bin where it belongs, sent as numbers and not as text."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import pytest

from tests.figures.hand_made import (
    SECONDS_PER_FRAME,
    axis_of,
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
from xai_core.figures import (
    alt_text,
    attribution_figure,
    bin_positions,
    feature_maps_figure,
    limits,
    spectrogram_figure,
)
from xai_core.figures.base.scales import CIVIDIS, VIRIDIS, bin_names, block_names, is_even
from xai_core.figures.maps.maps import difference_figure
from xai_core.values import SPECTROGRAM_TYPES, Attribution

FRAME = 50
BINS = {
    "stft": 128,  # 1 kHz
    "log_mel": 41,
    "mfcc": 7,
    "chroma": 9,
    "spectral_contrast": 2,
    "tonnetz": 4,
}


def _only(figure: go.Figure) -> dict[str, object]:
    (trace,) = maps_sent(figure).values()
    return trace


def _colours(trace: dict[str, object]) -> list[tuple[int, ...]]:
    """Return the colours of a colour scale from low to high as (red, green, blue)."""
    scale = trace["colorscale"]
    assert isinstance(scale, list)
    texts = [text for _, text in scale]
    if texts[0].startswith("#"):
        return [tuple(bytes.fromhex(text[1:])) for text in texts]
    return [tuple(int(part) for part in text[4:-1].split(",")) for text in texts]


# ------------------------------------------------------------------ where a bin is


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
@pytest.mark.parametrize("method", ["integrated_gradients", "grad_cam"])
def test_the_hot_bin_of_an_attribution_is_where_it_belongs(type: str, method: str) -> None:
    make = integrated_gradients if method == "integrated_gradients" else grad_cam
    bin = BINS[type]
    trace = _only(attribution_figure(make(type, hot(type, FRAME, bin, 0.75))))
    z = decoded(trace["z"])
    n_frames, n_bins = shape_of(type)
    assert z.shape == (n_bins, n_frames)  # rows are bins
    assert z[bin, FRAME] == 0.75
    assert np.count_nonzero(z) == 1
    assert decoded(trace["x"])[FRAME] == pytest.approx(FRAME * SECONDS_PER_FRAME, rel=1e-9)


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
def test_a_row_has_the_name_and_the_place_of_its_bin(type: str) -> None:
    axis, bin = axis_of(type), BINS[type]
    figure = spectrogram_figure(spectrogram(type, noise(type, 1)))
    trace = _only(figure)
    if is_even(axis):
        assert decoded(trace["y"])[bin] == bin_positions(axis)[bin]
        assert figure.layout.yaxis.type == "linear"
    else:
        assert trace["y"] == list(bin_names(axis))  # categories, so a bin's place is its index
        assert figure.layout.yaxis.type == "category"
    low, high = figure.layout.yaxis.range
    half = (bin_positions(axis)[1] - bin_positions(axis)[0]) / 2
    assert low == pytest.approx(bin_positions(axis)[0] - half)
    assert high == pytest.approx(bin_positions(axis)[-1] + half)


def test_1_khz_of_the_stft_is_row_128() -> None:
    trace = _only(spectrogram_figure(spectrogram("stft", hot("stft", 0, 128))))
    assert decoded(trace["y"])[128] == 1000.0
    assert decoded(trace["z"])[128, 0] == 0.0  # dB below the peak
    assert "%{y:.0f} Hz" in str(trace["hovertemplate"])


def test_the_note_of_each_bin_is_sent_with_an_axis_in_hertz() -> None:
    notes = sent(attribution_figure(integrated_gradients("stft", noise("stft", 5))))["layout"][
        "meta"
    ]["notes"]
    assert notes["names"][128] == "B5"  # 1 kHz, 21 cents above 987.8 Hz
    assert (notes["start"], notes["step"]) == (0.0, 7.8125)


def test_hovering_names_time_bin_value_and_unit() -> None:
    template = str(
        _only(spectrogram_figure(spectrogram("log_mel", zeros("log_mel"))))["hovertemplate"]
    )
    assert template.startswith("%{x:.2f} s, %{y}<br>")
    assert "%{z:.3~g} dB" in template
    attribution = integrated_gradients("mfcc", noise("mfcc", 2), target="probability")
    template = str(_only(attribution_figure(attribution))["hovertemplate"])
    assert "coefficient %{y}" in template
    assert "%{z:.3~g} probability" in template


# ------------------------------------------------------------------- what is sent


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
def test_maps_are_sent_as_float32_and_never_as_lists(type: str) -> None:
    values = noise(type, 4)
    for figure in (
        spectrogram_figure(spectrogram(type, values)),
        attribution_figure(integrated_gradients(type, values)),
        attribution_figure(grad_cam(type, np.abs(values))),
        feature_maps_figure(feature_maps(type, np.abs(values[:, :6].T.reshape(2, 3, 126)), (0, 1))),
    ):
        for trace in maps_sent(figure).values():
            assert isinstance(trace["z"], dict)
            assert trace["z"]["dtype"] == "f4"


def test_one_stft_map_takes_little_more_than_its_bytes() -> None:
    figure = attribution_figure(integrated_gradients("stft", 1e-4 * noise("stft", 5)))
    needed = 4 * 126 * 1025 * 4 / 3  # float32 as base64
    # one character in 64 is a slash, which Plotly writes as six; and the layout
    assert needed < len(figure.to_json()) < needed * (1 + 5 / 64) + 40_000


def test_no_value_that_is_not_a_number_is_sent() -> None:
    for type in SPECTROGRAM_TYPES:
        text = spectrogram_figure(spectrogram(type, zeros(type))).to_json()
        assert "NaN" not in text
        assert "Infinity" not in text
        trace = _only(spectrogram_figure(spectrogram(type, zeros(type))))
        assert np.isfinite(decoded(trace["z"])).all()


# ------------------------------------------------------------------ colours, limits


def test_signed_maps_run_from_blue_over_white_to_red_around_zero() -> None:
    attribution = integrated_gradients("chroma", noise("chroma", 6))
    trace = _only(attribution_figure(attribution, sign="signed"))
    assert (trace["zmin"], trace["zmax"]) == pytest.approx(limits(attribution))
    assert trace["zmin"] == -float(str(trace["zmax"]))
    colours = _colours(trace)
    assert colours[0][2] > 1.5 * max(colours[0][:2])  # blue lowers
    assert colours[-1][0] > 2 * max(colours[-1][1:])  # red raises
    assert min(colours[len(colours) // 2]) > 240


def test_unsigned_maps_have_no_negative_value() -> None:
    attribution = integrated_gradients("chroma", noise("chroma", 6))
    trace = _only(attribution_figure(attribution, sign="unsigned"))
    z = decoded(trace["z"])
    assert z.min() >= 0
    np.testing.assert_array_equal(z, np.abs(attribution.values).T)
    assert trace["zmin"] == 0


def test_grad_cam_is_drawn_unsigned_whatever_is_asked() -> None:
    cam = grad_cam("chroma", np.abs(noise("chroma", 7)))
    signed, unsigned = (attribution_figure(cam, sign=s) for s in ("signed", "unsigned"))
    assert signed.to_json() == unsigned.to_json()
    assert _only(signed)["zmin"] == 0


def test_maps_to_be_compared_take_the_limits_given() -> None:
    a = integrated_gradients("chroma", noise("chroma", 8))
    b = integrated_gradients("chroma", 3 * noise("chroma", 9))
    shared = limits(a, b)
    for one in (a, b):
        trace = _only(attribution_figure(one, limits=shared))
        assert (trace["zmin"], trace["zmax"]) == shared


def test_percentile_100_clips_nothing() -> None:
    attribution = integrated_gradients("chroma", noise("chroma", 8))
    trace = _only(attribution_figure(attribution, percentile=100))
    assert trace["zmax"] == np.abs(attribution.values).max()
    assert "clipped" not in str(trace["colorbar"])
    assert "strongest 0.5 % clipped" in str(_only(attribution_figure(attribution))["colorbar"])


def test_colours_tell_what_is_shown() -> None:
    viridis = _colours(_only(spectrogram_figure(spectrogram("chroma", zeros("chroma")))))
    cividis = _colours(_only(attribution_figure(grad_cam("chroma", hot("chroma", 0, 0)))))
    assert viridis[-1] == (253, 231, 37)  # the yellow end of viridis
    assert cividis[-1] != viridis[-1]
    assert cividis[-1][0] > 240 > 100 > cividis[-1][2]  # yellow too
    assert VIRIDIS != CIVIDIS


# ------------------------------------------------------------------ words and frame


@pytest.mark.parametrize(
    ("method", "sentence"),
    [("grad_cam", "All evidence in this layer"), ("integrated_gradients", "Zero in every bin")],
)
def test_an_all_zero_attribution_is_a_sentence_in_an_empty_panel(
    method: str, sentence: str
) -> None:
    make = grad_cam if method == "grad_cam" else integrated_gradients
    empty = attribution_figure(make("chroma", zeros("chroma")))
    filled = attribution_figure(make("chroma", hot("chroma", 0, 0)))
    assert not maps_sent(empty)
    assert any(text.startswith(sentence) for text in sentences_of(empty))
    assert not any(text.startswith(sentence) for text in sentences_of(filled))
    for name in ("height", "margin", "xaxis", "yaxis"):
        assert empty.layout[name] == filled.layout[name]
    assert len(sent(empty)["data"]) == 1  # Plotly draws no axis without a trace


def test_titles_and_units_are_printed() -> None:
    figure = attribution_figure(integrated_gradients("stft", noise("stft", 1)))
    printed = " ".join(sentences_of(figure))
    assert "<b>Integrated Gradients</b>" in printed
    assert "raise (red) or lower (blue)" in printed
    assert figure.layout.xaxis.title.text == "Time (s)"
    assert figure.layout.yaxis.title.text == "Frequency (Hz)"
    figure = attribution_figure(
        integrated_gradients("stft", noise("stft", 1)), title="Note A", subtitle="guitar"
    )
    printed = " ".join(sentences_of(figure))
    assert "<b>Note A</b>" in printed
    assert "guitar" in printed
    assert "Integrated" not in printed


def test_height_and_zoom_are_what_is_asked_for() -> None:
    value = spectrogram("chroma", zeros("chroma"))
    assert spectrogram_figure(value).layout.uirevision == "chroma"
    figure = spectrogram_figure(value, height=500, uirevision="note 7")
    assert (figure.layout.height, figure.layout.uirevision) == (500, "note 7")
    maps = feature_maps("chroma", np.ones((4, 3, 2)), layer="conv2d_3")
    assert feature_maps_figure(maps).layout.uirevision == "conv2d_3"


def test_backgrounds_let_the_page_through() -> None:
    layout = spectrogram_figure(spectrogram("chroma", zeros("chroma"))).layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0, 0, 0, 0)"


def test_the_alternative_text_names_the_hot_bin_and_when() -> None:
    values = hot("stft", FRAME, 128)
    assert "around 1000 Hz at 1.6 s" in alt_text(spectrogram_figure(spectrogram("stft", values)))
    assert "around 1000 Hz raise the score most" in alt_text(
        attribution_figure(integrated_gradients("stft", values))
    )


# ------------------------------------------------------------------- feature maps


def test_feature_maps_are_strips_from_the_first_filter_down() -> None:
    values = np.zeros((4, 31, 64))
    for i in range(4):
        values[i, 10 + i, 20 + i] = i + 1.0
    maps = feature_maps("log_mel", values, filters=(3, 5, 8, 13))
    figure = feature_maps_figure(maps, percentile=100)
    traces = maps_sent(figure)
    assert len(traces) == 4
    layout = sent(figure)["layout"]
    found = []
    for name, trace in traces.items():
        z = decoded(trace["z"])
        assert z.shape == (64, 31)
        row, column = (int(k[0]) for k in np.nonzero(z))
        domain = layout[f"yaxis{name[1:]}"]["domain"]
        found.append((-domain[0], row, column, z.max()))
        assert (trace["zmin"], trace["zmax"]) == (0, 4)  # one scale for all filters
        # 126 hops in 31 columns, from half a hop before the first frame
        centre = (126 / 31 * (column + 0.5) - 0.5) * SECONDS_PER_FRAME
        assert decoded(trace["x"])[column] == pytest.approx(centre, rel=1e-9)
        assert trace["y"][row] == block_names(axis_of("log_mel"), 64)[row]
    assert [entry[1:] for entry in sorted(found)] == [(20 + i, 10 + i, i + 1.0) for i in range(4)]
    printed = sentences_of(figure)
    assert {"filter 3", "filter 5", "filter 8", "filter 13"} <= set(printed)


def test_strips_do_not_overlap_and_fill_the_panel() -> None:
    figure = feature_maps_figure(feature_maps("chroma", np.ones((6, 3, 2)), tuple(range(6))))
    layout = sent(figure)["layout"]
    spans = sorted(axis["domain"] for name, axis in layout.items() if name.startswith("yaxis"))
    assert len(spans) == 6
    assert spans[0][0] == pytest.approx(0, abs=1e-9)
    assert spans[-1][1] == pytest.approx(1)
    for (_, top), (bottom, _) in pairwise(spans):
        assert bottom > top


def test_tall_feature_maps_keep_the_strongest_of_each_block() -> None:
    values = np.random.default_rng(10).random((1, 20, 1025))
    maps = feature_maps("stft", values, filters=(0,), layer="conv2d")
    (trace,) = maps_sent(feature_maps_figure(maps)).values()
    z = decoded(trace["z"])
    assert z.shape == (256, 20)
    blocks = [np.float32(values[0, :, 1025 * k // 256 : 1025 * (k + 1) // 256]) for k in range(256)]
    np.testing.assert_array_equal(z, [block.max(axis=1) for block in blocks])
    assert len(set(trace["y"])) == 256


def test_filters_that_do_not_respond_are_tagged() -> None:
    values = np.zeros((2, 3, 2))
    values[1] = 1.0
    printed = sentences_of(feature_maps_figure(feature_maps("chroma", values, (7, 9))))
    assert "filter 7: no response" in printed
    assert "filter 9" in printed


@pytest.mark.parametrize("make", [integrated_gradients, grad_cam])
def test_a_difference_is_signed_whatever_the_method(make: Callable[..., Attribution]) -> None:
    a, b = hot("mfcc", 10, 3, 2.0), hot("mfcc", 100, 20, 1.0)
    figure = difference_figure(make("mfcc", a - b), limits=(-2.0, 2.0))
    (trace,) = maps_sent(figure).values()
    assert (trace["zmin"], trace["zmax"]) == (-2.0, 2.0)
    z = decoded(trace["z"])  # (bin, frame)
    assert (z[3, 10], z[20, 100]) == (2.0, -1.0)
    said = alt_text(figure)
    assert "A has more than B most of all around coefficient 3" in said
    assert "B has more than A most of all around coefficient 20" in said


def test_maps_that_are_the_same_are_said_to_be() -> None:
    figure = difference_figure(integrated_gradients("mfcc", zeros("mfcc")))
    assert "same in every bin" in alt_text(figure)
    assert any("are the same" in text for text in sentences_of(figure))
