"""The map of medians: ranks within a type as colours, medians as text."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.figures.hand_made import decoded, sent
from tests.made_pairs import METHOD, levels, notes_of, pairs_of
from xai_core.errors import InputError
from xai_core.figures import alt_text, medians_map
from xai_core.metrics.statistics import draw_instruments, within_families
from xai_core.values import FAMILIES

NOTES = notes_of({"bass": 2, "reed": 2, "vocal": 1}, each=2)
PAIRS = pd.concat(
    [
        pairs_of(NOTES, levels({"bass": 1.0, "reed": 3.0, "vocal": 2.0}), type="mfcc"),
        pairs_of(NOTES[:8], levels({"bass": 50.0, "reed": 40.0}), type="stft"),
    ]
)
DRAWS = draw_instruments(PAIRS, rng=np.random.default_rng(0), n_resamples=50)
MEDIANS = within_families(PAIRS, DRAWS).table()
BASS, REED, VOCAL = (FAMILIES.index(name) for name in ("bass", "reed", "vocal"))


def test_colours_are_ranks_within_a_type() -> None:
    figure = medians_map(MEDIANS, metric="emd", method=METHOD)
    (trace,) = sent(figure)["data"]
    z = decoded(trace["z"])
    assert trace["x"] == ["STFT", "MFCC"]
    assert trace["y"] == list(FAMILIES)
    np.testing.assert_array_equal(z[[BASS, REED]], [[2, 1], [1, 3]])
    np.testing.assert_array_equal(z[VOCAL], [np.nan, 2])
    assert (trace["zmin"], trace["zmax"]) == (1, 10)
    low, high = figure.layout.yaxis.range
    assert low > high  # bass at the top


def test_medians_stand_in_the_cells_that_have_pairs() -> None:
    notes = medians_map(MEDIANS, metric="emd", method=METHOD).layout.annotations
    texts = {(note.y, note.x): note.text for note in notes}
    assert len(texts) == 5
    bass = MEDIANS[(MEDIANS["metric"] == "emd") & (MEDIANS["family"] == "bass")]
    for column, type in enumerate(("stft", "mfcc")):
        median = bass[bass["type"] == type]["median"].iloc[0]
        assert float(texts[BASS, column]) == pytest.approx(median, rel=0.005)  # three digits


def test_a_cell_tells_its_interval_and_where_it_is_from() -> None:
    (trace,) = sent(medians_map(MEDIANS, metric="emd", method=METHOD))["data"]
    said = trace["customdata"]
    assert " to " in said[BASS][1]
    assert said[BASS][1].endswith("6 pairs of 4 notes, 2 instruments")
    assert " to " not in said[VOCAL][1]  # one instrument: no interval
    assert said[VOCAL][0] == ""


def test_ends_in_words() -> None:
    said = alt_text(medians_map(MEDIANS, metric="emd", method=METHOD))
    assert said.startswith("Earth Mover's Distance, Integrated Gradients: median within a family")
    assert "STFT from reed (" in said
    assert "MFCC from bass (" in said
    assert "to reed (" in said


def test_no_medians_are_refused() -> None:
    with pytest.raises(InputError, match="expected medians of emd to draw, got none"):
        medians_map(MEDIANS, metric="emd", method="grad_cam")
