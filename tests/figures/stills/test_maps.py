"""PNG files, decoded: the right colour at the right place."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.image import imread

from tests.figures.hand_made import (
    grad_cam,
    hot,
    integrated_gradients,
    noise,
    spectrogram,
    zeros,
)
from xai_core.figures.stills.maps import explanation_png
from xai_core.values import (
    SPECTROGRAM_TYPES,
    Attribution,
    Completeness,
    Explanation,
    FloatArray,
    Spectrogram,
    Waveform,
)

Picture = npt.NDArray[np.uint8]  # (rows from the top, columns, red-green-blue)
Box = tuple[int, int, int, int]  # top, bottom, left, right; the ends not included

# the end colours as their inventors publish them
RED, BLUE = (103, 0, 31), (5, 48, 97)  # ColorBrewer's RdBu
YELLOW, PURPLE = (253, 231, 37), (68, 1, 84)  # viridis


def _explanation(
    shown: Spectrogram, attribution: Attribution, *, complete: bool = True
) -> Explanation:
    completeness = Completeness(2.0, -1.0, 3.0, 64, converged=True) if complete else None
    waveform = Waveform(np.zeros(64_000), 16_000)
    return Explanation(shown, attribution, "flute", 0.875, 1.9, completeness, {}, waveform)


def _quadrants() -> FloatArray:
    """Return 1 early in the upper six pitch classes, -1 late in the lower six, else 0."""
    values = zeros("chroma")
    values[:63, 6:], values[63:, :6] = 1.0, -1.0
    return values


def _picture(png: bytes) -> Picture:
    return np.round(255 * imread(io.BytesIO(png))[:, :, :3]).astype(np.uint8)


def _box_of(picture: Picture, colour: tuple[int, int, int]) -> Box | None:
    """Return the rectangle filled with one colour, leaving out narrow ones (colour bars)."""
    here = np.abs(picture.astype(int) - colour).max(axis=2) <= 1  # rounded up or down
    here &= here.sum(axis=1, keepdims=True) > 100
    if not here.any():
        return None
    rows, columns = np.flatnonzero(here.any(axis=1)), np.flatnonzero(here.sum(axis=0) > 50)
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    assert here[top:bottom, left:right].mean() > 0.99, "not a filled rectangle"
    return int(top), int(bottom), int(left), int(right)


@pytest.fixture(scope="module")
def quadrants() -> Picture:
    shown = spectrogram("chroma", np.maximum(_quadrants(), 0))
    attribution = integrated_gradients("chroma", _quadrants())
    return _picture(explanation_png(_explanation(shown, attribution)))


# ---------------------------------------------------------------------------- files


@pytest.mark.parametrize("type", SPECTROGRAM_TYPES)
def test_a_png_of_the_size_that_is_promised(type: str) -> None:
    shown = spectrogram(type, np.clip(noise(type, 1), 0, 1))
    png = explanation_png(_explanation(shown, integrated_gradients(type, noise(type, 2))))
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")) == (1650, 690)
    assert png[-8:-4] == b"IEND"


# -------------------------------------------------------------------------- places


def test_red_is_where_the_attribution_is_positive_and_blue_where_negative(
    quadrants: Picture,
) -> None:
    red, blue = _box_of(quadrants, RED), _box_of(quadrants, BLUE)
    assert red is not None
    assert blue is not None
    # early and high is to the left and above of late and low; they touch in the middle
    assert red[3] == pytest.approx(blue[2], abs=2)
    assert red[1] == pytest.approx(blue[0], abs=2)
    # each is a quarter of one panel in the right half of the picture
    assert red[1] - red[0] == pytest.approx(blue[1] - blue[0], abs=3)
    assert red[3] - red[2] == pytest.approx(blue[3] - blue[2], abs=3)
    assert red[2] > 1650 / 2
    # the other two quarters are nearly white, the colour of zero
    late_and_high = quadrants[red[0] + 5 : red[1] - 5, blue[2] + 5 : blue[3] - 5]
    assert late_and_high.min() >= 245


def test_the_spectrogram_lies_to_the_left_on_the_same_rows(quadrants: Picture) -> None:
    yellow, red = _box_of(quadrants, YELLOW), _box_of(quadrants, RED)
    assert yellow is not None
    assert red is not None
    assert yellow[3] < 1650 / 2
    assert yellow[:2] == pytest.approx(red[:2], abs=1)
    below = quadrants[yellow[1] + 20, (yellow[2] + yellow[3]) // 2]
    assert below.tolist() == pytest.approx(PURPLE, abs=1)


def test_unsigned_maps_have_neither_red_nor_blue() -> None:
    shown = spectrogram("chroma", zeros("chroma"))
    explanation = _explanation(shown, integrated_gradients("chroma", _quadrants()))
    picture = _picture(explanation_png(explanation, sign="unsigned"))
    assert _box_of(picture, RED) is None
    assert _box_of(picture, BLUE) is None
    # both quarters that matter have the light end of cividis, at (254, 232, 56)
    right = picture[:, 1650 // 2 :].astype(int)
    light = np.abs(right - (254, 232, 56)).max(axis=2) <= 3
    assert np.count_nonzero(light) > 50_000


def test_grad_cam_is_drawn_unsigned_whatever_is_asked() -> None:
    cam = grad_cam("chroma", np.maximum(_quadrants(), 0))
    explanation = _explanation(spectrogram("chroma", zeros("chroma")), cam, complete=False)
    signed = explanation_png(explanation, sign="signed")
    assert signed == explanation_png(explanation, sign="unsigned")
    assert _box_of(_picture(signed), RED) is None


def test_an_all_zero_grad_cam_is_a_sentence_in_an_empty_panel(quadrants: Picture) -> None:
    shown = spectrogram("chroma", np.maximum(_quadrants(), 0))
    zero = grad_cam("chroma", zeros("chroma"))
    picture = _picture(explanation_png(_explanation(shown, zero, complete=False)))
    assert _box_of(picture, YELLOW) is not None  # the spectrogram is there
    right = picture[:, 1000:1600].astype(int)
    assert (right.max(axis=2) - right.min(axis=2)).max() < 10  # only black, grey and white
    middle = right[300:400].min(axis=2)
    assert 200 < np.count_nonzero(middle < 128) < 0.2 * middle.size  # letters


def test_what_vouches_for_a_map_is_in_the_title() -> None:
    shown = spectrogram("chroma", zeros("chroma"))
    explanation = _explanation(shown, integrated_gradients("chroma", hot("chroma", 3, 4)))
    without = _picture(explanation_png(replace(explanation, completeness=None)))
    with_error = _picture(explanation_png(explanation))
    ink = [np.count_nonzero(p[:35].min(axis=2) < 128) for p in (without, with_error)]
    assert ink[0] > 200
    assert ink[1] > 1.5 * ink[0]  # "completeness error 0.00% after 64 steps"


# ------------------------------------------------------------------------- threads


def test_threads_draw_what_one_alone_draws() -> None:
    explanations = [
        _explanation(
            spectrogram(type, np.clip(noise(type, 3), 0, 1)),
            integrated_gradients(type, noise(type, 4)),
        )
        for type in ("chroma", "tonnetz", "mfcc")
    ]
    alone = [explanation_png(one) for one in explanations]
    assert len(set(alone)) == 3
    with ThreadPoolExecutor(max_workers=4) as pool:
        together = list(pool.map(explanation_png, explanations * 2))
    assert together == alone * 2
