"""Cells of distances between types: values as colours and as text, from row to column."""

from __future__ import annotations

import numpy as np
import pytest

from tests.figures.hand_made import decoded, sent
from xai_core.errors import InputError
from xai_core.figures import alt_text
from xai_core.figures.distances.across_types import across_types_map

TYPES = ("log_mel", "mfcc", "tonnetz")
TABLE = np.array([[0.0, 0.1, 0.4], [0.1, 0.0, np.nan], [0.35, np.nan, 0.0]])
ABOUT = {"method": "integrated_gradients"}


def test_colours_are_the_distances_from_row_to_column() -> None:
    figure = across_types_map(TABLE, TYPES, metric="kl_divergence", **ABOUT)
    (trace,) = sent(figure)["data"]
    np.testing.assert_allclose(decoded(trace["z"]), TABLE, rtol=1e-6)
    assert (trace["zmin"], trace["zmax"]) == (0, 0.4)
    assert trace["x"] == trace["y"] == ["Log-mel", "MFCC", "Tonnetz"]
    assert trace["customdata"][2][0] == "Tonnetz to Log-mel<br><b>0.350</b>"
    low, high = figure.layout.yaxis.range
    assert low > high  # the first type at the top
    assert figure.layout.yaxis.title.text == "Spectrogram type of A"
    symmetric = across_types_map(TABLE, TYPES, metric="emd", **ABOUT)
    assert symmetric.layout.yaxis.title.text == ""
    assert symmetric.layout.xaxis.title.text == "Spectrogram type"


def test_values_stand_in_the_cells_that_have_one() -> None:
    notes = across_types_map(TABLE, TYPES, metric="emd", **ABOUT).layout.annotations
    texts = {(note.y, note.x): (note.text, note.font.color) for note in notes}
    assert len(texts) == 7
    assert texts[0, 2] == ("0.400", "black")
    assert texts[0, 1] == ("0.100", "white")
    assert texts[1, 1] == ("0", "white")
    assert (1, 2) not in texts


def test_in_words() -> None:
    assert alt_text(across_types_map(TABLE, TYPES, metric="emd", **ABOUT)) == (
        "Earth Mover's Distance, Integrated Gradients, in hertz and seconds, between the maps of "
        "one note by 3 spectrogram types: closest Log-mel and MFCC (0.100); furthest Log-mel and "
        "Tonnetz (0.400)."
    )
    none = np.full((2, 2), np.nan)
    said = alt_text(across_types_map(none, TYPES[:2], metric="emd", **ABOUT))
    assert said.endswith(": no two of them can be compared.")


def test_the_same_map_throughout_is_drawn() -> None:
    figure = across_types_map(np.zeros((2, 2)), TYPES[:2], metric="emd", **ABOUT)
    assert {note.text for note in figure.layout.annotations} == {"0"}
    assert figure.data[0].zmax == 1


def test_a_table_of_another_size_is_refused() -> None:
    with pytest.raises(InputError, match=r"2 x 2 types to draw, got shape \(3, 3\)"):
        across_types_map(TABLE, TYPES[:2], metric="emd", **ABOUT)
