"""Pictures of a comparison, decoded: one scale, the right colour at the right place."""

from __future__ import annotations

import io
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.image import imread

from tests.figures.hand_made import grad_cam, integrated_gradients, zeros
from xai_core.errors import GridMismatchError
from xai_core.figures.stills.maps import (
    comparison_png,
    comparison_svg,
)
from xai_core.values import Attribution

RED, BLUE = (103, 0, 31), (5, 48, 97)  # ends of ColorBrewer's RdBu
NAMES = ("flute model, one", "flute model, two")


def maps() -> tuple[Attribution, Attribution, Attribution]:
    """Return A with evidence early, B late, and A - B."""
    early, late = zeros("chroma"), zeros("chroma")
    early[:63], late[63:] = 1.0, 1.0
    a, b = integrated_gradients("chroma", early), integrated_gradients("chroma", late)
    return a, b, replace(a, values=early - late)


def columns_of(
    picture: npt.NDArray[np.uint8], colour: tuple[int, int, int]
) -> npt.NDArray[np.int_]:
    """Return the columns that a colour fills over more than 200 rows."""
    here = np.abs(picture.astype(int) - colour).max(axis=2) <= 1
    return np.flatnonzero(here.sum(axis=0) > 200)


def picture(png: bytes) -> npt.NDArray[np.uint8]:
    return np.round(255 * imread(io.BytesIO(png))[:, :, :3]).astype(np.uint8)


def test_a_is_early_b_late_and_the_difference_red_then_blue() -> None:
    drawn = picture(comparison_png(*maps(), names=NAMES))
    assert drawn.shape[:2] == (690, 2100)
    red, blue = columns_of(drawn, RED), columns_of(drawn, BLUE)
    parts = np.split(red, np.flatnonzero(np.diff(red) > 1) + 1)
    assert len(parts) == 3  # early in A, late in B, early in A - B
    widths = [part.size for part in parts]
    assert max(widths) - min(widths) <= 4
    assert blue[0] == pytest.approx(parts[2][-1] + 1, abs=2)  # late in A - B, and nowhere else
    assert blue[-1] - blue[0] == pytest.approx(widths[2], abs=4)


def test_a_difference_takes_the_scale_of_the_maps() -> None:
    a, b, difference = maps()
    half = replace(difference, values=difference.values / 2)
    drawn = picture(comparison_png(a, b, half, names=NAMES))
    assert columns_of(drawn, BLUE).size == 0  # half the limit is half the colour


def test_two_grad_cams_have_no_colours_of_signs_but_their_difference_has() -> None:
    a, b, difference = (replace(one, method="grad_cam") for one in maps())
    drawn = picture(comparison_png(a, b, difference, names=NAMES))
    red = columns_of(drawn, RED)
    assert red.size > 0
    assert red.min() > 2 * 2100 / 3


def test_equal_maps_and_zero_maps_are_drawn() -> None:
    a, _, _ = maps()
    same = replace(a, values=zeros("chroma"))
    assert comparison_png(a, a, same, names=NAMES).startswith(b"\x89PNG")
    zero = grad_cam("chroma", zeros("chroma"))
    assert comparison_png(zero, zero, zero, names=NAMES).startswith(b"\x89PNG")


def test_svg_is_xml_with_three_maps() -> None:
    root = ElementTree.fromstring(comparison_svg(*maps(), names=NAMES))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(list(root.iter("{http://www.w3.org/2000/svg}image"))) >= 3


def test_the_heading_names_the_grid_where_it_is_not_that_of_a_type() -> None:
    usual, named, other = (
        picture(comparison_png(*maps(), names=NAMES, grid=grid))
        for grid in (None, "Chroma", "hertz and seconds")
    )
    np.testing.assert_array_equal(named, usual)  # as the type is called
    rows = np.flatnonzero((other != usual).any(axis=(1, 2)))
    assert rows.size
    assert rows.max() < 60  # px: the heading alone


def test_maps_on_two_grids_are_refused() -> None:
    a, b, _ = maps()
    other = integrated_gradients("tonnetz", zeros("tonnetz"))
    with pytest.raises(GridMismatchError, match="on one grid"):
        comparison_png(a, b, other, names=NAMES)
